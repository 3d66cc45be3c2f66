#include <algorithm>
#include <set>

#include "appliance/doctor/checks.h"

namespace stillwater::appliance::doctor {
namespace {

constexpr const char* kCpus = "/sys/devices/system/cpu/";

std::vector<std::uint32_t> without(const std::vector<std::uint32_t>& cores,
                                   const std::vector<std::uint32_t>& others) {
  std::vector<std::uint32_t> left;
  for (const std::uint32_t core : cores)
    if (std::find(others.begin(), others.end(), core) == others.end()) left.push_back(core);
  return left;
}

}  // namespace

// What Debian's DPDK is compiled for (corei7), and clocks that all cores share.
Findings check_cpu_flags(const Subject& subject) {
  const auto words = words_of(subject.host.field("/proc/cpuinfo", "flags").value_or(""));
  const std::set<std::string> flags(words.begin(), words.end());
  std::string missing;
  for (const char* needed : {"ssse3", "sse4_1", "sse4_2", "popcnt"})
    if (!flags.contains(needed)) missing += (missing.empty() ? "" : " ") + std::string(needed);
  if (!missing.empty())
    return {fault("cpu-flags", "the processor has no " + missing, "DPDK ends the daemon at its start",
                  "a newer processor; in a virtual machine: the host's CPU model (QEMU: -cpu host)")};
  for (const char* wanted : {"constant_tsc", "nonstop_tsc"}) {
    if (flags.contains(wanted)) continue;
    return {advice("cpu-flags", "the processor has no " + std::string(wanted),
                   "the time stamp counter changes its pace: what workers time by it is off",
                   "in a virtual machine: the host's CPU model with an invariant counter "
                   "(QEMU: -cpu host,+invtsc,migratable=no)")};
  }
  return {ok("cpu-flags", "what DPDK needs, and a steady time stamp counter")};
}

// Workers have a core each; replication, heartbeats and management share what is left.
Findings check_cpu_count(const Subject& subject) {
  const auto allowed = subject.allowed_cores();
  const auto workers = subject.worker_cores();
  const std::string seen = "cores " + list_of(allowed) + ", of them for workers " + list_of(workers);
  if (const auto missing = without(workers, allowed); !missing.empty())
    return {fault("cpu-count", "cores " + list_of(missing) + " are none that a process may use here",
                  "the daemon does not start",
                  "dataplane.cores among " + list_of(allowed) + ", or a wider cpuset (AllowedCPUs=)")};
  const std::size_t wanted = subject.config != nullptr ? subject.config->dataplane.workers : 1;
  if (workers.size() < wanted)
    return {fault("cpu-count",
                  std::to_string(wanted) + " workers and " + std::to_string(workers.size()) + " cores",
                  "the daemon does not start", "fewer dataplane.workers, or more cores")};
  if (workers.size() == allowed.size())
    return {advice("cpu-count", seen,
                   "no core is left for replication and heartbeats: under load failures are noticed late",
                   "one core more than workers at least")};
  return {ok("cpu-count", seen)};
}

Findings check_isolation(const Subject& subject) {
  const auto workers = subject.worker_cores();
  std::string missing;
  for (const auto& [file, parameter] :
       {std::pair("isolated", "isolcpus"), std::pair("nohz_full", "nohz_full")}) {
    const auto list = numbers_of(subject.host.line(std::string(kCpus) + file).value_or(""));
    if (!without(workers, list).empty())
      missing += (missing.empty() ? "" : " ") + std::string(parameter) + "=" + list_of(workers);
  }
  if (missing.empty()) return {ok("isolation", "nothing else is scheduled on cores " + list_of(workers))};
  return {advice("isolation",
                 "workers' cores " + list_of(workers) + " are shared with the rest of the system",
                 "other programs and timer ticks stop workers for milliseconds: latency, and longer pauses",
                 "on the kernel's command line: " + missing + " rcu_nocbs=" + list_of(workers))};
}

Findings check_governor(const Subject& subject) {
  const auto workers = subject.worker_cores();
  for (const std::uint32_t core : workers) {
    const auto governor =
        subject.host.line(kCpus + ("cpu" + std::to_string(core)) + "/cpufreq/scaling_governor");
    if (!governor || *governor == "performance") continue;
    return {advice("governor", "core " + std::to_string(core) + " is governed by " + *governor,
                   "the core slows down in quiet times and is slow when packets come",
                   "cpupower frequency-set --governor performance")};
  }
  return {ok("governor", "workers' cores keep their pace")};
}

}  // namespace stillwater::appliance::doctor
