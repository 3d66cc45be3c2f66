// The records of all pairs of a witness, in one folder.
//
// Invariants
//  1. A swap is answered "swapped" only when its record will be read after any later crash or power loss.
//  2. A record that was answered, by whatever call, will not be followed by an older one.
//  3. A file that is there and cannot be read in full is an error, never an empty record.
//
// The folder is the only place where records are kept: what a call answers is what a restart would read. The
// new record goes into a file of its own, fsync, rename over the old one, fsync of the folder. Where this
// failed at the rename or later, nobody knows which of the two is on disk: nothing is answered for the pair
// until the record that its file has was written in full again.
#pragma once

#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "base/arbiter.h"
#include "base/result.h"
#include "mgmt/witness/folder.h"

namespace stillwater::mgmt::witness {

inline constexpr std::size_t kPairsAtMost = 1000;

struct SwapOutcome {
  bool swapped;
  ArbiterRecord newest;
};

// Thread-safe; one call at a time touches the disk.
class Store {
 public:
  // Brings to disk what a predecessor left in the middle, and removes its half-written files. A damaged
  // record is no reason not to open: read() of its pair says so. Fails where the folder itself does (io), or
  // holds a file that ends like a record's and cannot be one (corrupt).
  [[nodiscard]] static Result<std::unique_ptr<Store>> open(std::unique_ptr<Folder> folder,
                                                           std::size_t pairs_at_most = kPairsAtMost);

  // The empty record for a pair that never ran. Errors:
  //  invalid_argument  not a pair's name
  //  unavailable       the disk failed, or did at a swap before and does still, or the file was taken away
  //  corrupt           the pair's file is damaged
  [[nodiscard]] Result<ArbiterRecord> read(const std::string& pair);

  // Errors of read(), and
  //  invalid_argument    a rule of mgmt/arbiter/rules.h is broken
  //  resource_exhausted  a pair more than this witness keeps
  // With `unavailable` the message says whether the old record stays or either is possible.
  [[nodiscard]] Result<SwapOutcome> compare_and_swap(const std::string& pair, const ArbiterRecord& expected,
                                                     const ArbiterRecord& next);

  // Sorted.
  [[nodiscard]] std::vector<std::string> pairs();

 private:
  Store(std::unique_ptr<Folder> folder, std::size_t pairs_at_most)
      : folder_(std::move(folder)), pairs_at_most_(pairs_at_most) {}

  [[nodiscard]] Status start();
  [[nodiscard]] Result<ArbiterRecord> current(const std::string& pair);
  [[nodiscard]] Result<ArbiterRecord> on_disk(const std::string& pair);
  [[nodiscard]] Status settle(const std::string& pair);
  [[nodiscard]] Status write_beside(const std::string& pair, const ArbiterRecord& record);
  [[nodiscard]] Status put_in_place(const std::string& pair);

  std::mutex one_call_;
  std::unique_ptr<Folder> folder_;
  const std::size_t pairs_at_most_;
  std::set<std::string> pairs_;      // those that have a file
  std::set<std::string> unsettled_;  // of these, the ones whose last rename may or may not be on disk
};

// The pairs that have a file in `folder`, sorted; corrupt where a file ends like a record's and cannot be
// one.
[[nodiscard]] Result<std::vector<std::string>> pairs_in(Folder& folder);

// What a pair's file says, without any repair.
[[nodiscard]] Result<ArbiterRecord> read_record(Folder& folder, const std::string& pair);

}  // namespace stillwater::mgmt::witness
