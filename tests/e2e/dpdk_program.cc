#include "tests/e2e/dpdk_program.h"

#include <atomic>
#include <filesystem>

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <catch2/catch.hpp>
#include <fcntl.h>

namespace stillwater::e2e {
namespace {

using nlohmann::json;

constexpr Nanos kAnswersWithin = 10s;

UniqueFd connect_to(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof(address.sun_path) - 1);
  UniqueFd fd(socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
  const timeval limit{.tv_sec = kAnswersWithin / 1s, .tv_usec = 0};
  setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
  if (connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) fd.reset();
  return fd;
}

json receive(const UniqueFd& fd) {
  std::string text(64 * 1024, '\0');
  const ssize_t bytes = recv(fd.get(), text.data(), text.size(), 0);
  text.resize(bytes > 0 ? static_cast<std::size_t>(bytes) : 0);
  const auto answer = json::parse(text, nullptr, false);
  return answer.is_discarded() ? json() : answer;
}

}  // namespace

DpdkProgram::DpdkProgram(const rig::Space& space, const std::string& program, std::vector<std::string> eal,
                         const std::vector<std::string>& own, bool with_plugin) {
  static std::atomic<int> serial{0};
  prefix_ = "swplug" + std::to_string(getpid()) + "-" + std::to_string(serial++);
  folder_ = "/run/" + prefix_;
  socket_ = "/var/run/dpdk/" + prefix_ + "/dpdk_telemetry.v2";
  std::filesystem::create_directory(folder_);
  std::filesystem::copy_file(STILLWATER_AGENT, folder_ + "/agent.so");
  const std::string input = folder_ + "/input";
  REQUIRE(mkfifo(input.c_str(), 0600) == 0);
  input_.reset(open(input.c_str(), O_RDWR | O_CLOEXEC));
  REQUIRE(input_);
  // Everything that the rig starts reads from /dev/null; this one is spoken to.
  std::vector<std::string> argv{"sh",
                                "-c",
                                "input=$1; shift; exec \"$@\" < \"$input\"",
                                "sh",
                                input,
                                program,
                                "--no-huge",
                                "--no-pci",
                                "-m",
                                "256",
                                "--file-prefix",
                                prefix_};
  if (with_plugin) eal.insert(eal.end(), {"-d", folder_ + "/agent.so"});
  eal.emplace_back("--");
  argv.insert(argv.end(), eal.begin(), eal.end());
  argv.insert(argv.end(), own.begin(), own.end());
  auto child = rig::Child::start(argv, space.fd(), folder_ + "/log");
  REQUIRE(child.has_value());
  child_.emplace(std::move(*child));
  const bool answers = eventually(30s, [&] { return !runs() || ask("/").is_object(); });
  INFO(log());
  REQUIRE(runs());
  REQUIRE(answers);
}

DpdkProgram::~DpdkProgram() {
  if (child_) child_->stop(5s);
  std::error_code none;
  std::filesystem::remove_all(folder_, none);
  std::filesystem::remove_all("/var/run/dpdk/" + prefix_, none);
}

std::string DpdkProgram::log() const { return rig::tail_of(folder_ + "/log", 30); }

void DpdkProgram::type(const std::string& line) {
  const std::string text = line + "\n";
  REQUIRE(write(input_.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size()));
}

rig::CommandOutput DpdkProgram::ctl(std::vector<std::string> words) const {
  words.insert(words.begin(), {STILLWATERCTL, "agent", "--file-prefix", prefix_, "--timeout", "20s"});
  auto output = rig::run_command(words, 30s);
  REQUIRE(output.has_value());
  return std::move(*output);
}

json DpdkProgram::ctl_json(std::vector<std::string> words) const {
  words.emplace_back("--json");
  const auto output = ctl(std::move(words));
  INFO(output.err);
  REQUIRE(output.exit_status == 0);
  return json::parse(output.out);
}

json DpdkProgram::ask(const std::string& line) const {
  const UniqueFd fd = connect_to(socket_);
  if (!fd || !receive(fd).is_object()) return {};
  if (send(fd.get(), line.data(), line.size(), MSG_NOSIGNAL) < 0) return {};
  return receive(fd);
}

std::vector<std::uint64_t> DpdkProgram::column(const std::string& name) const {
  const auto answer = ask("/stillwater/status");
  INFO(answer.dump());
  REQUIRE(answer.contains("/stillwater/status"));
  return answer["/stillwater/status"][name].get<std::vector<std::uint64_t>>();
}

bool DpdkProgram::polls_again(std::uint64_t times) const {
  const auto before = column("polls");
  return eventually(30s, [&] {
    const auto now = column("polls");
    for (std::size_t port = 0; port < before.size(); ++port) {
      if (now[port] < before[port] + times) return false;
    }
    return true;
  });
}

}  // namespace stillwater::e2e
