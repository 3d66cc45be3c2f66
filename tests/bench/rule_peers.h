// Other ways to look rules up: one after the other, and DPDK's ACL library.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include <rte_acl.h>

#include "base/result.h"
#include "dataplane/config.h"
#include "tests/bench/rule_source.h"

namespace stillwater::bench {

// Addresses as 32-bit words in host byte order: one of IPv4, four of IPv6.
template <std::size_t kWords>
using AddressWords = std::array<std::uint32_t, kWords>;
template <std::size_t kWords>
[[nodiscard]] AddressWords<kWords> words_of(const IpAddress& address);

// A walk over the list, with masks: what a firewall of few rules does.
template <std::size_t kWords>
class LinearRules {
 public:
  struct Asked {
    AddressWords<kWords> source, destination;
    std::uint16_t port;
    std::uint8_t protocol;
  };
  explicit LinearRules(const std::vector<dataplane::RuleConfig>& rules);
  [[nodiscard]] static Asked asked_of(const FirstPacket& packet);

  // The id of the first rule that matches; 0: none.
  [[nodiscard]] std::uint32_t find(const Asked& asked) const {
    for (const Line& line : lines_) {
      if (line.protocol != asked.protocol || !line.ports.contains(asked.port)) continue;
      if (is_in(line.source, asked.source) && is_in(line.destination, asked.destination)) return line.id;
    }
    return 0;
  }

 private:
  struct Prefix {
    AddressWords<kWords> address, mask;
  };
  struct Line {
    Prefix source, destination;
    dataplane::PortRange ports;
    std::uint8_t protocol;
    std::uint32_t id;
  };
  static bool is_in(const Prefix& prefix, const AddressWords<kWords>& address) {
    for (std::size_t i = 0; i < kWords; ++i)
      if ((address[i] & prefix.mask[i]) != prefix.address[i]) return false;
    return true;
  }
  [[nodiscard]] static Prefix prefix_of(const std::vector<IpPrefix>& prefixes);

  std::vector<Line> lines_;
};

// DPDK's tries over all fields, asked in bursts. One at a time: contexts of a family share a name.
template <std::size_t kWords>
class AclRules {
 public:
  static constexpr std::uint32_t kBurst = 32;
  // What the library reads: the first field is a byte, the others come in groups of four.
  struct Asked {
    std::uint8_t protocol;
    std::uint8_t zero[3];
    AddressWords<kWords> source_be, destination_be;
    std::uint16_t source_port_be, destination_port_be;
  };
  // Errors: resource_exhausted (the library finds no tries of the size that it may have).
  [[nodiscard]] static Result<AclRules> build(const std::vector<dataplane::RuleConfig>& rules);
  [[nodiscard]] static Asked asked_of(const FirstPacket& packet);

  // As LinearRules::find, for kBurst packets.
  void find_burst(const std::uint8_t** asked, std::uint32_t* ids) const {
    (void)rte_acl_classify(context_.get(), asked, ids, kBurst, 1);
  }

 private:
  struct Free {
    void operator()(rte_acl_ctx* context) const { rte_acl_free(context); }
  };
  std::unique_ptr<rte_acl_ctx, Free> context_;
};

}  // namespace stillwater::bench
