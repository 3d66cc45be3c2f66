// The fuzzer's bytes as a source of choices. At its end everything is zero, so that any input is a whole one.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <type_traits>
#include <vector>

namespace stillwater::fuzz {

class Input {
 public:
  Input(const std::uint8_t* data, std::size_t bytes) : rest_(data, bytes) {}

  [[nodiscard]] bool empty() const { return rest_.empty(); }

  template <class T = std::uint8_t>
  [[nodiscard]] T value() {
    static_assert(std::is_trivially_copyable_v<T>);
    T out{};
    const std::size_t n = std::min(sizeof(T), rest_.size());
    std::memcpy(static_cast<void*>(&out), rest_.data(), n);
    rest_ = rest_.subspan(n);
    return out;
  }
  // 0 .. n-1.
  [[nodiscard]] std::uint32_t below(std::uint32_t n) {
    return n <= 256 ? value() % n : value<std::uint32_t>() % n;
  }
  // True for one byte in 16: what is rare in a stream that should get far.
  [[nodiscard]] bool rarely() { return (value() & 0x0f) == 0x0f; }
  // At most `n` bytes.
  [[nodiscard]] std::vector<std::byte> bytes(std::size_t n) {
    const auto taken = std::as_bytes(rest_.first(std::min(n, rest_.size())));
    rest_ = rest_.subspan(taken.size());
    return {taken.begin(), taken.end()};
  }
  [[nodiscard]] std::vector<std::byte> everything() { return bytes(rest_.size()); }

 private:
  std::span<const std::uint8_t> rest_;
};

}  // namespace stillwater::fuzz
