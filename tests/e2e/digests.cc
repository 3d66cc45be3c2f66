// A byte of the active's memory that changes behind everybody's back: the alarm, the refill, and the failover
// after it.
#include <filesystem>

#include <catch2/catch.hpp>
#include <fcntl.h>
#include <unistd.h>

#include "base/fd.h"
#include "ckpt_engine/region/format.h"
#include "tests/e2e/pair_fixture.h"

namespace stillwater::e2e {
namespace {

// Without verification, which would tell of the change as well, and round within a few pauses.
std::string digests_alone(std::string text) {
  const std::string verify = "  verify: true\n";
  if (const std::size_t at = text.find(verify); at != std::string::npos) text.erase(at, verify.size());
  const std::string section = "\ncheckpoint:\n";
  return text.insert(text.find(section) + section.size(),
                     "  tracker: barrier\n  digest_budget: 1ms\n  digest_interval: 10ms\n");
}

// The state region of a running daemon, as another process sees it.
UniqueFd region_of(pid_t pid) {
  const std::string folder = "/proc/" + std::to_string(pid) + "/fd";
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    std::error_code gone;
    const std::string target = std::filesystem::read_symlink(entry.path(), gone).string();
    if (target.find("memfd:stillwater-region") != std::string::npos)
      return UniqueFd(open(entry.path().c_str(), O_RDWR | O_CLOEXEC));
  }
  return {};
}

// Flips a bit of the last hard byte, and returns where.
std::uint64_t flip_a_bit(pid_t pid) {
  const UniqueFd region = region_of(pid);
  REQUIRE(region);
  region::RegionHeader header;
  REQUIRE(pread(region.get(), &header, sizeof(header), 0) == sizeof(header));
  const auto offset = static_cast<off_t>(header.soft_begin - 1);
  std::byte value{};
  REQUIRE(pread(region.get(), &value, 1, offset) == 1);
  value ^= std::byte{0x80};
  REQUIRE(pwrite(region.get(), &value, 1, offset) == 1);
  return header.soft_begin - 1;
}

nlohmann::json digests_of(const NodeUnderTest& node) {
  return node.status()
      .value("checkpoint", nlohmann::json::object())
      .value("digests", nlohmann::json::object());
}

}  // namespace

TEST_CASE(
    "M5: a byte that changed unseen: alarm, a standby that leads nobody until refilled, then a failover") {
  PairFixture pair("digests", digests_alone, digests_alone);
  pair.start_in_sync();
  pair.open_flows(50);
  REQUIRE(eventually(20s, [&] { return digests_of(pair.a).value("rounds", 0) > 0; }));
  CHECK(digests_of(pair.a).value("mismatches", -1) == 0);
  CHECK(pair.a.status().value("mirror", std::string()) != "");

  const std::uint64_t offset = flip_a_bit(pair.a.pid());
  INFO("fw-a: " << pair.a.log() << "\nfw-b: " << pair.b.log());
  REQUIRE(eventually(20s, [&] { return digests_of(pair.a).value("mismatches", 0) == 1; }));
  const std::uint64_t found = digests_of(pair.a).value("last_mismatch_offset", std::uint64_t{0});
  CHECK(found == offset / region::kPageBytes * region::kPageBytes);
  CHECK(pair.a.log().find("ALARM") != std::string::npos);
  CHECK(pair.b.log().find("ALARM") != std::string::npos);

  REQUIRE(eventually(20s, [&] { return pair.a.status().value("can_fail_over", false); }));
  const int rounds = digests_of(pair.a).value("rounds", 0);
  REQUIRE(eventually(20s, [&] { return digests_of(pair.a).value("rounds", 0) > rounds + 1; }));
  CHECK(digests_of(pair.a).value("mismatches", 0) == 1);
  pair.a.kill();
  REQUIRE(eventually(10s, [&] { return pair.b.role() == "standalone"; }));
  pair.require_flows_survive();
}

}  // namespace stillwater::e2e
