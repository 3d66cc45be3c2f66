#include "tests/bench/counted_turns.h"

#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include <rte_ethdev.h>
#include <valgrind/callgrind.h>

#include "tests/bench/callgrind.h"
#include "tests/bench/checkpointed.h"

namespace stillwater::bench {
namespace {

constexpr unsigned kUncounted = 64;  // turns
constexpr unsigned kCounted = 256;
constexpr std::size_t kFunctions = 12;  // of a profile

bool is_of_the_load(const InstructionProfile::Function& function) {
  return function.name.rfind("bench::", 0) == 0;
}

}  // namespace

CountedTurns::CountedTurns(LoadedPlane& run) : run_(run), first_port_(run.ports()[0]) {
  for (const std::uint16_t port : run.ports()) {
    const void* first = rte_eth_add_first_rx_callback(port, 0, &CountedTurns::before_source, this);
    const void* last = rte_eth_add_rx_callback(port, 0, &CountedTurns::after_source, this);
    if (first == nullptr || last == nullptr) must(fail(Errc::io, "no callback"), "count");
  }
}

void CountedTurns::print() {
  if (!done_.try_acquire_for(300s)) must(fail(Errc::timed_out, "it does not forward"), "count");
  std::printf("%llu packets\n", static_cast<unsigned long long>(packets_));
}

std::uint16_t CountedTurns::before_source(std::uint16_t, std::uint16_t, rte_mbuf**, std::uint16_t n,
                                          std::uint16_t, void* self) {
  static_cast<CountedTurns*>(self)->collect(false);
  return n;
}

std::uint16_t CountedTurns::after_source(std::uint16_t port, std::uint16_t, rte_mbuf**, std::uint16_t n,
                                         std::uint16_t, void* self) {
  static_cast<CountedTurns*>(self)->received(port, n);
  return n;
}

void CountedTurns::received(std::uint16_t port, std::uint16_t n) {
  if (port == first_port_) begin_turn();
  if (turn_ <= kUncounted || turn_ > kUncounted + kCounted) return;
  packets_ += n;
  collect(true);
}

void CountedTurns::begin_turn() {
  ++turn_;
  if (turn_ == 1) CALLGRIND_START_INSTRUMENTATION;
  if (turn_ == kUncounted / 2) run_.greet_again();  // time goes on, however slow all this is
  if (turn_ != kUncounted + kCounted + 1) return;
  CALLGRIND_STOP_INSTRUMENTATION;
  done_.release();
}

void CountedTurns::collect(bool on) {
  if (on == collecting_) return;
  collecting_ = on;
  CALLGRIND_TOGGLE_COLLECT;
}

void add_counted(Report& report, const CountedLoad& load, const std::string& out) {
  const std::string path =
      std::filesystem::path(out).replace_extension("." + load.name + ".callgrind").string();
  const auto printed = run_under_callgrind("--instructions " + load.name, path);
  auto profile = printed.and_then([&](const std::string&) { return read_profile(path); });
  if (!profile) {
    std::fprintf(stderr, "instructions of %s not counted: %s\n", load.name.c_str(),
                 profile.error().message.c_str());
    return;
  }
  for (const auto& function : profile->functions)
    if (is_of_the_load(function)) profile->instructions -= function.instructions;
  std::erase_if(profile->functions, is_of_the_load);
  const double times = std::strtod(printed->c_str(), nullptr) / load.packets_of_one;
  report.add({.id = load.id,
              .unit = "instructions",
              .samples = {static_cast<double>(profile->instructions) / times},
              .note = load.note});
  std::vector<ProfileLine> lines;
  for (const auto& [name, instructions] : profile->functions) {
    if (lines.size() == kFunctions) break;
    lines.push_back(
        {.function = name,
         .instructions = static_cast<double>(instructions) / times,
         .percent = 100 * static_cast<double>(instructions) / static_cast<double>(profile->instructions)});
  }
  report.add_profile(load.id, std::move(lines));
}

}  // namespace stillwater::bench
