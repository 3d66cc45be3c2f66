// The daemon over other devices than the example's.
#include <catch2/catch.hpp>

#include "tests/e2e/pair_fixture.h"

namespace stillwater::e2e {
namespace {

std::string with_devices(std::string text, const std::string& inside, const std::string& outside) {
  return replaced(replaced(std::move(text), "net_af_packet0,iface=in0", inside), "net_af_packet1,iface=out0",
                  outside);
}

}  // namespace

TEST_CASE("a lone node forwards over af_xdp ports") {
  PairFixture pair("af-xdp", {}, [](std::string text) {
    return with_devices(std::move(text), "net_af_xdp0,iface=in0", "net_af_xdp1,iface=out0");
  });
  pair.a.start();
  INFO(pair.a.log());
  REQUIRE(eventually(30s, [&] { return pair.a.role() == "standalone"; }));
  pair.open_flows(20);
  pair.require_flows_survive();
}

TEST_CASE("every kind of port opens, and the node says that it leads") {
  const auto [kind, inside, outside] = GENERATE(table<std::string, std::string, std::string>({
      {"memif", "net_memif0,role=server,socket=/run/swe2e-m0.sock,id=0",
       "net_memif1,role=server,socket=/run/swe2e-m1.sock,id=1"},
      {"vhost", "net_vhost0,iface=/run/swe2e-v0.sock", "net_vhost1,iface=/run/swe2e-v1.sock"},
      {"tap", "net_tap0,iface=swtap0", "net_tap1,iface=swtap1"},
      {"null", "net_null0", "net_null1"},
      {"ring", "net_ring0", "net_ring1"},
  }));
  PairFixture pair("ports-" + kind, {}, [in = inside, out = outside](std::string text) {
    return with_devices(std::move(text), in, out);
  });
  pair.a.start();
  CAPTURE(kind);
  const bool leads = eventually(30s, [&] { return pair.a.role() == "standalone"; });
  INFO(pair.a.log());
  REQUIRE(leads);
  CHECK(pair.a.status()["ports"].size() == 2);
  pair.a.stop();
}

TEST_CASE("virtio-user ports attach to another node's vhost ports") {
  PairFixture pair(
      "virtio-user",
      [](std::string text) {
        text.replace(text.find("role: standby"), std::string_view("role: standby").size(), "role: active");
        return with_devices(std::move(text), "net_virtio_user0,path=/run/swe2e-w0.sock",
                            "net_virtio_user1,path=/run/swe2e-w1.sock");
      },
      [](std::string text) {
        return with_devices(std::move(text), "net_vhost0,iface=/run/swe2e-w0.sock",
                            "net_vhost1,iface=/run/swe2e-w1.sock");
      });
  pair.a.start();
  REQUIRE(eventually(30s, [&] { return pair.a.role() == "standalone"; }));
  pair.b.start();
  const bool up = eventually(30s, [&] { return pair.a.status().value("can_fail_over", false); });
  INFO("fw-a: " << pair.a.log() << "\nfw-b: " << pair.b.log());
  REQUIRE(up);
  const auto ports = pair.b.status()["ports"];
  REQUIRE(ports.size() == 2);
  CHECK(ports[0].value("link_up", false));
}

}  // namespace stillwater::e2e
