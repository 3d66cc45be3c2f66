// Certificates of the tests' own, made by openssl when they are needed.
#pragma once

#include <string>

#include "mgmt/tls.h"
#include "tests/unit/mgmt/scratch.h"

namespace stillwater::mgmt::witness::test {

// One authority. All files are in a folder that goes with it.
class Authority {
 public:
  Authority();

  [[nodiscard]] std::string certificate() const { return scratch_ / "ca.pem"; }

  // A certificate with its key. `name` tells the files apart. Of -1 days it has expired.
  [[nodiscard]] TlsFiles issue(const std::string& name, const std::string& subject_alt_name = "IP:127.0.0.1",
                               int days = 2) const;

 private:
  mgmt::test::Scratch scratch_;
};

}  // namespace stillwater::mgmt::witness::test
