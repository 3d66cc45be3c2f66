#include "tests/rig/systems/small_disk.h"

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <utility>

#include <sys/mount.h>

namespace stillwater::rig {

Result<SmallDisk> SmallDisk::mount_on(const std::string& folder, std::size_t bytes) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) return fail(Errc::io, "cannot make " + folder + ": " + error.message());
  const std::string options = "mode=755,size=" + std::to_string(bytes);
  if (mount("tmpfs", folder.c_str(), "tmpfs", MS_NOSUID | MS_NODEV, options.c_str()) != 0) {
    return fail_errno("cannot mount a small disk on " + folder, errno);
  }
  return SmallDisk(folder);
}

SmallDisk::SmallDisk(SmallDisk&& other) noexcept : folder_(std::exchange(other.folder_, {})) {}

SmallDisk::~SmallDisk() {
  if (folder_.empty()) return;
  // Detached: a process that dies late may hold a file of it for a moment yet.
  if (umount2(folder_.c_str(), MNT_DETACH) != 0) {
    std::fprintf(stderr, "left behind: a small disk on %s\n", folder_.c_str());
  }
}

}  // namespace stillwater::rig
