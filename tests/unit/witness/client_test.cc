// The client against real witnesses, present, gone and stalled.
#include <chrono>
#include <filesystem>
#include <future>

#include <catch2/catch.hpp>

#include "mgmt/arbiter/wire.h"
#include "mgmt/grpc_server.h"
#include "mgmt/witness/witness.h"
#include "tests/unit/mgmt/scratch.h"
#include "tests/unit/witness/asking.h"
#include "tests/unit/witness/records.h"

namespace stillwater::mgmt::witness::test {
namespace {

using Catch::Contains;
using mgmt::test::Scratch;

struct Room {
  Scratch scratch;
  std::string address = "unix:" + scratch / "witness.sock";
  std::string data = scratch / "data";

  [[nodiscard]] std::unique_ptr<Witness> witness() const {
    return value(Witness::start({.listen = address, .data = data}));
  }
};

// Takes requests and answers none before it is let go; then with what it was given.
class Stalled final : public v1::Arbiter::Service {
 public:
  explicit Stalled(const ArbiterRecord& says) : says_(arbiter::to_message(says)) {}

  grpc::Status Read(grpc::ServerContext*, const v1::ReadRequest*, v1::ReadResponse* response) override {
    let_go_.wait();
    *response->mutable_record() = says_;
    return grpc::Status::OK;
  }
  grpc::Status CompareAndSwap(grpc::ServerContext*, const v1::CompareAndSwapRequest*,
                              v1::CompareAndSwapResponse* response) override {
    let_go_.wait();
    response->set_swapped(true);
    *response->mutable_record() = says_;
    return grpc::Status::OK;
  }
  void let_go() { gate_.set_value(); }

 private:
  v1::Record says_;
  std::promise<void> gate_;
  std::shared_future<void> let_go_ = gate_.get_future().share();
};

class StalledWitness {
 public:
  explicit StalledWitness(const std::string& address, const ArbiterRecord& says = {})
      : service_(says),
        server_(value(GrpcServer::start(
            service_, {.address = address, .credentials = nullptr, .service_name = "stalled"}))) {}
  ~StalledWitness() {
    if (!gone_on_) service_.let_go();
  }
  void go_on() {
    gone_on_ = true;
    service_.let_go();
  }

 private:
  Stalled service_;
  bool gone_on_ = false;
  std::unique_ptr<GrpcServer> server_;
};

class Stopwatch {
 public:
  [[nodiscard]] Nanos elapsed() const { return std::chrono::steady_clock::now() - start_; }

 private:
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

}  // namespace

TEST_CASE("a node reads, swaps, and is told of the newest record when another was first") {
  const Room room;
  const auto witness = room.witness();
  const auto client = client_of(room.address);
  const auto empty = read(*client);
  CHECK(empty.kind == Kind::record);
  CHECK(empty.newest == ArbiterRecord{});
  const auto first = swap(*client, {}, record(1, "a", {"b"}));
  CHECK(first.kind == Kind::swapped);
  CHECK(first.newest == record(1, "a", {"b"}));
  const auto late = swap(*client, {}, record(1, "b"));
  CHECK(late.kind == Kind::refused);
  CHECK(late.newest == record(1, "a", {"b"}));
  CHECK(read(*client_of(room.address, kPatience, "core")).newest == ArbiterRecord{});
}

TEST_CASE("of two nodes that ask at once exactly one gets the term, and the other is told whom it went to") {
  const Room room;
  const auto witness = room.witness();
  const auto a = client_of(room.address);
  const auto b = client_of(room.address);
  auto current = ArbiterRecord{};
  int won_by_a = 0;
  for (std::uint64_t term = 1; term <= 50; ++term) {
    a->swap(current, record(term, "a"));
    b->swap(current, record(term, "b"));
    const auto of_a = answer_of(*a);
    const auto of_b = answer_of(*b);
    const bool a_won = of_a.kind == Kind::swapped;
    won_by_a += a_won ? 1 : 0;
    REQUIRE((a_won ? of_b.kind : of_a.kind) == Kind::refused);
    REQUIRE((a_won ? of_a.kind : of_b.kind) == Kind::swapped);
    current = record(term, a_won ? "a" : "b");
    REQUIRE(of_a.newest == current);
    REQUIRE(of_b.newest == current);
  }
  INFO(won_by_a);
  CHECK(read(*a).newest == current);
}

TEST_CASE("nobody is there: unanswered at the deadline, with the reason, and the caller is never blocked") {
  const Room room;
  const auto client = client_of(room.address, 300ms);
  const Stopwatch since;
  client->read();
  CHECK_FALSE(client->take_answer().has_value());
  CHECK(since.elapsed() < 250ms);
  const auto answer = answer_of(*client);
  CHECK(since.elapsed() >= 250ms);
  CHECK(answer.kind == Kind::unanswered);
  CHECK_THAT(answer.why, Contains(room.address) && Contains("No such file"));
}

TEST_CASE("a witness that comes while it is asked for is found within the request") {
  const Room room;
  const auto client = client_of(room.address);
  REQUIRE(read(*client_of(room.address, 100ms)).kind == Kind::unanswered);
  client->read();
  const auto witness = room.witness();
  const Stopwatch since;
  CHECK(answer_of(*client).kind == Kind::record);
  CHECK(since.elapsed() < 3s);
}

TEST_CASE("a stalled witness: unanswered at the deadline; the next request goes over a new connection") {
  const Room room;
  StalledWitness stalled(room.address, record(1));
  const auto client = client_of(room.address, 200ms);
  const Stopwatch since;
  const auto answer = swap(*client, {}, record(1));
  CHECK(answer.kind == Kind::unanswered);
  CHECK_THAT(answer.why, Contains("no answer within 200 ms"));
  CHECK(since.elapsed() >= 200ms);
  CHECK(since.elapsed() < 5s);
  stalled.go_on();
  // A late answer to the first request is nobody's; this is the answer to the second.
  client->read();
  const auto second = answer_of(*client);
  CHECK((second.kind == Kind::record || second.kind == Kind::unanswered));
  CHECK(read(*client_of(room.address)).newest == record(1));
}

TEST_CASE("a client that ends in the middle of a request does not wait for it") {
  const Room room;
  StalledWitness stalled(room.address);
  auto waiting = client_of(room.address, 60s);
  waiting->read();
  const Room empty;
  auto searching = client_of(empty.address, 60s);
  searching->read();
  const Stopwatch since;
  waiting.reset();
  searching.reset();
  CHECK(since.elapsed() < 5s);
}

TEST_CASE("a witness that refuses or cannot: unanswered, in the witness's words") {
  const Room room;
  const auto witness = room.witness();
  const auto client = client_of(room.address);
  const auto skipped = swap(*client, {}, record(2));
  CHECK(skipped.kind == Kind::unanswered);
  CHECK_THAT(skipped.why, Contains("raises the term by one"));
  std::filesystem::create_symlink("nowhere", room.data + "/edge.new");
  CHECK_THAT(swap(*client, {}, record(1)).why, Contains("the old record stays"));
  std::filesystem::remove(room.data + "/edge.new");
  CHECK(swap(*client, {}, record(1)).kind == Kind::swapped);
}

TEST_CASE("a witness that lost its records is not believed") {
  const Room room;
  auto witness = room.witness();
  const auto client = client_of(room.address);
  REQUIRE(swap(*client, {}, record(1)).kind == Kind::swapped);
  witness.reset();
  std::filesystem::remove_all(room.data);
  witness = room.witness();
  auto answer = read(*client);
  // The first request may still have gone to the witness that ended.
  if (answer.why.find("seen before") == std::string::npos) answer = read(*client);
  CHECK(answer.kind == Kind::unanswered);
  CHECK_THAT(answer.why, Contains("term 1 was seen before"));
}

TEST_CASE("an answer that does not fit the question is not believed") {
  const Room room;
  StalledWitness other(room.address, record(5, "b"));
  other.go_on();
  const auto client = client_of(room.address);
  const auto answer = swap(*client, {}, record(1));
  CHECK(answer.kind == Kind::unanswered);
  CHECK_THAT(answer.why, Contains("its answer cannot be"));
}

TEST_CASE("a client is not made for what cannot be: address, pair, TLS files missing") {
  const auto made = [](WitnessClientOptions options) { return error(WitnessClient::create(options)); };
  CHECK(made({.address = "nowhere", .pair = "edge"}).code == Errc::invalid_argument);
  CHECK(made({.address = "unix:/tmp/x", .pair = "a/b"}).code == Errc::invalid_argument);
  const auto bare = made({.address = "127.0.0.1:7702", .pair = "edge"});
  CHECK(bare.code == Errc::failed_precondition);
  CHECK_THAT(bare.message, Contains("needs TLS"));
}

}  // namespace stillwater::mgmt::witness::test
