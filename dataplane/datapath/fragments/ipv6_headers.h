// From header to header of an IPv6 packet (RFC 8200 section 4).
#pragma once

#include <cstddef>
#include <cstdint>

#include <netinet/in.h>

#include <rte_ip.h>

namespace stillwater::dataplane {

// A Fragment header, of which all is there, that makes no fragment of its packet (RFC 6946).
[[nodiscard]] inline bool is_atomic_fragment(const std::uint8_t* header) {
  constexpr unsigned kMoreOrOffset = 0xfff9;
  return ((header[2] << 8 | header[3]) & kMoreOrOffset) == 0;
}

// Stands at a header behind the fixed one, at first the next. Reads nothing past the bytes that it was given,
// and goes past so many headers at most: longer chains are nobody's.
class Ipv6HeaderWalk {
 public:
  static constexpr unsigned kHeadersMax = 8;

  enum class Step : std::uint8_t {
    past,   // one of options or routing: it stands at the next one now
    other,  // stands at a header of another kind
    ends,   // stands at a header that is not all there
  };

  // `packet` begins with an IPv6 header, of which all is there.
  Ipv6HeaderWalk(const std::uint8_t* packet, unsigned bytes)
      : Ipv6HeaderWalk(packet, bytes, sizeof(rte_ipv6_hdr), offsetof(rte_ipv6_hdr, proto)) {}
  // Begins at the header at `at`, whose type the byte at `named_at` says.
  Ipv6HeaderWalk(const std::uint8_t* packet, unsigned bytes, unsigned at, unsigned named_at)
      : packet_(packet), bytes_(bytes), at_(at), named_at_(named_at) {}

  [[nodiscard]] unsigned at() const { return at_; }              // of the IPv6 packet
  [[nodiscard]] unsigned named_at() const { return named_at_; }  // the byte that says the type
  [[nodiscard]] std::uint8_t type() const { return packet_[named_at_]; }
  [[nodiscard]] unsigned left() const { return at_ < bytes_ ? bytes_ - at_ : 0; }

  [[nodiscard]] Step next();
  // Goes past all that it can, to the first header that is neither options nor routing. False: there is none.
  [[nodiscard]] bool find_other();
  // As find_other, and past Fragment headers that make no fragment (RFC 6946), to where a transport header is
  // to be. False: it is none of this packet's, or not there.
  [[nodiscard]] bool find_transport();

 private:
  const std::uint8_t* packet_;
  unsigned bytes_;
  unsigned at_;
  unsigned named_at_;
  unsigned passed_ = 0;
};

}  // namespace stillwater::dataplane
