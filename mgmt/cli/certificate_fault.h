// What is wrong with a certificate, in words.
#pragma once

#include <string>

#include <openssl/x509.h>

namespace stillwater::mgmt::cli {

// `verify_error` is X509_V_ERR_...; `ca` the file it was held against; `host` what was called, if anything.
// "expired on Nov 27 19:00:00 2026 GMT"
[[nodiscard]] std::string certificate_fault(long verify_error, const X509& certificate, const std::string& ca,
                                            const std::string& host);

// "CN=fw-a"
[[nodiscard]] std::string subject_of(const X509& certificate);

}  // namespace stillwater::mgmt::cli
