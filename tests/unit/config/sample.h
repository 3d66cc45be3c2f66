// A configuration that is right, and ways to make it wrong.
#pragma once

#include <stdexcept>
#include <string>

#include "appliance/config/config.h"

namespace stillwater::appliance {

// The numbers at the right are the lines that mistakes_test.cc expects.
inline const std::string kSample =
    "node:\n"                                                             // 1
    "  name: fw-a\n"                                                      // 2
    "  role: active\n"                                                    // 3
    "  management: unix:/run/a.sock\n"                                    // 4
    "dataplane:\n"                                                        // 5
    "  function: firewall\n"                                              // 6
    "  memory: 256MiB\n"                                                  // 7
    "  sessions: 65536\n"                                                 // 8
    "  cores: [1]\n"                                                      // 9
    "ports:\n"                                                            // 10
    "  - name: inside\n"                                                  // 11
    "    device: net_null0\n"                                             // 12
    "    mac: 02:53:57:00:01:01\n"                                        // 13
    "    addresses: [10.80.1.1/24]\n"                                     // 14
    "    mtu: 1500\n"                                                     // 15
    "  - name: outside\n"                                                 // 16
    "    device: net_null1\n"                                             // 17
    "    mac: 02:53:57:00:02:01\n"                                        // 18
    "    addresses: [10.80.2.1/24]\n"                                     // 19
    "routes:\n"                                                           // 20
    "  - {to: 0.0.0.0/0, via: 10.80.2.2}\n"                               // 21
    "rules:\n"                                                            // 22
    "  - {id: 10, action: allow, from: inside, to: outside}\n"            // 23
    "  - {id: 20, action: deny, protocol: tcp, destination_ports: 22}\n"  // 24
    "source_nat:\n"                                                       // 25
    "  - {from: inside, to: outside, address: 10.80.2.1}\n"               // 26
    "timeouts: {udp: 120s}\n"                                             // 27
    "checkpoint:\n"                                                       // 28
    "  interval: 1ms\n"                                                   // 29
    "  min_interval: 100us\n"                                             // 30
    "replication:\n"                                                      // 31
    "  listen: 10.80.3.1:7700\n"                                          // 32
    "  peer: 10.80.3.2:7700\n"                                            // 33
    "  tls: none\n"                                                       // 34
    "  heartbeat_interval: 2ms\n"                                         // 35
    "  failure_timeout: 50ms\n"                                           // 36
    "arbiter: none\n"                                                     // 37
    "log: {level: info}\n";                                               // 38

// `text` with its one occurrence of `from` replaced. Throws where there is none, so no case tests nothing.
inline std::string with(std::string text, const std::string& from, const std::string& to) {
  const std::size_t at = text.find(from);
  if (at == std::string::npos) throw std::logic_error("the sample does not hold: " + from);
  return text.replace(at, from.size(), to);
}

// The lone node: the sample without its replication section.
inline std::string lone_sample() {
  const std::size_t begin = kSample.find("replication:");
  return kSample.substr(0, begin) + kSample.substr(kSample.find("arbiter:"));
}

}  // namespace stillwater::appliance
