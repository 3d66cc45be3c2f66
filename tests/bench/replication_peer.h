// The other process of a replication benchmark, and the connection to it over loopback.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include <sys/types.h>

#include "base/fd.h"
#include "ckpt_engine/region/region.h"
#include "ckpt_engine/wire/transport.h"

namespace stillwater::bench {

// One end of the connection: what a node needs of it. Blocks.
class Connection : public wire::Transport {
 public:
  // At least one byte; nothing once the other side has closed.
  [[nodiscard]] virtual std::size_t receive(std::span<std::byte> into) = 0;
};
// Makes an end from a connected socket: what lies between the engine and the socket is a parameter.
// `dialled`: this end began.
using Connect = std::function<std::unique_ptr<Connection>(UniqueFd, bool dialled)>;
[[nodiscard]] std::unique_ptr<Connection> over_tcp(UniqueFd socket, bool dialled);

void send_or_exit(Connection& to, wire::Bytes bytes);
void receive_all_or_exit(Connection& from, std::span<std::byte> into);

enum class Core { first, last };

// Forks a process, pinned to a core, that has one end of a connection over loopback and runs until the other
// is closed. This process has no other thread while it is made.
class Peer {
 public:
  // What the process does; what it returns comes back from `finish`.
  using Work = std::function<std::vector<double>(Connection&)>;

  Peer(const Connect& connect, Core core, const Work& work);
  ~Peer();
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;

  [[nodiscard]] Connection& connection() { return *connection_; }
  // Closes the connection and waits for the process.
  std::vector<double> finish();

 private:
  std::unique_ptr<Connection> connection_;
  UniqueFd answers_;
  pid_t process_;
};

// A standby: the receiver over its own region. Returns for each epoch of `groups` groups or more how long it
// took from its last byte to its commit, in times of one of its groups' transmission.
[[nodiscard]] Peer::Work standby_of(const region::Layout& layout, std::size_t groups);

// Answers each `request_bytes` with `answer_bytes`.
[[nodiscard]] Peer::Work echo_of(std::size_t request_bytes, std::size_t answer_bytes);

}  // namespace stillwater::bench
