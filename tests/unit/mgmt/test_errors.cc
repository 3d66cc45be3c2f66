// How a failure of the node, or a request that is out of range, comes back to the caller.
#include <algorithm>

#include <catch2/catch.hpp>

#include "tests/unit/mgmt/node.h"

namespace stillwater::mgmt::test {
namespace {

// Ends of each call that can fail, in the order of the service.
std::vector<std::pair<grpc::Status, std::string>> every_failing_call(Node& node) {
  std::vector<std::pair<grpc::Status, std::string>> ends;
  const auto end = [&](auto&& ask) {
    Call call;
    const grpc::Status status = ask(call);
    ends.emplace_back(status, call.node_error());
  };
  end([&](Call& call) {
    v1::Session session;
    const auto reader = node.stub->ListSessions(&call, v1::ListSessionsRequest());
    while (reader->Read(&session)) continue;
    return reader->Finish();
  });
  end([&](Call& call) {
    v1::EndSessionsRequest request;
    request.set_all(true);
    v1::EndSessionsResponse response;
    return node.stub->EndSessions(&call, request, &response);
  });
  end([&](Call& call) {
    v1::TakeCheckpointResponse response;
    return node.stub->TakeCheckpoint(&call, {}, &response);
  });
  end([&](Call& call) {
    v1::SetPolicyResponse response;
    return node.stub->SetPolicy(&call, {}, &response);
  });
  end([&](Call& call) {
    v1::QuiesceRequest request;
    request.set_limit_ms(1);
    v1::QuiesceResponse response;
    return node.stub->Quiesce(&call, request, &response);
  });
  end([&](Call& call) {
    v1::ResumeResponse response;
    return node.stub->Resume(&call, {}, &response);
  });
  return ends;
}

struct Mapping {
  Errc error;
  grpc::StatusCode code;
  const char* word;
};

}  // namespace

TEST_CASE("each kind of error has its status code and its word, from every call") {
  const auto mapping = GENERATE(
      Mapping{Errc::invalid_argument, grpc::INVALID_ARGUMENT, "invalid_argument"},
      Mapping{Errc::failed_precondition, grpc::FAILED_PRECONDITION, "failed_precondition"},
      Mapping{Errc::timed_out, grpc::DEADLINE_EXCEEDED, "timed_out"},
      Mapping{Errc::refused, grpc::ABORTED, "refused"}, Mapping{Errc::protocol, grpc::INTERNAL, "protocol"},
      Mapping{Errc::resource_exhausted, grpc::RESOURCE_EXHAUSTED, "resource_exhausted"},
      Mapping{Errc::unavailable, grpc::UNAVAILABLE, "unavailable"}, Mapping{Errc::io, grpc::INTERNAL, "io"},
      Mapping{Errc::corrupt, grpc::DATA_LOSS, "corrupt"});
  Node node;
  node.control.with([&](FakeState& s) { s.error = Error{mapping.error, "do this instead"}; });
  for (const auto& [status, word] : every_failing_call(node)) {
    CHECK(status.error_code() == mapping.code);
    CHECK(status.error_message() == "do this instead");
    CHECK(word == mapping.word);
  }
}

TEST_CASE("of more lines than a status can carry the first ones arrive, with the number of the others") {
  Node node;
  std::string message;
  for (int line = 1; line <= 300; ++line)
    message += (line == 1 ? "" : "\n") + std::to_string(line) +
               ": 'no-such-zone' is no port or zone; expected one of a, b";
  node.control.with([&](FakeState& s) { s.error = Error{Errc::invalid_argument, message}; });
  Call call;
  v1::ResumeResponse response;
  const grpc::Status status = node.stub->Resume(&call, {}, &response);
  CHECK(status.error_code() == grpc::INVALID_ARGUMENT);
  CHECK(call.node_error() == "invalid_argument");
  const std::string& read = status.error_message();
  const std::size_t end = read.find("\n... and ");
  REQUIRE(end != std::string::npos);
  CHECK(message.substr(0, end) == read.substr(0, end));
  const auto lines = std::count(read.begin(), read.begin() + static_cast<std::ptrdiff_t>(end), '\n') + 1;
  CHECK(read.substr(end) == "\n... and " + std::to_string(300 - lines) + " lines more");
}

TEST_CASE("a call that succeeds carries no error word") {
  Node node;
  Call call;
  v1::ResumeResponse response;
  REQUIRE(node.stub->Resume(&call, {}, &response).ok());
  CHECK(call.node_error().empty());
}

TEST_CASE("a quiesce limit out of range is refused before the node is asked") {
  const auto limit_ms = GENERATE(0u, 60'001u, 0xffffffffu);
  Node node;
  Call call;
  v1::QuiesceRequest request;
  request.set_limit_ms(limit_ms);
  v1::QuiesceResponse response;
  const auto status = node.stub->Quiesce(&call, request, &response);
  CHECK(status.error_code() == grpc::INVALID_ARGUMENT);
  CHECK_THAT(status.error_message(), Catch::Contains("expected 1 to 60000"));
  CHECK(call.node_error() == "invalid_argument");
  CHECK_FALSE(node.control.with([](FakeState& s) { return s.quiesced; }).has_value());
}

TEST_CASE("more sessions than a list may hold are refused") {
  Node node;
  Call call;
  v1::ListSessionsRequest request;
  request.set_limit(16'777'217);
  const auto reader = node.stub->ListSessions(&call, request);
  v1::Session session;
  CHECK_FALSE(reader->Read(&session));
  const auto status = reader->Finish();
  CHECK(status.error_code() == grpc::INVALID_ARGUMENT);
  CHECK_THAT(status.error_message(), Catch::Contains("16777216"));
}

}  // namespace stillwater::mgmt::test
