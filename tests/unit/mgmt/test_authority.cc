#include "tests/unit/mgmt/test_authority.h"

#include <stdexcept>

namespace stillwater::mgmt::test {
namespace {

template <class T>
T value(Result<T> result) {
  if (!result) throw std::runtime_error(result.error().message);
  return std::move(*result);
}

std::chrono::sys_seconds now() {
  return std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
}

TlsFiles files_of(const pki::Issued& issued) { return {issued.ca, issued.certificate, issued.key}; }

}  // namespace

pki::Validity today() { return {now() - std::chrono::hours(1), now() + std::chrono::days(1)}; }

pki::Validity expired() { return {now() - std::chrono::hours(1), now() - std::chrono::minutes(1)}; }

TestAuthority::TestAuthority()
    : authority_(value(pki::Authority::create(scratch_ / "pki", "test CA",
                                              {today().from, today().until + std::chrono::hours(1)}))) {}

TlsFiles TestAuthority::node(const std::string& name, const std::string& address,
                             pki::Validity validity) const {
  return files_of(value(authority_.issue_node(name, {address}, validity)));
}

TlsFiles TestAuthority::client(const std::string& name, Role role, pki::Validity validity) const {
  return files_of(value(authority_.issue_client(name, role, validity)));
}

void TestAuthority::renew(const std::string& name) const { value(authority_.renew(name, today())); }

}  // namespace stillwater::mgmt::test
