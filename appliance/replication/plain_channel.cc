#include <cerrno>

#include <sys/socket.h>

#include <poll.h>

#include "appliance/replication/channel.h"
#include "appliance/replication/socket.h"

namespace stillwater::appliance {
namespace {

class PlainChannel final : public Channel {
 public:
  explicit PlainChannel(UniqueFd fd) : Channel(std::move(fd)) {}

  Result<bool> secure() override { return true; }
  short waits_for() const override { return POLLIN; }
  bool has_more() const override { return false; }
  std::optional<std::string> certified_node() const override { return std::nullopt; }
  std::optional<ConnectionSecret> secret() const override { return std::nullopt; }
  std::string protection() const override { return "not encrypted"; }

  Status send_all(std::span<const std::byte> bytes, const Clock& clock, Instant deadline) override {
    while (!bytes.empty()) {
      const ssize_t sent = send(fd(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent > 0) {
        bytes = bytes.subspan(static_cast<std::size_t>(sent));
        continue;
      }
      if (sent < 0 && errno != EAGAIN && errno != EINTR)
        return fail_errno("the replication connection is gone", errno);
      if (!wait_for(fd(), POLLOUT, clock, deadline)) return does_not_read();
    }
    return {};
  }

  Result<std::size_t> receive_some(std::span<std::byte> into) override {
    const ssize_t got = recv(fd(), into.data(), into.size(), 0);
    if (got > 0) return static_cast<std::size_t>(got);
    if (got == 0) return fail(Errc::unavailable, "the peer closed the replication connection");
    if (errno == EAGAIN || errno == EINTR) return 0;
    return fail_errno("the replication connection is gone", errno);
  }
};

}  // namespace

std::unique_ptr<Channel> plain_channel(UniqueFd fd) { return std::make_unique<PlainChannel>(std::move(fd)); }

}  // namespace stillwater::appliance
