// A fake node that serves on a unix socket of its own, and a client of it.
#pragma once

#include <memory>
#include <string>

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>

#include "mgmt/server.h"
#include "stillwater/v1/stillwater.grpc.pb.h"
#include "tests/unit/mgmt/fake_control.h"
#include "tests/unit/mgmt/scratch.h"

namespace stillwater::mgmt::test {

// Every call of a test ends within this time.
inline constexpr auto kPatience = std::chrono::seconds(20);

[[nodiscard]] std::shared_ptr<grpc::Channel> channel_to(const std::string& address);

// A client context with the deadline of the tests.
class Call : public grpc::ClientContext {
 public:
  Call() { set_deadline(std::chrono::system_clock::now() + kPatience); }

  // The word in the trailing metadata, or nothing.
  [[nodiscard]] std::string node_error() const;
};

struct Node {
  Node();

  Scratch scratch;
  std::string socket = scratch / "node.sock";
  FakeControl control;
  std::unique_ptr<Server> server;  // listens at unix:socket
  std::shared_ptr<grpc::Channel> channel;
  std::unique_ptr<v1::Appliance::Stub> stub;
};

}  // namespace stillwater::mgmt::test
