// Keeps a mistake that stands for hours from filling the log.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "base/clock.h"

namespace stillwater {

// Lets the first of equal texts through, and one a minute afterwards. One thread.
class RepeatFilter {
 public:
  static constexpr Nanos kSilence = 60s;
  static constexpr std::size_t kTextsMax = 64;

  // Nullopt: keep quiet. Else the number of equal texts that were kept quiet since the last one.
  [[nodiscard]] std::optional<std::uint64_t> let_through(const std::string& text, Instant now) {
    if (said_.size() >= kTextsMax && !said_.contains(text)) said_.clear();
    const auto [entry, fresh] = said_.try_emplace(text, Said{now, 0});
    if (!fresh && now - entry->second.at < kSilence) {
      ++entry->second.suppressed;
      return std::nullopt;
    }
    const std::uint64_t suppressed = entry->second.suppressed;
    entry->second = {now, 0};
    return suppressed;
  }

 private:
  struct Said {
    Instant at;
    std::uint64_t suppressed;
  };
  std::map<std::string, Said> said_;
};

}  // namespace stillwater
