#include "mgmt/roles.h"

#include <algorithm>
#include <array>
#include <memory>
#include <vector>

#include <openssl/pem.h>
#include <openssl/x509.h>

namespace stillwater::mgmt {
namespace {

constexpr std::array<std::string_view, 3> kNames = {"viewer", "operator", "admin"};

struct Entry {
  std::string_view method;
  Role role;
};

// Each method of each service that a node serves.
constexpr std::array kCalls = {
    Entry{"/stillwater.v1.Appliance/GetStatus", Role::viewer},
    Entry{"/stillwater.v1.Appliance/ListSessions", Role::viewer},
    Entry{"/stillwater.v1.Appliance/CountSessions", Role::viewer},
    Entry{"/stillwater.v1.Appliance/ListBindings", Role::viewer},
    Entry{"/stillwater.v1.Appliance/CountBindings", Role::viewer},
    Entry{"/stillwater.v1.Appliance/ListRoutes", Role::viewer},
    Entry{"/stillwater.v1.Appliance/GetRules", Role::viewer},
    Entry{"/stillwater.v1.Appliance/Trace", Role::viewer},
    Entry{"/stillwater.v1.Appliance/GetPolicy", Role::viewer},
    Entry{"/stillwater.v1.Appliance/EndSessions", Role::operating},
    Entry{"/stillwater.v1.Appliance/ChangeRoutes", Role::operating},
    Entry{"/stillwater.v1.Appliance/LoadRules", Role::operating},
    Entry{"/stillwater.v1.Appliance/Ping", Role::operating},
    Entry{"/stillwater.v1.Appliance/TakeCheckpoint", Role::operating},
    Entry{"/stillwater.v1.Appliance/SetPolicy", Role::operating},
    Entry{"/stillwater.v1.Appliance/Quiesce", Role::operating},
    Entry{"/stillwater.v1.Appliance/Resume", Role::operating},
    Entry{"/stillwater.v1.Appliance/Switchover", Role::operating},
    Entry{"/grpc.health.v1.Health/Check", Role::viewer},
    Entry{"/grpc.health.v1.Health/Watch", Role::viewer},
    Entry{"/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo", Role::viewer},
};

using Certificate = std::unique_ptr<X509, decltype(&X509_free)>;

Certificate read_certificate(const std::string& pem) {
  const std::unique_ptr<BIO, decltype(&BIO_free)> bytes(
      BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), &BIO_free);
  return {PEM_read_bio_X509(bytes.get(), nullptr, nullptr, nullptr), &X509_free};
}

std::string text_of(const X509_NAME* name) {
  const std::unique_ptr<BIO, decltype(&BIO_free)> out(BIO_new(BIO_s_mem()), &BIO_free);
  if (!out || X509_NAME_print_ex(out.get(), name, 0, XN_FLAG_RFC2253) < 0) return "?";
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(out.get(), &bytes);
  return {bytes, static_cast<std::size_t>(size)};
}

std::string utf8(const ASN1_STRING* text) {
  unsigned char* bytes = nullptr;
  const int size = ASN1_STRING_to_UTF8(&bytes, text);
  if (size < 0) return "";
  std::string result(reinterpret_cast<char*>(bytes), static_cast<std::size_t>(size));
  OPENSSL_free(bytes);
  return result;
}

std::vector<Role> roles_of(const X509_NAME* subject) {
  std::vector<Role> roles;
  for (int at = -1; (at = X509_NAME_get_index_by_NID(subject, NID_organizationalUnitName, at)) >= 0;) {
    if (const auto role = role_named(utf8(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at)))))
      roles.push_back(*role);
  }
  return roles;
}

// "OU=operator or OU=admin"
std::string possible(Role least) {
  std::string text;
  for (auto i = static_cast<std::size_t>(least); i < kNames.size(); ++i)
    text += (text.empty() ? "OU=" : " or OU=") + std::string(kNames[i]);
  return text;
}

}  // namespace

std::string_view name_of(Role role) { return kNames[static_cast<std::size_t>(role)]; }

std::optional<Role> role_named(std::string_view name) {
  const auto* found = std::find(kNames.begin(), kNames.end(), name);
  if (found == kNames.end()) return std::nullopt;
  return static_cast<Role>(found - kNames.begin());
}

std::optional<Role> role_needed(std::string_view method) {
  const auto* found =
      std::find_if(kCalls.begin(), kCalls.end(), [&](const Entry& entry) { return entry.method == method; });
  if (found == kCalls.end()) return std::nullopt;
  return found->role;
}

Result<Role> role_in(const std::string& certificate) {
  const auto read = read_certificate(certificate);
  if (!read) return fail(Errc::refused, "there is no certificate that says who calls");
  const X509_NAME* subject = X509_get_subject_name(read.get());
  const auto roles = roles_of(subject);
  if (roles.size() == 1) return roles.front();
  return fail(Errc::refused, "the certificate of " + text_of(subject) + " has " +
                                 (roles.empty() ? "no role" : "several roles") + " in its subject");
}

Status may_call(const std::string& certificate, std::string_view method) {
  const Role needed = role_needed(method).value_or(Role::admin);
  const std::string needs = std::string(method) + " needs a certificate with " + possible(needed);
  const auto role = role_in(certificate);
  if (!role) return fail(Errc::refused, needs + "; " + role.error().message);
  if (*role >= needed) return {};
  return fail(Errc::refused, needs + "; this one has OU=" + std::string(name_of(*role)));
}

}  // namespace stillwater::mgmt
