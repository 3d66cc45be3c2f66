#include "mgmt/pki/authority.h"

#include <algorithm>
#include <cctype>
#include <filesystem>

#include "mgmt/pki/files.h"

namespace stillwater::mgmt::pki {
namespace {

constexpr mode_t kForAll = 0644;
constexpr mode_t kForOwner = 0600;

Status check_name(const std::string& name) {
  const auto is_allowed = [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '.' || c == '_' || c == '-';
  };
  const bool right = !name.empty() && name.size() <= 63 && name != "ca" &&
                     std::isalnum(static_cast<unsigned char>(name.front())) != 0 &&
                     std::all_of(name.begin(), name.end(), is_allowed);
  if (right) return {};
  return fail(Errc::invalid_argument, "'" + name +
                                          "' is no name; expected 1 to 63 letters, digits, '.', '_' and "
                                          "'-', beginning with a letter or digit, and not ca");
}

// Both, or neither: a key without a certificate would be in the way of the next attempt.
Status write_pair(const Issued& files, const X509& certificate, const EVP_PKEY& key) {
  for (const std::string& path : {files.key, files.certificate}) {
    if (exists(path)) return fail(Errc::refused, path + " exists already; nothing is written over it");
  }
  if (Status wrote = write_new(files.key, to_pem(key), kForOwner); !wrote) return wrote;
  Status wrote = write_new(files.certificate, to_pem(certificate), kForAll);
  if (!wrote) std::filesystem::remove(files.key);
  return wrote;
}

Result<Certificate> read_certificate(const std::string& file) {
  return read_file(file).and_then([&](const std::string& pem) { return certificate_from_pem(pem, file); });
}

Result<Key> read_key(const std::string& file) {
  return read_file(file).and_then([&](const std::string& pem) { return key_from_pem(pem, file); });
}

}  // namespace

Authority::Authority(std::string folder, Certificate certificate, Key key)
    : folder_(std::move(folder)),
      certificate_(std::move(certificate)),
      key_(std::move(key)),
      own_(files_of("ca", validity_of(*certificate_))) {}

Issued Authority::files_of(const std::string& name, Validity validity) const {
  const std::string base = folder_ + "/" + name;
  return {folder_ + "/ca.pem", base + ".pem", base + ".key", validity};
}

Result<Authority> Authority::create(const std::string& folder, const std::string& name, Validity validity) {
  if (const Status made = make_folder(folder); !made) return tl::unexpected(made.error());
  auto key = new_key();
  if (!key) return tl::unexpected(key.error());
  auto certificate = make_certificate({.kind = Contents::Kind::authority, .name = name, .validity = validity},
                                      **key, std::nullopt);
  if (!certificate) return tl::unexpected(certificate.error());
  Authority authority(folder, std::move(*certificate), std::move(*key));
  if (const Status wrote = write_pair(authority.own_, *authority.certificate_, *authority.key_); !wrote)
    return tl::unexpected(wrote.error());
  return authority;
}

Result<Authority> Authority::open(const std::string& folder) {
  auto certificate = read_certificate(folder + "/ca.pem");
  if (!certificate)
    return fail(certificate.error().code,
                certificate.error().message + " (`stillwaterctl pki init` makes an authority)");
  auto key = read_key(folder + "/ca.key");
  if (!key) return tl::unexpected(key.error());
  return Authority(folder, std::move(*certificate), std::move(*key));
}

Result<Issued> Authority::issue_node(const std::string& name, const std::vector<std::string>& addresses,
                                     Validity validity) const {
  return issue({.kind = Contents::Kind::node, .name = name, .addresses = addresses, .validity = validity});
}

Result<Issued> Authority::issue_client(const std::string& name, Role role, Validity validity) const {
  return issue({.kind = Contents::Kind::client, .name = name, .role = role, .validity = validity});
}

Result<Issued> Authority::renew(const std::string& name, Validity validity) const {
  if (const Status right = check(name, validity); !right) return tl::unexpected(right.error());
  Issued files = files_of(name, validity);
  const auto old = read_certificate(files.certificate);
  if (!old) return tl::unexpected(old.error());
  const auto key = read_key(files.key);
  if (!key) return tl::unexpected(key.error());
  const auto made = renew_certificate(**old, validity, **key, issuer());
  if (!made) return fail(made.error().code, files.certificate + ": " + made.error().message);
  return write_over(files.certificate, to_pem(**made), kForAll).map([&] { return std::move(files); });
}

Status Authority::check(const std::string& name, Validity validity) const {
  if (Status right = check_name(name); !right) return right;
  if (validity.until <= own_.validity.until) return {};
  const auto left = std::chrono::floor<std::chrono::days>(own_.validity.until - validity.from);
  return fail(Errc::failed_precondition, "the authority's own certificate ends before; at most " +
                                             std::to_string(std::max<std::int64_t>(left.count(), 0)) +
                                             " days are possible");
}

Result<Issued> Authority::issue(const Contents& contents) const {
  if (const Status right = check(contents.name, contents.validity); !right)
    return tl::unexpected(right.error());
  const auto key = new_key();
  if (!key) return tl::unexpected(key.error());
  const auto certificate = make_certificate(contents, **key, issuer());
  if (!certificate) return tl::unexpected(certificate.error());
  Issued files = files_of(contents.name, contents.validity);
  return write_pair(files, **certificate, **key).map([&] { return std::move(files); });
}

}  // namespace stillwater::mgmt::pki
