#include "dataplane/datapath/tables/source_nat.h"

#include <algorithm>
#include <iterator>
#include <string>

#include <netinet/in.h>

#include "dataplane/datapath/translate.h"
#include "dataplane/names.h"

namespace stillwater::dataplane {
namespace {

static_assert(region::PortBitmap::Share::kBlock == kNatPortBlock);

constexpr std::uint8_t kProtocols[] = {IPPROTO_TCP, IPPROTO_UDP, IPPROTO_ICMP};

unsigned index_of(std::uint8_t protocol) {
  return protocol == IPPROTO_TCP ? 0 : protocol == IPPROTO_UDP ? 1 : 2;
}

// Of all bitmaps of a shard: by address, then by protocol.
std::string root_name(unsigned shard) { return "nat." + std::to_string(shard); }

std::vector<std::uint32_t> distinct_addresses(const Config& config) {
  std::vector<std::uint32_t> addresses;
  for (const SourceNatConfig& nat : config.source_nat) addresses.push_back(nat.address);
  std::sort(addresses.begin(), addresses.end());
  addresses.erase(std::unique(addresses.begin(), addresses.end()), addresses.end());
  return addresses;
}

}  // namespace

void SourceNat::add_roots(region::Layout& layout, unsigned shard, const Config& config) {
  const std::size_t bitmaps = distinct_addresses(config).size() * std::size(kProtocols);
  if (bitmaps > 0) region::PortBitmap::add_root(layout, root_name(shard), bitmaps);
}

SourceNat::SourceNat(const region::Region& region, unsigned shard, const Config& config)
    : share_{shard, config.workers} {
  const std::vector<std::uint32_t> addresses = distinct_addresses(config);
  for (std::size_t pool = 0; pool < addresses.size(); ++pool) {
    const auto bitmap = [&](std::uint8_t protocol) {
      return region::PortBitmap(region, root_name(shard), pool * std::size(kProtocols) + index_of(protocol));
    };
    pools_.push_back({rte_cpu_to_be_32(addresses[pool]),
                      {bitmap(IPPROTO_TCP), bitmap(IPPROTO_UDP), bitmap(IPPROTO_ICMP)}});
  }
  for (const SourceNatConfig& nat : config.source_nat) {
    const auto pool = std::lower_bound(addresses.begin(), addresses.end(), nat.address) - addresses.begin();
    entries_.push_back({.from = nat.from.empty() ? kAnyPort : find_port(config, nat.from).value(),
                        .to = find_port(config, nat.to).value(),
                        .address_be = rte_cpu_to_be_32(nat.address),
                        .ports = nat.ports,
                        .pool = static_cast<std::size_t>(pool)});
  }
}

const SourceNat::Entry* SourceNat::find(PortIndex from, PortIndex to) const {
  for (const Entry& entry : entries_)
    if (entry.to == to && (entry.from == kAnyPort || entry.from == from)) return &entry;
  return nullptr;
}

region::PortBitmap& SourceNat::bitmap_of(const Entry& entry, std::uint8_t protocol) {
  return pools_[entry.pool].protocols[index_of(protocol)];
}

const region::PortBitmap& SourceNat::bitmap_of(const Entry& entry, std::uint8_t protocol) const {
  return pools_[entry.pool].protocols[index_of(protocol)];
}

void SourceNat::give_back(region::Turn& turn, const Entry& entry, std::uint8_t protocol,
                          std::uint16_t port_be) {
  bitmap_of(entry, protocol).give_unused(turn, rte_be_to_cpu_16(port_be));
}

void SourceNat::give(region::Turn& turn, const region::Session& session) {
  if (!is_translated(session) || is_by_address(session.forward.protocol)) return;
  for (Pool& pool : pools_) {
    if (pool.address_be != session.reply.destination_be) continue;
    pool.protocols[index_of(session.forward.protocol)].give(
        turn, rte_be_to_cpu_16(session.reply.destination_port_be));
  }
}

}  // namespace stillwater::dataplane
