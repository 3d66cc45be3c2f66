#include "appliance/doctor/checks.h"

namespace stillwater::appliance::doctor {
namespace {

constexpr unsigned kNetAdmin = 12, kNetRaw = 13, kIpcLock = 14, kSysNice = 23,
                   kBpf = 39;  // linux/capability.h

}  // namespace

// PAGEMAP_SCAN and asynchronous write protection are one tracker's, SIGSEGV another's: each tries itself.
Findings check_trackers(const Subject& subject) {
  Findings findings;
  const std::string wanted = subject.config != nullptr ? subject.config->checkpoint.tracker : "auto";
  const bool verifies = subject.config != nullptr && subject.config->checkpoint.verify;
  for (const auto& [name, usable] : subject.system.trackers()) {
    const std::string check = "tracker " + name;
    const std::string why = usable ? "" : usable.error().message;
    if (usable)
      findings.push_back(ok(check, "finds what is written"));
    else if (name == wanted)
      findings.push_back(fault(check, why, "checkpoint.tracker asks for it: the daemon does not start",
                               "checkpoint.tracker: auto; pagemap needs Linux 6.7"));
    else if (name == "pagemap" && verifies)
      findings.push_back(fault(check, why, "checkpoint.verify compares with it: the daemon does not start",
                               "Linux 6.7, or checkpoint.verify: false"));
    else
      findings.push_back(ok(check, "not usable, and not asked for: " + why));
  }
  return findings;
}

// As this process has them: run as the daemon runs.
Findings check_capabilities(const Subject& subject) {
  struct Needed {
    unsigned number;
    const char* name;
    const char* without;
    bool is_fault;
  };
  const bool fenced = subject.config != nullptr && subject.config->replication.fence == FenceKind::ebpf;
  std::vector<Needed> all = {
      {kNetRaw, "CAP_NET_RAW", "ports on packet sockets do not open", true},
      {kNetAdmin, "CAP_NET_ADMIN", "ports do not become promiscuous", true},
      {kSysNice, "CAP_SYS_NICE", "heartbeats wait for other programs: failures are noticed late, or falsely",
       false},
      {kIpcLock, "CAP_IPC_LOCK", "memory is locked only up to the limit", false},
  };
  if (fenced) all.push_back({kBpf, "CAP_BPF", "fence: ebpf does not load: the daemon does not start", true});
  Findings findings;
  for (const Needed& one : all) {
    if (subject.has_capability(one.number)) continue;
    const std::string seen = std::string("not held by this process: ") + one.name;
    const std::string remedy = "run the doctor and the daemon as root; in a container: --cap-add";
    findings.push_back(one.is_fault ? fault("capabilities", seen, one.without, remedy)
                                    : advice("capabilities", seen, one.without, remedy));
  }
  if (findings.empty()) findings.push_back(ok("capabilities", "what the daemon needs"));
  return findings;
}

// Only who duplicates virtual machines needs it.
Findings check_kvm(const Subject& subject) {
  if (subject.host.has("/dev/kvm")) return {ok("kvm", "/dev/kvm is there")};
  return {ok("kvm", "no /dev/kvm; the daemon does without, only the tracker of virtual machines needs it")};
}

}  // namespace stillwater::appliance::doctor
