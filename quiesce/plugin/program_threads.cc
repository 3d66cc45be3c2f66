#include "quiesce/plugin/program_threads.h"

#include <ctime>
#include <filesystem>
#include <fstream>
#include <string>

#include <unistd.h>

namespace stillwater::quiesce::plugin {
namespace {

// The kernel's id of a thread's processor-time clock: pthread_getcpuclockid's rule, for any thread id.
clockid_t cpu_clock_of(pid_t thread) {
  constexpr clockid_t kPerThreadScheduled = 6;
  return static_cast<clockid_t>((~static_cast<unsigned>(thread)) << 3) | kPerThreadScheduled;
}

}  // namespace

std::vector<ThreadLook> look_at_threads() {
  std::vector<ThreadLook> threads;
  std::error_code none;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/task", none)) {
    const pid_t id = std::stoi(entry.path().filename());
    timespec ran{};
    if (id == gettid() || clock_gettime(cpu_clock_of(id), &ran) != 0) continue;
    threads.push_back({id, std::chrono::seconds(ran.tv_sec) + Nanos(ran.tv_nsec)});
  }
  return threads;
}

bool is_runnable(pid_t thread) {
  std::ifstream file("/proc/self/task/" + std::to_string(thread) + "/stat");
  std::string line;
  std::getline(file, line);
  // The name, in parentheses, may hold anything; the state follows it.
  const std::size_t name_end = line.rfind(')');
  return name_end != std::string::npos && name_end + 2 < line.size() && line[name_end + 2] == 'R';
}

}  // namespace stillwater::quiesce::plugin
