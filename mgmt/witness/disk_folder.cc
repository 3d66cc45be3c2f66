#include "mgmt/witness/disk_folder.h"

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <string_view>

#include <sys/file.h>
#include <sys/stat.h>

#include <dirent.h>
#include <fcntl.h>

namespace stillwater::mgmt::witness {
namespace {

class DiskFile final : public File {
 public:
  DiskFile(std::string path, UniqueFd fd) : path_(std::move(path)), fd_(std::move(fd)) {}

  Status write(const std::string& bytes) override {
    for (std::string_view rest = bytes; !rest.empty();) {
      const ssize_t written = ::write(fd_.get(), rest.data(), rest.size());
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) return fail_errno("cannot write " + path_, errno);
      rest.remove_prefix(static_cast<std::size_t>(written));
    }
    return {};
  }

  Status sync() override {
    if (::fsync(fd_.get()) == 0) return {};
    return fail_errno("cannot bring " + path_ + " to disk", errno);
  }

 private:
  std::string path_;
  UniqueFd fd_;
};

Result<UniqueFd> open_folder(const std::string& path) {
  UniqueFd fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd) return fail_errno("cannot open the data folder " + path, errno);
  return fd;
}

// A folder that was made just now must itself be found after a power loss.
Status make_folder(const std::string& path) {
  if (::mkdir(path.c_str(), 0700) != 0) {
    if (errno == EEXIST) return {};
    return fail_errno("cannot make the data folder " + path, errno);
  }
  const auto absolute = std::filesystem::absolute(path).lexically_normal();
  const auto parent = absolute.has_filename() ? absolute.parent_path() : absolute.parent_path().parent_path();
  const auto fd = open_folder(parent.string());
  if (!fd) return tl::unexpected(fd.error());
  if (::fsync(fd->get()) != 0) return fail_errno("cannot bring " + parent.string() + " to disk", errno);
  return {};
}

}  // namespace

Result<std::unique_ptr<DiskFolder>> DiskFolder::open_to_read(const std::string& path) {
  return open_folder(path).map(
      [&](UniqueFd&& fd) { return std::unique_ptr<DiskFolder>(new DiskFolder(path, std::move(fd))); });
}

Result<std::unique_ptr<DiskFolder>> DiskFolder::open_and_lock(const std::string& path) {
  if (const Status made = make_folder(path); !made) return tl::unexpected(made.error());
  auto folder = open_to_read(path);
  if (!folder) return folder;
  const int fd = (*folder)->folder_.get();
  if (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
    if (errno == EWOULDBLOCK) return fail(Errc::refused, "another witness uses the data folder " + path);
    return fail_errno("cannot lock the data folder " + path, errno);
  }
  if (::faccessat(fd, ".", W_OK | X_OK, AT_EACCESS) != 0)
    return fail_errno("cannot write into the data folder " + path, errno);
  return folder;
}

tl::unexpected<Error> DiskFolder::failed(const std::string& act, const std::string& name) const {
  return fail_errno(act + path_ + "/" + name, errno);
}

Result<std::vector<std::string>> DiskFolder::list() {
  // A descriptor of its own: the position of folder_ would be where the last list() ended.
  const int fd = ::openat(folder_.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return failed("cannot list ", "");
  DIR* entries = ::fdopendir(fd);
  if (entries == nullptr) {
    const int error = errno;
    ::close(fd);
    return fail_errno("cannot list " + path_, error);
  }
  std::vector<std::string> names;
  errno = 0;
  while (const dirent* entry = ::readdir(entries)) {
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") names.emplace_back(name);
  }
  const int error = errno;
  ::closedir(entries);
  if (error != 0) return fail_errno("cannot list " + path_, error);
  return names;
}

Result<std::string> DiskFolder::read(const std::string& name, std::size_t bytes_at_most) {
  const UniqueFd fd(::openat(folder_.get(), name.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
  if (!fd) return failed("cannot open ", name);
  std::string bytes(bytes_at_most, '\0');
  std::size_t got = 0;
  while (got < bytes.size()) {
    const ssize_t more = ::read(fd.get(), bytes.data() + got, bytes.size() - got);
    if (more < 0 && errno == EINTR) continue;
    if (more < 0) return failed("cannot read ", name);
    if (more == 0) break;
    got += static_cast<std::size_t>(more);
  }
  bytes.resize(got);
  return bytes;
}

Result<std::unique_ptr<File>> DiskFolder::create(const std::string& name) {
  constexpr int flags = O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC;
  UniqueFd fd(::openat(folder_.get(), name.c_str(), flags, 0600));
  if (!fd) return failed("cannot create ", name);
  return std::make_unique<DiskFile>(path_ + "/" + name, std::move(fd));
}

Status DiskFolder::rename(const std::string& from, const std::string& to) {
  if (::renameat(folder_.get(), from.c_str(), folder_.get(), to.c_str()) == 0) return {};
  return failed("cannot rename " + from + " to ", to);
}

Status DiskFolder::remove(const std::string& name) {
  if (::unlinkat(folder_.get(), name.c_str(), 0) == 0) return {};
  return failed("cannot remove ", name);
}

Status DiskFolder::sync() {
  if (::fsync(folder_.get()) == 0) return {};
  return failed("cannot bring to disk the folder ", "");
}

}  // namespace stillwater::mgmt::witness
