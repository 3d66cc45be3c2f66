// Every mistake is reported at its place, with what was expected.
#include <sstream>

#include <catch2/catch.hpp>

#include "tests/unit/config/sample.h"

namespace stillwater::appliance {
namespace {

struct Case {
  const char* from;  // replaced in the sample ...
  const char* to;    // ... by this
  const char* at;    // LINE:COLUMN of the only mistake
  const char* says;
};

std::string report(const std::string& text) {
  const Result<Config> config = parse_config(text, "f.yaml");
  return config ? "" : config.error().message;
}

std::size_t lines_in(const std::string& report) {
  return report.empty() ? 0 : 1 + static_cast<std::size_t>(std::count(report.begin(), report.end(), '\n'));
}

void check(const std::vector<Case>& cases) {
  for (const Case& c : cases) {
    INFO("replaced: " << c.from << "\nby: " << c.to);
    const std::string found = report(with(kSample, c.from, c.to));
    CHECK_THAT(found, Catch::StartsWith(std::string("f.yaml:") + c.at + ": "));
    CHECK_THAT(found, Catch::Contains(c.says));
    CHECK_THAT(found, Catch::Contains("; expected "));
    CHECK(lines_in(found) == 1);
  }
}

}  // namespace

TEST_CASE("the sample has no mistake") { CHECK(report(kSample) == ""); }

TEST_CASE("keys that are unknown, missing or repeated") {
  check({
      {"  memory:", "  memroy:", "7:3", "unknown key 'memroy' in dataplane; expected 'memory', did you mean"},
      {"log: {level: info}", "zzzzzz: none", "38:1",
       "unknown key 'zzzzzz' in the file; expected one of addresses,"},
      {"arbiter: none\n", "", "1:1",
       "the file has no 'arbiter'; expected witness or etcd; or none, where a cut cable"},
      {"udp: 120s", "upd: 120s", "27:12", "expected 'udp'"},
      {"id: 10, ", "", "23:5", "rule has no 'id'"},
      {"    device: net_null1\n", "", "16:5", "port has no 'device'"},
      {"  name: fw-a\n", "", "2:3", "node has no 'name'"},
      {"  role: active\n", "", "2:3", "node has no 'role'; expected active or standby"},
      {"  function: firewall\n", "", "6:3", "dataplane has no 'function'"},
      {", address: 10.80.2.1}", "}", "26:5", "source_nat entry has no 'address'"},
      {"to: outside, address", "address", "26:5", "no 'to'; expected the port that sessions leave through"},
      {"arbiter: none\n", "arbiter: none\narbiter: none\n", "38:1",
       "'arbiter' is repeated; expected it once"},
      {"  name: fw-a\n", "  name: fw-a\n  name: fw-b\n", "3:3", "first on line 2"},
      {"log: {level: info}", "[1]: 2", "38:1", "a key of the file is a list; expected a name"},
  });
}

TEST_CASE("values of the wrong kind") {
  check({
      {"log: {level: info}", "log: info", "38:6", "log is a single value; expected a mapping"},
      {"log: {level: info}", "log:", "38:1", "log is empty; expected a mapping"},
      {"[1]", "1", "9:10", "cores is a single value; expected a list"},
      {"[10.80.1.1/24]", "10.80.1.1/24", "14:16", "addresses is a single value; expected a list"},
      {"[1]", "[1, [2]]", "9:14", "cores is a list; expected a whole number"},
      {"name: fw-a", "name: [fw-a]", "2:9", "name is a list; expected 1 to 63 letters"},
      {"name: fw-a", "name:", "2:3", "name is empty; expected 1 to 63 letters"},
      {"name: fw-a", "name: 'f w'", "2:9", "'f w' is not a name"},
      {"arbiter: none", "arbiter: {etcd: x}", "37:10",
       "arbiter is a mapping; expected one of none, witness, etcd"},
      {"- {id: 10, action: allow, from: inside, to: outside}", "- allow", "23:5", "rule is a single value"},
  });
}

TEST_CASE("numbers, sizes and durations out of form or range") {
  check({
      {"65536", "many", "8:13", "'many' is not a whole number; expected a whole number from 16 to 16777216"},
      {"65536", "-1", "8:13", "'-1' is not a whole number"},
      {"65536", "15", "8:13", "'15' is out of range"},
      {"65536", "99999999999999999999", "8:13", "is out of range"},
      {"mtu: 1500", "mtu: 9601", "15:10", "expected a whole number from 576 to 9600"},
      {"[1]", "[1, 2]", "9:10", "2 cores for 1 workers; expected one core a worker"},
      {"[1]", "[1]\n  workers: 7", "10:12", "expected a whole number from 1 to 6"},
      {"256MiB", "256", "7:11",
       "'256' is not a size; expected a number and B, KiB, MiB or GiB, 128MiB to 1024GiB"},
      {"256MiB", "1MiB", "7:11", "'1MiB' is out of range"},
      {"256MiB", "99999999999GiB", "7:11", "is out of range"},
      {"256MiB", "134217729B", "7:11", "no multiple of 1MiB"},
      {"  sessions: 65536", "  hugepages: yes", "8:14",
       "'yes' is not known here; expected one of true, false"},
      {"interval: 1ms", "interval: 1", "29:13",
       "'1' is not a duration; expected a number and us, ms, s, m or h"},
      {"interval: 1ms", "interval: 1.5ms", "29:13", "'1.5ms' is not a duration"},
      {"interval: 1ms", "interval: 11s", "29:13", "'11s' is out of range; expected 100us to 10s"},
      {"interval: 1ms", "interval: 9999999999999h", "29:13", "is out of range"},
      {"min_interval: 100us", "min_interval: 2ms", "30:17", "min_interval 2ms is longer than interval 1ms"},
      {"interval: 1ms", "digest_budget: 2ms", "29:18", "'2ms' is out of range; expected 0us to 1ms"},
      {"interval: 1ms", "digest_interval: 1ms", "29:20", "expected 10ms to 1m"},
      {"interval: 1ms", "tracker: magic", "29:12", "expected one of auto, barrier, pagemap, mprotect"},
      {"interval: 1ms", "tracker: pagemap\n  verify: true", "30:11", "expected tracker auto or barrier"},
      {"udp: 120s", "udp: 1500ms", "27:17", "not a whole number of seconds"},
      {"udp: 120s", "udp: 0s", "27:17", "expected 1s to 168h"},
      {"failure_timeout: 50ms", "failure_timeout: 9ms", "36:20", "expected at least 10ms"},
  });
}

TEST_CASE("addresses, prefixes, MACs and port ranges") {
  check({
      {"mac: 02:53:57:00:01:01", "mac: 03:53:57:00:01:01", "13:10", "is a multicast address"},
      {"mac: 02:53:57:00:01:01", "mac: 02:53:57:00:01", "13:10", "is not a MAC address"},
      {"mac: 02:53:57:00:01:01", "mac: 02:53:57:00:01:0g", "13:10", "is not a MAC address"},
      {"mac: 02:53:57:00:01:01", "mac: 02-53-57-00-01-01", "13:10", "is not a MAC address"},
      {"mac: 02:53:57:00:01:01", "mac: 00:00:00:00:00:00", "13:10", "is all zero"},
      {"10.80.1.1/24", "10.80.1.1", "14:17", "without a prefix length"},
      {"10.80.1.1/24", "10.80.1.1/33", "14:17", "expected a length of 0 to 32"},
      {"10.80.1.1/24", "10.80.1/24", "14:17", "not an IPv4 prefix"},
      {"10.80.1.1/24", "10.80.1.0/24", "14:17", "no host's address"},
      {"10.80.1.1/24", "10.80.1.255/24", "14:17", "no host's address"},
      {"10.80.1.1/24", "224.0.0.5/24", "14:17", "no host's address"},
      {"10.80.1.1/24", "10.80.1.1/24, 10.80.1.1/24", "14:31", "is repeated"},
      {"[10.80.1.1/24]", "[]", "14:16", "addresses is an empty list; expected at least one element"},
      {"10.80.1.1/24", "10.80.2.129/25", "19:17", "10.80.2.1/24 overlaps 10.80.2.129/25 of port 'inside'"},
      {"0.0.0.0/0", "10.9.0.1/16", "21:10", "host bits are set; expected 10.9.0.0/16"},
      {"via: 10.80.2.2", "via: 10.80.2.256", "21:26", "is not an IPv4 address"},
      {"via: 10.80.2.2", "via: 10.80.4.2", "21:26", "next hop 10.80.4.2 is no neighbour"},
      {"via: 10.80.2.2", "via: 10.80.2.1", "21:26", "is no neighbour"},
      {"10.80.2.2}\n", "10.80.2.2}\n  - {to: 0.0.0.0/0, via: 10.80.1.2}\n", "22:10", "is repeated"},
      {"destination_ports: 22", "destination_ports: 0", "24:62", "from 1 to 65535"},
      {"destination_ports: 22", "destination_ports: 22-65536", "24:62", "is not a port range"},
      {"destination_ports: 22", "destination_ports: 30-22", "24:62", "is reversed"},
      {"address: 10.80.2.1}", "address: 10.80.1.1}", "26:42", "no address of port 'outside'"},
      {"address: 10.80.2.1}", "address: 10.80.2.255}", "26:42", "no address of port 'outside'"},
      {"10.80.3.1:7700", "10.80.3.1", "32:11", "without a port"},
      {"10.80.3.1:7700", "10.80.3.1:0", "32:11", "expected a port from 1 to 65535"},
      {"10.80.3.1:7700", "2001:db8::1:7700", "32:11", "not an address and port"},
      {"10.80.3.1:7700", "'[2001:db8::1]:7700'", "33:9", "of different families"},
      {"10.80.3.1:7700", "10.80.3.2:7700", "33:9", "this node's own address"},
  });
}

TEST_CASE("names that refer to nothing or to two things") {
  check({
      {"from: inside, to: outside}", "from: insid, to: outside}", "23:35",
       "'insid' is no port; expected one of"},
      {"from: inside, to: outside, a", "from: inside, to: dmz, a", "26:24", "'dmz' is no port"},
      {"net_null1", "net_null0", "17:13", "device 'net_null0' is taken"},
      {"id: 20", "id: 10", "24:10", "rule 10 is repeated; expected each id once"},
      {"protocol: tcp, ", "", "24:47", "expected protocol: tcp or udp"},
      {"protocol: tcp", "protocol: icmp", "24:63", "expected protocol: tcp or udp"},
      {"protocol: tcp", "protocol: 6", "24:38", "expected one of tcp, udp, icmp, icmpv6, gre, esp"},
      {"address: 10.80.2.1}\n", "address: 10.80.2.1}\n  - {from: inside, to: outside, address: 10.80.2.3}\n",
       "27:24", "this pair of ports is translated above"},
  });
}

TEST_CASE("translations that say too little, too much, or what another one says") {
  const char* const nat = "address: 10.80.2.1}";
  const auto more = [](const std::string& section) { return section + "\ntimeouts: {udp: 120s}"; };
  const std::string timeouts = "timeouts: {udp: 120s}";
  check({
      {nat, "address: 10.80.2.1, pool: 10.80.2.3}", "26:42", "address beside a pool"},
      {nat, "pool: []}", "26:39", "pool is an empty list"},
      {nat, "pool: 10.80.2.9-10.80.2.3}", "26:39", "is reversed"},
      {nat, "pool: 10.80.0.0/16}", "26:39", "is not a range of addresses"},
      {nat, "pool: 10.80.0.1-10.80.9.1}", "26:39", "is too many addresses; expected at most 1024"},
      {nat, "pool: 10.80.1.1-10.80.1.3}", "26:39", "10.80.1.1 is an own address of port 'inside'"},
      {nat, "pool: 10.80.2.250-10.80.3.3}", "26:39", "10.80.2.255 is the network or broadcast address"},
      {nat, "translate: none, mapping: per_session}", "26:59", "mapping of an entry that translates nothing"},
      {nat, "address: 10.80.2.1, mapping: sometimes}", "26:62", "expected one of endpoint_independent"},
      {nat, "address: 10.80.2.1, mapping: per_session, filtering: address_dependent}", "26:86",
       "nobody is let in where each session has a port of its own"},
      {nat, "address: 10.80.2.1, ports_per_host: 0}", "26:69", "1 to 65535"},
      {nat, "address: 10.80.2.1, source: 10.80.1.7/24}", "26:61", "host bits are set"},
      {nat, "address: 10.80.2.1, block_size: 100}", "26:65", "a power of two from 64 to 4096, or 0"},
      {nat, "address: 10.80.2.1, block_size: 32}", "26:65", "a power of two from 64 to 4096, or 0"},
      {nat, "address: 10.80.2.1, block_size: 8192}", "26:65", "a power of two from 64 to 4096, or 0"},
      {nat, "address: 10.80.2.1, block_size: 64, blocks_per_host: 65}", "26:86", "1 to 64"},
      {nat, "address: 10.80.2.1, blocks_per_host: 4}", "26:70", "expected 'block_size'"},
      {nat, "address: 10.80.2.1, block_size: 64, mapping: per_session}", "26:65",
       "expected 'mapping: endpoint_independent'"},
      {nat, "address: 10.80.2.1, block_size: 4096, ports: 5000-9999}", "26:78",
       "too few whole blocks for 1 workers, which share them by 4096; expected a wider range"},
      {nat, "translate: none, block_size: 64}", "26:62", "block_size of an entry that translates nothing"},
      {nat, "address: 10.80.2.1, block_size: 64}\n  - {to: outside, pool: 10.80.2.1-10.80.2.2}", "27:25",
       "10.80.2.1 is given in blocks of 64 by an entry above; expected the same block_size"},
      {nat, "address: 10.80.2.1}\n  - {to: outside, address: 10.80.2.1, block_size: 64}", "27:51",
       "10.80.2.1 is given port by port by an entry above; expected the same block_size"},
      {"{from: inside, to: outside, a", "{from: attic, to: outside, a", "26:12", "'attic' is no port"},
      {nat, "address: 10.80.3.1}", "26:42", "10.80.3.1 is no address of port 'outside'"},
  });
  const std::pair<const char*, const char*> sections[] = {
      {"destination_nat: [{address: 10.80.2.9, to: 10.80.1.9}]", "no 'from'; expected the port that"},
      {"destination_nat: [{from: outside, address: 10.80.2.9}]", "no 'to'"},
      {"destination_nat: [{from: outside, address: 10.80.2.9, ports: 80, to: 10.80.1.9}]",
       "expected protocol: tcp or udp"},
      {"destination_nat: [{from: outside, address: 10.80.2.1, to: 10.80.1.9}]",
       "is of source NAT, which has its ports; expected 'ports'"},
      {"destination_nat: [{from: outside, address: 10.80.2.9, protocol: tcp, ports: 80-89, to: 10.80.1.9, "
       "to_ports: 8080}]",
       "expected a range of 10"},
      {"static_nat: [{port: outside, outside: 10.80.2.16/28, inside: 10.80.1.16/29}]",
       "is of another size than 10.80.2.16/28; expected a length of 28"},
      {"static_nat: [{port: outside, outside: 10.0.0.0/8, inside: 10.0.0.0/8}]",
       "is too large; expected a length of 22 to 32"},
      {"static_nat: [{port: outside, outside: 10.80.2.1, inside: 10.80.1.9}]",
       "expected addresses that nothing else has"},
      {"static_nat: [{port: outside, outside: 10.80.2.16/28, inside: 10.80.1.16/28}, {port: outside, "
       "outside: "
       "10.80.2.20, inside: 10.80.1.99}]",
       "is in 10.80.2.16/28 above"},
  };
  for (const auto& [section, says] : sections) {
    INFO(section);
    const std::string found = report(with(kSample, timeouts, more(section)));
    CHECK_THAT(found, Catch::Contains(says));
    CHECK_THAT(found, Catch::Contains("; expected "));
    CHECK_THAT(found, Catch::StartsWith("f.yaml:27:"));
  }
}

TEST_CASE("two ports of one name") {
  const std::string found = report(with(kSample, "name: outside", "name: inside"));
  CHECK_THAT(found, Catch::StartsWith("f.yaml:16:11: name 'inside' is taken; expected it once"));
}

TEST_CASE("what is not supported is refused by name") {
  check({
      {"function: firewall", "function: bridge", "6:13", "expected one of firewall, router"},
      {"arbiter: none", "arbiter: consul", "37:10",
       "'consul' is not known here; expected one of none, witness, etcd"},
      {"  tls: none\n", "", "32:3", "replication has no 'tls'; expected tls_ca,"},
      {"  tls: none\n", "  tls: none\n  tls_ca: ca.pem\n", "35:11", "tls_ca is not used"},
      {"  tls: none\n", "  tls_ca: ca.pem\n  tls_certificate: a.pem\n  peer_name: fw-b\n", "32:3",
       "replication has no 'tls_key'; expected a PEM file"},
      {"  tls: none\n", "  tls_ca: ca.pem\n  tls_certificate: a.pem\n  tls_key: a.key\n", "32:3",
       "replication has no 'peer_name'"},
      {"  tls: none\n", "  tls: required\n", "34:8", "expected none, the only one supported"},
      {"unix:/run/a.sock", "127.0.0.1:7443", "4:15",
       "management is reached by TCP without TLS; expected tls_ca"},
      {"unix:/run/a.sock", "unix:a.sock", "4:15", "no usable socket path"},
      {"unix:/run/a.sock", "localhost", "4:15", "no address for gRPC"},
  });
}

TEST_CASE("an etcd is named whole, and only where it is asked") {
  const auto with_etcd = [](const std::string& section) {
    return with(kSample, "arbiter: none\n", "arbiter: etcd\n" + section);
  };
  const auto config = parse_config(
      with_etcd("etcd: {endpoints: [10.80.4.1:2379, '[2001:db8::1]:2379'], pair: fw, tls: none}\n"),
      "f.yaml");
  REQUIRE(config.has_value());
  CHECK(config->arbiter == ArbiterKind::etcd);
  CHECK(config->etcd.endpoints == std::vector<std::string>{"10.80.4.1:2379", "[2001:db8::1]:2379"});
  CHECK(config->etcd.pair == "fw");
  CHECK(config->etcd.timeout == 500ms);
  const auto says = [](const std::string& text, const std::string& at, const std::string& what) {
    CHECK_THAT(report(text), Catch::StartsWith("f.yaml:" + at + ": ") && Catch::Contains(what));
    CHECK(lines_in(report(text)) == 1);
  };
  const std::string one = "endpoints: [10.80.4.1:2379], pair: fw";
  says(with_etcd(""), "1:1", "the file has no 'etcd'; expected its endpoints and the pair's name");
  says(with_etcd("etcd: {pair: fw, tls: none}\n"), "38:7", "etcd has no 'endpoints'; expected a list of");
  says(with_etcd("etcd: {endpoints: [], pair: fw, tls: none}\n"), "38:19", "endpoints is an empty list");
  says(with_etcd("etcd: {endpoints: 10.80.4.1:2379, pair: fw, tls: none}\n"), "38:19",
       "endpoints is a single value; expected a list");
  says(with_etcd("etcd: {endpoints: [unix:/run/etcd], pair: fw, tls: none}\n"), "38:20", "ADDRESS:PORT");
  says(with_etcd("etcd: {endpoints: [10.80.4.1:2379, 10.80.4.1:2379], pair: fw, tls: none}\n"), "38:36",
       "10.80.4.1:2379 is repeated; expected each endpoint once");
  says(with_etcd("etcd: {endpoints: [10.80.4.1:2379], tls: none}\n"), "38:7", "etcd has no 'pair'");
  says(with_etcd("etcd: {" + one + "}\n"), "38:19", "etcd is reached by TCP without TLS");
  says(with_etcd("etcd: {" + one + ", tls: none, tls_ca: a.pem}\n"), "38:66", "tls_ca is not used");
  says(with_etcd("etcd: {" + one + ", tls: none, timeout: 1ms}\n"), "38:67", "is out of range");
  says(with_etcd("etcd: {" + one + ", tls: none}\nprefer: safety\n"), "39:9",
       "prefer is not used, since the record in etcd decides");
  says(with(kSample, "arbiter: none\n", "arbiter: none\netcd: {" + one + ", tls: none}\n"), "38:7",
       "etcd is not used; expected 'arbiter: etcd'");
  says(with(lone_sample(), "arbiter: none", "arbiter: etcd\netcd: {" + one + ", tls: none}"), "31:10",
       "arbiter is etcd, and there is no peer");
}

TEST_CASE("a witness is named whole, and only where it is asked") {
  const auto with_witness = [](const std::string& section) {
    return with(kSample, "arbiter: none\n", "arbiter: witness\n" + section);
  };
  const auto config = parse_config(
      with_witness("witness: {address: 10.80.4.1:7800, pair: fw, tls: none, timeout: 100ms}\n"), "f.yaml");
  REQUIRE(config);
  CHECK(config->arbiter == ArbiterKind::witness);
  CHECK(config->witness.address == "10.80.4.1:7800");
  CHECK(config->witness.pair == "fw");
  CHECK(config->witness.timeout == 100ms);
  CHECK(parse_config(with_witness("witness: {address: unix:/run/w.sock, pair: fw}\n"), "f.yaml"));
  const auto says = [](const std::string& text, const char* words) {
    CHECK_THAT(report(text), Catch::Contains(words));
  };
  says(with_witness(""), "the file has no 'witness'; expected its address and the pair's name");
  says(with_witness("witness: {address: 10.80.4.1:7800, pair: fw}\n"), "reached by TCP without TLS");
  says(with_witness("witness: {address: 10.80.4.1:7800, pair: fw, tls_ca: a.pem}\n"),
       "tls_certificate and tls_key");
  says(with_witness("witness: {address: unix:/run/w.sock}\n"), "witness has no 'pair'");
  says(with_witness("witness: {pair: fw, address: somewhere}\n"), "no address for gRPC");
  says(with(kSample, "arbiter: none\n", "arbiter: none\nwitness: {address: unix:/run/w.sock, pair: fw}\n"),
       "witness is not used; expected 'arbiter: witness'");
  says(with_witness("witness: {address: unix:/run/w.sock, pair: fw}\nprefer: safety\n"),
       "prefer is not used, since the witness decides");
  says(with(lone_sample(), "arbiter: none", "arbiter: witness"), "there is no peer");
}

TEST_CASE("a lease is long enough for some heartbeats, and a cold start is allowed by name") {
  check({
      {"  failure_timeout: 50ms\n", "  lease: 9ms\n", "36:10",
       "lease 9ms is less than 5 heartbeat intervals"},
      {"  failure_timeout: 50ms\n", "  failure_timeout: 20ms\n  lease: 21ms\n", "37:10",
       "lease 21ms is longer than failure_timeout"},
      {"arbiter: none\n", "arbiter: none\ncold_start: yes\n", "38:13", "expected one of refuse, allow"},
  });
  const auto config =
      parse_config(with(kSample, "arbiter: none\n", "arbiter: none\ncold_start: allow\n"), "f.yaml");
  REQUIRE(config);
  CHECK(config->cold_start);
  CHECK(config->replication.lease == 50ms);
}

TEST_CASE("management on TCP has TLS files, or the file says that it is in the clear") {
  const auto on_tcp = [](const std::string& keys) {
    return with(kSample, "unix:/run/a.sock", "127.0.0.1:7443\n" + keys);
  };
  const auto open = parse_config(on_tcp("  tls: none"), "f.yaml");
  REQUIRE(open);
  CHECK(open->profile.management == "127.0.0.1:7443");
  CHECK(open->management.tls == Tls::none);
  const std::string files = "  tls_ca: /etc/ca.pem\n  tls_certificate: /etc/a.pem\n  tls_key: /etc/a.key";
  const auto secure = parse_config(on_tcp(files), "f.yaml");
  REQUIRE(secure);
  CHECK(secure->management.tls == Tls::required);
  CHECK(secure->management.tls_ca == "/etc/ca.pem");
  CHECK(secure->management.tls_certificate == "/etc/a.pem");
  CHECK(secure->management.tls_key == "/etc/a.key");
  const auto says = [](const std::string& text, const char* words) {
    CHECK_THAT(report(text), Catch::Contains(words));
  };
  says(on_tcp("  tls_ca: /etc/ca.pem\n  tls_key: /etc/a.key"), "f.yaml:4:15: management is reached by TCP");
  says(on_tcp("  tls: none\n" + files), "f.yaml:6:11: tls_ca is not used");
  says(with(kSample, "unix:/run/a.sock", "unix:/run/a.sock\n" + files), "f.yaml:7:12: tls_key is not used");
  says(on_tcp("  tls: required"), "expected none, the only one supported");
}

TEST_CASE("a standby needs a peer") {
  const std::string found = report(with(lone_sample(), "role: active", "role: standby"));
  CHECK_THAT(found, Catch::StartsWith("f.yaml:3:9: role is standby, and there is no peer"));
}

TEST_CASE("several mistakes are all reported, in the order of the file") {
  std::string text = with(kSample, "sessions: 65536", "sessions: x");
  text = with(text, "via: 10.80.2.2", "via: 1.2.3.4");
  text = with(text, "id: 20", "ID: 20");
  text = with(text, "log: {", "log: {color: red, ");
  std::istringstream found(report(text));
  std::vector<std::string> places;
  for (std::string line; std::getline(found, line);) places.push_back(line.substr(0, line.find(": ")));
  CHECK(places ==
        std::vector<std::string>{"f.yaml:8:13", "f.yaml:21:26", "f.yaml:24:5", "f.yaml:24:6", "f.yaml:38:7"});
}

TEST_CASE("a mistake in a port is not repeated wherever the port is referred to") {
  CHECK(lines_in(report(with(kSample, "name: outside", "name: 'out side'"))) == 1);
  CHECK(lines_in(report(with(kSample, "10.80.2.1/24", "10.80.2.1/99"))) == 1);
}

TEST_CASE("what is no configuration at all") {
  CHECK_THAT(report(""), Catch::StartsWith("f.yaml:1:1: the file is empty; expected "));
  CHECK_THAT(report("# nothing\n"), Catch::StartsWith("f.yaml:1:1: the file is empty"));
  CHECK_THAT(report("- a\n"), Catch::StartsWith("f.yaml:1:1: the file is a list; expected a mapping"));
  CHECK_THAT(report("a: [1\nb: 2\n"), Catch::StartsWith("f.yaml:2:") && Catch::Contains("not YAML"));
  CHECK_THAT(report(kSample + "---\na: 1\n"),
             Catch::StartsWith("f.yaml:39:1: the document ends before this"));
  CHECK_THAT(report(",a: 1\n"), Catch::StartsWith("f.yaml:1:1: the document ends before this"));
  CHECK_THAT(report(std::string(100000, '[')), Catch::Contains("not YAML"));
}

TEST_CASE("a message stays on one line whatever the value holds") {
  CHECK(lines_in(report(with(kSample, "fw-a", "\"a\\nb" + std::string(500, 'x') + "\""))) == 1);
  CHECK(report(with(kSample, "fw-a", std::string(5000, 'x'))).size() < 300);
}

TEST_CASE("a fence in the kernel needs ports whose frames pass tc") {
  const auto fenced = [](const std::string& inside, const std::string& outside) {
    const std::string text = with(kSample, "failure_timeout: 50ms", "fence: ebpf");
    return with(with(text, "net_null0", inside), "net_null1", outside);
  };
  const std::string good = "net_af_packet1,iface=out0";
  const auto says = [&](const std::string& device, const std::string& what) {
    INFO(device);
    const std::string found = report(fenced(device, good));
    CHECK_THAT(found, Catch::StartsWith("f.yaml:36:10: port 'inside': ") && Catch::Contains(what) &&
                          Catch::Contains("; expected "));
    CHECK(lines_in(found) == 1);
  };
  says("net_af_xdp0,iface=in0",
       "passes by tc, where the fence is; expected net_af_packetN,iface=INTERFACE, or");
  says("net_af_packet0,iface=in0,qdisc_bypass=1", "expected qdisc_bypass=0 in 'device'");
  says("net_af_packet0,iface=in0,qdisc_bypass=0,qdisc_bypass=1", "expected qdisc_bypass=0 in 'device'");
  for (const char* device : {"net_null0", "net_ring0", "net_memif0,socket=/run/m", "net_tap0,iface=in0",
                             "net_pcap0,iface=in0", "0000:01:00.0"})
    says(device, "leaves through no interface of the kernel");
  CHECK(lines_in(report(fenced("net_null0", "net_null1"))) == 2);
  CHECK_THAT(report(with(kSample, "failure_timeout: 50ms", "fence: ovs")),
             Catch::Contains("expected one of none, ebpf"));
}

TEST_CASE("with a fence in the kernel packet sockets are told to pass tc; without, they are as they were") {
  const std::string ports = with(with(kSample, "net_null0", "net_af_packet0,iface=in0"), "net_null1",
                                 "net_af_packet1,iface=out0,qdisc_bypass=0");
  const auto without = parse_config(ports, "f.yaml");
  REQUIRE(without.has_value());
  CHECK(without->replication.fence == FenceKind::none);
  CHECK(without->dataplane.ports[0].device == "net_af_packet0,iface=in0");
  const auto config = parse_config(with(ports, "failure_timeout: 50ms", "fence: ebpf"), "f.yaml");
  REQUIRE(config.has_value());
  CHECK(config->replication.fence == FenceKind::ebpf);
  CHECK(config->dataplane.ports[0].device == "net_af_packet0,iface=in0,qdisc_bypass=0");
  CHECK(config->dataplane.ports[1].device == "net_af_packet1,iface=out0,qdisc_bypass=0");
  CHECK(interfaces_of_ports(*config) == std::vector<std::string>{"in0", "out0"});
}

}  // namespace stillwater::appliance
