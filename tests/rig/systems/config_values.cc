#include "tests/rig/systems/config_values.h"

#include <charconv>
#include <optional>
#include <sstream>
#include <vector>

#include <yaml-cpp/yaml.h>

namespace stillwater::rig {
namespace {

std::vector<std::string> split(const std::string& place) {
  std::vector<std::string> parts;
  std::istringstream words(place);
  for (std::string part; std::getline(words, part, '.');) parts.push_back(part);
  return parts;
}

std::optional<std::size_t> index_of(const std::string& part, std::size_t size) {
  std::size_t index = 0;
  const auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), index);
  if (error != std::errc() || end != part.data() + part.size() || index >= size) return std::nullopt;
  return index;
}

// What is under `part` of a mapping or a list; undefined: nothing.
YAML::Node under(YAML::Node at, const std::string& part) {
  if (at.IsMap()) return at[part];
  const auto index = at.IsSequence() ? index_of(part, at.size()) : std::nullopt;
  return index ? at[*index] : YAML::Node(YAML::NodeType::Undefined);
}

Status set(const YAML::Node& root, const std::string& place, const std::string& value) {
  const auto missing = [&] {
    return fail(Errc::invalid_argument, "the configuration has no place for " + place);
  };
  const std::vector<std::string> parts = split(place);
  if (parts.empty()) return missing();
  YAML::Node at;
  at.reset(root);
  for (std::size_t i = 0; i + 1 < parts.size(); ++i) {
    const YAML::Node next = under(at, parts[i]);
    if (!next.IsDefined()) return missing();
    at.reset(next);
  }
  const std::string& last = parts.back();
  if (at.IsMap()) {
    at[last] = value;
    return {};
  }
  const auto index = at.IsSequence() ? index_of(last, at.size()) : std::nullopt;
  if (!index) return missing();
  at[*index] = value;
  return {};
}

}  // namespace

Result<std::string> with_values(const std::string& text, const ConfigValues& values) {
  try {
    const YAML::Node root = YAML::Load(text);
    for (const auto& [place, value] : values) {
      if (Status done = set(root, place, value); !done) return tl::unexpected(done.error());
    }
    return YAML::Dump(root) + "\n";
  } catch (const YAML::Exception& error) {
    return fail(Errc::invalid_argument, std::string("not YAML: ") + error.what());
  }
}

}  // namespace stillwater::rig
