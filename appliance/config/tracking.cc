// tracking: what makes a node unfit to lead though it lives; and the data ports that carry heartbeats.
#include <algorithm>

#include "appliance/config/sections.h"

namespace stillwater::appliance {
namespace {

constexpr std::size_t kTargetsMax = 64;
constexpr WholeNumber<std::uint16_t> kWeight{0, 1000};

// The port of that name, with the kernel's interface under it; none, and reported.
std::optional<HeartbeatPort> shared_port(Section& section, const Value& at, const std::string& name,
                                         const Config& config, const std::string& what) {
  const auto& ports = config.dataplane.ports;
  const auto port = std::ranges::find(ports, name, &dataplane::PortConfig::name);
  if (port == ports.end()) {
    section.mistake(at, "there is no port " + quoted(name) + "; expected a port's name");
    return std::nullopt;
  }
  const auto interface = interface_of_port(*port);
  if (interface) return HeartbeatPort{name, *interface, port->mac};
  section.mistake(at, what + " leave through an interface of the kernel, and port " + quoted(name) +
                          " is none; expected a port of net_af_packet with iface=");
  return std::nullopt;
}

bool is_other_host(const TrackedTarget& target, const Config& config) {
  const auto port = std::ranges::find(config.dataplane.ports, target.port, &dataplane::PortConfig::name);
  const auto& own = port->addresses;
  return std::ranges::any_of(own, [&](const auto& subnet) { return is_host_of(subnet, target.address); }) &&
         std::ranges::none_of(own, [&](const auto& subnet) { return subnet.address == target.address; });
}

TrackedTarget read_target(Section& section, const Value& value, const KnownPorts& known,
                          const Config& config) {
  TrackedTarget target;
  const bool has_port = section.required("port", target.port, parse_text);
  const bool has_address = section.required("address", target.address, parse_ipv4);
  section.optional("weight", target.weight, kWeight);
  section.finish();
  if (has_port && known.names_complete)
    if (const auto port = shared_port(section, value, target.port, config, "probes")) {
      target.interface = port->interface;
      target.virtual_mac = port->virtual_mac;
      if (has_address && known.subnets_complete && !is_other_host(target, config))
        section.mistake("address", to_text(target.address) + " is no other host of a subnet of port " +
                                       quoted(target.port) + "; expected one that answers ARP there");
    }
  return target;
}

}  // namespace

void read_tracking(Section& root, const KnownPorts& known, Config& config) {
  TrackingConfig& tracking = config.tracking;
  Section section = root.section("tracking");
  section.optional("link_weight", tracking.link_weight, kWeight);
  for (const Value& value : section.list("targets")) {
    Section target = section.element(value, "target");
    tracking.targets.push_back(read_target(target, value, known, config));
  }
  if (tracking.targets.size() > kTargetsMax)
    section.mistake("targets", "too many targets; expected at most " + std::to_string(kTargetsMax));
  section.optional("probe_peer", tracking.probe_peer, true_or_false());
  section.optional("interval", tracking.interval, Duration{20ms, 60s});
  section.optional("misses", tracking.misses, WholeNumber<unsigned>{1, 100});
  section.optional("recovery", tracking.recovery, Duration{0s, 600s});
  section.optional("worker_timeout", tracking.worker_timeout, Duration{50ms, 60s});
  section.finish();
}

void read_heartbeat_ports(Section& replication, const KnownPorts& known, Config& config) {
  for (const Value& value : replication.list("heartbeat_ports")) {
    std::string name;
    if (!replication.read(value, "heartbeat_ports", name, parse_text) || !known.names_complete) continue;
    const auto port = shared_port(replication, value, name, config, "heartbeats");
    if (!port) continue;
    auto& ports = config.replication.heartbeat_ports;
    if (std::ranges::find(ports, name, &HeartbeatPort::name) != ports.end())
      replication.mistake(value, "port " + quoted(name) + " is repeated; expected it once");
    ports.push_back(*port);
  }
}

}  // namespace stillwater::appliance
