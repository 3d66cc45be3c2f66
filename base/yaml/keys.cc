#include "base/yaml/keys.h"

#include <algorithm>
#include <numeric>
#include <utility>

namespace stillwater::yaml {
namespace {

std::size_t edit_distance(const std::string& a, const std::string& b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i + 1);
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t changed = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({changed, row[j] + 1, diagonal + 1});
    }
  }
  return row.back();
}

}  // namespace

const char* kind_of(const YAML::Node& node) {
  if (node.IsMap()) return "a mapping";
  if (node.IsSequence()) return "a list";
  if (node.IsScalar()) return "a single value";
  return "empty";
}

std::vector<Value> elements_of(const Value& list) {
  std::vector<Value> elements;
  for (const auto& element : list.node) {
    elements.push_back({element, element.IsNull() ? list.at : element.Mark()});
  }
  return elements;
}

Keys::Keys(const YAML::Mark& at, std::string name, Mistakes& mistakes)
    : name_(std::move(name)), at_(at), mistakes_(mistakes), readable_(false) {}

Keys::Keys(const Value& value, std::string name, Mistakes& mistakes)
    : name_(std::move(name)), at_(value.at), mistakes_(mistakes), readable_(value.node.IsMap()) {
  if (!readable_) {
    mistakes_.add(at_, name_ + " is " + kind_of(value.node) + "; expected a mapping of keys to values");
    return;
  }
  for (const auto& entry : value.node) {
    const YAML::Mark key_at = entry.first.Mark();
    if (!entry.first.IsScalar()) {
      mistakes_.add(key_at, "a key of " + name_ + " is " + kind_of(entry.first) + "; expected a name");
      continue;
    }
    const std::string& key = entry.first.Scalar();
    const auto [first, is_new] = key_marks_.emplace(key, key_at);
    if (!is_new) {
      mistakes_.add(key_at, "key " + quoted(key) + " is repeated; expected it once (first on line " +
                                std::to_string(first->second.line + 1) + ")");
      continue;
    }
    values_.emplace(key, Value{entry.second, entry.second.IsNull() ? key_at : entry.second.Mark()});
  }
}

const Value* Keys::find(const std::string& key) {
  expected_.insert(key);
  const auto value = values_.find(key);
  return value == values_.end() ? nullptr : &value->second;
}

bool Keys::require(const std::string& key, const std::string& expected) {
  if (has(key)) return true;
  if (readable_) mistakes_.add(at_, name_ + " has no " + quoted(key) + "; expected " + expected);
  return false;
}

std::vector<std::string> Keys::names() {
  std::vector<std::string> names;
  for (const auto& [key, value] : values_) names.push_back(key);
  expected_.insert(names.begin(), names.end());
  return names;
}

Keys Keys::under(const std::string& key) {
  if (const Value* value = find(key)) return {*value, key, mistakes_};
  return {at_, key, mistakes_};
}

void Keys::mistake(const std::string& key, const std::string& what) {
  const auto value = values_.find(key);
  mistakes_.add(value == values_.end() ? at_ : value->second.at, what);
}

void Keys::finish() {
  for (const auto& [key, at] : key_marks_) {
    if (expected_.contains(key)) continue;
    mistakes_.add(at, "unknown key " + quoted(key) + " in " + name_ + "; " + hint_for(key));
  }
}

std::string Keys::hint_for(const std::string& unknown) const {
  const std::string* closest = nullptr;
  std::size_t least = std::max<std::size_t>(1, unknown.size() / 3) + 1;
  std::string all;
  for (const std::string& key : expected_) {
    all += (all.empty() ? "" : ", ") + key;
    const bool swapped = std::is_permutation(unknown.begin(), unknown.end(), key.begin(), key.end());
    const std::size_t distance = swapped ? 1 : edit_distance(unknown, key);
    if (distance >= least) continue;
    least = distance;
    closest = &key;
  }
  if (closest != nullptr) return "expected " + quoted(*closest) + ", did you mean that?";
  return "expected one of " + all;
}

}  // namespace stillwater::yaml
