#include "tests/rig/wire/wire_check.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include <fmt/format.h>

namespace stillwater::rig {
namespace {

// Whether, and how, a frame that a node sent answers for the service. Any ARP of an address claims it: a
// request as well as a reply makes the neighbours learn where it is.
std::optional<AnswerCounts> answer_in(const FrameView& frame, const Service& service) {
  if (frame.arp && frame.arp->sender == service.address) return AnswerCounts{.arp = 1};
  if (frame.ipv4 && frame.ipv4->source == service.address) return AnswerCounts{.translated = 1};
  if (service.mac && frame.source == *service.mac) return AnswerCounts{.other = 1};
  return std::nullopt;
}

std::optional<std::uint64_t> number_in(std::span<const std::byte> payload, const NumberedStream& stream) {
  if (payload.size() < stream.offset + stream.bytes) return std::nullopt;
  std::uint64_t number = 0;
  for (std::size_t i = 0; i < stream.bytes; ++i) {
    number |= std::to_integer<std::uint64_t>(payload[stream.offset + i]) << (8 * i);
  }
  return number;
}

}  // namespace

WireCheck::WireCheck(WireSubject subject) : subject_(std::move(subject)), numbered_(subject_.streams.size()) {
  for (const WatchedPort& port : subject_.ports) captures_.push_back({port.name});
  for (const Service& service : subject_.services) {
    answers_.emplace_back(to_text(service.address), subject_.settled);
  }
}

void WireCheck::feed(Instant at, std::size_t port, std::span<const std::byte> bytes) {
  ++captures_[port].frames;
  const auto frame = FrameView::parse(bytes);
  if (!frame) return;
  for (std::size_t service = 0; service < subject_.services.size(); ++service) {
    look_at_service(service, at, port, *frame);
  }
  if (!frame->udp_payload.empty()) count_numbered(at, port, *frame);
}

void WireCheck::look_at_service(std::size_t index, Instant at, std::size_t port, const FrameView& frame) {
  const Service& service = subject_.services[index];
  const WatchedPort& where = subject_.ports[port];
  const bool own_side = !where.node.empty() && where.bridge == service.bridge;
  if (own_side) {
    if (const auto answer = answer_in(frame, service)) answers_[index].add(at, where.node, *answer);
    return;
  }
  if (!service.mac || frame.source != *service.mac) return;
  Misplaced& misplaced = misplaced_[{index, port}];
  if (misplaced.frames++ == 0) misplaced.first = at;
  misplaced.last = at;
}

void WireCheck::count_numbered(Instant at, std::size_t port, const FrameView& frame) {
  const WatchedPort& where = subject_.ports[port];
  for (std::size_t i = 0; i < subject_.streams.size(); ++i) {
    const NumberedStream& stream = subject_.streams[i];
    if (!frame.ports || frame.ports->destination != stream.destination_port) continue;
    const auto number = number_in(frame.udp_payload, stream);
    if (!number) continue;
    const bool enters_here = where.bridge == stream.enters;
    if (where.node.empty()) {
      if (enters_here || stream.enters.empty()) ++numbered_[i][*number].from_ends;
      continue;
    }
    if (enters_here) continue;
    Seen& seen = numbered_[i][*number];
    const auto port_index = static_cast<std::uint32_t>(port);
    if (seen.from_nodes++ == 0) {
      seen.first = seen.last = at;
      seen.first_port = seen.last_port = port_index;
    }
    // Ports are read one after the other, so a later frame may be fed first.
    if (at < seen.first) std::tie(seen.first, seen.first_port) = std::pair(at, port_index);
    if (at >= seen.last) std::tie(seen.last, seen.last_port) = std::pair(at, port_index);
  }
}

void WireCheck::settle(Instant until) {
  for (AnswerLog& log : answers_) log.settle(until);
}

WireVerdict WireCheck::finish() {
  settle(Instant::max());
  WireVerdict verdict;
  verdict.ports = captures_;
  report_answers(verdict);
  for (const auto& [where, misplaced] : misplaced_) {
    verdict.wrong_ports.push_back({to_text(subject_.services[where.first].address),
                                   subject_.ports[where.second].name, misplaced.frames, misplaced.first,
                                   misplaced.last});
  }
  report_duplicates(verdict);
  report_gaps(verdict);
  return verdict;
}

void WireCheck::report_answers(WireVerdict& verdict) {
  const auto append = [](auto& to, const auto& more) { to.insert(to.end(), more.begin(), more.end()); };
  for (const AnswerLog& log : answers_) {
    append(verdict.answers, log.by_node());
    append(verdict.overlaps, log.overlaps());
    append(verdict.handovers, log.handovers());
  }
}

void WireCheck::report_duplicates(WireVerdict& verdict) const {
  for (const auto& numbers : numbered_) {
    for (const auto& [number, seen] : numbers) {
      // What its sender put on the wire more than once is no node's doing.
      if (seen.from_nodes <= std::max(seen.from_ends, 1U)) continue;
      ++verdict.datagrams_duplicated;
      const WatchedPort& first = subject_.ports[seen.first_port];
      verdict.duplicates.push_back({first.bridge, number, seen.from_nodes, first.name,
                                    subject_.ports[seen.last_port].name, seen.first, seen.last});
    }
  }
  std::sort(verdict.duplicates.begin(), verdict.duplicates.end(),
            [](const Duplicate& a, const Duplicate& b) { return a.first < b.first; });
  const std::size_t shown = std::min(verdict.duplicates.size(), WireVerdict::kDuplicatesShown);
  verdict.duplicates.resize(shown);
}

void WireCheck::report_gaps(WireVerdict& verdict) const {
  verdict.gaps = gaps_;
  for (const PortCapture& capture : captures_) {
    if (capture.dropped == 0) continue;
    verdict.gaps.push_back(
        fmt::format("{} frames of port {} were not captured", capture.dropped, capture.port));
  }
  for (std::size_t i = 0; i < answers_.size(); ++i) {
    const std::string service = to_text(subject_.services[i].address);
    if (answers_[i].late() > 0) {
      verdict.gaps.push_back(
          fmt::format("{} answers for {} came too late to be put in order", answers_[i].late(), service));
    }
    if (answers_[i].by_node().empty()) verdict.gaps.push_back("nobody was seen to answer for " + service);
  }
  if (subject_.services.empty()) verdict.gaps.emplace_back("no service address was watched");
}

}  // namespace stillwater::rig
