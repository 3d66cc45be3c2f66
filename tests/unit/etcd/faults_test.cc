// The client against a real etcd that is away, killed and frozen.
#include <array>
#include <chrono>
#include <condition_variable>
#include <csignal>
#include <mutex>

#include <catch2/catch.hpp>
#include <grpcpp/grpcpp.h>

#include "tests/unit/etcd/etcd_server.h"
#include "tests/unit/etcd/stored.h"

namespace stillwater::mgmt::etcd::test {
namespace {

using Catch::Contains;
using std::chrono::steady_clock;

std::unique_ptr<EtcdClient> client_of(std::vector<std::string> endpoints, Nanos deadline) {
  return value(EtcdClient::create(
      {.endpoints = std::move(endpoints), .pair = "edge", .deadline = deadline, .tls = Tls::none}));
}

// Three members of one etcd that no more than answers reads: the one that is asked first does so when all
// three have been asked, the others do not.
class SlowMembers final : public etcdserverpb::KV::Service {
 public:
  SlowMembers() {
    for (std::size_t i = 0; i < addresses.size(); ++i) {
      int port = 0;
      grpc::ServerBuilder builder;
      builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
      builder.RegisterService(this);
      servers_.push_back(builder.BuildAndStart());
      addresses[i] = "127.0.0.1:" + std::to_string(port);
    }
  }

  grpc::Status Range(grpc::ServerContext* call, const etcdserverpb::RangeRequest*,
                     etcdserverpb::RangeResponse* response) override {
    std::unique_lock lock(mutex_);
    const bool first = ++asked_ == 1;
    changed_.notify_all();
    const auto done = [&] { return first ? asked_ == addresses.size() : call->IsCancelled(); };
    while (!done() && !call->IsCancelled()) changed_.wait_for(lock, 10ms);
    response->mutable_header()->set_cluster_id(1);
    return done() ? grpc::Status::OK : grpc::Status::CANCELLED;
  }

  std::array<std::string, 3> addresses;

 private:
  std::mutex mutex_;  // guards what follows
  std::condition_variable changed_;
  std::size_t asked_ = 0;
  std::vector<std::unique_ptr<grpc::Server>> servers_;
};

// What the record may be: `known`, or what an unanswered swap would have made of it.
struct Possible {
  ArbiterRecord known;
  std::optional<ArbiterRecord> unanswered;

  void learn(const ArbiterAnswer& answer, const ArbiterRecord& asked) {
    if (answer.kind == Kind::unanswered)
      unanswered = asked;
    else
      known = answer.newest;
  }
  void settle(const ArbiterRecord& there) {
    const bool fits = there == known || there == unanswered;
    REQUIRE(fits);
    known = there;
    unanswered.reset();
  }
};

}  // namespace

TEST_CASE("etcd: killed in a stream of swaps, it has every swap that it answered, and at most the one more") {
  EtcdServer etcd;
  const auto client = etcd.client(2s);
  Possible model{.known = read_at_last(*client), .unanswered = {}};
  for (int round = 0; round < 5; ++round) {
    for (int i = 0; i < 5 * (round + 1); ++i) {
      const auto next = record(model.known.term + 1, i % 2 == 0 ? "a" : "b");
      const auto answer = swap(*client, model.known, next);
      REQUIRE(answer.kind == Kind::swapped);
      model.learn(answer, next);
    }
    const auto next = record(model.known.term + 1, "a", {"b"});
    client->swap(model.known, next);
    etcd.kill();
    model.learn(answer_of(*client), next);
    etcd.start();
    model.settle(read_at_last(*client));
  }
  CHECK(model.known.term >= 75);
  CHECK(puts(etcd.address()) == model.known.term);
}

TEST_CASE("etcd: frozen for longer than the deadline, a swap is unanswered in time, and done or not done") {
  constexpr Nanos kDeadline = 300ms;
  EtcdServer etcd;
  const auto client = etcd.client(kDeadline);
  Possible model{.known = read_at_last(*client), .unanswered = {}};
  for (int round = 0; round < 5; ++round) {
    etcd.send(SIGSTOP);
    const auto next = record(model.known.term + 1, "a", {"b"});
    const auto start = steady_clock::now();
    const auto answer = swap(*client, model.known, next);
    CHECK(steady_clock::now() - start < kDeadline + 100ms);
    CHECK(answer.kind == Kind::unanswered);
    CHECK_THAT(answer.why, Contains(etcd.address() + ": no answer within 300 ms"));
    model.learn(answer, next);
    etcd.send(SIGCONT);
    model.settle(read_at_last(*client));
    // The frozen swap may still happen after that read; the next one finds out which is true.
    const auto after = record(model.known.term + 1, "b");
    auto settled = swap(*client, model.known, after);
    if (settled.kind == Kind::unanswered) {
      const auto now = read_at_last(*client);
      REQUIRE((now == model.known || now == next || now == after));
      model.known = now;
    } else {
      REQUIRE((settled.newest == after || settled.newest == next));
      model.known = settled.newest;
    }
  }
  CHECK(puts(etcd.address()) == model.known.term);
}

TEST_CASE("etcd: away at the start it is unanswered, with the reason, and found when it comes") {
  EtcdServer etcd;
  etcd.kill();
  const auto client = etcd.client(300ms);
  const auto start = steady_clock::now();
  client->read();
  CHECK_FALSE(client->take_answer().has_value());
  const auto answer = answer_of(*client);
  CHECK(steady_clock::now() - start < 400ms);
  CHECK(answer.kind == Kind::unanswered);
  CHECK_THAT(answer.why, Contains("etcd at " + etcd.address()) && Contains("refused"));
  etcd.start();
  CHECK(read_at_last(*client) == ArbiterRecord{});
}

TEST_CASE("etcd: the next endpoint is asked where one is away or frozen; another etcd is not believed") {
  EtcdServer first;
  EtcdServer second;
  REQUIRE(read_at_last(*first.client()) == ArbiterRecord{});
  REQUIRE(read_at_last(*second.client()) == ArbiterRecord{});
  const HeldPort nobody;
  const auto client = client_of({nobody.address(), second.address()}, 2s);
  CHECK(read(*client).kind == Kind::record);
  CHECK(swap(*client, {}, record(1)).kind == Kind::swapped);

  first.send(SIGSTOP);
  const auto patient = client_of({first.address(), second.address()}, 2s);
  CHECK(read(*patient).newest == record(1));
  first.send(SIGCONT);
  second.kill();
  const auto other = read(*patient);
  CHECK(other.kind == Kind::unanswered);
  CHECK_THAT(other.why, Contains("is of another cluster"));
}

TEST_CASE("etcd: a member that answers late is believed, although the others were asked meanwhile") {
  const SlowMembers etcd;
  const auto client = client_of({etcd.addresses.begin(), etcd.addresses.end()}, 3s);
  const auto answer = read(*client);
  INFO(answer.why);
  CHECK(answer.kind == Kind::record);
}

TEST_CASE("etcd: a client that ends in the middle of a request does not wait for it") {
  EtcdServer etcd;
  auto client = etcd.client(60s);
  REQUIRE(read_at_last(*client) == ArbiterRecord{});
  etcd.send(SIGSTOP);
  client->read();
  const auto start = steady_clock::now();
  client.reset();
  CHECK(steady_clock::now() - start < 5s);
}

}  // namespace stillwater::mgmt::etcd::test
