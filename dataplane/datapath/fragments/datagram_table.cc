#include "dataplane/datapath/fragments/datagram_table.h"

#include <algorithm>
#include <bit>

#include <rte_jhash.h>

namespace stillwater::dataplane {

DatagramTable::DatagramTable(std::uint32_t datagrams_max, std::uint32_t fragments_max, std::uint32_t secret)
    : secret_(secret),
      datagrams_(datagrams_max),
      held_(fragments_max),
      buckets_(std::bit_ceil(datagrams_max * std::size_t{2})) {
  for (Bucket& bucket : buckets_) LIST_INIT(&bucket);
  for (Source& source : sources_) TAILQ_INIT(&source.datagrams);
  for (Ages& ages : ages_) TAILQ_INIT(&ages);
  LIST_INIT(&free_datagrams_);
  for (Datagram& datagram : datagrams_) LIST_INSERT_HEAD(&free_datagrams_, &datagram, by_hash);
  TAILQ_INIT(&free_fragments_);
  for (HeldFragment& fragment : held_) TAILQ_INSERT_TAIL(&free_fragments_, &fragment, link);
}

DatagramTable::Bucket& DatagramTable::bucket_of(const DatagramKey& key) {
  return buckets_[rte_jhash(&key, sizeof(key), secret_) & (buckets_.size() - 1)];
}

DatagramTable::Source& DatagramTable::source_of(const DatagramKey& key) {
  return sources_[rte_jhash(&key.source, sizeof(key.source), ~secret_) % kSources];
}

Datagram* DatagramTable::find(const DatagramKey& key) {
  Datagram* datagram;
  LIST_FOREACH(datagram, &bucket_of(key), by_hash) {
    if (datagram->key == key) return datagram;
  }
  return nullptr;
}

Datagram& DatagramTable::open(const DatagramKey& key, Instant now) {
  Datagram& datagram = *LIST_FIRST(&free_datagrams_);
  LIST_REMOVE(&datagram, by_hash);
  datagram = Datagram{};
  datagram.key = key;
  datagram.since = now;
  TAILQ_INIT(&datagram.fragments);
  LIST_INSERT_HEAD(&bucket_of(key), &datagram, by_hash);
  TAILQ_INSERT_TAIL(&ages_of(datagram), &datagram, by_age);
  Source& source = source_of(key);
  TAILQ_INSERT_TAIL(&source.datagrams, &datagram, by_source);
  ++source.datagrams_count;
  return datagram;
}

void DatagramTable::close(Datagram& datagram) {
  Source& source = source_of(datagram.key);
  --source.datagrams_count;
  TAILQ_REMOVE(&source.datagrams, &datagram, by_source);
  TAILQ_REMOVE(&ages_of(datagram), &datagram, by_age);
  LIST_REMOVE(&datagram, by_hash);
  LIST_INSERT_HEAD(&free_datagrams_, &datagram, by_hash);
}

void DatagramTable::insert(Datagram& datagram, HeldFragment* next, const HeldFragment& fragment) {
  HeldFragment* slot = TAILQ_FIRST(&free_fragments_);
  TAILQ_REMOVE(&free_fragments_, slot, link);
  *slot = fragment;
  if (next != nullptr)
    TAILQ_INSERT_BEFORE(next, slot, link);
  else
    TAILQ_INSERT_TAIL(&datagram.fragments, slot, link);
  ++datagram.count;
  datagram.bytes += fragment.end - fragment.begin;
  datagram.end = std::max(datagram.end, fragment.end);
  ++source_of(datagram.key).fragments_count;
  ++fragments_count_;
}

HeldFragment DatagramTable::take_first(Datagram& datagram) {
  HeldFragment* slot = TAILQ_FIRST(&datagram.fragments);
  TAILQ_REMOVE(&datagram.fragments, slot, link);
  TAILQ_INSERT_TAIL(&free_fragments_, slot, link);
  --datagram.count;
  datagram.bytes -= slot->end - slot->begin;
  --source_of(datagram.key).fragments_count;
  --fragments_count_;
  return *slot;
}

Datagram* DatagramTable::oldest() const {
  Datagram* const four = oldest_of(4);
  Datagram* const six = oldest_of(6);
  if (four == nullptr || six == nullptr) return four == nullptr ? six : four;
  return four->since <= six->since ? four : six;
}

}  // namespace stillwater::dataplane
