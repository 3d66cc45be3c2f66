#include <algorithm>
#include <memory>

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509_vfy.h>

#include "appliance/doctor/checks.h"

namespace stillwater::appliance::doctor {
namespace {

using std::chrono::days;

constexpr auto kRenewBefore = days(30);

struct Files {
  std::string section;
  std::string ca, certificate, key;
};

std::vector<Files> files_of(const Config& config) {
  std::vector<Files> all;
  const auto add = [&](const std::string& section, const auto& from) {
    if (!from.tls_ca.empty() || !from.tls_certificate.empty())
      all.push_back({section, from.tls_ca, from.tls_certificate, from.tls_key});
  };
  add("node", config.management);
  if (config.replication.enabled) add("replication", config.replication);
  if (config.arbiter == ArbiterKind::witness) add("witness", config.witness);
  if (config.arbiter == ArbiterKind::etcd) add("etcd", config.etcd);
  for (const CollectorConfig& collector : config.syslog.collectors) add("syslog", collector);
  return all;
}

using Bio = std::unique_ptr<BIO, decltype(&BIO_free)>;
using Certificate = std::unique_ptr<X509, decltype(&X509_free)>;
using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;

Bio bio_of(const std::string& pem) {
  return {BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), &BIO_free};
}

Certificate next_certificate(BIO& bio) {
  Certificate read(PEM_read_bio_X509(&bio, nullptr, nullptr, nullptr), &X509_free);
  ERR_clear_error();
  return read;
}

// A key with a passphrase is none: nobody is asked for it.
Key key_of(const std::string& pem) {
  const auto no_passphrase = [](char*, int, int, void*) { return -1; };
  Key read(PEM_read_bio_PrivateKey(bio_of(pem).get(), nullptr, no_passphrase, nullptr), &EVP_PKEY_free);
  ERR_clear_error();
  return read;
}

std::chrono::sys_seconds time_of(const ASN1_TIME* time) {
  std::tm fields{};
  if (ASN1_TIME_to_tm(time, &fields) != 1) return {};
  return std::chrono::sys_seconds(std::chrono::seconds(::timegm(&fields)));
}

// Everything that the authority's file holds.
std::unique_ptr<X509_STORE, decltype(&X509_STORE_free)> store_of(const std::string& pem) {
  std::unique_ptr<X509_STORE, decltype(&X509_STORE_free)> store(X509_STORE_new(), &X509_STORE_free);
  const Bio bio = bio_of(pem);
  while (const Certificate one = next_certificate(*bio)) X509_STORE_add_cert(store.get(), one.get());
  return store;
}

// Empty, or what OpenSSL says of the chain; dates are looked at by themselves.
std::string chain_fault(const std::string& authority, X509& certificate) {
  const auto store = store_of(authority);
  const std::unique_ptr<X509_STORE_CTX, decltype(&X509_STORE_CTX_free)> context(X509_STORE_CTX_new(),
                                                                                &X509_STORE_CTX_free);
  X509_STORE_CTX_init(context.get(), store.get(), &certificate, nullptr);
  X509_STORE_CTX_set_flags(context.get(), X509_V_FLAG_NO_CHECK_TIME);
  const bool good = X509_verify_cert(context.get()) == 1;
  ERR_clear_error();
  return good ? "" : X509_verify_cert_error_string(X509_STORE_CTX_get_error(context.get()));
}

std::string date(std::chrono::sys_seconds at) { return fmt::format("{:%Y-%m-%d}", at); }

// Of one section; each fault once.
class Examination {
 public:
  Examination(const Subject& subject, const Files& files) : subject_(subject), files_(files) {}

  Findings carry_out() {
    const auto authority = read(files_.ca, "tls_ca");
    const auto certificate = read(files_.certificate, "tls_certificate");
    const auto key = read(files_.key, "tls_key");
    if (certificate) examine(*certificate, authority, key);
    if (key) examine_mode();
    if (findings_.empty()) add(ok(check(), seen_.empty() ? "the authority's file" : seen_));
    return std::move(findings_);
  }

 private:
  [[nodiscard]] std::string check() const { return "certificates of " + files_.section; }
  void add(Finding finding) { findings_.push_back(std::move(finding)); }

  std::optional<std::string> read(const std::string& path, const char* name) {
    if (path.empty()) return std::nullopt;
    auto text = subject_.host.text(path);
    if (!text)
      add(fault(check(), fmt::format("{}: {} cannot be read", name, path), "the daemon does not start",
                "the file, for root; stillwaterctl pki makes such files"));
    return text;
  }

  void examine(const std::string& pem, const std::optional<std::string>& authority,
               const std::optional<std::string>& key_pem) {
    const Certificate certificate = next_certificate(*bio_of(pem));
    if (!certificate) {
      add(fault(check(), files_.certificate + " is not a certificate in PEM", "the daemon does not start",
                "a certificate in PEM"));
      return;
    }
    examine_dates(*certificate);
    const std::string wrong = authority ? chain_fault(*authority, *certificate) : "";
    if (!wrong.empty())
      add(fault(check(), fmt::format("{} is none of {}'s: {}", files_.certificate, files_.ca, wrong),
                "the other side refuses every connection", "the authority that signed it, in tls_ca"));
    if (key_pem) examine_key(*key_pem, *certificate);
  }

  void examine_dates(const X509& certificate) {
    const auto from = time_of(X509_get0_notBefore(&certificate));
    const auto until = time_of(X509_get0_notAfter(&certificate));
    const auto now = subject_.system.now();
    const std::string renew =
        fmt::format("stillwaterctl pki renew, then the new file in the place of {}", files_.certificate);
    seen_ = "valid until " + date(until);
    if (now >= until)
      add(fault(check(), files_.certificate + " has expired on " + date(until),
                "the other side refuses every connection", renew));
    else if (now < from)
      add(fault(check(), files_.certificate + " is valid from " + date(from) + " on",
                "the other side refuses every connection",
                "the right time on this host, or another certificate"));
    else if (until - now < kRenewBefore)
      add(advice(check(), files_.certificate + " expires on " + date(until),
                 "from then on the other side refuses every connection", renew));
  }

  void examine_key(const std::string& pem, X509& certificate) {
    const Key key = key_of(pem);
    if (!key)
      add(fault(check(), files_.key + " is not a key in PEM without a passphrase",
                "the daemon does not start", "a key in PEM, without a passphrase"));
    else if (X509_check_private_key(&certificate, key.get()) != 1)
      add(fault(check(), fmt::format("{} is not the key of {}", files_.key, files_.certificate),
                "the daemon does not start", "the two files that were made together"));
    ERR_clear_error();
  }

  void examine_mode() {
    const auto found = subject_.host.status(files_.key);
    if (!found || (found->st_mode & (S_IRWXG | S_IRWXO)) == 0) return;
    add(advice(check(), fmt::format("{} has mode {:04o}", files_.key, found->st_mode & 07777),
               "who reads the key can speak as this node", "chmod 0600 " + files_.key));
  }

  const Subject& subject_;
  const Files& files_;
  Findings findings_;
  std::string seen_;
};

}  // namespace

Findings check_certificates(const Subject& subject) {
  Findings findings;
  for (const Files& files : files_of(*subject.config))
    for (Finding& finding : Examination(subject, files).carry_out()) findings.push_back(std::move(finding));
  return findings;
}

}  // namespace stillwater::appliance::doctor
