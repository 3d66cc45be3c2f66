#include "tests/rig/scenario/mapping.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <optional>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace stillwater::rig {
namespace {

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

}  // namespace

std::string one_of(const std::vector<std::string>& words) {
  return fmt::format("one of {}", fmt::join(words, ", "));
}

const std::string* Mapping::scalar(const std::string& key, const std::string& expected) {
  const Item* value = keys_.find(key);
  if (value == nullptr) return nullptr;
  if (value->node.IsScalar()) return &value->node.Scalar();
  keys_.mistake(*value, fmt::format("{} is {}; expected {}", key, yaml::kind_of(value->node), expected));
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

std::vector<Item> Mapping::items(const std::string& key) {
  const Item* value = keys_.find(key);
  if (value == nullptr) return {};
  if (!value->node.IsSequence()) return {*value};
  if (value->node.size() == 0) mistake(key, key + " is an empty list; expected at least one word");
  return yaml::elements_of(*value);
}

std::vector<Word> Mapping::words(const std::string& key) {
  std::vector<Word> found;
  for (const Item& item : items(key)) add_word(item, key, found);
  return found;
}

void Mapping::add_word(const Item& item, const std::string& key, std::vector<Word>& words) {
  const YAML::Node& node = item.node;
  if (!node.IsScalar()) {
    keys_.mistake(item, fmt::format("{} is {}; expected a word", key, yaml::kind_of(node)));
    return;
  }
  const auto same = [&](const Word& word) { return word.text == node.Scalar(); };
  if (std::any_of(words.begin(), words.end(), same)) {
    keys_.mistake(item, fmt::format("'{}' is repeated; expected it once", node.Scalar()));
  } else {
    words.push_back({node.Scalar(), item.at});
  }
}

std::string Mapping::choice(const std::string& key, const std::vector<std::string>& words,
                            const std::string& otherwise) {
  const std::string* found = scalar(key, one_of(words));
  if (found == nullptr) return otherwise;
  if (std::find(words.begin(), words.end(), *found) != words.end()) return *found;
  mistake(key, fmt::format("{}: '{:.40}' is none of them; expected {}", key, *found, one_of(words)));
  return otherwise;
}

bool Mapping::is_mapping(const std::string& key) {
  const Item* value = keys_.find(key);
  return value != nullptr && value->node.IsMap();
}

}  // namespace stillwater::rig
