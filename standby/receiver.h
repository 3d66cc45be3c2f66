// The standby's side of a replication connection: bytes in, swapped memory and acknowledgements out. Sans-io.
//
// Invariants: what arrives lies in reserved memory until its epoch's fate is decided (P2); a partial epoch is
// rolled back before anyone else looks; a copy whose first sync was cut short, or which is known to be wrong,
// holds nothing.
#pragma once

#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "base/locked_memory.h"
#include "base/result.h"
#include "ckpt_engine/region/region.h"
#include "ckpt_engine/wire/frame.h"
#include "standby/applier.h"
#include "standby/digest_check.h"
#include "standby/roles/lease.h"

namespace stillwater::standby {

// Reserved memory of a fixed size; the received frames of one epoch must fit.
class ReservedBuffer {
 public:
  [[nodiscard]] static Result<ReservedBuffer> create(std::size_t bytes) {
    return LockedMemory::create(bytes, "received groups").map([](LockedMemory memory) {
      return ReservedBuffer(std::move(memory));
    });
  }
  [[nodiscard]] std::span<std::byte> bytes() const { return memory_.bytes(); }
  [[nodiscard]] const Status& locked() const { return memory_.locked(); }

 private:
  explicit ReservedBuffer(LockedMemory memory) : memory_(std::move(memory)) {}
  LockedMemory memory_;
};

// What a receiver asks of the role that it serves.
class ReceiverHost {
 public:
  virtual ~ReceiverHost() = default;
  // A first sync is about to empty the region, or to mend it. An error closes the connection, the region as
  // it was.
  [[nodiscard]] virtual Status sync_begins(const wire::SyncBegin& begin) = 0;
  // What goes with an acknowledgement.
  [[nodiscard]] virtual Grant grant() const = 0;
  // The active has told its newest record.
  virtual void record_told(const wire::Record& record) = 0;
  // A part of what the peer holds, where it does not lead either. Errors close the connection.
  [[nodiscard]] virtual Status holdings_told(const wire::Frame& frame) = 0;
  // A part of the active's running configuration. Errors close the connection.
  [[nodiscard]] virtual Status config_told(const wire::Frame& frame) = 0;
  // The lead was handed to this node: what comes now is for a leader, and is left unread.
  [[nodiscard]] virtual bool is_to_lead() const { return false; }
};

// One control thread.
class Receiver {
 public:
  // `host` outlives it; without one every sync may begin and nothing is granted.
  Receiver(region::Region& region, ReservedBuffer& buffer, std::vector<region::Extent> protected_ranges,
           ReceiverHost* host = nullptr);

  // A new connection, after the handshake: what an old one left is rolled back; the peer fills this node.
  void connected();

  // Where the next bytes belong. Empty: the epoch in progress is larger than the reserved memory.
  [[nodiscard]] std::span<std::byte> space();
  // `n` bytes were put into `space`. Whole frames are acted on at once: group k is applied although k+1 is
  // only beginning to arrive (P5). On an error the connection must be closed; `disconnected` rolls back.
  [[nodiscard]] Status received(std::size_t n);
  // Acknowledgements and aborts to send, in order; the caller takes them.
  [[nodiscard]] std::vector<std::byte> take_output() { return std::exchange(output_, {}); }

  // What came and is no whole frame yet; it is forgotten here. For who goes on reading the connection
  // otherwise.
  [[nodiscard]] std::vector<std::byte> take_unread();

  // Bytes are left unread for when this node leads (ReceiverHost::is_to_lead). If it is not to any more,
  // `received(0)` goes on with them.
  [[nodiscard]] bool left_for_a_leader() const { return left_for_a_leader_; }

  // The connection is gone: a partial epoch is rolled back, last group first; a partial copy is forgotten.
  // Returns the number of groups that were rolled back.
  std::size_t disconnected();

  // The active leads in this term now; on this connection it may also still commit in the one before.
  void set_term(std::uint64_t term);
  // The region is what this node led with until now; the peer leads on from it.
  void adopt(std::uint64_t committed_epoch);
  // This node leads on from its copy, which is none any more.
  void leave() { in_sync_ = false; }
  // The copy is nothing.
  void forget();

  // The region is a whole epoch of the active's region.
  [[nodiscard]] bool in_sync() const { return in_sync_; }
  // 0..1, while the first sync runs.
  [[nodiscard]] double sync_progress() const;
  [[nodiscard]] std::uint64_t committed() const { return applier_.committed(); }
  [[nodiscard]] std::uint64_t term() const { return term_; }
  // Why an epoch was refused although all of it arrived, since the connection began: this node holds nothing
  // since, until the active fills it anew.
  [[nodiscard]] const std::optional<wire::Abort>& aborted() const { return aborted_; }
  // The active said goodbye; nullopt while it has not.
  [[nodiscard]] const std::optional<wire::Bye>& goodbye() const { return goodbye_; }

 private:
  void compact();
  // The epoch's fate is decided: no received bytes are an undo log any more.
  void drop_undo_log() { kept_ = unpacked_ = 0; }
  [[nodiscard]] std::size_t end() const { return buffer_.bytes().size() - unpacked_; }
  [[nodiscard]] std::span<std::byte> room() const {
    return buffer_.bytes().subspan(filled_, end() - filled_);
  }
  [[nodiscard]] Status apply(const wire::Frame& frame);
  [[nodiscard]] Status act(const wire::Frame& frame);
  [[nodiscard]] Status begin_sync(const wire::SyncBegin& begin);
  [[nodiscard]] Status commit(const wire::Commit& record);
  void abort(const wire::Commit& record, const region::Extent& differs);
  void forget_copy();
  void roll_back();
  void send(wire::Bytes frame) { output_.insert(output_.end(), frame.begin(), frame.end()); }

  region::Region& region_;
  ReservedBuffer& buffer_;
  ReceiverHost* host_;
  Applier applier_;
  DigestCheck digests_;
  // From the front of the buffer: groups of the open epoch that are swapped where they arrived; frames that
  // were acted on; what was not yet. From its end: groups that were unpacked.
  std::size_t kept_ = 0;
  std::size_t parsed_ = 0;
  std::size_t filled_ = 0;
  std::size_t unpacked_ = 0;  // bytes
  bool left_for_a_leader_ = false;
  bool syncing_ = false;
  bool in_sync_ = false;
  region::RegionId region_id_{};
  std::uint64_t term_ = 0;
  std::uint64_t term_at_connect_ = 0;
  std::uint64_t sync_bytes_expected_ = 0;
  std::uint64_t sync_bytes_ = 0;
  std::vector<std::byte> output_;
  std::optional<wire::Abort> aborted_;
  std::optional<wire::Bye> goodbye_;
};

}  // namespace stillwater::standby
