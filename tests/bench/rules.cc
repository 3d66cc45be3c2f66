// What it takes to decide about first packets: policies of 10 to 10,000 rules, both families, in this order:
// ours, a walk over the list, and DPDK's ACL library, over the same rules and packets, by turns. All three
// are seen to agree before anything is timed.
//
// What is timed is the decision alone, on the core that the benchmark runs on: neither session nor packet is
// made. Ours and the list are asked packet by packet, as a worker does; the library in bursts of 32, which it
// is made for. Keys are written beforehand, each in the form that its table reads.
#include <array>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>

#include <arpa/inet.h>

#include <CLI/CLI.hpp>

#include "dataplane/control/eal.h"
#include "dataplane/datapath/tables/rule_set.h"
#include "tests/bench/checkpointed.h"
#include "tests/bench/report.h"
#include "tests/bench/rule_peers.h"
#include "tests/bench/rule_source.h"

namespace stillwater::bench {
namespace {

using dataplane::RuleConfig;
using dataplane::RuleSet;

constexpr std::size_t kPackets = 1u << 16;
constexpr Nanos kWindow = 200ms;
constexpr std::size_t kBurst = AclRules<1>::kBurst;

struct Options {
  std::string out = "rules.json";
  unsigned repetitions = 5;
  bool hugepages = true;
};

region::FlowKey key_of(const FirstPacket& packet, region::FlowKey key) {
  key.source_be = packet.source.v4_be();
  key.destination_be = packet.destination.v4_be();
  return key;
}
region::FlowKey6 key_of(const FirstPacket& packet, region::FlowKey6 key) {
  key.source = packet.source.bytes;
  key.destination = packet.destination.bytes;
  return key;
}

// Packets that are asked about in millions a second, round and round, until the window ends. `find` asks
// about kBurst of them from a place on, and returns the sum of what it found.
template <class Find>
double million_per_s(const Find& find) {
  const BootClock clock;
  const Instant begin = clock.now();
  std::uint64_t asked = 0;
  std::uint32_t sum = 0;
  Instant now = begin;
  for (std::size_t at = 0; now < begin + kWindow; at = (at + kBurst) % kPackets, now = clock.now()) {
    sum += find(at);
    asked += kBurst;
  }
  asm volatile("" : : "r"(sum));
  return static_cast<double>(asked) / std::chrono::duration<double>(now - begin).count() / 1e6;
}

template <class Make>
auto timed(std::vector<double>& times_ms, const Make& make) {
  const BootClock clock;
  const Instant begin = clock.now();
  auto made = make();
  times_ms.push_back(milliseconds(clock.now() - begin));
  return made;
}

// One policy of one family.
template <class Key, std::size_t kWords>
class Policy {
 public:
  Policy(std::uint32_t count, std::mt19937_64& random)
      : rules_(random_rules(count, kWords == 1, random)),
        linear_(rules_),
        name_("rules_" + std::to_string(count) + (kWords == 1 ? ".ipv4" : ".ipv6")) {
    for (const FirstPacket& packet : first_packets(rules_, kPackets, kWords == 1, random)) {
      Key key;
      key.source_port_be = htons(packet.source_port);
      key.destination_port_be = htons(packet.destination_port);
      key.protocol = packet.protocol;
      keys_.push_back(key_of(packet, key));
      linear_keys_.push_back(LinearRules<kWords>::asked_of(packet));
      acl_keys_.push_back(AclRules<kWords>::asked_of(packet));
    }
    for (const auto& key : acl_keys_) acl_pointers_.push_back(reinterpret_cast<const std::uint8_t*>(&key));
  }

  void measure(Report& report, unsigned repetitions, std::optional<double> target) {
    const std::vector<dataplane::PortConfig> ports(2);
    std::vector<double> ours, list, library, ours_ms, library_ms;
    for (unsigned i = 0; i < repetitions; ++i) {
      const RuleSet set = must(timed(ours_ms, [&] { return RuleSet::build(ports, rules_); }), "rules");
      const auto acl = timed(library_ms, [&] { return AclRules<kWords>::build(rules_); });
      if (i == 0) {
        check(set, acl);
        report.add(
            {.id = name_ + ".mib", .unit = "MiB", .samples = {static_cast<double>(set.bytes()) / (1 << 20)}});
      }
      ours.push_back(million_per_s([&](std::size_t at) { return ask_ours(set, at); }));
      list.push_back(million_per_s([&](std::size_t at) { return ask_list(at); }));
      if (acl) library.push_back(million_per_s([&](std::size_t at) { return ask_library(*acl, at); }));
    }
    report.add({.id = name_, .unit = "M/s", .samples = ours, .target = target, .higher_is_better = true});
    add_beside(report, ".of_list", ours, list, "beside a walk over the list");
    add_beside(report, ".of_rte_acl", ours, library, "beside librte_acl in bursts of 32");
    report.add({.id = name_ + ".build", .unit = "ms", .samples = ours_ms});
    if (!library.empty())
      report.add({.id = name_ + ".build_of_rte_acl", .unit = "ms", .samples = library_ms});
  }

 private:
  void add_beside(Report& report, const char* suffix, const std::vector<double>& ours,
                  const std::vector<double>& peer, const char* note) const {
    if (peer.empty()) return;
    report.add({.id = name_ + suffix,
                .unit = "M/s",
                .samples = ours,
                .higher_is_better = true,
                .note = note,
                .peer = peer});
  }

  [[nodiscard]] std::uint32_t ask_ours(const RuleSet& set, std::size_t at) const {
    std::uint32_t sum = 0;
    for (std::size_t i = at; i < at + kBurst; ++i) {
      const dataplane::Rule* rule = set.match(keys_[i], 0, 1);
      sum += rule == nullptr ? 0 : rule->id;
    }
    return sum;
  }
  [[nodiscard]] std::uint32_t ask_list(std::size_t at) const {
    std::uint32_t sum = 0;
    for (std::size_t i = at; i < at + kBurst; ++i) sum += linear_.find(linear_keys_[i]);
    return sum;
  }
  [[nodiscard]] std::uint32_t ask_library(const AclRules<kWords>& acl, std::size_t at) {
    std::array<std::uint32_t, kBurst> ids;
    acl.find_burst(&acl_pointers_[at], ids.data());
    std::uint32_t sum = 0;
    for (const std::uint32_t id : ids) sum += id;
    return sum;
  }

  // Ends the program where they differ.
  void check(const RuleSet& set, const Result<AclRules<kWords>>& acl) {
    if (!acl) std::fprintf(stderr, "%s: %s\n", name_.c_str(), acl.error().message.c_str());
    for (std::size_t at = 0; at < kPackets; at += kBurst) {
      const std::uint32_t expected = ask_list(at);
      if (ask_ours(set, at) == expected && (!acl || ask_library(*acl, at) == expected)) continue;
      std::fprintf(stderr, "%s: the tables disagree about packets from %zu on\n", name_.c_str(), at);
      std::exit(1);
    }
  }

  std::vector<RuleConfig> rules_;
  LinearRules<kWords> linear_;
  std::string name_;
  std::vector<Key> keys_;
  std::vector<typename LinearRules<kWords>::Asked> linear_keys_;
  std::vector<typename AclRules<kWords>::Asked> acl_keys_;
  std::vector<const std::uint8_t*> acl_pointers_;
};

int run(const Options& options) {
  dataplane::EalOptions eal;
  eal.memory_mib = 2048;
  eal.hugepages = options.hugepages;
  must(dataplane::init_eal(eal), "EAL");
  pin_this_thread_to_last_core();
  Report report("rules");
  std::mt19937_64 random(1);
  for (const std::uint32_t count : {10u, 100u, 1'000u, 10'000u}) {
    std::fprintf(stderr, "%u rules ...\n", count);
    const auto target = count == 10'000 ? std::optional(0.3) : std::nullopt;
    Policy<region::FlowKey, 1>(count, random).measure(report, options.repetitions, target);
    Policy<region::FlowKey6, 4>(count, random).measure(report, options.repetitions, target);
  }
  report.print();
  must(report.write(options.out), "report");
  return 0;
}

}  // namespace
}  // namespace stillwater::bench

int main(int argc, char** argv) {
  CLI::App app{"bench_rules: decisions about first packets, beside a list and DPDK's ACL library"};
  stillwater::bench::Options options;
  bool no_huge = false;
  app.add_option("--out", options.out, "report file (JSON)")->capture_default_str();
  app.add_option("--repetitions", options.repetitions, "repetitions a figure")
      ->capture_default_str()
      ->check(CLI::Range(1, 60));
  app.add_flag("--no-huge", no_huge, "without hugepages, which need `sysctl vm.nr_hugepages=1280` before");
  CLI11_PARSE(app, argc, argv);
  options.hugepages = !no_huge;
  return stillwater::bench::run(options);
}
