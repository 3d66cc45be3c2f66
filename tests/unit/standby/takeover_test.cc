// The takeover's steps and their order; the profile that must be right before anything resumes.
#include "standby/takeover.h"

#include "standby/personality.h"
#include "tests/unit/region/world.h"

namespace stillwater::tests {
namespace {

using standby::Personality;
using Names = std::vector<std::string>;

class TickingClock final : public Clock {
 public:
  [[nodiscard]] Instant now() const override { return at_ += 1ms; }

 private:
  mutable Instant at_{};
};

class RecordedSteps final : public standby::TakeoverSteps {
 public:
  explicit RecordedSteps(std::string failing = {}) : failing_(std::move(failing)) {}
  [[nodiscard]] Status fence() override { return did("fence"); }
  [[nodiscard]] Status finish_or_roll_back() override { return did("finish or roll back"); }
  [[nodiscard]] Status take_personality() override { return did("personality"); }
  [[nodiscard]] Status set_clocks() override { return did("clocks"); }
  [[nodiscard]] Status drain_ports() override { return did("drain ports"); }
  [[nodiscard]] Status restart_agent() override { return did("restart agent"); }
  [[nodiscard]] Status announce() override { return did("announce"); }
  Names done;

 private:
  Status did(const char* step) {
    if (step == failing_) return fail(Errc::corrupt, "no good");
    done.emplace_back(step);
    return {};
  }
  std::string failing_;
};

const Names kOrder = {"fence",       "finish or roll back", "personality", "clocks",
                      "drain ports", "restart agent",       "announce"};

}  // namespace

TEST_CASE("D3 Q7: fence, one whole epoch, the personality, and only then clocks, agent and announcement") {
  RecordedSteps steps;
  const auto report = standby::take_over(steps, TickingClock{});
  REQUIRE(report);
  CHECK(steps.done == kOrder);
  Names reported;
  Nanos sum{};
  for (const auto& step : report->steps) {
    reported.emplace_back(step.step);
    CHECK(step.took == 1ms);
    sum += step.took;
  }
  CHECK(reported == kOrder);
  CHECK(report->total == sum);
  CHECK(report->text().find("personality 1.000 ms") != std::string::npos);
}

TEST_CASE("D7: a step that fails stops everything after it, and is named") {
  for (std::size_t i = 0; i < kOrder.size(); ++i) {
    RecordedSteps steps(kOrder[i]);
    const auto report = standby::take_over(steps, TickingClock{});
    REQUIRE_FALSE(report);
    CHECK(report.error().code == Errc::corrupt);
    CHECK(report.error().message == "takeover stopped at '" + kOrder[i] + "': no good");
    CHECK(steps.done == Names(kOrder.begin(), kOrder.begin() + static_cast<std::ptrdiff_t>(i)));
  }
}

TEST_CASE("D5: a profile is read back as it was stored") {
  std::vector<std::byte> page(region::kPageBytes);
  for (const std::size_t length : {std::size_t{0}, std::size_t{1}, std::size_t{63}}) {
    const Personality stored{std::string(length, 'n'), std::string(2 * length, 'm'), length == 1};
    REQUIRE(standby::store_personality(page, stored));
    const auto loaded = standby::load_personality(page);
    REQUIRE(loaded);
    CHECK(loaded->node == stored.node);
    CHECK(loaded->management == stored.management);
    CHECK(loaded->prefers_to_lead == stored.prefers_to_lead);
  }
}

TEST_CASE("D5: a name that does not fit is refused, and the page is as before") {
  std::vector<std::byte> page(region::kPageBytes);
  const auto before = page;
  CHECK(standby::store_personality(page, {std::string(64, 'n'), "m", false}).error().code ==
        Errc::invalid_argument);
  CHECK(standby::store_personality(page, {"n", std::string(128, 'm'), false}).error().code ==
        Errc::invalid_argument);
  CHECK(page == before);
}

TEST_CASE("D7: a profile that is missing, or changed in any byte, is refused with the reason") {
  std::vector<std::byte> page(region::kPageBytes);
  const auto missing = standby::load_personality(page);
  REQUIRE_FALSE(missing);
  CHECK(missing.error().message == "protected memory holds no profile");

  REQUIRE(standby::store_personality(page, {"fw-b", "unix:/run/b.sock", true}));
  const std::size_t profile_bytes = 216;
  for (std::size_t at = 0; at < profile_bytes; ++at) {
    CAPTURE(at);
    page[at] ^= std::byte{0x01};
    const auto loaded = standby::load_personality(page);
    REQUIRE_FALSE(loaded);
    REQUIRE(loaded.error().code == Errc::corrupt);
    page[at] ^= std::byte{0x01};
  }
  CHECK(standby::load_personality(page));
}

}  // namespace stillwater::tests
