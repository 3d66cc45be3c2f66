// The keys of one YAML mapping, read strictly: they are learnt from what is asked for, and finish() reports
// all others. Reading goes on after a mistake, so that one run shows every one.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include <yaml-cpp/yaml.h>

#include "base/yaml/mistakes.h"

namespace stillwater::yaml {

// A node and where to point when it is wrong. yaml-cpp places an omitted value at the next token, so then
// `at` is its key.
struct Value {
  YAML::Node node;
  YAML::Mark at;
};

// "a mapping", "a list", "a single value", "empty".
[[nodiscard]] const char* kind_of(const YAML::Node& node);

// The elements of a list; those that are empty are where the list is.
[[nodiscard]] std::vector<Value> elements_of(const Value& list);

// Used by one thread. A value that is no mapping is reported once and reads as empty, without reporting each
// key as missing.
class Keys {
 public:
  // `name` is how messages call it. `mistakes` outlives it.
  Keys(const Value& value, std::string name, Mistakes& mistakes);
  // Of a mapping that is not there: empty and silent.
  Keys(const YAML::Mark& at, std::string name, Mistakes& mistakes);

  [[nodiscard]] bool has(const std::string& key) { return find(key) != nullptr; }
  // The value, which is expected from now on; null: absent.
  [[nodiscard]] const Value* find(const std::string& key);
  // Reports the key when it is missing.
  bool require(const std::string& key, const std::string& expected);
  // All keys in the order of their names; each is expected from now on.
  [[nodiscard]] std::vector<std::string> names();
  // The keys of the mapping under `key`; empty and silent when absent.
  [[nodiscard]] Keys under(const std::string& key);

  // Reports a mistake at the value of `key`, or at the mapping when the key is absent.
  void mistake(const std::string& key, const std::string& what);
  void mistake(const Value& value, const std::string& what) { mistakes_.add(value.at, what); }
  [[nodiscard]] Mistakes& mistakes() { return mistakes_; }

  // Reports what was never asked for.
  void finish();

 private:
  [[nodiscard]] std::string hint_for(const std::string& unknown) const;

  std::string name_;
  YAML::Mark at_;
  Mistakes& mistakes_;
  bool readable_;
  std::map<std::string, Value> values_;
  std::map<std::string, YAML::Mark> key_marks_;
  std::set<std::string> expected_;
};

}  // namespace stillwater::yaml
