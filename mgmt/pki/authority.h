// A certificate authority in a folder: ca.pem, ca.key, and NAME.pem with NAME.key of each that it issued.
// Keys have mode 0600. No file is ever written over, but a certificate by its renewal.
#pragma once

#include <string>
#include <vector>

#include "mgmt/pki/certificate.h"

namespace stillwater::mgmt::pki {

// Where a certificate is, and until when it is good.
struct Issued {
  std::string ca;
  std::string certificate;
  std::string key;
  Validity validity{};
};

// One thread; several processes may use the folder. Names are 1 to 63 letters, digits, '.', '_' and '-', the
// first a letter or digit, and not "ca". Errors of all that issues:
//  invalid_argument     a name or an address that is none
//  failed_precondition  the validity ends after the authority's own
//  refused              a file of that name is there
//  io                   the folder cannot be written, OpenSSL fails
class Authority {
 public:
  // Makes the folder where it is missing, and the authority in it. `name` is its CN.
  [[nodiscard]] static Result<Authority> create(const std::string& folder, const std::string& name,
                                                Validity validity);
  // io, invalid_argument: ca.pem or ca.key is missing or is none.
  [[nodiscard]] static Result<Authority> open(const std::string& folder);

  // For a node or witness: server and client. Its name is in the SAN as URI stillwater:node:NAME, and beside
  // it the addresses, IP or DNS, by which others call it. It has no role.
  [[nodiscard]] Result<Issued> issue_node(const std::string& name, const std::vector<std::string>& addresses,
                                          Validity validity) const;
  // For a person or a program that calls the management API: client only.
  [[nodiscard]] Result<Issued> issue_client(const std::string& name, Role role, Validity validity) const;
  // The same certificate for the same key, with another validity; the file is replaced in one step, so that
  // who reads certificate and key never sees two that do not fit.
  [[nodiscard]] Result<Issued> renew(const std::string& name, Validity validity) const;

  [[nodiscard]] const Issued& own() const { return own_; }

 private:
  Authority(std::string folder, Certificate certificate, Key key);
  [[nodiscard]] Issued files_of(const std::string& name, Validity validity) const;
  [[nodiscard]] Status check(const std::string& name, Validity validity) const;
  [[nodiscard]] Result<Issued> issue(const Contents& contents) const;
  [[nodiscard]] Issuer issuer() const { return {certificate_.get(), key_.get()}; }

  std::string folder_;
  Certificate certificate_;
  Key key_;
  Issued own_;
};

}  // namespace stillwater::mgmt::pki
