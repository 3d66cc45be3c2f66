// The values of a scenario's mappings, read strictly; see yaml::Keys for what happens to its keys.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/yaml/keys.h"

namespace stillwater::rig {

using yaml::Mistakes;
using Item = yaml::Value;

// A scalar and where it is.
struct Word {
  std::string text;
  YAML::Mark at;
};

// One thread. `mistakes` outlives it. A value that is absent or wrong (and reported) leaves `out` untouched.
class Mapping {
 public:
  Mapping(const Item& item, const std::string& name, Mistakes& mistakes) : keys_(item, name, mistakes) {}

  [[nodiscard]] bool has(const std::string& key) { return keys_.has(key); }
  void require(const std::string& key, const std::string& expected) { keys_.require(key, expected); }

  void text(const std::string& key, std::string& out);
  void number(const std::string& key, std::uint32_t& out, std::uint32_t low, std::uint32_t high);
  void number(const std::string& key, std::uint64_t& out);
  // A whole number and ms, s or m.
  void duration(const std::string& key, Nanos& out, Nanos low, Nanos high);
  // One word or a list of words; none when absent. Repeated words are reported.
  [[nodiscard]] std::vector<Word> words(const std::string& key);
  // What is under `key`, or each element of the list there; none when absent.
  [[nodiscard]] std::vector<Item> items(const std::string& key);
  // One of `words`; `otherwise` where the key is absent or wrong.
  [[nodiscard]] std::string choice(const std::string& key, const std::vector<std::string>& words,
                                   const std::string& otherwise);
  // All keys, in the order of their names; they are expected from now on.
  [[nodiscard]] std::vector<std::string> names() { return keys_.names(); }
  [[nodiscard]] bool is_mapping(const std::string& key);
  // The mapping under `key`; empty when absent.
  [[nodiscard]] Mapping mapping(const std::string& key) { return Mapping(keys_.under(key)); }

  // At the value of `key`, or at this mapping where the key is absent.
  void mistake(const std::string& key, const std::string& what) { keys_.mistake(key, what); }

  // Reports what was never asked for.
  void finish() { keys_.finish(); }

 private:
  explicit Mapping(yaml::Keys keys) : keys_(std::move(keys)) {}
  // The scalar under `key`; null: absent, or reported as no scalar.
  [[nodiscard]] const std::string* scalar(const std::string& key, const std::string& expected);
  void add_word(const Item& item, const std::string& key, std::vector<Word>& words);

  yaml::Keys keys_;
};

// "one of a, b, c"
[[nodiscard]] std::string one_of(const std::vector<std::string>& words);

}  // namespace stillwater::rig
