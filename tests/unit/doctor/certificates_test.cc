// Certificates that a configuration names: read, dated, signed, with their key, and kept from others.
#include <catch2/catch.hpp>

#include "mgmt/pki/certificate.h"
#include "tests/unit/doctor/fake_host.h"

namespace stillwater::appliance::doctor::test {
namespace {

using Catch::Matchers::Contains;
namespace pki = mgmt::pki;
using std::chrono::days;

struct Made {
  pki::Key key = *pki::new_key();
  pki::Certificate certificate{nullptr, &X509_free};
};

Made authority(const std::string& name, pki::Validity validity) {
  Made made;
  made.certificate = *pki::make_certificate(
      {.kind = pki::Contents::Kind::authority, .name = name, .validity = validity}, *made.key, std::nullopt);
  return made;
}

Made node(const Made& by, pki::Validity validity) {
  Made made;
  made.certificate =
      *pki::make_certificate({.kind = pki::Contents::Kind::node, .name = "fw-a", .validity = validity},
                             *made.key, pki::Issuer{by.certificate.get(), by.key.get()});
  return made;
}

struct WithCertificates : Examined {
  pki::Validity year{system.time - days(100), system.time + days(265)};
  Made ca = authority("CA", year);

  WithCertificates() {
    config.replication.enabled = true;
    config.replication.tls_ca = "/etc/stillwater/ca.pem";
    config.replication.tls_certificate = "/etc/stillwater/fw-a.pem";
    config.replication.tls_key = "/etc/stillwater/fw-a.key";
    files.put("/etc/stillwater/ca.pem", pki::to_pem(*ca.certificate));
    put(node(ca, year));
  }
  void put(const Made& made) const {
    files.put("/etc/stillwater/fw-a.pem", pki::to_pem(*made.certificate));
    files.put("/etc/stillwater/fw-a.key", pki::to_pem(*made.key));
    files.mode("/etc/stillwater/fw-a.key", 0600);
  }
  [[nodiscard]] Finding only() const { return of(check_certificates); }
};

TEST_CASE("a certificate of the authority, with its key, is in order") {
  const WithCertificates e;
  CHECK(e.only().verdict == Verdict::ok);
  CHECK_THAT(e.only().seen, Contains("valid until 2027-02-21"));
}

TEST_CASE("a configuration without certificates has none to look at") {
  const Examined e;
  CHECK(e.all_of(check_certificates).empty());
}

TEST_CASE("a certificate's dates are held against the host's clock") {
  WithCertificates e;
  SECTION("expired: fault") {
    e.put(node(e.ca, {e.system.time - days(20), e.system.time - days(1)}));
    CHECK(e.only().verdict == Verdict::fault);
    CHECK_THAT(e.only().seen, Contains("has expired on 2026-05-31"));
  }
  SECTION("not yet valid: fault") {
    e.put(node(e.ca, {e.system.time + days(1), e.system.time + days(90)}));
    CHECK(e.only().verdict == Verdict::fault);
  }
  SECTION("for 29 days yet: advice; for 31: in order") {
    e.put(node(e.ca, {e.system.time - days(1), e.system.time + days(29)}));
    CHECK(e.only().verdict == Verdict::advice);
    e.put(node(e.ca, {e.system.time - days(1), e.system.time + days(31)}));
    CHECK(e.only().verdict == Verdict::ok);
  }
}

TEST_CASE("a certificate that another authority signed is a fault") {
  WithCertificates e;
  e.files.put("/etc/stillwater/ca.pem", pki::to_pem(*authority("Other", e.year).certificate));
  CHECK(e.only().verdict == Verdict::fault);
  SECTION("unless the file has both") {
    e.files.put("/etc/stillwater/ca.pem",
                pki::to_pem(*authority("Other", e.year).certificate) + pki::to_pem(*e.ca.certificate));
    CHECK(e.only().verdict == Verdict::ok);
  }
}

TEST_CASE("the key of another certificate is a fault") {
  const WithCertificates e;
  e.files.put("/etc/stillwater/fw-a.key", pki::to_pem(**pki::new_key()));
  CHECK(e.only().verdict == Verdict::fault);
  CHECK_THAT(e.only().seen, Contains("is not the key of"));
}

TEST_CASE("files that are missing or something else are faults, named") {
  const WithCertificates e;
  SECTION("no key") {
    e.files.remove("/etc/stillwater/fw-a.key");
    CHECK_THAT(e.only().seen, Contains("tls_key: /etc/stillwater/fw-a.key cannot be read"));
  }
  SECTION("no certificate") {
    e.files.put("/etc/stillwater/fw-a.pem", "nothing of the kind\n");
    CHECK_THAT(e.only().seen, Contains("is not a certificate in PEM"));
  }
  SECTION("no key in the key's file") {
    e.files.put("/etc/stillwater/fw-a.key", "nothing of the kind\n");
    CHECK_THAT(e.only().seen, Contains("is not a key in PEM"));
  }
  CHECK(e.only().verdict == Verdict::fault);
}

TEST_CASE("a key that others may read is advised against") {
  const WithCertificates e;
  e.files.mode("/etc/stillwater/fw-a.key", 0640);
  CHECK(e.only().verdict == Verdict::advice);
  CHECK(e.only().remedy == "chmod 0600 /etc/stillwater/fw-a.key");
}

TEST_CASE("every section with certificates is looked at") {
  WithCertificates e;
  e.config.management.tls_certificate = "/nowhere.pem";
  e.config.arbiter = ArbiterKind::witness;
  e.config.witness.tls_ca = "/nowhere.pem";
  e.config.syslog.collectors.push_back({.tls_ca = "/nowhere.pem"});
  std::string sections;
  for (const Finding& finding : e.all_of(check_certificates)) sections += finding.check + "; ";
  CHECK(
      sections ==
      "certificates of node; certificates of replication; certificates of witness; certificates of syslog; ");
}

}  // namespace
}  // namespace stillwater::appliance::doctor::test
