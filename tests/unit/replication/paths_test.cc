// Two cables to the peer: which of them it is heard on, and where to dial.
#include "appliance/replication/paths.h"

#include <filesystem>
#include <thread>

#include <catch2/catch.hpp>

#include "appliance/replication/socket.h"
#include "base/transmit_permit.h"

namespace stillwater::appliance {
namespace {

// Of this process alone, so that tests that run beside each other do not meet.
const std::string kHost =
    "127." + std::to_string(1 + getpid() % 200) + "." + std::to_string(getpid() / 200 % 250);
const PathConfig kFirst{{kHost + ".1", 7700}, {kHost + ".2", 7700}};
const PathConfig kSecond{{kHost + ".3", 7700}, {kHost + ".4", 7700}};

PathConfig reversed(const PathConfig& path) { return {path.peer, path.listen}; }

struct Side {
  Side(const std::string& node, std::vector<PathConfig> configured,
       std::vector<PathConfig> of_heartbeats = {}) {
    ReplicationConfig config;
    config.paths = std::move(configured);
    config.heartbeat_paths = std::move(of_heartbeats);
    config.tls = Tls::none;
    auto opened = Paths::open(config, node, clock, lease, [] { return Nanos(0); });
    REQUIRE(opened.has_value());
    paths = std::move(*opened);
  }
  [[nodiscard]] bool hears(std::size_t path) {
    while (paths->take()) continue;
    return paths->heard(path, clock.now(), 1s);
  }

  BootClock clock;
  TransmitPermit permit;
  standby::Lease lease{permit, 40ms, 4ms};
  std::unique_ptr<Paths> paths;
};

template <class Ready>
bool eventually(const Ready& ready) {
  const BootClock clock;
  for (const Instant deadline = clock.now() + 10s; clock.now() < deadline; std::this_thread::yield())
    if (ready()) return true;
  return false;
}

}  // namespace

TEST_CASE(
    "the peer is heard on each cable that it has, and dialled where it is heard, the first before the "
    "second") {
  Side a("fw-a", {kFirst, kSecond});
  SECTION("both") {
    Side b("fw-b", {reversed(kFirst), reversed(kSecond)});
    CHECK(eventually([&] { return a.hears(0) && a.hears(1); }));
    CHECK(eventually([&] { return !a.hears(0) || a.paths->to_dial(a.clock.now()) == 0; }));
  }
  SECTION("the second alone") {
    Side b("fw-b", {reversed(kSecond)});
    REQUIRE(eventually([&] { return a.hears(1); }));
    CHECK_FALSE(a.hears(0));
    CHECK(a.paths->to_dial(a.clock.now()) == 1);
  }
  SECTION("neither: each in turn") {
    const std::size_t one = a.paths->to_dial(a.clock.now());
    CHECK(a.paths->to_dial(a.clock.now()) == 1 - one);
    CHECK(a.paths->to_dial(a.clock.now()) == one);
  }
}

TEST_CASE(
    "of heartbeats that come by two cables each stamp counts once, and none that is older than one before") {
  Side a("fw-a", {kFirst, kSecond});
  Side b("fw-b", {reversed(kFirst), reversed(kSecond)});
  std::int64_t newest = 0;
  unsigned taken = 0;
  CHECK(eventually([&] {
    while (const auto beat = a.paths->take()) {
      CHECK(beat->beat.stamp_ns > newest);
      newest = beat->beat.stamp_ns;
      ++taken;
    }
    return taken > 100;
  }));
}

TEST_CASE("a way that carries heartbeats alone is heard by name, proves a death, and is never dialled") {
  Side a("fw-a", {kFirst}, {kSecond});
  const auto heard = [&] {
    while (a.paths->take()) continue;
    return a.paths->others(a.clock.now(), 1s);
  };
  REQUIRE(heard() == std::vector<std::pair<std::string, bool>>{{kSecond.peer.address, false}});
  {
    Side b("fw-b", {}, {reversed(kSecond)});
    REQUIRE(eventually([&] { return heard().front().second; }));
    CHECK_FALSE(a.hears(0));
    CHECK(a.paths->count() == 1);
    CHECK(a.paths->to_dial(a.clock.now()) == 0);
    while (a.paths->take_refusal()) continue;  // of before it was there, read late
  }
  const Instant gone = a.clock.now();
  CHECK(eventually([&] {
    const auto sent = a.paths->take_refusal();
    return sent && *sent > gone;
  }));
}

TEST_CASE("a heartbeat that finds no process any more comes back, if the peer was heard there before") {
  Side a("fw-a", {kFirst, kSecond});
  const Instant begin = a.clock.now();
  {
    Side b("fw-b", {reversed(kFirst)});
    REQUIRE(eventually([&] { return a.hears(0); }));
    while (a.paths->take_refusal()) continue;  // of before it was there, read late
  }
  const Instant gone = a.clock.now();
  REQUIRE(eventually([&] {
    const auto sent = a.paths->take_refusal();
    if (sent) CHECK(*sent > begin);
    if (sent) CHECK(*sent <= a.clock.now());
    return sent && *sent > gone;
  }));
  Side stranger("fw-c", {{{kHost + ".5", 7700}, {kHost + ".6", 7700}}});  // nobody was ever there
  REQUIRE(eventually([&] { return stranger.clock.now() > gone + 50ms; }));
  CHECK_FALSE(stranger.paths->take_refusal().has_value());
}

TEST_CASE("the heartbeats' socket is their thread's alone, so that it is closed as soon as that is killed") {
  const auto open_files = [] {
    return std::distance(std::filesystem::directory_iterator("/proc/self/fd"), {});
  };
  const auto before = open_files();
  Side a("fw-a", {kFirst, kSecond});
  const int listening = 2;
  CHECK(open_files() == before + listening + (OwnFiles::kPossible ? 0 : 2));
}

TEST_CASE("a connection says by which cable it came, and whether the peer's address made it") {
  Side a("fw-a", {kFirst, kSecond});
  const auto dialled = [&](const Endpoint& from, const Endpoint& to) {
    auto fd = dial_tcp(from, to);
    REQUIRE(fd.has_value());
    std::optional<Paths::Accepted> accepted;
    REQUIRE(eventually([&] { return (accepted = a.paths->accept_one()).has_value(); }));
    return std::move(*accepted);
  };
  const auto second = dialled(kSecond.peer, kSecond.listen);
  CHECK(second.path == 1);
  CHECK(second.from_peer);
  const auto stranger = dialled({kHost + ".9", 0}, kFirst.listen);
  CHECK(stranger.path == 0);
  CHECK_FALSE(stranger.from_peer);
  CHECK_FALSE(a.paths->accept_one().has_value());
}

}  // namespace stillwater::appliance
