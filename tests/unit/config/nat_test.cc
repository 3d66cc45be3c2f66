// Translations as configurations write them.
#include <catch2/catch.hpp>

#include "tests/unit/config/sample.h"

namespace stillwater::appliance {

TEST_CASE("translations name ports, zones, or lists of them") {
  const std::string sections =
      "  - {from: [inside], to: far, pool: 10.80.2.7}\n"
      "  - {from: [far, inside], to: [inside, outside], source: 10.80.1.0/24, pool: 10.80.2.9}\n"
      "destination_nat:\n"
      "  - {from: all, address: 10.80.2.9, protocol: tcp, ports: 80, to: 10.80.1.9}\n"
      "static_nat:\n"
      "  - {port: [outside, inside], outside: 10.80.2.64/28, inside: 10.80.1.64/28}\n";
  const auto read = [&](const std::string& zones) {
    return parse_config(with(with(kSample, "  - {from: inside, to: outside, address: 10.80.2.1}\n", sections),
                             "rules:", zones + "rules:"),
                        "f.yaml");
  };
  const auto refused = read("");
  REQUIRE_FALSE(refused);
  CHECK_THAT(refused.error().message, Catch::Contains("'far' is no port; expected one of inside, outside"));
  const auto zoned = read("zones: {far: [outside], near: [inside]}\n");
  REQUIRE_FALSE(zoned);
  CHECK_THAT(zoned.error().message,
             Catch::Contains("'all' is no port or zone; expected one of inside, outside, far, near"));
  const auto config = read("zones: {far: [outside], all: [inside]}\n");
  if (!config) FAIL(config.error().message);
  const auto& plane = config->dataplane;
  using Names = std::vector<std::string>;
  CHECK(plane.source_nat[0].from == Names{"inside"});
  CHECK(plane.source_nat[0].to == Names{"outside"});
  CHECK(plane.source_nat[1].from == Names{"outside", "inside"});
  CHECK(plane.source_nat[1].to == Names{"inside", "outside"});
  CHECK(plane.destination_nat[0].from == Names{"inside"});
  CHECK(plane.static_nat[0].at == Names{"outside", "inside"});
}

TEST_CASE("an entry for ports that one above is for already is reported, whatever their order") {
  const auto second = [](const std::string& entry) {
    return parse_config(with(kSample, "  - {from: inside, to: outside, address: 10.80.2.1}\n",
                             "  - {from: [inside, outside], to: outside, address: 10.80.2.1}\n" + entry),
                        "f.yaml");
  };
  CHECK_FALSE(second("  - {from: inside, to: outside, address: 10.80.2.1}\n"));
  CHECK_FALSE(second("  - {from: [outside, inside], to: outside, address: 10.80.2.1}\n"));
  CHECK(second("  - {from: inside, to: [inside, outside], address: 10.80.2.1}\n"));
  CHECK(second("  - {to: outside, address: 10.80.2.1}\n"));
}

TEST_CASE("translations of all kinds are read as they are written") {
  const auto config = parse_config(
      with(kSample, "  - {from: inside, to: outside, address: 10.80.2.1}\n",
           "  - {from: inside, to: outside, source: [10.80.1.8/29, 10.80.1.64/26], translate: none}\n"
           "  - {to: outside, pool: [10.80.2.9, 10.80.2.16-10.80.2.31], ports: 2048-65535,\n"
           "     mapping: endpoint_independent, filtering: address_dependent}\n"
           "destination_nat:\n"
           "  - {from: outside, address: 10.80.2.9, protocol: tcp, ports: 80-81, to: 10.80.1.9, to_ports: "
           "8080-8081}\n"
           "static_nat:\n"
           "  - {port: outside, outside: 10.80.2.64/28, inside: 10.80.1.64/28}\n"),
      "f.yaml");
  if (!config) FAIL(config.error().message);
  const auto& plane = config->dataplane;
  REQUIRE(plane.source_nat.size() == 2);
  CHECK_FALSE(plane.source_nat[0].translates);
  CHECK(plane.source_nat[0].sources.size() == 2);
  CHECK(plane.source_nat[1].pool.size() == 2);
  CHECK(plane.source_nat[1].pool[1].last == 0x0a50021f);
  CHECK(plane.source_nat[1].filtering == dataplane::NatFiltering::address_dependent);
  REQUIRE(plane.destination_nat.size() == 1);
  CHECK(plane.destination_nat[0].ports.last == 81);
  CHECK(plane.destination_nat[0].to_ports == std::uint16_t{8080});
  REQUIRE(plane.static_nat.size() == 1);
  CHECK(plane.static_nat[0].inside.length == 28);
}

}  // namespace stillwater::appliance
