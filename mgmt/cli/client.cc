#include "mgmt/cli/client.h"

#include <chrono>

#include <fmt/format.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>

#include "mgmt/cli/duration.h"
#include "mgmt/error_status.h"

namespace stillwater::mgmt::cli {
namespace {

std::shared_ptr<grpc::Channel> channel_to(const std::string& address) {
  grpc::ChannelArguments arguments;
  // A management address is meant as written; a proxy from the environment could not reach it.
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  return grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments);
}

bool said_by_the_node(const grpc::ClientContext& call) {
  return call.GetServerTrailingMetadata().contains(kErrorMetadata);
}

}  // namespace

Client::Client(std::string address, Nanos timeout)
    : address_(std::move(address)), timeout_(timeout), stub_(v1::Appliance::NewStub(channel_to(address_))) {}

Answer<std::vector<v1::Session>> Client::sessions(std::uint64_t limit) {
  grpc::ClientContext call;
  bound(call);
  v1::ListSessionsRequest request;
  request.set_limit(limit);
  const auto reader = stub_->ListSessions(&call, request);
  std::vector<v1::Session> sessions;
  for (v1::Session session; reader->Read(&session);) sessions.push_back(session);
  const auto status = reader->Finish();
  if (!status.ok()) return tl::unexpected(failure(status, call));
  return sessions;
}

void Client::bound(grpc::ClientContext& call) const {
  call.set_deadline(std::chrono::system_clock::now() +
                    std::chrono::duration_cast<std::chrono::system_clock::duration>(timeout_));
}

Failure Client::failure(const grpc::Status& status, const grpc::ClientContext& call) const {
  if (said_by_the_node(call)) return {Exit::node_refused, status.error_message()};
  switch (status.error_code()) {
    case grpc::StatusCode::UNAVAILABLE:
      return {Exit::unreachable,
              fmt::format("cannot reach a node at {}: {}\nIs the daemon running, and is --address (or "
                          "STILLWATER_ADDRESS) its management address?",
                          address_, status.error_message())};
    case grpc::StatusCode::DEADLINE_EXCEEDED:
      return {Exit::unreachable, fmt::format("no answer from {} within {}; --timeout allows more", address_,
                                             format_duration(timeout_))};
    case grpc::StatusCode::UNIMPLEMENTED:
      return {Exit::node_refused,
              fmt::format("the server at {} does not know this command; is it a Stillwater node "
                          "of this version or a later one?",
                          address_)};
    default:
      return {Exit::node_refused, fmt::format("the call to {} failed: {} (gRPC status {})", address_,
                                              status.error_message(), static_cast<int>(status.error_code()))};
  }
}

}  // namespace stillwater::mgmt::cli
