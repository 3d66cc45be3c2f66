#include "standby/receiver.h"

#include <algorithm>
#include <cstring>

#include <sys/mman.h>

namespace stillwater::standby {

Result<ReservedBuffer> ReservedBuffer::create(std::size_t bytes) {
  void* memory =
      mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
  if (memory == MAP_FAILED) return fail_errno("cannot reserve memory for received groups", errno);
  mlock(memory, bytes);  // populated already; a lower locked-memory limit only makes it swappable
  return ReservedBuffer(static_cast<std::byte*>(memory), bytes);
}

ReservedBuffer::ReservedBuffer(ReservedBuffer&& other) noexcept
    : memory_(std::exchange(other.memory_, nullptr)), bytes_(other.bytes_) {}

ReservedBuffer::~ReservedBuffer() {
  if (memory_ != nullptr) munmap(memory_, bytes_);
}

Receiver::Receiver(region::Region& region, ReservedBuffer& buffer,
                   std::vector<region::Extent> protected_ranges)
    : region_(region), buffer_(buffer), applier_(region, std::move(protected_ranges)) {}

void Receiver::connected() {
  disconnected();
  goodbye_.reset();
}

// What is still to be acted on moves to the front, while no undo log lies before it.
void Receiver::compact() {
  if (applier_.groups_applied() > 0 || parsed_ == 0) return;
  std::memmove(buffer_.bytes().data(), buffer_.bytes().data() + parsed_, filled_ - parsed_);
  filled_ -= parsed_;
  parsed_ = 0;
}

std::span<std::byte> Receiver::space() {
  compact();
  return buffer_.bytes().subspan(filled_);
}

Status Receiver::received(std::size_t n) {
  filled_ += n;
  for (;;) {
    auto frame = wire::parse(buffer_.bytes().subspan(parsed_, filled_ - parsed_));
    if (!frame) return tl::unexpected(frame.error());
    if (!frame->has_value()) break;
    // An epoch's first group stays where it is until the epoch ends: all the memory is to be behind it.
    if ((*frame)->type == wire::Type::group && applier_.groups_applied() == 0 && parsed_ > 0) {
      compact();
      continue;
    }
    // A frame that was refused is not stepped over: whoever asks again is told the same.
    if (Status done = act(**frame); !done) return done;
    parsed_ += sizeof(wire::FrameHeader) + (*frame)->payload.size();
  }
  if (filled_ == buffer_.bytes().size() && applier_.groups_applied() > 0)
    return fail(Errc::resource_exhausted, "an epoch is larger than the memory reserved for received groups");
  return {};
}

Status Receiver::act(const wire::Frame& frame) {
  switch (frame.type) {
    case wire::Type::sync_begin:
      return wire::body_of<wire::SyncBegin>(frame).and_then([&](const auto& b) { return begin_sync(b); });
    case wire::Type::sync_lines:
      if (!syncing_ || applier_.groups_applied() > 0)
        return fail(Errc::protocol, "lines of a first sync arrived while none is running");
      sync_bytes_ += frame.payload.size();
      return applier_.copy_in(frame.payload, false);
    case wire::Type::group:
      if (!syncing_ && !in_sync_) return fail(Errc::protocol, "a group arrived before the first sync");
      return applier_.apply(frame.payload, frame.check);
    case wire::Type::soft:
      if (!in_sync_) return fail(Errc::protocol, "soft lines arrived before the first sync was complete");
      return applier_.copy_in(frame.payload, true);
    case wire::Type::commit:
      return wire::body_of<wire::Commit>(frame).and_then([&](const auto& c) { return commit(c); });
    case wire::Type::bye:
      return wire::body_of<wire::Bye>(frame).map([&](const auto& bye) { goodbye_ = bye; });
    default:
      return fail(Errc::protocol, "a message of type " + std::to_string(static_cast<int>(frame.type)) +
                                      " is not for a standby");
  }
}

Status Receiver::begin_sync(const wire::SyncBegin& begin) {
  if (begin.region_id == region::RegionId{}) return fail(Errc::protocol, "a first sync of nobody's region");
  if (begin.committed_epoch + 1 == 0) return fail(Errc::protocol, "a first sync after the last epoch");
  applier_.roll_back();
  region_.clear();
  applier_.start_from(begin.committed_epoch);
  region_id_ = begin.region_id;
  term_ = begin.term;
  sync_bytes_expected_ = begin.bytes_expected;
  sync_bytes_ = 0;
  syncing_ = true;
  in_sync_ = false;
  return {};
}

Status Receiver::commit(const wire::Commit& record) {
  if (!syncing_ && !in_sync_) return fail(Errc::protocol, "a commit record arrived before the first sync");
  if (record.region_id != region_id_) return fail(Errc::protocol, "a commit record of another region");
  if (record.term != term_) return fail(Errc::protocol, "a commit record of another term");
  return applier_.commit(record).map([&] {
    region_.set_identity(region_id_, term_);
    syncing_ = false;
    in_sync_ = true;
    const auto ack = wire::make_frame(wire::Type::ack, wire::Ack{record.epoch, record.term});
    output_.insert(output_.end(), ack.begin(), ack.end());
  });
}

std::size_t Receiver::disconnected() {
  const std::size_t groups = applier_.groups_applied();
  applier_.roll_back();
  parsed_ = filled_ = 0;
  output_.clear();
  if (!syncing_) return groups;
  region_.clear();
  applier_.start_from(0);
  region_id_ = {};
  term_ = 0;
  syncing_ = false;
  return groups;
}

double Receiver::sync_progress() const {
  if (in_sync_) return 1;
  if (!syncing_ || sync_bytes_expected_ == 0) return 0;
  return std::min(1.0, static_cast<double>(sync_bytes_) / static_cast<double>(sync_bytes_expected_));
}

}  // namespace stillwater::standby
