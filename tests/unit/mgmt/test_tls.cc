// Mutual TLS at the management address: who is let in, who is believed, and renewal.
#include <filesystem>

#include <catch2/catch.hpp>
#include <grpcpp/security/auth_context.h>
#include <grpcpp/security/credentials.h>
#include <openssl/ssl.h>

#include "mgmt/pki/files.h"
#include "tests/unit/mgmt/process.h"
#include "tests/unit/mgmt/secured.h"

namespace stillwater::mgmt::test {
namespace {

using Catch::Contains;

bool let_in(const grpc::Status& status) {
  INFO(status.error_message());
  CHECK((status.ok() || status.error_code() == grpc::UNAVAILABLE));
  return status.ok();
}

// The server's certificate as a call over the channel sees it.
std::string certificate_seen(const std::shared_ptr<grpc::Channel>& channel) {
  Call call;
  v1::GetStatusResponse response;
  const auto status = v1::Appliance::NewStub(channel)->GetStatus(&call, {}, &response);
  if (!status.ok()) return "";
  const auto found = call.auth_context()->FindPropertyValues(GRPC_X509_PEM_CERT_PROPERTY_NAME);
  return found.empty() ? "" : std::string(found.front().data(), found.front().size());
}

// Tries until `done`, at most as long as a test may wait. Each try is a connection, so it does not spin.
bool comes_true(const std::function<bool()>& done) {
  const auto end = std::chrono::steady_clock::now() + kPatience;
  while (!done()) {
    if (std::chrono::steady_clock::now() > end) return false;
  }
  return true;
}

void copy(const TlsFiles& from, const TlsFiles& to) {
  const auto write = [](const std::string& source, const std::string& target) {
    REQUIRE(pki::write_over(target, pki::read_file(source).value(), 0600).has_value());
  };
  write(from.ca, to.ca);
  write(from.cert, to.cert);
  write(from.key, to.key);
}

// What the handshake of a client that speaks only this version comes to.
bool shakes_hands(const std::string& address, const TlsFiles& files, const std::string& version) {
  const auto done =
      run({"/usr/bin/timeout", "10", "/usr/bin/openssl", "s_client", "-connect", address, version, "-alpn",
           "h2", "-brief", "-CAfile", files.ca, "-cert", files.cert, "-key", files.key});
  return done.err.find("CONNECTION ESTABLISHED") != std::string::npos;
}

}  // namespace

TEST_CASE("a client with a certificate of the authority is served over TLS") {
  const Secured node;
  CHECK(let_in(status_of(node.address, node.authority.client("ann", Role::viewer))));
}

TEST_CASE("a client without a certificate, or without TLS, is not let in") {
  const Secured node;
  grpc::SslCredentialsOptions only_ca;
  only_ca.pem_root_certs = pki::read_file(node.authority.ca()).value();
  CHECK_FALSE(let_in(status_of(channel_to(node.address, grpc::SslCredentials(only_ca)))));
  CHECK_FALSE(let_in(status_of(channel_to(node.address, grpc::InsecureChannelCredentials()))));
}

TEST_CASE("a client of another authority is not let in, and does not believe the node") {
  const Secured node;
  const TestAuthority other;
  auto files = other.client("ann", Role::admin);
  CHECK_FALSE(let_in(status_of(node.address, files)));
  files.ca = node.authority.ca();
  CHECK_FALSE(let_in(status_of(node.address, files)));
}

TEST_CASE("a certificate that has expired is refused on either side") {
  const Secured node;
  CHECK_FALSE(let_in(status_of(node.address, node.authority.client("ann", Role::admin, expired()))));

  const TestAuthority authority;
  const Secured late(authority.node("fw-b", "127.0.0.1", expired()));
  CHECK_FALSE(let_in(status_of(late.address, authority.client("ann", Role::admin))));
}

TEST_CASE("a client believes only a server whose certificate is for the address it called") {
  const TestAuthority authority;
  const Secured another(authority.node("fw-b", "127.0.0.2"));
  CHECK_FALSE(let_in(status_of(another.address, authority.client("ann", Role::admin))));
  // Not even one that names itself like the address.
  const Secured pretender(authority.client("127.0.0.1", Role::admin));
  CHECK_FALSE(let_in(status_of(pretender.address, authority.client("bob", Role::admin))));
}

TEST_CASE("TLS 1.3 is spoken, and nothing older") {
  const Secured node;
  const auto files = node.authority.client("ann", Role::viewer);
  CHECK(shakes_hands(node.address, files, "-tls1_3"));
  CHECK_FALSE(shakes_hands(node.address, files, "-tls1_2"));
}

TEST_CASE("a renewed certificate is shown to the next connection, without a restart; open ones go on") {
  const Secured node;
  const auto client = node.authority.client("ann", Role::viewer);
  const auto open = channel_to(node.address, client);
  const auto before = certificate_seen(open);
  REQUIRE_FALSE(before.empty());
  node.authority.renew("fw-a");
  const auto seen_by_new = [&] { return certificate_seen(channel_to(node.address, client)); };
  REQUIRE(comes_true([&] { return seen_by_new() != before; }));
  CHECK_FALSE(seen_by_new().empty());
  CHECK(certificate_seen(open) == before);
}

TEST_CASE("files of another authority, put in the place of the old ones, are used without a restart") {
  const TestAuthority before;
  const auto files = before.node("fw-a");
  const Secured node(files);
  const auto old_client = before.client("ann", Role::viewer);
  const TlsFiles kept{node.authority.ca(), old_client.cert, old_client.key};
  CHECK_FALSE(let_in(status_of(node.address, kept)));
  const auto new_client = node.authority.client("ann", Role::viewer);
  copy(node.authority.node("new-a"), files);
  CHECK(comes_true([&] { return status_of(node.address, new_client).ok(); }));
  CHECK_FALSE(let_in(status_of(node.address, kept)));
}

TEST_CASE("files that are gone change nothing, and a key that does not fit is mended by the next that does") {
  const TestAuthority authority;
  const auto files = authority.node("fw-a");
  const Secured node(files);
  const auto client = authority.client("ann", Role::viewer);
  const auto next = authority.node("next");
  // A pair whose halves differ may be looked at any number of times, or never.
  std::filesystem::remove(files.key);
  REQUIRE(pki::write_over(files.key, pki::read_file(next.key).value(), 0600).has_value());
  static_cast<void>(status_of(node.address, client));
  REQUIRE(pki::write_over(files.cert, pki::read_file(next.cert).value(), 0600).has_value());
  const auto expected = pki::read_file(next.cert).value();
  CHECK(comes_true([&] { return certificate_seen(channel_to(node.address, client)) == expected; }));
}

}  // namespace stillwater::mgmt::test
