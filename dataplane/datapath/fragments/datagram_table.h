// The datagrams that are being put together, and their fragments: so many at most.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include <sys/queue.h>

#include <rte_mbuf.h>

#include "base/clock.h"
#include "dataplane/datapath/fragments/fragment_fields.h"

namespace stillwater::dataplane {

struct HeldFragment {
  TAILQ_ENTRY(HeldFragment) link;
  rte_mbuf* mbuf;
  std::uint32_t begin;
  std::uint32_t end;
  std::uint16_t payload_at;  // of its frame
};
TAILQ_HEAD(HeldFragments, HeldFragment);

struct Datagram {
  LIST_ENTRY(Datagram) by_hash;
  TAILQ_ENTRY(Datagram) by_age;  // among those of its version
  TAILQ_ENTRY(Datagram) by_source;
  DatagramKey key;
  Instant since{0};         // when a fragment of it came first
  HeldFragments fragments;  // in order, none overlaps
  std::uint32_t count = 0;
  std::uint32_t bytes = 0;    // of payload, in its fragments
  std::uint32_t end = 0;      // of what is held
  std::uint32_t total = 0;    // bytes of its payload; 0: the last fragment is not here
  std::uint8_t ecn_seen = 0;  // a bit for each codepoint
  bool refused = false;       // for `why`; nothing of it is held, nor will be
  DropReason why{};
  PortIndex in_port = kAnyPort;  // through which its first fragment came
};

// By intrusive lists, since nothing may be allocated: the oldest of all, of a version and of a source are at
// hand. Sources are told apart by a hash of a few bits with a secret: some of them share what one may have.
// Memory only: the caller accounts for the packets, and empties it.
class DatagramTable {
 public:
  TAILQ_HEAD(Ages, Datagram);
  // What one source has in here.
  struct Source {
    Ages datagrams;
    std::uint32_t datagrams_count = 0;
    std::uint32_t fragments_count = 0;
  };

  DatagramTable(std::uint32_t datagrams_max, std::uint32_t fragments_max, std::uint32_t secret);
  DatagramTable(const DatagramTable&) = delete;
  DatagramTable& operator=(const DatagramTable&) = delete;

  [[nodiscard]] Datagram* find(const DatagramKey& key);
  [[nodiscard]] bool has_room_for_datagram() const { return LIST_FIRST(&free_datagrams_) != nullptr; }
  [[nodiscard]] bool has_room_for_fragment() const { return TAILQ_FIRST(&free_fragments_) != nullptr; }

  // There is room.
  [[nodiscard]] Datagram& open(const DatagramKey& key, Instant now);
  // It holds nothing.
  void close(Datagram& datagram);

  // Puts a fragment in front of `next`, or at the end; there is room.
  void insert(Datagram& datagram, HeldFragment* next, const HeldFragment& fragment);
  // Takes the first one out, which is there.
  HeldFragment take_first(Datagram& datagram);

  [[nodiscard]] Source& source_of(const DatagramKey& key);
  [[nodiscard]] Datagram* oldest() const;
  [[nodiscard]] Datagram* oldest_of(std::uint8_t version) const {
    return TAILQ_FIRST(&ages_[version == 4 ? 0 : 1]);
  }
  [[nodiscard]] std::uint32_t fragments() const { return fragments_count_; }

 private:
  LIST_HEAD(Bucket, Datagram);
  static constexpr std::size_t kSources = 256;

  [[nodiscard]] Bucket& bucket_of(const DatagramKey& key);
  [[nodiscard]] Ages& ages_of(const Datagram& datagram) { return ages_[datagram.key.version == 4 ? 0 : 1]; }

  std::uint32_t secret_;
  std::vector<Datagram> datagrams_;
  std::vector<HeldFragment> held_;
  std::vector<Bucket> buckets_;  // a power of two
  std::array<Source, kSources> sources_;
  std::array<Ages, 2> ages_;
  Bucket free_datagrams_;
  HeldFragments free_fragments_;
  std::uint32_t fragments_count_ = 0;
};

}  // namespace stillwater::dataplane
