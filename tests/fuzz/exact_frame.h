// Frames in memory of exactly their size, so that a read past the end is found.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include <rte_mbuf.h>

#include "tests/fuzz/expect.h"
#include "tests/unit/dpdk/eal_once.h"

namespace stillwater::fuzz {

inline rte_mempool* buffers() {
  static rte_mempool* const pool = [] {
    dataplane::need_eal();
    return rte_pktmbuf_pool_create("fuzz", 4095, 0, 0, RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);
  }();
  expect(pool != nullptr, "there is memory to fuzz in");
  return pool;
}

inline rte_mbuf* segment_of(std::span<const std::uint8_t> bytes) {
  struct Memory {
    std::unique_ptr<std::uint8_t[]> bytes;
    rte_mbuf_ext_shared_info shared;
  };
  auto* memory = new Memory{std::make_unique<std::uint8_t[]>(bytes.size()), {}};
  std::copy(bytes.begin(), bytes.end(), memory->bytes.get());
  memory->shared.free_cb = [](void*, void* opaque) { delete static_cast<Memory*>(opaque); };
  memory->shared.fcb_opaque = memory;
  rte_mbuf_ext_refcnt_set(&memory->shared, 1);
  rte_mbuf* mbuf = rte_pktmbuf_alloc(buffers());
  expect(mbuf != nullptr, "there are enough buffers for an input");
  const auto size = static_cast<std::uint16_t>(bytes.size());
  rte_pktmbuf_attach_extbuf(mbuf, memory->bytes.get(), RTE_BAD_IOVA, size, &memory->shared);
  mbuf->data_off = 0;
  mbuf->data_len = size;
  mbuf->pkt_len = size;
  return mbuf;
}

// In segments of `segment_bytes`, or of more where there would be too many.
inline rte_mbuf* frame_of(std::span<const std::uint8_t> bytes, std::size_t segment_bytes) {
  constexpr std::size_t kSegmentsMax = 32;
  segment_bytes = std::max(segment_bytes, bytes.size() / kSegmentsMax + 1);
  rte_mbuf* frame = nullptr;
  for (std::size_t at = 0; at < bytes.size(); at += segment_bytes) {
    rte_mbuf* segment = segment_of(bytes.subspan(at, std::min(segment_bytes, bytes.size() - at)));
    if (frame == nullptr)
      frame = segment;
    else
      expect(rte_pktmbuf_chain(frame, segment) == 0, "a frame has few segments");
  }
  return frame;
}

}  // namespace stillwater::fuzz
