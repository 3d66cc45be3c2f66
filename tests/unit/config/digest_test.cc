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
      {"timeouts:", "destination_nat: [{from: outside, address: 10.80.2.9, to: 10.80.1.9}]\ntimeouts:"},
      {"timeouts:", "static_nat: [{port: outside, outside: 10.80.2.9, inside: 10.80.1.9}]\ntimeouts:"},
      {"udp: 120s", "udp: 121s"},
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

// A digest that drifts between releases would make a rolling upgrade refuse its own peer.
TEST_CASE("the digest of the sample is what it was") { CHECK(digest_of(kSample) == 0xf095ab4dfd605b8b); }

}  // namespace stillwater::appliance
