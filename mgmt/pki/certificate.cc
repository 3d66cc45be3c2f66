#include "mgmt/pki/certificate.h"

#include <algorithm>
#include <cctype>
#include <ctime>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include "base/node_uri.h"

namespace stillwater::mgmt::pki {
namespace {

constexpr long kVersion3 = 2;     // counted from 0
constexpr int kSerialBits = 159;  // RFC 5280: at most 20 bytes, positive

using Bio = std::unique_ptr<BIO, decltype(&BIO_free)>;

tl::unexpected<Error> openssl_failed(const std::string& act) {
  const char* reason = ERR_reason_error_string(ERR_peek_last_error());
  ERR_clear_error();
  return fail(Errc::io, act + ": " + (reason == nullptr ? "OpenSSL does not say why" : reason));
}

bool set_serial(X509& certificate) {
  const std::unique_ptr<BIGNUM, decltype(&BN_free)> number(BN_new(), &BN_free);
  return number && BN_rand(number.get(), kSerialBits, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY) == 1 &&
         BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(&certificate)) != nullptr;
}

bool set_validity(X509& certificate, Validity validity) {
  const auto set = [](ASN1_TIME* time, std::chrono::sys_seconds at) {
    return ASN1_TIME_set(time, std::chrono::system_clock::to_time_t(at)) != nullptr;
  };
  return set(X509_getm_notBefore(&certificate), validity.from) &&
         set(X509_getm_notAfter(&certificate), validity.until);
}

bool add_name(X509_NAME* name, const char* field, std::string_view value) {
  return X509_NAME_add_entry_by_txt(name, field, MBSTRING_UTF8,
                                    reinterpret_cast<const unsigned char*>(value.data()),
                                    static_cast<int>(value.size()), -1, 0) == 1;
}

bool set_subject(X509& certificate, const Contents& contents) {
  X509_NAME* subject = X509_get_subject_name(&certificate);
  return (!contents.role || add_name(subject, "OU", name_of(*contents.role))) &&
         add_name(subject, "CN", contents.name);
}

bool add_extension(X509& certificate, const X509* issuer, int nid, const char* value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  // OpenSSL 3.0 only reads the issuer, and takes it as one that it might change.
  X509V3_set_ctx(&context, const_cast<X509*>(issuer), &certificate, nullptr, nullptr, 0);
  const std::unique_ptr<X509_EXTENSION, decltype(&X509_EXTENSION_free)> extension(
      X509V3_EXT_conf_nid(nullptr, &context, nid, value), &X509_EXTENSION_free);
  return extension && X509_add_ext(&certificate, extension.get(), -1) == 1;
}

bool is_host_name(const std::string& text) {
  return !text.empty() && text.size() <= 253 && text.front() != '.' && text.front() != '-' &&
         std::all_of(text.begin(), text.end(),
                     [](unsigned char c) { return std::isalnum(c) != 0 || c == '.' || c == '-'; });
}

using Names = std::unique_ptr<GENERAL_NAMES, decltype(&GENERAL_NAMES_free)>;

bool push(GENERAL_NAMES& names, int type, ASN1_STRING* value) {
  GENERAL_NAME* name = GENERAL_NAME_new();
  if (name == nullptr || value == nullptr) return false;
  GENERAL_NAME_set0_value(name, type, value);
  return sk_GENERAL_NAME_push(&names, name) > 0;
}

ASN1_STRING* ia5(const std::string& text) {
  ASN1_STRING* string = ASN1_IA5STRING_new();
  ASN1_STRING_set(string, text.data(), static_cast<int>(text.size()));
  return string;
}

// Built by hand, not from text of OpenSSL's configuration language: a comma in it would begin another name.
Status add_alternative_names(X509& certificate, const Contents& contents) {
  const Names names(GENERAL_NAMES_new(), &GENERAL_NAMES_free);
  bool pushed = push(*names, GEN_URI, ia5(std::string(kNodeUri) + contents.name));
  for (const std::string& address : contents.addresses) {
    if (ASN1_OCTET_STRING* ip = a2i_IPADDRESS(address.c_str()); ip != nullptr) {
      pushed = pushed && push(*names, GEN_IPADD, ip);
      continue;
    }
    if (!is_host_name(address))
      return fail(Errc::invalid_argument, "'" + address + "' is neither an IP address nor a host name");
    pushed = pushed && push(*names, GEN_DNS, ia5(address));
  }
  ERR_clear_error();  // a host name is an IP address that could not be read
  if (!pushed || X509_add1_ext_i2d(&certificate, NID_subject_alt_name, names.get(), 0, 0) != 1)
    return openssl_failed("cannot write the addresses into the certificate");
  return {};
}

bool add_uses(X509& certificate, const X509* issuer, Contents::Kind kind) {
  const auto add = [&](int nid, const char* value) { return add_extension(certificate, issuer, nid, value); };
  const bool identified =
      add(NID_subject_key_identifier, "hash") && add(NID_authority_key_identifier, "keyid:always");
  if (kind == Contents::Kind::authority)
    return identified && add(NID_basic_constraints, "critical,CA:TRUE,pathlen:0") &&
           add(NID_key_usage, "critical,keyCertSign,cRLSign");
  // A person's certificate must not pass for a server's.
  const char* use = kind == Contents::Kind::node ? "serverAuth,clientAuth" : "clientAuth";
  return identified && add(NID_basic_constraints, "critical,CA:FALSE") &&
         add(NID_key_usage, "critical,digitalSignature") && add(NID_ext_key_usage, use);
}

Result<Certificate> sign(Certificate certificate, EVP_PKEY& key) {
  if (X509_sign(certificate.get(), &key, EVP_sha256()) <= 0)
    return openssl_failed("cannot sign the certificate");
  return certificate;
}

Bio memory(const std::string& bytes) {
  return {BIO_new_mem_buf(bytes.data(), static_cast<int>(bytes.size())), &BIO_free};
}

std::string content(BIO& out) {
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(&out, &bytes);
  return {bytes, static_cast<std::size_t>(size)};
}

int no_passphrase(char*, int, int, void*) { return 0; }

}  // namespace

Result<Key> new_key() {
  Key key(EVP_EC_gen("P-256"), &EVP_PKEY_free);
  if (!key) return openssl_failed("cannot make a key");
  return key;
}

Result<Certificate> make_certificate(const Contents& contents, EVP_PKEY& key, std::optional<Issuer> issuer) {
  Certificate made(X509_new(), &X509_free);
  const X509* signer = issuer ? issuer->certificate : made.get();
  const bool filled = made && X509_set_version(made.get(), kVersion3) == 1 && set_serial(*made) &&
                      set_validity(*made, contents.validity) && set_subject(*made, contents) &&
                      X509_set_issuer_name(made.get(), X509_get_subject_name(signer)) == 1 &&
                      X509_set_pubkey(made.get(), &key) == 1 && add_uses(*made, signer, contents.kind);
  if (!filled) return openssl_failed("cannot fill in the certificate");
  if (contents.kind == Contents::Kind::node) {
    if (const Status added = add_alternative_names(*made, contents); !added)
      return tl::unexpected(added.error());
  }
  return sign(std::move(made), issuer ? *issuer->key : key);
}

Result<Certificate> renew_certificate(const X509& old, Validity validity, EVP_PKEY& key, Issuer issuer) {
  if (X509_check_private_key(&old, &key) != 1) {
    ERR_clear_error();
    return fail(Errc::invalid_argument, "the key is not that of the certificate");
  }
  // X509_verify only reads, but for a cache of its own.
  if (X509_verify(const_cast<X509*>(&old), X509_get0_pubkey(issuer.certificate)) != 1) {
    ERR_clear_error();
    return fail(Errc::invalid_argument, "it is not a certificate of this authority");
  }
  Certificate made(X509_dup(&old), &X509_free);
  if (!made || !set_serial(*made) || !set_validity(*made, validity))
    return openssl_failed("cannot fill in the certificate");
  return sign(std::move(made), *issuer.key);
}

std::string to_pem(const X509& certificate) {
  const Bio out(BIO_new(BIO_s_mem()), &BIO_free);
  PEM_write_bio_X509(out.get(), &certificate);
  return content(*out);
}

std::string to_pem(const EVP_PKEY& key) {
  const Bio out(BIO_new(BIO_s_mem()), &BIO_free);
  PEM_write_bio_PrivateKey(out.get(), &key, nullptr, nullptr, 0, nullptr, nullptr);
  return content(*out);
}

Result<Certificate> certificate_from_pem(const std::string& pem, const std::string& file) {
  Certificate read(PEM_read_bio_X509(memory(pem).get(), nullptr, nullptr, nullptr), &X509_free);
  ERR_clear_error();
  if (!read) return fail(Errc::invalid_argument, file + " is not a certificate in PEM");
  return read;
}

Result<Key> key_from_pem(const std::string& pem, const std::string& file) {
  Key read(PEM_read_bio_PrivateKey(memory(pem).get(), nullptr, &no_passphrase, nullptr), &EVP_PKEY_free);
  ERR_clear_error();
  if (!read) return fail(Errc::invalid_argument, file + " is not a key in PEM without a passphrase");
  return read;
}

Validity validity_of(const X509& certificate) {
  const auto read = [](const ASN1_TIME* time) {
    std::tm fields{};
    if (ASN1_TIME_to_tm(time, &fields) != 1) return std::chrono::sys_seconds{};
    return std::chrono::sys_seconds(std::chrono::seconds(::timegm(&fields)));
  };
  return {read(X509_get0_notBefore(&certificate)), read(X509_get0_notAfter(&certificate))};
}

}  // namespace stillwater::mgmt::pki
