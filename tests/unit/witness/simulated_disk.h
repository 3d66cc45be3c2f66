// A disk in memory that keeps only what was synced, and fails where a test says so.
//
// Contents and names are written back apart from each other, as on a journalling file system: of the name
// changes that were not synced a power loss keeps the first few, of a file that was not synced a beginning.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "mgmt/witness/folder.h"
#include "tests/unit/random.h"

namespace stillwater::mgmt::witness::test {

class SimulatedDisk {
 public:
  explicit SimulatedDisk(std::uint32_t seed) : random_(seed) {}

  // The folder, as a process that starts now sees it. The disk must outlive it.
  [[nodiscard]] std::unique_ptr<Folder> mount();

  // The step that comes after `others` more fails, once. A failed write wrote half; a failed rename may have
  // happened; a failed sync may have done a part.
  void fail_after(int others) { fail_after_ = others; }
  void fail_sometimes(std::uint32_t per_mille) { fail_per_mille_ = per_mille; }

  // Steps since the last call, by name: "create", "write", ...
  [[nodiscard]] std::vector<std::string> steps() { return std::exchange(steps_, {}); }

  void lose_power();

  // As an operator, or a bad disk, would change it: at once and for good.
  void overwrite(const std::string& name, const std::string& bytes);
  void take_away(const std::string& name);

 private:
  friend class SimulatedFolder;
  friend class SimulatedFile;

  struct Inode {
    std::string bytes;
    std::string synced;
  };
  using Names = std::map<std::string, std::shared_ptr<Inode>>;
  using Change = std::function<void(Names&)>;

  [[nodiscard]] bool fails(const std::string& step);
  void change_names(Change change);
  void sync_names(std::size_t changes);

  Random random_;
  std::optional<int> fail_after_;
  std::uint32_t fail_per_mille_ = 0;
  std::vector<std::string> steps_;
  Names names_;                  // as processes see them
  Names synced_names_;           // as they are on disk
  std::vector<Change> changes_;  // what makes the former out of the latter
};

}  // namespace stillwater::mgmt::witness::test
