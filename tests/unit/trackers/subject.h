// A tracker under the contract's tests, whatever writes the memory that it watches.
#pragma once

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "ckpt_engine/trackers/tracker.h"
#include "tests/unit/region/world.h"

namespace stillwater::tests {

// Pages of hard state, numbered from the first that `write` can write.
using PageSet = std::set<std::uint64_t>;

class Subject {
 public:
  virtual ~Subject() = default;

  [[nodiscard]] virtual trackers::DirtyTracker& tracker() = 0;
  [[nodiscard]] virtual std::uint64_t pages() const = 0;
  // Changes a byte of the page; returns once that is done.
  virtual void write(std::uint64_t page) = 0;
  // False: it may return more pages than were written.
  [[nodiscard]] virtual bool is_exact() const = 0;
  // Where the pages lie.
  [[nodiscard]] virtual const region::Region& region() const = 0;
  [[nodiscard]] virtual std::uint64_t first_offset() const = 0;

  virtual void quiesce() {}
  virtual void resume() {}

  // Quiesces, collects, resumes. No byte may be in two extents.
  PageSet collect();
  [[nodiscard]] PageSet pages_of(const std::vector<region::Extent>& extents) const;
  [[nodiscard]] bool agrees(const PageSet& collected, const PageSet& written) const;
  [[nodiscard]] const std::byte* at(std::uint64_t page) const {
    return region().base() + first_offset() + page * region::kPageBytes;
  }
};

// The trackers that work here: those of the factory, and KVM's over a guest. What is skipped is said, with
// the reason.
std::vector<std::string> trackers_here();
std::unique_ptr<Subject> make_subject(const std::string& tracker);

}  // namespace stillwater::tests
