#include "dataplane/datapath/graph/graph.h"

#include <array>

#include "dataplane/datapath/icmp/icmp_errors.h"
#include "dataplane/datapath/nodes/nodes.h"
#include "dataplane/datapath/rehearsal/rehearsal.h"

namespace stillwater::dataplane {
namespace {

constexpr std::array<Verdict (*)(Context&, Packet&), kNodes> kRun{
#define X(name, about) name,
    STILLWATER_NODES(X)
#undef X
};

}  // namespace

const char* name_of(Node node) {
  static constexpr std::array<const char*, kNodes> kNames{
#define X(name, about) #name,
      STILLWATER_NODES(X)
#undef X
  };
  return kNames[static_cast<std::size_t>(node)];
}

const char* about(Node node) {
  static constexpr std::array<const char*, kNodes> kAbout{
#define X(name, about) about,
      STILLWATER_NODES(X)
#undef X
  };
  return kAbout[static_cast<std::size_t>(node)];
}

Verdict run(Context& context, Packet& packet, Node node) {
  for (;;) {
    const Verdict verdict = kRun[static_cast<std::size_t>(node)](context, packet);
    if (verdict.kind != Verdict::Kind::next) return verdict;
    node = verdict.node;
  }
}

void rehearse(Context& context, Packet& packet) {
  Rehearsal& rehearsal = *context.rehearsal;
  for (Node node = Node::ethernet_input;;) {
    rehearsal.begin(node, packet);
    const Verdict verdict = kRun[static_cast<std::size_t>(node)](context, packet);
    rehearsal.end(context, packet, verdict);
    if (verdict.kind != Verdict::Kind::next) return rehearsal.conclude(context, packet, verdict);
    node = verdict.node;
  }
}

void process(Context& context, Packet& packet) {
  context.turn.begin_packet();
  context.turn.depend_on(packet.depended_before);
  const Verdict verdict = run(context, packet, packet.turned_back ? Node::ipv4_input : Node::ethernet_input);
  switch (verdict.kind) {
    case Verdict::Kind::output:
      return context.output.forward(packet, context.turn.depends_epoch());
    case Verdict::Kind::refuse:
      if (tells_sender(context, packet, verdict.error)) send_icmp_error(context, packet, verdict.error);
      [[fallthrough]];
    case Verdict::Kind::drop:
      return context.pool.drop(packet.mbuf, verdict.reason);
    case Verdict::Kind::taken:
    case Verdict::Kind::next:
      return;
  }
}

void process(Context& context, const Received& received, region::SessionMatch expected) {
  Packet packet{.mbuf = received.mbuf,
                .in_port = received.port,
                .copy = received.copy,
                .turned_back = received.turned_back,
                .depended_before = received.depends_epoch,
                .expected = expected};
  process(context, packet);
}

}  // namespace stillwater::dataplane
