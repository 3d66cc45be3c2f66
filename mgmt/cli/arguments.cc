#include "mgmt/cli/arguments.h"

#include <CLI/CLI.hpp>

#include "base/command_line/completion.h"
#include "mgmt/cli/command.h"
#include "mgmt/cli/duration.h"
#include "mgmt/cli/pki_arguments.h"
#include "mgmt/cli/probes.h"
#include "mgmt/cli/routes.h"
#include "mgmt/cli/rules.h"
#include "mgmt/cli/sessions.h"

namespace stillwater::mgmt::cli {
namespace {

constexpr std::uint64_t kDirtyBytesAtMost = std::uint64_t{1} << 40;

constexpr const char* kFooter =
    "The options of `stillwaterctl --help` may stand before or after a command.\n"
    "Exit status: 0 done, 1 refused or failed (of doctor: a fault), 2 wrong usage, 3 the node cannot be "
    "reached.\n"
    "Durations are numbers with a unit: 100us, 1.5ms, 2s.";

// Their values are put together by check_address().
void add_tls_options(CLI::App& app, Arguments& a) {
  const auto read_tls = [&a](const std::string& text) {
    if (text != "required" && text != "none") {
      throw CLI::ValidationError("--tls", "'" + text + "' is neither required nor none");
    }
    a.protection.tls = text == "none" ? Tls::none : Tls::required;
  };
  app.add_option_function<std::string>("--tls", read_tls, "Protection of a TCP address [required]")
      ->type_name("required|none");
  TlsFiles& files = a.protection.files.emplace();
  app.add_option("--tls-ca", files.ca, "Certificate of the authority that signed the node's (PEM)")
      ->envname("STILLWATER_TLS_CA")
      ->type_name("FILE");
  app.add_option("--tls-cert,--tls-certificate", files.cert, "Your certificate, whose OU is your role (PEM)")
      ->envname("STILLWATER_TLS_CERT")
      ->type_name("FILE");
  app.add_option("--tls-key", files.key, "The key of the certificate (PEM)")
      ->envname("STILLWATER_TLS_KEY")
      ->type_name("FILE");
}

void add_program_options(CLI::App& app, Arguments& a) {
  add_completion(app);
  app.set_version_flag("--version", std::string("stillwaterctl ") + STILLWATER_VERSION);
  app.add_option("--address", a.address, "The node: unix:PATH or ADDRESS:PORT")
      ->envname("STILLWATER_ADDRESS")
      ->type_name("ADDRESS")
      ->capture_default_str();
  add_tls_options(app, a);
  app.add_flag("--json", a.json, "Print JSON: the field names and units of stillwater.proto");
  add_duration(
      app, "--timeout", 1ms, 3600s, [&a](Nanos t) { a.timeout = t; }, "Give up after this time [5s]");
}

void add_policy_commands(CLI::App& app, Arguments& a) {
  auto* policy = app.add_subcommand("policy", "Show or change when checkpoints are taken");
  policy->fallthrough()->require_subcommand(1);
  add_command(*policy, "get", "Show the policy in force", a, Command::policy_get);
  auto* set =
      add_command(*policy, "set", "Change what is named, until the node restarts", a, Command::policy_set);
  constexpr Nanos most = 3600s;  // the node has limits of its own and names them
  add_duration(
      *set, "--interval", 0ns, most, [&a](Nanos t) { a.policy.set_interval_ns(t.count()); },
      "At most this long between two checkpoints while state changes");
  add_duration(
      *set, "--min-interval", 0ns, most, [&a](Nanos t) { a.policy.set_min_interval_ns(t.count()); },
      "Never a checkpoint sooner than this after the last");
  add_duration(
      *set, "--quiesce-timeout", 0ns, most, [&a](Nanos t) { a.policy.set_quiesce_timeout_ns(t.count()); },
      "Give a quiesce up that takes longer");
  const auto use_bytes = [&a](std::uint64_t bytes) {
    // A negative number has wrapped around by now.
    if (bytes > kDirtyBytesAtMost)
      throw CLI::ValidationError("--dirty-bytes", "out of range; expected up to 1TiB");
    a.policy.set_dirty_bytes(bytes);
  };
  set->add_option_function<std::uint64_t>("--dirty-bytes", use_bytes,
                                          "Take a checkpoint when this much has changed, e.g. 1MiB")
      ->transform(CLI::AsSizeValue(true).description(""))
      ->type_name("SIZE");
  set->callback([&a] {
    a.command = Command::policy_set;
    if (a.policy.ByteSizeLong() > 0) return;
    throw CLI::ValidationError("policy set",
                               "nothing to change; name at least one of --interval, --min-interval, "
                               "--quiesce-timeout, --dirty-bytes");
  });
}

void add_agent_commands(CLI::App& app, Arguments& a) {
  auto* agent =
      app.add_subcommand("agent", "Quiesce a DPDK program that runs with -d libstillwater_agent.so");
  agent->fallthrough()->require_subcommand(1);
  agent->add_option("--file-prefix", a.agent.file_prefix, "The program's own --file-prefix")
      ->type_name("PREFIX")
      ->capture_default_str();
  agent->add_option("--socket", a.agent.socket, "The program's telemetry socket, in place of --file-prefix")
      ->type_name("PATH");
  auto* quiesce =
      add_command(*agent, "quiesce", "Tell it \"no packets\" until it holds none", a, Command::agent_quiesce);
  add_duration(
      *quiesce, "--drain-timeout", 1us, 60s, [&a](Nanos t) { a.agent.drain_timeout = t; },
      "Let it go on if it still holds packets after this time [100ms]");
  add_duration(
      *quiesce, "--settle", 0ns, 10s, [&a](Nanos t) { a.agent.settle = t; },
      "Where its packets cannot be counted: still for so long is empty [2ms]");
  add_duration(
      *quiesce, "--limit", 0ns, 3600s, [&a](Nanos t) { a.agent.limit = t; },
      "Go on by itself after this time; 0s: never [5s]");
  quiesce->add_option("--ports", a.agent.ports, "These ports alone, e.g. 0,1")
      ->delimiter(',')
      ->type_name("PORTS");
  add_command(*agent, "resume", "Let it receive again", a, Command::agent_resume);
  add_command(*agent, "status", "Its state, and its account of each port", a, Command::agent_status);
}

void add_commands(CLI::App& app, Arguments& a) {
  app.require_subcommand(1);
  add_command(app, "status", "Role, failover readiness, checkpoints, ports and drops", a, Command::status);
  add_session_commands(app, a);
  add_route_commands(app, a);
  add_rule_commands(app, a);
  add_probe_commands(app, a);
  add_command(app, "checkpoint", "Take a checkpoint now and wait for its commit", a, Command::checkpoint);
  add_policy_commands(app, a);
  auto* quiesce = add_command(app, "quiesce", "Stop the dataplane at a packet boundary", a, Command::quiesce);
  const auto round_up = [&a](Nanos t) {
    a.quiesce_limit_ms = static_cast<std::uint32_t>(std::chrono::ceil<std::chrono::milliseconds>(t).count());
  };
  add_duration(*quiesce, "--limit", 1ms, 60s, round_up, "Go on by itself after this time, up to 60s [5s]");
  add_command(app, "resume", "Let the dataplane go on", a, Command::resume);
  add_command(app, "switchover", "Hand the active's lead over to its standby, without losing a packet", a,
              Command::switchover)
      ->add_flag("--force", a.force,
                 "Although the lead changed a moment ago (hold_down), or the standby is less fit to lead: "
                 "then it hands back after hold_down");
  add_agent_commands(app, a);
  add_pki_commands(app, a);
  add_command(app, "doctor", "Examine this host: what a node would miss, and what to do", a, Command::doctor)
      ->add_option("--config", a.doctor_config, "A node's configuration, whose wants are examined too")
      ->type_name("FILE");
}

void check_times(const Arguments& a) {
  if (a.command == Command::ping && a.ping.has_timeout_ms() &&
      Nanos(std::chrono::milliseconds(a.ping.timeout_ms())) >= a.timeout)
    throw CLI::ValidationError("--wait", "must be shorter than --timeout, " + format_duration(a.timeout));
  if (a.command == Command::agent_quiesce && a.agent.drain_timeout >= a.timeout) {
    throw CLI::ValidationError("--drain-timeout", format_duration(a.agent.drain_timeout) +
                                                      " must be shorter than --timeout, " +
                                                      format_duration(a.timeout));
  }
}

bool asks_a_node(const Arguments& a) { return a.command < Command::agent_quiesce; }

void check_address(Arguments& a) {
  if (!asks_a_node(a)) return;
  const auto address = parse_address(a.address);
  if (!address) throw CLI::ValidationError("--address", address.error().message);
  const TlsFiles& files = *a.protection.files;
  const bool complete = !files.ca.empty() && !files.cert.empty() && !files.key.empty();
  // The files may come from the environment, for another address.
  if (std::holds_alternative<UnixAddress>(*address) || a.protection.tls == Tls::none)
    a.protection.files.reset();
  else if (!complete)
    throw CLI::ValidationError("--address", a.address +
                                                " needs --tls-ca, --tls-cert and --tls-key; or --tls none "
                                                "where the network itself is trusted");
}

// CLI11 reports a missing subcommand before it reports the word that was meant as one.
std::string what_is_wrong(const CLI::App& app, const CLI::Error& error) {
  const auto unknown = app.remaining(true);
  if (dynamic_cast<const CLI::RequiredError*>(&error) == nullptr || unknown.empty()) return error.what();
  return "unknown command '" + unknown.front() + "'";
}

}  // namespace

tl::expected<Arguments, Exit> parse_arguments(int argc, const char* const* argv) {
  Arguments arguments;
  CLI::App app("Asks a Stillwater node how it is, and tells it what to do.", "stillwaterctl");
  app.footer(kFooter);
  app.failure_message([](const CLI::App* failed, const CLI::Error& error) {
    return "stillwaterctl: " + what_is_wrong(*failed, error) + "\nstillwaterctl --help says more.\n";
  });
  add_program_options(app, arguments);
  add_commands(app, arguments);
  try {
    app.parse(argc, argv);
    check_address(arguments);
    check_times(arguments);
  } catch (const CLI::ParseError& outcome) {
    return tl::unexpected(app.exit(outcome) == 0 ? Exit::ok : Exit::usage);
  }
  return arguments;
}

}  // namespace stillwater::mgmt::cli
