#include "mgmt/cli/routes.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <iostream>

#include <fmt/format.h>
#include <unistd.h>

#include "mgmt/cli/command.h"
#include "mgmt/cli/json.h"
#include "mgmt/cli/route_file.h"
#include "mgmt/cli/text.h"

namespace stillwater::mgmt::cli {
namespace {

using Json = nlohmann::ordered_json;
using Stub = v1::Appliance::StubInterface;

constexpr int kBatch = 10'000;  // what a node takes in one call

v1::RouteChange put_of(const RouteOptions& said) {
  v1::RouteChange change;
  v1::Route& route = *change.mutable_put();
  route.set_to(said.to);
  route.set_kind(said.blackhole ? "blackhole" : said.reject ? "reject" : "forward");
  route.set_track(said.track);
  for (const std::string& address : said.via) {
    v1::NextHop& hop = *route.add_via();
    hop.set_address(address);
    hop.set_port(said.port);
  }
  return change;
}

void add_put(CLI::App& routes, Arguments& a) {
  auto* put = add_command(routes, "put", "Add a route, or replace the one to the same destination", a,
                          Command::routes_put);
  put->add_option("TO", a.route.to, "Destination: ADDRESS/LENGTH")->required();
  put->add_option("--via", a.route.via, "Next hop; several share the flows")->delimiter(',')->type_name("IP");
  put->add_option("--port", a.route.port, "The port whose link has the next hop; of link-local ones alone")
      ->type_name("NAME");
  put->add_flag("--track", a.route.track,
                "Leave out next hops that do not answer, and withdraw the route where none does");
  put->add_flag("--blackhole", a.route.blackhole, "Packets end here, and nobody is told");
  put->add_flag("--reject", a.route.reject, "Packets end here, and their senders are told");
  put->callback([&a] {
    a.command = Command::routes_put;
    const int kinds = (a.route.via.empty() ? 0 : 1) + (a.route.blackhole ? 1 : 0) + (a.route.reject ? 1 : 0);
    if (kinds != 1) throw CLI::ValidationError("routes put", "expected one of --via, --blackhole, --reject");
    if (a.route.track && a.route.via.empty())
      throw CLI::ValidationError("--track", "expected --via beside it");
  });
}

// A file, or standard input.
class Source {
 public:
  [[nodiscard]] static Answer<std::unique_ptr<Source>> open(const std::string& path) {
    auto source = std::make_unique<Source>();
    if (path == "-") return source;
    source->file_.open(path);
    if (!source->file_)
      return tl::unexpected(Failure{Exit::usage, "cannot read " + path + ": " + std::strerror(errno)});
    return source;
  }
  [[nodiscard]] std::istream& text() { return file_.is_open() ? file_ : std::cin; }

 private:
  std::ifstream file_;
};

struct Loaded {
  std::uint64_t changes = 0;
  std::uint64_t generation = 0;
};

Failure refused(const Failure& why, std::uint64_t first, std::uint64_t last, const Loaded& before) {
  return {why.exit, fmt::format("{} (lines {} to {}; the {} changes before them are made)", why.message,
                                first, last, before.changes)};
}

// Of the lines of one batch: none where the file has ended.
Answer<v1::ChangeRoutesRequest> next_batch(RouteFile& file, const Loaded& before) {
  v1::ChangeRoutesRequest batch;
  while (batch.changes_size() < kBatch) {
    auto change = file.next();
    if (!change)
      return tl::unexpected(Failure{Exit::usage, fmt::format("{} (the {} changes before its batch are made)",
                                                             change.error().message, before.changes)});
    if (!*change) break;
    *batch.add_changes() = std::move(**change);
  }
  return batch;
}

}  // namespace

void add_route_commands(CLI::App& app, Arguments& a) {
  auto* routes = app.add_subcommand("routes", "List or change routes, on both nodes");
  routes->fallthrough()->require_subcommand(1);
  auto* list = add_command(*routes, "list", "Of links, of the configuration file and of this interface", a,
                           Command::routes_list);
  list->add_option("--limit", a.route_limit, "At most this many, up to 2000000")
      ->check(CLI::Range(1, 2'000'000).description(""))
      ->type_name("COUNT")
      ->capture_default_str();
  list->add_option("--source", a.route_source, "Only these: link, file or api")
      ->check(CLI::IsMember({"link", "file", "api"}).description(""))
      ->type_name("SOURCE");
  add_put(*routes, a);
  add_command(*routes, "remove", "Remove a route that `put` or `load` made", a, Command::routes_remove)
      ->add_option("TO", a.route.to, "Destination: ADDRESS/LENGTH")
      ->required();
  add_command(*routes, "load", "Make the changes of a file; `-`: of standard input", a, Command::routes_load)
      ->add_option(
          "FILE", a.route_file,
          "A change a line: 'TO via IP... [port NAME] [track]', 'TO blackhole', 'TO reject', 'remove TO'")
      ->required();
}

Answer<std::string> list_routes(Client& client, const Arguments& a) {
  return client.routes(a.route_limit, a.route_source).map([&](const std::vector<v1::Route>& found) {
    if (!a.json) return routes_text(found, a.route_limit);
    auto list = Json::array();
    for (const auto& route : found) list.push_back(to_json(route));
    return printed({{"routes", std::move(list)}});
  });
}

Answer<std::string> change_route(Client& client, const Arguments& a) {
  v1::ChangeRoutesRequest request;
  if (a.command == Command::routes_remove)
    request.add_changes()->set_remove(a.route.to);
  else
    *request.add_changes() = put_of(a.route);
  return client.ask(&Stub::ChangeRoutes, request).map([&](const v1::ChangeRoutesResponse& response) {
    return a.json ? printed(to_json(response))
                  : fmt::format("done, in generation {}\n", response.generation());
  });
}

Answer<std::string> load_routes(Client& client, const Arguments& a) {
  auto source = Source::open(a.route_file);
  if (!source) return tl::unexpected(source.error());
  RouteFile file((*source)->text());
  const bool tells = isatty(STDERR_FILENO) == 1;
  Loaded loaded;
  for (;;) {
    const std::uint64_t first = file.line() + 1;
    const auto batch = next_batch(file, loaded);
    if (!batch) return tl::unexpected(batch.error());
    if (batch->changes_size() == 0) break;
    const auto response = client.ask(&Stub::ChangeRoutes, *batch);
    if (!response) return tl::unexpected(refused(response.error(), first, file.line(), loaded));
    loaded = {loaded.changes + static_cast<std::uint64_t>(batch->changes_size()), response->generation()};
    if (tells) fmt::print(stderr, "\r{} changes made", loaded.changes);
  }
  if (tells && loaded.changes > 0) fmt::print(stderr, "\n");
  if (a.json) return printed({{"changes", loaded.changes}, {"generation", loaded.generation}});
  if (loaded.changes == 0) return std::string("nothing to change\n");
  return fmt::format("{} changes made, in generation {}\n", loaded.changes, loaded.generation);
}

}  // namespace stillwater::mgmt::cli
