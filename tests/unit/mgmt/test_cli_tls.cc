// stillwaterctl to a node over TLS: what it needs, and its words for what fails.
#include <catch2/catch.hpp>

#include "tests/unit/mgmt/process.h"
#include "tests/unit/mgmt/secured.h"

namespace stillwater::mgmt::test {
namespace {

using Catch::Contains;

Finished ctl(const std::string& address, const std::vector<std::string>& options,
             const std::vector<std::string>& command, std::vector<std::string> environment = {}) {
  std::vector<std::string> words = {STILLWATERCTL, "--address", address};
  words.insert(words.end(), options.begin(), options.end());
  words.insert(words.end(), command.begin(), command.end());
  return run(std::move(words), std::move(environment));
}

std::vector<std::string> with(const TlsFiles& files) {
  return {"--tls-ca", files.ca, "--tls-cert", files.cert, "--tls-key", files.key};
}

// It cannot talk to the node, and says why, without gRPC's own log.
void cannot(const std::string& address, const TlsFiles& files, const std::string& words) {
  const auto finished = ctl(address, with(files), {"status"});
  CHECK(finished.exit == 3);
  CHECK(finished.out.empty());
  CHECK_THAT(finished.err, Catch::StartsWith("stillwaterctl: no secure connection to " + address + ": ") &&
                               Contains(words));
}

}  // namespace

TEST_CASE("stillwaterctl talks to a node over TLS, by options or by the environment") {
  const Secured node;
  const auto ann = node.authority.client("ann", Role::operating);
  CHECK(ctl(node.address, with(ann), {"checkpoint"}).out == "committed epoch 1\n");
  CHECK(
      ctl(node.address, {"--tls-ca", ann.ca, "--tls-certificate", ann.cert, "--tls-key", ann.key}, {"resume"})
          .exit == 0);
  const std::vector<std::string> environment = {
      "STILLWATER_TLS_CA=" + ann.ca, "STILLWATER_TLS_CERT=" + ann.cert, "STILLWATER_TLS_KEY=" + ann.key};
  CHECK(ctl(node.address, {}, {"checkpoint"}, environment).out == "committed epoch 2\n");
  Node local;
  CHECK(ctl("unix:" + local.socket, {}, {"checkpoint"}, environment).exit == 0);
}

TEST_CASE("stillwaterctl says which role a command needs") {
  const Secured node;
  const auto viewer = with(node.authority.client("ann", Role::viewer));
  CHECK(ctl(node.address, viewer, {"status"}).exit == 0);
  CHECK(ctl(node.address, viewer, {"sessions"}).exit == 0);
  const auto refused = ctl(node.address, viewer, {"checkpoint"});
  CHECK(refused.exit == 1);
  CHECK(refused.err ==
        "stillwaterctl: /stillwater.v1.Appliance/TakeCheckpoint needs a certificate with OU=operator or "
        "OU=admin; this one has OU=viewer\n");
}

TEST_CASE("stillwaterctl says what is wrong with the node's certificate") {
  const TestAuthority authority;
  const auto ann = authority.client("ann", Role::admin);
  const Secured foreign;
  cannot(foreign.address, ann, "its certificate (CN=fw-a) was not signed by the authority in " + ann.ca);
  const Secured late(authority.node("late", "127.0.0.1", expired()));
  cannot(late.address, ann, "its certificate (CN=late) expired on ");
  const Secured another(authority.node("another", "127.0.0.2"));
  cannot(another.address, ann,
         "its certificate (CN=another) is not for 127.0.0.1, but for URI:stillwater:node:another, IP "
         "Address:127.0.0.2");
  const Secured client(authority.client("bob", Role::admin));
  cannot(client.address, ann, "its certificate (CN=bob,OU=admin) is not ");
}

TEST_CASE("stillwaterctl says what is wrong with its own certificate") {
  const Secured node;
  const auto late = node.authority.client("late", Role::admin, expired());
  cannot(node.address, late, "it does not take " + late.cert + " (CN=late,OU=admin), which expired on ");
  const TestAuthority other;
  auto foreign = other.client("ann", Role::admin);
  foreign.ca = node.authority.ca();
  cannot(node.address, foreign,
         "it does not take " + foreign.cert +
             " (CN=ann,OU=admin), which was not signed by the authority in " + foreign.ca);
}

TEST_CASE("stillwaterctl says where one side speaks TLS and the other does not") {
  const Secured secure;
  FakeControl control;
  const auto open = Server::start(control, {.address = "127.0.0.1:0", .tls = Tls::none});
  REQUIRE(open.has_value());
  cannot((*open)->address(), secure.authority.client("ann", Role::admin), "it does not speak TLS");
  const auto finished = ctl(secure.address, {"--tls", "none"}, {"status"});
  CHECK(finished.exit == 3);
  CHECK_THAT(finished.err, Contains("it speaks TLS; give --tls-ca, --tls-cert and --tls-key"));
}

TEST_CASE("stillwaterctl names a TLS file that is none, or that was not given") {
  const TestAuthority authority;
  auto files = authority.client("ann", Role::admin);
  const auto incomplete = ctl("127.0.0.1:1", {"--tls-ca", files.ca, "--tls-key", files.key}, {"status"});
  CHECK(incomplete.exit == 2);
  CHECK_THAT(incomplete.err, Contains("127.0.0.1:1 needs --tls-ca, --tls-cert and --tls-key"));
  files.key = authority.client("bob", Role::admin).key;
  const auto mixed = ctl("127.0.0.1:1", with(files), {"status"});
  CHECK(mixed.exit == 2);
  CHECK_THAT(mixed.err, Contains(files.key + " cannot be used as the key of " + files.cert));
  files.key = "/nowhere.key";
  CHECK_THAT(ctl("127.0.0.1:1", with(files), {"status"}).err,
             Contains("/nowhere.key") && Contains("No such file"));
}

TEST_CASE("stillwaterctl does not speak of TLS where nobody listens") {
  const TestAuthority authority;
  const auto finished = ctl("127.0.0.1:1", with(authority.client("ann", Role::admin)), {"status"});
  CHECK(finished.exit == 3);
  CHECK_THAT(finished.err, Contains("cannot reach a node at 127.0.0.1:1") && Contains("refused"));
}

}  // namespace stillwater::mgmt::test
