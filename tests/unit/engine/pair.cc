#include "tests/unit/engine/pair.h"

#include "tests/unit/standby/deliver.h"

namespace stillwater::tests {
namespace {

engine::Staging make_staging(std::size_t bytes) {
  auto staging = engine::Staging::create(bytes);
  if (!staging) throw std::runtime_error(staging.error().message);
  return std::move(*staging);
}

standby::ReservedBuffer make_reserved(std::size_t bytes) {
  auto reserved = standby::ReservedBuffer::create(bytes);
  if (!reserved) throw std::runtime_error(reserved.error().message);
  return std::move(*reserved);
}

std::unique_ptr<trackers::DirtyTracker> make_tracker(const std::string& name, const region::Region& region,
                                                     region::WorkerMarks& marks) {
  auto tracker = trackers::make_tracker(name, region, {&marks}, [](const std::string&) {});
  if (!tracker) throw std::runtime_error(tracker.error().message);
  return std::move(*tracker);
}

}  // namespace

Status Link::send(wire::Bytes frames) {
  while (!frames.empty()) {
    const wire::Bytes frame = wire::first_frame(frames);
    if (Status sent = send_frame(frame); !sent) return sent;
    frames = frames.subspan(frame.size());
  }
  return {};
}

Status Link::send_frame(wire::Bytes bytes) {
  if (!may_send_quiesced) REQUIRE_FALSE(barrier_.quiesced);  // forwarding never stands still for a transfer
  if (sends++ != breaks_at) {
    look_at(bytes);
    return deliver(receiver_, bytes);
  }
  const wire::Bytes part = bytes.first(std::min(delivers_of_last, bytes.size()));
  look_at(bytes);
  if (Status delivered = deliver(receiver_, part); !delivered) return delivered;
  return fail(Errc::unavailable, "the connection broke");
}

void Link::look_at(wire::Bytes bytes) {
  std::vector<std::byte> copy(bytes.begin(), bytes.end());
  const auto frame = wire::parse(copy);
  REQUIRE(frame);
  REQUIRE(frame->has_value());
  const auto& payload = (*frame)->payload;
  switch ((*frame)->type) {
    case wire::Type::group: {
      wire::GroupHeader header;
      std::memcpy(&header, payload.data(), sizeof(header));
      if (header.index == 0) lines_of_groups.clear();
      lines_of_groups.push_back(header.line_count);
      groups_of_epoch = header.index + 1;
      events_.push_back("group " + std::to_string(header.index));
      break;
    }
    case wire::Type::commit: {
      const auto record = wire::body_of<wire::Commit>(**frame);
      REQUIRE(record);
      const bool number_is_new = commit_records.insert(record->epoch).second;
      REQUIRE(number_is_new);
      events_.emplace_back("commit");
      break;
    }
    case wire::Type::digest:
      digests.resize((payload.size() - sizeof(wire::DigestHeader)) / sizeof(wire::ChunkDigest));
      std::memcpy(digests.data(), payload.data() + sizeof(wire::DigestHeader),
                  digests.size() * sizeof(wire::ChunkDigest));
      events_.emplace_back("digest");
      break;
    case wire::Type::soft:
      soft_bytes += payload.size();
      events_.emplace_back("soft");
      break;
    default:
      events_.emplace_back("sync");
  }
}

std::vector<wire::Ack> Link::take_acks() {
  std::vector<std::byte> output = receiver_.take_output();
  std::vector<wire::Ack> acks;
  std::span<std::byte> rest(output);
  while (!rest.empty()) {
    const auto frame = wire::parse(rest);
    REQUIRE(frame);
    REQUIRE(frame->has_value());
    if ((*frame)->type == wire::Type::abort)
      aborts.push_back(*wire::body_of<wire::Abort>(**frame));
    else
      acks.push_back(*wire::body_of<wire::Ack>(**frame));
    rest = rest.subspan(sizeof(wire::FrameHeader) + (*frame)->payload.size());
  }
  return acks;
}

Pair::Pair(PairOptions options)
    : a(make_region(small_layout(options.sessions_max))),
      b(make_region(small_layout(options.sessions_max))),
      worker(*a),
      tracker(make_tracker(options.tracker, *a, worker.marks)),
      engine({.region = *a,
              .tracker = logged_tracker,
              .barrier = barrier,
              .epochs = epochs,
              .clock = clock,
              .staging = make_staging(options.staging_bytes)},
             policy),
      reserved(make_reserved(options.reserved_bytes)),
      receiver(*b, reserved, {}),
      link(receiver, events, barrier) {
  a->set_identity(kOurRegion, 3);
  engine.lead_from(0);
  barrier.at_boundary = [this] { at_blackout[epochs.current()] = hard_bytes(*a); };
}

void Pair::acknowledge() {
  for (const wire::Ack& ack : link.take_acks()) REQUIRE(engine.acknowledged(ack));
  REQUIRE(link.aborts.empty());
}

std::optional<wire::Abort> Pair::checkpoint_and_answer() {
  REQUIRE(engine.checkpoint(link));
  for (const wire::Ack& ack : link.take_acks()) REQUIRE(engine.acknowledged(ack));
  if (link.aborts.empty()) return std::nullopt;
  const wire::Abort abort = link.aborts.back();
  link.aborts.clear();
  REQUIRE(engine.aborted(abort));
  return abort;
}

void Pair::cut() {
  receiver.disconnected();
  engine.standby_lost();
}

void Pair::write_hard(unsigned lines) {
  worker.turn.begin(epochs.current(), 1s);
  for (unsigned i = 0; i < lines; ++i) {
    const std::uint32_t slot = next_write_++ % worker.sessions.capacity();
    worker.sessions.edit(worker.turn, slot)->rule_id += 1;
  }
}

void Pair::check_standby() const {
  if (!receiver.in_sync()) {
    REQUIRE(b->is_empty());
    REQUIRE(receiver.committed() == 0);
    REQUIRE(data_bytes(*b) == Snapshot(b->size() - region::kDataOffset));
    return;
  }
  REQUIRE(b->header().epoch == receiver.committed());
  REQUIRE(hard_bytes(*b) == at_blackout.at(receiver.committed()));
}

}  // namespace stillwater::tests
