// What the management plane asks of sessions and bindings, of which there may be millions.
#include <algorithm>
#include <vector>

#include "appliance/control.h"
#include "appliance/session_filter.h"
#include "dataplane/names.h"

namespace stillwater::appliance {
namespace {

constexpr std::uint64_t kPageRows = 4096;  // that one commit is waited for

std::string text_of(const dataplane::RowEndpoint& end) {
  return dataplane::to_endpoint_text(end.address, end.port);
}

mgmt::SessionInfo info_of(const dataplane::SessionRow& row) {
  mgmt::SessionInfo info;
  info.protocol = dataplane::name_of_protocol(row.protocol);
  info.state = dataplane::name_of(row.state);
  info.source = text_of(row.source);
  info.destination = text_of(row.destination);
  if (row.translated_source != row.source) info.translated_source = text_of(row.translated_source);
  if (row.translated_destination != row.destination)
    info.translated_destination = text_of(row.translated_destination);
  info.rule = row.rule_id;
  info.age_s = std::chrono::duration<double>(Nanos(row.age_ns)).count();
  info.idle_s = row.idle_s;
  info.changed_epoch = row.changed_epoch;
  return info;
}

mgmt::BindingInfo info_of(const dataplane::BindingRow& row) {
  return {.protocol = dataplane::name_of_protocol(row.protocol),
          .inside = text_of(row.inside),
          .outside = text_of(row.outside),
          .sessions = row.sessions,
          .entry = row.entry + 1u,
          .changed_epoch = row.changed_epoch,
          .block_first = row.block_first,
          .block_ports = row.block_ports};
}

}  // namespace

// Nothing is held while a page is waited for, or while it is told.
template <class Info, class Fetch>
Status NodeControl::tell_pages(std::uint64_t limit, const Page<Info>& page, const Fetch& fetch) {
  dataplane::ListCursor at;
  while (limit > 0 && !at.at_end) {
    if (Status leading = leads(); !leading) return leading;
    std::vector<Info> rows;
    const Status fetched =
        fetch(std::min(limit, kPageRows), at, [&](const auto& row) { rows.push_back(info_of(row)); });
    if (!fetched) return leads().and_then([&] { return fetched; });
    if (!rows.empty())
      if (const auto committed = committed_so_far(); !committed) return tl::unexpected(committed.error());
    limit -= rows.size();
    if (!page(rows)) return {};
  }
  return {};
}

Status NodeControl::sessions(const mgmt::SessionFilter& filter, std::uint64_t limit,
                             const Page<mgmt::SessionInfo>& page) {
  if (Status leading = leads(); !leading) return leading;
  return session_filter(filter, config_.dataplane).and_then([&](const dataplane::SessionFilter& which) {
    return tell_pages(limit, page, [&](std::uint64_t rows, dataplane::ListCursor& at, const auto& sink) {
      return dataplane_.list_sessions(which, rows, at, sink);
    });
  });
}

Status NodeControl::bindings(const mgmt::BindingFilter& filter, std::uint64_t limit,
                             const Page<mgmt::BindingInfo>& page) {
  if (Status leading = leads(); !leading) return leading;
  return binding_filter(filter, config_.dataplane).and_then([&](const dataplane::BindingFilter& which) {
    return tell_pages(limit, page, [&](std::uint64_t rows, dataplane::ListCursor& at, const auto& sink) {
      return dataplane_.list_bindings(which, rows, at, sink);
    });
  });
}

// Figures wait for no commit.
template <class CountPage>
Result<std::uint64_t> NodeControl::count_pages(const std::function<bool()>& goes_on,
                                               const CountPage& count_page) {
  std::uint64_t sum = 0;
  dataplane::ListCursor at;
  while (!at.at_end && goes_on()) {
    if (Status leading = leads(); !leading) return tl::unexpected(leading.error());
    const auto counted = count_page(at);
    if (!counted) return counted;
    sum += *counted;
  }
  return sum;
}

Result<std::uint64_t> NodeControl::count_sessions(const mgmt::SessionFilter& filter,
                                                  const std::function<bool()>& goes_on) {
  if (Status leading = leads(); !leading) return tl::unexpected(leading.error());
  return session_filter(filter, config_.dataplane).and_then([&](const dataplane::SessionFilter& which) {
    return count_pages(goes_on, [&](auto& at) { return dataplane_.count_sessions(which, at); });
  });
}

Result<std::uint64_t> NodeControl::count_bindings(const mgmt::BindingFilter& filter,
                                                  const std::function<bool()>& goes_on) {
  if (Status leading = leads(); !leading) return tl::unexpected(leading.error());
  return binding_filter(filter, config_.dataplane).and_then([&](const dataplane::BindingFilter& which) {
    return count_pages(goes_on, [&](auto& at) { return dataplane_.count_bindings(which, at); });
  });
}

Result<mgmt::SessionsEnded> NodeControl::end_sessions(const mgmt::SessionFilter& filter) {
  if (Status leading = leads(); !leading) return tl::unexpected(leading.error());
  const auto which = session_filter(filter, config_.dataplane);
  if (!which) return tl::unexpected(which.error());
  const auto ended = dataplane_.end_sessions(*which);
  if (!ended) return tl::unexpected(ended.error());
  const auto committed = committed_so_far();
  if (!committed)
    return fail(committed.error().code, std::to_string(*ended) +
                                            " sessions were ended, but the standby may " +
                                            "still have them: " + committed.error().message);
  return mgmt::SessionsEnded{*ended, *committed};
}

}  // namespace stillwater::appliance
