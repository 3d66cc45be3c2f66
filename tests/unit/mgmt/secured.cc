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

std::chrono::sys_seconds now() {
  return std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
}

TlsFiles files_of(const pki::Issued& issued) { return {issued.ca, issued.certificate, issued.key}; }

}  // namespace

pki::Validity today() { return {now() - std::chrono::hours(1), now() + std::chrono::days(1)}; }

pki::Validity expired() { return {now() - std::chrono::hours(1), now() - std::chrono::minutes(1)}; }

TestAuthority::TestAuthority()
    : authority_(value(pki::Authority::create(scratch_ / "pki", "test CA",
                                              {today().from, today().until + std::chrono::hours(1)}))) {}

TlsFiles TestAuthority::node(const std::string& name, const std::string& address,
                             pki::Validity validity) const {
  return files_of(value(authority_.issue_node(name, {address}, validity)));
}

TlsFiles TestAuthority::client(const std::string& name, Role role, pki::Validity validity) const {
  return files_of(value(authority_.issue_client(name, role, validity)));
}

void TestAuthority::renew(const std::string& name) const { value(authority_.renew(name, today())); }

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
