// A plan, built: everything it made is gone again when it is destroyed or when a step of building fails.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/result.h"
#include "tests/rig/topology/plan.h"
#include "tests/rig/topology/space.h"

namespace stillwater::rig {

// Owns the namespaces; bridges and links live in them and go with them, so nothing is ever made in the root
// namespace. Needs root, `ip` and `ethtool`. Processes and sockets inside must be gone before it is
// destroyed, else the kernel keeps the namespaces, without names, until they are. One thread.
class Topology {
 public:
  // Namespaces are named PREFIX-SPACE.
  [[nodiscard]] static Result<Topology> build(const Plan& plan, const std::string& prefix);

  // The namespace of this name in the plan, which must have it.
  [[nodiscard]] const Space& space(const std::string& name) const { return spaces_.at(name); }

 private:
  explicit Topology(std::string prefix) : prefix_(std::move(prefix)) {}
  [[nodiscard]] Status make(const Plan& plan);
  [[nodiscard]] Status make_space(const std::string& name);
  [[nodiscard]] Status apply(const Setting& setting);
  [[nodiscard]] Status make(const Bridge& bridge);
  [[nodiscard]] Status make(const Link& link);
  [[nodiscard]] Status finish(const LinkEnd& end);
  [[nodiscard]] Status make(const Route& route);
  [[nodiscard]] std::string real_name(const std::string& space) const { return prefix_ + "-" + space; }
  // Runs `ip -n SPACE WORDS...`.
  [[nodiscard]] Status ip(const std::string& space, std::vector<std::string> words) const;

  std::string prefix_;
  std::map<std::string, Space> spaces_;
};

// The prefix of this process's namespaces: "swrig" and its pid.
[[nodiscard]] std::string own_prefix();

// Namespaces of runs whose process is gone (it was killed before it could clean up).
[[nodiscard]] std::vector<std::string> leftover_spaces();

}  // namespace stillwater::rig
