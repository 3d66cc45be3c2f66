#include <cstdlib>

#include <fmt/format.h>

#include "appliance/doctor/checks.h"

namespace stillwater::appliance::doctor {
namespace {

constexpr std::uint64_t kKiB = 1024;
constexpr std::uint64_t kMiB = 1024 * kKiB;

// Outside of DPDK's memory: the programs themselves, and what the region takes whatever its size.
constexpr std::uint64_t kBesideMiB = 256;
constexpr std::uint64_t kSessionBytes =
    1024;  // in the region, its indexes and staging, with a binding: an upper bound

std::uint64_t available_mib(const Host& host) {
  const auto words = words_of(host.field("/proc/meminfo", "MemAvailable").value_or("0 kB"));
  return words.empty() ? 0 : std::strtoull(words.front().c_str(), nullptr, 10) / kKiB;
}

struct Pages {
  std::uint64_t size_kib;
  std::uint64_t free;
};

std::vector<Pages> pages_of(const Host& host, const std::string& folder) {
  std::vector<Pages> found;
  for (const std::string& name : host.names_in(folder)) {  // hugepages-2048kB
    if (!name.starts_with("hugepages-")) continue;
    found.push_back({std::strtoull(name.c_str() + std::string("hugepages-").size(), nullptr, 10),
                     host.number(folder + "/" + name + "/free_hugepages").value_or(0)});
  }
  return found;
}

std::uint64_t mib_of(const std::vector<Pages>& all) {
  std::uint64_t kib = 0;
  for (const Pages& pages : all) kib += pages.size_kib * pages.free;
  return kib / kKiB;
}

}  // namespace

// --in-memory takes them without a mount of hugetlbfs.
Findings check_hugepages(const Subject& subject) {
  const std::uint64_t free_mib = mib_of(pages_of(subject.host, "/sys/kernel/mm/hugepages"));
  const Config* config = subject.config;
  if (config == nullptr) return {ok("hugepages", fmt::format("{} MiB free", free_mib))};
  const std::uint64_t wanted = config->eal.memory_mib;
  const std::uint64_t pages = (wanted + 1) / 2;
  if (config->eal.hugepages && free_mib < wanted)
    return {fault(
        "hugepages", fmt::format("{} MiB free; dataplane.memory wants {} MiB", free_mib, wanted),
        "the daemon does not start",
        fmt::format("sysctl -w vm.nr_hugepages={}, and vm.nr_hugepages in /etc/sysctl.d for the next boot; "
                    "or dataplane.hugepages: false",
                    pages))};
  if (config->eal.hugepages)
    return {ok("hugepages", fmt::format("{} MiB free, {} MiB wanted", free_mib, wanted))};
  if (!pci_devices(*config).empty())
    return {fault("hugepages", "dataplane.hugepages: false, and ports on PCI devices",
                  "most drivers of network cards need memory whose physical pages lie still",
                  fmt::format("dataplane.hugepages: true, and sysctl -w vm.nr_hugepages={}", pages))};
  return {advice("hugepages", "dataplane.hugepages: false",
                 "packet buffers in pages of 4 KiB: more misses of the TLB, a few percent of throughput",
                 fmt::format("dataplane.hugepages: true, and sysctl -w vm.nr_hugepages={}", pages))};
}

Findings check_memory(const Subject& subject) {
  const std::uint64_t available = available_mib(subject.host);
  if (subject.config == nullptr) return {ok("memory", fmt::format("{} MiB available", available))};
  const Config& config = *subject.config;
  const std::uint64_t packets = config.eal.hugepages ? 0 : config.eal.memory_mib;
  const std::uint64_t sessions = std::uint64_t{config.dataplane.sessions_max} * kSessionBytes / kMiB;
  const std::uint64_t wanted = packets + kBesideMiB + sessions;
  const std::string seen = fmt::format("{} MiB available, about {} MiB wanted", available, wanted);
  const std::string remedy = "more memory, or less of dataplane.sessions and dataplane.memory";
  if (available < packets) return {fault("memory", seen, "the daemon does not start", remedy)};
  if (available < wanted)
    return {advice("memory", seen, "with full tables the kernel may end the daemon", remedy)};
  return {ok("memory", seen)};
}

Findings check_swap(const Subject& subject) {
  const auto words = words_of(subject.host.field("/proc/meminfo", "SwapTotal").value_or("0 kB"));
  if (words.empty() || words.front() == "0") return {ok("swap", "none")};
  return {
      advice("swap", fmt::format("{} KiB of swap", words.front()),
             "the region and what checkpoints need are locked; programs beside them can be swapped out, and "
             "are slow to come back",
             "swapoff -a, and no swap in /etc/fstab")};
}

// Workers, their memory and their cards on one node.
Findings check_numa(const Subject& subject) {
  const Host& host = subject.host;
  const std::string nodes = "/sys/devices/system/node";
  const auto online = numbers_of(host.line(nodes + "/online").value_or("0"));
  if (online.size() < 2) return {ok("numa", "one node")};
  const auto workers = subject.worker_cores();
  std::vector<std::uint32_t> used;
  for (const std::uint32_t node : online) {
    const std::string folder = nodes + "/node" + std::to_string(node);
    for (const std::uint32_t core : numbers_of(host.line(folder + "/cpulist").value_or("")))
      for (const std::uint32_t worker : workers)
        if (core == worker && (used.empty() || used.back() != node)) used.push_back(node);
  }
  if (used.size() > 1)
    return {advice("numa", "workers are on nodes " + list_of(used),
                   "tables and packets lie in the other node's memory half of the time",
                   "dataplane.cores of one node")};
  const std::uint32_t node = used.empty() ? 0 : used.front();
  if (subject.config == nullptr) return {ok("numa", "workers are on node " + std::to_string(node))};
  for (const std::string& device : pci_devices(*subject.config)) {
    const auto its = host.line("/sys/bus/pci/devices/" + device + "/numa_node");
    if (!its || *its == "-1" || *its == std::to_string(node)) continue;
    return {advice("numa", fmt::format("{} is on node {}, its workers on node {}", device, *its, node),
                   "each packet crosses between the nodes",
                   fmt::format("dataplane.cores of node {}: cat {}/node{}/cpulist", *its, nodes, *its))};
  }
  const auto pages = pages_of(host, fmt::format("{}/node{}/hugepages", nodes, node));
  if (subject.config->eal.hugepages && mib_of(pages) < subject.config->eal.memory_mib)
    return {advice("numa", fmt::format("{} MiB of hugepages on the workers' node {}", mib_of(pages), node),
                   "packet buffers come from the other node",
                   fmt::format("echo {} > {}/node{}/hugepages/hugepages-2048kB/nr_hugepages",
                               (subject.config->eal.memory_mib + 1) / 2, nodes, node))};
  return {ok("numa", fmt::format("workers, cards and memory on node {}", node))};
}

}  // namespace stillwater::appliance::doctor
