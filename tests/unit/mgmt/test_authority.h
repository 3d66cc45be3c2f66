// Certificates of the tests' own.
#pragma once

#include <string>

#include "mgmt/pki/authority.h"
#include "mgmt/tls.h"
#include "tests/unit/mgmt/scratch.h"

namespace stillwater::mgmt::test {

// From an hour ago until tomorrow; until a minute ago.
[[nodiscard]] pki::Validity today();
[[nodiscard]] pki::Validity expired();

// An authority in a folder that goes with it.
class TestAuthority {
 public:
  TestAuthority();

  // Files of a new certificate, named `name`.
  [[nodiscard]] TlsFiles node(const std::string& name, const std::string& address = "127.0.0.1",
                              pki::Validity validity = today()) const;
  [[nodiscard]] TlsFiles client(const std::string& name, Role role, pki::Validity validity = today()) const;
  void renew(const std::string& name) const;

  [[nodiscard]] std::string ca() const { return authority_.own().ca; }

 private:
  Scratch scratch_;
  pki::Authority authority_;
};

}  // namespace stillwater::mgmt::test
