// Seam: the few acts on files that keeping records takes, so that each of them can fail in a test.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"

namespace stillwater::mgmt::witness {

// One file being written. What was written is on disk for good only after sync() succeeded.
class File {
 public:
  virtual ~File() = default;  // closes
  [[nodiscard]] virtual Status write(const std::string& bytes) = 0;
  [[nodiscard]] virtual Status sync() = 0;
};

// The files of one folder, by name. A name that was created, renamed or removed is so for good only after
// sync() succeeded. Errors carry the operating system's words. One thread at a time.
class Folder {
 public:
  virtual ~Folder() = default;
  [[nodiscard]] virtual Result<std::vector<std::string>> list() = 0;
  // At most `bytes_at_most` of it: a longer file is cut there.
  [[nodiscard]] virtual Result<std::string> read(const std::string& name, std::size_t bytes_at_most) = 0;
  // An empty file, in the place of one that has this name.
  [[nodiscard]] virtual Result<std::unique_ptr<File>> create(const std::string& name) = 0;
  // Takes the place of a file `to`, in one step.
  [[nodiscard]] virtual Status rename(const std::string& from, const std::string& to) = 0;
  [[nodiscard]] virtual Status remove(const std::string& name) = 0;
  [[nodiscard]] virtual Status sync() = 0;
};

}  // namespace stillwater::mgmt::witness
