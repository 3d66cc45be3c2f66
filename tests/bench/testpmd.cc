#include "tests/bench/testpmd.h"

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <thread>
#include <vector>

#include <sys/prctl.h>
#include <sys/wait.h>

#include <poll.h>
#include <pty.h>
#include <unistd.h>

namespace stillwater::bench {
namespace {

constexpr const char* kPrompt = "testpmd> ";
constexpr const char* kRate = "Tx-pps:";
constexpr unsigned kFirstBursts = 8;  // of 32 packets, into each port
constexpr Nanos kPatience = 30s;
constexpr Nanos kWarmUp = 200ms;

std::vector<std::string> command_line(const std::string& driver, bool hugepages) {
  std::vector<std::string> words{
      "dpdk-testpmd",   "--lcores",       "0@0,1@" + std::to_string(std::thread::hardware_concurrency() - 1),
      "--no-pci",       "--no-telemetry", "--file-prefix",
      "stillwater-peer"};
  if (hugepages)
    words.emplace_back("--in-memory");
  else
    words.insert(words.end(), {"--no-huge", "-m", "256", "--no-shconf"});
  words.insert(words.end(), {"--vdev=" + driver + "0", "--vdev=" + driver + "1", "--", "-i", "--txpkts=60",
                             "--no-flush-rx", "--total-num-mbufs=16384"});
  return words;
}

[[noreturn]] void become(char* const* argv) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  close_range(STDERR_FILENO + 1, ~0u, 0);
  execvp(argv[0], argv);
  _exit(127);
}

// False at its end, or when nothing came until `deadline`.
bool read_more(int terminal, Instant deadline, std::string& text) {
  const Nanos left = deadline - BootClock{}.now();
  pollfd waiting{terminal, POLLIN, 0};
  if (left <= 0ns || poll(&waiting, 1, static_cast<int>(left / 1ms) + 1) != 1) return false;
  char some[4096];
  const ssize_t n = read(terminal, some, sizeof(some));
  if (n <= 0) return false;
  text.append(some, static_cast<std::size_t>(n));
  return true;
}

bool write_line(int terminal, const std::string& line) {
  const std::string text = line + "\n";
  return write(terminal, text.data(), text.size()) == static_cast<ssize_t>(text.size());
}

std::string tail(const std::string& text) {
  return text.substr(text.size() - std::min<std::size_t>(text.size(), 400));
}

// Of all lines such as "  Tx-pps:     34049214          Tx-bps: ...".
double sum_of_rates(const std::string& text) {
  double sum = 0;
  for (std::size_t at = text.find(kRate); at != std::string::npos; at = text.find(kRate, at + 1))
    sum += std::strtod(text.c_str() + at + std::char_traits<char>::length(kRate), nullptr);
  return sum;
}

}  // namespace

Result<std::unique_ptr<Testpmd>> Testpmd::start(const std::string& driver, bool hugepages) {
  std::vector<std::string> words = command_line(driver, hugepages);
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  int terminal = -1;
  const pid_t pid = forkpty(&terminal, nullptr, nullptr, nullptr);
  if (pid < 0) return fail_errno("cannot start dpdk-testpmd", errno);
  if (pid == 0) become(argv.data());
  std::unique_ptr<Testpmd> testpmd(new Testpmd(pid, UniqueFd(terminal)));
  return testpmd->said_after("").map([&](const std::string&) { return std::move(testpmd); });
}

Testpmd::~Testpmd() {
  const Instant deadline = BootClock{}.now() + 5s;
  std::string last_words;
  if (write_line(terminal_.get(), "quit"))
    while (read_more(terminal_.get(), deadline, last_words)) continue;
  kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
}

Result<std::string> Testpmd::said_after(const std::string& echo) {
  const Instant deadline = BootClock{}.now() + kPatience;
  std::string text;
  for (;;) {
    const std::size_t begin = text.find(echo);
    const std::size_t end = begin == std::string::npos ? begin : text.find(kPrompt, begin + echo.size());
    if (end != std::string::npos) return text.substr(begin, end - begin);
    if (read_more(terminal_.get(), deadline, text)) continue;
    if (BootClock{}.now() >= deadline)
      return fail(Errc::timed_out, "dpdk-testpmd does not answer: " + tail(text));
    return fail(Errc::unavailable, "dpdk-testpmd is not there (package dpdk-dev), or ended: " + tail(text));
  }
}

Result<std::string> Testpmd::answer_to(const std::string& line) {
  if (!write_line(terminal_.get(), line)) return fail_errno("dpdk-testpmd cannot be spoken to", errno);
  return said_after(line);
}

Result<double> Testpmd::forwarded_mpps(const std::string& mode, Nanos window) {
  const std::string start = has_packets_ ? "start" : "start tx_first " + std::to_string(kFirstBursts);
  has_packets_ = true;
  for (const std::string& line : {"set fwd " + mode, start})
    if (const auto done = answer_to(line); !done) return tl::unexpected(done.error());
  std::this_thread::sleep_for(kWarmUp);
  // The rates that it tells are those since it was last asked.
  if (const auto first = answer_to("show port stats all"); !first) return tl::unexpected(first.error());
  std::this_thread::sleep_for(window);
  const auto stats = answer_to("show port stats all");
  if (!stats) return tl::unexpected(stats.error());
  if (const auto stopped = answer_to("stop"); !stopped) return tl::unexpected(stopped.error());
  const double rate = sum_of_rates(*stats);
  if (rate <= 0) return fail(Errc::unavailable, "dpdk-testpmd forwards nothing: " + tail(*stats));
  return rate / 1e6;
}

}  // namespace stillwater::bench
