#include "dataplane/control/prefix_table.h"

#include <algorithm>
#include <atomic>
#include <string>

#include <rte_byteorder.h>
#include <rte_memory.h>

namespace stillwater::dataplane {
namespace {

constexpr std::uint32_t kTbl8Spare = 64;        // DPDK takes some for a moment while it writes
constexpr std::uint32_t kNodeBytes = 192 + 16;  // of a RIB: an object of a mempool, and its place in a ring

std::uint32_t nodes(const PrefixTableSize& size) { return 2 * (size.prefixes + 16); }

std::string next_name(const char* family) {
  static std::atomic<unsigned> serial{0};
  return family + std::to_string(serial.fetch_add(1));
}

// What follows gives rte_fib and rte_fib6 one name; where there is no FIB at hand its type decides.
template <class Family>
constexpr const typename Family::Fib* kFib = nullptr;

std::uint32_t host4(const IpAddress& address) { return rte_be_to_cpu_32(address.v4_be()); }

rte_fib* make(const PrefixTableSize& size, const rte_fib*) {
  rte_fib_conf conf{};
  conf.type = RTE_FIB_DIR24_8;
  conf.max_routes = static_cast<int>(nodes(size) / 2);
  conf.dir24_8.nh_sz = RTE_FIB_DIR24_8_2B;
  conf.dir24_8.num_tbl8 = std::min(size.tbl8 + kTbl8Spare, 32767u);
  return rte_fib_create(next_name("sw_fib_").c_str(), SOCKET_ID_ANY, &conf);
}
rte_fib_trie_nh_sz value_bytes6(const PrefixTableSize& size) {
  return size.tbl8 + kTbl8Spare <= 32767 ? RTE_FIB6_TRIE_2B : RTE_FIB6_TRIE_4B;
}
rte_fib6* make(const PrefixTableSize& size, const rte_fib6*) {
  rte_fib6_conf conf{};
  conf.type = RTE_FIB6_TRIE;
  conf.max_routes = static_cast<int>(nodes(size) / 2);
  conf.trie.nh_sz = value_bytes6(size);
  conf.trie.num_tbl8 = size.tbl8 + kTbl8Spare;
  return rte_fib6_create(next_name("sw_fib6_").c_str(), SOCKET_ID_ANY, &conf);
}

int add(rte_fib* fib, const IpPrefix& prefix, std::uint64_t value) {
  return rte_fib_add(fib, host4(prefix.address), prefix.length, value);
}
int add(rte_fib6* fib, const IpPrefix& prefix, std::uint64_t value) {
  return rte_fib6_add(fib, prefix.address.bytes.data(), prefix.length, value);
}
int remove(rte_fib* fib, const IpPrefix& prefix) {
  return rte_fib_delete(fib, host4(prefix.address), prefix.length);
}
int remove(rte_fib6* fib, const IpPrefix& prefix) {
  return rte_fib6_delete(fib, prefix.address.bytes.data(), prefix.length);
}

rte_rib_node* lookup(rte_fib* fib, const IpAddress& address) {
  return rte_rib_lookup(rte_fib_get_rib(fib), host4(address));
}
rte_rib6_node* lookup(rte_fib6* fib, const IpAddress& address) {
  return rte_rib6_lookup(rte_fib6_get_rib(fib), address.bytes.data());
}
rte_rib_node* parent_of(rte_rib_node* node) { return rte_rib_lookup_parent(node); }
rte_rib6_node* parent_of(rte_rib6_node* node) { return rte_rib6_lookup_parent(node); }
std::uint8_t length_of(const rte_rib_node* node) {
  std::uint8_t length = 0;
  rte_rib_get_depth(node, &length);
  return length;
}
std::uint8_t length_of(const rte_rib6_node* node) {
  std::uint8_t length = 0;
  rte_rib6_get_depth(node, &length);
  return length;
}
std::uint64_t value_of(const rte_rib_node* node) {
  std::uint64_t value = 0;
  rte_rib_get_nh(node, &value);
  return value;
}
std::uint64_t value_of(const rte_rib6_node* node) {
  std::uint64_t value = 0;
  rte_rib6_get_nh(node, &value);
  return value;
}

void destroy(rte_fib* fib) { rte_fib_free(fib); }
void destroy(rte_fib6* fib) { rte_fib6_free(fib); }

std::uint64_t bytes_of_tables(const PrefixTableSize& size, const rte_fib*) {
  return (std::uint64_t{1} << 25) + std::uint64_t{size.tbl8 + kTbl8Spare} * 512;
}
std::uint64_t bytes_of_tables(const PrefixTableSize& size, const rte_fib6*) {
  const unsigned shift = value_bytes6(size);
  return (std::uint64_t{1} << (24 + shift)) + (std::uint64_t{size.tbl8 + kTbl8Spare} << (8 + shift));
}

// What a new prefix beyond 24 bits is added with before it is given its value (see the header).
std::uint64_t first_value(const rte_fib*, std::uint64_t covering, std::uint64_t value) {
  return covering == value ? value ^ 1 : value;
}
std::uint64_t first_value(const rte_fib6*, std::uint64_t covering, std::uint64_t) { return covering; }

unsigned leading_ones(const IpPrefix& prefix, unsigned max) {
  const std::size_t first = prefix.is_v4() ? 12 : 0;
  unsigned ones = 0;
  while (ones < std::min<unsigned>(max, prefix.length) &&
         (prefix.address.bytes[first + ones / 8] << ones % 8 & 0x80) != 0)
    ++ones;
  return ones;
}

// The lower half of what begins with so many ones.
IpPrefix piece(const rte_fib*, unsigned ones) {
  const std::uint32_t address = ones == 0 ? 0 : ~std::uint32_t{0} << (32 - ones);
  return {IpAddress::v4(rte_cpu_to_be_32(address)), static_cast<std::uint8_t>(ones + 1)};
}
IpPrefix piece(const rte_fib6*, unsigned ones) {
  IpPrefix prefix{{}, static_cast<std::uint8_t>(ones + 1)};
  prefix.address.bytes[0] = static_cast<std::uint8_t>(0xff00u >> ones);
  return prefix;
}

}  // namespace

template <class Family>
void PrefixTable<Family>::Free::operator()(typename Family::Fib* fib) const {
  destroy(fib);
}

template <class Family>
std::uint64_t PrefixTable<Family>::bytes(const PrefixTableSize& size) {
  return bytes_of_tables(size, kFib<Family>) + std::uint64_t{nodes(size)} * kNodeBytes;
}

template <class Family>
Result<PrefixTable<Family>> PrefixTable<Family>::create(const PrefixTableSize& size) {
  PrefixTable table;
  table.fib_.reset(make(size, kFib<Family>));
  bool written = table.fib_ != nullptr;
  for (unsigned ones = 0; written && ones < Family::kSpine; ++ones)
    written = add(table.fib_.get(), piece(kFib<Family>, ones), 0) == 0;
  if (written) return table;
  return fail(Errc::resource_exhausted, std::to_string((bytes(size) >> 20) + 1) + " MiB for " +
                                            std::to_string(size.prefixes) +
                                            " prefixes are not left of DPDK's memory");
}

template <class Family>
bool PrefixTable<Family>::write(const IpPrefix& prefix, Value value) {
  const unsigned ones = leading_ones(prefix, Family::kSpine);
  if (ones == Family::kSpine) return true;
  if (prefix.length == ones) {
    spine_[ones] = value;
    for (unsigned below = ones; below < Family::kSpine; ++below)
      if (!write_piece(below)) return false;
    return true;
  }
  if (prefix.length == ones + 1) {
    pieces_[ones] = value;
    return write_piece(ones);
  }
  return value == 0 ? remove(fib_.get(), prefix) == 0 : put(prefix, value);
}

// With the value of the longest prefix that covers it.
template <class Family>
bool PrefixTable<Family>::write_piece(unsigned ones) {
  Value value = pieces_[ones];
  for (unsigned covering = ones + 1; value == 0 && covering > 0; --covering) value = spine_[covering - 1];
  return put(piece(kFib<Family>, ones), value);
}

// Of the prefix itself or of what covers it: a piece always does.
template <class Family>
typename Family::Node* PrefixTable<Family>::longest_match(const IpPrefix& prefix) const {
  typename Family::Node* node = lookup(fib_.get(), prefix.address);
  while (length_of(node) > prefix.length) node = parent_of(node);
  return node;
}

template <class Family>
bool PrefixTable<Family>::put(const IpPrefix& prefix, Value value) {
  constexpr unsigned kWithoutTbl8 = 24;
  const typename Family::Node* node = longest_match(prefix);
  const bool is_new = length_of(node) != prefix.length;
  if (is_new) {
    const bool reserves = prefix.length > kWithoutTbl8;
    const std::uint64_t first = reserves ? first_value(fib_.get(), value_of(node), value) : value;
    if (add(fib_.get(), prefix, first) != 0) return false;
    if (first == value) return true;
    node = longest_match(prefix);
  }
  return add(fib_.get(), prefix, value) == 0 && value_of(node) == value;
}

template class PrefixTable<Ipv4Family>;
template class PrefixTable<Ipv6Family>;

}  // namespace stillwater::dataplane
