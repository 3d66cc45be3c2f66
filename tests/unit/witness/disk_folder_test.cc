// The folder on a real file system.
#include "mgmt/witness/disk_folder.h"

#include <csignal>
#include <filesystem>
#include <fstream>

#include <sys/resource.h>
#include <sys/stat.h>

#include <catch2/catch.hpp>

#include "mgmt/witness/store.h"
#include "tests/unit/mgmt/scratch.h"
#include "tests/unit/witness/records.h"

namespace stillwater::mgmt::witness::test {
namespace {

using mgmt::test::Scratch;

// While alive, no file of this process grows beyond a size: to write more fails as on a full disk.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) : handler_(::signal(SIGXFSZ, SIG_IGN)) {
    ::getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit limit{bytes, before_.rlim_max};
    REQUIRE(::setrlimit(RLIMIT_FSIZE, &limit) == 0);
  }
  ~FileSizeLimit() {
    ::setrlimit(RLIMIT_FSIZE, &before_);
    static_cast<void>(::signal(SIGXFSZ, handler_));
  }
  FileSizeLimit(const FileSizeLimit&) = delete;
  FileSizeLimit& operator=(const FileSizeLimit&) = delete;

 private:
  rlimit before_{};
  sighandler_t handler_;
};

std::unique_ptr<Store> open(const std::string& data) {
  return value(Store::open(value(DiskFolder::open_and_lock(data))));
}

}  // namespace

TEST_CASE("records on a real disk survive restarts, in a folder that only its owner can read") {
  const Scratch scratch;
  const std::string data = scratch / "data";
  auto current = ArbiterRecord{};
  for (std::uint64_t term = 1; term <= 5; ++term) {
    auto store = open(data);
    CHECK(value(store->read("edge")) == current);
    REQUIRE(value(store->compare_and_swap("edge", current, record(term, "a", {"b"}))).swapped);
    current = record(term, "a", {"b"});
  }
  struct stat folder {};
  struct stat file {};
  REQUIRE(::stat(data.c_str(), &folder) == 0);
  REQUIRE(::stat((data + "/edge.record").c_str(), &file) == 0);
  CHECK((folder.st_mode & 0777) == 0700);
  CHECK((file.st_mode & 0777) == 0600);
  CHECK(value(value(DiskFolder::open_to_read(data))->list()) == std::vector<std::string>{"edge.record"});
}

TEST_CASE("a disk with no room: the swap is an error, the old record stays, and room makes it good again") {
  const Scratch scratch;
  auto store = open(scratch / "data");
  REQUIRE(value(store->compare_and_swap("edge", {}, record(1))).swapped);
  {
    const FileSizeLimit none(40);
    const auto refused = error(store->compare_and_swap("edge", record(1), record(2)));
    CHECK(refused.code == Errc::unavailable);
    CHECK_THAT(refused.message, Catch::Contains("File too large") && Catch::Contains("the old record stays"));
    CHECK(value(store->read("edge")) == record(1));
  }
  CHECK_FALSE(std::filesystem::exists(scratch / "data/edge.new"));
  CHECK(value(store->compare_and_swap("edge", record(1), record(2))).swapped);
}

TEST_CASE("what a predecessor left half-written is removed; what is not the witness's is left alone") {
  const Scratch scratch;
  REQUIRE(value(open(scratch / "data")->compare_and_swap("edge", {}, record(1))).swapped);
  std::ofstream(scratch / "data/edge.new") << "stillwater-wit";
  std::ofstream(scratch / "data/notes.txt") << "mine";
  CHECK(value(open(scratch / "data")->read("edge")) == record(1));
  CHECK_FALSE(std::filesystem::exists(scratch / "data/edge.new"));
  CHECK(std::filesystem::exists(scratch / "data/notes.txt"));
}

TEST_CASE("a folder has one witness; reading it beside one is possible") {
  const Scratch scratch;
  auto first = value(DiskFolder::open_and_lock(scratch / "data"));
  const auto refused = error(DiskFolder::open_and_lock(scratch / "data"));
  CHECK(refused.code == Errc::refused);
  CHECK(refused.message == "another witness uses the data folder " + scratch / "data");
  CHECK(DiskFolder::open_to_read(scratch / "data").has_value());
  first.reset();
  CHECK(DiskFolder::open_and_lock(scratch / "data").has_value());
}

TEST_CASE("a folder that cannot be made or read is told by its name") {
  const Scratch scratch;
  std::ofstream(scratch / "file") << "x";
  for (const std::string name : {"file", "file/data", "no/such/data"}) {
    const auto refused = error(DiskFolder::open_and_lock(scratch / name));
    CHECK(refused.code == Errc::io);
    CHECK_THAT(refused.message, Catch::Contains(scratch / name));
  }
  CHECK_THAT(error(DiskFolder::open_to_read(scratch / "gone")).message, Catch::Contains("No such file"));
}

TEST_CASE("a record behind a symbolic link is not read, and none is written through one") {
  const Scratch scratch;
  auto store = open(scratch / "data");
  std::filesystem::create_symlink(scratch / "target", scratch / "data/edge.new");
  CHECK(error(store->compare_and_swap("edge", {}, record(1))).code == Errc::unavailable);
  CHECK_FALSE(std::filesystem::exists(scratch / "target"));
}

}  // namespace stillwater::mgmt::witness::test
