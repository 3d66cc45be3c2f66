// The running configuration of a pair: a successor has every change that was answered, whatever breaks.
#include "standby/pair/config_exchange.h"

#include <algorithm>
#include <deque>
#include <set>

#include <catch2/catch.hpp>

#include "tests/unit/random.h"

namespace stillwater::standby {
namespace {

using Content = std::set<std::uint8_t>;

std::uint32_t below(Random& random, std::uint32_t n) { return random() % n; }
bool one_in(Random& random, std::uint32_t n) { return below(random, n) == 0; }

// Bit 7 of a byte: the number in the others is taken out, else put in.
constexpr std::uint8_t kOut = 0x80;

void make(std::span<const std::byte> document, Content& to) {
  for (const std::byte one : document) {
    const auto number = static_cast<std::uint8_t>(std::to_integer<unsigned>(one) & ~unsigned{kOut});
    if ((std::to_integer<unsigned>(one) & kOut) != 0)
      to.erase(number);
    else
      to.insert(number);
  }
}

bool is_generation(const std::optional<Result<std::uint64_t>>& answer, std::uint64_t generation) {
  return answer && *answer && **answer == generation;
}

// Takes some steps for what it is asked, and can be told to fail.
class Builder final : public ConfigHost {
 public:
  void collect() override {
    REQUIRE(is_idle());
    collecting_ = true;
    steps_ = patience;
  }
  std::optional<ConfigBytes> take_collected() override {
    if (!collecting_ || steps_-- > 0) return std::nullopt;
    collecting_ = false;
    ConfigBytes bytes;
    for (const std::uint8_t number : content) bytes.push_back(std::byte{number});
    return bytes;
  }
  void build(ConfigBytes document, bool whole) override {
    REQUIRE(is_idle());
    building_ = std::move(document);
    whole_ = whole;
    steps_ = patience;
  }
  std::optional<Status> take_built() override {
    if (!building_ || steps_-- > 0) return std::nullopt;
    const ConfigBytes document = *std::exchange(building_, std::nullopt);
    if (fails) return Status(fail(Errc::resource_exhausted, "no room"));
    if (whole_) content.clear();
    make(document, content);
    ++builds;
    return Status{};
  }

  Content content;
  unsigned patience = 0;
  bool fails = false;
  unsigned builds = 0;

 private:
  [[nodiscard]] bool is_idle() const { return !collecting_ && !building_; }

  bool collecting_ = false;
  std::optional<ConfigBytes> building_;
  bool whole_ = false;
  unsigned steps_ = 0;
};

struct Cable final : wire::Transport {
  Status send(wire::Bytes frames) override {
    if (broken) return fail(Errc::unavailable, "broken");
    while (!frames.empty()) {
      const wire::Bytes one = wire::first_frame(frames);
      under_way.emplace_back(one.begin(), one.end());
      frames = frames.subspan(one.size());
    }
    return {};
  }
  std::deque<std::vector<std::byte>> under_way;
  bool broken = false;
};

struct Side {
  Builder builder;
  ConfigExchange exchange{&builder};
  Cable to_other;
};

// Two nodes, of which `leader` leads; `member`: the other is in the in-sync set.
struct Pair {
  Side sides[2];
  unsigned leader = 0;
  bool connected = false;
  bool member = false;

  Pair() { sides[0].exchange.set_leads(true); }
  Side& lead() { return sides[leader]; }
  Side& other() { return sides[1 - leader]; }

  void connect() {
    connected = true;
    for (Side& side : sides) {
      side.to_other.under_way.clear();
      side.exchange.connected();
    }
  }
  void cut() {
    connected = false;
    for (Side& side : sides) {
      side.to_other.under_way.clear();
      side.exchange.disconnected();
    }
  }
  void deliver_one(unsigned from) {
    auto& under_way = sides[from].to_other.under_way;
    if (!connected || under_way.empty()) return;
    const std::vector<std::byte> bytes = std::move(under_way.front());
    under_way.pop_front();
    std::vector<std::byte> buffer = bytes;
    const auto frame = wire::parse(buffer);
    REQUIRE((frame && frame->has_value()));
    ConfigExchange& to = sides[1 - from].exchange;
    const bool to_leader = 1 - from == leader;
    const Status taken = to_leader ? to.built_told(**frame) : to.part_told(**frame);
    INFO((taken ? std::string() : taken.error().message));
    REQUIRE(taken);
  }
  void turn(unsigned which) {
    Side& side = sides[which];
    REQUIRE(side.exchange.turn(connected ? &side.to_other : nullptr, which == leader && member));
    if (which == leader && member && !side.exchange.peer_refusal().empty()) member = false;
  }
  void admit() { member = member || (connected && lead().exchange.peer_is_ready()); }
  void take_over() {
    if (!member) return;
    sides[leader].exchange.set_leads(false);
    leader = 1 - leader;
    sides[leader].exchange.set_leads(true);
    member = false;
    cut();
  }
  void settle() {
    for (int i = 0; i < 200; ++i) {
      for (const unsigned which : {0U, 1U}) turn(which);
      for (const unsigned which : {0U, 1U}) deliver_one(which);
      admit();
    }
  }
};

ConfigBytes put(std::uint8_t number) { return {std::byte{number}}; }

TEST_CASE("a leader alone builds a change at once") {
  Pair pair;
  pair.lead().exchange.change(put(7));
  pair.settle();
  CHECK(pair.lead().builder.content == Content{7});
  CHECK(is_generation(pair.lead().exchange.take_answer(), 2));
  CHECK_FALSE(pair.lead().exchange.take_answer());
}

TEST_CASE("a leader with a standby builds a change only after its standby has built it") {
  Pair pair;
  pair.connect();
  pair.settle();
  REQUIRE(pair.member);
  pair.other().builder.patience = 50;
  pair.lead().exchange.change(put(7));
  for (int i = 0; i < 100 && pair.other().builder.content.empty(); ++i) {
    for (const unsigned which : {0U, 1U}) pair.turn(which);
    for (const unsigned which : {0U, 1U}) pair.deliver_one(which);
    CHECK(pair.lead().builder.content.empty());
  }
  CHECK(pair.other().builder.content == Content{7});
  pair.settle();
  CHECK(pair.lead().builder.content == Content{7});
  CHECK(is_generation(pair.lead().exchange.take_answer(), 2));
}

TEST_CASE("a change that the standby cannot build is refused, and nothing has changed") {
  Pair pair;
  pair.connect();
  pair.settle();
  REQUIRE(pair.member);
  pair.other().builder.fails = true;
  pair.lead().exchange.change(put(7));
  pair.settle();
  const auto answer = pair.lead().exchange.take_answer();
  REQUIRE((answer && !*answer));
  CHECK(answer->error().code == Errc::refused);
  CHECK(answer->error().message == "the standby cannot build it: no room");
  CHECK(pair.lead().builder.content.empty());
  CHECK(pair.member);

  pair.other().builder.fails = false;
  pair.lead().exchange.change(put(8));
  pair.settle();
  CHECK(is_generation(pair.lead().exchange.take_answer(), 2));
  CHECK(pair.other().builder.content == Content{8});
}

TEST_CASE("a change that the leader cannot build is taken back at its standby before that is answered") {
  Pair pair;
  pair.connect();
  pair.settle();
  pair.lead().builder.fails = true;
  pair.lead().exchange.change(put(7));
  pair.settle();
  const auto answer = pair.lead().exchange.take_answer();
  REQUIRE((answer && !*answer));
  CHECK(answer->error().message == "no room");
  CHECK(pair.other().builder.builds == 3);  // all of it, the change, all of it
  CHECK(pair.other().builder.content.empty());
  CHECK(pair.lead().exchange.peer_is_ready());
}

TEST_CASE("who joins a pair has built all of the leader's configuration before it is ready") {
  Pair pair;
  pair.lead().exchange.change(put(7));
  pair.settle();
  pair.other().builder.content = {1, 2};
  pair.other().builder.patience = 20;
  pair.connect();
  for (int i = 0; i < 300 && !pair.member; ++i) {
    CHECK((pair.lead().exchange.peer_is_ready() == (pair.other().builder.content == Content{7})));
    for (const unsigned which : {0U, 1U}) pair.turn(which);
    for (const unsigned which : {0U, 1U}) pair.deliver_one(which);
    if (pair.other().builder.content == Content{7}) pair.settle();
  }
  CHECK(pair.member);
}

TEST_CASE("a peer that cannot build the leader's configuration never is ready, and says why") {
  Pair pair;
  pair.lead().exchange.change(put(7));
  pair.settle();
  pair.other().builder.fails = true;
  pair.connect();
  pair.settle();
  CHECK_FALSE(pair.lead().exchange.peer_is_ready());
  CHECK(pair.lead().exchange.peer_refusal() == "no room");
  CHECK_FALSE(pair.member);
  // It is told anew when that has changed.
  static_cast<void>(pair.lead().exchange.take_answer());
  pair.other().builder.fails = false;
  pair.lead().exchange.change(put(8));
  pair.settle();
  CHECK(pair.member);
  CHECK(pair.other().builder.content == Content{7, 8});
}

TEST_CASE("a document of many parts arrives whole, however large") {
  Pair pair;
  ConfigBytes large(3 * wire::kConfigPartMax + 17);
  for (std::size_t i = 0; i < large.size(); ++i) large[i] = static_cast<std::byte>(i % 100);
  pair.connect();
  pair.settle();
  pair.lead().exchange.change(large);
  pair.settle();
  CHECK(is_generation(pair.lead().exchange.take_answer(), 2));
  CHECK(pair.other().builder.content.size() == 100);
}

TEST_CASE("parts that do not fit together are refused") {
  Side follower;
  const auto part = [](std::uint64_t generation, std::uint32_t whole, std::uint32_t last) {
    const wire::ConfigHeader header{generation, whole, last};
    return wire::make_frame(wire::Type::config, header);
  };
  const auto told = [&](std::vector<std::byte> bytes) {
    const auto frame = wire::parse(bytes);
    REQUIRE((frame && frame->has_value()));
    return follower.exchange.part_told(**frame);
  };
  CHECK_FALSE(told(part(0, 1, 1)));
  CHECK_FALSE(told(part(wire::kConfigGenerationEnd, 1, 1)));
  CHECK_FALSE(told(part(2, 2, 1)));
  CHECK_FALSE(told(part(2, 1, 2)));
  CHECK_FALSE(told(wire::make_frame(wire::Type::config, std::uint64_t{2})));
  REQUIRE(told(part(2, 1, 0)));
  CHECK_FALSE(told(part(3, 1, 0)));
  CHECK_FALSE(told(part(2, 0, 0)));
  for (int i = 0; i < 8; ++i) REQUIRE(told(part(2, 1, 1)));
  CHECK_FALSE(told(part(2, 1, 1)));
}

TEST_CASE("a change onto what was not built is refused by the follower") {
  Side follower;
  std::vector<std::byte> bytes =
      wire::make_frame(wire::Type::config, wire::ConfigHeader{.generation = 5, .whole = 0, .last = 1});
  const auto frame = wire::parse(bytes);
  REQUIRE(follower.exchange.part_told(**frame));
  REQUIRE(follower.exchange.turn(&follower.to_other, false));
  REQUIRE(follower.to_other.under_way.size() == 1);
  wire::ConfigBuiltHeader header;
  std::memcpy(&header, follower.to_other.under_way.front().data() + sizeof(wire::FrameHeader),
              sizeof(header));
  CHECK(header.generation == 5);
  CHECK(header.refused == 1);
}

// What clients may rely on: the changes that were answered; one more may be made, or not.
struct Model {
  Content answered;
  std::optional<ConfigBytes> pending;

  [[nodiscard]] bool allows(const Content& content) const {
    Content with_pending = answered;
    if (pending) make(*pending, with_pending);
    return content == answered || content == with_pending;
  }
  void take(std::optional<Result<std::uint64_t>> answer) {
    if (!answer) return;
    if (*answer) make(*pending, answered);
    pending.reset();
  }
};

TEST_CASE("whoever may succeed has every change that was answered, at every moment") {
  const auto seed = GENERATE(range(1U, 301U));
  INFO("seed " << seed);
  Random random(seed);
  Pair pair;
  Model model;
  unsigned answered = 0;
  for (int step = 0; step < 1500; ++step) {
    switch (below(random, 16)) {
      case 0:
        pair.connected ? static_cast<void>(one_in(random, 6) && (pair.cut(), true)) : pair.connect();
        break;
      case 1:
        if (!pair.connected && one_in(random, 3)) pair.member = false;
        break;
      case 2:
        if (model.pending || pair.lead().exchange.changing()) break;
        model.pending = put(static_cast<std::uint8_t>(below(random, 32) | (one_in(random, 3) ? kOut : 0)));
        pair.lead().exchange.change(*model.pending);
        break;
      case 3: {
        Side& side = pair.sides[below(random, 2)];
        side.builder.patience = static_cast<unsigned>(below(random, 12));
        side.builder.fails = one_in(random, 5);
        break;
      }
      case 4:
        if (!pair.member || !one_in(random, 8)) break;
        pair.take_over();
        // Nobody was answered: it is what the successor has, or is building still.
        pair.settle();
        static_cast<void>(pair.other().exchange.take_answer());
        REQUIRE(model.allows(pair.lead().builder.content));
        model = {pair.lead().builder.content, std::nullopt};
        break;
      case 5:
        pair.admit();
        break;
      default:
        pair.turn(static_cast<unsigned>(below(random, 2)));
        pair.deliver_one(static_cast<unsigned>(below(random, 2)));
    }
    if (const auto answer = pair.lead().exchange.take_answer()) {
      answered += *answer ? 1 : 0;
      model.take(answer);
    }
    REQUIRE(model.allows(pair.lead().builder.content));
    if (pair.member) REQUIRE(model.allows(pair.other().builder.content));
  }
  CHECK(answered > 0);
  // In the end they agree.
  for (Side& side : pair.sides) side.builder.fails = false;
  if (!pair.connected) pair.connect();
  pair.settle();
  if (!model.pending) pair.lead().exchange.change(put(99));
  pair.settle();
  CHECK(pair.other().builder.content == pair.lead().builder.content);
  CHECK(pair.member);
}

}  // namespace
}  // namespace stillwater::standby
