#include "mgmt/cli/client.h"

#include <chrono>

#include <fmt/format.h>
#include <grpc/support/log.h>
#include <grpcpp/create_channel.h>

#include "mgmt/cli/duration.h"
#include "mgmt/cli/tls_probe.h"
#include "mgmt/error_status.h"

namespace stillwater::mgmt::cli {
namespace {

constexpr Nanos kForWords = 1s;  // to find out what is wrong with TLS

std::shared_ptr<grpc::Channel> channel_to(const std::string& address,
                                          const std::shared_ptr<grpc::ChannelCredentials>& credentials) {
  grpc::ChannelArguments arguments;
  // A management address is meant as written; a proxy from the environment could not reach it.
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  return grpc::CreateCustomChannel(address, credentials, arguments);
}

bool said_by_the_node(const grpc::ClientContext& call) {
  return call.GetServerTrailingMetadata().contains(kErrorMetadata);
}

}  // namespace

Client::Client(const Arguments& arguments, const std::shared_ptr<grpc::ChannelCredentials>& credentials)
    : address_(arguments.address),
      protection_(arguments.protection),
      timeout_(arguments.timeout),
      stub_(v1::Appliance::NewStub(channel_to(address_, credentials))) {}

Answer<Client> Client::connect(const Arguments& arguments) {
  // gRPC writes of its own about handshakes that fail; failure() says it in words.
  gpr_set_log_function([](gpr_log_func_args*) {});
  const auto credentials = channel_protection(arguments.address, arguments.protection);
  if (!credentials) return tl::unexpected(Failure{Exit::usage, credentials.error().message});
  return Client(arguments, *credentials);
}

Answer<std::vector<v1::Session>> Client::sessions(std::uint64_t limit, const v1::SessionFilter& filter) {
  grpc::ClientContext call;
  bound(call);
  v1::ListSessionsRequest request;
  request.set_limit(limit);
  *request.mutable_filter() = filter;
  return read_all(call, *stub_->ListSessions(&call, request));
}

Answer<std::vector<v1::Binding>> Client::bindings(std::uint64_t limit, const v1::BindingFilter& filter) {
  grpc::ClientContext call;
  bound(call);
  v1::ListBindingsRequest request;
  request.set_limit(limit);
  *request.mutable_filter() = filter;
  return read_all(call, *stub_->ListBindings(&call, request));
}

Answer<std::vector<v1::Route>> Client::routes(std::uint64_t limit, const std::string& source) {
  grpc::ClientContext call;
  bound(call);
  v1::ListRoutesRequest request;
  request.set_limit(limit);
  request.set_source(source);
  return read_all(call, *stub_->ListRoutes(&call, request));
}

template <class Message>
Answer<std::vector<Message>> Client::read_all(grpc::ClientContext& call,
                                              grpc::ClientReaderInterface<Message>& reader) const {
  std::vector<Message> messages;
  for (Message message; reader.Read(&message);) messages.push_back(message);
  const auto status = reader.Finish();
  if (!status.ok()) return tl::unexpected(failure(status, call));
  return messages;
}

void Client::bound(grpc::ClientContext& call) const {
  call.set_deadline(std::chrono::system_clock::now() +
                    std::chrono::duration_cast<std::chrono::system_clock::duration>(timeout_));
}

Failure Client::failure(const grpc::Status& status, const grpc::ClientContext& call) const {
  if (said_by_the_node(call))
    return {Exit::node_refused, status.error_message(),
            status.error_code() == grpc::StatusCode::DEADLINE_EXCEEDED};
  switch (status.error_code()) {
    case grpc::StatusCode::UNAVAILABLE:
      return unreachable(status);
    case grpc::StatusCode::PERMISSION_DENIED:
      return {Exit::node_refused, status.error_message()};
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

Failure Client::unreachable(const grpc::Status& status) const {
  if (const auto address = parse_address(address_); address && std::holds_alternative<TcpAddress>(*address)) {
    if (const auto fault = tls_fault(address_, protection_.files, kForWords))
      return {Exit::unreachable, fmt::format("no secure connection to {}: {}", address_, *fault)};
  }
  return {Exit::unreachable,
          fmt::format("cannot reach a node at {}: {}\nIs the daemon running, and is --address (or "
                      "STILLWATER_ADDRESS) its management address?",
                      address_, status.error_message())};
}

}  // namespace stillwater::mgmt::cli
