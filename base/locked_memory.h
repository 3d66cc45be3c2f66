// Memory that is there before it is needed: populated and, where the limit allows, locked (mission M1).
#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "base/result.h"

namespace stillwater {

// This process's limit of locked memory, for messages: "8192 KiB", or "unlimited".
[[nodiscard]] std::string lock_limit_text();

// Owns the mapping. Not thread-safe.
class LockedMemory {
 public:
  // `what_for` names it in messages. Errors: io, where there is no such memory at all.
  [[nodiscard]] static Result<LockedMemory> create(std::size_t bytes, const std::string& what_for);
  LockedMemory(LockedMemory&& other) noexcept;
  LockedMemory& operator=(LockedMemory&&) = delete;
  ~LockedMemory();

  [[nodiscard]] std::span<std::byte> bytes() const { return {memory_, bytes_}; }
  // Or why not, and what to do: unlocked memory works, but a pause may wait for what was swapped out.
  [[nodiscard]] const Status& locked() const { return locked_; }

 private:
  LockedMemory(std::byte* memory, std::size_t bytes) : memory_(memory), bytes_(bytes) {}

  std::byte* memory_;
  std::size_t bytes_;
  Status locked_;
};

}  // namespace stillwater
