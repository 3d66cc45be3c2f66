#include "tests/rig/systems/security.h"

#include <filesystem>

#include <yaml-cpp/yaml.h>

#include "tests/rig/process/command.h"

namespace stillwater::rig {

Status TestAuthority::make(const std::string& client) const {
  std::error_code none;
  std::filesystem::remove_all(folder_, none);
  const std::vector<std::vector<std::string>> wanted{
      {"init"},
      {"node", "fw-a", "--address", "127.0.0.1"},
      {"node", "fw-b", "--address", "127.0.0.1"},
      {"node", "witness", "--address", "10.80.4.1", "--address", "10.80.5.1"},
      {"client", "rig", "--role", "admin"},
  };
  for (const std::vector<std::string>& words : wanted) {
    std::vector<std::string> command{client, "pki"};
    command.insert(command.end(), words.begin(), words.end());
    command.insert(command.end(), {"--dir", folder_});
    if (Status made = must_run(command); !made) return made;
  }
  return {};
}

Result<std::string> TestAuthority::secured(const std::string& config, const std::string& name,
                                           const std::string& peer) const {
  try {
    YAML::Node root = YAML::Load(config);
    for (const char* key : {"node", "replication", "witness"}) {
      YAML::Node section = root[key];
      if (!section.IsMap()) continue;
      section.remove("tls");
      section["tls_ca"] = file("ca.pem");
      section["tls_certificate"] = file(name + ".pem");
      section["tls_key"] = file(name + ".key");
    }
    root["node"]["management"] = kSecuredManagement;
    if (root["replication"].IsMap()) root["replication"]["peer_name"] = peer;
    return YAML::Dump(root) + "\n";
  } catch (const YAML::Exception& error) {
    return fail(Errc::invalid_argument, std::string("not YAML: ") + error.what());
  }
}

std::vector<std::string> TestAuthority::arguments(const std::string& name) const {
  return {"--tls-ca", file("ca.pem"), "--tls-cert", file(name + ".pem"), "--tls-key", file(name + ".key")};
}

}  // namespace stillwater::rig
