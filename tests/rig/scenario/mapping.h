// Reads one YAML mapping strictly: it learns its keys from what it is asked for, and finish() reports all
// others. Reading goes on after a mistake, so that one run shows every one. The rig shares no code with the
// daemon that it judges, so this reader is its own.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include <yaml-cpp/yaml.h>

#include "base/clock.h"
#include "tests/rig/scenario/mistakes.h"

namespace stillwater::rig {

// A scalar and where it is. yaml-cpp places an omitted value at the next token, so then `at` is its key.
struct Word {
  std::string text;
  YAML::Mark at;
};

// One thread. `mistakes` outlives it. A value that is absent or wrong (and reported) leaves `out` untouched.
class Mapping {
 public:
  Mapping(const YAML::Node& node, YAML::Mark at, std::string name, Mistakes& mistakes);

  [[nodiscard]] bool has(const std::string& key);
  void require(const std::string& key, const std::string& expected);

  void text(const std::string& key, std::string& out);
  void number(const std::string& key, std::uint32_t& out, std::uint32_t low, std::uint32_t high);
  void number(const std::string& key, std::uint64_t& out);
  // A whole number and ms, s or m.
  void duration(const std::string& key, Nanos& out, Nanos low, Nanos high);
  // One word or a list of words; none when absent. Repeated words are reported.
  [[nodiscard]] std::vector<Word> words(const std::string& key);
  // The mapping under `key`; empty when absent.
  [[nodiscard]] Mapping mapping(const std::string& key);

  // At the value of `key`, or at this mapping where the key is absent.
  void mistake(const std::string& key, const std::string& what);

  // Reports what was never asked for.
  void finish();

 private:
  struct Entry {
    YAML::Node value;
    YAML::Mark key_at;
    YAML::Mark at;  // of the value
  };
  // The scalar under `key`; null: absent, or reported as no scalar.
  [[nodiscard]] const std::string* scalar(const std::string& key, const std::string& expected);
  void add_word(const YAML::Node& node, const YAML::Mark& at, const std::string& key,
                std::vector<Word>& words);
  [[nodiscard]] std::string hint_for(const std::string& unknown) const;

  std::string name_;
  YAML::Mark at_;
  Mistakes& mistakes_;
  std::map<std::string, Entry> entries_;
  std::set<std::string> expected_;
};

// "one of a, b, c"
[[nodiscard]] std::string one_of(const std::vector<std::string>& words);

}  // namespace stillwater::rig
