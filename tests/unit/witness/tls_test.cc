// Mutual TLS between nodes and witness.
#include <fstream>

#include <catch2/catch.hpp>

#include "mgmt/witness/witness.h"
#include "tests/unit/mgmt/test_authority.h"
#include "tests/unit/witness/asking.h"
#include "tests/unit/witness/records.h"

namespace stillwater::mgmt::witness::test {
namespace {

using Catch::Contains;
using mgmt::test::Scratch;
using Authority = mgmt::test::TestAuthority;

struct Secured {
  Scratch scratch;
  Authority authority;
  TlsFiles files = authority.node("witness");
  std::string data = scratch / "data";
  std::unique_ptr<Witness> witness = start("127.0.0.1:0");

  [[nodiscard]] std::unique_ptr<Witness> start(const std::string& listen) const {
    return value(Witness::start({.listen = listen, .data = data, .files = files}));
  }
};

std::unique_ptr<WitnessClient> secure_client(const std::string& address, const TlsFiles& files,
                                             Nanos deadline = kPatience) {
  return value(
      WitnessClient::create({.address = address, .pair = "edge", .deadline = deadline, .files = files}));
}

}  // namespace

TEST_CASE(
    "a node with the authority's certificate is served over TLS, also after the witness was restarted") {
  Secured secured;
  const std::string address = secured.witness->address();
  const auto node = secured.authority.node("node");
  const auto client = secure_client(address, node);
  CHECK(swap(*client, {}, record(1)).kind == Kind::swapped);
  secured.witness.reset();
  CHECK(read(*secure_client(address, node, 200ms)).kind == Kind::unanswered);
  client->read();
  secured.witness = secured.start(address);
  const auto answer = answer_of(*client);
  CHECK(answer.why == "");
  CHECK(answer.newest == record(1));
}

TEST_CASE("who has no certificate, or another authority's, is refused on either side") {
  const Secured secured;
  const std::string& address = secured.witness->address();
  const auto bare = client_of(address, 1s);
  CHECK(swap(*bare, {}, record(1)).kind == Kind::unanswered);

  const Authority other;
  auto foreign = other.node("node");
  const auto distrusting = swap(*secure_client(address, foreign, 1s), {}, record(1));
  CHECK(distrusting.kind == Kind::unanswered);
  CHECK_THAT(distrusting.why, Contains(address));

  // It trusts the witness; the witness does not trust it.
  foreign.ca = secured.authority.ca();
  CHECK(swap(*secure_client(address, foreign, 1s), {}, record(1)).kind == Kind::unanswered);

  const auto client = secure_client(address, secured.authority.node("node"));
  CHECK(read(*client).newest == ArbiterRecord{});
}

TEST_CASE("who calls the management API may not change a record, whatever the role") {
  const Secured secured;
  const auto admin = secured.authority.client("ann", Role::admin);
  const auto refused = swap(*secure_client(secured.witness->address(), admin), {}, record(1));
  CHECK(refused.kind == Kind::unanswered);
  CHECK_THAT(refused.why, Contains("only nodes may call") && Contains("URI:stillwater:node:NAME"));
  const auto node = secure_client(secured.witness->address(), secured.authority.node("node"));
  CHECK(read(*node).newest == ArbiterRecord{});
}

TEST_CASE("files that are no certificate, or not its key, are named before anything starts") {
  const Authority authority;
  const Scratch scratch;
  std::ofstream(scratch / "text") << "not a certificate\n";
  const auto good = authority.node("node");
  const auto says = [&](const TlsFiles& files, const std::string& what) {
    const auto refused = error(server_credentials(files));
    CHECK(refused.code == Errc::invalid_argument);
    CHECK_THAT(refused.message, Contains(what));
    CHECK(error(channel_credentials(files)).message == refused.message);
  };
  says({scratch / "text", good.cert, good.key}, scratch / "text");
  says({good.ca, scratch / "gone", good.key},
       scratch / "gone cannot be used as the certificate: No such file");
  says({good.ca, good.cert, scratch / "text"}, scratch / "text");
  says({good.ca, good.cert, authority.node("other").key}, "key values mismatch");
}

TEST_CASE("a TCP address needs TLS, or `tls none` said by name") {
  const Scratch scratch;
  const auto refused = error(Witness::start({.listen = "127.0.0.1:0", .data = scratch / "data"}));
  CHECK(refused.code == Errc::failed_precondition);
  CHECK_THAT(refused.message, Contains("needs TLS") && Contains("tls none"));
  const auto open =
      value(Witness::start({.listen = "127.0.0.1:0", .data = scratch / "data", .tls = Tls::none}));
  CHECK(read(*client_of(open->address())).kind == Kind::record);
}

}  // namespace stillwater::mgmt::witness::test
