// The state region: one memfd that holds all state a standby needs. Containers are views onto it and hold
// offsets, so that each process may map it at another address.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/fd.h"
#include "base/result.h"
#include "ckpt_engine/region/format.h"

namespace stillwater::region {

// Collects the roots of a region before it is made. Equal calls give equal layouts on every node.
class Layout {
 public:
  // Reserves `bytes` (rounded up to pages) under `name` (at most 23 characters, unique).
  Layout& add(std::string_view name, StateClass state_class, std::uint64_t bytes, std::uint32_t record_bytes);

  [[nodiscard]] const std::vector<RootEntry>& roots() const { return roots_; }

 private:
  std::vector<RootEntry> roots_;
};

struct Root {
  std::byte* data = nullptr;
  std::uint64_t offset = 0;
  std::uint64_t bytes = 0;
};

// Owns the mapping. Moves are not offered: views keep a reference. Who may write what: see format.h.
class Region {
 public:
  // Makes a zeroed region, populated, in 2 MiB pages where there are any, and mapped at a random address.
  // Errors: io, invalid_argument (two roots of one name, too many roots).
  [[nodiscard]] static Result<std::unique_ptr<Region>> create(const Layout& layout);

  Region(const Region&) = delete;
  Region& operator=(const Region&) = delete;
  ~Region();

  [[nodiscard]] std::byte* base() const { return base_; }
  [[nodiscard]] std::uint64_t size() const { return size_; }
  [[nodiscard]] int fd() const { return fd_.get(); }
  [[nodiscard]] const RegionHeader& header() const { return *header_; }
  [[nodiscard]] std::uint64_t soft_begin() const { return header_->soft_begin; }
  [[nodiscard]] bool is_empty() const { return header_->region_id == RegionId{}; }

  // The root of that name; aborts if there is none, since layouts are made by the same program.
  [[nodiscard]] Root root(std::string_view name) const;

  [[nodiscard]] std::uint64_t offset_of(const void* object) const {
    return static_cast<std::uint64_t>(static_cast<const std::byte*>(object) - base_);
  }

  // Page 1, the node's own.
  [[nodiscard]] std::span<std::byte> profile_page() const { return {base_ + kProfileOffset, kPageBytes}; }

  // The stamp. Each field has one writer at a time (format.h); readers on any thread.
  void set_identity(const RegionId& id, std::uint64_t term);
  void set_epoch(std::uint64_t epoch);
  void set_config_generation(std::uint64_t generation);
  void set_region_now(Nanos region_now);
  [[nodiscard]] Nanos region_now() const;

  // Zeroes everything but the root table and the profile. No worker may run.
  void clear();
  // The same to the stamp alone: what lies in the data is nobody's epoch. No worker may run.
  void disown();

 private:
  Region(UniqueFd fd, std::byte* base, std::uint64_t size);

  UniqueFd fd_;
  std::byte* base_;
  std::uint64_t size_;
  RegionHeader* header_;
};

}  // namespace stillwater::region
