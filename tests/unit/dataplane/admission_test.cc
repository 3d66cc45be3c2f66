// Who may open a session, and which one gives way: against a model that counts by looking at all sessions.
#include "dataplane/datapath/tables/admission.h"

#include <map>
#include <optional>
#include <vector>

#include <netinet/in.h>

#include <catch2/catch.hpp>

#include "tests/unit/dpdk/eal_once.h"
#include "tests/unit/random.h"

using namespace stillwater;
using namespace stillwater::dataplane;
using region::Session;
using region::SessionState;

namespace {

constexpr std::uint32_t kSlots = 48, kSources = 6;

// Whose addresses are drawn: of IPv4 one a source, of IPv6 many, which count as one.
struct OfIpv4 {
  using Session = region::Session;
  static void set_source(Session& session, std::uint32_t source, Random&) {
    session.forward.source_be = source;
  }
};
struct OfIpv6 {
  using Session = region::Session6;
  static void set_source(Session& session, std::uint32_t source, Random& random) {
    session.forward.source[7] = static_cast<std::uint8_t>(source);
    for (std::size_t i = 8; i < session.forward.source.size(); ++i)
      session.forward.source[i] = static_cast<std::uint8_t>(random());
  }
};

// Sessions by slot, and the slots of those that are opening in their order.
template <class Family>
struct Model {
  std::map<std::uint32_t, typename Family::Session> sessions;
  std::vector<std::uint32_t> opening;
  std::map<SourceId, std::map<std::uint32_t, unsigned>> opened;  // by source and second

  [[nodiscard]] unsigned of(SourceId source, bool half_open) const {
    unsigned count = 0;
    for (const auto& [slot, session] : sessions)
      count += source_id(session.forward) == source && (!half_open || is_half_open(session)) ? 1 : 0;
    return count;
  }
  [[nodiscard]] unsigned half_open() const {
    unsigned count = 0;
    for (const auto& [slot, session] : sessions) count += is_half_open(session) ? 1 : 0;
    return count;
  }
};

template <class Family>
typename Family::Session some_session(Random& random) {
  typename Family::Session session{};
  session.state = SessionState::opening;
  Family::set_source(session, 1 + random() % kSources, random);
  session.forward.protocol = random() % 3 == 0 ? IPPROTO_UDP : IPPROTO_TCP;
  return session;
}

Config limited(std::uint32_t sessions, std::uint32_t half_open, std::uint32_t per_s, unsigned workers = 1) {
  Config config;
  config.workers = workers;
  config.limits = {sessions, half_open, per_s, 0};
  return config;
}

}  // namespace

TEMPLATE_TEST_CASE(
    "admission: whatever opens, progresses, ends and is taken over, limits and order are the model's", "",
    OfIpv4, OfIpv6) {
  need_eal();
  const std::uint32_t seed = GENERATE(1u, 2u, 3u, 4u, 5u);
  INFO("seed " << seed);
  Random random(seed);
  const Config config = limited(1 + random() % 12, 1 + random() % 6, 1 + random() % 4);
  Admission admission(config, kSlots);
  REQUIRE(admission.is_made());
  Model<TestType> model;
  std::uint32_t now = 100;
  for (int step = 0; step < 20'000; ++step) {
    const std::uint32_t slot = random() % kSlots;
    const auto found = model.sessions.find(slot);
    switch (random() % 8) {
      case 0:
        now += random() % 8 == 0 ? 1 : 0;
        admission.tidy(now);
        break;
      case 1:
      case 2:
        if (found == model.sessions.end()) break;
        admission.ended(slot, found->second, now);
        model.sessions.erase(found);
        std::erase(model.opening, slot);
        break;
      case 3:
        if (found == model.sessions.end() || found->second.state != SessionState::opening) break;
        admission.progressed(slot, found->second);
        found->second.state = SessionState::established;
        std::erase(model.opening, slot);
        break;
      case 4:
        if (random() % 500 != 0) break;
        admission.forget();  // a takeover, and a sweep
        model.opening.clear();
        model.opened.clear();
        for (const auto& [at, session] : model.sessions) {
          admission.found(at, session);
          admission.found(at, session);
          if (session.state == SessionState::opening) model.opening.push_back(at);
        }
        break;
      default: {
        if (found != model.sessions.end()) break;
        const auto session = some_session<TestType>(random);
        const SourceId source = source_id(session.forward);
        const bool is_tcp = session.forward.protocol == IPPROTO_TCP;
        const bool expected = model.of(source, false) < config.limits.sessions_per_source &&
                              (!is_tcp || model.of(source, true) < config.limits.half_open_per_source) &&
                              model.opened[source][now] < config.limits.new_per_s_per_source;
        REQUIRE(admission.admits(source, session.forward.protocol, now, false) == expected);
        if (!expected) break;
        admission.opened(slot, session, now);
        model.sessions[slot] = session;
        model.opening.push_back(slot);
        ++model.opened[source][now];
      }
    }
    REQUIRE(admission.half_open() == model.half_open());
    REQUIRE(admission.gives_way() ==
            (model.opening.empty() ? std::nullopt : std::optional(model.opening.front())));
  }
}

TEST_CASE("admission: without limits nobody is counted, and everybody may open") {
  Admission admission(limited(0, 0, 0), kSlots);
  CHECK(admission.is_made());
  Random random(1);
  for (std::uint32_t slot = 0; slot < kSlots; ++slot) {
    const Session session = some_session<OfIpv4>(random);
    CHECK(admission.admits(session.forward.source_be, session.forward.protocol, 1, false));
    admission.opened(slot, session, 1);
  }
}

TEST_CASE("admission: a worker of several keeps its share of a limit, rounded up") {
  need_eal();
  Admission admission(limited(5, 0, 0, 4), kSlots);
  Session session{};
  session.state = SessionState::established;
  session.forward.source_be = 1;
  session.forward.protocol = IPPROTO_UDP;
  for (std::uint32_t slot = 0; slot < 2; ++slot) {
    CHECK(admission.admits(1, IPPROTO_UDP, 1, false));
    admission.opened(slot, session, 1);
  }
  CHECK_FALSE(admission.admits(1, IPPROTO_UDP, 1, false));
  CHECK(admission.admits(1, IPPROTO_UDP, 1, true));  // one of them would end before
  CHECK(admission.admits(2, IPPROTO_UDP, 1, false));
}

TEST_CASE("admission: time for a handshake shrinks evenly with the share of the half open, and comes back") {
  Config config;
  config.limits.half_open_max = 16;
  Admission admission(config, kSlots);
  Session session{};
  session.state = SessionState::opening;
  session.forward.protocol = IPPROTO_TCP;
  const auto open_until = [&](std::uint32_t count) {
    for (std::uint32_t slot = admission.half_open(); slot < count; ++slot) admission.opened(slot, session, 1);
  };
  open_until(16);
  CHECK(admission.opening_timeout_s(30) == 30);
  open_until(32);
  CHECK(admission.opening_timeout_s(30) == 16);
  CHECK(admission.opening_timeout_s(2) == 2);
  CHECK(admission.opening_timeout_s(1) == 1);
  open_until(48);
  CHECK(admission.opening_timeout_s(30) == 2);
  for (std::uint32_t slot = 0; slot < 40; ++slot) admission.progressed(slot, session);
  CHECK(admission.opening_timeout_s(30) == 30);
}
