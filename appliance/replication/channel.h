// The byte stream to the peer: in the clear, or TLS 1.3 in which both ends show their certificates.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "base/clock.h"
#include "base/fd.h"
#include "base/result.h"

namespace stillwater::appliance {

// A secret that both ends of one connection know, and nobody else.
using ConnectionSecret = std::array<std::uint8_t, 32>;

// Owns a connected, non-blocking socket. One thread.
class Channel {
 public:
  virtual ~Channel() = default;
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;

  [[nodiscard]] int fd() const { return fd_.get(); }

  // Goes on with what comes before the first byte of either side. True: done; false: call again when the
  // socket is ready for `waits_for` (POLLIN or POLLOUT). Errors: refused, with what is wrong with whose
  // certificate; unavailable.
  [[nodiscard]] virtual Result<bool> secure() = 0;
  [[nodiscard]] virtual short waits_for() const = 0;

  // Sends all of `bytes`, waiting for room until `deadline` (CLOCK_BOOTTIME). timed_out: the peer does not
  // read; io: the connection is gone.
  [[nodiscard]] virtual Status send_all(std::span<const std::byte> bytes, const Clock& clock,
                                        Instant deadline) = 0;
  // Reads what is there; 0: nothing now. unavailable: the peer closed the connection; refused: it did not
  // like this node's certificate.
  [[nodiscard]] virtual Result<std::size_t> receive_some(std::span<std::byte> into) = 0;
  // Something was read from the socket already, which no poll will tell of.
  [[nodiscard]] virtual bool has_more() const = 0;

  // Of a secured channel: the node that the peer's certificate names, and the secret. Nothing in the clear.
  [[nodiscard]] virtual std::optional<std::string> certified_node() const = 0;
  [[nodiscard]] virtual std::optional<ConnectionSecret> secret() const = 0;
  // For people: TLS version and cipher, or "not encrypted".
  [[nodiscard]] virtual std::string protection() const = 0;

 protected:
  explicit Channel(UniqueFd fd) : fd_(std::move(fd)) {}

 private:
  UniqueFd fd_;
};

// Makes channels of sockets.
class ChannelMaker {
 public:
  virtual ~ChannelMaker() = default;
  // `dialled`: by this node. Errors: what is wrong with this node's own files.
  [[nodiscard]] virtual Result<std::unique_ptr<Channel>> make(UniqueFd fd, bool dialled) = 0;
};

[[nodiscard]] std::unique_ptr<Channel> plain_channel(UniqueFd fd);

class PlainChannels final : public ChannelMaker {
 public:
  [[nodiscard]] Result<std::unique_ptr<Channel>> make(UniqueFd fd, bool) override {
    return plain_channel(std::move(fd));
  }
};

}  // namespace stillwater::appliance
