// Reads a YAML tree strictly. What is missing, unknown, repeated or ill-formed becomes a line of the report,
// and reading goes on, so that one run shows every mistake. Used by one thread.
#pragma once

#include <cstddef>
#include <map>
#include <set>
#include <string>
#include <vector>

#include <yaml-cpp/yaml.h>

#include "appliance/config/scalars.h"
#include "base/result.h"

namespace stillwater::appliance {

class Mistakes {
 public:
  explicit Mistakes(std::string file) : file_(std::move(file)) {}

  // `what` reads "what is wrong; expected ...".
  void add(const YAML::Mark& at, std::string what);

  [[nodiscard]] bool empty() const { return found_.empty(); }
  // One line a mistake, sorted by position.
  [[nodiscard]] Error error() const;

 private:
  struct Mistake {
    int line, column;  // from 0, as yaml-cpp counts
    std::string what;
  };

  std::string file_;
  std::vector<Mistake> found_;
};

// A node and where to point when it is wrong. yaml-cpp places an omitted value at the next token, so then
// `at` is its key.
struct Value {
  YAML::Node node;
  YAML::Mark at;
};

// A mapping. It learns its keys from what it is asked for; finish() reports all others. A section whose value
// is not a mapping reports that once and reads as empty, without reporting each key as missing.
class Section {
 public:
  // `name` is how messages call it. `mistakes` outlives the section.
  Section(const Value& value, std::string name, Mistakes& mistakes);

  [[nodiscard]] bool has(const std::string& key);
  // Reports the key when it is missing.
  bool require(const std::string& key, const std::string& expected = "this key");

  // Sets `out` from the key's scalar through `parse` (see scalars.h). False: absent, or wrong and reported;
  // `out` is untouched then.
  template <class T, class Parse>
  bool optional(const std::string& key, T& out, const Parse& parse) {
    return has(key) && read(values_.at(key), key, out, parse);
  }
  template <class T, class Parse>
  bool required(const std::string& key, T& out, const Parse& parse) {
    return require(key) && optional(key, out, parse);
  }

  // The elements of a list; none when absent or not a list (reported).
  enum class Empty { allowed, refused };
  [[nodiscard]] std::vector<Value> list(const std::string& key, Empty empty = Empty::allowed);
  // The mapping under `key`; empty and silent when absent.
  [[nodiscard]] Section section(const std::string& key);

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
  void mistake(const std::string& key, const std::string& what);
  void mistake(const Value& value, const std::string& what) { mistakes_.add(value.at, what); }
  [[nodiscard]] Section element(const Value& value, const std::string& name) {
    return {value, name, mistakes_};
  }

  void finish();

 private:
  void refuse(const Value& value, const std::string& name, const std::string& error);
  [[nodiscard]] std::string hint_for(const std::string& unknown) const;

  std::string name_;
  YAML::Mark at_;
  Mistakes& mistakes_;
  bool readable_ = true;
  std::map<std::string, Value> values_;
  std::map<std::string, YAML::Mark> key_marks_;
  std::set<std::string> expected_;
};

}  // namespace stillwater::appliance
