// What a port receives, in a load that takes no core: DPDK's receive callback writes it into the port's
// bursts, on the worker's own thread.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include <rte_ethdev.h>

namespace stillwater::bench {

// Buffers of rings that a source has nothing to write into just now: those that circulate are not freed. One
// worker's thread, and others while it rests.
using SpareBuffers = std::vector<rte_mbuf*>;

// One side's frames, one source a port. All but its making belongs to the worker's thread, or to others while
// nobody polls the port.
class LoadSource {
 public:
  enum class Watch { arrivals, departures_too };
  explicit LoadSource(Watch watch = Watch::arrivals) : watch_(watch) {}
  virtual ~LoadSource() = default;
  LoadSource(const LoadSource&) = delete;
  LoadSource& operator=(const LoadSource&) = delete;

  // Before the port is started. DPDK keeps the callbacks when the port is closed: detach before the source
  // goes, once nobody polls the port.
  void attach(std::uint16_t port);
  void detach();
  // Where buffers go that are not written, and come from again; by default they are freed.
  void keep_spares_in(SpareBuffers& spares) { spares_ = &spares; }

  // Written first, once: what makes a neighbour known.
  void greet_with(std::vector<std::uint8_t> frame) { greetings_.push_back(std::move(frame)); }
  // Once more: neighbours that nobody hears of are asked for, then forgotten.
  void greet_again() { greeted_ = 0; }

  // Makes a burst of `n` buffers, which has room for `max`, into what the source sends; how many frames that
  // is.
  [[nodiscard]] std::uint16_t fill(rte_mbuf** packets, std::uint16_t n, std::uint16_t max);

 protected:
  // How many frames to write, of at most `max`, where the port received `n` buffers: by default all of them.
  [[nodiscard]] virtual std::uint16_t due(std::uint16_t n, std::uint16_t max);
  // Writes that many frames and their lengths, whatever lies in the buffers.
  virtual void write(rte_mbuf** packets, std::uint16_t n) = 0;
  // Frames that the worker hands to the port, of any kind, where departures are watched.
  virtual void leaving(rte_mbuf** packets, std::uint16_t n);

 private:
  static std::uint16_t received(std::uint16_t port, std::uint16_t queue, rte_mbuf** packets, std::uint16_t n,
                                std::uint16_t max, void* self);
  static std::uint16_t sending(std::uint16_t port, std::uint16_t queue, rte_mbuf** packets, std::uint16_t n,
                               void* self);
  void spare(rte_mbuf** packets, std::uint16_t n);

  Watch watch_;
  std::vector<std::vector<std::uint8_t>> greetings_;
  std::size_t greeted_ = 0;
  SpareBuffers* spares_ = nullptr;
  std::uint16_t port_ = 0;
  const rte_eth_rxtx_callback* arrivals_ = nullptr;
  const rte_eth_rxtx_callback* departures_ = nullptr;
};

// By side: kInside, kOutside.
using LoadSources = std::array<std::unique_ptr<LoadSource>, 2>;

// The frame that `write` puts into an empty buffer.
template <class Write>
[[nodiscard]] std::vector<std::uint8_t> frame_by(Write write) {
  std::vector<std::uint8_t> bytes(128);
  rte_mbuf frame{};
  frame.buf_addr = bytes.data();
  frame.buf_len = static_cast<std::uint16_t>(bytes.size());
  frame.nb_segs = 1;
  write(frame);
  bytes.resize(std::max<std::size_t>(frame.data_len, 60));
  return bytes;
}

}  // namespace stillwater::bench
