// Each call of stillwater.v1.Appliance reaches the node and its answer comes back whole.
#include <thread>

#include <catch2/catch.hpp>
#include <google/protobuf/message.h>

#include "tests/unit/mgmt/node.h"

namespace stillwater::mgmt::test {
namespace {

// Names of fields, at any depth, that hold their default: what the server forgot to fill.
void collect_unset(const google::protobuf::Message& message, const std::string& prefix,
                   std::vector<std::string>& unset) {
  const auto& type = *message.GetDescriptor();
  const auto& reflection = *message.GetReflection();
  for (int i = 0; i < type.field_count(); ++i) {
    const auto& field = *type.field(i);
    const std::string name = prefix + field.name();
    if (field.is_repeated()) {
      if (reflection.FieldSize(message, &field) == 0) unset.push_back(name);
      if (reflection.FieldSize(message, &field) == 0 || field.is_map()) continue;
      collect_unset(reflection.GetRepeatedMessage(message, &field, 0), name + ".", unset);
    } else if (!reflection.HasField(message, &field)) {
      unset.push_back(name);
    } else if (field.cpp_type() == google::protobuf::FieldDescriptor::CPPTYPE_MESSAGE) {
      collect_unset(reflection.GetMessage(message, &field), name + ".", unset);
    }
  }
}

std::vector<std::string> unset_fields(const google::protobuf::Message& message) {
  std::vector<std::string> unset;
  collect_unset(message, "", unset);
  return unset;
}

std::vector<v1::Session> list(Node& node, std::uint64_t limit) {
  Call call;
  v1::ListSessionsRequest request;
  request.set_limit(limit);
  const auto reader = node.stub->ListSessions(&call, request);
  std::vector<v1::Session> sessions;
  for (v1::Session session; reader->Read(&session);) sessions.push_back(session);
  const auto status = reader->Finish();
  INFO(status.error_message());
  REQUIRE(status.ok());
  return sessions;
}

v1::NodeStatus get_status(Node& node) {
  Call call;
  v1::GetStatusResponse response;
  REQUIRE(node.stub->GetStatus(&call, {}, &response).ok());
  return response.status();
}

}  // namespace

TEST_CASE("status carries every value of the node, each in its field") {
  Node node;
  node.control.with([](FakeState& s) { s.status = full_status(); });
  const auto status = get_status(node);
  CHECK(unset_fields(status) == std::vector<std::string>{});

  CHECK(status.name() == "fw-a");
  CHECK(status.version() == "9.8.7");
  CHECK(status.role() == "active");
  CHECK(status.role_reason() == "configured to lead");
  CHECK(status.term() == 3);
  CHECK(status.committed_epoch() == 184'224);
  CHECK(status.region_id() == "5d1c0f");
  CHECK(status.arbiter() == full_status().arbiter);
  CHECK(status.can_fail_over());
  CHECK(status.cannot_fail_over_because() == "nothing");
  CHECK(status.peer() == "fw-b");
  CHECK(status.sync_progress() == 0.43);
  CHECK(status.sync().round() == 2);
  CHECK(status.sync().left_bytes() == 4'784'652'288);
  CHECK(status.sync().bytes_per_s() == 812'345'678.5);
  CHECK(status.sync().left_s() == 5.9);
  CHECK(status.sessions() == 12'345);
  CHECK(status.sessions_max() == 65'536);
  CHECK(status.sessions6() == 678);
  CHECK(status.sessions6_max() == 16'384);
  CHECK(status.held_packets() == 7);
  CHECK(status.replication_refused() == 2);
  CHECK(status.last_refusal() == "term 2 is over");
  CHECK(status.link_protection() == full_status().link_protection);
  CHECK(status.paths() == full_status().paths);
  CHECK(status.health() == full_status().health);
  CHECK(status.stuck() == full_status().stuck);
  CHECK(status.peer_penalty() == 130);
  CHECK(status.routes().ipv4() == 104'001);
  CHECK(status.routes().ipv6() == 12);
  CHECK(status.routes().from_api() == 4'003);
  CHECK(status.routes().generation() == 7);
  CHECK(status.routes().peer() == "generation 7 built");
  REQUIRE(status.routes().tracked_size() == 2);
  CHECK(status.routes().tracked(0).address() == "10.80.2.2");
  CHECK(status.routes().tracked(0).port() == "outside");
  CHECK(status.routes().tracked(0).alive());
  CHECK(status.routes().tracked(0).since_s() == 3700.5);
  CHECK(status.routes().tracked(0).routes() == 4);
  CHECK(status.routes().tracked(0).withdrawn() == 1);
  CHECK_FALSE(status.routes().tracked(1).alive());
  CHECK(status.standbys_lost() == 3);
  CHECK(status.fence().kind() == "none");
  CHECK(status.fence().sent_past_lease() == 40);
  CHECK(status.fence().sent_past_lease_max() == 1536);
  CHECK(status.last_takeover() == full_status().last_takeover);
  CHECK(status.uptime_s() == 7384.5);
  REQUIRE(status.nat_pools_size() == 2);
  CHECK(status.nat_pools(0).address() == "10.80.2.5");
  CHECK(status.nat_pools(0).protocol() == "udp");
  CHECK(status.nat_pools(0).taken() == 57'000);
  CHECK(status.nat_pools(0).ports() == 64'512);
  CHECK(status.nat_pools(0).given() == 60'032);
  CHECK(status.nat_pools(0).refused() == 12);
  CHECK(status.nat_pools(0).alarm() == "short");
  CHECK(status.drops().at("no_route") == 31);
  CHECK(status.drops().at("bad_checksum") == 32);
  REQUIRE(status.logs().collectors_size() == 2);
  const auto& collector = status.logs().collectors(0);
  CHECK(collector.address() == "192.0.2.9:6514");
  CHECK(collector.transport() == "tls");
  CHECK(collector.connected());
  CHECK(collector.sent() == 4321);
  CHECK(collector.lost() == 17);
  CHECK(collector.waiting() == 3);
  CHECK(collector.last_error() == "the collector does not read");
  CHECK_FALSE(status.logs().collectors(1).connected());
  REQUIRE(status.logs().workers_size() == 2);
  CHECK(status.logs().workers(0).worker() == 1);
  CHECK(status.logs().workers(0).lost() == 12);
}

TEST_CASE("status carries the checkpoint measurements and the ports' counters") {
  Node node;
  node.control.with([](FakeState& s) { s.status = full_status(); });
  const auto status = get_status(node);

  const auto& checkpoint = status.checkpoint();
  CHECK(checkpoint.checkpoints() == 9001);
  CHECK(checkpoint.triggers().at("held_output") == 8000);
  CHECK(checkpoint.triggers().size() == 2);
  CHECK(checkpoint.failed() == 4);
  CHECK(checkpoint.last_failure() == full_status().checkpoint.last_failure);
  CHECK(checkpoint.blackout_us().p50() == 46.25);
  CHECK(checkpoint.blackout_us().p99() == 91.5);
  CHECK(checkpoint.dirty_lines().p50() == 310);
  CHECK(checkpoint.dirty_lines().p99() == 1204);
  CHECK(checkpoint.interval_us().p50() == 1000.5);
  CHECK(checkpoint.commit_us().p99() == 610.5);
  CHECK(checkpoint.tracker() == "barrier");
  CHECK(checkpoint.warning() == "a checkpoint paused for 900 us");
  CHECK(checkpoint.unmarked_writes() == 6);
  CHECK(status.mirror() == "mirrored");
  CHECK(checkpoint.pause().request_us().p50() == 1.5);
  CHECK(checkpoint.pause().drain_us().p99() == 20.5);
  CHECK(checkpoint.pause().collect_us().p50() == 3.25);
  CHECK(checkpoint.pause().stage_us().p99() == 50.5);
  CHECK(checkpoint.pause().digest_us().p50() == 5.5);
  CHECK(checkpoint.pause().resume_us().p99() == 7.5);
  CHECK(checkpoint.digests().rounds() == 41);
  CHECK(checkpoint.digests().mismatches() == 2);
  CHECK(checkpoint.digests().last_mismatch_epoch() == 184'000);
  CHECK(checkpoint.digests().last_mismatch_offset() == 0x5000);

  REQUIRE(status.ports_size() == 2);
  const auto& inside = status.ports(0);
  CHECK(inside.name() == "inside");
  CHECK(inside.device() == "net_af_packet0,iface=in0");
  CHECK(inside.link_up());
  CHECK(inside.rx_packets() == 11);
  CHECK(inside.rx_bytes() == 12);
  CHECK(inside.tx_packets() == 13);
  CHECK(inside.tx_bytes() == 14);
  CHECK(inside.rx_missed() == 15);
  CHECK(inside.rx_ring_packets() == 512);
  CHECK(inside.rx_packets_per_s() == 1000.5);
  CHECK(inside.rx_headroom_us() == 511'744.5);
  CHECK_FALSE(status.ports(1).link_up());
}

TEST_CASE("a session is listed with every value") {
  Node node;
  node.control.with([](FakeState& s) { s.sessions = {full_session()}; });
  const auto sessions = list(node, 10);
  REQUIRE(sessions.size() == 1);
  const auto& session = sessions.front();
  CHECK(unset_fields(session) == std::vector<std::string>{});
  CHECK(session.protocol() == "tcp");
  CHECK(session.state() == "established");
  CHECK(session.source() == "10.80.1.5:40000");
  CHECK(session.destination() == "198.51.100.7:443");
  CHECK(session.translated_source() == "10.80.2.1:1024");
  CHECK(session.translated_destination() == "10.80.1.3:80");
  CHECK(session.rule() == 10);
  CHECK(session.age_s() == 65.5);
  CHECK(session.idle_s() == 8);
  CHECK(session.changed_epoch() == 184'000);
}

TEST_CASE("the session list ends at its limit, which is 1000 unless said") {
  Node node;
  node.control.with([](FakeState& s) { s.sessions.assign(1500, full_session()); });
  CHECK(list(node, 3).size() == 3);
  CHECK(list(node, 0).size() == 1000);
  CHECK(list(node, 100'000).size() == 1500);
}

TEST_CASE("a binding is listed with every value, and bindings are counted as named") {
  Node node;
  node.control.with([](FakeState& s) { s.bindings.assign(150, full_binding()); });
  v1::ListBindingsRequest request;
  request.set_limit(120);
  request.mutable_filter()->set_inside("10.80.1.0/24");
  Call call;
  const auto reader = node.stub->ListBindings(&call, request);
  std::vector<v1::Binding> bindings;
  for (v1::Binding binding; reader->Read(&binding);) bindings.push_back(binding);
  REQUIRE(reader->Finish().ok());
  REQUIRE(bindings.size() == 120);
  CHECK(unset_fields(bindings[0]) == std::vector<std::string>{});
  CHECK(bindings[0].inside() == "10.80.1.5:40000");
  CHECK(bindings[0].outside() == "10.80.2.1:1030");
  CHECK(bindings[0].block_first() == 1024);
  CHECK(node.control.with([](FakeState& s) { return s.listed_bindings->inside; }) == "10.80.1.0/24");
  Call another;
  v1::CountBindingsResponse counted;
  REQUIRE(node.stub->CountBindings(&another, {}, &counted).ok());
  CHECK(counted.count() == 150);
}

TEST_CASE("a listing ends where its reader calls it off, and holds nothing while it is slow") {
  Node node;
  node.control.with([](FakeState& s) {
    s.sessions.assign(1000, full_session());
    s.endless = true;
  });
  v1::ListSessionsRequest request;
  request.set_limit(16'000'000);
  Call call;
  const auto reader = node.stub->ListSessions(&call, request);
  v1::Session session;
  REQUIRE(reader->Read(&session));
  // It reads no more for now; who ends sessions, or lists others, does not wait for it.
  Call other;
  v1::CountSessionsResponse counted;
  REQUIRE(node.stub->CountSessions(&other, {}, &counted).ok());
  CHECK(counted.count() == 1000);
  call.TryCancel();
  while (reader->Read(&session)) continue;
  CHECK(reader->Finish().error_code() == grpc::CANCELLED);
  node.server->shutdown(5s);  // waits for the handler
  const auto told = node.control.with([](FakeState& s) { return s.told; });
  CHECK(told < 16'000'000);
}

TEST_CASE("listings under way are bounded; the next one is refused until one is done") {
  Node node;
  node.control.with([](FakeState& s) {
    s.sessions.assign(1000, full_session());
    s.endless = true;
  });
  v1::ListSessionsRequest request;
  request.set_limit(16'000'000);
  std::vector<std::unique_ptr<Call>> calls;
  std::vector<std::unique_ptr<grpc::ClientReader<v1::Session>>> readers;
  v1::Session session;
  for (int i = 0; i < 8; ++i) {
    calls.push_back(std::make_unique<Call>());
    readers.push_back(node.stub->ListSessions(calls.back().get(), request));
    REQUIRE(readers.back()->Read(&session));
  }
  Call one_more;
  const auto refused = node.stub->ListSessions(&one_more, request);
  CHECK_FALSE(refused->Read(&session));
  CHECK(refused->Finish().error_code() == grpc::RESOURCE_EXHAUSTED);
  CHECK(one_more.node_error() == "resource_exhausted");
  for (const auto& call : calls) call->TryCancel();
  for (const auto& reader : readers) {
    while (reader->Read(&session)) continue;
    CHECK_FALSE(reader->Finish().ok());
  }
}

TEST_CASE("a listing that fails midway says so after what was told") {
  Node node;
  node.control.with([](FakeState& s) {
    s.sessions.assign(1000, full_session());
    s.endless = true;
  });
  v1::ListSessionsRequest request;
  request.set_limit(16'000'000);
  Call call;
  const auto reader = node.stub->ListSessions(&call, request);
  v1::Session session;
  REQUIRE(reader->Read(&session));
  node.control.with([](FakeState& s) {
    s.error = Error{Errc::failed_precondition, "this node does not lead; ask the active"};
  });
  while (reader->Read(&session)) CHECK(session.source() == "10.80.1.5:40000");
  const auto status = reader->Finish();
  CHECK(status.error_code() == grpc::FAILED_PRECONDITION);
  CHECK(status.error_message() == "this node does not lead; ask the active");
}

TEST_CASE("sessions are ended as named, and the answer says since when that is committed") {
  Node node;
  node.control.with([](FakeState& s) {
    s.sessions.assign(3, full_session());
    s.epoch = 41;
  });
  v1::EndSessionsRequest request;
  request.set_protocol("tcp");
  request.set_source("10.80.1.5");
  request.set_destination("198.51.100.7");
  Call call;
  v1::EndSessionsResponse response;
  REQUIRE(node.stub->EndSessions(&call, request, &response).ok());
  CHECK(response.sessions() == 3);
  CHECK(response.committed_epoch() == 41);
  const auto asked = node.control.with([](FakeState& s) { return s.ended; });
  REQUIRE(asked);
  CHECK(asked->protocol == "tcp");
  CHECK(asked->source == "10.80.1.5");
  CHECK(asked->destination == "198.51.100.7");
}

TEST_CASE("all sessions are ended only where that is what was said") {
  Node node;
  const auto end = [&](const v1::EndSessionsRequest& request) {
    Call call;
    v1::EndSessionsResponse response;
    return node.stub->EndSessions(&call, request, &response).error_code();
  };
  v1::EndSessionsRequest request;
  CHECK(end(request) == grpc::INVALID_ARGUMENT);
  request.set_protocol("udp");
  request.set_all(true);
  CHECK(end(request) == grpc::INVALID_ARGUMENT);
  CHECK_FALSE(node.control.with([](FakeState& s) { return s.ended.has_value(); }));
  request.clear_protocol();
  request.set_port(443);
  CHECK(end(request) == grpc::INVALID_ARGUMENT);
  request.clear_port();
  CHECK(end(request) == grpc::OK);
}

TEST_CASE("a checkpoint answers with the epoch that it committed") {
  Node node;
  node.control.with([](FakeState& s) { s.epoch = 41; });
  Call call;
  v1::TakeCheckpointResponse response;
  REQUIRE(node.stub->TakeCheckpoint(&call, {}, &response).ok());
  CHECK(response.committed_epoch() == 42);
}

TEST_CASE("the policy in force is told") {
  Node node;
  node.control.with([](FakeState& s) { s.policy = {2ms, 150us, 11ms, 77}; });
  Call call;
  v1::GetPolicyResponse response;
  REQUIRE(node.stub->GetPolicy(&call, {}, &response).ok());
  CHECK(response.policy().interval_ns() == 2'000'000);
  CHECK(response.policy().min_interval_ns() == 150'000);
  CHECK(response.policy().quiesce_timeout_ns() == 11'000'000);
  CHECK(response.policy().dirty_bytes() == 77);
}

TEST_CASE("setting one field of the policy leaves the others as they are") {
  Node node;
  v1::SetPolicyRequest request;
  Policy expected = node.control.policy();
  SECTION("interval") {
    request.set_interval_ns(3'000'000);
    expected.interval = 3ms;
  }
  SECTION("min interval") {
    request.set_min_interval_ns(200'000);
    expected.min_interval = 200us;
  }
  SECTION("quiesce timeout") {
    request.set_quiesce_timeout_ns(20'000'000);
    expected.quiesce_timeout = 20ms;
  }
  SECTION("dirty bytes, to the value that would be the default") {
    request.set_dirty_bytes(0);
    expected.dirty_bytes = 0;
  }
  SECTION("none at all") {}
  Call call;
  v1::SetPolicyResponse response;
  REQUIRE(node.stub->SetPolicy(&call, request, &response).ok());
  const auto now = node.control.policy();
  CHECK(now.interval == expected.interval);
  CHECK(now.min_interval == expected.min_interval);
  CHECK(now.quiesce_timeout == expected.quiesce_timeout);
  CHECK(now.dirty_bytes == expected.dirty_bytes);
  CHECK(response.policy().interval_ns() == expected.interval.count());
  CHECK(response.policy().dirty_bytes() == expected.dirty_bytes);
}

TEST_CASE("two callers that change different fields at once do not undo each other's change") {
  Node node;
  constexpr int kRounds = 200;
  const auto repeat = [&](auto set) {
    for (int i = 1; i <= kRounds; ++i) {
      Call call;
      v1::SetPolicyRequest request;
      set(request, i);
      v1::SetPolicyResponse response;
      if (!node.stub->SetPolicy(&call, request, &response).ok()) return;
    }
  };
  std::thread other(
      [&] { repeat([](v1::SetPolicyRequest& request, int i) { request.set_interval_ns(i); }); });
  int undone = 0;
  repeat([&](v1::SetPolicyRequest& request, int i) {
    if (node.control.policy().dirty_bytes != (i == 1 ? 1u << 20 : i - 1u)) ++undone;
    request.set_dirty_bytes(i);
  });
  other.join();
  CHECK(undone == 0);
  CHECK(node.control.policy().interval == Nanos(kRounds));
  CHECK(node.control.policy().dirty_bytes == kRounds);
}

TEST_CASE("quiesce passes its limit on, and resume ends it") {
  Node node;
  Call quiesce_call;
  v1::QuiesceRequest request;
  request.set_limit_ms(1500);
  v1::QuiesceResponse quiesced;
  REQUIRE(node.stub->Quiesce(&quiesce_call, request, &quiesced).ok());
  CHECK(node.control.with([](FakeState& s) { return s.quiesced; }) == std::optional<Nanos>(1500ms));

  Call resume_call;
  v1::ResumeResponse resumed;
  REQUIRE(node.stub->Resume(&resume_call, {}, &resumed).ok());
  CHECK(node.control.with([](FakeState& s) { return s.resumed; }) == 1);
}

}  // namespace stillwater::mgmt::test
