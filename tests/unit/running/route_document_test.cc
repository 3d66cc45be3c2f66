// Changes of routes as bytes for the peer.
#include "appliance/running/route_document.h"

#include <catch2/catch.hpp>

#include "stillwater/running/v1/running.pb.h"
#include "tests/unit/random.h"

namespace stillwater::appliance {
namespace {

namespace v1 = running::v1;
using dataplane::NextHop;
using dataplane::RouteChange;
using dataplane::RouteKind;

IpAddress any_address(Random& random, bool v4) {
  if (v4) return IpAddress::v4(random());
  std::array<std::uint32_t, 4> words{random() | 1, random(), random(), random()};
  return IpAddress::v6(words.data());
}

RouteChange any_change(Random& random) {
  const bool v4 = random() % 2 == 0;
  RouteChange change;
  change.route.to = IpPrefix{any_address(random, v4), static_cast<std::uint8_t>(random() % (v4 ? 33 : 129))};
  change.route.to = change.route.to.network();
  if (random() % 4 == 0) {
    change.kind = RouteChange::Kind::remove;
    return change;
  }
  change.route.kind = std::array{RouteKind::forward, RouteKind::blackhole, RouteKind::reject}[random() % 3];
  for (std::uint32_t hops = change.route.kind == RouteKind::forward ? 1 + random() % 16 : 0; hops > 0; --hops)
    change.route.via.push_back({any_address(random, v4), random() % 2 == 0 ? "outside" : ""});
  change.route.track = !change.route.via.empty() && random() % 2 == 0;
  return change;
}

bool is_same(const RouteChange& a, const RouteChange& b) {
  return a.kind == b.kind && a.route.to == b.route.to && a.route.kind == b.route.kind &&
         a.route.via == b.route.via && a.route.track == b.route.track;
}

standby::ConfigBytes bytes_of(const v1::Document& document) {
  standby::ConfigBytes bytes(document.ByteSizeLong());
  REQUIRE(document.SerializeToArray(bytes.data(), static_cast<int>(bytes.size())));
  return bytes;
}

v1::Document right() {
  v1::Document document;
  v1::RouteChange& change = *document.add_routes();
  change.mutable_to()->set_address(std::string("\x0a\x09\x00\x00", 4));
  change.mutable_to()->set_length(16);
  change.set_kind(v1::RouteChange::FORWARD);
  change.add_via()->set_address(std::string("\x0a\x50\x02\x02", 4));
  return document;
}

}  // namespace

TEST_CASE("changes of routes are read as they were written, in their order") {
  const auto seed = GENERATE(range(1U, 50U));
  Random random(seed);
  std::vector<RouteChange> changes(random() % 40);
  for (RouteChange& change : changes) change = any_change(random);
  const auto read = from_document(to_document(changes));
  REQUIRE(read.has_value());
  REQUIRE(read->routes.size() == changes.size());
  for (std::size_t i = 0; i < changes.size(); ++i) CHECK(is_same(read->routes[i], changes[i]));
}

TEST_CASE("a policy is read as it was written, and none is none") {
  const RunningPolicy policy{"rules: []\n", 7};
  const auto read = from_document(to_document({}, policy));
  REQUIRE(read.has_value());
  CHECK(read->routes.empty());
  CHECK(read->policy == policy);
  const auto none = from_document(to_document({}));
  REQUIRE(none.has_value());
  CHECK_FALSE(none->policy);
  CHECK_FALSE(from_document(to_document({}, RunningPolicy{"rules: []\n", 1})).has_value());  // the file's
  v1::Document both = right();
  both.mutable_policy()->set_generation(2);
  CHECK_FALSE(from_document(bytes_of(both)).has_value());
}

TEST_CASE("a document that says what no node says is refused whole") {
  REQUIRE(from_document(bytes_of(right())).has_value());
  const auto with = [](auto change) {
    v1::Document document = right();
    change(*document.mutable_routes(0));
    return bytes_of(document);
  };
  const std::vector<standby::ConfigBytes> wrong = {
      with([](auto& route) { route.mutable_to()->set_address("abc"); }),
      with([](auto& route) { route.mutable_to()->set_length(33); }),
      with([](auto& route) { route.clear_kind(); }),
      with([](auto& route) { route.set_kind(static_cast<v1::RouteChange::Kind>(99)); }),
      with([](auto& route) { route.mutable_via(0)->set_address("abcde"); }),
      {std::byte{0x0a}, std::byte{0x7f}},
  };
  for (const standby::ConfigBytes& document : wrong) {
    const auto read = from_document(document);
    REQUIRE_FALSE(read.has_value());
    CHECK(read.error().code == Errc::protocol);
  }
}

TEST_CASE("a document of a later release, with a field that this one does not know, is refused") {
  const auto unknown_in = [](google::protobuf::Message& message) {
    message.GetReflection()->MutableUnknownFields(&message)->AddVarint(77, 1);
  };
  v1::Document documents[4] = {right(), right(), right(), right()};
  unknown_in(documents[0]);
  unknown_in(*documents[1].mutable_routes(0));
  unknown_in(*documents[2].mutable_routes(0)->mutable_to());
  unknown_in(*documents[3].mutable_routes(0)->mutable_via(0));
  for (const v1::Document& document : documents) {
    const auto read = from_document(bytes_of(document));
    REQUIRE_FALSE(read.has_value());
    CHECK(read.error().message == "the running configuration says more than this release knows");
  }
}

}  // namespace stillwater::appliance
