// What generic tools rely on: the health service and reflection. Their messages are small enough to be
// written here as bytes, so that no copy of their proto files is kept.
#include <catch2/catch.hpp>
#include <grpcpp/generic/generic_stub.h>

#include "tests/unit/mgmt/node.h"

namespace stillwater::mgmt::test {
namespace {

// Calls `method` with one message and returns the first answer's bytes, or the failure.
struct RawAnswer {
  grpc::Status status;
  std::string bytes;
};

grpc::ByteBuffer to_buffer(const std::string& bytes) {
  const grpc::Slice slice(bytes);
  return {&slice, 1};
}

std::string to_bytes(const grpc::ByteBuffer& buffer) {
  std::vector<grpc::Slice> slices;
  if (!buffer.Dump(&slices).ok()) return "";
  std::string bytes;
  for (const auto& slice : slices) bytes.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
  return bytes;
}

RawAnswer ask_raw(Node& node, const std::string& method, const std::string& request) {
  Call call;
  grpc::CompletionQueue queue;
  grpc::GenericStub stub(node.channel);
  const auto wait = [&] {  // the call's deadline bounds it
    void* tag = nullptr;
    bool ok = false;
    return queue.Next(&tag, &ok) && ok;
  };
  const auto stream = stub.PrepareCall(&call, method, &queue);
  RawAnswer answer;
  grpc::ByteBuffer response;
  stream->StartCall(nullptr);
  wait();
  stream->Write(to_buffer(request), nullptr);
  wait();
  stream->WritesDone(nullptr);
  wait();
  stream->Read(&response, nullptr);
  if (wait()) answer.bytes = to_bytes(response);
  stream->Finish(&answer.status, nullptr);
  wait();
  queue.Shutdown();
  return answer;
}

// A message with one string field, shorter than 128 bytes.
std::string with_string(int field, const std::string& value) {
  return std::string{static_cast<char>(field << 3 | 2), static_cast<char>(value.size())} + value;
}

RawAnswer health_of(Node& node, const std::string& service) {
  return ask_raw(node, "/grpc.health.v1.Health/Check", with_string(1, service));
}

const std::string kServing = {0x08, 0x01};

}  // namespace

TEST_CASE("health says that the node and its service are serving") {
  Node node;
  CHECK(health_of(node, "").bytes == kServing);
  CHECK(health_of(node, "stillwater.v1.Appliance").bytes == kServing);
  CHECK(health_of(node, "somebody.else").status.error_code() == grpc::NOT_FOUND);
}

TEST_CASE("reflection lists the service and gives its description") {
  Node node;
  const std::string method = "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo";
  const auto services = ask_raw(node, method, with_string(7, "*"));
  CHECK_THAT(services.bytes, Catch::Contains("stillwater.v1.Appliance"));
  CHECK_THAT(services.bytes, Catch::Contains("grpc.health.v1.Health"));
  const auto description = ask_raw(node, method, with_string(4, "stillwater.v1.Appliance"));
  CHECK_THAT(description.bytes, Catch::Contains("stillwater/v1/stillwater.proto"));
  CHECK_THAT(description.bytes, Catch::Contains("TakeCheckpoint"));
}

}  // namespace stillwater::mgmt::test
