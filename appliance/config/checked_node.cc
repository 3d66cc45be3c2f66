#include "appliance/config/checked_node.h"

#include <algorithm>
#include <numeric>
#include <tuple>

namespace stillwater::appliance {
namespace {

const char* kind_of(const YAML::Node& node) {
  if (node.IsMap()) return "a mapping";
  if (node.IsSequence()) return "a list";
  if (node.IsScalar()) return "a single value";
  return "empty";
}

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

void Mistakes::add(const YAML::Mark& at, std::string what) {
  found_.push_back({std::max(at.line, 0), std::max(at.column, 0), std::move(what)});
}

Error Mistakes::error() const {
  std::vector<Mistake> sorted = found_;
  std::stable_sort(sorted.begin(), sorted.end(), [](const Mistake& a, const Mistake& b) {
    return std::tie(a.line, a.column) < std::tie(b.line, b.column);
  });
  std::string lines;
  for (const Mistake& m : sorted) {
    if (!lines.empty()) lines += '\n';
    lines += file_ + ':' + std::to_string(m.line + 1) + ':' + std::to_string(m.column + 1) + ": " + m.what;
  }
  return Error{Errc::invalid_argument, lines};
}

Section::Section(const Value& value, std::string name, Mistakes& mistakes)
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

bool Section::has(const std::string& key) {
  expected_.insert(key);
  return values_.count(key) != 0;
}

bool Section::require(const std::string& key, const std::string& expected) {
  if (has(key)) return true;
  if (readable_) mistakes_.add(at_, name_ + " has no " + quoted(key) + "; expected " + expected);
  return false;
}

std::vector<Value> Section::list(const std::string& key, Empty empty) {
  if (!has(key)) return {};
  const Value& value = values_.at(key);
  if (!value.node.IsSequence()) {
    mistakes_.add(value.at, key + " is " + kind_of(value.node) + "; expected a list" +
                                (empty == Empty::refused ? "" : ", [] for none"));
    return {};
  }
  if (value.node.size() == 0 && empty == Empty::refused) {
    mistakes_.add(value.at, key + " is an empty list; expected at least one element");
  }
  std::vector<Value> elements;
  for (const auto& element : value.node) {
    elements.push_back({element, element.IsNull() ? value.at : element.Mark()});
  }
  return elements;
}

Section Section::section(const std::string& key) {
  if (has(key)) return {values_.at(key), key, mistakes_};
  Section none(Value{YAML::Node(YAML::NodeType::Map), at_}, key, mistakes_);
  none.readable_ = false;
  return none;
}

void Section::refuse(const Value& value, const std::string& name, const std::string& error) {
  if (value.node.IsScalar()) return mistakes_.add(value.at, name + ": " + error);
  // Of what the parser says about no text, what it expects holds for a list or a mapping too.
  const std::string expected = error.substr(std::min(error.find("; "), error.size()));
  mistakes_.add(value.at, name + " is " + kind_of(value.node) + expected);
}

void Section::mistake(const std::string& key, const std::string& what) {
  const auto value = values_.find(key);
  mistakes_.add(value == values_.end() ? at_ : value->second.at, what);
}

void Section::finish() {
  for (const auto& [key, at] : key_marks_) {
    if (expected_.count(key) == 0) {
      mistakes_.add(at, "unknown key " + quoted(key) + " in " + name_ + "; " + hint_for(key));
    }
  }
}

std::string Section::hint_for(const std::string& unknown) const {
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

}  // namespace stillwater::appliance
