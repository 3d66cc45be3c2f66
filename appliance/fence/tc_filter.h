// The fence's place among the tc egress filters of an interface.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/result.h"

namespace stillwater::appliance {

// A fixed priority and handle, so that a program which a killed process left is found there and replaced.
// Control thread.
class TcFilter {
 public:
  // Of this network namespace.
  [[nodiscard]] static Result<TcFilter> on(const std::string& interface);
  explicit TcFilter(unsigned interface_index) : interface_index_(interface_index) {}

  [[nodiscard]] unsigned interface_index() const { return interface_index_; }

  // In place of an earlier fence; somebody else's filter is left alone. The interface's clsact is made where
  // there is none, and stays: others may use it by then. Errors name what to do.
  [[nodiscard]] Status put(int program_fd) const;
  // Takes away this very program, and nothing else. An interface that is gone has none.
  void remove_if(int program_fd) const;
  // Takes away whichever fence is there. True: there was one.
  [[nodiscard]] Result<bool> remove_any() const;

 private:
  // The id of the program that is there, if it is a fence.
  [[nodiscard]] std::optional<std::uint32_t> fence_there() const;
  [[nodiscard]] int attach(int program_fd, std::uint32_t flags) const;
  [[nodiscard]] int remove() const;

  unsigned interface_index_;
};

}  // namespace stillwater::appliance
