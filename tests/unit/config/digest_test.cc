// Two nodes compare their digests: equal where the service is the same, whatever differs locally.
#include <catch2/catch.hpp>

#include "tests/unit/config/sample.h"

namespace stillwater::appliance {
namespace {

std::uint64_t digest_of(const std::string& text) {
  const Result<Config> config = parse_config(text, "f.yaml");
  if (!config) throw std::logic_error(config.error().message);
  return config->service_digest();
}

}  // namespace

TEST_CASE("the nodes of the example pair agree") {
  const auto a = load_config(std::string(CONFIGS_FOLDER) + "/firewall-a.yaml");
  const auto b = load_config(std::string(CONFIGS_FOLDER) + "/firewall-b.yaml");
  REQUIRE(a);
  REQUIRE(b);
  CHECK(a->service_digest() == b->service_digest());
}

TEST_CASE("what belongs to one node leaves the digest alone") {
  const std::pair<const char*, const char*> local[] = {
      {"name: fw-a", "name: fw-b"},
      {"role: active", "role: standby"},
      {"net_null0", "net_null7"},
      {"mtu: 1500", "rx_descriptors: 64"},
      {"256MiB", "512MiB"},
      {"[1]", "[3]"},
      {"interval: 1ms", "interval: 2ms"},
      {"interval: 1ms", "tracker: pagemap"},
      {"interval: 1ms", "digest_budget: 0us"},
      {"interval: 1ms", "verify: true"},
      {"10.80.3.1", "10.80.3.9"},
      {"failure_timeout: 50ms", "failure_timeout: 50ms\n  fence: none"},
      {"level: info", "level: debug"},
      {"log: {level: info}", "syslog: {collectors: [{address: 192.0.2.9:514, transport: udp}]}"},
  };
  for (const auto& [from, to] : local) {
    INFO(from);
    CHECK(digest_of(with(kSample, from, to)) == digest_of(kSample));
  }
}

TEST_CASE("any change of the service changes the digest") {
  const std::pair<const char*, const char*> service[] = {
      {"id: 10", "id: 11"},
      {"failure_timeout: 50ms", "failure_timeout: 50ms\n  lease: 30ms"},
      {"action: allow", "action: deny"},
      {"from: inside, to: outside}", "from: inside}"},
      {"from: inside, to: outside}", "to: outside}"},
      {"protocol: tcp", "protocol: udp"},
      {"protocol: tcp", "source: 10.0.0.0/8, protocol: tcp"},
      {"protocol: tcp", "destination: 10.0.0.0/8, protocol: tcp"},
      {"destination_ports: 22", "destination_ports: 22-23"},
      {"destination_ports: 22", "destination_ports: [22, 24]"},
      {"destination_ports: 22", "destination_ports: 22, source_ports: 1024-65535"},
      {"destination_ports: 22", "destination_ports: 22, log: true"},
      {"action: allow", "action: reject"},
      {"action: allow", "action: allow, limit: {per_s: 10}"},
      {"action: allow", "action: allow, limit: {per_s: 10, burst: 11}"},
      {"action: allow", "action: allow, idle_timeout: 60s"},
      {"protocol: tcp, destination_ports: 22", "protocol: icmp, icmp_types: echo-request"},
      {"  - {id: 20, action: deny, protocol: tcp, destination_ports: 22}\n", ""},
      {"to: 0.0.0.0/0", "to: 10.0.0.0/8"},
      {"via: 10.80.2.2", "via: 10.80.2.3"},
      {"mac: 02:53:57:00:01:01", "mac: 02:53:57:00:01:02"},
      {"10.80.1.1/24", "10.80.1.2/24"},
      {"10.80.1.1/24", "10.80.1.1/25"},
      {"mtu: 1500", "mtu: 1400"},
      {"address: 10.80.2.1}", "address: 10.80.2.9}"},
      {"address: 10.80.2.1}", "address: 10.80.2.1, ports: 2048-4095}"},
      {"from: inside, to: outside, a", "to: outside, a"},
      {"address: 10.80.2.1}", "pool: 10.80.2.1}"},
      {"address: 10.80.2.1}", "address: 10.80.2.1, source: 10.80.1.0/25}"},
      {"address: 10.80.2.1}", "address: 10.80.2.1, mapping: per_session}"},
      {"address: 10.80.2.1}", "address: 10.80.2.1, filtering: address_dependent}"},
      {"address: 10.80.2.1}", "address: 10.80.2.1, ports_per_host: 100}"},
      {"address: 10.80.2.1}", "translate: none}"},
      {"address: 10.80.2.1}", "address: 10.80.2.1, block_size: 64}"},
      {"address: 10.80.2.1}", "address: 10.80.2.1, block_size: 64, blocks_per_host: 5}"},
      {"from: inside, to: outside, a", "from: [inside, outside], to: outside, a"},
      {"from: inside, to: outside, a", "from: inside, to: [outside, inside], a"},
      {"timeouts:", "destination_nat: [{from: outside, address: 10.80.2.9, to: 10.80.1.9}]\ntimeouts:"},
      {"timeouts:", "static_nat: [{port: outside, outside: 10.80.2.9, inside: 10.80.1.9}]\ntimeouts:"},
      {"udp: 120s", "udp: 121s"},
      {"udp: 120s", "other: 601s"},
      {"checkpoint:", "tcp: {checks: loose}\ncheckpoint:"},
      {"checkpoint:", "limits: {sessions_per_source: 9}\ncheckpoint:"},
      {"checkpoint:", "limits: {half_open_per_source: 9}\ncheckpoint:"},
      {"checkpoint:", "limits: {new_per_s_per_source: 9}\ncheckpoint:"},
      {"checkpoint:", "limits: {half_open_max: 9}\ncheckpoint:"},
      {"protocol: tcp, destination_ports: 22", "protocol: esp"},
      {"sessions: 65536", "sessions: 65537"},
      {"sessions: 65536", "neighbours: 2048"},
      {"cores: [1]", "workers: 2"},
      {"interval: 1ms", "output_commit: none"},
      {"interval: 1ms", "output_commit: all"},
  };
  for (const auto& [from, to] : service) {
    INFO(from << " -> " << to);
    CHECK(digest_of(with(kSample, from, to)) != digest_of(kSample));
  }
}

TEST_CASE("names of zones and groups are not in the digest: what they stand for is") {
  const auto named = [](const std::string& names, const std::string& rule) {
    return digest_of(with(with(kSample, "rules:", names + "rules:"), "- {id: 20, action: deny,", rule));
  };
  const std::string in_place = "- {id: 20, action: deny, source: [10.0.0.0/8, \"2001:db8::/32\"],";
  const std::uint64_t plain = named("", in_place);
  const std::string by_name = "- {id: 20, action: deny, source: lan,";
  CHECK(named("addresses: {lan: [\"2001:db8::/32\", 10.0.0.0/8]}\n", by_name) == plain);
  CHECK(named("addresses: {lan: [\"2001:db8::/32\", ten], ten: [10.0.0.0/8]}\n", by_name) == plain);
  CHECK(named("addresses: {lan: [\"2001:db8::/33\", 10.0.0.0/8]}\n", by_name) != plain);
}

// A digest that drifts between releases would make a rolling upgrade refuse its own peer.
TEST_CASE("the digest of the sample is what it was") { CHECK(digest_of(kSample) == 0xa66a71802a435821); }

}  // namespace stillwater::appliance
