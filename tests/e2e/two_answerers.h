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
  // For questions that come from now on; see handled() for those that are there already.
  void answers(bool on) { on_.store(on); }
  // Questions that have been answered, or left unanswered. Any thread.
  [[nodiscard]] int handled() const { return handled_.load(); }

 private:
  void run();
  void look();

  UniqueFd socket_;
  UniqueFd wake_;
  rig::PacketBatch batch_{2048};
  std::atomic<bool> on_{false};    // writer: the owner
  std::atomic<int> handled_{0};    // writer: the thread
  std::atomic<bool> stop_{false};  // writer: the owner
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
  // nodes in both ways, and have been handled by both, within seconds, before the next.
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
  // Whether the client got so many answers, and both nodes are done with every question, within the limit.
  [[nodiscard]] bool take_answers(int wanted);

  // Bridge ports begin to forward some time after they were made: asks until both nodes hear it.
  void await_forwarding();

  std::vector<Instant> asked_;
  int handled_before_a_ = 0;  // questions of await_forwarding
  int handled_before_b_ = 0;
};

}  // namespace stillwater::e2e
