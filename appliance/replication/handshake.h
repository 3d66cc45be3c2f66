// Connections that are not a pair yet: dialled or accepted, secured, waiting for the other's hello.
//
// A hello says what its sender holds, so it stands on one connection alone: on an accepted one the peer's is
// judged first, by the caller, who ends whatever else there is before it answers.
#pragma once

#include <functional>
#include <optional>
#include <vector>

#include <poll.h>

#include "appliance/replication/channel.h"
#include "ckpt_engine/wire/frame.h"

namespace stillwater::appliance {

// A connection on which the peer has said its hello, and this node its own if it dialled.
struct Met {
  std::unique_ptr<Channel> channel;
  wire::Hello theirs;
  bool dialled_by_me;
  std::size_t path;  // as it was added with
};

// Says `hello` at once, or fails.
[[nodiscard]] Status say_hello(Channel& channel, const wire::Hello& hello, const Clock& clock);

// Holds the connections in handshake; none of them can hold up anything else. One thread.
class Handshakes {
 public:
  static constexpr std::size_t kPendingMax = 8;
  static constexpr Nanos kPatience = 1s;

  Handshakes(const Clock& clock, std::function<wire::Hello()> my_hello,
             std::function<void(const std::string&)> on_refusal)
      : clock_(clock), my_hello_(std::move(my_hello)), on_refusal_(std::move(on_refusal)) {}

  // `path` is given back with what comes of it.
  void add_accepted(std::unique_ptr<Channel> channel, std::size_t path = 0);
  void add_dialled(std::unique_ptr<Channel> channel, std::size_t path = 0);  // not connected yet
  [[nodiscard]] bool dialling() const;
  // This node's hello stands on a connection that it dialled.
  [[nodiscard]] bool said_hello() const;
  void give_up_dialling();

  // The descriptors to poll for, appended to `to`.
  void append_to(std::vector<pollfd>& to) const;
  // A connection holds bytes that no poll tells of.
  [[nodiscard]] bool has_more() const;
  // Goes on with every connection that can, drops those that failed or took too long; returns one on which
  // the peer has said its hello, if any.
  [[nodiscard]] std::optional<Met> advance();

 private:
  struct Pending {
    std::unique_ptr<Channel> channel;
    std::size_t path;
    bool dialled;
    bool connected;
    bool hello_sent;
    Instant deadline;
    std::vector<std::byte> in;
  };
  enum class Step { waiting, through, dropped };
  [[nodiscard]] Step advance(Pending& pending, wire::Hello& theirs);
  [[nodiscard]] Step wait_or_drop(const Pending& pending) const;
  [[nodiscard]] Step open(Pending& pending);
  Step refuse(Pending& pending, const std::string& why);

  const Clock& clock_;
  std::function<wire::Hello()> my_hello_;
  std::function<void(const std::string&)> on_refusal_;
  std::vector<Pending> pending_;
};

}  // namespace stillwater::appliance
