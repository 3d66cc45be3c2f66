// The witness over gRPC: what it answers, and how it refuses.
#include <fstream>

#include <catch2/catch.hpp>
#include <grpcpp/grpcpp.h>

#include "mgmt/arbiter/wire.h"
#include "mgmt/witness/witness.h"
#include "tests/unit/mgmt/node.h"
#include "tests/unit/witness/records.h"

namespace stillwater::mgmt::witness::test {
namespace {

using arbiter::to_message;
using mgmt::test::Call;
using mgmt::test::channel_to;
using mgmt::test::Scratch;

struct Served {
  Scratch scratch;
  std::unique_ptr<Witness> witness =
      value(Witness::start({.listen = "unix:" + scratch / "witness.sock", .data = scratch / "data"}));
  std::unique_ptr<v1::Arbiter::Stub> stub = v1::Arbiter::NewStub(channel_to(witness->address()));
};

v1::CompareAndSwapRequest swap_of(const ArbiterRecord& expected, const ArbiterRecord& next) {
  v1::CompareAndSwapRequest request;
  request.set_pair("edge");
  *request.mutable_expected() = to_message(expected);
  *request.mutable_next() = to_message(next);
  return request;
}

struct Refusal {
  grpc::StatusCode code;
  std::string word;  // the trailing metadata
  std::string message;
};

Refusal refusal(const Served& served, const v1::CompareAndSwapRequest& request) {
  Call call;
  v1::CompareAndSwapResponse response;
  const auto status = served.stub->CompareAndSwap(&call, request, &response);
  return {status.error_code(), call.node_error(), status.error_message()};
}

}  // namespace

TEST_CASE("a record is swapped and read over a unix socket") {
  const Served served;
  Call swapping;
  v1::CompareAndSwapResponse swapped;
  REQUIRE(served.stub->CompareAndSwap(&swapping, swap_of({}, record(1, "a", {"b"})), &swapped).ok());
  CHECK(swapped.swapped());
  Call again;
  REQUIRE(served.stub->CompareAndSwap(&again, swap_of({}, record(1)), &swapped).ok());
  CHECK_FALSE(swapped.swapped());
  CHECK(value(arbiter::to_record(swapped.record())) == record(1, "a", {"b"}));
  Call reading;
  v1::ReadRequest request;
  request.set_pair("edge");
  v1::ReadResponse response;
  REQUIRE(served.stub->Read(&reading, request, &response).ok());
  CHECK(value(arbiter::to_record(response.record())) == record(1, "a", {"b"}));
}

TEST_CASE("what breaks a rule is INVALID_ARGUMENT, and says what is wrong") {
  const Served served;
  const auto good = swap_of({}, record(1));
  const auto check = [&](auto change, const std::string& says) {
    auto request = good;
    change(request);
    const auto refused = refusal(served, request);
    CHECK(refused.code == grpc::StatusCode::INVALID_ARGUMENT);
    CHECK(refused.word == "invalid_argument");
    CHECK_THAT(refused.message, Catch::Contains(says));
  };
  check([](auto& r) { r.set_pair("a/b"); }, "'a/b' is not a pair's name");
  check([](auto& r) { r.clear_pair(); }, "is not a pair's name");
  check([](auto& r) { r.clear_next(); }, "next has term 0");
  check([](auto& r) { r.mutable_next()->set_term(2); }, "raises the term by one");
  check([](auto& r) { r.mutable_next()->set_active("b"); }, "next: the active, 'b', is not in in_sync");
  check([](auto& r) { r.mutable_next()->add_in_sync("a"); }, "next: in_sync names a node twice");
  check([](auto& r) { r.mutable_next()->set_region_id("short"); }, "next: region_id has 5 bytes");
  check([](auto& r) { r.mutable_expected()->set_active("b"); }, "expected: a record of term 0 names nodes");
  CHECK(refusal(served, good).code == grpc::StatusCode::OK);
}

TEST_CASE("a request that is larger than any real one is refused before it is read") {
  const Served served;
  auto request = swap_of({}, record(1));
  request.mutable_next()->set_active(std::string(100'000, 'a'));
  CHECK(refusal(served, request).code == grpc::StatusCode::RESOURCE_EXHAUSTED);
}

TEST_CASE("a damaged record is DATA_LOSS for its pair; the witness starts and serves the others") {
  Served served;
  served.witness.reset();
  std::ofstream(served.scratch / "data/edge.record") << "stillwater-witness 1\npair ed";
  served.witness = value(
      Witness::start({.listen = "unix:" + served.scratch / "witness.sock", .data = served.scratch / "data"}));
  served.stub = v1::Arbiter::NewStub(channel_to(served.witness->address()));
  const auto refused = refusal(served, swap_of({}, record(1)));
  CHECK(refused.code == grpc::StatusCode::DATA_LOSS);
  CHECK(refused.word == "corrupt");
  CHECK_THAT(refused.message, Catch::Contains("pair edge is damaged"));
  auto other = swap_of({}, record(1));
  other.set_pair("core");
  CHECK(refusal(served, other).code == grpc::StatusCode::OK);
}

TEST_CASE("a disk that fails is UNAVAILABLE") {
  const Served served;
  std::filesystem::create_symlink("nowhere", served.scratch / "data/edge.new");
  const auto refused = refusal(served, swap_of({}, record(1)));
  CHECK(refused.code == grpc::StatusCode::UNAVAILABLE);
  CHECK(refused.word == "unavailable");
  CHECK_THAT(refused.message, Catch::Contains("the old record stays"));
}

}  // namespace stillwater::mgmt::witness::test
