// A replayed frame is known again behind a router with address translation, and only there; what is lost is
// lost at its time.
#include <algorithm>
#include <filesystem>
#include <random>

#include <catch2/catch.hpp>
#include <pcap/pcap.h>
#include <unistd.h>

#include "tests/rig/load/replay_account.h"
#include "tests/rig/load/replay_file.h"

namespace stillwater::rig {
namespace {

using Bytes = std::vector<std::byte>;

constexpr std::size_t kIp = 14;
constexpr std::size_t kTransport = kIp + 20;
constexpr std::uint8_t kTcp = 6;
constexpr std::uint8_t kUdp = 17;
constexpr std::uint8_t kIcmp = 1;

// Random but for what makes it an unfragmented IPv4 packet of this protocol.
Bytes packet(std::mt19937& random, std::uint8_t protocol, std::size_t payload) {
  Bytes frame(kTransport + 20 + payload);
  for (std::byte& byte : frame) byte = static_cast<std::byte>(random());
  const auto put = [&](std::size_t at, std::size_t value) { frame[at] = static_cast<std::byte>(value); };
  put(12, 0x08);
  put(13, 0x00);
  put(kIp, 0x45);
  put(kIp + 2, (frame.size() - kIp) >> 8U);
  put(kIp + 3, (frame.size() - kIp) & 0xffU);
  put(kIp + 6, 0x40);
  put(kIp + 7, 0);
  put(kIp + 9, protocol);
  return frame;
}

struct Range {
  std::size_t from;
  std::size_t to;
};

// What routing and translation write to.
std::vector<Range> translated(std::uint8_t protocol) {
  std::vector<Range> ranges{{0, 12}, {kIp + 1, kIp + 2}, {kIp + 8, kIp + 9}, {kIp + 10, kIp + 20}};
  if (protocol == kTcp)
    ranges.insert(ranges.end(), {{kTransport, kTransport + 4}, {kTransport + 16, kTransport + 18}});
  if (protocol == kUdp)
    ranges.insert(ranges.end(), {{kTransport, kTransport + 4}, {kTransport + 6, kTransport + 8}});
  if (protocol == kIcmp) ranges.push_back({kTransport + 2, kTransport + 6});
  return ranges;
}

struct Capture {
  explicit Capture(int link_type = DLT_EN10MB) : dead(pcap_open_dead(link_type, 65535)) {
    char name[] = "/tmp/rig-replay-XXXXXX";
    REQUIRE(mkdtemp(name) != nullptr);
    folder = name;
    dumper = pcap_dump_open(dead, path().c_str());
    REQUIRE(dumper != nullptr);
  }
  ~Capture() {
    close();
    pcap_close(dead);
    std::filesystem::remove_all(folder);
  }
  Capture(const Capture&) = delete;
  Capture& operator=(const Capture&) = delete;

  void add(const Bytes& frame, int at_ms, std::size_t wire_bytes = 0) {
    pcap_pkthdr header{};
    header.ts = {at_ms / 1000, at_ms % 1000 * 1000};
    header.caplen = static_cast<bpf_u_int32>(frame.size());
    header.len = static_cast<bpf_u_int32>(wire_bytes > 0 ? wire_bytes : frame.size());
    pcap_dump(reinterpret_cast<u_char*>(dumper), &header, reinterpret_cast<const u_char*>(frame.data()));
  }
  void close() {
    if (dumper != nullptr) pcap_dump_close(dumper);
    dumper = nullptr;
  }
  Result<ReplayFile> read(bool recorded_pace = true) {
    close();
    return read_replay(path(), recorded_pace);
  }
  [[nodiscard]] std::string path() const { return folder + "/a.pcap"; }

  pcap_t* dead;
  pcap_dumper_t* dumper = nullptr;
  std::string folder;
};

constexpr Instant kBegin = 100s;
constexpr Instant kEnd = 101s;

}  // namespace

TEST_CASE("routing and translation leave a frame's fingerprint alone; any other bit changes it") {
  const auto protocol = GENERATE(kTcp, kUdp, kIcmp);
  std::mt19937 random(protocol);
  const Bytes sent = packet(random, protocol, 12);
  const auto fingerprint = fingerprint_of(sent);
  REQUIRE(fingerprint);
  const auto ranges = translated(protocol);
  for (std::size_t at = 0; at < sent.size(); ++at) {
    // The length and kind of the packet itself: another packet, or none.
    if (at == 12 || at == 13 || at == kIp || at == kIp + 2 || at == kIp + 3) continue;
    Bytes arrived = sent;
    arrived[at] ^= std::byte{0x10};
    const bool leaves_alone = std::any_of(
        ranges.begin(), ranges.end(), [&](const Range& range) { return at >= range.from && at < range.to; });
    CAPTURE(protocol, at);
    CHECK((fingerprint_of(arrived) == fingerprint) == leaves_alone);
  }
}

TEST_CASE("what Ethernet pads a short frame with does not count") {
  std::mt19937 random(1);
  const Bytes sent = packet(random, kUdp, 0);
  Bytes padded = sent;
  padded.resize(padded.size() + 10, std::byte{0x55});
  CHECK(fingerprint_of(padded) == fingerprint_of(sent));
}

TEST_CASE("no prefix of a frame is read past its end") {
  std::mt19937 random(2);
  const Bytes sent = packet(random, kTcp, 30);
  for (std::size_t size = 0; size < sent.size(); ++size) {
    CHECK_FALSE(fingerprint_of(std::span(sent).first(size)));
  }
}

TEST_CASE("a capture is replayed in its own time, without what is no IPv4") {
  std::mt19937 random(3);
  Capture capture;
  Bytes arp = packet(random, kUdp, 0);
  arp[13] = std::byte{0x06};
  capture.add(packet(random, kUdp, 10), 5000);
  capture.add(arp, 5010);
  capture.add(packet(random, kUdp, 20), 5040);
  capture.add(packet(random, kUdp, 30), 5020);  // out of order in the file: not before the one before it
  const auto file = capture.read();
  INFO((file ? "" : file.error().message));
  REQUIRE(file);
  REQUIRE(file->frames.size() == 3);
  CHECK(file->left_out == 1);
  CHECK(file->frames[1].offset == 40ms);
  CHECK(file->frames[2].offset == 40ms);
  CHECK(file->period == 60ms);
}

TEST_CASE("a capture that cannot be replayed as it was is refused, with why") {
  std::mt19937 random(4);
  CHECK_THAT(read_replay("/nowhere.pcap", true).error().message, Catch::Contains("/nowhere.pcap"));
  {
    Capture capture(DLT_LINUX_SLL);
    capture.add(packet(random, kUdp, 10), 0);
    CHECK_THAT(capture.read().error().message, Catch::Contains("LINUX_SLL") && Catch::Contains("EN10MB"));
  }
  Capture capture;
  SECTION("nothing in it") { CHECK_THAT(capture.read().error().message, Catch::Contains("no IPv4")); }
  SECTION("too long") {
    capture.add(packet(random, kUdp, 1474), 0);
    capture.add(packet(random, kUdp, 1475 - 14), 1);
    CHECK_THAT(capture.read().error().message, Catch::Contains("frame 1 has 1528 bytes"));
  }
  SECTION("cut short") {
    const Bytes whole = packet(random, kUdp, 10);
    capture.add(whole, 0);
    capture.add(whole, 1, whole.size() + 1);
    CHECK_THAT(capture.read().error().message, Catch::Contains("frame 2 was cut short"));
  }
  SECTION("no times") {
    capture.add(packet(random, kUdp, 10), 7);
    capture.add(packet(random, kUdp, 11), 7);
    CHECK_THAT(capture.read(true).error().message, Catch::Contains("per_second"));
    CHECK(capture.read(false));
  }
  SECTION("torn") {
    capture.add(packet(random, kUdp, 10), 0);
    capture.close();
    std::filesystem::resize_file(capture.path(), std::filesystem::file_size(capture.path()) - 3);
    CHECK_THAT(capture.read().error().message, Catch::Contains("ends before its time"));
  }
}

TEST_CASE("every frame sent has arrived or is lost before, in or after the failover, at its time") {
  const auto seed = GENERATE(range(1u, 11u));
  std::mt19937 random(seed);
  ReplayAccount account;
  std::uint64_t lost[3] = {};
  constexpr unsigned kFrames = 3000;  // 3 s around the window of 1 s, the same seven over and over
  for (unsigned i = 0; i < kFrames; ++i) {
    const Instant at = kBegin - 1s + i * 1ms;
    account.sent(i % 7, at);
    if (random() % 5 != 0) {
      account.arrived(i % 7, at + 200us);
    } else {
      ++lost[at < kBegin ? 0 : at < kEnd ? 1 : 2];
    }
  }
  const ReplaySummary summary = account.summary(Instant{}, kBegin, kEnd);
  CHECK(summary.offered == kFrames);
  CHECK(summary.lost_before == lost[0]);
  CHECK(summary.lost_failover == lost[1]);
  CHECK(summary.lost_after == lost[2]);
  CHECK(summary.arrived + lost[0] + lost[1] + lost[2] == kFrames);
  CHECK(summary.duplicated == 0);
  const ReplaySummary no_fault = account.summary(Instant{}, Instant{}, Instant{});
  CHECK(no_fault.lost_before == lost[0] + lost[1] + lost[2]);
}

TEST_CASE("a second arrival is a duplicate; an arrival does not redeem what was lost long before") {
  ReplayAccount account;
  account.sent(1, 50s);  // lost
  account.sent(1, 60s);
  account.arrived(1, 60s + 1ms);
  account.arrived(1, 60s + 2ms);
  const ReplaySummary summary = account.summary(Instant{}, Instant{}, Instant{});
  CHECK(summary.arrived == 1);
  CHECK(summary.lost_before == 1);
  CHECK(summary.duplicated == 1);
}

TEST_CASE("frames of the warm-up are not judged") {
  ReplayAccount account;
  account.sent(1, 1s);
  account.sent(2, 3s);
  account.arrived(2, 3s + 1ms);
  const ReplaySummary summary = account.summary(2s, Instant{}, Instant{});
  CHECK(summary.offered == 1);
  CHECK(summary.lost_before == 0);
}

}  // namespace stillwater::rig
