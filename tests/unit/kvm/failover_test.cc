// The method's literal shape: a guest is checkpointed whole, its process is killed, and a second process goes
// on.
#include <map>

#include <sys/socket.h>

#include <sched.h>

#include "tests/unit/kvm/active_process.h"
#include "tests/unit/kvm/pair.h"

namespace stillwater::tests {

using kvm::Tracking;
using kvm::guest::Packet;

namespace {

constexpr std::uint64_t kClientKeys = 64;
constexpr std::uint64_t kKeyStep = kvm::guest::kKeys / kClientKeys;  // each on a page of its own
constexpr std::uint64_t kInFlightMax = 48;

// Counts what it asked for and what it was told.
class Client {
 public:
  explicit Client(int fd) : fd_(fd) {}

  void ask(Random& random) {
    while (in_flight() < kInFlightMax) {
      const Packet packet = one_in(random, 4)
                                ? write_packet(below(random, kScratchPages - 32), below(random, 32), random())
                                : count_packet(asked_, kKeyStep * below(random, kClientKeys));
      if (send(fd_, &packet, sizeof(packet), MSG_DONTWAIT | MSG_NOSIGNAL) < 0) return;
      ++asked_;
      if (packet.kind == kvm::guest::Kind::count) ++asked_of[packet.key];
    }
  }
  // A process that dies with unread questions leaves an error in front of what it had answered.
  void hear() {
    Packet answer;
    for (;;) {
      const ssize_t n = recv(fd_, &answer, sizeof(answer), MSG_DONTWAIT);
      if (n < 0 && errno == ECONNRESET) continue;
      if (n != sizeof(answer)) return;
      ++answered_;
      if (answer.kind != kvm::guest::Kind::count) continue;
      CHECK(answer.value == answered_of[answer.key] + 1);
      answered_of[answer.key] = answer.value;
    }
  }
  [[nodiscard]] std::uint64_t answered() const { return answered_; }
  [[nodiscard]] std::uint64_t in_flight() const { return asked_ - answered_; }

  std::map<std::uint64_t, std::uint64_t> asked_of, answered_of;

 private:
  int fd_;
  std::uint64_t asked_ = 0;
  std::uint64_t answered_ = 0;
};

class Standby {
 public:
  explicit Standby(int fd) : fd_(fd) { receiver.connected(); }

  // Takes at most `bytes_max` of what has arrived, and returns how much; nothing once the connection has
  // ended.
  std::size_t hear(std::size_t bytes_max) {
    std::span<std::byte> space = receiver.space();
    space = space.first(std::min(space.size(), bytes_max));
    const ssize_t n = recv(fd_, space.data(), space.size(), MSG_DONTWAIT);
    if (n <= 0) return 0;
    const Status received = receiver.received(static_cast<std::size_t>(n));
    INFO((received ? "" : received.error().message));
    REQUIRE(received);
    const std::vector<std::byte> output = receiver.take_output();
    if (!output.empty()) static_cast<void>(send(fd_, output.data(), output.size(), MSG_NOSIGNAL));
    return static_cast<std::size_t>(n);
  }

  std::unique_ptr<region::Region> region = make_region(kvm::Guest::layout());
  standby::ReservedBuffer reserved = make_reserved();
  standby::Receiver receiver{*region, reserved, {}};

 private:
  int fd_;
};

// Runs a pair under load until the client heard `answers`, and then `bytes` more of replication arrived.
void run_until(ActiveProcess& active, Client& client, Standby& standby, Random& random, std::uint64_t answers,
               std::size_t bytes) {
  const BootClock clock;
  const Instant deadline = clock.now() + kPatience;
  while (client.answered() < answers || !standby.receiver.in_sync() || bytes > 0) {
    REQUIRE(clock.now() < deadline);
    REQUIRE(active.exit_status() == 0);
    if (standby.receiver.in_sync()) client.ask(random);
    const bool counted = client.answered() >= answers && standby.receiver.in_sync();
    const std::size_t heard = standby.hear(counted ? bytes : 1u << 20);
    if (counted) bytes -= heard;
    client.hear();
    sched_yield();
  }
}

// What the region says of every key lies between what the client was told and what it asked for.
void check_nothing_forgotten(const region::Region& region, const kvm::guest::State& state, Client& client) {
  CHECK(state.held == 0);
  CHECK(state.backlog_count == 0);
  std::uint64_t sum = 0;
  for (std::uint64_t key = 0; key < kvm::guest::kKeys; ++key) {
    const kvm::guest::Counter& counter = state.counters[key];
    sum += counter.count;
    if (counter.count == 0 && client.asked_of.count(key) == 0) continue;
    CHECK(counter.count >= client.answered_of[key]);
    CHECK(counter.count <= client.asked_of[key]);
    if (counter.count > 0) CHECK(counter.check == kvm::guest::check_of(counter.count, counter.last_id));
  }
  std::uint64_t scratch_sum = 0;
  for (std::uint64_t page = 0; page < kScratchPages; ++page) {
    std::uint64_t word;
    std::memcpy(&word, region.root("guest.memory").data + (kScratchPage + page) * region::kPageBytes,
                sizeof(word));
    scratch_sum += word;
  }
  CHECK(state.counted == sum);  // one whole epoch
  CHECK(state.scratch_sum == scratch_sum);
}

void take_over(Standby& standby, Client& client, Tracking tracking) {
  const BootClock clock;
  auto successor = kvm::Guest::create(*standby.region, tracking, clock);
  REQUIRE(successor);
  check_nothing_forgotten(*standby.region, (*successor)->state(), client);
  REQUIRE((*successor)->wake(kPatience));
  (*successor)->restart_agent();
  std::vector<Packet> questions;
  std::vector<std::uint64_t> expected;
  for (std::uint64_t key = 0; key < kvm::guest::kKeys; key += kKeyStep) {
    questions.push_back(count_packet(key, key));
    expected.push_back((*successor)->state().counters[key].count + 1);
  }
  const std::vector<Packet> answers = answers_of(**successor, questions);
  for (std::size_t i = 0; i < answers.size(); ++i) {
    CHECK(answers[i].value == expected[i]);
    CHECK(answers[i].value > client.answered_of[answers[i].key]);
  }
}

}  // namespace

TEST_CASE(
    "Q5 Q7 Q9 M2 M5: the process of a guest is killed at random; another resumes it from the last "
    "committed epoch, and no answered packet is forgotten") {
  const auto tracking = GENERATE(Tracking::log, Tracking::ring);
  INFO(name_of(tracking));
  if (!kvm_can(tracking)) return;
  std::size_t groups_undone = 0;
  for_seeds(12, [&](Random& random) {
    ActiveProcess active(tracking);
    Client client(active.client_fd());
    Standby standby(active.replication_fd());
    // At a byte of the stream: most of the time in the middle of a shipment.
    run_until(active, client, standby, random, below(random, 600), below(random, 500'000));
    active.kill();
    client.hear();
    // The machine may be lost with all that was still to be sent, or the process alone.
    if (one_in(random, 2))
      while (standby.hear(1u << 20) > 0) {
      }
    groups_undone += standby.receiver.disconnected();
    REQUIRE(standby.receiver.in_sync());
    take_over(standby, client, tracking);
  });
  CHECK(groups_undone > 0);
}

TEST_CASE("M7: a guest's process that is killed in its first sync leaves no copy, and had answered nobody") {
  const auto tracking = GENERATE(Tracking::log, Tracking::ring);
  INFO(name_of(tracking));
  if (!kvm_can(tracking)) return;
  for_seeds(5, [&](Random& random) {
    ActiveProcess active(tracking);
    Client client(active.client_fd());
    Standby standby(active.replication_fd());
    client.ask(random);
    const BootClock clock;
    const Instant deadline = clock.now() + kPatience;
    std::uint64_t steps = below(random, 30);
    while (steps > 0) {  // of 500 bytes: a first sync has more than 20 kB
      REQUIRE(clock.now() < deadline);
      REQUIRE(active.exit_status() == 0);
      std::byte unused;
      if (recv(active.replication_fd(), &unused, 1, MSG_PEEK | MSG_DONTWAIT) == 1) --steps;
      standby.hear(500);
    }
    active.kill();
    client.hear();
    standby.receiver.disconnected();
    CHECK_FALSE(standby.receiver.in_sync());
    CHECK(standby.region->is_empty());
    CHECK(client.answered() == 0);
  });
}

}  // namespace stillwater::tests
