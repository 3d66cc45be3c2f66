// A standby fed by an active that knows the format and keeps to it as it likes: frames of every type, right
// and nearly right, cut anywhere, on connections that end at any moment.
#include "standby/receiver.h"

#include <cstring>
#include <memory>

#include "ckpt_engine/wire/lines.h"
#include "tests/fuzz/expect.h"
#include "tests/fuzz/input.h"
#include "tests/fuzz/receiver_model.h"

namespace stillwater::fuzz {
namespace {

using region::kLineBytes;
using Stream = std::vector<std::byte>;

constexpr region::Extent kProtected{region::kDataOffset + 4096 + 2 * kLineBytes, 3 * kLineBytes};
constexpr std::size_t kReservedBytes = 32u << 10;  // less than one frame may have, and than an epoch may
constexpr region::RegionId kRegion = {0x53, 0x57, 1};

// Made once: a mapping an input would be most of the time.
struct Memory {
  static Memory& get() {
    static Memory memory;
    return memory;
  }
  Memory() {
    region::Layout layout;
    layout.add("hard", region::StateClass::hard, 16u << 10, 64)
        .add("soft", region::StateClass::soft, 8u << 10, 64);
    region = must(region::Region::create(layout));
    std::memset(region->profile_page().data(), 0x77, region::kPageBytes);
    profile.assign(region->profile_page().begin(), region->profile_page().end());
    header.assign(region->base(), region->base() + region::kPageBytes);
  }
  std::unique_ptr<region::Region> region;
  standby::ReservedBuffer reserved = must(standby::ReservedBuffer::create(kReservedBytes));
  Stream profile, header;  // of the empty region
};

class Host final : public standby::ReceiverHost {
 public:
  bool refuses = false;
  [[nodiscard]] Status sync_begins(const wire::SyncBegin&) override {
    return refuses ? Status(fail(Errc::refused, "not now")) : Status();
  }
  [[nodiscard]] standby::Grant grant() const override { return {}; }
  void record_told(const wire::Record&) override {}
  [[nodiscard]] Status holdings_told(const wire::Frame&) override { return fail(Errc::protocol, "not here"); }
  [[nodiscard]] Status config_told(const wire::Frame&) override { return fail(Errc::protocol, "not here"); }
};

class Standby {
 public:
  explicit Standby(Input& input) : input_(input) {
    region().clear();
    receiver_.connected();
    model_.connected();
  }

  void act() {
    const std::uint32_t what = input_.below(16);
    if (what == 0) {
      reconnect();
    } else if (what == 1) {
      host_.refuses = input_.rarely();
      model_.refuse_syncs(host_.refuses);
    } else if (what == 2 && model_.in_sync()) {
      const std::uint64_t term = model_.term() + input_.below(3);
      receiver_.set_term(term);
      model_.set_term(term);
    } else {
      Stream frame = frame_of(what);
      if (!frame.empty() && input_.rarely())
        frame[input_.value<std::uint16_t>() % frame.size()] ^= static_cast<std::byte>(input_.value());
      deliver(frame);
    }
    check();
  }
  void finish() {
    reconnect();
    check();
  }

 private:
  [[nodiscard]] static region::Region& region() { return *Memory::get().region; }

  [[nodiscard]] Stream frame_of(std::uint32_t what) {
    switch (what) {
      case 3:
      case 4:
        return sync_begin();
      case 5:
        return lines(wire::Type::sync_lines);
      case 6:
        return lines(wire::Type::soft);
      case 7:
      case 8:
      case 9:
        return lines(wire::Type::group);
      case 10:
        return digest();
      case 11:
      case 12:
        return commit();
      case 13:
        return wire::make_frame(wire::Type::record, wire::Record{});
      case 14:
        return wire::make_frame(static_cast<wire::Type>(input_.below(15)),
                                wire::Bytes(input_.bytes(input_.value())));
      default:
        return input_.bytes(1 + input_.value());
    }
  }

  [[nodiscard]] Stream sync_begin() {
    wire::SyncBegin begin{kRegion, 1 + std::uint64_t{input_.below(4)}, input_.value(), region().size(),
                          input_.below(4) == 1 ? 1u : 0u};
    if (input_.rarely()) begin = input_.value<wire::SyncBegin>();
    return wire::make_frame(wire::Type::sync_begin, begin);
  }

  [[nodiscard]] wire::WireExtent extent(bool soft) {
    if (input_.rarely()) {
      if (input_.below(2) == 0) return {input_.value<std::uint32_t>(), input_.value<std::uint32_t>()};
      return {input_.value(), 1 + input_.below(4)};  // header, profile, hard lines
    }
    const std::uint64_t begin = soft ? region().soft_begin() : region::kDataOffset;
    const auto first = static_cast<std::uint32_t>(begin / kLineBytes);
    const auto lines = static_cast<std::uint32_t>((region().size() - begin) / kLineBytes);
    return {first + input_.below(lines + 2), 1 + input_.below(input_.rarely() ? 256 : 4)};
  }

  [[nodiscard]] Stream lines(wire::Type type) {
    std::vector<wire::WireExtent> extents(input_.below(5));
    std::size_t data_lines = 0;
    for (wire::WireExtent& e : extents) {
      e = extent(type == wire::Type::soft);
      data_lines += e.line_count;
    }
    if (data_lines > 1024 || input_.rarely()) data_lines = input_.value();
    wire::GroupHeader header{.epoch = model_.next_epoch(),
                             .index = model_.groups(),
                             .extent_count = static_cast<std::uint32_t>(extents.size()),
                             .line_count = static_cast<std::uint32_t>(data_lines),
                             .encoding = wire::Encoding::as_they_are,
                             .lines_check = 0};
    if (input_.rarely()) header.epoch = input_.below(2) == 0 ? header.epoch + input_.value() : input_.value();
    if (input_.rarely()) header.index = input_.value();
    if (input_.rarely()) header.extent_count = input_.value<std::uint32_t>();
    if (input_.rarely()) header.line_count = input_.value<std::uint32_t>();
    if (input_.rarely()) header.encoding = static_cast<wire::Encoding>(input_.below(3));
    // Words that differ from line to line, and from group to group.
    Stream payload(sizeof(header) + data_lines * kLineBytes + extents.size() * sizeof(extents[0]));
    std::memcpy(payload.data(), &header, sizeof(header));
    std::byte* at = payload.data() + sizeof(header);
    const std::uint64_t fill = input_.value();
    for (std::uint64_t word = 0; word < data_lines * kLineBytes / sizeof(word); ++word, at += sizeof(word)) {
      const std::uint64_t value = fill * (1 + word / 3);
      std::memcpy(at, &value, sizeof(value));
    }
    if (!extents.empty()) std::memcpy(at, extents.data(), extents.size() * sizeof(extents[0]));
    if (input_.below(2) == 1) payload = packed(payload, type == wire::Type::group);
    return wire::make_frame(type, wire::Bytes(payload));
  }

  // The same lines, where they can be packed: against what the receiver has, which it must know, or not.
  [[nodiscard]] Stream packed(const Stream& payload, bool against) {
    Stream copy = payload;
    const auto lines = wire::parse_lines(copy);
    if (!lines || !lines->agree || lines->header.encoding != wire::Encoding::as_they_are) return payload;
    std::uint64_t end = 0;
    for (const region::Extent& extent : lines->extents) {
      if (extent.offset < end) return payload;
      end = extent.offset + extent.bytes;
    }
    wire::GroupHeader header = lines->header;
    header.encoding = wire::Encoding::packed;
    Stream out(wire::Packer::bytes_max(header.extent_count, header.line_count));
    wire::Packer packer(out.data(), header);
    for (const region::Extent& extent : lines->extents)
      packer.add_extent({static_cast<std::uint32_t>(extent.offset / kLineBytes),
                         static_cast<std::uint32_t>(extent.bytes / kLineBytes)});
    const bool wrongly = input_.rarely();  // about the receiver's memory
    const std::byte* line = lines->bytes.data();
    for (const region::Extent& extent : lines->extents)
      for (std::uint64_t at = extent.offset; at < extent.offset + extent.bytes; at += kLineBytes) {
        const bool known =
            at >= region::kDataOffset && at + kLineBytes <= region().size() && (against || wrongly);
        packer.add_line(line, !known    ? nullptr
                              : wrongly ? lines->bytes.data()
                                        : model_.memory().data() + (at - region::kDataOffset));
        line += kLineBytes;
      }
    std::byte* const written = packer.finish(wire::lines_check(lines->bytes));
    out.resize(static_cast<std::size_t>(written - out.data()));
    if (input_.rarely())
      out[input_.value<std::uint16_t>() % out.size()] ^= static_cast<std::byte>(input_.value());
    return out;
  }

  [[nodiscard]] Stream digest() {
    std::vector<wire::ChunkDigest> chunks(input_.below(4));
    const std::uint64_t hard_end = region().soft_begin();
    for (wire::ChunkDigest& c : chunks) {
      c.chunk = extent(false);
      const std::uint64_t offset = std::uint64_t{c.chunk.first_line} * kLineBytes;
      const std::uint64_t bytes = std::uint64_t{c.chunk.line_count} * kLineBytes;
      if (offset >= region::kDataOffset && offset + bytes <= hard_end)
        c.digest = wire::digest_of(wire::Bytes(model_.memory()).subspan(offset - region::kDataOffset, bytes));
      if (input_.rarely()) ++c.digest;
    }
    wire::DigestHeader header{model_.next_epoch(), static_cast<std::uint32_t>(chunks.size()), 0};
    if (input_.rarely()) header = input_.value<wire::DigestHeader>();
    Stream payload(sizeof(header) + chunks.size() * sizeof(chunks[0]));
    std::memcpy(payload.data(), &header, sizeof(header));
    if (!chunks.empty())
      std::memcpy(payload.data() + sizeof(header), chunks.data(), chunks.size() * sizeof(chunks[0]));
    return wire::make_frame(wire::Type::digest, wire::Bytes(payload));
  }

  [[nodiscard]] Stream commit() {
    wire::Commit record = model_.right_record();
    if (input_.rarely()) {
      const std::size_t at = input_.value() % sizeof(record);
      const auto change = input_.value<std::uint64_t>();
      std::memcpy(reinterpret_cast<std::byte*>(&record) + at, &change,
                  std::min(sizeof(change), sizeof(record) - at));
    }
    return wire::make_frame(wire::Type::commit, record);
  }

  // Whole frames wait for their turn sometimes, so that one piece may carry several.
  void deliver(const Stream& frame) {
    waiting_.insert(waiting_.end(), frame.begin(), frame.end());
    const std::size_t piece = input_.value();
    if (piece == 1) return;
    std::span<const std::byte> rest(waiting_);
    while (!rest.empty()) {
      const auto space = receiver_.space();
      // No frame may be as large as that, but where its type allows: the host closes the connection.
      if (space.empty()) return reconnect();
      const std::size_t n = std::min({rest.size(), space.size(), piece == 0 ? rest.size() : piece * 8});
      std::memcpy(space.data(), rest.data(), n);
      const Status done = receiver_.received(n);
      const bool right = model_.take(rest.first(n));
      if (!done && done.error().code == Errc::resource_exhausted) {
        expect(!right || model_.groups() > 0, "memory for groups runs out by groups");
        return reconnect();
      }
      expect(done.has_value() == right, "what is right is taken, and what is wrong is refused");
      if (!right) {
        expect(!done.error().message.empty(), "a refusal has a reason");
        return reconnect();
      }
      rest = rest.subspan(n);
      check();
    }
    waiting_.clear();
  }

  void reconnect() {
    answered();
    waiting_.clear();
    receiver_.disconnected();
    model_.disconnected();
    check();
    receiver_.connected();
    model_.connected();
  }

  void answered() {
    const Stream output = receiver_.take_output();
    Stream stream = output;
    std::span<std::byte> rest(stream);
    while (!rest.empty()) {
      const auto frame = wire::parse(rest);
      expect(frame && frame->has_value(), "answers are whole frames");
      expect((*frame)->type == wire::Type::ack || (*frame)->type == wire::Type::abort, "a standby answers");
      rest = rest.subspan(sizeof(wire::FrameHeader) + (*frame)->payload.size());
      ++answers_;
    }
    expect(answers_ == model_.answers(), "every commit record has one answer");
    answers_ = 0;
  }

  void check() const {
    const auto mine = std::span(region().base(), region().size());
    expect(equal(mine.subspan(region::kDataOffset), model_.memory()),
           "memory is what was received, and nothing else");
    expect(equal(region().profile_page(), Memory::get().profile), "the profile is as it was");
    const Stream& header = Memory::get().header;
    constexpr std::size_t kStamp = offsetof(region::RegionHeader, region_id);
    constexpr std::size_t kRoots = offsetof(region::RegionHeader, roots);
    expect(std::memcmp(mine.data(), header.data(), kStamp) == 0 &&
               std::memcmp(mine.data() + kRoots, header.data() + kRoots, header.size() - kRoots) == 0,
           "the header is as it was, but for its stamp");
    expect(receiver_.in_sync() == model_.in_sync(), "a copy is whole after its commit alone");
    expect(receiver_.committed() == model_.committed(), "committed is the last epoch that was whole");
    expect(!model_.in_sync() || region().header().epoch == model_.committed(), "the stamp names the epoch");
    expect(model_.in_sync() || region().is_empty(), "a copy that is not whole is nobody's");
    expect(receiver_.sync_progress() >= 0 && receiver_.sync_progress() <= 1, "progress is a share");
  }

  Input& input_;
  Host host_;
  standby::Receiver receiver_{region(), Memory::get().reserved, {kProtected}, &host_};
  ReceiverModel model_{region(), kProtected};
  Stream waiting_;
  unsigned answers_ = 0;
};

}  // namespace
}  // namespace stillwater::fuzz

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t bytes) {
  stillwater::fuzz::Input input(data, bytes);
  stillwater::fuzz::Standby standby(input);
  for (unsigned actions = 0; !input.empty() && actions < 200; ++actions) standby.act();
  standby.finish();
  return 0;
}
