#include "dataplane/datapath/nat/nat_state.h"

#include <algorithm>
#include <string>

#include <netinet/in.h>

namespace stillwater::dataplane {
namespace {

using region::BindingKey;

static_assert(region::PortBitmap::Share::kUnitMin == kNatPortUnit);

unsigned index_of(std::uint8_t protocol) {
  return protocol == IPPROTO_TCP ? 0 : protocol == IPPROTO_UDP ? 1 : 2;
}

// Of all bitmaps of a shard: by address, then by protocol.
std::string root_name(unsigned shard) { return "nat." + std::to_string(shard); }

// Realms of keys: outside, what a binding knows of peers, what a host has, and from kEntries on the entries'.
constexpr std::uint8_t kOutside = 0, kPeer = 1, kHost = 2, kEntries = 3;
static_assert(kSourceNatMax + kEntries <= 256);

BindingKey outside_key(std::uint32_t address_be, std::uint16_t port_be, std::uint8_t protocol) {
  return {address_be, port_be, protocol, kOutside, 0};
}
BindingKey inside_key(std::uint8_t entry, std::uint32_t address_be, std::uint16_t port_be,
                      std::uint8_t protocol) {
  return {address_be, port_be, protocol, static_cast<std::uint8_t>(entry + kEntries), 0};
}
BindingKey peer_key(std::uint32_t binding, std::uint32_t remote_be) {
  return {remote_be, 0, 0, kPeer, binding};
}

bool is_endpoint(const BindingKey& key, std::uint32_t address_be, std::uint16_t port_be) {
  return key.address_be == address_be && key.port_be == port_be;
}

BindingKey host_key(std::uint8_t entry, std::uint32_t address_be) { return {address_be, 0, 0, kHost, entry}; }

bool asks_for_peers(const SourceNatConfig& nat) { return nat.filtering == NatFiltering::address_dependent; }
bool binds(const SourceNatConfig& nat) {
  return nat.translates && nat.mapping == NatMapping::endpoint_independent;
}

bool limits_hosts(const SourceNatConfig& nat) { return nat.ports_per_host != 0; }

// As many as sessions; as many again of peers, and of hosts, where these are counted.
std::uint32_t bindings_max(const Config& config) {
  const std::uint32_t sessions = std::max(16u, (config.sessions_max + config.workers - 1) / config.workers);
  const auto any = [&](bool (*asks)(const SourceNatConfig&)) {
    return std::any_of(config.source_nat.begin(), config.source_nat.end(), asks) ? 1u : 0u;
  };
  return sessions * (1 + any(asks_for_peers) + any(limits_hosts));
}
// Of a number that workers share, rounded up.
std::uint32_t share_of(std::uint32_t number, const Config& config) {
  return (number + config.workers - 1) / config.workers;
}
bool any_binds(const Config& config) {
  return std::any_of(config.source_nat.begin(), config.source_nat.end(), binds);
}

// The same in all entries that have the address.
std::uint32_t block_size_of(const Config& config, std::uint32_t address) {
  for (const SourceNatConfig& nat : config.source_nat) {
    if (!nat.translates || nat.block_size == 0) continue;
    if (nat.pool.empty() && nat.address == address) return nat.block_size;
    for (const Ipv4Range& range : nat.pool)
      if (range.first <= address && address <= range.last) return nat.block_size;
  }
  return 0;
}

// Ports that lead to a host inside are no binding's.
void reserve_forwarded(region::PortBitmap& bitmap, std::uint32_t address, std::uint8_t protocol,
                       const Config& config) {
  for (const DestinationNatConfig& nat : config.destination_nat)
    if (nat.address == address && nat.protocol.value_or(protocol) == protocol)
      bitmap.reserve(nat.ports.first, nat.ports.last);
}

}  // namespace

void NatState::add_roots(region::Layout& layout, unsigned shard, const Config& config) {
  const std::size_t bitmaps = nat_pool_addresses(config).size() * kNatProtocols.size();
  if (bitmaps > 0) region::PortBitmap::add_root(layout, root_name(shard), bitmaps);
  if (any_binds(config)) region::BindingTable::add_roots(layout, shard, bindings_max(config));
}

NatState::NatState(const region::Region& region, unsigned shard, const Config& config)
    : share_{shard, config.workers, nat_port_unit(config)},
      refused_(nat_pool_addresses(config).size() * kNatProtocols.size()) {
  const std::vector<std::uint32_t> addresses = nat_pool_addresses(config);
  for (std::size_t pool = 0; pool < addresses.size(); ++pool) {
    const auto bitmap = [&](std::uint8_t protocol) {
      region::PortBitmap made(region, root_name(shard), pool * kNatProtocols.size() + index_of(protocol));
      reserve_forwarded(made, addresses[pool], protocol, config);
      return made;
    };
    pools_.push_back({rte_cpu_to_be_32(addresses[pool]),
                      {bitmap(IPPROTO_TCP), bitmap(IPPROTO_UDP), bitmap(IPPROTO_ICMP)},
                      {}});
    if (const std::uint32_t size = block_size_of(config, addresses[pool]))
      for (PortBlocks& blocks : pools_.back().blocks) blocks = PortBlocks(size);
  }
  for (const SourceNatConfig& nat : config.source_nat)
    entries_.push_back({nat.filtering, share_of(nat.ports_per_host, config), nat.block_size,
                        share_of(nat.blocks_per_host, config)});
  if (any_binds(config)) bindings_.emplace(region, shard);
}

std::optional<std::uint32_t> NatState::pool_of(std::uint32_t address_be) const {
  const std::uint32_t address = rte_be_to_cpu_32(address_be);
  const auto place = std::lower_bound(
      pools_.begin(), pools_.end(), address,
      [](const Pool& pool, std::uint32_t wanted) { return rte_be_to_cpu_32(pool.address_be) < wanted; });
  if (place == pools_.end() || place->address_be != address_be) return std::nullopt;
  return static_cast<std::uint32_t>(place - pools_.begin());
}

region::PortBitmap& NatState::bitmap_of(std::uint32_t pool, std::uint8_t protocol) {
  return pools_[pool].protocols[index_of(protocol)];
}

const region::PortBitmap& NatState::bitmap_of(std::uint32_t pool, std::uint8_t protocol) const {
  return pools_[pool].protocols[index_of(protocol)];
}

std::uint32_t NatState::find_inside(std::uint8_t entry, std::uint32_t address_be, std::uint16_t port_be,
                                    std::uint8_t protocol) const {
  return bindings_ ? bindings_->find(inside_key(entry, address_be, port_be, protocol)) : kNone;
}

std::uint32_t NatState::find_outside(std::uint32_t address_be, std::uint16_t port_be,
                                     std::uint8_t protocol) const {
  return bindings_ ? bindings_->find(outside_key(address_be, port_be, protocol)) : kNone;
}

bool NatState::knows_peer(std::uint32_t binding, std::uint32_t remote_be) const {
  return bindings_->find(peer_key(binding, remote_be)) != kNone;
}

bool NatState::is_binding(std::uint32_t slot) const {
  const region::Binding& binding = bindings_->at(slot);
  return binding.in_use != 0 && binding.internal.realm >= kEntries;
}

std::uint8_t NatState::entry_of(std::uint32_t binding) const {
  return static_cast<std::uint8_t>(bindings_->at(binding).internal.realm - kEntries);
}

bool NatState::filters_by_address(std::uint32_t binding) const {
  return entries_[entry_of(binding)].filtering == NatFiltering::address_dependent;
}

bool NatState::host_may_bind(std::uint8_t entry, std::uint32_t address_be, std::uint32_t given_up) const {
  const std::uint32_t most = entries_[entry].ports_per_host;
  if (most == 0) return true;
  const std::uint32_t known = bindings_->find(host_key(entry, address_be));
  return known == kNone || bindings_->at(known).sessions - given_up < most;
}

std::uint32_t NatState::open_binding(region::Turn& turn, std::uint8_t entry, const region::FlowKey& inside,
                                     const NatEndpoint& outside) {
  const std::uint32_t binding =
      bindings_->insert(turn, inside_key(entry, inside.source_be, inside.source_port_be, inside.protocol),
                        outside_key(outside.address_be, outside.port_be, inside.protocol));
  if (binding != kNone && entries_[entry].ports_per_host != 0)
    count_up(turn, host_key(entry, inside.source_be));
  return binding;
}

void NatState::undo_binding(region::Turn& turn, std::uint32_t binding) {
  const std::uint8_t entry = entry_of(binding);
  if (entries_[entry].ports_per_host != 0)
    count_down(turn, host_key(entry, bindings_->at(binding).internal.address_be));
  bindings_->erase(turn, binding);
}

// A table without room counts less: what it knows of peers lets fewer in, of hosts it bounds less.
void NatState::count_up(region::Turn& turn, const BindingKey& key) {
  std::uint32_t counter = bindings_->find(key);
  if (counter == kNone) counter = bindings_->insert(turn, key, {});
  if (counter != kNone) ++bindings_->edit(turn, counter)->sessions;
}

void NatState::count_down(region::Turn& turn, const BindingKey& key) {
  const std::uint32_t counter = bindings_->find(key);
  if (counter != kNone && --bindings_->edit(turn, counter)->sessions == 0) bindings_->erase(turn, counter);
}

void NatState::undo_port(region::Turn& turn, const NatEndpoint& outside, std::uint8_t protocol) {
  const std::uint32_t pool = *pool_of(outside.address_be);
  bitmap_of(pool, protocol).give_unused(turn, rte_be_to_cpu_16(outside.port_be));
  end_block(pool, protocol, outside.port_be);
}

PortBlocks& NatState::blocks_of(std::uint32_t pool, std::uint8_t protocol) {
  return pools_[pool].blocks[index_of(protocol)];
}

PortBlocks& NatState::known_blocks(std::uint32_t pool, std::uint8_t protocol) {
  PortBlocks& blocks = blocks_of(pool, protocol);
  if (__builtin_expect(blocks.is_known(), 1)) return blocks;
  blocks.begin();
  const region::PortBitmap& bitmap = bitmap_of(pool, protocol);
  for (unsigned first = 0; first < 65536; first += blocks.size()) {
    const auto port = bitmap.first_taken(first, blocks.last_of(first));
    if (!port) continue;
    const std::uint32_t binding = find_outside(pools_[pool].address_be, rte_cpu_to_be_16(*port), protocol);
    if (binding != kNone) blocks.give(first, {at(binding).internal.address_be, entry_of(binding)});
  }
  return blocks;
}

void NatState::take_found(region::Turn& turn, const BlockAsk& ask, const BlockPort& found) {
  const std::uint16_t port = rte_be_to_cpu_16(found.port_be);
  bitmap_of(ask.pool, ask.protocol).take_this(turn, port);
  PortBlocks& blocks = blocks_of(ask.pool, ask.protocol);
  if (found.begins_block) blocks.give(blocks.first_of(port), ask.owner);
}

bool NatState::end_block(std::uint32_t pool, std::uint8_t protocol, std::uint16_t port_be) {
  PortBlocks& blocks = blocks_of(pool, protocol);
  if (blocks.size() == 0) return false;
  const unsigned first = blocks.first_of(rte_be_to_cpu_16(port_be));
  if (bitmap_of(pool, protocol).first_taken(first, blocks.last_of(first))) return false;
  if (blocks.is_known()) blocks.take_back(first);
  return true;
}

void NatState::forget() {
  for (Pool& pool : pools_)
    for (PortBlocks& blocks : pool.blocks) blocks.forget();
}

void NatState::note_refused(std::uint32_t pool, std::uint8_t protocol) {
  const auto count = [](std::atomic<std::uint64_t>& figure) {
    figure.store(figure.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  };
  count(refused_[pool * kNatProtocols.size() + index_of(protocol)]);
  count(refused_in_all_);
}

std::uint64_t NatState::refused(std::uint32_t pool, std::uint8_t protocol) const {
  return refused_[pool * kNatProtocols.size() + index_of(protocol)].load(std::memory_order_relaxed);
}

std::uint32_t NatState::count_given(std::uint32_t pool, std::uint8_t protocol) const {
  const unsigned size = pools_[pool].blocks[index_of(protocol)].size();
  return size == 0 ? count_taken(pool, protocol) : bitmap_of(pool, protocol).count_blocks(size) * size;
}

// Each end is looked for by its endpoint outside; it is of this session only where the endpoint inside is the
// session's too: another session's port forward may use the same tuple on its way.
NatState::Uses NatState::bindings_of(const region::Session& session) const {
  Uses uses;
  if (!bindings_) return uses;
  const region::FlowKey& forward = session.forward;
  const region::FlowKey& reply = session.reply;
  const std::uint32_t initiators =
      find_outside(reply.destination_be, reply.destination_port_be, forward.protocol);
  if (initiators != kNone &&
      is_endpoint(bindings_->at(initiators).internal, forward.source_be, forward.source_port_be))
    uses.initiators = {initiators, reply.source_be};
  const std::uint32_t responders =
      find_outside(forward.destination_be, forward.destination_port_be, forward.protocol);
  if (responders != kNone &&
      is_endpoint(bindings_->at(responders).internal, reply.source_be, reply.source_port_be))
    uses.responders = {responders, forward.source_be};
  return uses;
}

void NatState::join(region::Turn& turn, const Use& use) {
  ++bindings_->edit(turn, use.binding)->sessions;
  if (filters_by_address(use.binding)) count_up(turn, peer_key(use.binding, use.remote_be));
}

std::optional<NatState::Bound> NatState::leave(region::Turn& turn, const Use& use) {
  if (filters_by_address(use.binding)) count_down(turn, peer_key(use.binding, use.remote_be));
  if (--bindings_->edit(turn, use.binding)->sessions != 0) return std::nullopt;
  return free_binding(turn, use.binding);
}

// Where bindings end.
NatState::Bound NatState::free_binding(region::Turn& turn, std::uint32_t binding) {
  const BindingKey inside = bindings_->at(binding).internal;
  const BindingKey outside = bindings_->at(binding).external;
  const std::uint32_t block_size = entries_[entry_of(binding)].block_size;
  const std::uint32_t pool = *pool_of(outside.address_be);
  undo_binding(turn, binding);
  bitmap_of(pool, outside.protocol).give(turn, rte_be_to_cpu_16(outside.port_be));
  Bound bound{{inside.address_be, inside.port_be}, {outside.address_be, outside.port_be}};
  if (block_size != 0)
    bound.ports = end_block(pool, outside.protocol, outside.port_be) ? static_cast<std::uint16_t>(block_size)
                                                                     : std::uint16_t{0};
  return bound;
}

void NatState::joined(region::Turn& turn, const region::Session& session) {
  const Uses uses = bindings_of(session);
  if (uses.initiators) join(turn, *uses.initiators);
  if (uses.responders) join(turn, *uses.responders);
}

NatState::Freed NatState::left(region::Turn& turn, const region::Session& session) {
  Freed freed;
  if (pools_.empty()) return freed;
  const Uses uses = bindings_of(session);
  if (uses.initiators) freed.initiators = leave(turn, *uses.initiators);
  if (uses.responders) freed.responders = leave(turn, *uses.responders);
  const region::FlowKey& forward = session.forward;
  const region::FlowKey& reply = session.reply;
  if (uses.initiators || !is_translated(session) || !has_nat_ports(forward.protocol)) return freed;
  if (const auto pool = pool_of(reply.destination_be)) {
    bitmap_of(*pool, forward.protocol).give(turn, rte_be_to_cpu_16(reply.destination_port_be));
    freed.initiators = {{forward.source_be, forward.source_port_be},
                        {reply.destination_be, reply.destination_port_be}};
  }
  return freed;
}

bool NatState::would_free_port(const region::Session& session) const {
  if (!has_nat_ports(session.forward.protocol) || !pool_of(session.reply.destination_be)) return false;
  const Uses uses = bindings_of(session);
  return uses.initiators ? bindings_->at(uses.initiators->binding).sessions == 1 : is_translated(session);
}

bool NatState::is_last_of(const region::Session& session, std::uint32_t binding) const {
  const Uses uses = bindings_of(session);
  const bool uses_it = (uses.initiators && uses.initiators->binding == binding) ||
                       (uses.responders && uses.responders->binding == binding);
  return uses_it && bindings_->at(binding).sessions == 1;
}

}  // namespace stillwater::dataplane
