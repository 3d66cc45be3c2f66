// An active that hears of its standby what no standby says: acknowledgements, aborts, records, goodbyes,
// hellos and heartbeats, right and nearly right. When the record takes the lead from it, it goes on as a
// follower.
#include <cstring>
#include <memory>

#include "ckpt_engine/trackers/barrier_tracker.h"
#include "standby/personality.h"
#include "standby/roles/record.h"
#include "standby/roles/roles.h"
#include "tests/fuzz/input.h"
#include "tests/fuzz/leader_world.h"

namespace stillwater::fuzz {
namespace {

using standby::Phase;
using Stream = std::vector<std::byte>;

constexpr Nanos kLease = 40ms;
constexpr Nanos kMargin = 4ms;
constexpr std::size_t kStagingBytes = 24u << 10;
constexpr std::size_t kReservedBytes = 64u << 10;
constexpr std::uint64_t kHardBytes = 8u << 10;
const std::string kMe = "fw-a";
const std::string kPeer = "fw-b";

// Made once: a mapping an input would be most of the time.
struct Memory {
  static Memory& get() {
    static Memory memory;
    return memory;
  }
  Memory() {
    region::Layout layout;
    layout.add("hard", region::StateClass::hard, kHardBytes, 64)
        .add("soft", region::StateClass::soft, 4096, 64);
    region = must(region::Region::create(layout));
    expect(standby::store_personality(region->profile_page(), {kMe, "fuzz", true}).has_value(),
           "a profile fits");
    profile.assign(region->profile_page().begin(), region->profile_page().end());
  }
  std::unique_ptr<region::Region> region;
  standby::ReservedBuffer reserved = must(standby::ReservedBuffer::create(kReservedBytes));
  Stream profile;
};

class Leader final : private standby::PairEvents {
 public:
  explicit Leader(Input& input) : input_(input) {
    arbitrated_ = input_.below(2) == 0;
    region().clear();
    pair_ = std::make_unique<standby::PairNode>(
        standby::PairNode::Parts{.roles = roles(),
                                 .identity = identity(kMe),
                                 .region = region(),
                                 .tracker = tracker_,
                                 .epochs = epochs_,
                                 .clock = clock_,
                                 .forwarding = workers_,
                                 .lease = lease_,
                                 .arbiter = arbitrated_ ? &arbiter_ : nullptr,
                                 .staging = must(engine::Staging::create(kStagingBytes)),
                                 .reserved = Memory::get().reserved,
                                 .policy = {},
                                 .events = *this,
                                 .config = &builder_});
    pass(3s);  // after which it begins, empty and alone
    turn();
    if (!input_.rarely()) meet();
  }

  void act() {
    switch (const std::uint32_t what = input_.below(16)) {
      case 0:
      case 1:
        pass(Nanos(what == 0 ? input_.value<std::uint16_t>() : input_.value() * 1'000'000u));
        break;
      case 2:
        write();
        break;
      case 3:
        meet();
        break;
      case 4:
        part("closed");
        break;
      case 5:
        if (input_.rarely()) [[maybe_unused]]
          const Status asked = pair_->hand_over();
        break;
      case 6:
        pair_->request_checkpoint();
        if (!pair_->config().changing()) pair_->change_config({std::byte{1}});
        break;
      case 7:
        arbiter_.silent = input_.below(3);
        link_.fails = input_.rarely();
        break;
      case 8:
      case 9:
        beat();
        break;
      case 10:
      case 11:
        acknowledge();
        break;
      default:
        say(frame_of(what));
    }
    turn();
    check();
  }

 private:
  [[nodiscard]] static region::Region& region() { return *Memory::get().region; }

  [[nodiscard]] standby::RoleOptions roles() const {
    standby::RoleOptions roles;
    roles.node = kMe;
    roles.prefers_to_lead = true;
    roles.arbitrated = arbitrated_;
    roles.new_region_id = [] { return region::RegionId{0x53, 0x57}; };
    return roles;
  }
  [[nodiscard]] wire::Hello identity(const std::string& name) const {
    wire::Hello hello{};
    hello.node = wire::padded<64>(name);
    hello.layout_digest = region().header().layout_digest;
    hello.region_bytes = region().size();
    hello.region_format = region().header().format_version;
    hello.arbitrated = arbitrated_ ? 1 : 0;
    hello.incarnation = 1;
    return hello;
  }

  void pass(Nanos time) { clock_.at += time; }
  // A standby builds what it is told.
  void turn() {
    pair_->turn();
    if (const auto generation = std::exchange(link_.config_sent, std::nullopt); generation && connected_) {
      say(wire::make_frame(wire::Type::config_built, wire::ConfigBuiltHeader{*generation, 0, 0}));
      pair_->turn();
    }
    if (const auto made = pair_->take_config_answer(); made && *made)
      expect(**made == pair_->config().generation(), "what was answered is in use");
    expect(pair_->wake_at() > clock_.at, "a node that has nothing to do sleeps");
  }

  // What a worker does, if workers run.
  void write() {
    if (!workers_.forwards() || !pair_->machine().leads()) return;
    const std::uint64_t offset = region::kDataOffset + input_.value<std::uint16_t>() % kHardBytes / 64 * 64;
    std::memset(region().base() + offset, input_.value(), region::kLineBytes);
    marks_.hard->mark(offset);
    epochs_.ask_for_checkpoint();
    note_memory();
  }

  // In any field of what is right something else may stand.
  template <class T>
  [[nodiscard]] T perhaps_changed(T right) {
    if (!input_.rarely()) return right;
    const std::size_t at = input_.value<std::uint16_t>() % sizeof(T);
    const auto other = input_.value<std::uint64_t>();
    std::memcpy(reinterpret_cast<std::byte*>(&right) + at, &other, std::min(sizeof(other), sizeof(T) - at));
    return right;
  }

  // As the daemon: whoever does not fit is not met, and a new connection takes the place of the old one.
  void meet() {
    wire::Hello hello = identity(kPeer);
    hello.incarnation = 1 + input_.below(2);
    hello.state = static_cast<wire::NodeState>(1 + input_.below(5));
    hello.committed_epoch = pair_->committed() + input_.below(3);
    hello.record = told_record();
    hello = perhaps_changed(hello);
    if (!standby::mismatch(pair_->hello(), hello).empty()) return;
    part("replaced by a new connection");
    connected_ = true;
    link_.fails = false;
    pair_->connected(link_, hello);
    if (connected_ && !input_.rarely()) say(holdings());
  }
  // Of a node that holds some epoch of this one's region, with changes of its own.
  [[nodiscard]] Stream holdings() {
    engine::Holdings held{region().header().region_id, {pair_->committed() - input_.below(2)}, {}};
    if (input_.rarely()) held.epochs.open = held.epochs.acknowledged + input_.below(3);
    if (input_.rarely()) held.region_id = {};
    for (std::uint32_t extents = input_.below(4); extents > 0; --extents)
      held.changed.push_back({region::kDataOffset + input_.value<std::uint16_t>() % region().size() / 64 * 64,
                              std::uint64_t{region::kLineBytes} * input_.below(5)});
    return engine::frames_of(held);
  }
  void part(const std::string& why) {
    connected_ = false;
    pair_->disconnected(why);
  }

  [[nodiscard]] wire::Record told_record() {
    ArbiterRecord record = pair_->machine().record().value_or(arbiter_.record);
    if (input_.rarely()) record.term += input_.below(3);
    if (input_.rarely()) record.active = kPeer;
    if (input_.rarely() && !record.active.empty()) record.in_sync = {record.active};
    return perhaps_changed(standby::wire_of(record));
  }

  [[nodiscard]] Stream frame_of(std::uint32_t what) {
    const wire::Commit& asked = link_.last_commit;
    switch (what) {
      case 12:
        return wire::make_frame(
            wire::Type::abort, perhaps_changed(wire::Abort{asked.epoch, asked.term, region::kDataOffset, 4096,
                                                           wire::AbortReason::digest_mismatch, 0}));
      case 13:
        return wire::make_frame(wire::Type::record, told_record());
      case 14:
        if (input_.rarely()) return wire::make_frame(wire::Type::bye, wire::Bye{1, asked.epoch});
        if (const std::uint32_t type = input_.below(15); type != 0)
          return wire::make_frame(static_cast<wire::Type>(type), wire::Bytes(input_.bytes(input_.value())));
        return config_frame();
      case 15:
        if (input_.below(2) == 1) return holdings();
        [[fallthrough]];
      default:
        return input_.bytes(1 + input_.value());
    }
  }

  [[nodiscard]] Stream config_frame() {
    const std::uint64_t generation = pair_->config().generation() + input_.below(3);
    if (input_.below(2) == 0)
      return wire::make_frame(wire::Type::config, perhaps_changed(wire::ConfigHeader{generation, 1, 1}));
    return wire::make_frame(wire::Type::config_built,
                            perhaps_changed(wire::ConfigBuiltHeader{generation, input_.below(2), 0}));
  }

  void acknowledge() {
    const wire::Commit& asked = link_.last_commit;
    const auto ack = perhaps_changed(wire::Ack{asked.epoch, asked.term, stamp(), asked.term});
    const bool due = pair_->engine().awaiting_ack() && ack.epoch == asked.epoch && ack.term == asked.term;
    const std::uint64_t before = region().header().epoch;
    const bool led = pair_->machine().leads();
    say(wire::make_frame(wire::Type::ack, ack));
    expect(!led || due || region().header().epoch == before, "what was not asked for commits nothing");
  }

  void say(const Stream& stream) {
    std::span<const std::byte> rest(stream);
    const std::size_t piece = input_.value();
    while (!rest.empty() && connected_) {
      const auto space = pair_->space();
      if (space.empty()) return part("closed");
      const std::size_t n = std::min({rest.size(), space.size(), piece == 0 ? rest.size() : piece});
      std::memcpy(space.data(), rest.data(), n);
      rest = rest.subspan(n);
      const Status done = pair_->received(n);
      if (done) continue;
      expect(!done.error().message.empty(), "a refusal has a reason");
      part(done.error().message);
    }
  }

  // Of a heartbeat that this node has sent.
  [[nodiscard]] std::int64_t stamp() { return (clock_.at - Nanos(input_.value() * 100'000u)).count(); }

  void beat() {
    wire::Heartbeat beat{};
    beat.term = pair_->machine().term();
    beat.epoch = pair_->committed();
    beat.stamp_ns = clock_.at.count();
    beat.echo_stamp_ns = stamp();
    beat.grant_stamp_ns = stamp();
    beat.grant_term = beat.term;
    beat.region_now_ns = region().region_now().count();
    beat.state = static_cast<wire::NodeState>(1 + input_.below(5));
    beat.flags = input_.below(4);
    beat = perhaps_changed(beat);
    standby::exchange_grants(lease_, beat, clock_.at);
    pair_->beat(beat, clock_.at);
  }

  void note_memory() {
    const auto data = std::span(region().base(), region().size()).subspan(region::kDataOffset);
    memory_.assign(data.begin(), data.end());
  }

  void check() {
    expect(pair_->failure().empty(), "no peer's word makes a node fail");
    expect(equal(region().profile_page(), Memory::get().profile), "the profile is as it was");
    const standby::RoleMachine& machine = pair_->machine();
    const bool leads = machine.leads();
    const auto data = std::span(region().base(), region().size()).subspan(region::kDataOffset);
    if (leads && led_) expect(equal(data, memory_), "only workers write a leader's memory");
    if (leads && !led_) note_memory();
    led_ = leads;

    expect(machine.phase() == Phase::standalone || lease_.until() == TransmitPermit::kNever ||
               lease_.until() <= clock_.at + kLease - kMargin,
           "a right ends a lease after a stamp that this node has given");
    const bool may_transmit = lease_.until() > clock_.at;
    expect(leads || !may_transmit, "only a leader transmits");
    if (!leads) return;
    expect(pair_->engine().committed() < epochs_.current(), "what is committed is over");
    if (machine.phase() != Phase::active && machine.phase() != Phase::handing) return;
    // Invariant 1, as far as one node can tell.
    expect(epochs_.committed() != CommittedEpoch::kNobodyToWaitFor, "output of a pair waits for its standby");
    expect(epochs_.committed() <= link_.last_commit.epoch || epochs_.committed() == followed_,
           "nothing is committed that was not shipped");
  }

  void said(Severity, const std::string& text) override {
    expect(!text.empty(), "who says something says it");
  }
  void sync_progress(std::uint64_t) override {}
  void says(const wire::Heartbeat&) override {}
  void hang_up(const std::string& why) override {
    expect(!why.empty(), "a hang-up has a reason");
    connected_ = false;
    // What was followed until now may be led on from.
    followed_ = pair_->receiver().committed();
  }

  Input& input_;
  bool arbitrated_ = true;
  HandClock clock_;
  ObedientWorkers workers_{clock_};
  KeptRecord arbiter_{kMe};
  SentFrames link_;
  ObedientBuilder builder_;
  CommittedEpoch epochs_;
  TransmitPermit permit_;
  standby::Lease lease_{permit_, kLease, kMargin};
  region::WorkerMarks marks_{region::kDataOffset, region().soft_begin(), region().size()};
  trackers::BarrierTracker tracker_{region(), {&marks_}};
  std::unique_ptr<standby::PairNode> pair_;
  bool connected_ = false;
  bool led_ = false;
  std::uint64_t followed_ = 0;
  Stream memory_;  // while it leads
};

}  // namespace
}  // namespace stillwater::fuzz

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t bytes) {
  stillwater::fuzz::Input input(data, bytes);
  stillwater::fuzz::Leader leader(input);
  for (unsigned actions = 0; !input.empty() && actions < 200; ++actions) leader.act();
  return 0;
}
