#include "mgmt/cli/certificate_fault.h"

#include <functional>
#include <memory>

#include <openssl/x509v3.h>

namespace stillwater::mgmt::cli {
namespace {

// What OpenSSL prints into memory.
std::string printed(const std::function<void(BIO*)>& print) {
  const std::unique_ptr<BIO, decltype(&BIO_free)> out(BIO_new(BIO_s_mem()), &BIO_free);
  if (!out) return "?";
  print(out.get());
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(out.get(), &bytes);
  return {bytes, static_cast<std::size_t>(size)};
}

std::string printed(const ASN1_TIME* time) {
  return printed([&](BIO* out) { ASN1_TIME_print(out, time); });
}

std::string alternative_names(const X509& certificate) {
  const std::unique_ptr<GENERAL_NAMES, decltype(&GENERAL_NAMES_free)> names(
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(&certificate, NID_subject_alt_name, nullptr, nullptr)),
      &GENERAL_NAMES_free);
  std::string text;
  for (int i = 0; names && i < sk_GENERAL_NAME_num(names.get()); ++i) {
    if (i > 0) text += ", ";
    text += printed([&](BIO* out) { GENERAL_NAME_print(out, sk_GENERAL_NAME_value(names.get(), i)); });
  }
  return text.empty() ? "nothing (it has no subjectAltName)" : text;
}

}  // namespace

std::string certificate_fault(long verify_error, const X509& certificate, const std::string& ca,
                              const std::string& host) {
  switch (verify_error) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
      if (X509_cmp_current_time(X509_get0_notAfter(&certificate)) < 0)
        return "expired on " + printed(X509_get0_notAfter(&certificate));
      return "was signed by an authority whose own certificate has expired (" + ca + ")";
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return "is not valid before " + printed(X509_get0_notBefore(&certificate)) + "; is this clock right?";
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_CERT_SIGNATURE_FAILURE:
      return "was not signed by the authority in " + ca;
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
      return "is not for " + host + ", but for " + alternative_names(certificate);
    case X509_V_ERR_INVALID_PURPOSE:
      return host.empty() ? "may not be used by a client (extendedKeyUsage)"
                          : "is not that of a server (extendedKeyUsage)";
    default:
      return std::string("is not valid: ") + X509_verify_cert_error_string(verify_error);
  }
}

std::string subject_of(const X509& certificate) {
  return printed(
      [&](BIO* out) { X509_NAME_print_ex(out, X509_get_subject_name(&certificate), 0, XN_FLAG_RFC2253); });
}

}  // namespace stillwater::mgmt::cli
