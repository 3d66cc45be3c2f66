// Random traffic of known and unknown sessions, some of it damaged: with the short way of established
// sessions a firewall sends, drops and remembers what it does with every packet going through the nodes.
#include <array>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "ckpt_engine/region/session_table.h"
#include "tests/unit/dataplane/nat_network.h"
#include "tests/unit/random.h"

namespace stillwater::dataplane {
namespace {

rte_ipv4_hdr& ip_of(Bytes& frame) { return *reinterpret_cast<rte_ipv4_hdr*>(&frame[RTE_ETHER_HDR_LEN]); }

void sum_again(rte_ipv4_hdr& ip) {
  ip.hdr_checksum = 0;
  ip.hdr_checksum = checksum_of(&ip, (ip.version_ihl & 0xfu) * 4u);
}

// One thing that keeps a packet from the short way, or only seems to.
void damage(Bytes& frame, unsigned how) {
  rte_ipv4_hdr& ip = ip_of(frame);
  switch (how) {
    case 0:
      ip.time_to_live = 1;
      break;
    case 1:
      ip.hdr_checksum ^= 0x100;
      return;
    case 2:
      ip.fragment_offset = htons(RTE_IPV4_HDR_MF_FLAG);
      break;
    case 3:
      ip.src_addr = htonl(ipv4(127, 0, 0, 1));
      break;
    case 4:
      ip.src_addr = htonl(kIn);
      break;
    case 5:
      frame[5] ^= 0x40;  // another's MAC
      return;
    case 6:
      frame[6] |= 1;  // from a group
      return;
    case 7:
      frame.resize(frame.size() + 6);  // link padding
      return;
    case 8:
      ip.total_length = htons(sizeof(ip) + 12);
      break;
    case 9:
      frame[RTE_ETHER_HDR_LEN + sizeof(ip) + 12] = 0xf0;  // a TCP header of 60 bytes
      return;
    case 10:
      ip.version_ihl = 0x46;
      break;
    case 11:
      frame[12] = 0x81;  // a VLAN's tag
      frame[13] = 0x00;
      return;
    case 12:
      ip.total_length = htons(ntohs(ip.total_length) + 1u);
      break;
    default:
      frame.resize(RTE_ETHER_HDR_LEN + 24);
      return;
  }
  sum_again(ip);
}

// Flows whose ports tell them apart, so that NAT keeps the ports.
class Traffic {
 public:
  explicit Traffic(std::uint32_t seed) : random_(seed) {}

  std::pair<PortIndex, Bytes> next() {
    Flow& flow = flows_[random_() % flows_.size()];
    const auto number = static_cast<unsigned>(&flow - flows_.data());
    const bool is_tcp = number % 3 != 0;
    unsigned end = random_() % 2;  // 0: the host speaks
    const bool strays = random_() % 16 == 0;
    Bytes frame = is_tcp ? segment(flow, number, end) : datagram(number, end);
    if (!strays && random_() % 5 == 0) damage(frame, random_() % 14);
    if (strays) frame[5] = (end = 1 - end) == 0 ? kInMac : kOutMac;  // to the port of the other side
    return {static_cast<PortIndex>(end), std::move(frame)};
  }

 private:
  struct Flow {
    unsigned stage = 0;  // of the handshake
    std::array<std::uint32_t, 2> next{1'000, 900'000};
  };

  static UdpFlow tuple(unsigned number, unsigned end) {
    const auto port = static_cast<std::uint16_t>(4'000 + 2 * number);
    if (end == 0) return {host(number % NatNetwork::kHosts), remote(number % NatNetwork::kRemotes), port, 53};
    return {remote(number % NatNetwork::kRemotes), kPool, 53, port};
  }
  static Bytes datagram(unsigned number, unsigned end) {
    return udp_frame(end == 0 ? kHostMac : kServerMac, end == 0 ? kInMac : kOutMac, tuple(number, end));
  }
  Bytes segment(Flow& flow, unsigned number, unsigned& end) {
    Segment segment{.flags = kAck, .seq = flow.next[end], .ack = flow.next[1 - end]};
    if (flow.stage < 3) {
      end = flow.stage == 1 ? 1 : 0;
      segment = {.flags = static_cast<std::uint8_t>(flow.stage == 0   ? kSyn
                                                    : flow.stage == 1 ? kSyn | kAck
                                                                      : kAck),
                 .seq = flow.next[end],
                 .ack = flow.stage == 0 ? 0 : flow.next[1 - end]};
      if (flow.stage != 2) ++flow.next[end];
      ++flow.stage;
    } else {
      segment.payload = static_cast<std::uint16_t>(random_() % 60);
      switch (random_() % 24) {
        case 0:
          segment.seq += 5'000'000;  // beyond the window
          break;
        case 1:
          segment.ack += 5'000'000;
          break;
        case 2:
          segment.flags = kAck | kFin;
          break;
        case 3:
          segment.flags = kRst;
          break;
        case 4:
          segment.flags = 0;
          break;
        case 5:
          segment.flags = kSyn;
          break;
        case 6:
          flow = {.stage = 0, .next = {flow.next[0] + 1'000'000, flow.next[1] + 1'000'000}};
          break;
        default:
          flow.next[end] += segment.payload;
      }
    }
    return tcp_frame(end == 0 ? kHostMac : kServerMac, end == 0 ? kInMac : kOutMac, tuple(number, end),
                     segment);
  }

  Random random_;
  std::array<Flow, 24> flows_;
};

// After a batch of frames.
struct Seen {
  std::array<std::vector<Bytes>, 2> sent;  // through each port, in its order
  std::vector<std::string> sessions;
  std::map<std::string, std::uint64_t> drops;  // of the last batch alone
};

// Every packet of `all` may have to wait, so there is no short way; its epoch is committed.
struct Twin : NatNetwork {
  Twin(OutputCommit commit, TcpChecks checks) {
    config.output_commit = commit;
    config.tcp_checks = checks;
    epochs.set_committed(1'000);
    begin();
  }

  std::vector<Seen> run(std::uint32_t seed) {
    Traffic traffic(seed);
    Random random(seed);
    std::vector<Seen> seen;
    for (int batch = 0; batch < 150; ++batch) {
      if (random() % 8 == 0) {
        clock.advance(3s);
        greet_all();  // nobody answers here: neighbours would be forgotten
      }
      for (auto frames = 1 + random() % 60; frames != 0; --frames) {
        const auto [port, frame] = traffic.next();
        (port == 0 ? inside : outside).put(frame);
      }
      dataplane->barrier().resume();
      settle();
      seen.push_back({.sent = sent(), .sessions = sessions(), .drops = {}});
    }
    (void)drops_of("no_session");
    seen.back().drops = dataplane->drops();
    return seen;
  }

 private:
  std::array<std::vector<Bytes>, 2> sent() {
    std::array<std::vector<Bytes>, 2> sent;
    for (Bytes taken; inside.take(taken);) sent[0].push_back(taken);
    for (Bytes taken; outside.take(taken);) sent[1].push_back(taken);
    // When an old neighbour is asked again is each way's own.
    for (auto& frames : sent) std::erase_if(frames, [](const Bytes& f) { return f[12] == 8 && f[13] == 6; });
    return sent;
  }
  [[nodiscard]] std::vector<std::string> sessions() const {
    const region::SessionTable table(*region, 0);
    std::vector<std::string> known;
    for (std::uint32_t slot = 0; slot < table.slots_touched(); ++slot) {
      const region::Session& s = table.at(slot);
      if (s.state == region::SessionState::free) continue;
      known.push_back(std::to_string(s.forward.protocol) + " " + std::to_string(s.forward.source_port_be) +
                      " " + std::to_string(s.reply.destination_port_be) + " " +
                      std::to_string(static_cast<int>(s.state)) + " " + std::to_string(s.tcp_ended) + " " +
                      std::to_string(table.last_seen_s(slot)));
    }
    return known;
  }
};

}  // namespace

TEST_CASE("the short way of established sessions does what the nodes do") {
  const auto seed = GENERATE(range(1u, 9u));
  const TcpChecks checks = std::array{TcpChecks::strict, TcpChecks::loose, TcpChecks::off}[seed % 3];
  INFO("seed " << seed);
  const std::vector<Seen> shortly = Twin(OutputCommit::none, checks).run(seed);
  const std::vector<Seen> by_nodes = Twin(OutputCommit::all, checks).run(seed);
  for (std::size_t batch = 0; batch < by_nodes.size(); ++batch) {
    INFO("batch " << batch);
    REQUIRE((shortly[batch].sent == by_nodes[batch].sent));
    REQUIRE(shortly[batch].sessions == by_nodes[batch].sessions);
  }
  CHECK(shortly.back().drops == by_nodes.back().drops);
  CHECK(by_nodes.back().drops.size() > 10);
}

TEST_CASE("a session's packets wait for the commit of what they depend on, short way or not") {
  NatNetwork f;
  f.config.output_commit = OutputCommit::new_state;
  f.epochs.set_committed(1);
  f.begin();
  const UdpFlow query{host(0), remote(0), 4000, 53};
  const UdpFlow answer{remote(0), kPool, 53, 4000};
  REQUIRE(f.out(query));
  REQUIRE(f.in(answer));
  f.epochs.set_current(2);
  CHECK(f.out(query));  // established in epoch 1

  f.epochs.set_committed(0);
  CHECK_FALSE(f.out(query));
  CHECK(f.dataplane->held_packets() == 1);
  f.epochs.set_committed(1);
  CHECK(f.out(query));
  f.dataplane->barrier().resume();
  CHECK(eventually([&] { return f.dataplane->held_packets() == 0; }));
}

}  // namespace stillwater::dataplane
