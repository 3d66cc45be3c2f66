#include "mgmt/unix_socket.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include <sys/socket.h>
#include <sys/un.h>

#include <unistd.h>

#include "base/fd.h"

namespace stillwater::mgmt {
namespace {

// What connect() says of the listener at `path`: 0 or EAGAIN (its queue is full) of a living one.
int probe(const std::string& path) {
  const UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd) return errno;
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  std::memcpy(name.sun_path, path.data(), std::min(path.size(), sizeof(name.sun_path) - 1));
  // POSIX asks for this cast: every address family goes through sockaddr.
  return ::connect(fd.get(), reinterpret_cast<const sockaddr*>(&name), sizeof(name)) == 0 ? 0 : errno;
}

Status check_folder(const std::string& path) {
  const auto parent = std::filesystem::path(path).parent_path();
  const std::string folder = parent.empty() ? "." : parent.string();
  if (::access(folder.c_str(), W_OK | X_OK) == 0) return {};
  return fail_errno("cannot create a socket in " + folder, errno);
}

}  // namespace

Status make_way_for_socket(const std::string& path) {
  if (auto folder = check_folder(path); !folder) return folder;
  struct stat file {};
  if (::lstat(path.c_str(), &file) != 0) {
    if (errno == ENOENT) return {};
    return fail_errno("cannot look at " + path, errno);
  }
  if (!S_ISSOCK(file.st_mode)) {
    return fail(Errc::refused, path + " exists and is not a socket; remove it or configure another path");
  }
  const int answer = probe(path);
  if (answer == 0 || answer == EAGAIN) return fail(Errc::refused, "another daemon listens at unix:" + path);
  if (answer != ECONNREFUSED && answer != ENOENT)
    return fail_errno("cannot tell whether a daemon listens at unix:" + path, answer);
  if (::unlink(path.c_str()) != 0 && errno != ENOENT)
    return fail_errno("cannot remove the stale socket " + path, errno);
  return {};
}

}  // namespace stillwater::mgmt
