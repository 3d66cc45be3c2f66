// Blocks of ports against a model, over random packets, sessions that end, commits that come late, and nodes
// that take over.
#include <map>
#include <set>

#include "dataplane/datapath/nat/port_blocks.h"
#include "tests/unit/dataplane/nat_network.h"
#include "tests/unit/random.h"

namespace stillwater::dataplane {
namespace {

constexpr std::uint16_t kSize = 64, kFirst = 2048;
constexpr unsigned kBlocks = 6;

using Endpoint = std::pair<std::uint32_t, std::uint16_t>;

struct Blocked : NatNetwork {
  explicit Blocked(unsigned workers, std::uint32_t blocks_per_host) : NatNetwork(workers) {
    auto& nat = config.source_nat[0];
    nat.ports = {kFirst - 10, kFirst + kSize * kBlocks + 10};  // whole blocks count
    nat.block_size = kSize;
    nat.blocks_per_host = blocks_per_host;
    config.sessions_max = 2048;
    config.log = {.translations = true};
    begin();
  }
  std::vector<LogRecord> logged() {
    std::vector<LogRecord> all, some(64);
    for (unsigned worker = 0; worker < config.workers; ++worker)
      while (const std::size_t count = dataplane->take_log_records(worker, some))
        all.insert(all.end(), some.begin(), some.begin() + static_cast<std::ptrdiff_t>(count));
    return all;
  }
  void end(const SessionFilter& which) {
    dataplane->barrier().resume();
    REQUIRE(dataplane->end_sessions(which));
    settle();
  }
  // As a node that did not lead, and begins to.
  void take_over() {
    dataplane->drop_held();
    dataplane->on_activate();
  }
};

std::uint16_t block_of(std::uint16_t port) { return static_cast<std::uint16_t>(port / kSize * kSize); }

struct Model : Blocked {
  Model(unsigned workers, std::uint32_t blocks_per_host, std::uint32_t seed)
      : Blocked(workers, blocks_per_host), random(seed), most(blocks_per_host) {
    epochs.set_current(1);
    epochs.set_committed(0);
  }

  [[nodiscard]] bool waits(std::uint16_t port) const {
    const auto given = given_in.find(port);
    return given != given_in.end() && given->second > epochs.committed();
  }
  [[nodiscard]] bool usable(std::uint16_t port) const { return !bound.contains(port) && !waits(port); }
  template <class Is>
  [[nodiscard]] static bool any_port(std::uint16_t block, const Is& is) {
    for (std::uint16_t port = block; port < block + kSize; ++port)
      if (is(port)) return true;
    return false;
  }
  // Of all blocks: whose they are, by who is bound in them.
  [[nodiscard]] std::map<std::uint16_t, std::uint32_t> blocks() const {
    std::map<std::uint16_t, std::uint32_t> owners;
    for (const auto& [port, inside_end] : bound) owners[block_of(port)] = inside_end.first;
    return owners;
  }

  void send_out() {
    const Endpoint inside_end{host(random() % kHosts), static_cast<std::uint16_t>(4000 + random() % 200)};
    const auto sent = out({inside_end.first, remote(random() % kRemotes), inside_end.second, 53},
                          random() % config.workers);
    for (const auto& [port, known] : bound)
      if (known == inside_end) {
        REQUIRE(sent);
        REQUIRE(sent->source_port == port);
        return;
      }
    const auto before = blocks();
    unsigned held = 0;
    bool room = false, free_block = false;
    for (unsigned i = 0; i < kBlocks; ++i) {
      const auto block = static_cast<std::uint16_t>(kFirst + i * kSize);
      const auto owner = before.find(block);
      if (owner == before.end()) {
        free_block |= !any_port(block, [&](std::uint16_t port) { return !usable(port); });
      } else if (owner->second == inside_end.first) {
        ++held;
        room |= any_port(block, [&](std::uint16_t port) { return usable(port); });
      }
    }
    if (config.workers == 1) REQUIRE(sent.has_value() == (room || (held < most && free_block)));
    if (!sent) {
      ++refused;
      return;
    }
    const std::uint16_t port = sent->source_port;
    REQUIRE(sent->source == kPool);
    REQUIRE(usable(port));
    REQUIRE(port >= kFirst);
    REQUIRE(port < kFirst + kSize * kBlocks);
    const auto owner = before.find(block_of(port));
    if (owner != before.end()) {
      REQUIRE(owner->second == inside_end.first);
    } else {
      REQUIRE(held < most);
      if (config.workers == 1) REQUIRE_FALSE(room);
      REQUIRE_FALSE(any_port(block_of(port), [&](std::uint16_t other) { return !usable(other); }));
      ++begun;
    }
    bound[port] = inside_end;
  }

  void end_some() {
    const Endpoint who{host(random() % kHosts), static_cast<std::uint16_t>(4000 + random() % 200)};
    const bool all = random() % 16 == 0;
    SessionFilter which{.source = IpPrefix{IpAddress::v4(htonl(who.first)), 32}};
    if (!all) which.port_be = htons(who.second);
    end(which);
    for (auto at = bound.begin(); at != bound.end();) {
      const bool ends = at->second.first == who.first &&
                        (all || at->second.second == who.second || at->first == who.second);
      if (ends) given_in[at->first] = epochs.current();
      at = ends ? bound.erase(at) : std::next(at);
    }
  }
  void commit() {
    if (random() % 2 == 0 && epochs.current() == epochs.committed() + 1)
      epochs.set_current(epochs.current() + 1);
    else if (epochs.current() == epochs.committed() + 2)
      epochs.set_committed(epochs.committed() + 1);
  }

  // Who has which block by the logs, by figures, and by the model: one and the same.
  void check() {
    for (const LogRecord& record : logged()) {
      REQUIRE(record.ports == kSize);
      REQUIRE(record.protocol == IPPROTO_UDP);
      REQUIRE(record.source.port == 0);
      const auto block = record.translated_source.port;
      REQUIRE(block % kSize == 0);
      const std::uint32_t owner = ntohl(record.source.address.v4_be());
      if (record.kind == LogKind::binding_created) {
        REQUIRE(told.emplace(block, owner).second);
      } else {
        REQUIRE(record.kind == LogKind::binding_freed);
        REQUIRE(told[block] == owner);
        told.erase(block);
      }
    }
    REQUIRE(told == blocks());
    for (const NatPoolUse& use : dataplane->nat_pools()) {
      REQUIRE(use.taken == bound.size());
      REQUIRE(use.given == told.size() * kSize);
      REQUIRE(use.ports == kBlocks * kSize);
    }
  }

  Random random;
  std::uint32_t most;
  std::map<std::uint16_t, Endpoint> bound;          // by port outside
  std::map<std::uint16_t, std::uint64_t> given_in;  // ports: the epoch in which they were set free
  std::map<std::uint16_t, std::uint32_t> told;      // blocks, as the logs say
  unsigned begun = 0, refused = 0;
};

}  // namespace

TEST_CASE("blocks over random packets, ends, late commits and takeovers: a host's ports are of its blocks") {
  const unsigned workers = GENERATE(1u, 2u);
  const auto seed = static_cast<std::uint32_t>(Catch::rngSeed());
  INFO("workers " << workers << ", seed " << seed);
  Model n(workers, 2, seed);
  for (int step = 0; step < 2500; ++step) {
    const unsigned what = n.random() % 100;
    if (what < 84)
      n.send_out();
    else if (what < 91)
      n.commit();
    else if (what < 99)
      n.end_some();
    else
      n.take_over();
    if (step % 10 == 0) n.check();
  }
  n.check();
  CHECK(n.begun > 8);
  CHECK(n.refused > 5);
}

TEST_CASE("a host whose blocks are full gets another, as many as it may have; others are not concerned") {
  Blocked n(1, 2);
  std::set<std::uint16_t> blocks;
  for (std::uint16_t i = 0; i < 2 * kSize; ++i) {
    const auto sent = n.out({host(0), remote(0), static_cast<std::uint16_t>(4000 + i), 53});
    REQUIRE(sent);
    blocks.insert(block_of(sent->source_port));
    REQUIRE(blocks.size() == (i < kSize ? 1 : 2));
  }
  CHECK_FALSE(n.out({host(0), remote(0), 5000, 53}));
  CHECK(n.drops_of("nat_host_limit") == 1);
  const auto other = n.out({host(1), remote(0), 4000, 53});
  REQUIRE(other);
  CHECK_FALSE(blocks.contains(block_of(other->source_port)));
  CHECK(n.logged().size() == 3);
}

TEST_CASE("where no block is free a host without one gets none, though single ports are") {
  Blocked n(1, kBlocks);
  for (std::uint16_t i = 0; i < (kBlocks - 1) * kSize + 1; ++i)
    REQUIRE(n.out({host(0), remote(0), static_cast<std::uint16_t>(4000 + i), 53}));
  CHECK_FALSE(n.out({host(1), remote(0), 4000, 53}));
  CHECK(n.drops_of("nat_ports_exhausted") == 1);
  CHECK(n.dataplane->nat_pools().at(0).refused == 1);
  CHECK(n.dataplane->nat_pools().at(0).given == kBlocks * kSize);
  n.logged();
  n.end({.port_be = htons(4000)});  // one of a block: it stays its host's
  CHECK(n.logged().empty());
  CHECK_FALSE(n.out({host(1), remote(0), 4000, 53}));
}

TEST_CASE("a block that has a forwarded port is nobody's") {
  NatNetwork n;
  n.config.source_nat[0].block_size = kSize;
  n.config.source_nat[0].ports = {kFirst, kFirst + 2 * kSize - 1};
  n.config.destination_nat = {{.from = {"outside"},
                               .address = kPool,
                               .protocol = IPPROTO_UDP,
                               .ports = {kFirst + 5, kFirst + 5},
                               .to = host(1)}};
  n.begin();
  for (std::uint16_t i = 0; i < kSize; ++i) {
    const auto sent = n.out({host(0), remote(0), static_cast<std::uint16_t>(kFirst + i), 53});
    REQUIRE(sent);
    REQUIRE(block_of(sent->source_port) == kFirst + kSize);
  }
  CHECK_FALSE(n.out({host(0), remote(0), 5000, 53}));
  CHECK(n.dataplane->nat_pools().at(0).ports == kSize);
}

TEST_CASE("an index of blocks does what a map does, whatever hosts share a chain") {
  Random random(static_cast<std::uint32_t>(Catch::rngSeed()));
  const unsigned size = GENERATE(64u, 4096u);
  PortBlocks blocks(size);
  std::map<unsigned, BlockOwner> model;
  CHECK_FALSE(blocks.is_known());
  blocks.begin();
  const auto any_owner = [&] {
    return BlockOwner{static_cast<std::uint32_t>(random() % 9), static_cast<std::uint8_t>(random() % 2)};
  };
  for (int step = 0; step < 3000; ++step) {
    const unsigned first = static_cast<unsigned>(random() % blocks.count()) * size;
    if (random() % 2 == 0) {
      blocks.take_back(first);
      model.erase(first);
    } else if (!model.contains(first)) {
      model[first] = any_owner();
      blocks.give(first, model[first]);
    }
    const BlockOwner owner = any_owner();
    std::set<unsigned> found, expected;
    blocks.each_of(owner, [&](unsigned one) { REQUIRE(found.insert(one).second); });
    for (const auto& [one, of] : model)
      if (of == owner) expected.insert(one);
    REQUIRE(found == expected);
  }
}

}  // namespace stillwater::dataplane
