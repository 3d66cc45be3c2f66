// One certificate and its key, made and signed by OpenSSL: EC keys on P-256, SHA-256.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <openssl/evp.h>
#include <openssl/x509.h>

#include "base/result.h"
#include "mgmt/roles.h"

namespace stillwater::mgmt::pki {

using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
using Certificate = std::unique_ptr<X509, decltype(&X509_free)>;

struct Validity {
  std::chrono::sys_seconds from{};
  std::chrono::sys_seconds until{};
};

struct Contents {
  enum class Kind : std::uint8_t { authority, node, client };

  Kind kind = Kind::client;
  std::string name;                      // CN; of a node also in its SAN URI
  std::optional<Role> role{};            // OU
  std::vector<std::string> addresses{};  // of a node: IP addresses and host names
  Validity validity{};
};

// Who signs.
struct Issuer {
  const X509* certificate = nullptr;
  EVP_PKEY* key = nullptr;
};

[[nodiscard]] Result<Key> new_key();

// With no issuer it signs itself. invalid_argument: an address that is neither an IP address nor a host name.
[[nodiscard]] Result<Certificate> make_certificate(const Contents& contents, EVP_PKEY& key,
                                                   std::optional<Issuer> issuer);

// `old` with another validity and serial number, signed again; all that it says of its holder stays.
[[nodiscard]] Result<Certificate> renew_certificate(const X509& old, Validity validity, EVP_PKEY& key,
                                                    Issuer issuer);

[[nodiscard]] std::string to_pem(const X509& certificate);
[[nodiscard]] std::string to_pem(const EVP_PKEY& key);
// invalid_argument names `file`.
[[nodiscard]] Result<Certificate> certificate_from_pem(const std::string& pem, const std::string& file);
[[nodiscard]] Result<Key> key_from_pem(const std::string& pem, const std::string& file);

[[nodiscard]] Validity validity_of(const X509& certificate);

}  // namespace stillwater::mgmt::pki
