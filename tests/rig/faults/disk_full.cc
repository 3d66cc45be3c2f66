#include "tests/rig/faults/disk_full.h"

#include <cerrno>

#include <linux/magic.h>
#include <sys/statfs.h>

#include <fcntl.h>
#include <unistd.h>

#include "tests/rig/faults/strike.h"

namespace stillwater::rig {
namespace {

// Above this it is somebody's real memory, not a disk made to be filled.
constexpr std::uint64_t kSmallBytes = 64 << 20;

}  // namespace

DiskFull::~DiskFull() {
  if (filler_) (void)give_back();
}

Status DiskFull::prepare() {
  const std::string folder = context_.system.node(NodeId::active).folder;
  struct statfs disk {};
  if (folder.empty() || statfs(folder.c_str(), &disk) != 0) {
    return fail(Errc::failed_precondition, context_.system.name() + " writes to no disk");
  }
  const auto bytes = static_cast<std::uint64_t>(disk.f_blocks) * static_cast<std::uint64_t>(disk.f_bsize);
  if (disk.f_type != TMPFS_MAGIC || bytes > kSmallBytes) {
    return fail(Errc::failed_precondition,
                folder + " is not on a small disk of its own; it will not be filled");
  }
  filler_path_ = folder + "/filler";
  filler_.reset(open(filler_path_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  if (!filler_) return fail_errno("cannot write " + filler_path_, errno);
  return {};
}

Result<Struck> DiskFull::strike() {
  return strike_in_real_time([this] { return fill(); });
}

// The system writes on meanwhile, so what was free is gone when it is asked for: try less, at last a page.
Status DiskFull::fill() {
  struct statfs disk {};
  if (fstatfs(filler_.get(), &disk) != 0) return fail_errno("cannot ask for the free space", errno);
  off_t at = 0;
  off_t bytes = static_cast<off_t>(disk.f_bavail) * static_cast<off_t>(disk.f_bsize);
  while (bytes >= static_cast<off_t>(disk.f_bsize)) {
    if (fallocate(filler_.get(), 0, at, bytes) == 0) {
      at += bytes;
    } else if (errno == ENOSPC) {
      bytes /= 2;
    } else {
      return fail_errno("cannot fill " + filler_path_, errno);
    }
  }
  return {};
}

Result<Struck> DiskFull::heal() {
  return strike_in_real_time([this] { return give_back(); });
}

Status DiskFull::give_back() {
  const bool gone = unlink(filler_path_.c_str()) == 0;
  const int why = errno;
  filler_.reset();
  return gone ? Status{} : fail_errno("cannot remove " + filler_path_, why);
}

}  // namespace stillwater::rig
