// node, dataplane, arbiter, log: who this node is and what it runs with.

#include <algorithm>

#include <sys/un.h>

#include "appliance/config/sections.h"

namespace stillwater::appliance {
namespace {

constexpr std::uint64_t kMiB = 1u << 20;
constexpr std::uint32_t kRouterMemoryMib = 512;  // two FIBs of each family, with room for routes by default
constexpr const char* kUnixScheme = "unix:";

// Where gRPC is listened for, or reached.
Parsed<std::string> parse_grpc_address(const std::string& text) {
  const std::string expected = "unix:/PATH (107 characters at most) or ADDRESS:PORT";
  const std::string scheme = kUnixScheme;
  if (text.compare(0, scheme.size(), scheme) != 0) {
    if (parse_endpoint(text)) return text;
    return not_as_expected(text, "no address for gRPC", expected);
  }
  const std::string path = text.substr(scheme.size());
  if (path.size() > 1 && path[0] == '/' && path.size() < sizeof(sockaddr_un::sun_path)) return text;
  return not_as_expected(text, "no usable socket path", expected);
}

void read_cores(Section& section, std::uint32_t workers, EalConfig& eal) {
  for (const Value& value : section.list("cores")) {
    std::uint32_t core = 0;
    if (section.read(value, "cores", core, WholeNumber<std::uint32_t>{0, 1023})) eal.cores.push_back(core);
  }
  if (!eal.cores.empty() && eal.cores.size() != workers)
    section.mistake("cores", std::to_string(eal.cores.size()) + " cores for " + std::to_string(workers) +
                                 " workers; expected one core a worker ('workers' says how many)");
}

// What they say beside the address under `address_key`, which is where `who` is reached.
template <class Target>
void check_tls(Section& section, const std::string& address_key, const std::string& address,
               const std::string& who, const Target& target) {
  const bool is_tcp = address.rfind(kUnixScheme, 0) != 0;
  const bool has_files = !target.tls_ca.empty() && !target.tls_certificate.empty() && !target.tls_key.empty();
  if (is_tcp && target.tls == Tls::required && !has_files)
    section.mistake(address_key, who +
                                     " is reached by TCP without TLS; expected tls_ca, tls_certificate and "
                                     "tls_key, or 'tls: none' where the network is trusted");
  for (const std::string key : {"tls_ca", "tls_certificate", "tls_key"}) {
    if (section.has(key) && (!is_tcp || target.tls == Tls::none))
      section.mistake(key, key + " is not used; expected it with ADDRESS:PORT and without 'tls: none'");
  }
}

}  // namespace

void read_node(Section& root, Config& config) {
  const OneOf<InitialRole> role{{{"active", InitialRole::active}, {"standby", InitialRole::standby}}};
  const bool is_pair = root.has("replication");
  config.profile.role = is_pair ? InitialRole::standby : InitialRole::active;

  root.require("node");
  Section node = root.section("node");
  node.required("name", config.profile.name, Name{63});
  if (is_pair) node.require("role", "active or standby");
  node.optional("role", config.profile.role, role);
  if (!is_pair && config.profile.role == InitialRole::standby) {
    node.mistake("role", "role is standby, and there is no peer; expected active, or a replication section");
  }
  const bool valid = node.optional("management", config.profile.management, parse_grpc_address);
  read_tls(node, config.management);
  if (valid || !node.has("management"))
    check_tls(node, "management", config.profile.management, "management", config.management);
  node.finish();
}

void read_dataplane(Section& root, Config& config) {
  using dataplane::Function;
  using dataplane::IdleStrategy;
  const OneOf<IdleStrategy> idle{
      {{"busy", IdleStrategy::busy}, {"pause", IdleStrategy::pause}, {"sleep", IdleStrategy::sleep}}};

  root.require("dataplane");
  Section section = root.section("dataplane");
  section.required("function", config.dataplane.function,
                   OneOf<Function>{{{"firewall", Function::firewall}, {"router", Function::router}}});
  section.optional("idle", config.dataplane.idle, idle);
  section.optional("hugepages", config.eal.hugepages, true_or_false());
  if (config.dataplane.function == Function::router) config.eal.memory_mib = kRouterMemoryMib;
  std::uint64_t memory_bytes = 0;
  if (section.optional("memory", memory_bytes, Size{128 * kMiB, std::uint64_t{1024} * 1024 * kMiB})) {
    if (memory_bytes % kMiB != 0)
      section.mistake("memory", "memory is no multiple of 1MiB; expected whole MiB");
    config.eal.memory_mib = static_cast<std::uint32_t>(memory_bytes / kMiB);
  }
  section.optional("sessions", config.dataplane.sessions_max, WholeNumber<std::uint32_t>{16, 1u << 24});
  section.optional("ipv6_sessions", config.dataplane.sessions6_max, WholeNumber<std::uint32_t>{16, 1u << 24});
  section.optional("neighbours", config.dataplane.neighbours_max, WholeNumber<std::uint32_t>{16, 1u << 20});
  section.optional("hold_packets", config.dataplane.hold_packets_max,
                   WholeNumber<std::uint32_t>{64, 1u << 20});
  section.optional("ipv4_routes", config.dataplane.routes4_max, WholeNumber<std::uint32_t>{16, 1u << 21});
  section.optional("ipv6_routes", config.dataplane.routes6_max, WholeNumber<std::uint32_t>{16, 1u << 20});
  section.optional("workers", config.dataplane.workers,
                   WholeNumber<std::uint32_t>{1, dataplane::kWorkersMax});
  read_cores(section, config.dataplane.workers, config.eal);
  section.finish();
}

namespace {

void read_witness(Section& root, Config& config) {
  WitnessConfig& witness = config.witness;
  Section section = root.section("witness");
  const bool valid = section.required("address", witness.address, parse_grpc_address);
  section.required("pair", witness.pair, Name{63});
  section.optional("timeout", witness.timeout, Duration{10ms, 10s});
  read_tls(section, witness);
  if (valid) check_tls(section, "address", witness.address, "the witness", witness);
  section.finish();
}

// Text that is an endpoint.
Parsed<std::string> parse_endpoint_text(const std::string& text) {
  return parse_endpoint(text).map([&](const Endpoint&) { return text; });
}

void read_endpoints(Section& section, std::vector<std::string>& endpoints) {
  if (!section.require("endpoints", "a list of ADDRESS:PORT, each of a member of one etcd")) return;
  for (const Value& value : section.list("endpoints", Section::Empty::refused)) {
    std::string endpoint;
    if (!section.read(value, "endpoints", endpoint, parse_endpoint_text)) continue;
    if (std::ranges::find(endpoints, endpoint) != endpoints.end())
      section.mistake(value, endpoint + " is repeated; expected each endpoint once");
    endpoints.push_back(endpoint);
  }
}

void read_etcd(Section& root, Config& config) {
  EtcdConfig& etcd = config.etcd;
  Section section = root.section("etcd");
  read_endpoints(section, etcd.endpoints);
  section.required("pair", etcd.pair, Name{63});
  section.optional("timeout", etcd.timeout, Duration{10ms, 10s});
  read_tls(section, etcd);
  if (!etcd.endpoints.empty()) check_tls(section, "endpoints", etcd.endpoints.front(), "etcd", etcd);
  section.finish();
}

// An arbiter's section is there where it is asked, and only there.
void check_arbiter_section(Section& root, const std::string& word, const std::string& holds, bool is_asked,
                           bool choice_is_known) {
  if (is_asked && !root.has("replication"))
    root.mistake("arbiter",
                 "arbiter is " + word + ", and there is no peer; expected none, or a replication section");
  if (is_asked) root.require(word, holds);
  if (choice_is_known && !is_asked && root.has(word))
    root.mistake(word, word + " is not used; expected 'arbiter: " + word + "' beside it");
}

void read_arbiter_choice(Section& root, Config& config) {
  const OneOf<ArbiterKind> kind{
      {{"none", ArbiterKind::none}, {"witness", ArbiterKind::witness}, {"etcd", ArbiterKind::etcd}}};
  if (root.has("replication"))
    root.require("arbiter", "witness or etcd; or none, where a cut cable is answered by prefer");
  const bool known = root.optional("arbiter", config.arbiter, kind) || !root.has("arbiter");
  check_arbiter_section(root, "witness", "its address and the pair's name",
                        config.arbiter == ArbiterKind::witness, known);
  check_arbiter_section(root, "etcd", "its endpoints and the pair's name",
                        config.arbiter == ArbiterKind::etcd, known);
}

}  // namespace

void read_arbiter(Section& root, Config& config) {
  read_arbiter_choice(root, config);
  if (root.has("witness")) read_witness(root, config);
  if (root.has("etcd")) read_etcd(root, config);
  root.optional("cold_start", config.cold_start, OneOf<bool>{{{"refuse", false}, {"allow", true}}});
  root.optional("prefer", config.prefer,
                OneOf<Prefer>{{{"availability", Prefer::availability}, {"safety", Prefer::safety}}});
  root.optional("preempt", config.preempt, OneOf<bool>{{{"no", false}, {"yes", true}}});
  root.optional("hold_down", config.hold_down, Duration{0s, 600s});
  if (config.arbiter != ArbiterKind::none && root.has("prefer"))
    root.mistake("prefer", std::string("prefer is not used, since ") +
                               (config.arbiter == ArbiterKind::etcd ? "the record in etcd" : "the witness") +
                               " decides; expected it with 'arbiter: none' only");
}

void read_log(Section& root, Config& config) {
  Section log = root.section("log");
  log.optional("level", config.log_level,
               one_word_of({"trace", "debug", "info", "warning", "error", "critical", "off"}));
  log.optional(
      "eal", config.eal.log_level,
      one_word_of({"emergency", "alert", "critical", "error", "warning", "notice", "info", "debug"}));
  log.finish();
}

}  // namespace stillwater::appliance
