// Two little nodes on one bridge that both answer for the same service address whenever they are told to,
// and a client that asks. They never agree on anything: that is what the wire checker is tried with.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/fd.h"
#include "tests/rig/topology/topology.h"
#include "tests/rig/wire/wire_watch.h"

namespace stillwater::e2e {

// Answers ARP requests for the service address and echoes datagrams to it. One thread.
class Answerer {
 public:
  // On eth0 of the space.
  explicit Answerer(int space_fd);
  ~Answerer();
  // Questions asked from now on are answered, or not; a question that is still queued in its socket is none
  // of them.
  void answers(bool on);

 private:
  void run();
  void look();

  UniqueFd socket_;
  UniqueFd wake_;
  rig::PacketBatch batch_{2048};
  std::atomic<Nanos> since_{Nanos::max()};  // CLOCK_REALTIME, as the frames' stamps; writer: the owner
  std::atomic<bool> stop_{false};           // writer: the owner
  std::thread thread_;
};

struct AnswerersOptions {
  int receive_buffer_bytes = 8 << 20;
  std::string pcap_folder{};
};

// Needs root. client --- [br0] --- a, b
struct TwoAnswerers {
  static constexpr rig::MacAddress kVirtualMac{0x02, 0x53, 0x57, 0, 0, 0x01};
  static constexpr const char* kService = "10.71.0.1";
  static constexpr const char* kClient = "10.71.0.9";

  explicit TwoAnswerers(const AnswerersOptions& options = {});

  // Asks `questions` times, by ARP and by a numbered datagram, to everyone; each must be answered by `nodes`
  // nodes in both ways, within seconds, before the next.
  void ask(int questions, int nodes);
  // Just before the question of this number was asked.
  [[nodiscard]] Instant asked_at(std::size_t question) const { return asked_.at(question); }
  // Frames of no meaning, as fast as they go.
  void flood(int frames);

  rig::Topology network;
  UniqueFd client;
  Answerer a;
  Answerer b;
  std::unique_ptr<rig::WireWatch> watch;
  Instant started;

 private:
  void send_frame(const std::vector<std::byte>& frame) const;
  // The client's answers that came within the limit, at most `wanted`.
  [[nodiscard]] int take_answers(int wanted);

  std::vector<Instant> asked_;
};

}  // namespace stillwater::e2e
