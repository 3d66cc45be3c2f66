// One end of a long-lived connection: a socket, what it writes and what it checks.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "base/clock.h"
#include "base/fd.h"
#include "base/result.h"
#include "tests/rig/load/payload.h"
#include "tests/rig/load/reactor.h"

namespace stillwater::rig {

// Reactor's thread only.
class FlowEnd final : public Reactor::Handler {
 public:
  struct Listener {
    // A whole verified message came in.
    std::function<void(FlowEnd&, std::uint32_t flow, std::uint32_t number)> arrived;
    // The connection can carry nothing any more; said once.
    std::function<void(FlowEnd&, const std::string& reason)> broke;
    std::function<void(FlowEnd&)> connected;
  };

  // `writes` is the direction of what this end sends. `flow` is unknown at the server until a message came.
  // `listener` must outlive the end.
  FlowEnd(UniqueFd fd, Direction writes, std::optional<std::uint32_t> flow, const Listener& listener);

  void ready(std::uint32_t events) override;

  // Writes the next message if one is due. A message that the socket does not take whole is
  // finished at a later call, before the next one.
  void write_if_due(Instant now);
  // From then on a message is due each second; the first at once.
  void start_writing(Instant now) {
    due_ = now;
    repeats_ = true;
  }
  // One message is due at `when`, and then none.
  void write_once(Instant when) {
    due_ = when;
    repeats_ = false;
  }

  // Closes the connection: FIN, or RST. Nothing is said to the listener.
  enum class Closing { in_order, reset };
  void end(Closing how);

  [[nodiscard]] Direction writes() const { return writes_; }
  [[nodiscard]] std::optional<std::uint32_t> flow() const { return flow_; }
  // The number that the next new message will bear.
  [[nodiscard]] std::uint32_t next_number() const { return next_number_; }

 private:
  void read_all();
  void write_rest();
  void break_off(const std::string& reason);

  Direction writes_;
  std::optional<std::uint32_t> flow_;
  const Listener& listener_;
  MessageReader reader_;
  std::optional<Instant> due_;
  bool repeats_ = true;
  Message message_{};
  std::span<const std::byte> unwritten_;  // of message_
  std::uint32_t next_number_ = 0;
  bool connected_ = false;
};

// The client's end of a connection to `address`:`port` that begins to open now, watched by `reactor`; it is
// told once when the connection stands. Errors: the system's.
[[nodiscard]] Result<std::unique_ptr<FlowEnd>> connect_flow(Reactor& reactor, const std::string& address,
                                                            std::uint16_t port, std::uint32_t flow,
                                                            const FlowEnd::Listener& listener);

// The server's ends of all connections that wait at `listening`, watched by `reactor`.
void accept_flows(Reactor& reactor, const UniqueFd& listening, const FlowEnd::Listener& listener,
                  const std::function<void(std::unique_ptr<FlowEnd>)>& take);

}  // namespace stillwater::rig
