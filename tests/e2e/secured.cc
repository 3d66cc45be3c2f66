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
    return with_tls("replication", shown, "\n  peer_name: " + peer);
  }
  // The same for the way to the witness.
  [[nodiscard]] Edit secures_witness(const std::string& shown) const {
    return with_tls("witness", shown, "");
  }

 private:
  [[nodiscard]] Edit with_tls(const std::string& section, const std::string& shown,
                              const std::string& more) const {
    const std::string files = folder_ + "/" + shown;
    const std::string tls = "  tls_ca: " + folder_ + "/ca.pem\n  tls_certificate: " + files +
                            ".pem\n  tls_key: " + files + ".key" + more;
    return [section, tls](std::string text) {
      const std::size_t line = text.find("  tls: none", text.find("\n" + section + ":\n"));
      REQUIRE(line != std::string::npos);
      return text.replace(line, text.find('\n', line) - line, tls);
    };
  }
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
  for (const NodeUnderTest* node : {&pair.a, &pair.b})
    CHECK_THAT(node->status().value("link_protection", std::string()), Catch::StartsWith("TLSv1.3, TLS_"));
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

TEST_CASE("a node that wants TLS of a witness in the clear says so once, and what to do") {
  const Authority authority(places("witness-in-the-clear"), "pki");
  PairFixture pair("witness-in-the-clear", {}, authority.secures_witness("fw-a"));
  pair.a.start();
  const auto reads_unanswered = [&] {
    return pair.a.log().find("it does not speak TLS; give it certificates");
  };
  REQUIRE(eventually(20s, [&] { return reads_unanswered() != std::string::npos; }));
  const auto uptime = [&] { return pair.a.status().value("uptime_s", 0.0); };
  REQUIRE(eventually(20s, [&, before = uptime()] { return uptime() > before + 2; }));  // many attempts later
  const std::string log = pair.a.log();
  INFO(log);
  const std::string words = "a TLS handshake failed: the other side does not speak TLS";
  REQUIRE(log.find(words) != std::string::npos);
  CHECK(log.find(words) == log.rfind(words));
  CHECK(log.find("give it certificates") == log.rfind("give it certificates"));
  CHECK(log.find("SSL_ERROR_SSL") == std::string::npos);
}

TEST_CASE("a daemon whose certificate is for another node does not start, and says what it expected") {
  const Authority authority(places("wrong-node"), "pki");
  PairFixture pair("wrong-node", {}, authority.secures("fw-c", "fw-b"));
  pair.a.start();
  CHECK(pair.a.exit_status_within(10s) == 1);
  CHECK_THAT(pair.a.log(), Catch::Contains("is for node 'fw-c'; expected URI:stillwater:node:fw-a"));
}

}  // namespace stillwater::e2e
