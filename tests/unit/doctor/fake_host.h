// A host in a folder, healthy until a test takes something away.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>

#include <arpa/inet.h>

#include "appliance/doctor/checks.h"

namespace stillwater::appliance::doctor::test {

class FakeHost {
 public:
  FakeHost() : path_("/tmp/stillwater-doctor-XXXXXX") {
    if (::mkdtemp(path_.data()) == nullptr) throw std::runtime_error("cannot create " + path_);
    put("/proc/cpuinfo",
        "processor\t: 0\nflags\t\t: fpu ssse3 sse4_1 sse4_2 popcnt constant_tsc nonstop_tsc\n");
    put("/proc/self/status", "CapEff:\t000001ffffffffff\nCpus_allowed_list:\t0-3\n");
    put("/sys/devices/system/cpu/isolated", "3\n");
    put("/sys/devices/system/cpu/nohz_full", "3\n");
    put("/sys/devices/system/cpu/cpu3/cpufreq/scaling_governor", "performance\n");
    put("/sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages", "512\n");
    put("/proc/meminfo", "MemTotal: 8000000 kB\nMemAvailable:    6000000 kB\nSwapTotal:  0 kB\n");
    put("/sys/devices/system/node/online", "0\n");
    put("/proc/self/limits",
        "Limit                     Soft Limit           Hard Limit           Units\n"
        "Max locked memory         unlimited            unlimited            bytes\n"
        "Max open files            65536                65536                files\n"
        "Max realtime priority     0                    0\n");
    put("/proc/sys/kernel/sched_rt_runtime_us", "950000\n");
    put("/sys/devices/system/clocksource/clocksource0/current_clocksource", "tsc\n");
  }
  ~FakeHost() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  FakeHost(const FakeHost&) = delete;
  FakeHost& operator=(const FakeHost&) = delete;

  void put(const std::string& file, const std::string& text) const {
    const std::filesystem::path path = path_ + file;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path) << text;
  }
  void link(const std::string& file, const std::string& target) const {
    const std::filesystem::path path = path_ + file;
    std::filesystem::create_directories(path.parent_path());
    std::filesystem::create_symlink(target, path);
  }
  void folder(const std::string& path) const { std::filesystem::create_directories(path_ + path); }
  void mode(const std::string& path, unsigned bits) const {
    std::filesystem::permissions(path_ + path, static_cast<std::filesystem::perms>(bits));
  }
  void remove(const std::string& path) const { std::filesystem::remove_all(path_ + path); }
  // The kernel's interface, up, without ARP and with a link.
  void interface(const std::string& name) const {
    put("/sys/class/net/" + name + "/flags", "0x1083\n");  // up, broadcast, no ARP
    put("/sys/class/net/" + name + "/carrier", "1\n");
  }

  [[nodiscard]] Host host() const { return Host(path_); }

 private:
  std::string path_;
};

inline IpPrefix v4(const char* address, std::uint8_t length) {
  in_addr read{};
  inet_pton(AF_INET, address, &read);
  return {IpAddress::v4(read.s_addr), length};
}

struct FakeSystem final : System {
  std::vector<trackers::Availability> all{{"barrier", {}}, {"pagemap", {}}, {"mprotect", {}}};
  std::vector<LocalAddress> local{{"link0", v4("10.80.3.1", 24)}};
  bool is_synchronised = true;
  std::chrono::sys_seconds time = std::chrono::sys_days(std::chrono::year(2026) / 6 / 1);
  std::uint64_t free = std::uint64_t{1} << 40;

  [[nodiscard]] std::vector<trackers::Availability> trackers() const override { return all; }
  [[nodiscard]] std::vector<LocalAddress> addresses() const override { return local; }
  [[nodiscard]] bool clock_is_synchronised() const override { return is_synchronised; }
  [[nodiscard]] std::chrono::sys_seconds now() const override { return time; }
  [[nodiscard]] std::optional<std::uint64_t> free_bytes(const std::string&) const override { return free; }
};

// A host with a node's configuration, for one check after another.
struct Examined {
  FakeHost files;
  FakeSystem system;
  Config config;

  Examined() { config.eal.hugepages = true; }

  // The check's only finding. Throws where it has several or none.
  [[nodiscard]] Finding of(Check check) const {
    Findings found = all_of(check);
    if (found.size() != 1) throw std::runtime_error(std::to_string(found.size()) + " findings");
    return found.front();
  }
  [[nodiscard]] Findings all_of(Check check) const {
    const Host host = files.host();
    return check({host, system, &config});
  }
};

}  // namespace stillwater::appliance::doctor::test
