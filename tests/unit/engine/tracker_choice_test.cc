// Which tracker is chosen, what is said where one does not work, and what each alone must keep.
#include <csetjmp>
#include <csignal>
#include <fstream>

#include <sys/mman.h>
#include <sys/resource.h>

#include "ckpt_engine/trackers/mprotect_tracker.h"
#include "tests/unit/engine/lock_limit.h"
#include "tests/unit/engine/tracked.h"

namespace stillwater::tests {
namespace {

using namespace stillwater::region;
using Catch::Contains;

bool is_usable(const std::string& name) {
  const auto names = usable_trackers();
  return std::find(names.begin(), names.end(), name) != names.end();
}

// This process may open no more files, for as long as this lives.
class NoMoreFiles {
 public:
  NoMoreFiles() {
    getrlimit(RLIMIT_NOFILE, &before_);
    const rlimit none{0, before_.rlim_max};
    setrlimit(RLIMIT_NOFILE, &none);
  }
  ~NoMoreFiles() { setrlimit(RLIMIT_NOFILE, &before_); }

 private:
  rlimit before_{};
};

sigjmp_buf after_foreign_fault;
void jump_away(int, siginfo_t*, void*) { siglongjmp(after_foreign_fault, 1); }

}  // namespace

TEST_CASE("the probe tries every tracker; lines by marks work on any kernel") {
  const auto found = trackers::probe();
  REQUIRE(found.size() == trackers::tracker_names().size());
  CHECK(found.front().name == "barrier");
  CHECK(found.front().usable);
  for (const auto& tracker : found)
    if (!tracker.usable) CHECK_THAT(tracker.usable.error().message, Contains(tracker.name + ": "));
}

TEST_CASE("auto takes marks where there are any, and else the next tracker, saying why") {
  Tracked t("barrier");
  std::vector<std::string> reasons;
  const auto note = [&](const std::string& why) { reasons.push_back(why); };
  const auto with_marks = trackers::make_tracker("auto", *t.region, {&t.first}, note);
  REQUIRE(with_marks);
  CHECK((*with_marks)->name() == std::string("barrier"));
  CHECK(reasons.empty());

  const auto without = trackers::make_tracker("auto", *t.region, {}, note);
  REQUIRE(without);
  CHECK((*without)->name() == std::string(is_usable("pagemap") ? "pagemap" : "mprotect"));
  REQUIRE_FALSE(reasons.empty());
  CHECK_THAT(reasons.front(), Contains("barrier: nobody marks"));
}

TEST_CASE("too low a limit of locked memory: the reason names it, and the next tracker is taken") {
  Tracked t("barrier");
  std::vector<std::string> reasons;
  const LockLimit limit(64 << 10);
  if (!limit.bites()) {
    WARN("mlock does nothing here: a sanitizer is in its place");
    return;
  }
  const auto chosen =
      trackers::make_tracker("auto", *t.region, {}, [&](const std::string& why) { reasons.push_back(why); });
  REQUIRE(chosen);
  CHECK((*chosen)->name() == std::string("mprotect"));
  REQUIRE(reasons.size() == 2);
  CHECK_THAT(reasons[1], Contains("pagemap: cannot lock the region's hard part of 256 KiB") &&
                             Contains("locked-memory limit: 64 KiB"));
}

TEST_CASE(
    "no userfaultfd: the reason is said and the next tracker taken; asked for by name, it is an error") {
  Tracked t("barrier");
  std::vector<std::string> reasons;
  const auto note = [&](const std::string& why) { reasons.push_back(why); };
  // Nothing else under the limit: sanitizers open files where they look closer.
  const auto under_limit = [&](const char* name, const trackers::Marks& marks) {
    const NoMoreFiles limit;
    return trackers::make_tracker(name, *t.region, marks, note);
  };
  const auto chosen = under_limit("auto", {});
  REQUIRE(chosen);
  CHECK((*chosen)->name() == std::string("mprotect"));
  REQUIRE(reasons.size() == 2);
  CHECK_THAT(reasons[1], Contains("pagemap: no userfaultfd"));

  const auto by_name = under_limit("pagemap", {&t.first});
  REQUIRE_FALSE(by_name);
  CHECK(by_name.error().code == Errc::unavailable);
  CHECK_THAT(by_name.error().message, Contains("pagemap: "));
}

TEST_CASE("a tracker of no known name is refused") {
  Tracked t("barrier");
  const auto made = trackers::make_tracker("magic", *t.region, {&t.first}, [](const std::string&) {});
  REQUIRE_FALSE(made);
  CHECK(made.error().code == Errc::invalid_argument);
}

TEST_CASE("M2: a write that nobody marked is found by the trackers of pages, and not by marks") {
  const std::string name = GENERATE(from_range(usable_trackers()));
  INFO("tracker " << name);
  Tracked t(name);
  t.write_unmarked(t.hard + 70);
  CHECK(t.collect() == (name == "barrier" ? Lines{} : t.at_grain({t.hard + 70})));
}

TEST_CASE("thousands of pages apart are all found, and once") {
  const std::string name = GENERATE(from_range(usable_trackers()));
  INFO("tracker " << name);
  constexpr std::uint64_t kPages = 5000;
  Tracked t(name, kPages);
  Lines written;
  for (std::uint64_t page = 0; page < kPages; page += 2) {
    const std::uint64_t line = t.hard + page * Tracked::kLinesPerPage;
    t.write(t.first, line);
    written.insert(line);
  }
  CHECK(t.tracker->dirty_bytes_hint() == t.at_grain(written).size() * kLineBytes);
  CHECK(t.collect() == t.at_grain(written));
  CHECK(t.collect().empty());
}

TEST_CASE("mprotect: more separate mappings than a process may have: everything counts as written, once") {
  std::uint64_t mappings_max = 0;
  std::ifstream("/proc/sys/vm/max_map_count") >> mappings_max;
  const std::uint64_t pages = mappings_max + 1000;  // every other one written: as many mappings
  if (pages > 100'000) {
    WARN("skipped: vm.max_map_count is " << mappings_max << ", which would take a region of that many pages");
    return;
  }
  Tracked t("mprotect", pages);
  for (std::uint64_t page = 0; page < pages; page += 2)
    t.write(t.first, t.hard + page * Tracked::kLinesPerPage);
  CHECK(t.tracker->dirty_bytes_hint() == pages * kPageBytes);
  std::vector<Extent> out;
  REQUIRE(t.tracker->collect(out));
  CHECK(out == std::vector<Extent>{{kDataOffset, pages * kPageBytes}});
  t.tracker->committed();
  t.write(t.first, t.hard);
  CHECK(t.collect() == t.at_grain({t.hard}));
}

TEST_CASE("mprotect: a fault elsewhere goes to the handler that was there before") {
  struct sigaction ours {};
  struct sigaction before {};
  ours.sa_sigaction = jump_away;
  ours.sa_flags = SA_SIGINFO | SA_ONSTACK;
  REQUIRE(sigaction(SIGSEGV, &ours, &before) == 0);
  {
    Tracked t("mprotect");
    void* foreign = mmap(nullptr, kPageBytes, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    REQUIRE(foreign != MAP_FAILED);
    const bool caught = sigsetjmp(after_foreign_fault, 1) != 0;
    if (!caught) *static_cast<volatile char*>(foreign) = 1;
    CHECK(caught);
    t.write(t.first, t.hard);
    CHECK(t.collect() == t.at_grain({t.hard}));
    munmap(foreign, kPageBytes);
  }
  struct sigaction after {};
  sigaction(SIGSEGV, &before, &after);
  CHECK(after.sa_sigaction == jump_away);
}

}  // namespace stillwater::tests
