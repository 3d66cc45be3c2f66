// A Stillwater pair whose replication link, witness line and management API are TLS with certificates on both
// ends, whatever its configuration files say.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"

namespace stillwater::rig {

enum class Security {
  configured,  // as the configuration files have it
  tls,
};

// In the node's own space: it is reached from there alone.
inline constexpr const char* kSecuredManagement = "127.0.0.1:7701";

// An authority that is made for one run. Its folder stays, for who wants to ask the nodes by hand or read why
// a certificate was refused; the keys in it guard nothing else.
class TestAuthority {
 public:
  explicit TestAuthority(std::string folder) : folder_(std::move(folder)) {}

  // By `stillwaterctl pki`, with `client` as its path: certificates for fw-a, fw-b, the witness and an admin.
  // What an earlier run left in the folder goes.
  [[nodiscard]] Status make(const std::string& client) const;

  // The configuration of node `name`, guarded. A section that is absent stays so. Pure.
  [[nodiscard]] Result<std::string> secured(const std::string& config, const std::string& name,
                                            const std::string& peer) const;

  // What stillwater-witness and stillwaterctl have to be told.
  [[nodiscard]] std::vector<std::string> witness_arguments() const { return arguments("witness"); }
  [[nodiscard]] std::vector<std::string> caller_arguments() const { return arguments("rig"); }

 private:
  [[nodiscard]] std::vector<std::string> arguments(const std::string& name) const;
  [[nodiscard]] std::string file(const std::string& name) const { return folder_ + "/" + name; }

  std::string folder_;
};

}  // namespace stillwater::rig
