#include "mgmt/cli/commands.h"

#include <chrono>

#include <fmt/format.h>

#include "mgmt/cli/agent.h"
#include "mgmt/cli/duration.h"
#include "mgmt/cli/json.h"
#include "mgmt/cli/pki.h"
#include "mgmt/cli/probes.h"
#include "mgmt/cli/routes.h"
#include "mgmt/cli/rules.h"
#include "mgmt/cli/sessions.h"
#include "mgmt/cli/text.h"

namespace stillwater::mgmt::cli {
namespace {

using Stub = v1::Appliance::StubInterface;

Answer<std::string> status(Client& client, const Arguments& a) {
  return client.ask(&Stub::GetStatus, v1::GetStatusRequest()).map([&](const v1::GetStatusResponse& response) {
    return a.json ? printed(to_json(response.status())) : status_text(response.status());
  });
}

Answer<std::string> checkpoint(Client& client, const Arguments& a) {
  return client.ask(&Stub::TakeCheckpoint, v1::TakeCheckpointRequest())
      .map([&](const v1::TakeCheckpointResponse& response) {
        return a.json ? printed(to_json(response))
                      : fmt::format("committed epoch {}\n", response.committed_epoch());
      });
}

Answer<std::string> policy_get(Client& client, const Arguments& a) {
  return client.ask(&Stub::GetPolicy, v1::GetPolicyRequest()).map([&](const v1::GetPolicyResponse& response) {
    return a.json ? printed(to_json(response.policy())) : policy_text(response.policy());
  });
}

Answer<std::string> policy_set(Client& client, const Arguments& a) {
  return client.ask(&Stub::SetPolicy, a.policy).map([&](const v1::SetPolicyResponse& response) {
    if (a.json) return printed(to_json(response.policy()));
    return "in force until the node restarts:\n" + policy_text(response.policy());
  });
}

Answer<std::string> quiesce(Client& client, const Arguments& a) {
  v1::QuiesceRequest request;
  request.set_limit_ms(a.quiesce_limit_ms);
  return client.ask(&Stub::Quiesce, request).map([&](const v1::QuiesceResponse&) {
    if (a.json) return printed({{"quiesced", true}, {"limit_ms", a.quiesce_limit_ms}});
    return fmt::format("the dataplane stands still until `stillwaterctl resume`, or for {}\n",
                       format_duration(std::chrono::milliseconds(a.quiesce_limit_ms)));
  });
}

Answer<std::string> resume(Client& client, const Arguments& a) {
  return client.ask(&Stub::Resume, v1::ResumeRequest()).map([&](const v1::ResumeResponse&) {
    return a.json ? printed({{"resumed", true}}) : std::string("the dataplane runs\n");
  });
}

Answer<std::string> switchover(Client& client, const Arguments& a) {
  v1::SwitchoverRequest request;
  request.set_force(a.force);
  return client.ask(&Stub::Switchover, request).map([&](const v1::SwitchoverResponse& response) {
    if (a.json) return printed({{"active", response.active()}, {"term", response.term()}});
    return fmt::format("{} leads, in term {}\n", response.active(), response.term());
  });
}

Answer<std::string> ask(Client& client, const Arguments& a) {
  switch (a.command) {
    case Command::status:
      return status(client, a);
    case Command::sessions:
      return list_sessions(client, a);
    case Command::bindings:
      return list_bindings(client, a);
    case Command::end_sessions:
      return end_sessions(client, a);
    case Command::routes_list:
      return list_routes(client, a);
    case Command::routes_put:
    case Command::routes_remove:
      return change_route(client, a);
    case Command::routes_load:
      return load_routes(client, a);
    case Command::rules_show:
      return show_rules(client, a);
    case Command::rules_load:
      return load_rules(client, a);
    case Command::trace:
      return trace(client, a);
    case Command::ping:
      return ping(client, a);
    case Command::checkpoint:
      return checkpoint(client, a);
    case Command::policy_get:
      return policy_get(client, a);
    case Command::policy_set:
      return policy_set(client, a);
    case Command::quiesce:
      return quiesce(client, a);
    case Command::resume:
      return resume(client, a);
    case Command::switchover:
      return switchover(client, a);
    default:
      return tl::unexpected(Failure{Exit::usage, "unknown command"});
  }
}

}  // namespace

Answer<std::string> carry_out(const Arguments& a) {
  switch (a.command) {
    case Command::agent_quiesce:
    case Command::agent_resume:
    case Command::agent_status:
      return carry_out_agent(a);
    case Command::pki_init:
    case Command::pki_node:
    case Command::pki_client:
    case Command::pki_renew:
      return carry_out_pki(a);
    default:
      return Client::connect(a).and_then([&](Client client) { return ask(client, a); });
  }
}

}  // namespace stillwater::mgmt::cli
