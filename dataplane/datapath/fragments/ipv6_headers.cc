#include "dataplane/datapath/fragments/ipv6_headers.h"

namespace stillwater::dataplane {

Ipv6HeaderWalk::Step Ipv6HeaderWalk::next() {
  const std::uint8_t kind = type();
  if (kind != IPPROTO_HOPOPTS && kind != IPPROTO_ROUTING && kind != IPPROTO_DSTOPTS) return Step::other;
  constexpr unsigned kUnit = 8;
  if (passed_ == kHeadersMax || left() < kUnit) return Step::ends;
  const unsigned header_bytes = (packet_[at_ + 1] + 1u) * kUnit;
  if (left() < header_bytes) return Step::ends;
  named_at_ = at_;
  at_ += header_bytes;
  ++passed_;
  return Step::past;
}

bool Ipv6HeaderWalk::find_other() {
  Step step = next();
  while (step == Step::past) step = next();
  return step == Step::other;
}

bool Ipv6HeaderWalk::find_transport() {
  while (find_other()) {
    if (type() != IPPROTO_FRAGMENT) return true;
    if (left() < sizeof(rte_ipv6_fragment_ext) || passed_ == kHeadersMax) return false;
    if (!is_atomic_fragment(&packet_[at_])) return false;
    named_at_ = at_;
    at_ += unsigned{sizeof(rte_ipv6_fragment_ext)};
    ++passed_;
  }
  return false;
}

}  // namespace stillwater::dataplane
