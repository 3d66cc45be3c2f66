#include "tests/rig/load/programs/ssh.h"

#include <filesystem>

#include <fmt/format.h>

#include "tests/rig/load/programs/files.h"
#include "tests/rig/process/command.h"

namespace stillwater::rig {
namespace {

constexpr std::uint16_t kPort = 2222;
constexpr double kBytesPerSecond = 64 << 10;

}  // namespace

// The server's home is a folder of ours, in a mount namespace of its own: the key of this run opens no door
// on the host.
Status Ssh::start_server() {
  std::error_code error;
  std::filesystem::remove_all(file(""), error);
  std::filesystem::create_directories(file("home/.ssh"), error);
  const double seconds = std::chrono::duration<double>(place_.runs_for).count();
  const Status made =
      must_run({"ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", file("key")})
          .and_then([&] {
            return must_run({"dropbearkey", "-t", "ed25519", "-f", file("host_key")});
          })
          .and_then([&] {
            return must_run({"cp", file("key.pub"), file("home/.ssh/authorized_keys")});
          })
          .and_then([&] {
            return must_run({"chmod", "-R", "go-rwx", file("home")});
          })
          .and_then([&] {
            return write_numbered(file("sent"), static_cast<std::uint64_t>(kBytesPerSecond * seconds));
          });
  if (!made) return made;
  const std::string serve =
      fmt::format("mount --bind '{}' ~root && exec dropbear -F -E -s -P '{}' -r '{}' -p {}", file("home"),
                  file("pid"), file("host_key"), kPort);
  auto server =
      Child::start({"unshare", "--mount", "sh", "-c", serve}, place_.server_space_fd, file("server.log"));
  if (!server) return tl::unexpected(server.error());
  server_.emplace(std::move(*server));
  return {};
}

Result<bool> Ssh::serving() {
  if (const auto how = server_->ended())
    return fail(Errc::unavailable, "dropbear " + *how + ": " + tail_of(server_->log_path(), 1));
  return listens(place_.server_space_fd, kPort);
}

// curl reads the file at a steady rate; the far end's cat sends back what arrives.
Status Ssh::start_client() {
  const std::string talk = fmt::format(
      "curl --silent --limit-rate {} 'file://{}' | ssh -p {} -i '{}' -o BatchMode=yes -o IdentitiesOnly=yes "
      "-o StrictHostKeyChecking=accept-new -o UserKnownHostsFile='{}' root@{} cat > '{}'",
      static_cast<std::uint64_t>(kBytesPerSecond), std::filesystem::absolute(file("sent")).string(), kPort,
      file("key"), file("known_hosts"), place_.server_address, file("got"));
  auto client = Child::start({"sh", "-c", talk}, place_.client_space_fd, file("client.log"));
  if (!client) return tl::unexpected(client.error());
  client_.emplace(std::move(*client));
  return {};
}

bool Ssh::over() { return !client_ || client_->ended(); }

ProgramOutcome Ssh::finish() {
  const bool hangs = !over();
  if (client_) client_->stop(2s);
  if (server_) server_->stop(2s);
  if (!client_) return {{}, "it was not started"};
  const Comparison echoed = compare_files(file("sent"), file("got"));
  ProgramOutcome outcome;
  outcome.figures["echoed_bytes"] = static_cast<double>(echoed.bytes);
  outcome.figures["complete"] = echoed.complete && !echoed.wrong_at ? 1 : 0;
  const std::string words = tail_of(client_->log_path(), 1);
  if (echoed.wrong_at)
    outcome.broke = fmt::format("byte {} of what came back is wrong", *echoed.wrong_at);
  else if (hangs)
    outcome.broke = "it hung and was ended";
  else if (!echoed.complete)
    outcome.broke = "the session ended too soon" + (words.empty() ? words : ": " + words);
  std::error_code error;
  for (const char* name : {"sent", "got", "key", "key.pub", "host_key"})
    std::filesystem::remove(file(name), error);
  return outcome;
}

}  // namespace stillwater::rig
