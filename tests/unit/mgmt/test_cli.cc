// stillwaterctl as a process against a node: what it asks, prints, and how it exits.
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "tests/unit/mgmt/ctl.h"

namespace stillwater::mgmt::test {
namespace {

using Catch::Contains;
using nlohmann::json;

json ctl_json(const Node& node, std::vector<std::string> arguments) {
  arguments.emplace_back("--json");
  const auto done = ctl(node, std::move(arguments));
  INFO(done.err);
  REQUIRE(done.exit == 0);
  return json::parse(done.out);
}

}  // namespace

TEST_CASE("status shows the fence that runs, and none on a lone node") {
  Node node;
  const auto shown = [&](const FenceStatus& fence) {
    node.control.with([&](FakeState& s) {
      s.status = full_status();
      s.status.fence = fence;
    });
    return ctl(node, {"status"}).out;
  };
  CHECK_THAT(shown({.kind = "ebpf", .fenced_frames = 1212}),
             Contains("fence               ebpf, 1,212 frames fenced\n"));
  CHECK_THAT(shown({}), !Contains("fence  "));
}

TEST_CASE("stillwaterctl status tells an operator what matters") {
  Node node;
  node.control.with([](FakeState& s) { s.status = full_status(); });
  const auto done = ctl(node, {"status"});
  CHECK(done.err.empty());
  CHECK(done.exit == 0);
  for (const char* fact : {
           "fw-a is active (configured to lead), term 3, committed epoch 184,224\n",
           "fail over now       yes\n",
           "peer                fw-b\n",
           "arbiter             none: a cut cable is answered by prefer: availability\n",
           "last takeover       fenced 0.4 ms, finished 0.1 ms, announced 1.2 ms\n",
           "replication link    TLSv1.3, TLS_AES_256_GCM_SHA384\n",
           "paths               1 carries state, 2 silent\n",
           "standbys lost       3\n",
           "fence               none: a freeze may let out 1,536 frames past the lease at most; sent past "
           "it: 40\n",
           "replication refused 2; last: term 2 is over\n",
           "routes              104,001 IPv4, 12 IPv6; 4,003 of them by the API; generation 7, peer: "
           "generation 7 built\n",
           "tracked next hops   1 of 2 answer\n",
           "DEAD NEXT HOP       10.80.2.3 at outside for 12 s: 6 routes name it, 2 are withdrawn\n",
           "sessions            12,345 of 65,536\n",
           "IPv6 sessions       678 of 16,384\n",
           "held packets        7\n",
           "logs                192.0.2.9:6514 tls: connected, 4,321 sent, 17 lost, 3 waiting; last: the "
           "collector does not read\n",
           "logs                192.0.2.10:514 udp: NOT CONNECTED, 5 sent, 0 lost, 0 waiting\n",
           "LOST LOGS           12 by worker 1\n",
           "NAT PORTS SHORT     10.80.2.5 udp: 60,032 of 64,512 ports are given, 12 sessions got none\n",
           "NAT EXHAUSTED       10.80.2.6 tcp: 64,448 of 64,500 ports are given, 7 sessions got none\n",
           "  10.80.2.5  udp       57,000  60,032  64,512       12\n",
           "asked for by        held_output 8,000, interval 1,001\n",
           "failed              4; last: quiesce timed out: worker 1 holds 3 packets\n",
           "warning             a checkpoint paused for 900 us\n",
           "BUG                 6 lines changed without a mark",
           "mirror              mirrored\n",
           "digests             compared 41 times, 2 MISMATCHES; last: epoch 184,000, offset 0x5000\n",
           "  pause, us      46.2   91.5\n",
           "    request      1.50   2.50\n",
           "    drain        10.5   20.5\n",
           "    resume       5.00   7.50\n",
           "  dirty lines     310  1,204\n",
           "  inside   up            11        12         15      511,745          13        14  "
           "net_af_packet0,iface=in0\n",
           "  outside  down          21        22         25         17.0          23        24  "
           "net_af_packet1,iface=out0\n",
           "  no_route           31\n",
           "up                  2h 03m\n",
       }) {
    CHECK_THAT(done.out, Contains(fact));
  }
}

TEST_CASE("stillwaterctl status says why a failover is not possible now, and how far the sync is") {
  Node node;
  node.control.with([](FakeState& s) {
    s.status = full_status();
    s.status.can_fail_over = false;
    s.status.cannot_fail_over_because = "the standby is still being filled";
  });
  const auto done = ctl(node, {"status"});
  CHECK_THAT(done.out, Contains("fail over now       no: the standby is still being filled\n"));
  CHECK_THAT(done.out,
             Contains("sync                43 %, round 2: 4,563 MiB left at 812.3 MB/s, about 5 s\n"));
}

TEST_CASE("stillwaterctl status of a node that is being filled says how much of the copy is there") {
  Node node;
  node.control.with([](FakeState& s) {
    s.status = full_status();
    s.status.role = "syncing";
    s.status.sync = {};
  });
  CHECK_THAT(ctl(node, {"status"}).out, Contains("sync                43 %\n"));
}

TEST_CASE("stillwaterctl status of a node without anything is still whole") {
  Node node;
  const auto done = ctl(node, {"status"});
  CHECK(done.exit == 0);
  CHECK_THAT(done.out, Contains("peer                none connected\n") &&
                           Contains("drops               none\n") &&
                           Contains("last takeover       none since start\n") &&
                           Contains("  pause, us       -    -\n"));
}

TEST_CASE("stillwaterctl status --json has the field names of the API and numbers as numbers") {
  Node node;
  node.control.with([](FakeState& s) {
    s.status = full_status();
    s.status.committed_epoch = 9'007'199'254'740'993;  // a double cannot hold it
  });
  const auto status = ctl_json(node, {"status"});
  CHECK(status["role"] == "active");
  CHECK(status["committed_epoch"].is_number_unsigned());
  CHECK(status["committed_epoch"] == 9'007'199'254'740'993);
  CHECK(status["can_fail_over"] == true);
  CHECK(status["checkpoint"]["blackout_us"]["p99"] == 91.5);
  CHECK(status["checkpoint"]["pause"]["drain_us"]["p99"] == 20.5);
  CHECK(status["checkpoint"]["digests"]["mismatches"] == 2);
  CHECK(status["mirror"] == "mirrored");
  CHECK(status["checkpoint"]["dirty_lines"]["p50"] == 310);
  CHECK(status["ports"][0]["rx_missed"] == 15);
  CHECK(status["nat_pools"][1]["ports"] == 64'500);
  CHECK_THAT(ctl(node, {"status"}).out, Contains("10.80.2.5  udp       57,000  60,032  64,512       12\n"));
  CHECK(status["drops"] == json{{"bad_checksum", 32}, {"no_route", 31}});
}

TEST_CASE("stillwaterctl --json prints a field that has no value too") {
  Node node;
  const auto status = ctl_json(node, {"status"});
  CHECK(status["peer"] == "");
  CHECK(status["term"] == 0);
  CHECK(status["can_fail_over"] == false);
  CHECK(status["ports"] == json::array());
  CHECK(status["drops"] == json::object());
}

TEST_CASE("stillwaterctl sessions prints a line a session and says where it stopped") {
  Node node;
  node.control.with([](FakeState& s) { s.sessions.assign(3, full_session()); });
  const auto all = ctl(node, {"sessions"});
  CHECK_THAT(all.out, Contains("tcp") && Contains("established") && Contains("10.80.1.5:40000") &&
                          Contains("198.51.100.7:443 > 10.80.1.3:80") && Contains("10.80.2.1:1024") &&
                          Contains("1m 05s"));
  CHECK_THAT(all.out, !Contains("--limit"));
  CHECK_THAT(ctl(node, {"sessions", "--limit", "2"}).out, Contains("2 sessions shown, the limit"));
  CHECK(ctl_json(node, {"sessions", "--limit", "2"})["sessions"].size() == 2);
  CHECK(ctl_json(node, {"sessions"})["sessions"][0]["changed_epoch"] == 184'000);
}

TEST_CASE("stillwaterctl lists and counts the sessions that are named, by either way to say it") {
  Node node;
  node.control.with([](FakeState& s) { s.sessions.assign(3, full_session()); });
  std::vector<std::string> command = GENERATE(values<std::vector<std::string>>(
      {{"sessions"}, {"sessions", "list"}, {"sessions", "list", "--count"}}));
  const bool counts = command.back() == "--count";
  command.insert(command.end(), {"--source", "10.80.1.0/24", "--destination", "198.51.100.7", "--peer",
                                 "10.80.2.0/30", "--port", "443", "--state", "opening", "--rule", "10",
                                 "--interface", "inside", "--older-than", "2s", "--protocol", "esp"});
  const auto done = ctl(node, command);
  CHECK(done.exit == 0);
  CHECK((done.out == "3 sessions\n") == counts);
  const auto listed = node.control.with([](FakeState& s) { return s.listed; });
  REQUIRE(listed);
  CHECK(listed->protocol == "esp");
  CHECK(listed->source == "10.80.1.0/24");
  CHECK(listed->destination == "198.51.100.7");
  CHECK(listed->address == "10.80.2.0/30");
  CHECK(listed->port == 443);
  CHECK(listed->state == "opening");
  CHECK(listed->rule == 10);
  CHECK(listed->interface == "inside");
  CHECK(listed->min_age_s == 2);
  command.emplace_back("--json");
  CHECK(ctl_json(node, command).contains(counts ? "count" : "sessions"));
  CHECK(ctl(node, {"sessions", "list", "--count", "--limit", "5"}).exit == 2);
}

TEST_CASE("stillwaterctl bindings list prints a line a binding, by what is named") {
  Node node;
  CHECK(ctl(node, {"bindings", "list"}).out == "no bindings\n");
  node.control.with([](FakeState& s) { s.bindings.assign(2, full_binding()); });
  const auto all =
      ctl(node, {"bindings", "list", "--source", "10.80.1.0/24", "--outside", "10.80.2.1", "--peer",
                 "10.80.0.0/16", "--port", "1030", "--protocol", "udp", "--entry", "2"});
  CHECK_THAT(all.out,
             Contains("udp    10.80.1.5:40000  10.80.2.1:1030  1024-1087         3      2  184000\n"));
  const auto listed = node.control.with([](FakeState& s) { return s.listed_bindings; });
  REQUIRE(listed);
  CHECK(listed->protocol == "udp");
  CHECK(listed->inside == "10.80.1.0/24");
  CHECK(listed->outside == "10.80.2.1");
  CHECK(listed->address == "10.80.0.0/16");
  CHECK(listed->port == 1030);
  CHECK(listed->entry == 2);
  CHECK(ctl_json(node, {"bindings", "list"})["bindings"][1]["block_ports"] == 64);
  CHECK(ctl_json(node, {"bindings", "list", "--count"}) == json{{"count", 2}});
  CHECK(ctl(node, {"bindings", "list", "--count"}).out == "2 bindings\n");
  CHECK_THAT(ctl(node, {"bindings", "list", "--limit", "2"}).out, Contains("2 bindings shown, the limit"));
  CHECK(ctl(node, {"bindings", "list", "--state", "opening"}).exit == 2);
  CHECK(ctl(node, {"bindings"}).exit == 2);
}

TEST_CASE("stillwaterctl sessions of a node without sessions says so") {
  Node node;
  CHECK(ctl(node, {"sessions"}).out == "no sessions\n");
  CHECK(ctl_json(node, {"sessions"}) == json{{"sessions", json::array()}});
}

TEST_CASE("stillwaterctl end-sessions says how many ended, and since when the standby knows") {
  Node node;
  node.control.with([](FakeState& s) { s.sessions.assign(2, full_session()); });
  CHECK(ctl(node, {"end-sessions", "--all"}).out == "2 sessions ended, with no standby to tell\n");
  node.control.with([](FakeState& s) {
    s.sessions.assign(1, full_session());
    s.epoch = 7;
  });
  CHECK(ctl(node, {"end-sessions", "--source", "10.80.1.5"}).out ==
        "1 session ended, committed in epoch 7\n");
  CHECK(node.control.with([](FakeState& s) { return s.ended->source; }) == "10.80.1.5");
  CHECK(ctl_json(node, {"end-sessions", "--protocol", "udp"}) ==
        json{{"sessions", 1}, {"committed_epoch", 7}});
  CHECK(ctl(node, {"end-sessions"}).exit == 1);
  CHECK(ctl(node, {"end-sessions", "--source", "nowhere"}).exit == 2);
}

TEST_CASE("stillwaterctl end-sessions takes networks and protocols of IPv6") {
  Node node;
  CHECK(ctl(node,
            {"end-sessions", "--source", "2001:db8::/32", "--peer", "2001:db8::1", "--protocol", "icmpv6"})
            .exit == 0);
  const auto ended = node.control.with([](FakeState& s) { return s.ended; });
  REQUIRE(ended);
  CHECK(ended->source == "2001:db8::/32");
  CHECK(ended->address == "2001:db8::1");
  CHECK(ended->protocol == "icmpv6");
}

TEST_CASE("stillwaterctl end-sessions passes on what sessions match, and refuses what cannot be meant") {
  Node node;
  CHECK(ctl(node, {"end-sessions", "--source", "10.80.1.0/24", "--destination", "198.51.100.7", "--peer",
                   "10.80.2.0/30", "--port", "443", "--state", "opening", "--rule", "10", "--interface",
                   "inside", "--older-than", "2s", "--protocol", "esp"})
            .exit == 0);
  const auto ended = node.control.with([](FakeState& s) { return s.ended; });
  REQUIRE(ended);
  CHECK(ended->protocol == "esp");
  CHECK(ended->source == "10.80.1.0/24");
  CHECK(ended->destination == "198.51.100.7");
  CHECK(ended->address == "10.80.2.0/30");
  CHECK(ended->port == 443);
  CHECK(ended->state == "opening");
  CHECK(ended->rule == 10);
  CHECK(ended->interface == "inside");
  CHECK(ended->min_age_s == 2);
  for (const auto& [option, value] :
       std::vector<std::pair<std::string, std::string>>{{"--source", "10.80.1.0/33"},
                                                        {"--source", "10.80.1/24"},
                                                        {"--source", "2001:db8::/129"},
                                                        {"--peer", "10.80.1.0/x"},
                                                        {"--port", "0"},
                                                        {"--port", "65536"},
                                                        {"--state", "free"},
                                                        {"--rule", "0"},
                                                        {"--older-than", "0s"},
                                                        {"--protocol", "sctp"}})
    CHECK(ctl(node, {"end-sessions", option, value}).exit == 2);
}

TEST_CASE("stillwaterctl checkpoint prints the committed epoch") {
  Node node;
  CHECK(ctl(node, {"checkpoint"}).out == "committed epoch 1\n");
  CHECK(ctl_json(node, {"checkpoint"}) == json{{"committed_epoch", 2}});
}

TEST_CASE("stillwaterctl policy shows and changes the policy") {
  Node node;
  CHECK(ctl(node, {"policy", "get"}).out ==
        "interval            1ms\n"
        "min interval        100us\n"
        "quiesce timeout     10ms\n"
        "dirty bytes         1,048,576\n");
  const auto set = ctl(node, {"policy", "set", "--interval", "2ms", "--dirty-bytes", "2MiB"});
  CHECK(set.exit == 0);
  CHECK_THAT(set.out, Contains("until the node restarts") && Contains("interval            2ms\n"));
  const json expected{{"interval_ns", 2'000'000},
                      {"min_interval_ns", 150'000},
                      {"quiesce_timeout_ns", 1'500'000},
                      {"dirty_bytes", 2'097'152}};
  CHECK(ctl_json(node, {"policy", "set", "--min-interval", "150us", "--quiesce-timeout", "1.5ms"}) ==
        expected);
  CHECK(ctl_json(node, {"policy", "get"}) == expected);
}

TEST_CASE("stillwaterctl quiesce and resume stop the dataplane and let it go on") {
  Node node;
  CHECK(ctl_json(node, {"quiesce"}) == json{{"quiesced", true}, {"limit_ms", 5000}});
  CHECK_THAT(ctl(node, {"quiesce", "--limit", "1500us"}).out,
             Contains("stillwaterctl resume") && Contains("for 2ms"));
  CHECK(node.control.with([](FakeState& s) { return s.quiesced; }) == std::optional<Nanos>(2ms));
  CHECK(ctl(node, {"resume"}).out == "the dataplane runs\n");
  CHECK(ctl_json(node, {"resume"}) == json{{"resumed", true}});
  CHECK(node.control.with([](FakeState& s) { return s.resumed; }) == 2);
}

TEST_CASE("stillwaterctl switchover says who leads now, and forces only where it is told to") {
  Node node;
  CHECK(ctl(node, {"switchover"}).out == "fw-b leads, in term 8\n");
  CHECK(node.control.with([](FakeState& s) { return s.forced; }) == std::optional(false));
  CHECK(ctl_json(node, {"switchover", "--force"}) == json{{"active", "fw-b"}, {"term", 8}});
  CHECK(node.control.with([](FakeState& s) { return s.forced; }) == std::optional(true));
}

TEST_CASE("stillwaterctl exits with 1 and the node's words where the node refuses") {
  // Time-outs and missing peers of the node share status codes with a lost connection; they are no such
  // thing.
  const auto code = GENERATE(Errc::failed_precondition, Errc::timed_out, Errc::unavailable, Errc::io);
  const std::vector<std::string> command =
      GENERATE(values<std::vector<std::string>>({{"sessions"}, {"checkpoint"}, {"resume", "--json"}}));
  Node node;
  node.control.with([&](FakeState& s) { s.error = Error{code, "ask the active node fw-b instead"}; });
  const auto done = ctl(node, command);
  CHECK(done.exit == 1);
  CHECK(done.out.empty());
  CHECK(done.err == "stillwaterctl: ask the active node fw-b instead\n");
}

TEST_CASE("stillwaterctl exits with 3 and names the address where no node answers") {
  const Scratch scratch;
  const auto address = "unix:" + scratch / "nobody.sock";
  const auto done = ctl({"status", "--address", address});
  CHECK(done.exit == 3);
  CHECK(done.out.empty());
  CHECK_THAT(done.err, Contains(address) && Contains("--address") && Contains("No such file"));
  CHECK_THAT(ctl({"status"}).err, Contains("unix:/run/stillwater/stillwater.sock"));
}

TEST_CASE("stillwaterctl takes the address from the environment, and an option overrides it") {
  Node node;
  const std::vector<std::string> environment = {"STILLWATER_ADDRESS=unix:" + node.socket};
  CHECK(ctl({"checkpoint"}, environment).exit == 0);
  const Scratch scratch;
  CHECK(ctl({"checkpoint", "--address", "unix:" + scratch / "nobody.sock"}, environment).exit == 3);
}

TEST_CASE("stillwaterctl reaches a TCP address only with --tls none") {
  FakeControl control;
  const auto server = Server::start(control, {.address = "127.0.0.1:0", .tls = Tls::none});
  REQUIRE(server.has_value());
  const auto address = (*server)->address();
  CHECK(ctl({"resume", "--address", address, "--tls", "none"}, {"http_proxy=http://127.0.0.1:1"}).exit == 0);
  const auto refused = ctl({"resume", "--address", address});
  CHECK(refused.exit == 2);
  CHECK_THAT(refused.err, Contains("--tls none"));
}

TEST_CASE("stillwaterctl exits with 2 and says what was expected where it is used wrongly") {
  struct Mistake {
    std::vector<std::string> arguments;
    std::string says;
  };
  const auto mistake = GENERATE(values<Mistake>({
      {{}, "subcommand is required"},
      {{"bogus"}, "unknown command 'bogus'"},
      {{"policy", "bogus"}, "unknown command 'bogus'"},
      {{"policy"}, "subcommand is required"},
      {{"policy", "set"}, "nothing to change"},
      {{"policy", "set", "--interval", "5"}, "'5' is not a duration; expected a number with ns, us, ms or s"},
      {{"policy", "set", "--interval", "ms"}, "'ms' is not a duration"},
      {{"policy", "set", "--interval", "1 ms"}, "'1 ms' is not a duration"},
      {{"policy", "set", "--interval", "-1ms"}, "'-1ms' is not a duration"},
      {{"policy", "set", "--interval", "1h"}, "'1h' is not a duration"},
      {{"policy", "set", "--interval", "infs"}, "'infs' is not a duration"},
      {{"policy", "set", "--interval", "1e9999s"}, "is not a duration"},
      {{"policy", "set", "--interval", "2h"}, "is not a duration"},
      {{"policy", "set", "--dirty-bytes", "-5"}, "--dirty-bytes"},
      {{"policy", "set", "--dirty-bytes", "lots"}, "--dirty-bytes"},
      {{"quiesce", "--limit", "61s"}, "expected 1ms to 60s"},
      {{"quiesce", "--limit", "0s"}, "expected 1ms to 60s"},
      {{"sessions", "--limit", "0"}, "1 to 100000"},
      {{"sessions", "--limit", "-1"}, "1 to 100000"},
      {{"status", "--timeout", "0s"}, "--timeout"},
      {{"status", "--address", "somewhere"}, "expected unix:PATH or ADDRESS:PORT"},
      {{"status", "--tls", "maybe"}, "'maybe' is neither required nor none"},
      {{"status", "more"}, "more"},
  }));
  const auto done = ctl(mistake.arguments);
  CHECK(done.exit == 2);
  CHECK(done.out.empty());
  CHECK_THAT(done.err, Catch::StartsWith("stillwaterctl: ") && Contains(mistake.says));
}

TEST_CASE("stillwaterctl explains itself") {
  CHECK_THAT(ctl({"--version"}).out, Catch::StartsWith("stillwaterctl ") && Contains("."));
  const std::vector<std::string> command = GENERATE(values<std::vector<std::string>>({{},
                                                                                      {"status"},
                                                                                      {"sessions"},
                                                                                      {"checkpoint"},
                                                                                      {"policy"},
                                                                                      {"policy", "get"},
                                                                                      {"policy", "set"},
                                                                                      {"quiesce"},
                                                                                      {"resume"}}));
  auto with_help = command;
  with_help.emplace_back("--help");
  const auto done = ctl(with_help);
  CHECK(done.exit == 0);
  CHECK(done.err.empty());
  CHECK_THAT(done.out, Contains("Usage: stillwaterctl") && Contains("Exit status"));
}

}  // namespace stillwater::mgmt::test
