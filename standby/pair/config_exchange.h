// The running configuration beyond the files, equal on both nodes: a leader uses a generation of it only
// after whoever may succeed it has built that generation too. Sans-io.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "ckpt_engine/wire/frame.h"
#include "ckpt_engine/wire/transport.h"

namespace stillwater::standby {

using ConfigBytes = std::vector<std::byte>;

// Knows what documents say, and builds it (lookup structures, which may take seconds) somewhere else: nothing
// here waits. All calls come from the exchange's thread, which begins nothing before it has taken the end of
// what it began before.
class ConfigHost {
 public:
  virtual ~ConfigHost() = default;
  // Begins to put all that is built into one document; nullopt until that is done.
  virtual void collect() = 0;
  [[nodiscard]] virtual std::optional<ConfigBytes> take_collected() = 0;
  // Begins to build: `whole`, instead of all before, or onto it. In the end all of it is built, or nothing.
  virtual void build(ConfigBytes document, bool whole) = 0;
  // How it ended, once; nullopt before.
  [[nodiscard]] virtual std::optional<Status> take_built() = 0;
};

// Generation 1 is what the files say. A change is made in this order: it is offered to the peer, which builds
// it and says so; then it is built here, then it is answered. Where nobody may succeed this node it is built
// here at once. Each connection begins with all of the leader's configuration, and each node that is to be
// filled has built it before (`peer_is_ready`). So whoever takes over has every change that was answered.
// One control thread.
class ConfigExchange {
 public:
  // `host` outlives it; null: there is nothing beside the files, and the peer is always ready.
  explicit ConfigExchange(ConfigHost* host) : host_(host) {}

  // Of a leader, while none is under way. Answered by the generation that has it, or by why it was not made:
  // refused (the peer cannot build it), unavailable (this node leads no more: it may have been made, or will
  // be), failed_precondition (there is nothing beside the files), or what building here failed with.
  void change(ConfigBytes delta);
  [[nodiscard]] bool changing() const { return change_.has_value(); }
  [[nodiscard]] std::optional<Result<std::uint64_t>> take_answer() {
    return std::exchange(answer_, std::nullopt);
  }

  // A connection begins, or has ended.
  void connected();
  void disconnected() { connected(); }
  // Cheap where nothing changed.
  void set_leads(bool leads);

  // What the peer sends to a follower and to a leader. Errors: protocol.
  [[nodiscard]] Status part_told(const wire::Frame& frame);
  [[nodiscard]] Status built_told(const wire::Frame& frame);

  // Does what is due. `peer` may be null. `may_succeed`: the peer could come to lead with what it has now.
  // An error is the transport's.
  [[nodiscard]] Status turn(wire::Transport* peer, bool may_succeed);
  // There is more to send: call `turn` again soon.
  [[nodiscard]] bool has_to_send() const { return outbox_.has_value(); }

  [[nodiscard]] std::uint64_t generation() const { return generation_; }
  // Of a leader: the peer has built what this node uses, or is about to use.
  [[nodiscard]] bool peer_is_ready() const;
  // Why the peer cannot build this node's configuration; empty while nothing is known against it.
  [[nodiscard]] const std::string& peer_refusal() const { return peer_refusal_; }

 private:
  struct Document {
    std::uint64_t generation = 0;
    bool whole = false;
    ConfigBytes bytes{};
    std::size_t sent = 0;
  };
  struct Change {
    ConfigBytes delta;
    std::uint64_t generation = 0;  // 0: not numbered yet
    bool offered = false;
    bool begun = false;             // to be built here
    std::optional<Error> failed{};  // here, and not taken back yet where the peer has it
  };
  struct Building {
    std::uint64_t generation;
    bool own;                  // the change's
    std::uint64_t connection;  // that brought it
  };
  static constexpr std::size_t kWaitingMax = 8;

  void answer(Result<std::uint64_t> with);
  void take_collected(bool has_peer);
  void take_built();
  void change_was_built(const Building& done, const Status& how);
  void lead(bool has_peer, bool may_succeed);
  void tell(Document document);
  void follow();
  void begin(std::uint64_t generation, bool own, ConfigBytes document, bool whole);
  void report(std::uint64_t generation, const Status& how);
  [[nodiscard]] Status send_some(wire::Transport& peer);
  [[nodiscard]] std::uint64_t wanted() const;

  ConfigHost* host_;
  std::uint64_t generation_ = 1;
  bool leads_ = false;
  std::uint64_t connection_ = 0;
  // What the host is at: one of them at most.
  std::optional<Building> building_;
  bool collecting_ = false;

  // Of a leader.
  std::optional<Change> change_;
  std::optional<Result<std::uint64_t>> answer_;
  // On this connection: whether it was told all of it, what it said last that it has built (0: nothing), and
  // the generation of the document that it is to say so of still.
  bool told_ = false;
  std::uint64_t peer_generation_ = 0;
  std::optional<std::uint64_t> awaited_;
  std::string peer_refusal_;
  std::optional<Document> outbox_;  // what is being sent: the one that is awaited

  // Of a follower.
  std::optional<Document> incoming_;
  std::deque<Document> waiting_;
  std::vector<std::byte> reports_;
};

}  // namespace stillwater::standby
