#include "tests/unit/witness/certificates.h"

#include <stdexcept>
#include <vector>

#include "tests/unit/mgmt/process.h"

namespace stillwater::mgmt::witness::test {
namespace {

void openssl(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), "/usr/bin/openssl");
  const auto done = mgmt::test::run(std::move(arguments));
  if (done.exit != 0) throw std::runtime_error("openssl: " + done.err);
}

}  // namespace

Authority::Authority() {
  openssl({"req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
           "-subj", "/CN=authority", "-keyout", scratch_ / "ca.key", "-out", certificate()});
}

TlsFiles Authority::issue(const std::string& name, const std::string& subject_alt_name, int days) const {
  const TlsFiles files{certificate(), scratch_ / (name + ".pem"), scratch_ / (name + ".key")};
  const std::string request = scratch_ / (name + ".csr");
  openssl({"req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=" + name,
           "-addext", "subjectAltName=" + subject_alt_name, "-keyout", files.key, "-out", request});
  openssl({"x509", "-req", "-in", request, "-CA", certificate(), "-CAkey", scratch_ / "ca.key",
           "-CAcreateserial", "-days", std::to_string(days), "-copy_extensions", "copy", "-out", files.cert});
  return files;
}

}  // namespace stillwater::mgmt::witness::test
