#include "standby/receiver.h"

#include <algorithm>
#include <cstring>

namespace stillwater::standby {
namespace {

// What was read is acted on while it is in the processor's cache; of an epoch it is about a group, so that
// little is left to do when its record is read.
constexpr std::size_t kSyncReadMax = 256u << 10;
constexpr std::size_t kEpochReadMax = 4u << 10;

}  // namespace

Receiver::Receiver(region::Region& region, ReservedBuffer& buffer,
                   std::vector<region::Extent> protected_ranges, ReceiverHost* host)
    : region_(region),
      buffer_(buffer),
      host_(host),
      applier_(region, protected_ranges),
      digests_(region, std::move(protected_ranges)) {}

void Receiver::connected() {
  disconnected();
  aborted_.reset();
  goodbye_.reset();
  term_at_connect_ = term_;
}

void Receiver::set_term(std::uint64_t term) {
  term_ = term;
  if (in_sync_) region_.set_identity(region_id_, term_);
}

void Receiver::adopt(std::uint64_t committed_epoch) {
  disconnected();
  goodbye_.reset();
  region_id_ = region_.header().region_id;
  term_ = term_at_connect_ = region_.header().term;
  applier_.start_from(committed_epoch);
  in_sync_ = true;
}

void Receiver::forget() {
  forget_copy();
  output_.clear();
}

// What is still to be acted on moves up to the undo log.
void Receiver::compact() {
  if (parsed_ == kept_) return;
  std::memmove(buffer_.bytes().data() + kept_, buffer_.bytes().data() + parsed_, filled_ - parsed_);
  filled_ -= parsed_ - kept_;
  parsed_ = kept_;
}

std::span<std::byte> Receiver::space() {
  compact();
  return room().first(std::min(room().size(), syncing_ ? kSyncReadMax : kEpochReadMax));
}

Status Receiver::received(std::size_t n) {
  filled_ += n;
  for (;;) {
    auto frame = wire::parse(buffer_.bytes().subspan(parsed_, filled_ - parsed_));
    if (!frame) return tl::unexpected(frame.error());
    if (!frame->has_value()) break;
    left_for_a_leader_ = (*frame)->type == wire::Type::waiting && host_ != nullptr && host_->is_to_lead();
    if (left_for_a_leader_) break;
    // A group may stay where it is until the epoch ends: all the memory is to be behind it.
    if ((*frame)->type == wire::Type::group && parsed_ > kept_) {
      compact();
      continue;
    }
    // A frame that was refused is not stepped over: whoever asks again is told the same.
    if (Status done = act(**frame); !done) return done;
    parsed_ += sizeof(wire::FrameHeader) + (*frame)->payload.size();
  }
  if (filled_ - (parsed_ - kept_) == end() && applier_.groups_applied() > 0)
    return fail(Errc::resource_exhausted, "an epoch is larger than the memory reserved for received groups");
  return {};
}

// Where lines were unpacked their frame is done with.
Status Receiver::apply(const wire::Frame& frame) {
  return applier_.apply(frame.payload, frame.check, room()).map([&](std::size_t unpacked) {
    unpacked_ += unpacked;
    if (unpacked == 0) kept_ = parsed_ + sizeof(wire::FrameHeader) + frame.payload.size();
  });
}

Status Receiver::act(const wire::Frame& frame) {
  switch (frame.type) {
    case wire::Type::sync_begin:
      return wire::body_of<wire::SyncBegin>(frame).and_then([&](const auto& b) { return begin_sync(b); });
    case wire::Type::sync_lines:
      if (!syncing_ || applier_.groups_applied() > 0)
        return fail(Errc::protocol, "lines of a first sync arrived while none is running");
      sync_bytes_ += frame.payload.size();
      return applier_.copy_in(frame.payload, false, room());
    case wire::Type::group:
      if (!syncing_ && !in_sync_) return fail(Errc::protocol, "a group arrived before the first sync");
      return apply(frame);
    case wire::Type::soft:
      if (!in_sync_) return fail(Errc::protocol, "soft lines arrived before the first sync was complete");
      return applier_.copy_in(frame.payload, true, room());
    case wire::Type::digest:
      if (!syncing_ && !in_sync_) return fail(Errc::protocol, "a digest arrived before the first sync");
      return digests_.take(frame.payload, [this](std::uint64_t epoch) { return applier_.is_next(epoch); });
    case wire::Type::commit:
      return wire::body_of<wire::Commit>(frame).and_then([&](const auto& c) { return commit(c); });
    case wire::Type::record:
      return wire::body_of<wire::Record>(frame).map([&](const auto& told) {
        if (host_ != nullptr) host_->record_told(told);
      });
    case wire::Type::holdings:
      if (host_ == nullptr) return fail(Errc::protocol, "nobody here fills a node");
      return host_->holdings_told(frame);
    case wire::Type::config:
      if (host_ == nullptr) return fail(Errc::protocol, "nobody here builds a configuration");
      return host_->config_told(frame);
    case wire::Type::config_built:
      return {};  // on its way when this node still led
    case wire::Type::waiting:
      return {};  // brought to a successor that this node is no more
    case wire::Type::bye:
      return wire::body_of<wire::Bye>(frame).map([&](const auto& bye) { goodbye_ = bye; });
    default:
      return fail(Errc::protocol, "a message of type " + std::to_string(static_cast<int>(frame.type)) +
                                      " is not for a standby");
  }
}

Status Receiver::begin_sync(const wire::SyncBegin& begin) {
  if (begin.region_id == region::RegionId{}) return fail(Errc::protocol, "a first sync of nobody's region");
  if (begin.committed_epoch >= wire::kEpochEnd)
    return fail(Errc::protocol, "a first sync after the last epoch");
  if (begin.onto_held > 1) return fail(Errc::protocol, "a first sync of an unknown kind");
  const bool onto_held = begin.onto_held == 1;
  if (onto_held &&
      (syncing_ || begin.region_id != region_.header().region_id || (host_ == nullptr && !in_sync_)))
    return fail(Errc::protocol, "a first sync onto what this node does not hold");
  if (host_ != nullptr)
    if (Status may = host_->sync_begins(begin); !may) return may;
  if (onto_held) {
    roll_back();
    region_.disown();
  } else {
    forget_copy();
  }
  in_sync_ = false;
  applier_.start_from(begin.committed_epoch);
  region_id_ = begin.region_id;
  term_ = term_at_connect_ = begin.term;
  sync_bytes_expected_ = begin.bytes_expected;
  sync_bytes_ = 0;
  syncing_ = true;
  return {};
}

Status Receiver::commit(const wire::Commit& record) {
  if (!syncing_ && !in_sync_) return fail(Errc::protocol, "a commit record arrived before the first sync");
  if (record.region_id != region_id_) return fail(Errc::protocol, "a commit record of another region");
  if (record.term < term_at_connect_ || record.term > term_)
    return fail(Errc::protocol, "a commit record of another term");
  if (Status matched = applier_.matches(record); !matched) return matched;
  if (const auto differs = digests_.first_difference()) {
    abort(record, *differs);
    return {};
  }
  return applier_.commit(record).map([&] {
    drop_undo_log();
    digests_.forget();
    region_.set_identity(region_id_, term_);
    syncing_ = false;
    in_sync_ = true;
    const Grant grant = host_ != nullptr ? host_->grant() : Grant{};
    send(wire::make_frame(wire::Type::ack,
                          wire::Ack{record.epoch, record.term, grant.stamp.count(), grant.term}));
  });
}

// A write that no checkpoint carried may be older than this epoch: the one before is no better.
void Receiver::abort(const wire::Commit& record, const region::Extent& differs) {
  aborted_ = wire::Abort{.epoch = record.epoch,
                         .term = record.term,
                         .offset = differs.offset,
                         .bytes = differs.bytes,
                         .reason = wire::AbortReason::digest_mismatch,
                         .reserved = 0};
  forget_copy();
  send(wire::make_frame(wire::Type::abort, *aborted_));
}

void Receiver::forget_copy() {
  roll_back();
  if (!region_.is_empty() || syncing_) region_.clear();
  applier_.start_from(0);
  region_id_ = {};
  term_ = term_at_connect_ = 0;
  syncing_ = in_sync_ = false;
}

std::vector<std::byte> Receiver::take_unread() {
  left_for_a_leader_ = false;
  const auto rest = buffer_.bytes().subspan(parsed_, filled_ - parsed_);
  filled_ = parsed_;
  return {rest.begin(), rest.end()};
}

std::size_t Receiver::disconnected() {
  const std::size_t groups = applier_.groups_applied();
  syncing_ ? forget_copy() : roll_back();
  parsed_ = filled_ = 0;
  left_for_a_leader_ = false;
  output_.clear();
  return groups;
}

void Receiver::roll_back() {
  applier_.roll_back();
  drop_undo_log();
  digests_.forget();
}

double Receiver::sync_progress() const {
  if (in_sync_) return 1;
  if (!syncing_ || sync_bytes_expected_ == 0) return 0;
  return std::min(1.0, static_cast<double>(sync_bytes_) / static_cast<double>(sync_bytes_expected_));
}

}  // namespace stillwater::standby
