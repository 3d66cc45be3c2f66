#include "appliance/session_filter.h"

#include <map>
#include <optional>
#include <string>

#include <arpa/inet.h>
#include <netinet/in.h>

#include "dataplane/names.h"

namespace stillwater::appliance {
namespace {

using dataplane::SessionFilter;
using region::SessionState;

// ADDRESS or ADDRESS/LENGTH of either family.
std::optional<IpPrefix> network_of(const std::string& text) {
  const std::size_t slash = text.find('/');
  const std::string address = text.substr(0, slash);
  IpPrefix network;
  in_addr v4{};
  if (inet_pton(AF_INET, address.c_str(), &v4) == 1)
    network = {IpAddress::v4(v4.s_addr), 32};
  else if (inet_pton(AF_INET6, address.c_str(), network.address.bytes.data()) == 1 &&
           !network.address.is_v4())
    network.length = 128;
  else
    return std::nullopt;
  if (slash == std::string::npos) return network;
  const std::string digits = text.substr(slash + 1);
  if (digits.empty() || digits.size() > 3 || digits.find_first_not_of("0123456789") != std::string::npos)
    return std::nullopt;
  const unsigned long length = std::stoul(digits);
  if (length > network.length) return std::nullopt;
  network.length = static_cast<std::uint8_t>(length);
  return network.network();
}

Status read_network(const std::string& text, std::optional<IpPrefix>& network) {
  if (text.empty()) return {};
  network = network_of(text);
  if (network) return {};
  return fail(Errc::invalid_argument, "'" + text + "' is no IPv4 or IPv6 address and no ADDRESS/LENGTH");
}

// Of a binding.
Status read_network4(const std::string& text, std::optional<IpPrefix>& network) {
  return read_network(text, network).and_then([&]() -> Status {
    if (!network || network->is_v4()) return {};
    return fail(Errc::invalid_argument, "'" + text + "' is of IPv6; bindings are of IPv4 alone");
  });
}

template <class T>
Status read_word(const std::string& text, const std::map<std::string, T>& words, std::optional<T>& value) {
  if (text.empty()) return {};
  const auto found = words.find(text);
  if (found != words.end()) {
    value = found->second;
    return {};
  }
  std::string expected;
  for (const auto& [word, meaning] : words) expected += (expected.empty() ? "" : ", ") + word;
  return fail(Errc::invalid_argument, "'" + text + "' is none of " + expected);
}

Status read_port(std::uint32_t port, std::optional<std::uint16_t>& port_be) {
  if (port == 0) return {};
  if (port > 65535)
    return fail(Errc::invalid_argument, "port " + std::to_string(port) + " is not from 1 to 65535");
  port_be = htons(static_cast<std::uint16_t>(port));
  return {};
}

Status read_interface(const std::string& name, const dataplane::Config& config,
                      std::optional<dataplane::PortIndex>& port) {
  if (name.empty()) return {};
  port = dataplane::find_port(config, name);
  if (port) return {};
  return fail(Errc::invalid_argument, "'" + name + "' is no port of this node");
}

}  // namespace

Result<SessionFilter> session_filter(const mgmt::SessionFilter& filter, const dataplane::Config& config) {
  const std::map<std::string, std::uint8_t> protocols{{"tcp", IPPROTO_TCP},   {"udp", IPPROTO_UDP},
                                                      {"icmp", IPPROTO_ICMP}, {"icmpv6", IPPROTO_ICMPV6},
                                                      {"gre", IPPROTO_GRE},   {"esp", IPPROTO_ESP}};
  std::map<std::string, SessionState> states;
  for (const auto state : {SessionState::opening, SessionState::established, SessionState::closing})
    states[dataplane::name_of(state)] = state;
  SessionFilter out;
  for (const Status& read :
       {read_word(filter.protocol, protocols, out.protocol), read_word(filter.state, states, out.state),
        read_network(filter.source, out.source), read_network(filter.destination, out.destination),
        read_network(filter.address, out.address), read_port(filter.port, out.port_be),
        read_interface(filter.interface, config, out.interface)})
    if (!read) return tl::unexpected(read.error());
  if (filter.rule != 0) out.rule_id = filter.rule;
  if (filter.min_age_s != 0) out.min_age_s = filter.min_age_s;
  return out;
}

Result<dataplane::BindingFilter> binding_filter(const mgmt::BindingFilter& filter,
                                                const dataplane::Config& config) {
  const std::map<std::string, std::uint8_t> protocols{
      {"tcp", IPPROTO_TCP}, {"udp", IPPROTO_UDP}, {"icmp", IPPROTO_ICMP}};
  dataplane::BindingFilter out;
  for (const Status& read :
       {read_word(filter.protocol, protocols, out.protocol), read_network4(filter.inside, out.inside),
        read_network4(filter.outside, out.outside), read_network4(filter.address, out.address),
        read_port(filter.port, out.port_be)})
    if (!read) return tl::unexpected(read.error());
  if (filter.entry == 0) return out;
  if (filter.entry > config.source_nat.size())
    return fail(Errc::invalid_argument, "source_nat has no entry " + std::to_string(filter.entry) +
                                            "; expected up to " + std::to_string(config.source_nat.size()));
  out.entry = static_cast<std::uint8_t>(filter.entry - 1);
  return out;
}

}  // namespace stillwater::appliance
