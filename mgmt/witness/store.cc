#include "mgmt/witness/store.h"

#include <algorithm>
#include <string_view>

#include "mgmt/arbiter/rules.h"
#include "mgmt/witness/record_file.h"

namespace stillwater::mgmt::witness {
namespace {

constexpr std::string_view kRecord = ".record";
constexpr std::string_view kHalfWritten = ".new";

std::string record_of(const std::string& pair) { return pair + std::string(kRecord); }
std::string half_written_of(const std::string& pair) { return pair + std::string(kHalfWritten); }

tl::unexpected<Error> disk_failed(const std::string& pair, const Error& error, const std::string& means) {
  return fail(Errc::unavailable, "pair " + pair + ": " + error.message + "; " + means);
}

}  // namespace

Result<std::vector<std::string>> pairs_in(Folder& folder) {
  const auto names = folder.list();
  if (!names) return tl::unexpected(names.error());
  std::vector<std::string> pairs;
  for (const std::string& name : *names) {
    if (!name.ends_with(kRecord)) continue;
    pairs.push_back(name.substr(0, name.size() - kRecord.size()));
    if (!arbiter::check_pair_name(pairs.back()))
      return fail(Errc::corrupt, "the file " + name + " in the data folder is not named after a pair");
  }
  std::sort(pairs.begin(), pairs.end());
  return pairs;
}

Result<ArbiterRecord> read_record(Folder& folder, const std::string& pair) {
  // One byte more than a record can have: a longer file must not look like its beginning.
  const auto bytes = folder.read(record_of(pair), kRecordFileBytesAtMost + 1);
  if (!bytes) return tl::unexpected(bytes.error());
  return decode(pair, *bytes);
}

Result<std::unique_ptr<Store>> Store::open(std::unique_ptr<Folder> folder, std::size_t pairs_at_most) {
  std::unique_ptr<Store> store(new Store(std::move(folder), pairs_at_most));
  return store->start().map([&] { return std::move(store); });
}

Status Store::start() {
  // A predecessor may have died between a rename and its fsync: what is read now must stay.
  if (Status synced = folder_->sync(); !synced) return synced;
  const auto pairs = pairs_in(*folder_);
  if (!pairs) return tl::unexpected(pairs.error());
  pairs_.insert(pairs->begin(), pairs->end());
  const auto names = folder_->list();
  if (!names) return tl::unexpected(names.error());
  for (const std::string& name : *names) {
    if (!name.ends_with(kHalfWritten)) continue;
    if (Status removed = folder_->remove(name); !removed) return removed;
  }
  return {};
}

std::vector<std::string> Store::pairs() {
  const std::lock_guard lock(one_call_);
  return {pairs_.begin(), pairs_.end()};
}

Result<ArbiterRecord> Store::read(const std::string& pair) {
  if (const Status ok = arbiter::check_pair_name(pair); !ok) return tl::unexpected(ok.error());
  const std::lock_guard lock(one_call_);
  return current(pair);
}

Result<SwapOutcome> Store::compare_and_swap(const std::string& pair, const ArbiterRecord& expected,
                                            const ArbiterRecord& next) {
  if (const Status ok = arbiter::check_pair_name(pair); !ok) return tl::unexpected(ok.error());
  if (const Status ok = arbiter::check_swap(expected, next); !ok) return tl::unexpected(ok.error());
  const std::lock_guard lock(one_call_);
  const auto newest = current(pair);
  if (!newest) return tl::unexpected(newest.error());
  if (*newest != expected) return SwapOutcome{false, *newest};
  if (!pairs_.contains(pair) && pairs_.size() >= pairs_at_most_) {
    return fail(Errc::resource_exhausted, "this witness keeps " + std::to_string(pairs_at_most_) +
                                              " pairs, its limit; pair " + pair + " is one more");
  }
  if (const Status written = write_beside(pair, next); !written)
    return disk_failed(pair, written.error(), "the old record stays");
  if (const Status placed = put_in_place(pair); !placed) return tl::unexpected(placed.error());
  return SwapOutcome{true, next};
}

Result<ArbiterRecord> Store::current(const std::string& pair) {
  if (unsettled_.contains(pair)) {
    if (const Status settled = settle(pair); !settled) return tl::unexpected(settled.error());
  }
  if (!pairs_.contains(pair)) return ArbiterRecord{};
  return on_disk(pair);
}

Result<ArbiterRecord> Store::on_disk(const std::string& pair) {
  auto record = read_record(*folder_, pair);
  if (!record && record.error().code != Errc::corrupt)
    return disk_failed(pair, record.error(), "its record cannot be read");
  return record;
}

// Whether the file has the old record or the new one, it becomes the record: from then on it stays.
Status Store::settle(const std::string& pair) {
  const auto files = pairs_in(*folder_);
  if (!files) return disk_failed(pair, files.error(), "its last swap is still in doubt");
  if (!std::binary_search(files->begin(), files->end(), pair)) {
    // Its very first record; a rename that had happened would show.
    if (const Status synced = folder_->sync(); !synced)
      return disk_failed(pair, synced.error(), "its last swap is still in doubt");
    pairs_.erase(pair);
    unsettled_.erase(pair);
    return {};
  }
  const auto record = on_disk(pair);
  if (!record) return tl::unexpected(record.error());
  if (const Status written = write_beside(pair, *record); !written)
    return disk_failed(pair, written.error(), "its last swap is still in doubt");
  return put_in_place(pair);
}

// On a failure the record is untouched.
Status Store::write_beside(const std::string& pair, const ArbiterRecord& record) {
  const auto write = [&]() -> Status {
    auto file = folder_->create(half_written_of(pair));
    if (!file) return tl::unexpected(file.error());
    return (*file)->write(encode(pair, record)).and_then([&] { return (*file)->sync(); });
  };
  const Status written = write();
  // The space may be needed; the file is of no other harm, so an error here is none.
  if (!written) static_cast<void>(folder_->remove(half_written_of(pair)));
  return written;
}

Status Store::put_in_place(const std::string& pair) {
  pairs_.insert(pair);
  unsettled_.insert(pair);
  const Status placed =
      folder_->rename(half_written_of(pair), record_of(pair)).and_then([&] { return folder_->sync(); });
  if (!placed)
    return disk_failed(pair, placed.error(),
                       "either record is possible, and none is answered until one is safe");
  unsettled_.erase(pair);
  return {};
}

}  // namespace stillwater::mgmt::witness
