#include "tests/unit/mgmt/fake_control.h"

#include <algorithm>
#include <thread>

namespace stillwater::mgmt::test {

Status FakeControl::outcome() const {
  if (state_.error) return tl::unexpected(*state_.error);
  return {};
}

NodeStatus FakeControl::status() {
  return with([](FakeState& s) { return s.status; });
}

// The lock is not held while a page is told, as no node holds anything then.
template <class Row>
Status FakeControl::tell(const std::vector<Row>& all, std::uint64_t limit, const Page<Row>& page) {
  const auto [rows, endless] = with([](FakeState& s) { return std::pair(s.page_rows, s.endless); });
  for (std::size_t at = 0; at < all.size() && limit > 0;) {
    if (Status may = with([&](FakeState&) { return outcome(); }); !may) return may;
    const std::size_t end = at + std::min<std::uint64_t>({rows, limit, all.size() - at});
    const std::vector<Row> some(all.begin() + static_cast<std::ptrdiff_t>(at),
                                all.begin() + static_cast<std::ptrdiff_t>(end));
    limit -= some.size();
    at = endless && end == all.size() ? 0 : end;
    with([&](FakeState& s) { s.told += some.size(); });
    if (!page(some)) return {};
  }
  return with([&](FakeState&) { return outcome(); });
}

Status FakeControl::sessions(const SessionFilter& filter, std::uint64_t limit,
                             const Page<SessionInfo>& page) {
  const auto all = with([&](FakeState& s) {
    s.listed = filter;
    return s.sessions;
  });
  return tell(all, limit, page);
}

Status FakeControl::bindings(const BindingFilter& filter, std::uint64_t limit,
                             const Page<BindingInfo>& page) {
  const auto all = with([&](FakeState& s) {
    s.listed_bindings = filter;
    return s.bindings;
  });
  return tell(all, limit, page);
}

Result<std::uint64_t> FakeControl::count_sessions(const SessionFilter& filter,
                                                  const std::function<bool()>& goes_on) {
  return with([&](FakeState& s) {
    s.listed = filter;
    return outcome().map([&] { return goes_on() ? std::uint64_t{s.sessions.size()} : 0; });
  });
}

Result<std::uint64_t> FakeControl::count_bindings(const BindingFilter& filter,
                                                  const std::function<bool()>& goes_on) {
  return with([&](FakeState& s) {
    s.listed_bindings = filter;
    return outcome().map([&] { return goes_on() ? std::uint64_t{s.bindings.size()} : 0; });
  });
}

Result<SessionsEnded> FakeControl::end_sessions(const SessionFilter& filter) {
  return with([&](FakeState& s) {
    s.ended = filter;
    return outcome().map([&] { return SessionsEnded{s.sessions.size(), s.epoch}; });
  });
}

Status FakeControl::routes(const std::string& source, std::uint64_t limit,
                           const std::function<void(const RouteInfo&)>& sink) {
  return with([&](FakeState& s) {
    s.routes_of = source;
    return outcome().map(
        [&] { std::for_each_n(s.routes.begin(), std::min<std::uint64_t>(limit, s.routes.size()), sink); });
  });
}

Result<std::uint64_t> FakeControl::change_routes(const std::vector<RouteChange>& changes) {
  return with([&](FakeState& s) {
    return outcome().map([&] {
      s.changes.insert(s.changes.end(), changes.begin(), changes.end());
      return ++s.route_generation;
    });
  });
}

Result<v1::GetRulesResponse> FakeControl::rules() {
  return with([&](FakeState& s) { return outcome().map([&] { return s.rules; }); });
}

Result<v1::LoadRulesResponse> FakeControl::load_rules(const v1::LoadRulesRequest& request) {
  return with([&](FakeState& s) {
    return outcome().map([&] {
      s.loaded = request.document();
      v1::LoadRulesResponse response;
      response.set_generation(++s.route_generation);
      response.set_rules(3);
      return response;
    });
  });
}

Result<v1::TraceResponse> FakeControl::trace(const v1::TraceRequest& request) {
  return with([&](FakeState& s) {
    s.traced = request;
    return outcome().map([&] { return s.trace; });
  });
}

Result<v1::PingResponse> FakeControl::ping(const v1::PingRequest& request) {
  return with([&](FakeState& s) {
    s.pinged.push_back(request);
    return outcome().map([&] { return s.pong; });
  });
}

Result<std::uint64_t> FakeControl::checkpoint() {
  return with([&](FakeState& s) { return outcome().map([&] { return ++s.epoch; }); });
}

Policy FakeControl::policy() {
  const auto policy = with([](FakeState& s) { return s.policy; });
  std::this_thread::yield();  // lets a second change come between, if the server allows one
  return policy;
}

Status FakeControl::set_policy(const Policy& policy) {
  return with([&](FakeState& s) { return outcome().map([&] { s.policy = policy; }); });
}

Status FakeControl::quiesce(Nanos limit) {
  return with([&](FakeState& s) { return outcome().map([&] { s.quiesced = limit; }); });
}

Status FakeControl::resume() {
  return with([&](FakeState& s) { return outcome().map([&] { ++s.resumed; }); });
}

Result<Lead> FakeControl::switchover(bool force) {
  return with([&](FakeState& s) {
    return outcome().map([&] {
      s.forced = force;
      return Lead{"fw-b", 8};
    });
  });
}

NodeStatus full_status() {
  NodeStatus s;
  s.name = "fw-a";
  s.version = "9.8.7";
  s.role = "active";
  s.role_reason = "configured to lead";
  s.term = 3;
  s.committed_epoch = 184'224;
  s.region_id = "5d1c0f";
  s.arbiter = "none: a cut cable is answered by prefer: availability";
  s.can_fail_over = true;
  s.cannot_fail_over_because = "nothing";
  s.peer = "fw-b";
  s.sync_progress = 0.43;
  s.sync = {2, 4'784'652'288, 812'345'678.5, 5.9};
  s.sessions = 12'345;
  s.sessions_max = 65'536;
  s.sessions6 = 678;
  s.sessions6_max = 16'384;
  s.held_packets = 7;
  s.replication_refused = 2;
  s.last_refusal = "term 2 is over";
  s.link_protection = "TLSv1.3, TLS_AES_256_GCM_SHA384";
  s.health = "port inside has no link (100)";
  s.stuck = "worker 1 has not stepped on for 512 ms";
  s.peer_penalty = 130;
  s.paths = "1 carries state, 2 silent";
  s.standbys_lost = 3;
  s.fence = {.kind = "none", .sent_past_lease = 40, .sent_past_lease_max = 1536, .fenced_frames = 9};
  s.last_takeover = "fenced 0.4 ms, finished 0.1 ms, announced 1.2 ms";
  s.uptime_s = 7384.5;
  s.checkpoint = {9001,           4,           "quiesce timed out: worker 1 holds 3 packets",
                  {46.25, 91.5},  {310, 1204}, {1000.5, 1100.5},
                  {230.5, 610.5}, "barrier",   "a checkpoint paused for 900 us"};
  s.checkpoint.unmarked_writes = 6;
  s.checkpoint.pause = {{1.5, 2.5}, {10.5, 20.5}, {3.25, 4.25}, {20.5, 50.5}, {5.5, 6.5}, {5, 7.5}};
  s.checkpoint.digests = {41, 2, 184'000, 0x5000};
  s.checkpoint.triggers = {{"held_output", 8000}, {"interval", 1001}};
  s.mirror = "mirrored";
  s.routes = {104'001,
              12,
              4'003,
              7,
              "generation 7 built",
              {{"10.80.2.2", "outside", true, 3700.5, 4, 1}, {"10.80.2.3", "outside", false, 12.5, 6, 2}}};
  s.ports = {{"inside", "net_af_packet0,iface=in0", true, 11, 12, 13, 14, 15, 512, 1000.5, 511'744.5},
             {"outside", "net_af_packet1,iface=out0", false, 21, 22, 23, 24, 25, 1024, 16, 17}};
  s.nat_pools = {{"10.80.2.5", "udp", 57'000, 64'512, 60'032, 12, "short"},
                 {"10.80.2.6", "tcp", 18, 64'500, 64'448, 7, "exhausted"}};
  s.drops = {{"no_route", 31}, {"bad_checksum", 32}};
  s.logs = {{{"192.0.2.9:6514", "tls", true, 4321, 17, 3, "the collector does not read"},
             {"192.0.2.10:514", "udp", false, 5, 0, 0, ""}},
            {{1, 12}, {2, 0}}};
  return s;
}

SessionInfo full_session() {
  return {"tcp", "established", "10.80.1.5:40000", "198.51.100.7:443", "10.80.2.1:1024", 10, 65.5,
          8,     184'000,       "10.80.1.3:80"};
}

BindingInfo full_binding() { return {"udp", "10.80.1.5:40000", "10.80.2.1:1030", 3, 2, 184'000, 1024, 64}; }

std::vector<RouteInfo> all_kinds_of_routes() {
  return {{"10.80.1.0/24", "link", {}, "link", "inside"},
          {"10.9.0.0/16", "forward", {{"10.80.2.2", ""}, {"10.80.2.3", ""}}, "file", ""},
          {"2001:db8:9::/48", "forward", {{"fe80::1", "outside"}}, "api", "", true},
          {"10.10.0.0/16", "blackhole", {}, "api", ""}};
}

}  // namespace stillwater::mgmt::test
