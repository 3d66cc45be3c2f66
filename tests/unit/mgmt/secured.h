// A fake node that serves over TLS on loopback, its authority, and clients of it.
#pragma once

#include "mgmt/tls.h"
#include "tests/unit/mgmt/node.h"
#include "tests/unit/mgmt/test_authority.h"

namespace stillwater::mgmt::test {

struct Secured {
  Secured() : Secured(std::nullopt) {}
  explicit Secured(const std::optional<TlsFiles>& files);  // in place of a good node certificate

  TestAuthority authority;
  FakeControl control;
  std::unique_ptr<Server> server;
  std::string address;  // 127.0.0.1:PORT
};

// A channel with a connection of its own.
[[nodiscard]] std::shared_ptr<grpc::Channel> channel_to(
    const std::string& address, const std::shared_ptr<grpc::ChannelCredentials>& credentials);
[[nodiscard]] std::shared_ptr<grpc::Channel> channel_to(const std::string& address, const TlsFiles& files);

// What GetStatus over a new connection comes to.
[[nodiscard]] grpc::Status status_of(const std::shared_ptr<grpc::Channel>& channel);
[[nodiscard]] grpc::Status status_of(const std::string& address, const TlsFiles& files);

}  // namespace stillwater::mgmt::test
