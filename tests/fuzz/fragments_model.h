// What fragments of one datagram make, written down once more: each is compared with all others, where the
// product keeps them in order.
#pragma once

#include <cstdint>
#include <vector>

namespace stillwater::fuzz {

using Octets = std::vector<std::uint8_t>;

class DatagramModel {
 public:
  struct Fragment {
    std::uint32_t begin;
    Octets bytes;  // some
    bool more;

    [[nodiscard]] std::uint32_t end() const { return begin + static_cast<std::uint32_t>(bytes.size()); }
    friend bool operator==(const Fragment&, const Fragment&) = default;
  };
  enum class Fate : std::uint8_t { taken, whole, refused };

  [[nodiscard]] Fate add(const Fragment& fragment, std::size_t fragments_max);
  [[nodiscard]] Octets payload() const;
  [[nodiscard]] std::size_t held() const { return held_.size(); }
  [[nodiscard]] bool has_first() const;

 private:
  [[nodiscard]] bool contradicts(const Fragment& fragment) const;
  [[nodiscard]] bool is_whole() const;

  std::vector<Fragment> held_;
  bool ended_ = false;
};

}  // namespace stillwater::fuzz
