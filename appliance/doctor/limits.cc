#include <cstdlib>

#include <fmt/format.h>

#include "appliance/doctor/checks.h"

namespace stillwater::appliance::doctor {
namespace {

constexpr unsigned kIpcLock = 14, kSysNice = 23;
constexpr std::uint64_t kFilesNeeded = 1024, kFilesWanted = 4096;
constexpr std::uint64_t kUnlimited = ~std::uint64_t{0};

// The soft limit in a line of /proc/self/limits.
std::uint64_t limit(const Subject& subject, const std::string& name) {
  const std::string all = subject.host.text("/proc/self/limits").value_or("");
  const std::size_t at = all.find(name);
  if (at == std::string::npos) return 0;
  const auto words = words_of(all.substr(at + name.size(), all.find('\n', at) - at - name.size()));
  if (words.empty()) return 0;
  return words.front() == "unlimited" ? kUnlimited : std::strtoull(words.front().c_str(), nullptr, 10);
}

}  // namespace

Findings check_locked_memory(const Subject& subject) {
  if (subject.has_capability(kIpcLock)) return {ok("locked-memory", "without a limit (CAP_IPC_LOCK)")};
  const std::uint64_t bytes = limit(subject, "Max locked memory");
  if (bytes == kUnlimited) return {ok("locked-memory", "without a limit")};
  return {advice("locked-memory", fmt::format("at most {} KiB", bytes / 1024),
                 "what is not locked can be swapped out, and a pause then waits for a disk",
                 "LimitMEMLOCK=infinity in the unit; ulimit -l unlimited in a shell")};
}

// What real-time threads get of each second belongs here too: 950 ms by default.
Findings check_realtime(const Subject& subject) {
  constexpr std::uint64_t kPriority = 30;  // of heartbeats
  if (!subject.has_capability(kSysNice) && limit(subject, "Max realtime priority") < kPriority)
    return {advice("realtime", "no real-time priority up to 30",
                   "heartbeats wait for other programs: failures are noticed late, or falsely",
                   "LimitRTPRIO=30 in the unit, or CAP_SYS_NICE")};
  const auto runtime = subject.host.line("/proc/sys/kernel/sched_rt_runtime_us");
  if (runtime == "0")
    return {advice("realtime", "kernel.sched_rt_runtime_us is 0", "no thread becomes a real-time thread",
                   "sysctl -w kernel.sched_rt_runtime_us=950000")};
  return {ok("realtime", "heartbeats and replication may have their priorities")};
}

Findings check_open_files(const Subject& subject) {
  const std::uint64_t files = limit(subject, "Max open files");
  if (files >= kFilesNeeded)
    return {ok("open-files", files == kUnlimited ? "without a limit" : fmt::format("{}", files))};
  return {advice("open-files", fmt::format("at most {}", files),
                 "many callers of the management API are turned away",
                 fmt::format("LimitNOFILE={} in the unit", kFilesWanted))};
}

}  // namespace stillwater::appliance::doctor
