// The connection to the peer after the handshake.
#pragma once

#include "appliance/node/node.h"
#include "appliance/replication/channel.h"
#include "ckpt_engine/wire/transport.h"

namespace stillwater::appliance {

// A transport whose only error is `unavailable`: the engine tells a lost standby from its own troubles by it.
class Node::Link final : public wire::Transport {
 public:
  static constexpr Nanos kSendPatience = 500ms;  // a peer that reads nothing for this long is lost

  Link(Met met, const Clock& clock)
      : channel_(std::move(met.channel)),
        path_(met.path),
        dialled_by_me_(met.dialled_by_me),
        since_(clock.now()),
        clock_(clock) {}

  [[nodiscard]] Status send(wire::Bytes frame) override {
    return channel_->send_all(frame, clock_, clock_.now() + kSendPatience).map_error([](const Error& e) {
      return Error{Errc::unavailable, e.message};
    });
  }

  [[nodiscard]] Channel& channel() { return *channel_; }
  [[nodiscard]] const Channel& channel() const { return *channel_; }
  [[nodiscard]] std::size_t path() const { return path_; }
  [[nodiscard]] bool dialled_by_me() const { return dialled_by_me_; }
  [[nodiscard]] Instant since() const { return since_; }

 private:
  std::unique_ptr<Channel> channel_;
  std::size_t path_;
  bool dialled_by_me_;
  Instant since_;
  const Clock& clock_;
};

}  // namespace stillwater::appliance
