#include "tests/unit/mgmt/node.h"

#include <stdexcept>

#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>

namespace stillwater::mgmt::test {

std::shared_ptr<grpc::Channel> channel_to(const std::string& address) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  // Without it a channel to an address shares the connection of an earlier channel to it.
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  return grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments);
}

std::string Call::node_error() const {
  const auto& metadata = GetServerTrailingMetadata();
  const auto found = metadata.find("stillwater-error");
  return found == metadata.end() ? "" : std::string(found->second.data(), found->second.size());
}

Node::Node() {
  auto started = Server::start(control, {.address = "unix:" + socket});
  if (!started) throw std::runtime_error(started.error().message);
  server = std::move(*started);
  channel = channel_to("unix:" + socket);
  stub = v1::Appliance::NewStub(channel);
}

}  // namespace stillwater::mgmt::test
