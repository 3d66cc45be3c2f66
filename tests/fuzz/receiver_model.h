// What a standby's memory must be after a stream of frames, written down once more: by copies that are kept,
// where the product swaps.
#pragma once

#include <optional>
#include <vector>

#include "base/result.h"
#include "ckpt_engine/region/region.h"
#include "ckpt_engine/wire/frame.h"

namespace stillwater::fuzz {

class ReceiverModel {
 public:
  // Of a region that is empty. Nothing of `protected_range` is ever written.
  ReceiverModel(const region::Region& region, region::Extent protected_range);

  // Bytes of the connection, cut anywhere. False: a frame in them is to be refused, and the connection with
  // it.
  [[nodiscard]] bool take(wire::Bytes piece);
  // The connection is gone.
  void disconnected();
  void connected() { term_at_connect_ = term_; }
  void set_term(std::uint64_t term) { term_ = term; }
  void refuse_syncs(bool on) { refuse_syncs_ = on; }

  // What the region holds from region::kDataOffset on.
  [[nodiscard]] const std::vector<std::byte>& memory() const { return memory_; }
  [[nodiscard]] bool in_sync() const { return in_sync_; }
  [[nodiscard]] bool syncing() const { return syncing_; }
  [[nodiscard]] std::uint64_t committed() const { return committed_; }
  [[nodiscard]] std::uint64_t term() const { return term_; }
  [[nodiscard]] const region::RegionId& region_id() const { return region_id_; }
  [[nodiscard]] std::uint64_t next_epoch() const { return checks_.empty() ? committed_ + 1 : open_epoch_; }
  // A commit record that is right now.
  [[nodiscard]] wire::Commit right_record() const;
  [[nodiscard]] std::uint32_t groups() const { return static_cast<std::uint32_t>(checks_.size()); }
  // Acknowledgements and aborts that are due since the connection began.
  [[nodiscard]] unsigned answers() const { return answers_; }
  // Bytes that are no whole frame yet.
  [[nodiscard]] std::size_t waiting() const { return stream_.size(); }

 private:
  struct Lines {
    std::vector<region::Extent> extents;
    std::vector<std::byte> bytes;  // of all extents, unpacked
  };
  struct Undo {
    std::size_t at;
    std::vector<std::byte> old;
  };
  [[nodiscard]] bool judge(const wire::Frame& frame);
  [[nodiscard]] bool sync_begins(const wire::SyncBegin& begin);
  [[nodiscard]] bool commit(const wire::Commit& record);
  [[nodiscard]] bool take_digests(wire::Bytes payload);
  [[nodiscard]] bool copies_hold() const;
  // `against`: what packed lines may refer to besides each other is this model's memory.
  [[nodiscard]] std::optional<Lines> lines_of(wire::Bytes payload, std::uint64_t begin, bool against) const;
  [[nodiscard]] bool may_write(const region::Extent& extent, std::uint64_t begin) const;
  [[nodiscard]] std::optional<Lines> packed_lines_of(wire::Bytes payload, std::uint64_t begin,
                                                     bool against) const;
  [[nodiscard]] bool write(wire::Bytes payload, std::uint64_t begin, bool keep_old);
  [[nodiscard]] bool is_next(std::uint64_t epoch) const;
  void roll_back();
  void empty();

  const std::uint64_t size_, soft_begin_;
  const region::Extent protected_;
  std::vector<std::byte> memory_;
  std::vector<Undo> undo_;
  std::vector<std::byte> stream_;
  std::vector<std::uint64_t> checks_;
  std::vector<wire::ChunkDigest> digests_;
  bool syncing_ = false;
  bool in_sync_ = false;
  bool refuse_syncs_ = false;
  region::RegionId region_id_{};
  std::uint64_t term_ = 0, term_at_connect_ = 0;
  std::uint64_t committed_ = 0, open_epoch_ = 0;
  unsigned answers_ = 0;
};

}  // namespace stillwater::fuzz
