// What the host itself is: processor, memory, kernel, limits, clocks. A test a finding.
#include <catch2/catch.hpp>

#include "tests/unit/doctor/fake_host.h"

namespace stillwater::appliance::doctor::test {
namespace {

using Catch::Matchers::Contains;

constexpr Check kOfHost[] = {
    check_cpu_flags,     check_cpu_count, check_isolation,  check_governor, check_hugepages,
    check_memory,        check_swap,      check_numa,       check_trackers, check_capabilities,
    check_locked_memory, check_realtime,  check_open_files, check_kvm,      check_clock_source,
    check_clock_sync,    check_disk,
};

TEST_CASE("a healthy host is in order, in each check") {
  const Examined examined;
  for (const Check check : kOfHost)
    for (const Finding& finding : examined.all_of(check)) {
      INFO(finding.check << ": " << finding.seen);
      CHECK(finding.verdict == Verdict::ok);
    }
}

TEST_CASE("a host of which nothing can be read makes no check fail to answer") {
  FakeHost empty;
  empty.remove("/proc");
  empty.remove("/sys");
  const Host host = empty.host();
  FakeSystem system;
  for (const Check check : kOfHost) CHECK_NOTHROW(check({host, system, nullptr}));
}

TEST_CASE("a processor without an instruction that DPDK needs is a fault, named") {
  Examined e;
  e.files.put("/proc/cpuinfo", "flags : ssse3 sse4_1 popcnt constant_tsc nonstop_tsc\n");
  const Finding finding = e.of(check_cpu_flags);
  CHECK(finding.verdict == Verdict::fault);
  CHECK(finding.seen == "the processor has no sse4_2");
}

TEST_CASE("a time stamp counter that stops or changes its pace is advised against") {
  Examined e;
  e.files.put("/proc/cpuinfo", "flags : ssse3 sse4_1 sse4_2 popcnt constant_tsc\n");
  CHECK(e.of(check_cpu_flags).verdict == Verdict::advice);
}

TEST_CASE("cores") {
  Examined e;
  SECTION("that are not there are a fault") {
    e.config.eal.cores = {3, 4};
    e.config.dataplane.workers = 2;
    CHECK(e.of(check_cpu_count).verdict == Verdict::fault);
    CHECK_THAT(e.of(check_cpu_count).seen, Contains("cores 4"));
  }
  SECTION("fewer than workers are a fault") {
    e.config.dataplane.workers = 5;
    CHECK(e.of(check_cpu_count).verdict == Verdict::fault);
  }
  SECTION("as many as workers leave none for heartbeats") {
    e.config.dataplane.workers = 4;
    CHECK(e.of(check_cpu_count).verdict == Verdict::advice);
  }
}

TEST_CASE("workers' cores that others are scheduled on: the parameters for exactly those are named") {
  Examined e;
  e.config.dataplane.workers = 2;
  const Finding finding = e.of(check_isolation);
  CHECK(finding.verdict == Verdict::advice);
  CHECK_THAT(finding.remedy, Contains("isolcpus=2-3 nohz_full=2-3 rcu_nocbs=2-3"));
}

TEST_CASE("isolated cores that still get timer ticks lack nohz_full alone") {
  Examined e;
  e.files.put("/sys/devices/system/cpu/nohz_full", "(null)\n");
  const Finding finding = e.of(check_isolation);
  CHECK(finding.verdict == Verdict::advice);
  CHECK_THAT(finding.remedy, Contains("nohz_full=3") && !Contains("isolcpus"));
}

TEST_CASE("a governor that saves power matters on workers' cores only") {
  Examined e;
  e.files.put("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", "powersave\n");
  CHECK(e.of(check_governor).verdict == Verdict::ok);
  e.files.put("/sys/devices/system/cpu/cpu3/cpufreq/scaling_governor", "powersave\n");
  CHECK(e.of(check_governor).verdict == Verdict::advice);
}

TEST_CASE("hugepages") {
  Examined e;
  SECTION("too few of them: how many are wanted") {
    e.files.put("/sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages", "10\n");
    const Finding finding = e.of(check_hugepages);
    CHECK(finding.verdict == Verdict::fault);
    CHECK(finding.seen == "20 MiB free; dataplane.memory wants 256 MiB");
    CHECK_THAT(finding.remedy, Contains("vm.nr_hugepages=128"));
  }
  SECTION("of 1 GiB count as well") {
    e.files.put("/sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages", "0\n");
    e.files.put("/sys/kernel/mm/hugepages/hugepages-1048576kB/free_hugepages", "1\n");
    CHECK(e.of(check_hugepages).verdict == Verdict::ok);
  }
  SECTION("not asked for: advice; with cards a fault") {
    e.config.eal.hugepages = false;
    CHECK(e.of(check_hugepages).verdict == Verdict::advice);
    e.config.dataplane.ports.resize(1);
    e.config.dataplane.ports[0].device = "0000:3b:00.0";
    CHECK(e.of(check_hugepages).verdict == Verdict::fault);
  }
}

TEST_CASE("memory: too little for packets is a fault, too little for full tables advice") {
  Examined e;
  e.config.eal.hugepages = false;
  e.files.put("/proc/meminfo", "MemAvailable: 300000 kB\n");
  CHECK(e.of(check_memory).verdict == Verdict::advice);
  e.files.put("/proc/meminfo", "MemAvailable: 200000 kB\n");
  CHECK(e.of(check_memory).verdict == Verdict::fault);
}

TEST_CASE("swap is advised against") {
  Examined e;
  e.files.put("/proc/meminfo", "SwapTotal: 1048576 kB\n");
  CHECK(e.of(check_swap).verdict == Verdict::advice);
}

TEST_CASE("two nodes of memory") {
  Examined e;
  e.files.put("/sys/devices/system/node/online", "0-1\n");
  e.files.put("/sys/devices/system/node/node0/cpulist", "0-1\n");
  e.files.put("/sys/devices/system/node/node1/cpulist", "2-3\n");
  e.files.put("/sys/devices/system/node/node1/hugepages/hugepages-2048kB/free_hugepages", "512\n");
  SECTION("workers, cards and memory on one of them") { CHECK(e.of(check_numa).verdict == Verdict::ok); }
  SECTION("workers on both") {
    e.config.eal.cores = {1, 2};
    CHECK(e.of(check_numa).seen == "workers are on nodes 0-1");
  }
  SECTION("a card on the other") {
    e.config.dataplane.ports.resize(1);
    e.config.dataplane.ports[0].device = "3b:00.0";
    e.files.put("/sys/bus/pci/devices/0000:3b:00.0/numa_node", "0\n");
    CHECK(e.of(check_numa).seen == "0000:3b:00.0 is on node 0, its workers on node 1");
  }
  SECTION("no hugepages where the workers are") {
    e.files.put("/sys/devices/system/node/node1/hugepages/hugepages-2048kB/free_hugepages", "0\n");
    CHECK(e.of(check_numa).verdict == Verdict::advice);
  }
}

TEST_CASE("a tracker that does not work is a fault only where the configuration needs it") {
  Examined e;
  e.system.all[1].usable = fail(Errc::unavailable, "pagemap: no PAGEMAP_SCAN");
  CHECK(e.all_of(check_trackers)[1].verdict == Verdict::ok);
  SECTION("by name") { e.config.checkpoint.tracker = "pagemap"; }
  SECTION("to verify marks") { e.config.checkpoint.verify = true; }
  if (e.config.checkpoint.verify || e.config.checkpoint.tracker == "pagemap")
    CHECK(e.all_of(check_trackers)[1].verdict == Verdict::fault);
}

TEST_CASE("capabilities that this process lacks are named with what is lost") {
  Examined e;
  e.files.put("/proc/self/status",
              "CapEff:\t0000000000003000\nCpus_allowed_list:\t0-3\n");  // NET_ADMIN, NET_RAW
  const Findings findings = e.all_of(check_capabilities);
  REQUIRE(findings.size() == 2);
  CHECK_THAT(findings[0].seen, Contains("CAP_SYS_NICE"));
  CHECK_THAT(findings[1].seen, Contains("CAP_IPC_LOCK"));
  e.config.replication.fence = FenceKind::ebpf;
  CHECK(e.all_of(check_capabilities).size() == 3);
  e.files.put("/proc/self/status", "CapEff:\t0000000000000000\n");
  CHECK(e.all_of(check_capabilities).front().verdict == Verdict::fault);
}

TEST_CASE("limits bind only who lacks the capability to pass them") {
  Examined e;
  e.files.put("/proc/self/limits",
              "Max locked memory         8388608              8388608              bytes\n"
              "Max open files            256                  256                  files\n"
              "Max realtime priority     0                    0\n");
  CHECK(e.of(check_locked_memory).verdict == Verdict::ok);
  CHECK(e.of(check_realtime).verdict == Verdict::ok);
  CHECK(e.of(check_open_files).verdict == Verdict::advice);
  e.files.put("/proc/self/status", "CapEff:\t0000000000000000\n");
  CHECK(e.of(check_locked_memory).seen == "at most 8192 KiB");
  CHECK(e.of(check_realtime).verdict == Verdict::advice);
}

TEST_CASE("a kernel that gives real-time threads no time is told of") {
  Examined e;
  e.files.put("/proc/sys/kernel/sched_rt_runtime_us", "0\n");
  CHECK(e.of(check_realtime).verdict == Verdict::advice);
}

TEST_CASE("clocks: a slow source, and one that nobody sets") {
  Examined e;
  e.files.put("/sys/devices/system/clocksource/clocksource0/current_clocksource", "acpi_pm\n");
  e.system.is_synchronised = false;
  CHECK(e.of(check_clock_source).verdict == Verdict::advice);
  CHECK(e.of(check_clock_sync).verdict == Verdict::advice);
}

TEST_CASE("no room on a disk is a fault") {
  Examined e;
  e.system.free = 1024;
  for (const Finding& finding : e.all_of(check_disk)) CHECK(finding.verdict == Verdict::fault);
}

}  // namespace
}  // namespace stillwater::appliance::doctor::test
