#include "mgmt/cli/rules.h"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iostream>
#include <iterator>

#include <fmt/format.h>

#include "mgmt/cli/command.h"
#include "mgmt/cli/json.h"
#include "mgmt/cli/table.h"

namespace stillwater::mgmt::cli {
namespace {

using Stub = v1::Appliance::StubInterface;

std::string all_of(std::istream& text) {
  return std::string(std::istreambuf_iterator<char>(text), std::istreambuf_iterator<char>());
}

// Of a file, or of standard input.
Answer<std::string> text_of(const std::string& path) {
  if (path == "-") return all_of(std::cin);
  std::ifstream file(path);
  if (!file) return tl::unexpected(Failure{Exit::usage, "cannot read " + path + ": " + std::strerror(errno)});
  return all_of(file);
}

}  // namespace

void add_rule_commands(CLI::App& app, Arguments& a) {
  auto* rules = app.add_subcommand("rules", "Show or replace a firewall's rules, on both nodes");
  rules->fallthrough()->require_subcommand(1);
  add_command(*rules, "show", "Each rule with what it has decided on this node", a, Command::rules_show);
  add_command(*rules, "load", "Put a file's rules in place of all, while sessions go on; `-`: standard input",
              a, Command::rules_load)
      ->add_option("FILE", a.rules_file,
                   "YAML with zones, addresses, services and rules, as the configuration")
      ->required();
}

std::string rules_text(const v1::GetRulesResponse& rules) {
  const std::string head = fmt::format("generation {}, {}\n", rules.generation(),
                                       rules.document().empty() ? "of the configuration file" : "loaded");
  if (rules.rules().empty()) return head + "no rules: everything is denied\n";
  std::vector<std::vector<std::string>> rows;
  for (const auto& rule : rules.rules())
    rows.push_back(
        {std::to_string(rule.id()), rule.action(), grouped(rule.matches()), grouped(rule.limited())});
  return head +
         table({{"RULE", Align::right}, {"ACTION"}, {"MATCHES", Align::right}, {"LIMITED", Align::right}},
               rows);
}

Answer<std::string> show_rules(Client& client, const Arguments& a) {
  return client.ask(&Stub::GetRules, v1::GetRulesRequest()).map([&](const v1::GetRulesResponse& response) {
    return a.json ? printed(to_json(response)) : rules_text(response);
  });
}

Answer<std::string> load_rules(Client& client, const Arguments& a) {
  auto text = text_of(a.rules_file);
  if (!text) return tl::unexpected(text.error());
  v1::LoadRulesRequest request;
  request.set_document(std::move(*text));
  return client.ask(&Stub::LoadRules, request).map([&](const v1::LoadRulesResponse& response) {
    if (a.json) return printed(to_json(response));
    return fmt::format("{} rules are in force, in generation {}\n", response.rules(), response.generation());
  });
}

}  // namespace stillwater::mgmt::cli
