// The UDP probe: numbered datagrams at a steady pace in both directions of one flow, every send and arrival
// timed on one clock, every byte checked.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/fd.h"
#include "base/result.h"
#include "tests/rig/load/probe_account.h"
#include "tests/rig/load/probe_stream.h"

namespace stillwater::rig {

struct ProbeOptions {
  int client_space_fd = -1;
  int server_space_fd = -1;
  std::string server_address;
  std::uint16_t port = 9000;
  std::uint32_t per_second = 2000;  // in each direction
  Nanos at_most{};                  // room for records; sending ends there by itself
};

// Started by one thread, which also stops it. The destructor stops it.
class Probe {
 public:
  // The server's socket exists before the first datagram leaves.
  [[nodiscard]] static Result<std::unique_ptr<Probe>> start(const ProbeOptions& options);
  ~Probe();

  void stop_sending();
  // Also stops sending. Datagrams that arrive later count as lost.
  void stop_receiving();

  // Client to server. Any time, any thread.
  [[nodiscard]] std::uint64_t sent() const { return to_server_.sent(); }
  [[nodiscard]] std::uint64_t arrived() const { return to_server_.arrived(); }
  // Both directions.
  [[nodiscard]] std::uint64_t sent_in_all() const { return to_server_.sent() + to_client_.sent(); }
  [[nodiscard]] std::uint64_t arrived_in_all() const { return to_server_.arrived() + to_client_.arrived(); }

  // After stop_receiving(). Client to server, and server to client: the latter begins when the first probe
  // of the former has arrived, and does not wait for any after that.
  [[nodiscard]] const ProbeAccount& account() const { return to_server_.account(); }
  [[nodiscard]] const ProbeAccount& account_to_client() const { return to_client_.account(); }
  // Slots of the pace at which nothing was sent: a sender woke too late, or the kernel refused the send.
  [[nodiscard]] std::uint64_t pace_missed() const {
    return to_server_.pace_missed() + to_client_.pace_missed();
  }
  // Dropped by a full receive buffer: the harness's own loss.
  [[nodiscard]] std::uint64_t receiver_dropped() const {
    return to_server_.receiver_dropped() + to_client_.receiver_dropped();
  }
  [[nodiscard]] bool realtime() const { return to_server_.realtime() && to_client_.realtime(); }

 private:
  explicit Probe(const ProbeOptions& options);
  [[nodiscard]] Status open_sockets();
  [[nodiscard]] Status start_streams();

  ProbeOptions options_;
  UniqueFd client_;
  UniqueFd server_;
  // The client as the server sees it: address << 16 | port, in network order; 0: not yet. Writer: the
  // to_server_ receive thread; relaxed: it stands for itself alone.
  std::atomic<std::uint64_t> client_seen_{0};
  ProbeStream to_server_;
  ProbeStream to_client_;
};

}  // namespace stillwater::rig
