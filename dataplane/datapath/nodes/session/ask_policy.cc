#include "dataplane/datapath/nodes/session/ask_policy.h"

#include "dataplane/datapath/ageing.h"
#include "dataplane/datapath/events/event_log.h"
#include "dataplane/datapath/family.h"
#include "dataplane/datapath/icmp/tell_rejected.h"
#include "dataplane/datapath/rehearsal/rehearsal.h"
#include "dataplane/datapath/translate.h"

namespace stillwater::dataplane {
namespace {

struct Asked {
  const Rule* rule;  // null: none matches
  bool of_binding = false;
};

// Where no rule speaks of what came in by a binding, it may come in as far as its destination may go out.
template <class Key>
Asked ask(Context& context, const Key& key, PortIndex from, PortIndex to, std::uint32_t binding) {
  const RuleSet& rules = context.policy().rules();
  Asked asked{rules.match(key, from, to)};
  if (asked.rule == nullptr && binding != NatState::kNone) {
    context.turn.depend_on(context.state.nat.at(binding).changed_epoch);
    asked = {rules.match(reversed(key), to, from), true};
  }
  if (context.rehearsal != nullptr) context.rehearsal->asked_rules(asked.rule);
  return asked;
}

// What becomes of the packet if the rule does not admit it.
std::optional<Verdict> refusal(Context& context, const Packet& packet, const Rule* rule) {
  if (rule == nullptr) return Verdict::drop(DropReason::no_rule);
  switch (rule->action) {
    case RuleAction::allow:
      return std::nullopt;
    case RuleAction::reject:
      tell_rejected(context, packet);
      return Verdict::drop(DropReason::rejected_by_rule);
    case RuleAction::deny:
      break;
  }
  return Verdict::drop(DropReason::denied_by_rule);
}

// Counts the first packet, and spends of the limit. False: the limit is reached.
bool spend(const Context& context, const Rule& rule) {
  RuleUse& use = context.policy().use(context.worker, rule);
  const bool is_limited = rule.action == RuleAction::allow && rule.limit.per_s != 0;
  if (context.rehearsal != nullptr) return !is_limited || use.bucket.has_token(context.now);
  RuleUse::count(use.matches);
  if (!is_limited || use.bucket.take(context.now)) return true;
  RuleUse::count(use.limited);
  return false;
}

// As the rules saw it: by the tuple that its initiator sends, to where its packets go.
const region::FlowKey6& first_key(const region::Session6& session) { return session.forward; }
region::FlowKey first_key(const region::Session& session) {
  region::FlowKey key = session.forward;
  key.destination_be = session.reply.source_be;
  key.destination_port_be = session.reply.source_port_be;
  return key;
}

// That its initiator came in by.
std::uint32_t binding_of_initiator(const Context&, const region::Session6&) { return NatState::kNone; }
std::uint32_t binding_of_initiator(const Context& context, const region::Session& session) {
  const region::FlowKey& key = session.forward;
  if (first_key(session) == key) return NatState::kNone;
  return context.state.nat.find_outside(key.destination_be, key.destination_port_be, key.protocol);
}

}  // namespace

template <class Family>
PolicyAnswer admit(Context& context, const Packet& packet, const typename Family::Key& key, PortIndex to,
                   std::uint32_t binding) {
  const auto [rule, of_binding] = ask(context, key, packet.in_port, to, binding);
  // Its limit and its counts are of those who go out.
  const bool within_limit = rule == nullptr || of_binding || spend(context, *rule);
  if (const auto refused = refusal(context, packet, rule)) {
    if (rule != nullptr) log_rule_matched<Family>(context, packet, to, *rule);
    return {nullptr, *refused};
  }
  if (!within_limit) return {nullptr, Verdict::drop(DropReason::rule_limit)};
  return {rule, {}};
}

template <class Family>
std::optional<Verdict> admit_again(Context& context, const Packet& packet, std::uint32_t slot) {
  auto& sessions = Family::sessions(context.state);
  const typename Family::Session& session = sessions.at(slot);
  Rehearsal* rehearsal = context.rehearsal;
  if (rehearsal != nullptr) rehearsal->asked_again();
  const Rule* rule = ask(context, first_key(session), session.initiator_port, session.responder_port,
                         binding_of_initiator(context, session))
                         .rule;
  const bool admitted = rule != nullptr && rule->action == RuleAction::allow;
  if (rehearsal != nullptr) {
    context.turn.depend_on(context.turn.epoch());
    if (!admitted) rehearsal->ends(slot);
  } else if (admitted) {
    auto write = sessions.edit(context.turn, slot);
    write->config_generation = context.policy().generation();
    write->rule_id = rule->id;
  } else {
    end_session<Family>(context, slot, CloseReason::rule);
  }
  return refusal(context, packet, rule);
}

namespace {

template <class Session>
std::uint32_t idle_timeout_by_rule_s(const Context& context, const Session& session) {
  const Rule* rule =
      context.policy().rules().match(first_key(session), session.initiator_port, session.responder_port);
  return rule != nullptr ? rule->idle_timeout_s : 0;
}

}  // namespace

std::uint32_t idle_timeout_anew_s(const Context& context, const region::Session& session) {
  return idle_timeout_by_rule_s(context, session);
}
std::uint32_t idle_timeout_anew_s(const Context& context, const region::Session6& session) {
  return idle_timeout_by_rule_s(context, session);
}

template PolicyAnswer admit<Ipv4>(Context&, const Packet&, const region::FlowKey&, PortIndex, std::uint32_t);
template PolicyAnswer admit<Ipv6>(Context&, const Packet&, const region::FlowKey6&, PortIndex, std::uint32_t);
template std::optional<Verdict> admit_again<Ipv4>(Context&, const Packet&, std::uint32_t);
template std::optional<Verdict> admit_again<Ipv6>(Context&, const Packet&, std::uint32_t);

}  // namespace stillwater::dataplane
