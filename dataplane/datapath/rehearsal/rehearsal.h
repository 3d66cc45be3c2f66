// The effects of a packet that is only looked at: they are noted here, and happen nowhere.
#pragma once

#include <cstdint>
#include <optional>

#include "dataplane/datapath/fragments/reassembly.h"
#include "dataplane/datapath/packet.h"
#include "dataplane/datapath/rehearsal/record.h"

namespace stillwater::dataplane {

struct Context;

// One packet's, on its worker's thread. Nodes with effects beyond their packet look whether the context has
// one, and tell it instead. Counters, buffers, reassembly and the limit of errors are the context's own then
// (rehearser.h), so nodes need not care about these.
class Rehearsal {
 public:
  // `held`: the worker's fragments, which stay as they are.
  Rehearsal(RehearsalRecord& record, Reassembly& held) : record_(record), held_(held) { record_.clear(); }

  // By the loop over the nodes.
  void begin(Node node, const Packet& packet);
  void end(const Context& context, const Packet& packet, const Verdict& verdict);
  // The last node has spoken.
  void conclude(Context& context, Packet& packet, const Verdict& verdict);

  // By nodes. Frames become the rehearsal's.
  void leaves(Context& context, const Packet& packet);
  void answers(Context& context, PortIndex port, rte_mbuf* frame);
  void looked_up(const IpAddress& destination, const Adjacency& route, std::uint16_t members = 1) {
    step_->lookup = {destination, route, members};
  }
  template <class Key>
  void of_session(const region::BasicSession<Key>& session, region::Direction direction) {
    step_->session = {as_record(session), direction};
  }
  void becomes(region::SessionState state) { step_->becomes = state; }
  // Sessions are of the packet's family.
  void ends(std::uint32_t slot);
  template <class Key>
  void gives_way(const region::BasicSession<Key>& session, std::uint32_t slot) {
    step_->gives_way = as_record(session);
    giving_way_ = slot;
  }
  void asked_rules(const Rule* rule);
  void asked_again() { step_->asked_again = true; }
  template <class Key>
  void opens(const Key& forward, const Key& reply) {
    step_->opened = {as_flow(forward), as_flow(reply)};
  }
  void learns(const IpAddress& address, const rte_ether_addr& mac) { step_->learned = {address, mac}; }
  void goes_to_worker(unsigned worker) { step_->goes_to_worker = worker; }
  void answers_ping() { step_->answers_ping = true; }
  // What is here of the packet's datagram becomes known to the context's own reassembly.
  void bring_fragments(Context& context, const Packet& packet);

  // The slot of the session that a node ended on the way here, and of the one that gives way to a new one in
  // this step. Both are in the table still.
  [[nodiscard]] const std::optional<std::uint32_t>& ended() const { return ended_; }
  [[nodiscard]] const std::optional<std::uint32_t>& giving_way() const { return giving_way_; }

 private:
  void keep(Context& context, rte_mbuf* frame, RehearsedFrame about);

  RehearsalRecord& record_;
  Reassembly& held_;
  RehearsedStep scratch_;  // of steps that the record has no room for
  RehearsedStep* step_ = &scratch_;
  std::optional<std::uint32_t> ended_;
  std::optional<std::uint32_t> giving_way_;
  bool over_ = false;  // the last node has spoken
};

}  // namespace stillwater::dataplane
