// Reads a YAML tree strictly. What is missing, unknown, repeated or ill-formed becomes a line of the report,
// and reading goes on, so that one run shows every mistake. Used by one thread.
#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "appliance/config/scalars.h"
#include "base/yaml/keys.h"

namespace stillwater::appliance {

using yaml::Mistakes;
using yaml::Value;

// A mapping and the values under its keys; see yaml::Keys.
class Section {
 public:
  // `name` is how messages call it. `mistakes` outlives the section.
  Section(const Value& value, const std::string& name, Mistakes& mistakes) : keys_(value, name, mistakes) {}

  [[nodiscard]] bool has(const std::string& key) { return keys_.has(key); }
  // Reports the key when it is missing.
  bool require(const std::string& key, const std::string& expected = "this key") {
    return keys_.require(key, expected);
  }

  // Sets `out` from the key's scalar through `parse` (see scalars.h). False: absent, or wrong and reported;
  // `out` is untouched then.
  template <class T, class Parse>
  bool optional(const std::string& key, T& out, const Parse& parse) {
    const Value* value = keys_.find(key);
    return value != nullptr && read(*value, key, out, parse);
  }
  template <class T, class Parse>
  bool required(const std::string& key, T& out, const Parse& parse) {
    return require(key) && optional(key, out, parse);
  }

  // The elements of a list; none when absent or not a list (reported).
  enum class Empty { allowed, refused };
  [[nodiscard]] std::vector<Value> list(const std::string& key, Empty empty = Empty::allowed);
  // Whether there is a list under `key`, and the value under it as a list of one; none when absent.
  [[nodiscard]] bool is_list(const std::string& key);
  [[nodiscard]] std::vector<Value> one(const std::string& key);
  // The elements of the list under `key`, which has some, or its one value; none when absent.
  [[nodiscard]] std::vector<Value> one_or_more(const std::string& key) {
    return is_list(key) ? list(key, Empty::refused) : one(key);
  }
  // All keys, in the order of their names.
  [[nodiscard]] std::vector<std::string> names() { return keys_.names(); }
  // The mapping under `key`; empty and silent when absent.
  [[nodiscard]] Section section(const std::string& key) { return Section(keys_.under(key)); }

  // The same as optional() for an element of a list.
  template <class T, class Parse>
  bool read(const Value& value, const std::string& name, T& out, const Parse& parse) {
    Parsed<T> parsed = parse(value.node.IsScalar() ? value.node.Scalar() : "");
    if (value.node.IsScalar() && parsed) {
      out = std::move(*parsed);
      return true;
    }
    refuse(value, name, parsed ? "" : parsed.error());
    return false;
  }

  // Reports a mistake at the value of `key`, or at the section when the key is absent.
  void mistake(const std::string& key, const std::string& what) { keys_.mistake(key, what); }
  void mistake(const Value& value, const std::string& what) { keys_.mistake(value, what); }
  [[nodiscard]] Section element(const Value& value, const std::string& name) {
    return {value, name, keys_.mistakes()};
  }

  void finish() { keys_.finish(); }

 private:
  explicit Section(yaml::Keys keys) : keys_(std::move(keys)) {}
  void refuse(const Value& value, const std::string& name, const std::string& error);

  yaml::Keys keys_;
};

}  // namespace stillwater::appliance
