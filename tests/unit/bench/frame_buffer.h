// A packet buffer without a pool.
#pragma once

#include <array>
#include <cstdint>
#include <memory>

#include <rte_mbuf.h>

#include "tests/bench/tcp_frame.h"

namespace stillwater::bench::test {

class FrameBuffer {
 public:
  FrameBuffer() {
    bytes_.fill(0xa5);
    packet_->buf_addr = bytes_.data();
    packet_->buf_len = static_cast<std::uint16_t>(bytes_.size());
    packet_->nb_segs = 1;
  }
  FrameBuffer(const FrameBuffer& other) : FrameBuffer() { *this = other; }
  FrameBuffer& operator=(const FrameBuffer& other) {
    bytes_ = other.bytes_;
    packet_->data_len = other.packet_->data_len;
    packet_->pkt_len = other.packet_->pkt_len;
    return *this;
  }

  [[nodiscard]] rte_mbuf& packet() { return *packet_; }
  [[nodiscard]] TcpFrame& frame() { return *reinterpret_cast<TcpFrame*>(bytes_.data()); }
  // By value: fields of a packed header lie anywhere.
  [[nodiscard]] TcpTuple tuple() {
    return {frame().ip.src_addr, frame().ip.dst_addr, frame().tcp.src_port, frame().tcp.dst_port};
  }

 private:
  alignas(16) std::array<std::uint8_t, 128> bytes_;
  std::unique_ptr<rte_mbuf> packet_ = std::make_unique<rte_mbuf>();
};

}  // namespace stillwater::bench::test
