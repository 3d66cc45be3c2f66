#include "dataplane/datapath/fragments/segments.h"

#include <algorithm>
#include <cstring>

#include "dataplane/datapath/checksum.h"

namespace stillwater::dataplane {

void copy_bytes(const rte_mbuf& frame, unsigned at, unsigned bytes, std::uint8_t* to) {
  if (bytes == 0) return;  // rte_pktmbuf_read would look for a segment behind the last one
  const void* from = rte_pktmbuf_read(&frame, at, bytes, to);
  if (from != to) std::memcpy(to, from, bytes);
}

bool same_bytes(const rte_mbuf& a, unsigned at_a, const rte_mbuf& b, unsigned at_b, unsigned bytes) {
  std::uint8_t from_a[256], from_b[sizeof(from_a)];
  for (unsigned done = 0; done < bytes;) {
    const unsigned n = std::min<unsigned>(bytes - done, sizeof(from_a));
    const void* in_a = rte_pktmbuf_read(&a, at_a + done, n, from_a);
    const void* in_b = rte_pktmbuf_read(&b, at_b + done, n, from_b);
    if (in_a == nullptr || in_b == nullptr || std::memcmp(in_a, in_b, n) != 0) return false;
    done += n;
  }
  return true;
}

std::uint16_t sum_bytes(const rte_mbuf& frame, unsigned at, unsigned bytes) {
  std::uint32_t sum = 0;
  unsigned done = 0;
  for (const rte_mbuf* segment = &frame; done < bytes; segment = segment->next) {
    const unsigned skipped = std::min<unsigned>(at, segment->data_len);
    const unsigned n = std::min(segment->data_len - skipped, bytes - done);
    const std::uint16_t part = sum_words(rte_pktmbuf_mtod_offset(segment, const std::uint8_t*, skipped), n);
    sum += done % 2 == 0 ? part : rte_bswap16(part);  // RFC 1071 section 2 (B)
    done += n;
    at -= skipped;
  }
  return fold(sum);
}

void shorten(rte_mbuf& frame, unsigned bytes) {
  if (rte_pktmbuf_pkt_len(&frame) <= bytes) return;
  rte_mbuf* last = &frame;
  std::uint16_t segments = 1;
  unsigned left = bytes;
  for (; left > last->data_len; ++segments) {
    left -= last->data_len;
    last = last->next;
  }
  for (rte_mbuf* rest = last->next; rest != nullptr;) {
    rte_mbuf* next = rest->next;
    rte_pktmbuf_free_seg(rest);
    rest = next;
  }
  last->next = nullptr;
  last->data_len = static_cast<std::uint16_t>(left);
  frame.nb_segs = segments;
  frame.pkt_len = bytes;
}

}  // namespace stillwater::dataplane
