// Walks over the workers' tables, which these take in steps.
#include <algorithm>

#include <time.h>

#include "dataplane/shard.h"

namespace stillwater::dataplane {
namespace {

constexpr Nanos kAnswerPatience = 300ms;
constexpr Nanos kAnswerPoll = 200us;
constexpr unsigned kStepsPerPage = 64;  // some 15 ms

}  // namespace

// A worker sleeps for less than a millisecond between turns, unless it is quiesced.
Status Dataplane::ask(Requests& requests, std::atomic<QueryStage>& stage) {
  stage.store(QueryStage::posted, std::memory_order_release);
  requests.pending.store(true, std::memory_order_release);
  const Instant deadline = clock_.now() + kAnswerPatience;
  while (stage.load(std::memory_order_acquire) != QueryStage::done) {
    auto posted = QueryStage::posted;
    if (clock_.now() >= deadline && stage.compare_exchange_strong(posted, QueryStage::idle))
      return fail(Errc::timed_out,
                  "no worker answered: the dataplane is quiesced, or this node is a standby");
    const timespec pause{0, Nanos(kAnswerPoll).count()};
    nanosleep(&pause, nullptr);
  }
  return {};
}

// Whoever else walks gets on between pages.
template <class Query, class Filter, class Took>
Status Dataplane::walk_page(Query Requests::*query_of, const Filter& filter, WalkAct act,
                            std::uint64_t rows_max, ListCursor& at, const Took& took) {
  const std::lock_guard lock(list_mutex_);
  for (unsigned steps = 0; steps < kStepsPerPage && rows_max > 0 && !at.at_end; ++steps) {
    Requests& requests = shards_[at.worker]->requests;
    Query& query = requests.*query_of;
    query.table = at.table;
    query.cursor = at.slot;
    query.filter = filter;
    query.act = act;
    const std::uint32_t most = act == WalkAct::count ? WalkStep::kSlotsPerStep : WalkStep::kRowsMax;
    query.rows_wanted = static_cast<std::uint32_t>(std::min<std::uint64_t>(rows_max, most));
    if (Status asked = ask(requests, query.stage); !asked) return asked;
    took(query);
    rows_max -= query.rows_count;
    at.slot = query.cursor;
    if (!query.at_end) continue;
    at.slot = 0;
    if (++at.worker < shards_.size()) continue;
    at.worker = 0;
    at.at_end = ++at.table == Query::kTables;
  }
  return {};
}

Status Dataplane::list_sessions(const SessionFilter& filter, std::uint64_t rows_max, ListCursor& at,
                                const std::function<void(const SessionRow&)>& sink) {
  return walk_page(&Requests::query, filter, WalkAct::copy, rows_max, at, [&](const SessionQuery& query) {
    std::for_each_n(query.rows.begin(), query.rows_count, sink);
  });
}

Status Dataplane::list_bindings(const BindingFilter& filter, std::uint64_t rows_max, ListCursor& at,
                                const std::function<void(const BindingRow&)>& sink) {
  return walk_page(&Requests::bindings, filter, WalkAct::copy, rows_max, at, [&](const BindingQuery& query) {
    std::for_each_n(query.rows.begin(), query.rows_count, sink);
  });
}

Result<std::uint64_t> Dataplane::count_sessions(const SessionFilter& filter, ListCursor& at) {
  std::uint64_t count = 0;
  return walk_page(&Requests::query, filter, WalkAct::count, ~std::uint64_t{0}, at,
                   [&](const SessionQuery& query) { count += query.rows_count; })
      .map([&] { return count; });
}

Result<std::uint64_t> Dataplane::count_bindings(const BindingFilter& filter, ListCursor& at) {
  std::uint64_t count = 0;
  return walk_page(&Requests::bindings, filter, WalkAct::count, ~std::uint64_t{0}, at,
                   [&](const BindingQuery& query) { count += query.rows_count; })
      .map([&] { return count; });
}

Result<std::uint64_t> Dataplane::end_sessions(const SessionFilter& filter) {
  std::uint64_t ended = 0;
  ListCursor at;
  while (!at.at_end) {
    const Status page = walk_page(&Requests::query, filter, WalkAct::end, ~std::uint64_t{0}, at,
                                  [&](const SessionQuery& query) { ended += query.rows_count; });
    if (!page) return tl::unexpected(page.error());
  }
  return ended;
}

}  // namespace stillwater::dataplane
