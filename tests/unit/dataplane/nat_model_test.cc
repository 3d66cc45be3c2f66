// NAT against a model, over random packets both ways, sessions that end, and commits that come late.
#include <map>
#include <set>
#include <tuple>

#include "ckpt_engine/region/binding_table.h"
#include "tests/unit/dataplane/nat_network.h"
#include "tests/unit/random.h"

namespace stillwater::dataplane {
namespace {

using Endpoint = std::pair<std::uint32_t, std::uint16_t>;

struct Model {
  struct Bound {
    Endpoint outside;
    std::map<Endpoint, bool> sessions;  // remote; whether the host inside opened it
  };
  std::map<Endpoint, Bound> bindings;          // by endpoint inside
  std::map<Endpoint, std::uint64_t> given_in;  // endpoints outside: the epoch in which they were set free

  [[nodiscard]] const Endpoint* inside_of(const Endpoint& outside) const {
    for (const auto& [inside, bound] : bindings)
      if (bound.outside == outside) return &inside;
    return nullptr;
  }
};

struct Checked : NatNetwork {
  Checked(unsigned workers, NatFiltering filtering_of_all, std::uint32_t seed)
      : NatNetwork(workers), random(seed), filtering(filtering_of_all) {
    auto& nat = config.source_nat[0];
    nat.pool = {{kPool, kPool + 1}};
    nat.ports = {2048, static_cast<std::uint16_t>(2048 + 64 * workers - 1)};
    nat.filtering = filtering;
    config.sessions_max = 1024;
    epochs.set_current(1);
    epochs.set_committed(0);
    begin();
  }

  [[nodiscard]] Endpoint any_inside() {
    return {host(random() % kHosts), static_cast<std::uint16_t>(4000 + random() % 40)};
  }
  [[nodiscard]] Endpoint any_remote() {
    return {remote(random() % kRemotes), static_cast<std::uint16_t>(53 + random() % 3)};
  }

  void send_out() {
    const Endpoint inside_end = any_inside(), far = any_remote();
    const auto sent =
        out({inside_end.first, far.first, inside_end.second, far.second}, random() % config.workers);
    const auto known = model.bindings.find(inside_end);
    if (known != model.bindings.end()) {
      const Endpoint& seen = known->second.outside;
      REQUIRE(sent == UdpFlow{seen.first, far.first, seen.second, far.second});
      known->second.sessions.emplace(far, true);
      return;
    }
    if (!sent) return;  // no port is free: each is bound, or waits for its commit
    const Endpoint seen{sent->source, sent->source_port};
    REQUIRE(sent->destination == far.first);
    REQUIRE(model.inside_of(seen) == nullptr);
    const auto given = model.given_in.find(seen);
    if (given != model.given_in.end()) REQUIRE(given->second <= epochs.committed());
    model.bindings[inside_end] = {seen, {{far, true}}};
    ++bound;
  }

  void send_in() {
    const Endpoint far = any_remote();
    const Endpoint to{kPool + random() % 2,
                      static_cast<std::uint16_t>(2048 + random() % (64 * config.workers))};
    const auto came = in({far.first, to.first, far.second, to.second}, random() % config.workers);
    const Endpoint* inside_end = model.inside_of(to);
    if (inside_end == nullptr) {
      REQUIRE_FALSE(came);
      return;
    }
    auto& sessions = model.bindings[*inside_end].sessions;
    const bool known = sessions.contains(far);
    REQUIRE(came.has_value() == (known || lets_in(sessions, far)));
    if (!came) return;
    REQUIRE(*came == UdpFlow{far.first, inside_end->first, far.second, inside_end->second});
    sessions.emplace(far, false);
    let_in += known ? 0 : 1;
  }

  // Those that a host inside opened, or a remote.
  void end_some() {
    const bool of_host = random() % 2 == 0;
    const std::uint32_t who = of_host ? host(random() % kHosts) : remote(random() % kRemotes);
    dataplane->barrier().resume();
    REQUIRE(dataplane->end_sessions({.source = IpPrefix{IpAddress::v4(htonl(who)), 32}}));
    settle();
    forget([&](const Endpoint& inside_end, const Endpoint& far, bool opened_inside) {
      return (opened_inside ? inside_end.first : far.first) == who;
    });
  }
  void time_out() {
    clock.advance(200s);
    dataplane->barrier().resume();
    REQUIRE(eventually([&] {
      clock.advance(1s);
      next_turns();
      return dataplane->sessions_in_use() == 0;
    }));
    settle();
    forget([](const Endpoint&, const Endpoint&, bool) { return true; });
    relearn();
  }
  void commit() {
    if (random() % 2 == 0 && epochs.current() == epochs.committed() + 1)
      epochs.set_current(epochs.current() + 1);
    else if (epochs.current() == epochs.committed() + 2)
      epochs.set_committed(epochs.committed() + 1);
  }

  // Bindings are those of the model, each with as many sessions.
  void check() const {
    std::size_t found = 0;
    for (unsigned worker = 0; worker < config.workers; ++worker) {
      const region::BindingTable table(*region, worker);
      for (std::uint32_t slot = 0; slot < table.slots_touched(); ++slot) {
        const region::Binding& binding = table.at(slot);
        if (binding.in_use == 0 || binding.external.protocol == 0) continue;
        const auto known =
            model.bindings.find({ntohl(binding.internal.address_be), ntohs(binding.internal.port_be)});
        REQUIRE(known != model.bindings.end());
        REQUIRE(binding.sessions == known->second.sessions.size());
        REQUIRE(known->second.outside ==
                Endpoint{ntohl(binding.external.address_be), ntohs(binding.external.port_be)});
        ++found;
      }
    }
    REQUIRE(found == model.bindings.size());
    check_tuples();
  }

  Random random;
  NatFiltering filtering;
  Model model;
  unsigned bound = 0, let_in = 0;

 private:
  [[nodiscard]] bool lets_in(const std::map<Endpoint, bool>& sessions, const Endpoint& far) const {
    if (filtering != NatFiltering::address_dependent) return filtering == NatFiltering::endpoint_independent;
    for (const auto& [known, by_inside] : sessions)
      if (known.first == far.first) return true;
    return false;
  }
  template <class Ends>
  void forget(const Ends& ends) {
    for (auto at = model.bindings.begin(); at != model.bindings.end();) {
      std::erase_if(at->second.sessions,
                    [&](const auto& session) { return ends(at->first, session.first, session.second); });
      if (at->second.sessions.empty()) {
        model.given_in[at->second.outside] = epochs.current();
        at = model.bindings.erase(at);
      } else {
        ++at;
      }
    }
  }
  // Neighbours were forgotten meanwhile.
  void relearn() {
    for (unsigned n = 0; n < kHosts; ++n) inside.put(arp_request(mac_of_host(n), host(n), kIn));
    for (unsigned n = 0; n < kRemotes; ++n) outside.put(arp_request(mac_of_remote(n), remote(n), kOut));
    dataplane->barrier().resume();
    settle();
    drain();
  }
  // No two sessions have a tuple in common, in either direction.
  void check_tuples() const {
    using Tuple = std::tuple<std::uint32_t, std::uint16_t, std::uint32_t, std::uint16_t>;
    std::set<Tuple> tuples;
    for (unsigned worker = 0; worker < config.workers; ++worker) {
      const region::SessionTable sessions(*region, worker);
      for (std::uint32_t slot = 0; slot < sessions.slots_touched(); ++slot) {
        const region::Session& session = sessions.at(slot);
        if (session.state == region::SessionState::free) continue;
        for (const region::FlowKey& key : {session.forward, session.reply})
          REQUIRE(
              tuples.emplace(key.source_be, key.source_port_be, key.destination_be, key.destination_port_be)
                  .second);
      }
    }
  }
};

}  // namespace

TEST_CASE(
    "NAT over random packets, ends and late commits: bindings hold, no tuple is shared, counts are right") {
  const unsigned workers = GENERATE(1u, 2u);
  const auto filtering = GENERATE(NatFiltering::endpoint_independent, NatFiltering::address_dependent,
                                  NatFiltering::address_and_port_dependent);
  const auto seed = static_cast<std::uint32_t>(Catch::rngSeed());
  INFO("workers " << workers << ", filtering " << static_cast<int>(filtering) << ", seed " << seed);
  Checked n(workers, filtering, seed);
  for (int step = 0; step < 1200; ++step) {
    const unsigned what = n.random() % 100;
    if (what < 55)
      n.send_out();
    else if (what < 85)
      n.send_in();
    else if (what < 92)
      n.commit();
    else if (what < 99)
      n.end_some();
    else if (step % 3 == 0)
      n.time_out();
    if (step % 20 == 0) n.check();
  }
  n.check();
  CHECK(n.bound > 50);
  if (filtering != NatFiltering::address_and_port_dependent) CHECK(n.let_in > 5);
}

}  // namespace stillwater::dataplane
