#include "tests/unit/mgmt/secured.h"

#include <stdexcept>

#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>

namespace stillwater::mgmt::test {
namespace {

template <class T>
T value(Result<T> result) {
  if (!result) throw std::runtime_error(result.error().message);
  return std::move(*result);
}

}  // namespace

Secured::Secured(const std::optional<TlsFiles>& files) {
  const TlsFiles own = files ? *files : authority.node("fw-a");
  server = value(Server::start(control, {.address = "127.0.0.1:0", .files = own}));
  address = server->address();
}

std::shared_ptr<grpc::Channel> channel_to(const std::string& address,
                                          const std::shared_ptr<grpc::ChannelCredentials>& credentials) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  return grpc::CreateCustomChannel(address, credentials, arguments);
}

std::shared_ptr<grpc::Channel> channel_to(const std::string& address, const TlsFiles& files) {
  return channel_to(address, value(channel_credentials(files)));
}

grpc::Status status_of(const std::shared_ptr<grpc::Channel>& channel) {
  Call call;
  v1::GetStatusResponse response;
  return v1::Appliance::NewStub(channel)->GetStatus(&call, {}, &response);
}

grpc::Status status_of(const std::string& address, const TlsFiles& files) {
  return status_of(channel_to(address, files));
}

}  // namespace stillwater::mgmt::test
