// Routes over the API and the command line.
#include <fstream>
#include <sstream>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "mgmt/cli/route_file.h"
#include "tests/unit/mgmt/ctl.h"
#include "tests/unit/mgmt/scratch.h"

namespace stillwater::mgmt::test {
namespace {

using Catch::Contains;
using nlohmann::json;

std::vector<RouteChange> changes_of(Node& node) {
  return node.control.with([](FakeState& s) { return s.changes; });
}

grpc::Status change(Node& node, const v1::ChangeRoutesRequest& request, v1::ChangeRoutesResponse& response) {
  Call call;
  return node.stub->ChangeRoutes(&call, request, &response);
}

v1::RouteChange removal(const std::string& to) {
  v1::RouteChange change;
  change.set_remove(to);
  return change;
}

}  // namespace

TEST_CASE("routes are listed with every value") {
  Node node;
  node.control.with([](FakeState& s) { s.routes = all_kinds_of_routes(); });
  Call call;
  v1::ListRoutesRequest request;
  request.set_source("api");
  request.set_limit(3);
  const auto reader = node.stub->ListRoutes(&call, request);
  std::vector<v1::Route> routes;
  for (v1::Route route; reader->Read(&route);) routes.push_back(route);
  REQUIRE(reader->Finish().ok());
  REQUIRE(routes.size() == 3);
  CHECK(routes[0].to() == "10.80.1.0/24");
  CHECK(routes[0].kind() == "link");
  CHECK(routes[0].port() == "inside");
  CHECK(routes[0].source() == "link");
  CHECK(routes[1].via_size() == 2);
  CHECK(routes[2].via(0).address() == "fe80::1");
  CHECK(routes[2].via(0).port() == "outside");
  CHECK(routes[2].track());
  CHECK(node.control.with([](FakeState& s) { return s.routes_of; }) == "api");
}

TEST_CASE("changes of routes reach the node in their order, and the answer is their generation") {
  Node node;
  v1::ChangeRoutesRequest request;
  v1::Route& route = *request.add_changes()->mutable_put();
  route.set_to("2001:db8:9::/48");
  route.set_kind("forward");
  route.set_track(true);
  v1::NextHop& hop = *route.add_via();
  hop.set_address("fe80::1");
  hop.set_port("outside");
  *request.add_changes() = removal("10.9.0.0/16");
  v1::ChangeRoutesResponse response;
  REQUIRE(change(node, request, response).ok());
  CHECK(response.generation() == 2);
  CHECK(changes_of(node) ==
        std::vector<RouteChange>{
            {false,
             {.to = "2001:db8:9::/48", .kind = "forward", .via = {{"fe80::1", "outside"}}, .track = true}},
            {true, {.to = "10.9.0.0/16", .kind = {}}}});
}

TEST_CASE("changes that say nothing, none and too many are refused before the node is asked") {
  Node node;
  v1::ChangeRoutesResponse response;
  v1::ChangeRoutesRequest request;
  CHECK(change(node, request, response).error_code() == grpc::StatusCode::INVALID_ARGUMENT);
  *request.add_changes() = removal("10.9.0.0/16");
  request.add_changes();
  const grpc::Status empty = change(node, request, response);
  CHECK(empty.error_code() == grpc::StatusCode::INVALID_ARGUMENT);
  CHECK(empty.error_message() == "change 1 says neither put nor remove");
  request.Clear();
  for (int i = 0; i < 10'001; ++i) *request.add_changes() = removal("10.9.0.0/16");
  CHECK_THAT(change(node, request, response).error_message(), Contains("10001 changes; expected 1 to 10000"));
  CHECK(changes_of(node).empty());
}

TEST_CASE("stillwaterctl routes list prints a line a route") {
  Node node;
  node.control.with([](FakeState& s) { s.routes = all_kinds_of_routes(); });
  CHECK(ctl(node, {"routes", "list"}).out ==
        "  TO               KIND       VIA                          SOURCE\n"
        "  10.80.1.0/24     link       inside                       link\n"
        "  10.9.0.0/16      forward    10.80.2.2, 10.80.2.3         file\n"
        "  2001:db8:9::/48  forward    fe80::1 at outside, tracked  api\n"
        "  10.10.0.0/16     blackhole  -                            api\n");
  CHECK_THAT(ctl(node, {"routes", "list", "--limit", "2"}).out, Contains("2 routes shown, the limit"));
  const json all = json::parse(ctl(node, {"routes", "list", "--json"}).out);
  CHECK(all["routes"].size() == 4);
  CHECK(all["routes"][2]["via"][0]["port"] == "outside");
  CHECK(ctl(node, {"routes", "list", "--source", "elsewhere"}).exit == 2);
}

TEST_CASE("stillwaterctl routes puts and removes one route") {
  Node node;
  CHECK(ctl(node, {"routes", "put", "10.9.0.0/16", "--via", "10.80.2.2,10.80.2.3"}).out ==
        "done, in generation 2\n");
  CHECK(ctl(node, {"routes", "put", "2001:db8:9::/48", "--via", "fe80::1", "--port", "outside", "--track"})
            .exit == 0);
  CHECK(ctl(node, {"routes", "put", "10.10.0.0/16", "--blackhole"}).exit == 0);
  CHECK(json::parse(ctl(node, {"routes", "remove", "10.9.0.0/16", "--json"}).out) == json{{"generation", 5}});
  CHECK(changes_of(node) ==
        std::vector<RouteChange>{
            {false, {.to = "10.9.0.0/16", .kind = "forward", .via = {{"10.80.2.2", ""}, {"10.80.2.3", ""}}}},
            {false,
             {.to = "2001:db8:9::/48", .kind = "forward", .via = {{"fe80::1", "outside"}}, .track = true}},
            {false, {.to = "10.10.0.0/16", .kind = "blackhole"}},
            {true, {.to = "10.9.0.0/16", .kind = {}}}});
  for (const auto& wrong : {std::vector<std::string>{"routes", "put", "10.9.0.0/16"},
                            {"routes", "put", "10.9.0.0/16", "--reject", "--blackhole"},
                            {"routes", "put", "--reject"},
                            {"routes", "put", "10.9.0.0/16", "--reject", "--track"},
                            {"routes", "remove"},
                            {"routes"}})
    CHECK(ctl(node, wrong).exit == 2);
}

TEST_CASE("stillwaterctl routes load makes a file's changes in batches") {
  Node node;
  const Scratch scratch;
  const std::string path = scratch / "routes";
  {
    std::ofstream file(path);
    file << "# two next hops\n10.9.0.0/16 via 10.80.2.2 10.80.2.3\n\nremove 10.8.0.0/16  # gone\n";
    for (int i = 0; i < 10'000; ++i) file << "10.10.0.0/16 reject\n";
  }
  CHECK(ctl(node, {"routes", "load", path}).out == "10002 changes made, in generation 3\n");
  const auto changes = changes_of(node);
  REQUIRE(changes.size() == 10'002);
  CHECK(changes[0].route.via.size() == 2);
  CHECK(changes[1].removes);
  CHECK(changes.back().route.kind == "reject");
}

TEST_CASE("stillwaterctl routes load names the lines that were refused, and what was made before them") {
  Node node;
  const Scratch scratch;
  const std::string path = scratch / "routes";
  std::ofstream(path) << "10.9.0.0/16 reject\n";
  node.control.with([](FakeState& s) { s.error = Error{Errc::refused, "no room for it"}; });
  const Finished refused = ctl(node, {"routes", "load", path});
  CHECK(refused.exit == 1);
  CHECK_THAT(refused.err, Contains("no room for it (lines 1 to 1; the 0 changes before them are made)"));

  std::ofstream(path) << "10.9.0.0/16 towards 10.80.2.2\n";
  const Finished wrong = ctl(node, {"routes", "load", path});
  CHECK(wrong.exit == 2);
  CHECK_THAT(wrong.err, Contains("line 1: '10.9.0.0/16 towards 10.80.2.2'; expected"));
  CHECK(ctl(node, {"routes", "load", scratch / "nowhere"}).exit == 2);
}

TEST_CASE("a file of routes is read line by line") {
  std::istringstream text(
      "2001:db8:9::/48 via fe80::1 fe80::2 port outside track\n   \n10.1.0.0/16 blackhole\n10.2.0.0/16 "
      "via\n");
  cli::RouteFile file(text);
  const auto first = file.next();
  REQUIRE((first && *first));
  CHECK((*first)->put().via(1).address() == "fe80::2");
  CHECK((*first)->put().via(1).port() == "outside");
  CHECK((*first)->put().track());
  const auto second = file.next();
  REQUIRE((second && *second));
  CHECK((*second)->put().kind() == "blackhole");
  CHECK(file.line() == 3);
  const auto third = file.next();
  REQUIRE_FALSE(third);
  CHECK_THAT(third.error().message, Contains("line 4: '10.2.0.0/16 via'"));
  const auto end = file.next();
  CHECK((end && !*end));
}

}  // namespace stillwater::mgmt::test
