// Bytes of a frame that may lie in several segments.
#pragma once

#include <cstdint>

#include <rte_mbuf.h>

namespace stillwater::dataplane {

// `bytes` of `frame`, which has them, from `at` on.
void copy_bytes(const rte_mbuf& frame, unsigned at, unsigned bytes, std::uint8_t* to);

[[nodiscard]] bool same_bytes(const rte_mbuf& a, unsigned at_a, const rte_mbuf& b, unsigned at_b,
                              unsigned bytes);

// The ones' complement sum of `bytes` of `frame`, which has them, from `at` on, without the final inversion.
[[nodiscard]] std::uint16_t sum_bytes(const rte_mbuf& frame, unsigned at, unsigned bytes);

// Cuts off what lies past the first `bytes`, which are at least one. Segments that end up empty are freed.
void shorten(rte_mbuf& frame, unsigned bytes);

}  // namespace stillwater::dataplane
