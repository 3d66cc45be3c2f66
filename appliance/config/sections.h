// The sections of a configuration file, each read from the root mapping into its part of Config.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "appliance/config/checked_node.h"
#include "appliance/config/config.h"

namespace stillwater::appliance {

// What other sections check against. A list that is incomplete because of a mistake in `ports` is not used:
// it would report that mistake again wherever the port is named.
struct KnownPorts {
  std::vector<std::string> names;
  bool names_complete = true;
  bool subnets_complete = true;
};

// The ports of each zone.
using Zones = std::map<std::string, std::vector<std::string>>;

// `tls: none` or the three files, into members of these names.
template <class Target>
void read_tls(Section& section, Target& target) {
  section.optional("tls", target.tls, OneOf<Tls>{{{"none", Tls::none}}});
  section.optional("tls_ca", target.tls_ca, parse_text);
  section.optional("tls_certificate", target.tls_certificate, parse_text);
  section.optional("tls_key", target.tls_key, parse_text);
}

// Whether the file is a firewall's; else the key is reported where it stands.
[[nodiscard]] bool is_for_firewall(Section& root, const char* key, const Config& config);

void read_node(Section& root, Config& config);
void read_dataplane(Section& root, Config& config);
void read_arbiter(Section& root, Config& config);
void read_log(Section& root, Config& config);
// syslog: logs of sessions, translations and rules. After `dataplane`.
void read_syslog(Section& root, Config& config);

[[nodiscard]] KnownPorts read_ports(Section& root, Config& config);
void read_routes(Section& root, const KnownPorts& known, Config& config);
// next_hop_tracking: how the next hops of tracked routes are asked.
void read_next_hop_tracking(Section& root, Config& config);
// icmp: how often errors are told.
void read_icmp(Section& root, Config& config);
// zones, addresses, services, rules: what the firewall lets through.
Zones read_policy(Section& root, const KnownPorts& known, Config& config);
// source_nat, destination_nat, static_nat.
void read_nat(Section& root, const KnownPorts& known, const Zones& zones, Config& config);

// The name of a port, which is reported where there is none of it.
void read_port_name(Section& section, const char* key, const KnownPorts& known, std::string& name);
// Ports and zones, one or a list of them, as the ports they are; each once, `ports` is empty where the key is
// absent.
void read_port_set(Section& section, const char* key, const KnownPorts& known, const Zones& zones,
                   std::vector<std::string>& ports);

// Of a firewall: which TCP segments go on, and how many sessions a source may have.
void read_tcp(Section& root, Config& config);
void read_limits(Section& root, Config& config);

void read_timeouts(Section& root, Config& config);
void read_checkpoint(Section& root, Config& config);
void read_replication(Section& root, const KnownPorts& known, Config& config);
void read_tracking(Section& root, const KnownPorts& known, Config& config);
// A key of `replication`: which ports carry heartbeats.
void read_heartbeat_ports(Section& replication, const KnownPorts& known, Config& config);
// A key of `replication`, read when the ports are known. Tells them what the fence needs of them.
void read_fence(Section& replication, Config& config);

}  // namespace stillwater::appliance
