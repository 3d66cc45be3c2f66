// The connection to the peer after the handshake.
#pragma once

#include "appliance/node/node.h"
#include "appliance/replication/socket.h"
#include "ckpt_engine/wire/transport.h"

namespace stillwater::appliance {

// A transport whose only error is `unavailable`: the engine tells a lost standby from its own troubles by it.
class Node::Link final : public wire::Transport {
 public:
  static constexpr Nanos kSendPatience = 500ms;  // a peer that reads nothing for this long is lost

  Link(UniqueFd fd, bool dialled_by_me, const Clock& clock)
      : fd_(std::move(fd)), dialled_by_me_(dialled_by_me), since_(clock.now()), clock_(clock) {}

  [[nodiscard]] Status send(wire::Bytes frame) override {
    return send_all(fd_.get(), frame, clock_, clock_.now() + kSendPatience).map_error([](const Error& e) {
      return Error{Errc::unavailable, e.message};
    });
  }

  [[nodiscard]] int fd() const { return fd_.get(); }
  [[nodiscard]] bool dialled_by_me() const { return dialled_by_me_; }
  [[nodiscard]] Instant since() const { return since_; }

 private:
  UniqueFd fd_;
  bool dialled_by_me_;
  Instant since_;
  const Clock& clock_;
};

}  // namespace stillwater::appliance
