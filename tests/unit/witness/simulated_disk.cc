#include "tests/unit/witness/simulated_disk.h"

#include <cerrno>

namespace stillwater::mgmt::witness::test {

class SimulatedFile final : public File {
 public:
  SimulatedFile(SimulatedDisk& disk, std::shared_ptr<SimulatedDisk::Inode> inode)
      : disk_(disk), inode_(std::move(inode)) {}

  Status write(const std::string& bytes) override {
    const bool failed = disk_.fails("write");
    inode_->bytes += failed ? bytes.substr(0, bytes.size() / 2) : bytes;
    if (failed) return fail_errno("cannot write", ENOSPC);
    return {};
  }

  Status sync() override {
    if (disk_.fails("sync file")) return fail_errno("cannot sync a file", EIO);
    inode_->synced = inode_->bytes;
    return {};
  }

 private:
  SimulatedDisk& disk_;
  std::shared_ptr<SimulatedDisk::Inode> inode_;
};

class SimulatedFolder final : public Folder {
 public:
  explicit SimulatedFolder(SimulatedDisk& disk) : disk_(disk) {}

  Result<std::vector<std::string>> list() override {
    if (disk_.fails("list")) return fail_errno("cannot list", EIO);
    std::vector<std::string> names;
    for (const auto& [name, inode] : disk_.names_) names.push_back(name);
    return names;
  }

  Result<std::string> read(const std::string& name, std::size_t bytes_at_most) override {
    if (disk_.fails("read")) return fail_errno("cannot read " + name, EIO);
    const auto found = disk_.names_.find(name);
    if (found == disk_.names_.end()) return fail_errno("cannot open " + name, ENOENT);
    return found->second->bytes.substr(0, bytes_at_most);
  }

  Result<std::unique_ptr<File>> create(const std::string& name) override {
    if (disk_.fails("create")) return fail_errno("cannot create " + name, ENOSPC);
    auto inode = std::make_shared<SimulatedDisk::Inode>();
    disk_.change_names([=](auto& names) { names[name] = inode; });
    return std::make_unique<SimulatedFile>(disk_, inode);
  }

  Status rename(const std::string& from, const std::string& to) override {
    const bool failed = disk_.fails("rename");
    if (!disk_.names_.contains(from)) return fail_errno("cannot rename " + from, ENOENT);
    if (!failed || disk_.random_() % 2 == 0) {
      disk_.change_names([=](auto& names) {
        names[to] = names.at(from);
        names.erase(from);
      });
    }
    if (failed) return fail_errno("cannot rename " + from, EIO);
    return {};
  }

  Status remove(const std::string& name) override {
    if (disk_.fails("remove")) return fail_errno("cannot remove " + name, EIO);
    if (!disk_.names_.contains(name)) return fail_errno("cannot remove " + name, ENOENT);
    disk_.change_names([=](auto& names) { names.erase(name); });
    return {};
  }

  Status sync() override {
    const bool failed = disk_.fails("sync folder");
    const std::size_t all = disk_.changes_.size();
    disk_.sync_names(failed ? disk_.random_() % (all + 1) : all);
    if (failed) return fail_errno("cannot sync the folder", EIO);
    return {};
  }

 private:
  SimulatedDisk& disk_;
};

std::unique_ptr<Folder> SimulatedDisk::mount() { return std::make_unique<SimulatedFolder>(*this); }

bool SimulatedDisk::fails(const std::string& step) {
  steps_.push_back(step);
  if (random_() % 1000 < fail_per_mille_) return true;
  if (!fail_after_) return false;
  if ((*fail_after_)-- > 0) return false;
  fail_after_.reset();
  return true;
}

void SimulatedDisk::change_names(Change change) {
  change(names_);
  changes_.push_back(std::move(change));
}

void SimulatedDisk::sync_names(std::size_t changes) {
  const auto end = changes_.begin() + static_cast<std::ptrdiff_t>(changes);
  for (auto change = changes_.begin(); change != end; ++change) (*change)(synced_names_);
  changes_.erase(changes_.begin(), end);
}

void SimulatedDisk::lose_power() {
  sync_names(random_() % (changes_.size() + 1));
  changes_.clear();
  names_ = synced_names_;
  for (auto& [name, inode] : names_) {
    if (inode->bytes != inode->synced) inode->bytes.resize(random_() % (inode->bytes.size() + 1));
    inode->synced = inode->bytes;
  }
}

void SimulatedDisk::overwrite(const std::string& name, const std::string& bytes) {
  change_names(
      [inode = std::make_shared<Inode>(Inode{bytes, bytes}), name](auto& names) { names[name] = inode; });
  sync_names(changes_.size());
}

void SimulatedDisk::take_away(const std::string& name) {
  change_names([name](auto& names) { names.erase(name); });
  sync_names(changes_.size());
}

}  // namespace stillwater::mgmt::witness::test
