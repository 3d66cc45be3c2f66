#include "mgmt/pki/files.h"

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include <sys/stat.h>

#include <fcntl.h>
#include <unistd.h>

#include "base/fd.h"

namespace stillwater::mgmt::pki {
namespace {

constexpr std::size_t kBytesAtMost = 1u << 20;

std::string folder_of(const std::string& path) {
  const auto parent = std::filesystem::path(path).parent_path().string();
  return parent.empty() ? "." : parent;
}

Status write_all(int fd, const std::string& bytes, const std::string& path) {
  for (std::size_t done = 0; done < bytes.size();) {
    const ssize_t wrote = ::write(fd, bytes.data() + done, bytes.size() - done);
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0) return fail_errno("cannot write " + path, errno);
    done += static_cast<std::size_t>(wrote);
  }
  return {};
}

Status sync_folder(const std::string& path) {
  const UniqueFd folder(::open(folder_of(path).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder || ::fsync(folder.get()) != 0) return fail_errno("cannot sync " + folder_of(path), errno);
  return {};
}

// A file beside `path`, complete and on disk, under a name of its own; removed unless it was moved.
class Draft {
 public:
  explicit Draft(const std::string& path) : name_(path + ".XXXXXX") {
    fd_.reset(::mkostemp(name_.data(), O_CLOEXEC));  // mode 0600
    made_ = static_cast<bool>(fd_);
  }
  ~Draft() {
    if (made_) ::unlink(name_.c_str());
  }
  Draft(const Draft&) = delete;
  Draft& operator=(const Draft&) = delete;

  [[nodiscard]] Status fill(const std::string& bytes, mode_t mode) {
    if (!made_) return fail_errno("cannot create a file in " + folder_of(name_), errno);
    if (Status wrote = write_all(fd_.get(), bytes, name_); !wrote) return wrote;
    if (::fchmod(fd_.get(), mode) != 0 || ::fsync(fd_.get()) != 0)
      return fail_errno("cannot write " + name_, errno);
    return {};
  }

  // RENAME_NOREPLACE: EEXIST where `path` is there.
  [[nodiscard]] int move_to(const std::string& path, unsigned flags) {
    if (::renameat2(AT_FDCWD, name_.c_str(), AT_FDCWD, path.c_str(), flags) != 0) return errno;
    made_ = false;
    return 0;
  }

 private:
  std::string name_;
  UniqueFd fd_;
  bool made_ = false;
};

Status write_file(const std::string& path, const std::string& bytes, mode_t mode, unsigned flags) {
  Draft draft(path);
  if (Status filled = draft.fill(bytes, mode); !filled) return filled;
  const int error = draft.move_to(path, flags);
  if (error == EEXIST) return fail(Errc::refused, path + " exists already; nothing is written over it");
  if (error != 0) return fail_errno("cannot write " + path, error);
  return sync_folder(path);
}

}  // namespace

Status make_folder(const std::string& path) {
  if (::mkdir(path.c_str(), 0700) == 0) return sync_folder(path);
  if (errno != EEXIST) return fail_errno("cannot make the folder " + path, errno);
  if (!std::filesystem::is_directory(path)) return fail(Errc::refused, path + " is not a folder");
  return {};
}

bool exists(const std::string& path) {
  struct stat file {};
  return ::lstat(path.c_str(), &file) == 0;
}

Status write_new(const std::string& path, const std::string& bytes, mode_t mode) {
  return write_file(path, bytes, mode, RENAME_NOREPLACE);
}

Status write_over(const std::string& path, const std::string& bytes, mode_t mode) {
  return write_file(path, bytes, mode, 0);
}

Result<std::string> read_file(const std::string& path) {
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) return fail_errno("cannot read " + path, errno);
  std::string bytes(kBytesAtMost, '\0');
  std::size_t size = 0;
  while (size < bytes.size()) {
    const ssize_t got = ::read(fd.get(), bytes.data() + size, bytes.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail_errno("cannot read " + path, errno);
    if (got == 0) break;
    size += static_cast<std::size_t>(got);
  }
  bytes.resize(size);
  return bytes;
}

}  // namespace stillwater::mgmt::pki
