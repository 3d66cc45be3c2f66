// A pair whose nodes know each other by certificates.
#include <filesystem>

#include <catch2/catch.hpp>

#include "tests/e2e/pair_fixture.h"
#include "tests/rig/process/command.h"

namespace stillwater::e2e {
namespace {

// Made by the product's own tool, in a folder that an earlier run may have left.
class Authority {
 public:
  Authority(const Places& where, const std::string& name)
      : client_(where.client), folder_(where.out + "/" + name) {
    std::filesystem::remove_all(folder_);
    pki({"init"});
    for (const char* node : {"fw-a", "fw-b", "fw-c"}) pki({"node", node});
  }
  // The configuration with the certificate of `shown`, and TLS on the replication link.
  [[nodiscard]] Edit secures(const std::string& shown, const std::string& peer) const {
    return [folder = folder_, shown, peer](std::string text) {
      const std::size_t link = text.find("\nreplication:\n");
      const std::size_t line = text.find("  tls: none", link);
      REQUIRE(line != std::string::npos);
      return text.replace(line, text.find('\n', line) - line,
                          "  tls_ca: " + folder + "/ca.pem\n  tls_certificate: " + folder + "/" + shown +
                              ".pem\n  tls_key: " + folder + "/" + shown + ".key\n  peer_name: " + peer);
    };
  }

 private:
  void pki(std::vector<std::string> words) const {
    words.insert(words.begin(), {client_, "pki"});
    words.insert(words.end(), {"--dir", folder_});
    const Status done = rig::must_run(words);
    INFO((done ? std::string() : done.error().message));
    REQUIRE(done.has_value());
  }

  std::string client_;
  std::string folder_;
};

}  // namespace

TEST_CASE("a secured pair comes into sync, and no session is lost when its active dies") {
  const Authority authority(places("secured"), "pki");
  PairFixture pair("secured", authority.secures("fw-b", "fw-a"), authority.secures("fw-a", "fw-b"));
  pair.start_in_sync();
  pair.open_flows(100, 100);
  pair.load->new_connections().start();
  pair.a.kill();
  INFO(pair.b.log());
  REQUIRE(eventually(10s, [&] { return pair.b.role() == "standalone"; }));
  pair.require_flows_survive();
}

TEST_CASE(
    "a node with another authority's certificate, or in the clear, is refused; the active serves on alone") {
  const Authority authority(places("strangers"), "pki");
  const Authority stranger(places("strangers"), "other-pki");
  const bool in_the_clear = GENERATE(false, true);
  PairFixture pair("strangers", in_the_clear ? Edit{} : stranger.secures("fw-b", "fw-a"),
                   authority.secures("fw-a", "fw-b"));
  pair.start_witness();
  pair.a.start();
  pair.b.start();
  INFO("fw-a: " << pair.a.log() << "\nfw-b: " << pair.b.log());
  REQUIRE(eventually(20s, [&] { return pair.a.role() == "standalone"; }));
  REQUIRE(eventually(20s, [&] { return pair.a.status().value("replication_refused", 0) > 0; }));
  const std::string why = pair.a.status().value("last_refusal", std::string());
  CHECK_THAT(why, in_the_clear ? Catch::Contains("does not speak TLS") : Catch::Contains("certificate"));
  CHECK(pair.a.status().value("peer", std::string()).empty());
  CHECK(pair.b.status().value("sessions", 0) == 0);
  pair.open_flows(20);
  pair.require_flows_survive();
}

TEST_CASE("a daemon whose certificate is for another node does not start, and says what it expected") {
  const Authority authority(places("wrong-node"), "pki");
  PairFixture pair("wrong-node", {}, authority.secures("fw-c", "fw-b"));
  pair.a.start();
  CHECK(pair.a.exit_status_within(10s) == 1);
  CHECK_THAT(pair.a.log(), Catch::Contains("is for node 'fw-c'; expected URI:stillwater:node:fw-a"));
}

}  // namespace stillwater::e2e
