#include "tests/unit/trackers/subject.h"

#include <algorithm>

#include "tests/unit/engine/tracked.h"
#include "tests/unit/kvm/pair.h"

namespace stillwater::tests {
namespace {

constexpr const char* kKvmLog = "kvm-log";
constexpr const char* kKvmRing = "kvm-ring";

// Stores of this process, marked as containers do.
class OwnStores final : public Subject {
 public:
  explicit OwnStores(const std::string& name) : tracked_(name) {}

  trackers::DirtyTracker& tracker() override { return *tracked_.tracker; }
  std::uint64_t pages() const override { return Tracked::kHardPages; }
  void write(std::uint64_t page) override {
    tracked_.write(page % 2 == 0 ? tracked_.first : tracked_.second,
                   Tracked::hard + page * Tracked::kLinesPerPage);
  }
  bool is_exact() const override { return true; }
  const region::Region& region() const override { return *tracked_.region; }
  std::uint64_t first_offset() const override { return region::kDataOffset; }

 private:
  Tracked tracked_;
};

// Stores of a guest that runs on KVM. It writes other pages too: its stack, its state.
class GuestStores final : public Subject {
 public:
  explicit GuestStores(kvm::Tracking tracking) : guest_(tracking) {}

  trackers::DirtyTracker& tracker() override { return guest_.guest->tracker(); }
  std::uint64_t pages() const override { return kScratchPages; }
  void write(std::uint64_t page) override { guest_.answers_to({write_packet(page, 1, ++value_)}); }
  bool is_exact() const override { return false; }
  const region::Region& region() const override { return *guest_.region; }
  std::uint64_t first_offset() const override {
    return guest_.region->root("guest.memory").offset + kvm::guest::kScratch;
  }
  void quiesce() override { guest_.quiesce(); }
  void resume() override { guest_.resume(); }

 private:
  RunningGuest guest_;
  std::uint64_t value_ = 0;
};

kvm::Tracking tracking_of(const std::string& tracker) {
  return tracker == kKvmLog ? kvm::Tracking::log : kvm::Tracking::ring;
}

}  // namespace

PageSet Subject::collect() {
  std::vector<region::Extent> extents;
  quiesce();
  REQUIRE(tracker().collect(extents));
  resume();
  return pages_of(extents);
}

PageSet Subject::pages_of(const std::vector<region::Extent>& extents) const {
  PageSet pages;
  std::set<std::uint64_t> lines;
  for (const region::Extent& e : extents)
    for (std::uint64_t at = e.offset; at < e.offset + e.bytes; at += region::kLineBytes) {
      const bool is_new = lines.insert(at).second;
      REQUIRE(is_new);
      if (at < first_offset()) continue;
      const std::uint64_t page = (at - first_offset()) / region::kPageBytes;
      if (page < this->pages()) pages.insert(page);
    }
  return pages;
}

bool Subject::agrees(const PageSet& collected, const PageSet& written) const {
  if (is_exact()) return collected == written;
  return std::includes(collected.begin(), collected.end(), written.begin(), written.end());
}

std::vector<std::string> trackers_here() {
  static const std::vector<std::string> here = [] {
    std::vector<std::string> names = usable_trackers();
    for (const char* name : {kKvmLog, kKvmRing})
      if (const Status usable = kvm::usable(tracking_of(name)); usable)
        names.emplace_back(name);
      else
        WARN("skipped: " << name << ": " << usable.error().message);
    std::string list;
    for (const std::string& name : names) list += " " + name;
    WARN("trackers under the contract:" << list);
    return names;
  }();
  return here;
}

std::unique_ptr<Subject> make_subject(const std::string& tracker) {
  if (tracker == kKvmLog || tracker == kKvmRing) return std::make_unique<GuestStores>(tracking_of(tracker));
  return std::make_unique<OwnStores>(tracker);
}

}  // namespace stillwater::tests
