// Who may speak on a secured replication link, and what each side is told when it may not.
#include <filesystem>
#include <thread>

#include <catch2/catch.hpp>

#include "tests/unit/replication/sockets.h"

namespace stillwater::appliance {
namespace {

using namespace test;
using Catch::Contains;
using Authority = mgmt::test::TestAuthority;

std::unique_ptr<TlsContext> context_of(const TlsIdentity& who) {
  auto made = TlsContext::create(who, [](const std::string&) {});
  REQUIRE(made.has_value());
  return std::move(*made);
}

std::string refusal_of(const TlsIdentity& who) {
  const auto made = TlsContext::create(who, [](const std::string&) {});
  REQUIRE_FALSE(made.has_value());
  CHECK(made.error().code == Errc::invalid_argument);
  return made.error().message;
}

// The usual two.
struct Pair {
  Authority authority;
  mgmt::TlsFiles a_files = authority.node("fw-a");
  mgmt::TlsFiles b_files = authority.node("fw-b");
  std::unique_ptr<TlsContext> a = context_of(identity(a_files, "fw-a", "fw-b"));
  std::unique_ptr<TlsContext> b = context_of(identity(b_files, "fw-b", "fw-a"));
};

// What the acceptor makes of a dialler with these files that calls itself fw-a.
std::string accepted_by_b(Pair& pair, const mgmt::TlsFiles& files, const std::string& node = "fw-a") {
  const auto dialler = context_of(identity(files, node, "fw-b"));
  return secure(*dialler, *pair.b).acceptor_says;
}

}  // namespace

TEST_CASE(
    "both ends of a secured channel know each other's names and one secret, and bytes arrive in order") {
  Pair pair;
  const Secured link = secure(*pair.a, *pair.b);
  REQUIRE(link.dialler_says.empty());
  REQUIRE(link.acceptor_says.empty());
  CHECK(link.dialler->certified_node() == "fw-b");
  CHECK(link.acceptor->certified_node() == "fw-a");
  REQUIRE(link.dialler->secret().has_value());
  CHECK(link.dialler->secret() == link.acceptor->secret());
  CHECK_THAT(link.dialler->protection(), Catch::StartsWith("TLSv1.3, TLS_"));

  std::string much(3'000'000, 'x');
  for (std::size_t i = 0; i < much.size(); i += 997) much[i] = static_cast<char>('a' + i % 26);
  const BootClock clock;
  Status sent;
  std::thread sender([&] { sent = link.dialler->send_all(bytes_of(much), clock, clock.now() + 20s); });
  const std::string got = received(*link.acceptor, much.size());
  sender.join();
  CHECK(sent.has_value());
  CHECK(got == much);
}

TEST_CASE("each connection has a secret of its own") {
  Pair pair;
  const Secured one = secure(*pair.a, *pair.b), other = secure(*pair.a, *pair.b);
  REQUIRE(one.dialler->secret().has_value());
  CHECK(one.dialler->secret() != other.dialler->secret());
}

TEST_CASE("a channel says when it holds bytes that no poll tells of") {
  Pair pair;
  const Secured link = secure(*pair.a, *pair.b);
  const BootClock clock;
  REQUIRE(link.dialler->send_all(bytes_of("ten bytes."), clock, clock.now() + 1s));
  std::byte three[3];
  Result<std::size_t> got = 0;
  while (got && *got == 0) got = link.acceptor->receive_some(three);
  REQUIRE(got == 3u);
  CHECK(link.acceptor->has_more());
  CHECK(received(*link.acceptor, 7) == " bytes.");
  CHECK(link.acceptor->receive_some(three) == 0u);
  CHECK_FALSE(link.acceptor->has_more());
}

TEST_CASE(
    "a certificate of another authority, an expired one, another node's, or none is refused with the "
    "reason") {
  Pair pair;
  const Authority stranger;
  auto strange = stranger.node("fw-a");
  strange.ca = pair.a_files.ca;  // or the dialler would give up first
  CHECK_THAT(accepted_by_b(pair, strange), Contains("not accepted"));
  CHECK_THAT(accepted_by_b(pair, pair.authority.node("fw-c"), "fw-c"),
             Contains("for node 'fw-c'; expected 'fw-a' (replication.peer_name)"));

  // What a node of ours never does: its own context refuses such files.
  SSL_CTX* bare = SSL_CTX_new(TLS_method());
  auto [to, from] = socket_pair();
  SSL* ssl = SSL_new(bare);
  SSL_set_fd(ssl, to.get());
  SSL_set_connect_state(ssl);
  SECTION("none") {}
  SECTION("expired") {
    const mgmt::TlsFiles old = pair.authority.node("fw-old", "127.0.0.1", mgmt::test::expired());
    SSL_use_certificate_file(ssl, old.cert.c_str(), SSL_FILETYPE_PEM);
    SSL_use_PrivateKey_file(ssl, old.key.c_str(), SSL_FILETYPE_PEM);
  }
  SECTION("TLS 1.2") { SSL_set_max_proto_version(ssl, TLS1_2_VERSION); }
  auto acceptor = pair.b->make(std::move(from), false);
  REQUIRE(acceptor.has_value());
  Result<bool> secured = false;
  for (int step = 0; step < 100 && secured && !*secured; ++step) {
    SSL_do_handshake(ssl);
    secured = (*acceptor)->secure();
  }
  REQUIRE_FALSE(secured.has_value());
  CHECK(secured.error().code == Errc::refused);
  CHECK_THAT(secured.error().message, Contains("shows no certificate") ||
                                          Contains("certificate has expired") ||
                                          Contains("unsupported protocol"));
  const BootClock clock;
  CHECK_FALSE((*acceptor)->send_all(bytes_of("secret"), clock, clock.now()));
  SSL_free(ssl);
  SSL_CTX_free(bare);
}

TEST_CASE("the one whose certificate is refused learns that, at the latest when it reads") {
  Pair pair;
  const Authority stranger;
  const auto files = stranger.node("fw-a");
  auto own = files;
  own.ca = pair.a_files.ca;  // it trusts the pair's authority; the pair does not trust it
  const auto dialler = context_of(identity(own, "fw-a", "fw-b"));
  const Secured link = secure(*dialler, *pair.b);
  std::string says = link.dialler_says;
  if (says.empty()) says = received(*link.dialler, 1);
  CHECK_THAT(says, Contains("does not accept this node's certificate") || Contains("closed"));
}

TEST_CASE("a peer in the clear is told apart from a wrong certificate") {
  Pair pair;
  auto [to, from] = socket_pair();
  auto acceptor = pair.b->make(std::move(from), false);
  REQUIRE(write(to.get(), "SWRP, and more than a record's header", 37) == 37);
  const auto secured = (*acceptor)->secure();
  REQUIRE_FALSE(secured.has_value());
  CHECK_THAT(secured.error().message, Contains("does not speak TLS; check replication.tls"));
}

TEST_CASE("files that cannot be used are named at start, with what was expected of them") {
  Pair pair;
  auto wrong = pair.a_files;
  SECTION("no authority") {
    wrong.ca = "/nowhere/ca.pem";
    CHECK_THAT(refusal_of(identity(wrong, "fw-a", "fw-b")), Contains("replication.tls_ca '/nowhere/ca.pem'"));
  }
  SECTION("no certificate") {
    wrong.cert = wrong.key;
    CHECK_THAT(refusal_of(identity(wrong, "fw-a", "fw-b")), Contains("replication.tls_certificate"));
  }
  SECTION("a key that is not its key") {
    wrong.key = pair.b_files.key;
    CHECK_THAT(refusal_of(identity(wrong, "fw-a", "fw-b")), Contains("replication.tls_key"));
  }
  SECTION("another node's") {
    CHECK_THAT(refusal_of(identity(pair.b_files, "fw-a", "fw-b")),
               Contains("is for node 'fw-b'; expected URI:stillwater:node:fw-a"));
  }
  SECTION("no node's") {
    CHECK_THAT(refusal_of(identity(pair.authority.client("ops", mgmt::Role::viewer), "fw-a", "fw-b")),
               Contains("names no node"));
  }
  SECTION("expired") {
    CHECK_THAT(
        refusal_of(identity(pair.authority.node("fw-o", "127.0.0.1", mgmt::test::expired()), "fw-o", "fw-b")),
        Contains("has expired"));
  }
}

TEST_CASE(
    "renewed files are in use from the next connection on; wrong ones leave the old in use, once said") {
  Pair pair;
  std::vector<std::string> said;
  auto made = TlsContext::create(identity(pair.a_files, "fw-a", "fw-b"),
                                 [&](const std::string& why) { said.push_back(why); });
  REQUIRE(made.has_value());
  TlsContext& a = **made;
  const Secured before = secure(a, *pair.b);
  REQUIRE(before.acceptor_says.empty());
  const auto replace = [](const std::string& what, const std::string& by, int minutes) {
    std::filesystem::copy_file(by, what, std::filesystem::copy_options::overwrite_existing);
    std::filesystem::last_write_time(
        what, std::filesystem::file_time_type::clock::now() + std::chrono::minutes(minutes));
  };
  const Authority stranger;
  const auto strange = stranger.node("fw-a");
  replace(pair.a_files.cert, strange.cert, 1);  // without its key
  CHECK(secure(a, *pair.b).acceptor_says.empty());
  CHECK(secure(a, *pair.b).acceptor_says.empty());
  REQUIRE(said.size() == 1);
  CHECK_THAT(said[0], Contains("tls_key") && Contains("stays in use"));

  replace(pair.a_files.key, strange.key, 2);
  CHECK_THAT(secure(a, *pair.b).acceptor_says, Contains("not accepted"));  // so the new ones were shown
  const BootClock clock;
  CHECK(before.dialler->send_all(bytes_of("still"), clock, clock.now() + 1s));
  CHECK(received(*before.acceptor, 5) == "still");
}

}  // namespace stillwater::appliance
