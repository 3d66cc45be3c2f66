// A folder of the local file system.
#pragma once

#include "base/fd.h"
#include "mgmt/witness/folder.h"

namespace stillwater::mgmt::witness {

class DiskFolder final : public Folder {
 public:
  // To read only: takes no lock, so it works beside a running witness.
  [[nodiscard]] static Result<std::unique_ptr<DiskFolder>> open_to_read(const std::string& path);

  // Makes the folder (mode 0700) where it is missing, in a parent that exists, and locks it until this object
  // ends or the process does. Errors:
  //  refused  another process has it locked
  //  io       it cannot be made, opened or written
  [[nodiscard]] static Result<std::unique_ptr<DiskFolder>> open_and_lock(const std::string& path);

  [[nodiscard]] Result<std::vector<std::string>> list() override;
  [[nodiscard]] Result<std::string> read(const std::string& name, std::size_t bytes_at_most) override;
  [[nodiscard]] Result<std::unique_ptr<File>> create(const std::string& name) override;
  [[nodiscard]] Status rename(const std::string& from, const std::string& to) override;
  [[nodiscard]] Status remove(const std::string& name) override;
  [[nodiscard]] Status sync() override;

 private:
  DiskFolder(std::string path, UniqueFd folder) : path_(std::move(path)), folder_(std::move(folder)) {}
  [[nodiscard]] tl::unexpected<Error> failed(const std::string& act, const std::string& name) const;

  std::string path_;
  UniqueFd folder_;  // all names are relative to it, and the lock is on it
};

}  // namespace stillwater::mgmt::witness
