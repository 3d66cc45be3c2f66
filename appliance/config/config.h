// The configuration of one node, as values, and its reader. docs/configuration.md documents the file format.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "dataplane/config.h"

namespace stillwater::appliance {

inline constexpr std::size_t kNextHopsMax = 16;  // of a route

enum class InitialRole : std::uint8_t { active, standby };

// The personality of a node (mission D5): what a takeover must not copy from the peer.
struct Profile {
  std::string name;                                                 // node identity, unique in the pair
  InitialRole role = InitialRole::standby;                          // who leads when both start empty
  std::string management = "unix:/run/stillwater/stillwater.sock";  // unix:PATH, or ADDRESS:PORT with tls
};

struct Endpoint {
  std::string address;  // IPv4 or IPv6 literal
  std::uint16_t port = 0;

  bool operator==(const Endpoint&) const = default;
};

enum class Tls : std::uint8_t { required, none };

// A cable to the peer.
struct PathConfig {
  Endpoint listen;  // TCP for state, UDP for heartbeats, on the same port number
  Endpoint peer;
};

// A data port over which heartbeats go too, as frames from its interface's own MAC.
struct HeartbeatPort {
  std::string name;                     // of the port
  std::string interface;                // of the kernel, under it
  dataplane::MacAddress virtual_mac{};  // which the interface must not have
};

// What keeps a node that was frozen between its look at the lease and its send from the wire.
enum class FenceKind : std::uint8_t { none, ebpf };

struct ReplicationConfig {
  bool enabled = false;                        // the section is present
  std::vector<PathConfig> paths;               // one or two, the first preferred
  std::vector<PathConfig> heartbeat_paths;     // carry heartbeats, and never state
  std::vector<HeartbeatPort> heartbeat_ports;  // likewise
  std::string peer_name;  // the node that the other one must be; with TLS by its certificate
  Tls tls = Tls::required;
  std::string tls_ca, tls_certificate, tls_key;  // files
  Nanos heartbeat_interval = 2ms;
  Nanos failure_timeout = 20ms;  // silence, less the detector's own stalls, after which the active is lost
  Nanos lease = 20ms;            // how long the active may transmit from a stamp on that its standby granted
  FenceKind fence = FenceKind::none;
};

// A host that a node must reach to be well.
struct TrackedTarget {
  std::string port;
  std::string interface;
  dataplane::MacAddress virtual_mac{};  // of the port
  std::uint32_t address = 0;            // IPv4, host byte order
  std::uint16_t weight = 50;
};

// What makes a node unfit to lead though it lives; see docs/configuration.md.
struct TrackingConfig {
  std::uint16_t link_weight = 100;  // of each port without a link; 0: links do not matter
  std::vector<TrackedTarget> targets;
  bool probe_peer = true;        // as a standby: whether the active's ports answer
  Nanos interval = 200ms;        // between two probes of a target
  unsigned misses = 3;           // probes without an answer, after which it counts as unreachable
  Nanos recovery = 5s;           // what was ill counts as ill until it has been well for so long
  Nanos worker_timeout = 500ms;  // without a step, after which a worker counts as stuck
};

struct CheckpointConfig {
  Nanos interval = 1ms;          // at most this long between two checkpoints while hard lines are dirty
  Nanos min_interval = 100us;    // never sooner than this
  Nanos quiesce_timeout = 10ms;  // a barrier that takes longer is given up (Q8)
  std::uint64_t dirty_bytes = 1u << 20;   // a checkpoint is due when this much is dirty
  Nanos defer = 200us;                    // held output that can wait asks for one when it is this old
  std::uint32_t defer_packets = 32;       // or when there is this much of it
  unsigned pause_percent = 5;             // of the time at most: intervals are stretched for it
  Nanos soft_interval = 250ms;            // how often soft lines are shipped
  std::uint64_t soft_bytes = 256u << 10;  // at most this many bytes of soft lines an interval
  Nanos digest_budget = 5us;              // of each blackout, for digests of the region; 0: none
  Nanos digest_interval = 100ms;          // between two digests where nothing else is to be checkpointed
  std::string tracker = "auto";           // barrier | pagemap | mprotect
  bool verify = false;                    // compare what is marked with what was written
};

// Who keeps the record that decides which node leads.
enum class ArbiterKind : std::uint8_t { none, witness, etcd };

struct WitnessConfig {
  std::string address;                           // unix:PATH, or ADDRESS:PORT
  std::string pair;                              // the record's name there; the same on both nodes
  Tls tls = Tls::required;                       // for ADDRESS:PORT
  std::string tls_ca, tls_certificate, tls_key;  // files
  Nanos timeout = 500ms;  // without an answer for so long, a request counts as unanswered
};

struct EtcdConfig {
  std::vector<std::string> endpoints;  // ADDRESS:PORT of members of one etcd
  std::string pair;                    // in the record's key; the same on both nodes
  Tls tls = Tls::required;
  std::string tls_ca, tls_certificate, tls_key;  // files
  Nanos timeout = 500ms;  // without an answer for so long, a request counts as unanswered
};

// How profile.management is protected where it is ADDRESS:PORT.
struct ManagementConfig {
  Tls tls = Tls::required;
  std::string tls_ca, tls_certificate, tls_key;  // files
};

// With no arbiter, a cut cable between two live nodes is answered by this choice.
enum class Prefer : std::uint8_t { availability, safety };

// How a collector of logs is reached. In the clear by name only.
enum class SyslogTransport : std::uint8_t { tls, tcp, udp };

struct CollectorConfig {
  Endpoint address{};
  SyslogTransport transport = SyslogTransport::tls;
  std::string tls_ca{};                      // file: the authority of its certificate
  std::string tls_certificate{}, tls_key{};  // files of this node; empty: it shows none
  std::string tls_name{};                    // DNS name in its certificate; empty: its address must be there
};

// Where logs of sessions, translations and rules go (RFC 5424). What is logged: dataplane::LogConfig.
struct SyslogConfig {
  std::vector<CollectorConfig> collectors{};  // none: nothing is logged
  std::uint8_t facility = 16;                 // 0..23; local0
};

struct EalConfig {
  bool hugepages = false;
  std::uint32_t memory_mib = 256;
  std::vector<std::uint32_t> cores{};  // cores of the workers; empty: the last one this process may use
  std::string log_level = "warning";   // DPDK's own messages
};

struct Config {
  Profile profile;
  dataplane::Config dataplane;
  ReplicationConfig replication;
  TrackingConfig tracking;
  CheckpointConfig checkpoint;
  ArbiterKind arbiter = ArbiterKind::none;
  WitnessConfig witness;
  EtcdConfig etcd;
  bool cold_start = false;  // begin empty where this node alone held the state and lost it
  Prefer prefer = Prefer::availability;
  bool preempt = false;  // a preferred node that is in sync is handed the lead
  Nanos hold_down = 5s;  // no lead is handed over so soon after it has changed
  EalConfig eal;
  ManagementConfig management;
  SyslogConfig syslog;
  std::string log_level = "info";

  // XXH3 of what both nodes must agree on: ports without device strings and descriptor counts, routes, rules,
  // source NAT, time-outs, table sizes, output commit, the lease. Equal on every host for equal values. The
  // section syslog is no part of it: it changes neither the region nor a packet, so each node may have
  // collectors of its own.
  [[nodiscard]] std::uint64_t service_digest() const;
};

// The kernel's interface under a port; none where packet sockets do not share it: a PCI device, XDP sockets.
[[nodiscard]] std::optional<std::string> interface_of_port(const dataplane::PortConfig& port);
// Of all ports that have one.
[[nodiscard]] std::vector<std::string> interfaces_of_ports(const Config& config);

// Reads and validates the YAML text. `file` is only named in messages. The error's message holds one line
// for each mistake, in the order of the file, each "FILE:LINE:COLUMN: what is wrong; expected ...", counted
// from 1. Both are safe on any thread. The code is invalid_argument, or io for a file that cannot be read.
[[nodiscard]] Result<Config> parse_config(const std::string& text, const std::string& file);
[[nodiscard]] Result<Config> load_config(const std::string& path);
// The same of a text with the sections zones, addresses, services and rules alone, for ports that are there.
[[nodiscard]] Result<dataplane::PolicyConfig> parse_policy(const std::string& text, const std::string& file,
                                                           const dataplane::Config& plane);

}  // namespace stillwater::appliance
