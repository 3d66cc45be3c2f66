// Verification mode: finds what was written without a mark. The tracker that relies on marks does the work;
// beside it, pages tell what was truly written, and a shadow of the hard part tells which lines of them.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "ckpt_engine/region/region.h"
#include "ckpt_engine/trackers/tracker.h"

namespace stillwater::trackers {

// Bytes that changed although nobody marked their line: a bug in whoever wrote them, since no checkpoint
// carries them.
struct UnmarkedWrite {
  std::uint64_t line;  // offset of the 64-byte line in the region
  std::uint64_t page;  // offset of its page
};

// Collecting takes a comparison of every written page longer. Twice the hard part's memory.
class VerifyingTracker final : public DirtyTracker {
 public:
  // Called within `collect`, on its thread; must not throw. Each write once.
  using Report = std::function<void(const UnmarkedWrite&)>;

  // `pages` sees every write, at any granularity; both watch `region`, which outlives this. Workers stand
  // still.
  VerifyingTracker(const region::Region& region, std::unique_ptr<DirtyTracker> marked,
                   std::unique_ptr<DirtyTracker> pages, Report report);

  [[nodiscard]] const char* name() const override { return name_.c_str(); }
  [[nodiscard]] std::uint64_t dirty_bytes_hint() const override { return marked_->dirty_bytes_hint(); }
  // Errors: io, of either tracker; then what changed meanwhile is compared by a later collect.
  [[nodiscard]] Status collect(std::vector<Extent>& out) override;
  void collect_soft() override { marked_->collect_soft(); }
  void take_soft(std::vector<Extent>& out, std::uint64_t budget_bytes) override {
    marked_->take_soft(out, budget_bytes);
  }
  void committed() override { marked_->committed(); }
  void merge_back() override { marked_->merge_back(); }
  void begin_anew() override;

 private:
  void copy_shadow();
  void compare(const Extent& written);

  const region::Region& region_;
  std::unique_ptr<DirtyTracker> marked_;
  std::unique_ptr<DirtyTracker> pages_;
  Report report_;
  std::string name_;
  std::vector<std::byte> shadow_;    // the hard part as it was at the last collect
  std::vector<Extent> written_;      // pages
  region::LineSet lines_collected_;  // by `marked_`, in the collect that runs
};

}  // namespace stillwater::trackers
