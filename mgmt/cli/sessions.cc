#include "mgmt/cli/sessions.h"

#include <chrono>

#include <arpa/inet.h>

#include <fmt/format.h>

#include "mgmt/cli/command.h"
#include "mgmt/cli/json.h"
#include "mgmt/cli/table.h"
#include "mgmt/cli/text.h"

namespace stillwater::mgmt::cli {
namespace {

using Json = nlohmann::ordered_json;
using Stub = v1::Appliance::StubInterface;

constexpr std::uint64_t kRowsAtMost = 1'000'000;  // all are kept until the last has come

// Empty, or what is wrong: an option's check.
std::string is_no_network(const std::string& text) {
  const std::size_t slash = text.find('/');
  const std::string address = text.substr(0, slash);
  in6_addr v6{};
  const bool is_v6 = inet_pton(AF_INET6, address.c_str(), &v6) == 1;
  std::string wrong = is_v6 ? "" : CLI::ValidIPV4(address);
  if (!wrong.empty() || slash == std::string::npos) return wrong;
  return CLI::Range(0, is_v6 ? 128 : 32)(text.substr(slash + 1));
}

void add_network(CLI::App& command, const std::string& name, std::string& text, const std::string& help) {
  command.add_option(name, text, help)
      ->check(CLI::Validator(is_no_network, ""))
      ->type_name("ADDRESS[/LENGTH]");
}

template <class Message>
void add_port(CLI::App& command, Message& which, const std::string& help) {
  const auto port = [&which](std::uint32_t number) { which.set_port(number); };
  command.add_option_function<std::uint32_t>("--port", port, help)
      ->check(CLI::Range(1u, 65535u).description(""))
      ->type_name("NUMBER");
}

void add_word(CLI::App& command, const std::string& name, std::string& text, const std::string& type,
              const std::vector<std::string>& words, const std::string& help) {
  command.add_option(name, text, help)->check(CLI::IsMember(words).description(""))->type_name(type);
}

// Which sessions are meant, in a v1::SessionFilter or in what has its fields.
template <class Message>
void add_session_filter(CLI::App& command, Message& which) {
  add_word(command, "--protocol", *which.mutable_protocol(), "PROTOCOL",
           {"tcp", "udp", "icmp", "icmpv6", "gre", "esp"},
           "Of this protocol: tcp, udp, icmp, icmpv6, gre or esp");
  add_network(command, "--source", *which.mutable_source(), "That this host or network began");
  add_network(command, "--destination", *which.mutable_destination(),
              "To this host or network, untranslated");
  add_network(command, "--peer", *which.mutable_address(), "With this on either side, translated or not");
  add_port(command, which, "With this port on either side, translated or not");
  add_word(command, "--state", *which.mutable_state(), "STATE", {"opening", "established", "closing"},
           "In this state: opening, established or closing");
  const auto rule = [&which](std::uint32_t id) { which.set_rule(id); };
  command.add_option_function<std::uint32_t>("--rule", rule, "That this rule admitted")
      ->check(CLI::Range(1u, 4294967294u).description(""))
      ->type_name("ID");
  command.add_option("--interface", *which.mutable_interface(), "With packets that arrive at this port")
      ->type_name("NAME");
  add_duration(
      command, "--older-than", 1s, std::chrono::hours(8760),
      [&which](Nanos t) {
        which.set_min_age_s(
            static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::seconds>(t).count()));
      },
      "Opened so long ago at least");
}

void add_binding_filter(CLI::App& command, v1::BindingFilter& which) {
  add_word(command, "--protocol", *which.mutable_protocol(), "PROTOCOL", {"tcp", "udp", "icmp"},
           "Of this protocol: tcp, udp or icmp");
  add_network(command, "--source", *which.mutable_inside(), "Of this host or network inside");
  add_network(command, "--outside", *which.mutable_outside(), "Seen as this address, or one of this network");
  add_network(command, "--peer", *which.mutable_address(), "With this at either end");
  add_port(command, which, "With this port at either end");
  const auto entry = [&which](std::uint32_t number) { which.set_entry(number); };
  command.add_option_function<std::uint32_t>("--entry", entry, "Of this entry of source_nat, counted from 1")
      ->check(CLI::Range(1u, 250u).description(""))
      ->type_name("NUMBER");
}

void add_extent(CLI::App& command, Arguments& a) {
  auto* count = command.add_flag("--count", a.counts, "Say how many there are, and list none");
  command.add_option("--limit", a.row_limit, "At most this many, up to 1000000")
      ->check(CLI::Range(std::uint64_t{1}, kRowsAtMost).description(""))
      ->type_name("COUNT")
      ->capture_default_str()
      ->excludes(count);
}

std::string count_text(std::uint64_t count, const char* what) {
  return fmt::format("{} {}{}\n", grouped(count), what, count == 1 ? "" : "s");
}

template <class Request, class Response, class Filter>
Answer<std::string> count(Client& client, const Arguments& a, const Filter& filter, const char* what,
                          grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*)) {
  Request request;
  *request.mutable_filter() = filter;
  return client.ask(method, request).map([&](const Response& response) {
    return a.json ? printed(to_json(response)) : count_text(response.count(), what);
  });
}

template <class Row>
std::string list_json(const char* name, const std::vector<Row>& rows) {
  auto list = Json::array();
  for (const Row& row : rows) list.push_back(to_json(row));
  return printed({{name, std::move(list)}});
}

}  // namespace

void add_session_commands(CLI::App& app, Arguments& a) {
  auto* sessions =
      add_command(app, "sessions", "List sessions of the active node: those that match all that is named", a,
                  Command::sessions);
  add_extent(*sessions, a);
  add_session_filter(*sessions, a.session_filter);
  add_command(*sessions, "list", "The same", a, Command::sessions);
  auto* bindings = app.add_subcommand("bindings", "Bindings of source NAT: which end outside is whose");
  bindings->fallthrough()->require_subcommand(1);
  auto* list = add_command(*bindings, "list", "List those of the active node that match all that is named", a,
                           Command::bindings);
  add_extent(*list, a);
  add_binding_filter(*list, a.binding_filter);
  auto* end = add_command(app, "end-sessions", "End sessions, and wait until the standby knows", a,
                          Command::end_sessions);
  add_session_filter(*end, a.end_sessions);
  const auto all = [&a](std::int64_t) { a.end_sessions.set_all(true); };
  end->add_flag_function("--all", all, "All of them; in place of the others");
}

Answer<std::string> list_sessions(Client& client, const Arguments& a) {
  if (a.counts) return count(client, a, a.session_filter, "session", &Stub::CountSessions);
  return client.sessions(a.row_limit, a.session_filter).map([&](const std::vector<v1::Session>& found) {
    return a.json ? list_json("sessions", found) : sessions_text(found, a.row_limit);
  });
}

Answer<std::string> list_bindings(Client& client, const Arguments& a) {
  if (a.counts) return count(client, a, a.binding_filter, "binding", &Stub::CountBindings);
  return client.bindings(a.row_limit, a.binding_filter).map([&](const std::vector<v1::Binding>& found) {
    return a.json ? list_json("bindings", found) : bindings_text(found, a.row_limit);
  });
}

Answer<std::string> end_sessions(Client& client, const Arguments& a) {
  return client.ask(&Stub::EndSessions, a.end_sessions).map([&](const v1::EndSessionsResponse& response) {
    if (a.json) return printed(to_json(response));
    const bool committed = response.committed_epoch() != 0;
    return fmt::format("{} session{} ended, {}\n", response.sessions(), response.sessions() == 1 ? "" : "s",
                       committed ? fmt::format("committed in epoch {}", response.committed_epoch())
                                 : "with no standby to tell");
  });
}

}  // namespace stillwater::mgmt::cli
