// Frames that anybody may put on a link, through the whole packet graph of a router and of a firewall: right
// in part, changed in some octets, cut short, in segments. No octet outside a frame is read, no buffer is
// lost, and what is counted as in flight is what waits.
#include <cstring>

#include <netinet/in.h>

#include <rte_arp.h>
#include <rte_ether.h>
#include <rte_icmp.h>
#include <rte_ip.h>
#include <rte_tcp.h>

#include "dataplane/control/policy_table.h"
#include "dataplane/control/port.h"
#include "dataplane/control/route_table.h"
#include "dataplane/datapath/checksum.h"
#include "dataplane/datapath/events/log_ring.h"
#include "dataplane/datapath/graph/graph.h"
#include "dataplane/datapath/icmp/icmp6_message.h"
#include "dataplane/datapath/look_ahead.h"
#include "dataplane/datapath/nodes/ip/forward_burst.h"
#include "dataplane/datapath/nodes/ip/reassemble.h"
#include "dataplane/datapath/nodes/link/unresolved.h"
#include "tests/fuzz/exact_frame.h"
#include "tests/fuzz/input.h"

namespace stillwater::fuzz {
namespace {

using namespace dataplane;
using Octets = std::vector<std::uint8_t>;

constexpr std::array<std::uint8_t, 6> kLanMac{0x02, 0x53, 0x57, 0, 1, 1};
constexpr std::array<std::uint8_t, 6> kHostMac{0x02, 0, 0, 0, 0, 9};

IpAddress six(std::uint8_t net, std::uint8_t host) {
  IpAddress address{{0x20, 0x01, 0x0d, 0xb8, 0, net}};
  address.bytes[15] = host;
  return address;
}
IpAddress four(std::uint8_t net, std::uint8_t host) {
  return IpAddress::v4(htonl(RTE_IPV4(10, 80, net, host)));
}

Config config_of(Function function) {
  Config config;
  config.function = function;
  config.sessions_max = config.sessions6_max = 64;
  config.neighbours_max = 16;
  config.hold_packets_max = 16;
  config.routes4_max = config.routes6_max = 64;
  for (std::uint8_t net : {std::uint8_t{1}, std::uint8_t{2}}) {
    PortConfig port;
    port.name = net == 1 ? "lan" : "wan";
    port.device = "net_null" + std::to_string(net + (function == Function::router ? 0 : 2));
    port.mac = kLanMac;
    port.mac[5] = net;
    port.addresses = {{RTE_IPV4(10, 80, net, 1), 24}};
    port.addresses6 = {{six(net, 1), 64}};
    config.ports.push_back(port);
  }
  PortConfig vlan = config.ports[0];
  vlan.name = "lan.7";
  vlan.device.clear();
  vlan.parent = "lan";
  vlan.vlan = 7;
  vlan.addresses = {{RTE_IPV4(10, 80, 7, 1), 24}};
  vlan.addresses6.clear();
  config.ports.push_back(vlan);
  config.routes = {{.to = {IpAddress::v4(0), 0}, .via = {{four(2, 2)}, {four(2, 3)}}},
                   {.to = {IpAddress{}, 0}, .via = {{six(2, 2)}}}};
  if (function == Function::router) {
    config.routes.push_back({.to = {four(66, 0), 24}, .kind = RouteKind::reject});
  } else {
    config.rules = {{.id = 4,
                     .action = RuleAction::reject,
                     .source = {{four(1, 4), 32}, {four(2, 4), 32}, {six(1, 0), 128}}},
                    {.id = 3,
                     .action = RuleAction::allow,
                     .source = {{four(1, 3), 32}, {six(1, 3), 128}},
                     .limit = {10, 2}},
                    {.id = 1, .action = RuleAction::allow, .log = true}};
    config.log = {.sessions = SessionLog::all, .translations = true, .rules = true};
    config.source_nat = {
        {.from = {"lan"}, .to = {"wan"}, .sources = {{RTE_IPV4(10, 80, 1, 4), 32}}, .translates = false},
        {.from = {"lan"},
         .to = {"wan"},
         .ports = {1024, 1087},
         .pool = {{RTE_IPV4(10, 80, 2, 1), RTE_IPV4(10, 80, 2, 1)}},
         .sources = {{RTE_IPV4(10, 80, 1, 0), 24}},
         .filtering = NatFiltering::address_dependent},
        {.to = {"wan"},
         .address = RTE_IPV4(10, 80, 2, 1),
         .ports = {2048, 2111},
         .filtering = NatFiltering::endpoint_independent}};
    config.destination_nat = {{.from = {"wan"},
                               .address = RTE_IPV4(10, 80, 2, 1),
                               .protocol = IPPROTO_TCP,
                               .ports = {0, 1023},
                               .to = RTE_IPV4(10, 80, 1, 2)}};
    config.static_nat = {
        {.at = {"wan"}, .outside = {RTE_IPV4(10, 80, 2, 4), 32}, .inside = {RTE_IPV4(10, 80, 1, 3), 32}}};
  }
  return config;
}

// What a worker has, without its loop.
class World {
 public:
  explicit World(Function function) : config_(config_of(function)) {
    (void)buffers();
    for (const PortConfig& port : config_.ports)
      if (!port.device.empty()) {
        ports_.push_back(must(Port::open(port, 1, buffers())));
        expect(ports_.back()->start().has_value(), "a port starts");
      }
    region::Layout layout;
    State::add_roots(layout, 0, config_);
    region_ = must(region::Region::create(layout));
    routes_ = must(RouteTable::create(config_, [] { return Status{}; }));
    std::vector<Service::Opened> opened;
    for (const auto& port : ports_) opened.push_back({port->dpdk_id(), 1});
    policy_ = must(PolicyTable::create(config_, [] { return Status{}; }));
    service_.emplace(must(Service::build(config_, opened, routes_->published(), policy_->published())));
    marks_.emplace(region::kDataOffset, region_->soft_begin(), region_->size());
    permit_.set_until(TransmitPermit::kForever);
  }

  // One input, after nothing.
  void play(Input& input) {
    region_->clear();
    state_.emplace(*region_, 0, config_);
    now_ = Instant(1000s);
    epoch_ = 1;
    quiesce::WorkerGate gate;
    quiesce::InterfaceAgent agent(gate, {});
    PacketPool pool(agent, buffers());
    {
      Output output(pool, *service_, state_->neighbours, epochs_, permit_, clock_, 0, 16);
      Reassembly reassembly(pool, 1);
      region::Turn turn(*region_, *marks_);
      LogRing log(64);
      Context context{.worker = 0,
                      .service = *service_,
                      .state = *state_,
                      .turn = turn,
                      .pool = pool,
                      .output = output,
                      .reassembly = reassembly,
                      .error_limit = ErrorLimit(service_->icmp_errors_per_s),
                      .log = &log};
      context.fib_of_turn = routes_->published().load();
      while (!input.empty()) {
        begin_turn(context, input);
        receive(context, agent, input);
        end_turn(context);
        expect(agent.in_flight() == agent.held(), "what is in flight waits");
      }
      (void)output.discard_held();
      (void)reassembly.discard();
    }
    expect(agent.in_flight() == 0 && agent.held() == 0, "the account of packets is right");
    expect(rte_mempool_in_use_count(buffers()) == 0, "no buffer leaks");
  }

 private:
  // Sessions of before are asked about again, and some of them end with a word to their sender.
  void change_policy(std::vector<RuleConfig> rules) { (void)must(policy_->replace({std::move(rules)})); }
  [[nodiscard]] std::vector<RuleConfig> narrower() const {
    std::vector<RuleConfig> rules = config_.rules;
    for (RuleConfig& rule : rules)
      if (rule.id == 3) rule.action = RuleAction::reject;
    return rules;
  }

  void begin_turn(Context& context, Input& input) {
    now_ += input.rarely() ? Nanos(std::chrono::seconds(input.value())) : 1ms;
    context.now = now_;
    epochs_.set_current(++epoch_);
    if (epoch_ % 4 == 2) change_policy(epoch_ % 8 == 2 ? config_.rules : narrower());
    context.policy_of_turn = policy_->published().load();
    if (input.value() % 2 == 0) epochs_.set_committed(epoch_ - 1);
    context.turn.begin(epoch_, now_, epochs_.committed());
    context.output.begin_turn(now_, context.turn.now_s(), epoch_, epochs_.committed());
    [[maybe_unused]] const bool all = context.output.release();
  }

  void receive(Context& context, quiesce::InterfaceAgent& agent, Input& input) {
    std::array<Received, 4> burst;
    const std::size_t count = 1 + input.below(burst.size());
    for (std::size_t i = 0; i < count; ++i) {
      const Octets bytes = frame(input);
      const std::size_t segment_bytes = input.rarely() ? 1 + input.value() : bytes.size();
      burst[i] = {frame_of(bytes, segment_bytes), static_cast<PortIndex>(input.below(2)), false};
      agent.adopt(1);
    }
    if (!service_->pipeline.has_sessions) return forward_burst(context, {burst.data(), count});
    for (std::size_t i = 0; i < count; ++i) {
      Packet packet{.mbuf = burst[i].mbuf, .in_port = burst[i].port};
      process(context, packet);
    }
  }

  void end_turn(Context& context) {
    expire_fragments(context);
    while (const auto unanswered = context.output.tick()) give_up(context, *unanswered);
    context.output.transmit_or_drop();
    std::array<LogRecord, 8> told;
    const std::uint64_t committed = epochs_.committed();
    const std::size_t count = context.log->take(committed, told);
    for (std::size_t i = 0; i < count; ++i)
      expect(told[i].depends_epoch <= committed, "a log waits for its commit");
    marks_->hard->clear();
    marks_->soft->clear();
  }

  // Ethernet and what follows, with right lengths and checksums, then changed here and there.
  Octets frame(Input& input);

  Config config_;
  std::vector<std::unique_ptr<Port>> ports_;
  std::unique_ptr<region::Region> region_;
  std::unique_ptr<RouteTable> routes_;
  std::unique_ptr<PolicyTable> policy_;
  std::optional<Service> service_;
  std::optional<region::WorkerMarks> marks_;
  std::optional<State> state_;
  CommittedEpoch epochs_;
  TransmitPermit permit_;
  BootClock clock_;
  Instant now_{1000s};
  std::uint64_t epoch_ = 1;
};

template <class Header>
Header& append(Octets& to) {
  to.resize(to.size() + sizeof(Header));
  return *reinterpret_cast<Header*>(&to[to.size() - sizeof(Header)]);
}

void append_ethernet(Octets& to, Input& input, std::uint16_t ethertype) {
  auto& ether = append<rte_ether_hdr>(to);
  std::copy(kLanMac.begin(), kLanMac.end(), ether.dst_addr.addr_bytes);
  ether.dst_addr.addr_bytes[5] = static_cast<std::uint8_t>(1 + input.below(2));
  if (input.rarely()) std::memset(&ether.dst_addr, 0xff, sizeof(ether.dst_addr));
  std::copy(kHostMac.begin(), kHostMac.end(), ether.src_addr.addr_bytes);
  ether.ether_type = htons(ethertype);
}

void append_arp(Octets& to, Input& input) {
  auto& arp = append<rte_arp_hdr>(to);
  arp.arp_hardware = htons(RTE_ARP_HRD_ETHER);
  arp.arp_protocol = htons(RTE_ETHER_TYPE_IPV4);
  arp.arp_hlen = 6;
  arp.arp_plen = 4;
  arp.arp_opcode = htons(static_cast<std::uint16_t>(1 + input.below(2)));
  std::copy(kHostMac.begin(), kHostMac.end(), arp.arp_data.arp_sha.addr_bytes);
  arp.arp_data.arp_sip = htonl(RTE_IPV4(10, 80, 1 + input.below(2), 1 + input.below(4)));
  arp.arp_data.arp_tip = htonl(RTE_IPV4(10, 80, 1 + input.below(2), 1));
}

void append_payload(Octets& to, Input& input) {
  for (const std::byte byte : input.bytes(input.value())) to.push_back(static_cast<std::uint8_t>(byte));
}

// Of few flows, with numbers that often fit: what the checks of a session let through is what comes on.
void shape_tcp(rte_tcp_hdr& tcp, Input& input) {
  constexpr std::uint8_t kFlags[] = {RTE_TCP_SYN_FLAG,
                                     RTE_TCP_SYN_FLAG | RTE_TCP_ACK_FLAG,
                                     RTE_TCP_ACK_FLAG,
                                     RTE_TCP_ACK_FLAG | RTE_TCP_PSH_FLAG,
                                     RTE_TCP_FIN_FLAG | RTE_TCP_ACK_FLAG,
                                     RTE_TCP_RST_FLAG,
                                     RTE_TCP_RST_FLAG | RTE_TCP_ACK_FLAG};
  tcp.src_port = htons(static_cast<std::uint16_t>(1024 + input.below(4)));
  tcp.dst_port = htons(static_cast<std::uint16_t>(1024 + input.below(4)));
  if (input.rarely()) return;  // numbers, flags and options as they come
  tcp.sent_seq = htonl(input.below(8) * 64);
  tcp.recv_ack = htonl(input.below(8) * 64 + 1);
  tcp.data_off = 5 << 4;
  tcp.tcp_flags = kFlags[input.below(std::size(kFlags))];
}

void append_ipv4(Octets& to, Input& input) {
  const std::size_t begin = to.size();
  (void)append<rte_ipv4_hdr>(to);
  const unsigned options = input.rarely() ? 4 * input.below(11) : 0;
  for (unsigned i = 0; i < options; ++i) to.push_back(input.value());
  const std::size_t payload = to.size();
  append_payload(to, input);
  auto& ip = *reinterpret_cast<rte_ipv4_hdr*>(&to[begin]);
  constexpr std::uint8_t kProtocols[] = {IPPROTO_UDP, IPPROTO_TCP, IPPROTO_TCP, IPPROTO_ICMP,
                                         IPPROTO_GRE, IPPROTO_ESP, 89};
  ip.version_ihl = static_cast<std::uint8_t>(0x45 + options / 4);
  ip.total_length = htons(static_cast<std::uint16_t>(to.size() - begin));
  ip.packet_id = input.value();
  ip.fragment_offset = input.rarely() ? input.value<std::uint16_t>() : std::uint16_t{0};
  ip.time_to_live = static_cast<std::uint8_t>(1 + input.below(3));
  ip.next_proto_id = kProtocols[input.below(std::size(kProtocols))];
  ip.src_addr = htonl(RTE_IPV4(10, 80, 1 + input.below(2), 1 + input.below(4)));
  ip.dst_addr = htonl(RTE_IPV4(10, 80 + input.below(2), input.value() & 0x43, 1 + input.below(4)));
  ip.hdr_checksum = checksum_of(&ip, sizeof(ip) + options);
  if (ip.next_proto_id == IPPROTO_TCP && to.size() >= payload + sizeof(rte_tcp_hdr))
    shape_tcp(*reinterpret_cast<rte_tcp_hdr*>(&to[payload]), input);
  if (ip.next_proto_id == IPPROTO_ICMP && to.size() > payload)
    to[payload] = static_cast<std::uint8_t>(input.below(14));
}

// Extension headers are what the payload happens to be.
void append_ipv6(Octets& to, Input& input) {
  const std::size_t begin = to.size();
  (void)append<rte_ipv6_hdr>(to);
  append_payload(to, input);
  auto& ip = *reinterpret_cast<rte_ipv6_hdr*>(&to[begin]);
  constexpr std::uint8_t kProtocols[] = {IPPROTO_UDP,     IPPROTO_TCP,      IPPROTO_ICMPV6,  IPPROTO_ICMPV6,
                                         IPPROTO_HOPOPTS, IPPROTO_FRAGMENT, IPPROTO_ROUTING, IPPROTO_DSTOPTS};
  const IpAddress source = six(static_cast<std::uint8_t>(1 + input.below(2)), input.value() & 3);
  IpAddress destination = six(static_cast<std::uint8_t>(1 + input.below(4)), input.value() & 3);
  if (input.rarely()) destination = IpAddress{{0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}};
  ip.vtc_flow = htonl(6u << 28);
  ip.proto = kProtocols[input.below(std::size(kProtocols))];
  ip.hop_limits = input.value() % 2 == 0 ? 255 : static_cast<std::uint8_t>(input.below(3));
  std::memcpy(ip.src_addr, &source, sizeof(source));
  std::memcpy(ip.dst_addr, &destination, sizeof(destination));
  const std::size_t bytes = to.size() - begin - sizeof(ip);
  ip.payload_len = htons(static_cast<std::uint16_t>(bytes));
  if (ip.proto == IPPROTO_TCP && bytes >= sizeof(rte_tcp_hdr))
    shape_tcp(*reinterpret_cast<rte_tcp_hdr*>(&to[begin + sizeof(ip)]), input);
  if (ip.proto != IPPROTO_ICMPV6 || bytes < 8) return;
  std::uint8_t* icmp = &to[begin + sizeof(ip)];
  constexpr std::uint8_t kTypes[] = {135, 136, 128, 133, 137, 1, 2};
  icmp[0] = kTypes[input.below(std::size(kTypes))];
  icmp[1] = icmp[2] = icmp[3] = 0;
  if (bytes >= 24 && icmp[0] >= 133) {
    const IpAddress target = six(static_cast<std::uint8_t>(1 + input.below(2)), input.value() & 3);
    std::memcpy(icmp + 8, &target, sizeof(target));
  }
  const auto checksum =
      static_cast<std::uint16_t>(~sum_icmp6(source, destination, icmp, static_cast<std::uint32_t>(bytes)));
  std::memcpy(icmp + 2, &checksum, sizeof(checksum));
}

Octets World::frame(Input& input) {
  Octets bytes;
  switch (input.below(4)) {
    case 0:
      append_ethernet(bytes, input, RTE_ETHER_TYPE_ARP);
      append_arp(bytes, input);
      break;
    case 1:
      append_ethernet(bytes, input, RTE_ETHER_TYPE_IPV6);
      append_ipv6(bytes, input);
      break;
    default:
      append_ethernet(bytes, input, RTE_ETHER_TYPE_IPV4);
      append_ipv4(bytes, input);
  }
  if (input.rarely()) {
    const std::uint8_t tag[] = {0x81, 0x00, 0, static_cast<std::uint8_t>(input.value() % 2 == 0 ? 7 : 8)};
    bytes.insert(bytes.begin() + 12, std::begin(tag), std::end(tag));
  }
  for (unsigned changes = input.rarely() ? input.below(4) : 0; changes != 0; --changes)
    bytes[input.below(static_cast<std::uint32_t>(bytes.size()))] ^= input.value();
  if (input.rarely()) bytes.resize(1 + input.below(static_cast<std::uint32_t>(bytes.size())));
  return bytes;
}

}  // namespace
}  // namespace stillwater::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t bytes) {
  using namespace stillwater;
  static fuzz::World router(dataplane::Function::router);
  static fuzz::World firewall(dataplane::Function::firewall);
  fuzz::Input input(data, bytes);
  (input.value() % 4 == 0 ? firewall : router).play(input);
  return 0;
}
