// Connections that are not a pair yet: dialled or accepted, secured, waiting for the other's hello.
#pragma once

#include <functional>
#include <optional>
#include <vector>

#include <poll.h>

#include "appliance/replication/channel.h"
#include "ckpt_engine/wire/frame.h"

namespace stillwater::appliance {

// A connection on which both hellos were exchanged.
struct Met {
  std::unique_ptr<Channel> channel;
  wire::Hello theirs;
  bool dialled_by_me;
  std::size_t path;  // as it was added with
};

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

  // The descriptors to poll for, appended to `to`.
  void append_to(std::vector<pollfd>& to) const;
  // A connection holds bytes that no poll tells of.
  [[nodiscard]] bool has_more() const;
  // Goes on with every connection that can, drops those that failed or took too long; returns one that is
  // through, if any.
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
  [[nodiscard]] bool send_hello(Pending& pending);
  [[nodiscard]] Step wait_or_drop(const Pending& pending) const;
  [[nodiscard]] Step open(Pending& pending);
  Step refuse(Pending& pending, const std::string& why);

  const Clock& clock_;
  std::function<wire::Hello()> my_hello_;
  std::function<void(const std::string&)> on_refusal_;
  std::vector<Pending> pending_;
};

}  // namespace stillwater::appliance
