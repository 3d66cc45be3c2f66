#include "dataplane/control/trace_words.h"

#include <algorithm>
#include <cstdio>
#include <string>

#include <rte_byteorder.h>

#include "dataplane/control/icmp_words.h"
#include "dataplane/names.h"

namespace stillwater::dataplane {
namespace {

using Notes = std::vector<std::string>;
using Kind = Verdict::Kind;

std::string to_text(const rte_ether_addr& mac) {
  const std::uint8_t* m = mac.addr_bytes;
  char text[sizeof("00:00:00:00:00:00")];
  std::snprintf(text, sizeof(text), "%02x:%02x:%02x:%02x:%02x:%02x", m[0], m[1], m[2], m[3], m[4], m[5]);
  return text;
}

// Of what has no name, "protocol" and its number.
std::string protocol_name(std::uint8_t protocol) {
  const std::string name = name_of_protocol(protocol);
  return name == std::to_string(protocol) ? "protocol " + name : name;
}

const char* verb_of(RuleAction action) {
  switch (action) {
    case RuleAction::deny:
      return "denies";
    case RuleAction::allow:
      return "allows";
    case RuleAction::reject:
      return "rejects";
  }
  return "decides";
}

// Of ICMP the port is the identifier.
std::string endpoint(const IpAddress& address, std::uint16_t port_be) {
  return to_endpoint_text(address, rte_be_to_cpu_16(port_be));
}

// "10.0.1.2:4000 to 192.0.2.1:80 tcp".
std::string to_text(const Flow& flow) {
  return endpoint(flow.source, flow.source_port_be) + " to " +
         endpoint(flow.destination, flow.destination_port_be) + " " + protocol_name(flow.protocol);
}

bool is_lookup(Node node) { return node == Node::session_lookup || node == Node::session6_lookup; }
bool is_error(Node node) { return node == Node::session_error || node == Node::session6_error; }
bool forwards_ipv6(Node node) {
  return node == Node::ipv6_forward || node == Node::session6_open || node == Node::session6_forward ||
         node == Node::session6_error;
}

bool is_local(Node node) { return node == Node::ipv4_local || node == Node::ipv6_local; }

bool is_forwarded(const RehearsedStep& step) {
  return !is_local(step.node) && step.hops_before && step.hops_after &&
         *step.hops_after + 1 == *step.hops_before;
}

class Writer {
 public:
  Writer(const RehearsalRecord& record, PortIndex port, const TraceNames& names)
      : record_(record), names_(names), port_(port) {}

  Trace write() {
    for (unsigned i = 0; i < record_.steps_count; ++i) {
      const RehearsedStep& step = record_.steps[i];
      trace_.steps.push_back({name_of(step.node), about(step.node), notes_of(step)});
    }
    for (unsigned i = 0; i < record_.frames_count; ++i) trace_.frames.push_back(frame_of(record_.frames[i]));
    end();
    return std::move(trace_);
  }

 private:
  [[nodiscard]] const std::string& name(PortIndex port) const { return names_.config.ports[port].name; }

  Notes notes_of(const RehearsedStep& step);
  void note_route(const RehearsedStep::Lookup& lookup, Notes& notes) const;
  void note_session(const RehearsedStep& step, Notes& notes) const;
  void note_opening(const RehearsedStep& step, Notes& notes) const;
  void note_length(const RehearsedStep& step, Notes& notes) const;
  void note_answer(const RehearsedStep& step, Notes& notes) const;
  TraceFrame frame_of(const RehearsedFrame& frame) const;

  void end();
  void end_with_output();
  void end_with_taken();
  void drop(DropReason why);
  void refuse(DropReason why);
  void say_whether_told();
  [[nodiscard]] bool is_answer_on_link() const {
    return record_.frames_count != 0 && record_.frames[0].next_hop.is_none();
  }

  const RehearsalRecord& record_;
  const TraceNames& names_;
  PortIndex port_;
  const RehearsedStep::Lookup* lookup_ = nullptr;  // the last one
  Trace trace_;
};

void Writer::note_route(const RehearsedStep::Lookup& lookup, Notes& notes) const {
  const Adjacency& route = lookup.route;
  const std::string destination = dataplane::to_text(lookup.destination);
  const auto longest = names_.routes.longest_match(lookup.destination);
  const std::string prefix = longest ? dataplane::to_text(*longest) : destination;
  switch (route.kind) {
    case Adjacency::Kind::none:
      return notes.push_back("no route to " + destination);
    case Adjacency::Kind::local:
      return notes.push_back(destination + " is an own address, of " + name(route.port));
    case Adjacency::Kind::broadcast:
      return notes.push_back(destination + " is the network or broadcast address of a subnet at " +
                             name(route.port));
    case Adjacency::Kind::connected:
      return notes.push_back(prefix + " is connected at " + name(route.port));
    case Adjacency::Kind::blackhole:
      return notes.push_back("route " + prefix + " is a blackhole");
    case Adjacency::Kind::reject:
      return notes.push_back("route " + prefix + " rejects");
    case Adjacency::Kind::via:
      break;
  }
  std::string text =
      "route " + prefix + " via " + dataplane::to_text(route.next_hop) + " at " + name(route.port);
  if (lookup.members > 1)
    text += ", one of " + std::to_string(lookup.members) + " next hops, chosen by the flow's hash";
  notes.push_back(std::move(text));
}

void Writer::note_session(const RehearsedStep& step, Notes& notes) const {
  const auto& [session, direction] = *step.session;
  notes.push_back(std::string(is_error(step.node) ? "about " : "") + "session " + to_text(session.forward) +
                  ", " + name_of(session.state) + ", by rule " + std::to_string(session.rule_id));
  notes.push_back(direction == region::Direction::forward ? "in the direction of its initiator"
                                                          : "in the direction of its responder");
  if (has_other_source(session.forward, session.reply))
    notes.push_back("its source is translated to " +
                    endpoint(session.reply.destination, session.reply.destination_port_be));
  if (has_other_destination(session.forward, session.reply))
    notes.push_back("its destination is translated to " +
                    endpoint(session.reply.source, session.reply.source_port_be));
}

void Writer::note_opening(const RehearsedStep& step, Notes& notes) const {
  if (step.asked_rules && !step.rule) notes.push_back("no rule matches");
  if (step.rule) notes.push_back("rule " + std::to_string(step.rule->id) + " " + verb_of(step.rule->action));
  if (step.gives_way)
    notes.push_back("the table is full: session " + to_text(step.gives_way->forward) +
                    ", opening, would give way");
  if (!step.opened) return;
  const auto& [forward, reply] = *step.opened;
  notes.push_back("would open a session" +
                  (has_other_source(forward, reply)
                       ? ", source NAT to " + endpoint(reply.destination, reply.destination_port_be)
                       : std::string(", not translated")));
  if (has_other_destination(forward, reply))
    notes.push_back("its destination would be translated to " + endpoint(reply.source, reply.source_port_be));
}

// What the MTU says of it.
void Writer::note_length(const RehearsedStep& step, Notes& notes) const {
  const bool cut = step.verdict.kind == Kind::taken && !is_answer_on_link() && record_.frames_count != 0;
  const bool refused = (step.verdict.kind == Kind::drop || step.verdict.kind == Kind::refuse) &&
                       step.verdict.reason == DropReason::too_big;
  if (cut) {
    const PortIndex out = record_.frames[0].port;
    notes.push_back("MTU " + std::to_string(names_.service.ports[out].mtu) + " of " + name(out) +
                    ": would be cut in " + std::to_string(record_.frames_count));
  } else if (refused && lookup_ != nullptr && lookup_->route.forwards()) {
    const PortIndex out = lookup_->route.port;
    notes.push_back("MTU " + std::to_string(names_.service.ports[out].mtu) + " of " + name(out) +
                    ", and the packet has " + std::to_string(step.ip_bytes) + " octets");
  }
}

// Of what is for this node itself.
void Writer::note_answer(const RehearsedStep& step, Notes& notes) const {
  const bool local = is_local(step.node);
  const bool taken = step.verdict.kind == Kind::taken;
  if (step.goes_to_worker)
    notes.push_back("comes in again at worker " + std::to_string(*step.goes_to_worker) +
                    ", where no trace follows it");
  else if (step.answers_ping)
    notes.push_back("what a ping of ours waits for");
  else if (local && (step.verdict.kind == Kind::output || (taken && record_.frames_count != 0)))
    notes.push_back("an echo request: answered");
  else if (local && taken && !record_.dropped)
    notes.push_back("waits for the rest of its datagram");
  else if (taken && is_answer_on_link())
    notes.push_back("answered");
}

Notes Writer::notes_of(const RehearsedStep& step) {
  Notes notes;
  if (step.node == Node::ethernet_input && step.in_port != port_)
    notes.push_back("VLAN " + std::to_string(names_.service.ports[step.in_port].vlan) + ": port " +
                    name(step.in_port));
  if (step.lookup) {
    lookup_ = &*step.lookup;
    note_route(*step.lookup, notes);
  }
  if (step.session)
    note_session(step, notes);
  else if (is_lookup(step.node) && step.verdict.kind == Kind::next && !is_error(step.verdict.node) &&
           step.verdict.node != Node::ipv6_local)
    notes.push_back("belongs to no session");
  if (step.asked_again)
    notes.push_back(std::string("the policy has changed since it was admitted: it would ") +
                    (step.ends_session ? "end" : "go on"));
  else if (step.ends_session)
    notes.push_back("its initiator uses the port anew: it would end");
  if (step.becomes) notes.push_back(std::string("it would be ") + name_of(*step.becomes));
  note_opening(step, notes);
  if (step.learned)
    notes.push_back("learns that " + dataplane::to_text(step.learned->address) + " is at " +
                    to_text(step.learned->mac));
  if (is_forwarded(step)) {
    notes.push_back((forwards_ipv6(step.node) ? "hop limit would be " : "time to live would be ") +
                    std::to_string(*step.hops_after));
  }
  if (step.node != Node::ipv4_input && step.verdict.kind == Kind::next &&
      step.verdict.node == Node::session_lookup)
    notes.push_back("turns back: it comes in again, as from outside");
  note_length(step, notes);
  note_answer(step, notes);
  if (step.verdict.kind == Kind::drop || step.verdict.kind == Kind::refuse)
    notes.push_back(meaning_of(step.verdict.reason));
  return notes;
}

TraceFrame Writer::frame_of(const RehearsedFrame& frame) const {
  TraceFrame shown{.port = name(frame.port), .waits_for_commit = frame.waits_for_commit};
  if (!frame.next_hop.is_none()) shown.next_hop = frame.next_hop;
  if (frame.mac) {
    shown.mac.emplace();
    std::copy_n(frame.mac->addr_bytes, shown.mac->size(), shown.mac->begin());
  }
  if (frame.dropped) shown.dropped = name_of(*frame.dropped);
  const std::uint8_t* bytes = &record_.bytes[frame.at];
  shown.bytes.assign(bytes, bytes + frame.bytes);
  return shown;
}

void Writer::end_with_output() {
  const RehearsedFrame& first = record_.frames[0];
  if (first.dropped) return drop(*first.dropped);
  trace_.end = Trace::End::output;
  std::string& words = trace_.words;
  words = "leaves through " + name(first.port) + " to " + dataplane::to_text(first.next_hop);
  if (first.mac)
    words += " at " + to_text(*first.mac);
  else
    words +=
        std::string(", which is asked for by ") + (first.next_hop.is_v4() ? "ARP" : "neighbour discovery");
  words += record_.frames_count == 1 ? ", " + std::to_string(first.bytes) + " octets"
                                     : ", in " + std::to_string(record_.frames_count) + " fragments";
  if (first.waits_for_commit) words += ", once the standby has what it depends on";
}

void Writer::end_with_taken() {
  if (record_.dropped) return drop(*record_.dropped);
  if (record_.frames_count != 0 && !is_answer_on_link()) return end_with_output();
  trace_.end = Trace::End::taken;
  if (record_.frames_count != 0)
    trace_.words = "answered at " + name(record_.frames[0].port);
  else if (!trace_.steps.empty() && !trace_.steps.back().notes.empty())
    trace_.words = "taken: " + trace_.steps.back().notes.back();
  else
    trace_.words = "taken";
}

void Writer::drop(DropReason why) {
  trace_.end = Trace::End::drop;
  trace_.reason = name_of(why);
  trace_.words = std::string("dropped: ") + meaning_of(why);
}

void Writer::refuse(DropReason why) {
  drop(why);
  if (!record_.tells_sender) return;
  trace_.end = Trace::End::refused;
  const IcmpError& about = record_.end.error;
  TraceError error{.to = record_.sender, .type = about.type, .code = about.code, .rest = about.rest};
  error.words = icmp_words(record_.sender.is_v4(), about);
  error.told = record_.frames_count != 0 && !record_.frames[0].dropped;
  if (record_.over_limit)
    error.why_not = "too many errors were told of late";
  else if (record_.frames_count == 0)
    error.why_not = "none may be told about such a packet, or no route leads to its sender";
  else if (record_.frames[0].dropped)
    error.why_not = meaning_of(*record_.frames[0].dropped);
  trace_.words += error.told ? "; its sender " + dataplane::to_text(error.to) + " is told: " + error.words
                             : "; its sender is not told: " + error.why_not;
  trace_.error = std::move(error);
}

// Of a packet that a rule rejects: what its sender gets is the frame that leaves.
void Writer::say_whether_told() {
  if (record_.frames_count == 0)
    trace_.words += "; not now: none may be told, too many were told of late, or no route leads there";
  else if (record_.frames[0].dropped)
    trace_.words += std::string("; not now: ") + meaning_of(*record_.frames[0].dropped);
}

void Writer::end() {
  switch (record_.end.kind) {
    case Kind::output:
      return end_with_output();
    case Kind::drop:
      drop(record_.end.reason);
      if (record_.end.reason == DropReason::rejected_by_rule) say_whether_told();
      return;
    case Kind::refuse:
      return refuse(record_.end.reason);
    case Kind::taken:
    case Kind::next:
      return end_with_taken();
  }
}

}  // namespace

Trace in_words(const RehearsalRecord& record, PortIndex port, const TraceNames& names) {
  return Writer(record, port, names).write();
}

const char* name_of(Trace::End end) {
  switch (end) {
    case Trace::End::output:
      return "output";
    case Trace::End::taken:
      return "taken";
    case Trace::End::drop:
      return "drop";
    case Trace::End::refused:
      return "refused";
  }
  return "unknown";
}

}  // namespace stillwater::dataplane
