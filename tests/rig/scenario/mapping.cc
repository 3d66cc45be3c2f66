#include "tests/rig/scenario/mapping.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <numeric>
#include <optional>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace stillwater::rig {
namespace {

const char* kind_of(const YAML::Node& node) {
  if (node.IsMap()) return "a mapping";
  if (node.IsSequence()) return "a list";
  return node.IsScalar() ? "a single value" : "empty";
}

std::optional<std::uint64_t> whole_number(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<Nanos> duration_of(std::string_view text) {
  const std::size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
  const auto count = whole_number(text.substr(0, digits));
  const std::string_view unit = text.substr(digits);
  // More than an hour is out of every range; the cap keeps the product from overflowing.
  if (!count || *count > 3'600'000) return std::nullopt;
  const auto times = static_cast<std::int64_t>(*count);
  if (unit == "ms") return times * Nanos{1ms};
  if (unit == "s") return times * Nanos{1s};
  if (unit == "m") return times * Nanos{60s};
  return std::nullopt;
}

std::string shown(Nanos duration) {
  const auto ms = duration / 1ms;
  return ms % 1000 == 0 ? fmt::format("{}s", ms / 1000) : fmt::format("{}ms", ms);
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

std::string one_of(const std::vector<std::string>& words) {
  return fmt::format("one of {}", fmt::join(words, ", "));
}

Mapping::Mapping(const YAML::Node& node, YAML::Mark at, std::string name, Mistakes& mistakes)
    : name_(std::move(name)), at_(at), mistakes_(mistakes) {
  if (!node.IsMap()) {
    mistakes_.add(at_, fmt::format("{} is {}; expected a mapping of keys to values", name_, kind_of(node)));
    return;
  }
  for (const auto& entry : node) {
    const YAML::Mark key_at = entry.first.Mark();
    if (!entry.first.IsScalar()) {
      mistakes_.add(key_at, fmt::format("a key of {} is {}; expected a name", name_, kind_of(entry.first)));
      continue;
    }
    const Entry value{entry.second, key_at, entry.second.IsNull() ? key_at : entry.second.Mark()};
    if (!entries_.emplace(entry.first.Scalar(), value).second) {
      mistakes_.add(key_at, fmt::format("key '{}' is repeated; expected it once", entry.first.Scalar()));
    }
  }
}

bool Mapping::has(const std::string& key) {
  expected_.insert(key);
  return entries_.contains(key);
}

void Mapping::require(const std::string& key, const std::string& expected) {
  if (!has(key)) mistakes_.add(at_, fmt::format("{} has no '{}'; expected {}", name_, key, expected));
}

const std::string* Mapping::scalar(const std::string& key, const std::string& expected) {
  if (!has(key)) return nullptr;
  const Entry& entry = entries_.at(key);
  if (entry.value.IsScalar()) return &entry.value.Scalar();
  mistakes_.add(entry.at, fmt::format("{} is {}; expected {}", key, kind_of(entry.value), expected));
  return nullptr;
}

void Mapping::text(const std::string& key, std::string& out) {
  if (const std::string* found = scalar(key, "some text")) out = *found;
}

void Mapping::number(const std::string& key, std::uint32_t& out, std::uint32_t low, std::uint32_t high) {
  const std::string expected = fmt::format("a whole number from {} to {}", low, high);
  const std::string* found = scalar(key, expected);
  if (found == nullptr) return;
  const auto value = whole_number(*found);
  if (value && *value >= low && *value <= high) {
    out = static_cast<std::uint32_t>(*value);
  } else {
    mistake(key, fmt::format("{}: '{:.40}' is {}; expected {}", key, *found,
                             value ? "out of range" : "not a whole number", expected));
  }
}

void Mapping::number(const std::string& key, std::uint64_t& out) {
  const std::string* found = scalar(key, "a whole number");
  if (found == nullptr) return;
  const auto value = whole_number(*found);
  if (value) out = *value;
  if (!value)
    mistake(key, fmt::format("{}: '{:.40}' is not a whole number of 64 bits; expected one", key, *found));
}

void Mapping::duration(const std::string& key, Nanos& out, Nanos low, Nanos high) {
  const std::string expected =
      fmt::format("a whole number and ms, s or m, from {} to {}", shown(low), shown(high));
  const std::string* found = scalar(key, expected);
  if (found == nullptr) return;
  const auto value = duration_of(*found);
  if (value && *value >= low && *value <= high) {
    out = *value;
  } else {
    mistake(key, fmt::format("{}: '{:.40}' is {}; expected {}", key, *found,
                             value ? "out of range" : "not such a duration", expected));
  }
}

std::vector<Word> Mapping::words(const std::string& key) {
  std::vector<Word> found;
  if (!has(key)) return found;
  const Entry& entry = entries_.at(key);
  if (!entry.value.IsSequence()) {
    add_word(entry.value, entry.at, key, found);
    return found;
  }
  if (entry.value.size() == 0) mistake(key, key + " is an empty list; expected at least one word");
  for (const auto& element : entry.value) {
    add_word(element, element.IsNull() ? entry.at : element.Mark(), key, found);
  }
  return found;
}

void Mapping::add_word(const YAML::Node& node, const YAML::Mark& at, const std::string& key,
                       std::vector<Word>& words) {
  if (!node.IsScalar()) {
    mistakes_.add(at, fmt::format("{} is {}; expected a word", key, kind_of(node)));
    return;
  }
  const auto same = [&](const Word& word) { return word.text == node.Scalar(); };
  if (std::any_of(words.begin(), words.end(), same)) {
    mistakes_.add(at, fmt::format("'{}' is repeated; expected it once", node.Scalar()));
  } else {
    words.push_back({node.Scalar(), at});
  }
}

Mapping Mapping::mapping(const std::string& key) {
  if (!has(key)) return {YAML::Node(YAML::NodeType::Map), at_, key, mistakes_};
  const Entry& entry = entries_.at(key);
  return {entry.value, entry.at, key, mistakes_};
}

void Mapping::mistake(const std::string& key, const std::string& what) {
  const auto entry = entries_.find(key);
  mistakes_.add(entry == entries_.end() ? at_ : entry->second.at, what);
}

void Mapping::finish() {
  for (const auto& [key, entry] : entries_) {
    if (expected_.contains(key)) continue;
    mistakes_.add(entry.key_at, fmt::format("unknown key '{:.60}' in {}; {}", key, name_, hint_for(key)));
  }
}

std::string Mapping::hint_for(const std::string& unknown) const {
  const auto closest =
      std::min_element(expected_.begin(), expected_.end(), [&](const std::string& a, const std::string& b) {
        return edit_distance(unknown, a) < edit_distance(unknown, b);
      });
  const bool close = closest != expected_.end() &&
                     edit_distance(unknown, *closest) <= std::max<std::size_t>(1, unknown.size() / 3);
  if (close) return fmt::format("expected '{}', did you mean that?", *closest);
  return "expected " + one_of({expected_.begin(), expected_.end()});
}

}  // namespace stillwater::rig
