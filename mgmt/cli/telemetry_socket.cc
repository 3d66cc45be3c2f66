#include "mgmt/cli/telemetry_socket.h"

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include <sys/socket.h>
#include <sys/un.h>

#include <fmt/format.h>

namespace stillwater::mgmt::cli {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kAnswerBytesMax = 64 * 1024;  // DPDK announces 16 KiB

tl::unexpected<Failure> unreachable(std::string message) {
  return tl::unexpected(Failure{Exit::unreachable, std::move(message)});
}

std::string why(const std::string& path, int error) {
  switch (error) {
    case ENOENT:
      return "no telemetry socket " + path +
             ": start the program with -d libstillwater_agent.so, and name it by its --file-prefix or "
             "--socket";
    case ECONNREFUSED:
      return "nobody listens on " + path + ": the program that made it has ended; start it again";
    case EACCES:
      return "no right to open " + path + ": ask as the user who runs the program";
    default:
      return "cannot connect to " + path + ": " + std::strerror(error);
  }
}

bool set_limits(const UniqueFd& fd, Nanos timeout) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(timeout);
  const timeval limit{.tv_sec = seconds.count(), .tv_usec = (timeout - seconds) / 1us};
  return setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) == 0 &&
         setsockopt(fd.get(), SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit)) == 0;
}

}  // namespace

std::string telemetry_path(const std::string& file_prefix) {
  const char* given = std::getenv("RUNTIME_DIRECTORY");
  if (given == nullptr && geteuid() != 0) given = std::getenv("XDG_RUNTIME_DIR");
  const std::string folder = given != nullptr ? given : geteuid() == 0 ? "/var/run" : "/tmp";
  return folder + "/dpdk/" + file_prefix + "/dpdk_telemetry.v2";
}

Answer<TelemetrySocket> TelemetrySocket::connect(const std::string& path, Nanos timeout) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof(address.sun_path)) {
    return tl::unexpected(Failure{Exit::usage, "the socket's path is too long: " + path});
  }
  path.copy(address.sun_path, path.size());
  TelemetrySocket socket(UniqueFd(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0)), path);
  if (!socket.fd_ || !set_limits(socket.fd_, timeout) ||
      ::connect(socket.fd_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
    return unreachable(why(path, errno));
  }
  const auto greeting = socket.receive();
  if (!greeting) return tl::unexpected(greeting.error());
  if (!greeting->contains("version")) return unreachable(path + " is no telemetry socket of DPDK");
  return socket;
}

Answer<Json> TelemetrySocket::receive() {
  std::string text(kAnswerBytesMax, '\0');
  const ssize_t bytes = recv(fd_.get(), text.data(), text.size(), 0);
  if (bytes < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
    return unreachable(path_ + " did not answer in time; --timeout gives it longer");
  }
  if (bytes <= 0) return unreachable(path_ + " was closed without an answer: the program may have ended");
  text.resize(static_cast<std::size_t>(bytes));
  auto json = Json::parse(text, nullptr, false);
  if (!json.is_object()) return unreachable(path_ + " answered something that is no JSON object");
  return json;
}

Answer<Json> TelemetrySocket::ask(const std::string& command, const std::string& parameters) {
  const std::string line = parameters.empty() ? command : command + "," + parameters;
  if (send(fd_.get(), line.data(), line.size(), MSG_NOSIGNAL) < 0) {
    return unreachable(fmt::format("cannot ask {}: {}", path_, std::strerror(errno)));
  }
  return receive().map([&](const Json& answer) { return answer.value(command, Json()); });
}

}  // namespace stillwater::mgmt::cli
