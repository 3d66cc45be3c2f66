#include "dataplane/datapath/tables/fib.h"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <string>

#include "dataplane/names.h"

namespace stillwater::dataplane {
namespace {

constexpr int kRoutesMax = 1 << 16;
constexpr std::uint32_t kTbl8Groups = 1 << 12;

rte_fib* make_fib() {
  static std::atomic<unsigned> serial{0};
  const std::string name = "sw_fib_" + std::to_string(serial.fetch_add(1));
  rte_fib_conf conf{};
  conf.type = RTE_FIB_DIR24_8;
  conf.default_nh = 0;
  conf.max_routes = kRoutesMax;
  conf.dir24_8.nh_sz = RTE_FIB_DIR24_8_2B;
  conf.dir24_8.num_tbl8 = kTbl8Groups;
  return rte_fib_create(name.c_str(), SOCKET_ID_ANY, &conf);
}

}  // namespace

Status Fib::add(const Ipv4Prefix& prefix, const Adjacency& adjacency) {
  auto index = std::find(adjacencies_.begin(), adjacencies_.end(), adjacency);
  if (index == adjacencies_.end()) index = adjacencies_.insert(index, adjacency);
  const int error = rte_fib_add(fib_.get(), prefix.address & prefix.mask(), prefix.length,
                                static_cast<std::uint64_t>(index - adjacencies_.begin()));
  if (error == 0) return {};
  return fail(Errc::resource_exhausted,
              "cannot add " + to_text(prefix) + " to the FIB: " + std::strerror(-error));
}

Status Fib::add_subnet(PortIndex port, const Ipv4Prefix& address) {
  if (auto added = add(address, {Adjacency::Kind::connected, port, 0}); !added) return added;
  if (address.length < 31) {
    const std::uint32_t network = address.address & address.mask();
    for (const std::uint32_t edge : {network, network | ~address.mask()})
      if (auto added = add({edge, 32}, {Adjacency::Kind::broadcast, port, 0}); !added) return added;
  }
  return add({address.address, 32}, {Adjacency::Kind::local, port, 0});
}

// Next hops are resolved while the FIB holds links alone: a route may cover another one's next hop.
Status Fib::add_routes(const std::vector<RouteConfig>& routes) {
  std::vector<Adjacency> resolved;
  for (const RouteConfig& route : routes) {
    const Adjacency link = lookup(rte_cpu_to_be_32(route.via));
    if (link.kind != Adjacency::Kind::connected)
      return fail(Errc::invalid_argument, "next hop " + to_text(route.via) + " is on the link of no port");
    resolved.push_back({Adjacency::Kind::via, link.port, rte_cpu_to_be_32(route.via)});
  }
  for (std::size_t i = 0; i < routes.size(); ++i)
    if (auto added = add(routes[i].to, resolved[i]); !added) return added;
  return {};
}

Result<Fib> Fib::build(const Config& config) {
  Fib fib;
  fib.fib_.reset(make_fib());
  if (fib.fib_ == nullptr)
    return fail(Errc::resource_exhausted, "no memory for the FIB (32 MiB of DPDK's memory)");
  for (PortIndex port = 0; port < config.ports.size(); ++port)
    for (const Ipv4Prefix& address : config.ports[port].addresses)
      if (auto added = fib.add_subnet(port, address); !added) return tl::unexpected(added.error());
  for (const SourceNatConfig& nat : config.source_nat) {
    const auto port = find_port(config, nat.to);
    if (!port)
      return fail(Errc::invalid_argument, "source NAT through port '" + nat.to + "', which is not there");
    if (auto added = fib.add({nat.address, 32}, {Adjacency::Kind::local, *port, 0}); !added)
      return tl::unexpected(added.error());
  }
  if (auto added = fib.add_routes(config.routes); !added) return tl::unexpected(added.error());
  return fib;
}

}  // namespace stillwater::dataplane
