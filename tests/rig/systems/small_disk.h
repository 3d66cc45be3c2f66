// A disk that may be filled: a small file system in memory, mounted on a folder while it is owned.
#pragma once

#include <cstddef>
#include <string>

#include "base/result.h"

namespace stillwater::rig {

// The destructor takes it away again; what was written there is gone then. One thread.
class SmallDisk {
 public:
  // The folder is made where it is not there. Needs root.
  [[nodiscard]] static Result<SmallDisk> mount_on(const std::string& folder, std::size_t bytes);
  SmallDisk(SmallDisk&& other) noexcept;
  SmallDisk& operator=(SmallDisk&&) = delete;
  ~SmallDisk();

 private:
  explicit SmallDisk(std::string folder) : folder_(std::move(folder)) {}
  std::string folder_;
};

}  // namespace stillwater::rig
