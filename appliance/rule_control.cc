// What the management plane asks of rules.
#include "appliance/control.h"
#include "appliance/running/route_document.h"
#include "dataplane/names.h"

namespace stillwater::appliance {
namespace {

constexpr Nanos kBuiltPatience = 4500ms;  // of all steps together: mgmt::Control promises five seconds

}  // namespace

Result<stillwater::v1::GetRulesResponse> NodeControl::rules() {
  stillwater::v1::GetRulesResponse response;
  const auto policy = running_.policy();
  response.set_generation(dataplane_.policy_generation());
  response.set_document(policy ? policy->text : "");
  for (const dataplane::RuleFigures& rule : dataplane_.rule_figures()) {
    stillwater::v1::RuleStatus& status = *response.add_rules();
    status.set_id(rule.id);
    status.set_action(dataplane::name_of(rule.action));
    status.set_matches(rule.matches);
    status.set_limited(rule.limited);
  }
  return response;
}

Result<stillwater::v1::LoadRulesResponse> NodeControl::load_rules(
    const stillwater::v1::LoadRulesRequest& request) {
  if (Status leading = leads(); !leading) return tl::unexpected(leading.error());
  if (config_.dataplane.function != dataplane::Function::firewall)
    return fail(Errc::failed_precondition, "a router has no rules");
  const Instant until = clock_.now() + kBuiltPatience;
  const RunningPolicy wanted{request.document(), dataplane_.policy_generation() + 1};
  const auto rules = running_.prepare(wanted);
  if (!rules) return tl::unexpected(rules.error());
  if (clock_.now() >= until) {
    running_.forget_prepared();
    return fail(Errc::timed_out,
                "this node alone takes longer than 4.5 s to build these rules; nothing has changed");
  }
  auto built = node_.request_config_change(to_document({}, wanted));
  if (built.wait_for(until - clock_.now()) != std::future_status::ready)
    return fail(Errc::timed_out,
                "the rules are not built on both nodes within 4.5 s, and may be yet: status says which "
                "generation the nodes have");
  const auto generation = built.get();
  if (!generation) {
    running_.forget_prepared();
    return tl::unexpected(generation.error());
  }
  stillwater::v1::LoadRulesResponse response;
  response.set_generation(*generation);
  response.set_rules(static_cast<std::uint32_t>(*rules));
  return response;
}

}  // namespace stillwater::appliance
