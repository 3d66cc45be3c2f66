// tcp, limits: what a firewall asks of segments and of those who open sessions.
#include "appliance/config/sections.h"

namespace stillwater::appliance {

void read_tcp(Section& root, Config& config) {
  using dataplane::TcpChecks;
  if (!is_for_firewall(root, "tcp", config)) return;
  Section section = root.section("tcp");
  section.optional(
      "checks", config.dataplane.tcp_checks,
      OneOf<TcpChecks>{
          {{"strict", TcpChecks::strict}, {"loose", TcpChecks::loose}, {"off", TcpChecks::off}}});
  section.finish();
}

void read_limits(Section& root, Config& config) {
  if (!is_for_firewall(root, "limits", config)) return;
  const WholeNumber<std::uint32_t> range{0, 1u << 30};
  dataplane::LimitsConfig& limits = config.dataplane.limits;
  Section section = root.section("limits");
  section.optional("sessions_per_source", limits.sessions_per_source, range);
  section.optional("half_open_per_source", limits.half_open_per_source, range);
  section.optional("new_per_s_per_source", limits.new_per_s_per_source, range);
  const WholeNumber<std::uint32_t> of_table{1, config.dataplane.sessions_max};
  section.optional("half_open_max", limits.half_open_max, of_table);
  section.finish();
}

}  // namespace stillwater::appliance
