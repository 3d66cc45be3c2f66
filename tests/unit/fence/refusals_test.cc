// A fence that cannot stand says what to do.
#include <fstream>
#include <thread>

#include <linux/capability.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <sched.h>
#include <unistd.h>

#include "tests/unit/fence/cable.h"

namespace stillwater::appliance {
namespace {

// Capabilities are a thread's own.
void drop_capabilities() {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct none[2] = {};
  if (syscall(SYS_capset, &header, none) != 0) throw std::runtime_error("cannot drop capabilities");
}

std::string message_of(const Status& status) { return status ? "no error" : status.error().message; }
std::string message_of_load() {
  const auto fence = EbpfFence::load();
  return fence ? "no error" : fence.error().message;
}

void check_says(const std::string& message, const std::string& what) {
  CHECK_THAT(message, Catch::StartsWith("fence: ebpf: ") && Catch::Contains(what) &&
                          Catch::Contains("or set replication.fence to none"));
}

// What `load` says in a process whose boot time is not the kernel's; empty where that cannot be made.
std::string message_in_time_namespace() {
  int ends[2];
  REQUIRE(pipe(ends) == 0);
  const UniqueFd said(ends[0]);
  UniqueFd saying(ends[1]);
  const pid_t outer = fork();
  REQUIRE(outer >= 0);
  if (outer == 0) {
    if (unshare(CLONE_NEWTIME) != 0) _exit(0);
    std::ofstream("/proc/self/timens_offsets") << "boottime 3600 0\n";
    const pid_t inner = fork();  // the first in there
    if (inner == 0) {
      const std::string message = message_of_load();
      _exit(write(saying.get(), message.data(), message.size()) > 0 ? 0 : 1);
    }
    waitpid(inner, nullptr, 0);
    _exit(0);
  }
  saying.reset();
  std::string message;
  char part[512];
  for (ssize_t n; (n = read(said.get(), part, sizeof(part))) > 0;)
    message.append(part, static_cast<std::size_t>(n));
  waitpid(outer, nullptr, 0);
  return message;
}

}  // namespace

TEST_CASE("a process without the capabilities is told which, before anything is attached") {
  std::string message;
  std::thread([&] {
    drop_capabilities();
    message = message_of_load();
  }).join();
  check_says(message, "CAP_BPF and CAP_NET_ADMIN");
}

TEST_CASE("a process that may load the fence but not attach it is told so") {
  Cable cable;
  const auto fence = loaded_fence();
  const Status attached = cable.inside([&] {
    drop_capabilities();
    return fence->attach("eth0");
  });
  check_says(message_of(attached), "cannot make a clsact on eth0");
  CHECK_THAT(message_of(attached), Catch::Contains("CAP_NET_ADMIN"));
  CHECK(cable.fences() == 0);
}

TEST_CASE("an interface that is not there is named") {
  Cable cable;
  const auto fence = loaded_fence();
  const Status attached = cable.inside([&] { return fence->attach("eth7"); });
  check_says(message_of(attached), "no interface 'eth7' in this network namespace");
}

TEST_CASE("an ingress qdisc that is no clsact is in the way, and the message says where to look") {
  Cable cable;
  (void)cable.tc({"qdisc", "add", "dev", "eth0", "ingress"});
  const auto fence = loaded_fence();
  check_says(message_of(cable.attach(*fence)), "tc qdisc show dev eth0");
  CHECK_THAT(cable.tc({"filter", "show", "dev", "eth0", "ingress"}), !Catch::Contains("sw_fence"));
}

TEST_CASE("somebody else's filter at the fence's place is left alone") {
  const auto filter =
      GENERATE(as<std::vector<std::string>>{}, std::vector<std::string>{"u32", "match", "u32", "0", "0"},
               std::vector<std::string>{"handle", "0x5357", "bpf", "bytecode", "1,6 0 0 0"});
  Cable cable;
  (void)cable.tc({"qdisc", "add", "dev", "eth0", "clsact"});
  std::vector<std::string> add = {"filter", "add", "dev", "eth0", "egress", "pref", "1"};
  add.insert(add.end(), filter.begin(), filter.end());
  (void)cable.tc(add);
  const std::string before = cable.tc({"filter", "show", "dev", "eth0", "egress"});
  const auto fence = loaded_fence();
  check_says(message_of(cable.attach(*fence)), "egress priority 1 is the fence's");
  CHECK(cable.tc({"filter", "show", "dev", "eth0", "egress"}) == before);
}

TEST_CASE("a clock of the process's own, which the kernel does not follow, is refused") {
  const std::string message = message_in_time_namespace();
  if (message.empty()) {
    WARN("no time namespace can be made here");
    return;
  }
  check_says(message, "outside of a time namespace");
}

}  // namespace stillwater::appliance
