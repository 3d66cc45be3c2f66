#include "mgmt/cli/pki_arguments.h"

#include "mgmt/cli/command.h"

namespace stillwater::mgmt::cli {
namespace {

constexpr std::uint32_t kDaysOfAuthority = 3650;
constexpr std::uint32_t kDays = 365;
constexpr std::uint32_t kDaysAtMost = 36'500;

constexpr const char* kPurpose =
    "Make certificates, for tests and small installations (docs/security.md says what others need)";

CLI::App* add_pki_command(CLI::App& pki, const std::string& name, const std::string& help, Arguments& a,
                          Command command, std::uint32_t days) {
  auto* sub = add_command(pki, name, help, a, command);
  sub->add_option("--dir", a.pki.folder, "The folder of authority and certificates")
      ->required()
      ->type_name("FOLDER");
  sub->add_option("--days", a.pki.days, "Validity from now on [" + std::to_string(days) + "]")
      ->check(CLI::Range(1u, kDaysAtMost).description(""))
      ->type_name("COUNT");
  sub->callback([&a, command, days] {
    a.command = command;
    if (a.pki.days == 0) a.pki.days = days;
  });
  return sub;
}

void add_name(CLI::App& sub, Arguments& a, const std::string& help) {
  sub.add_option("name", a.pki.name, help)->required()->type_name("NAME");
}

}  // namespace

void add_pki_commands(CLI::App& app, Arguments& a) {
  auto* pki = app.add_subcommand("pki", kPurpose);
  pki->fallthrough()->require_subcommand(1);
  add_pki_command(*pki, "init", "Make an authority: ca.pem, ca.key", a, Command::pki_init, kDaysOfAuthority);

  auto* node = add_pki_command(*pki, "node", "A certificate for a node or a witness: NAME.pem, NAME.key", a,
                               Command::pki_node, kDays);
  add_name(*node, a, "The node's name, as its configuration has it");
  node->add_option("--address", a.pki.addresses, "IP address or host name by which it is called; repeatable")
      ->allow_extra_args(false)
      ->type_name("ADDRESS");

  auto* client = add_pki_command(*pki, "client", "A certificate for who calls nodes: NAME.pem, NAME.key", a,
                                 Command::pki_client, kDays);
  add_name(*client, a, "Who it is");
  const auto use_role = [&a](const std::string& text) {
    const auto role = role_named(text);
    if (!role) throw CLI::ValidationError("--role", "'" + text + "' is none of viewer, operator, admin");
    a.pki.role = *role;
  };
  client->add_option_function<std::string>("--role", use_role, "What the holder may do")
      ->required()
      ->type_name("viewer|operator|admin");

  auto* renew = add_pki_command(*pki, "renew", "Replace NAME.pem by one with a new validity; the key stays",
                                a, Command::pki_renew, kDays);
  add_name(*renew, a, "Whose certificate");
}

}  // namespace stillwater::mgmt::cli
