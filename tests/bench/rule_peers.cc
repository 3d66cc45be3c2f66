#include "tests/bench/rule_peers.h"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <string>

#include <arpa/inet.h>

#include <rte_byteorder.h>
#include <rte_errno.h>
#include <rte_memory.h>

namespace stillwater::bench {
namespace {

using dataplane::PortRange;
using dataplane::RuleConfig;

constexpr std::size_t kAclBytesMax = std::size_t{1} << 30;

PortRange ports_of(const RuleConfig& rule) {
  const auto& ports = rule.services.front().destination_ports;
  return ports.empty() ? PortRange{} : ports.front();
}

// How many bits of word `i` the prefix has.
unsigned bits_of_word(unsigned length, std::size_t i) {
  const auto before = static_cast<unsigned>(32 * i);
  return length <= before ? 0 : std::min(32u, length - before);
}

std::uint32_t mask_of(unsigned bits) { return bits == 0 ? 0 : ~std::uint32_t{0} << (32 - bits); }

template <std::size_t kWords>
AddressWords<kWords> in_network_order(AddressWords<kWords> words) {
  for (std::uint32_t& word : words) word = htonl(word);
  return words;
}

// Protocol, source, destination, both ports.
template <std::size_t kWords>
struct AclRule {
  static constexpr std::size_t kFields = 3 + 2 * kWords;
  rte_acl_rule_data data;
  rte_acl_field field[kFields];
};

template <std::size_t kWords>
rte_acl_config acl_fields() {
  using Asked = typename AclRules<kWords>::Asked;
  rte_acl_config config{};
  config.num_categories = 1;
  config.max_size = kAclBytesMax;
  const auto add = [&](unsigned type, std::size_t size, std::size_t input, std::size_t offset) {
    config.defs[config.num_fields] = {.type = static_cast<std::uint8_t>(type),
                                      .size = static_cast<std::uint8_t>(size),
                                      .field_index = static_cast<std::uint8_t>(config.num_fields),
                                      .input_index = static_cast<std::uint8_t>(input),
                                      .offset = static_cast<std::uint32_t>(offset)};
    ++config.num_fields;
  };
  add(RTE_ACL_FIELD_TYPE_BITMASK, 1, 0, offsetof(Asked, protocol));
  for (std::size_t i = 0; i < kWords; ++i)
    add(RTE_ACL_FIELD_TYPE_MASK, 4, 1 + i, offsetof(Asked, source_be) + 4 * i);
  for (std::size_t i = 0; i < kWords; ++i)
    add(RTE_ACL_FIELD_TYPE_MASK, 4, 1 + kWords + i, offsetof(Asked, destination_be) + 4 * i);
  add(RTE_ACL_FIELD_TYPE_RANGE, 2, 1 + 2 * kWords, offsetof(Asked, source_port_be));
  add(RTE_ACL_FIELD_TYPE_RANGE, 2, 1 + 2 * kWords, offsetof(Asked, destination_port_be));
  return config;
}

template <std::size_t kWords>
void put_prefix(const std::vector<IpPrefix>& prefixes, rte_acl_field* fields) {
  for (std::size_t i = 0; i < kWords && !prefixes.empty(); ++i) {
    fields[i].value.u32 = words_of<kWords>(prefixes.front().address)[i];
    fields[i].mask_range.u32 = bits_of_word(prefixes.front().length, i);
  }
}

template <std::size_t kWords>
AclRule<kWords> acl_rule(const RuleConfig& rule, std::int32_t priority) {
  AclRule<kWords> acl{};
  acl.data = {.category_mask = 1, .priority = priority, .userdata = rule.id};
  acl.field[0].value.u8 = *rule.services.front().protocol;
  acl.field[0].mask_range.u8 = 0xff;
  put_prefix<kWords>(rule.source, &acl.field[1]);
  put_prefix<kWords>(rule.destination, &acl.field[1 + kWords]);
  rte_acl_field* ports = &acl.field[1 + 2 * kWords];
  ports[0].mask_range.u16 = 0xffff;
  ports[1].value.u16 = ports_of(rule).first;
  ports[1].mask_range.u16 = ports_of(rule).last;
  return acl;
}

}  // namespace

template <std::size_t kWords>
AddressWords<kWords> words_of(const IpAddress& address) {
  AddressWords<kWords> words;
  std::memcpy(words.data(), &address.bytes[address.bytes.size() - sizeof(words)], sizeof(words));
  for (std::uint32_t& word : words) word = ntohl(word);
  return words;
}

template <std::size_t kWords>
LinearRules<kWords>::LinearRules(const std::vector<RuleConfig>& rules) {
  for (const RuleConfig& rule : rules)
    lines_.push_back({.source = prefix_of(rule.source),
                      .destination = prefix_of(rule.destination),
                      .ports = ports_of(rule),
                      .protocol = *rule.services.front().protocol,
                      .id = rule.id});
}

template <std::size_t kWords>
typename LinearRules<kWords>::Prefix LinearRules<kWords>::prefix_of(const std::vector<IpPrefix>& prefixes) {
  Prefix prefix{};
  if (prefixes.empty()) return prefix;
  prefix.address = words_of<kWords>(prefixes.front().address);
  for (std::size_t i = 0; i < kWords; ++i) prefix.mask[i] = mask_of(bits_of_word(prefixes.front().length, i));
  return prefix;
}

template <std::size_t kWords>
typename LinearRules<kWords>::Asked LinearRules<kWords>::asked_of(const FirstPacket& packet) {
  return {.source = words_of<kWords>(packet.source),
          .destination = words_of<kWords>(packet.destination),
          .port = packet.destination_port,
          .protocol = packet.protocol};
}

template <std::size_t kWords>
Result<AclRules<kWords>> AclRules<kWords>::build(const std::vector<RuleConfig>& rules) {
  using Rule = AclRule<kWords>;
  const rte_acl_param param{.name = kWords == 1 ? "rules4" : "rules6",
                            .socket_id = SOCKET_ID_ANY,
                            .rule_size = sizeof(Rule),
                            .max_rule_num = static_cast<std::uint32_t>(rules.size())};
  AclRules built;
  built.context_.reset(rte_acl_create(&param));
  std::vector<Rule> all;
  for (const RuleConfig& rule : rules)  // the first has the highest priority
    all.push_back(acl_rule<kWords>(rule, static_cast<std::int32_t>(rules.size() - all.size())));
  const rte_acl_config config = acl_fields<kWords>();
  int failed = built.context_ == nullptr ? -rte_errno : 0;
  if (failed == 0)
    failed = rte_acl_add_rules(built.context_.get(), reinterpret_cast<const rte_acl_rule*>(all.data()),
                               static_cast<std::uint32_t>(all.size()));
  if (failed == 0) failed = rte_acl_build(built.context_.get(), &config);
  if (failed != 0)
    return fail(Errc::resource_exhausted,
                "rte_acl of " + std::to_string(rules.size()) + " rules: " + rte_strerror(-failed));
  return built;
}

template <std::size_t kWords>
typename AclRules<kWords>::Asked AclRules<kWords>::asked_of(const FirstPacket& packet) {
  return {.protocol = packet.protocol,
          .zero = {},
          .source_be = in_network_order(words_of<kWords>(packet.source)),
          .destination_be = in_network_order(words_of<kWords>(packet.destination)),
          .source_port_be = htons(packet.source_port),
          .destination_port_be = htons(packet.destination_port)};
}

template class LinearRules<1>;
template class LinearRules<4>;
template class AclRules<1>;
template class AclRules<4>;

}  // namespace stillwater::bench
