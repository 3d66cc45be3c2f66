#include "dataplane/datapath/ip/ipv4_options.h"

#include "dataplane/datapath/icmp/icmp_types.h"

namespace stillwater::dataplane {
namespace {

constexpr std::uint8_t kEnd = 0;
constexpr std::uint8_t kNoOperation = 1;
constexpr std::uint8_t kLooseSourceRoute = 131;
constexpr std::uint8_t kStrictSourceRoute = 137;

}  // namespace

std::optional<Verdict> check_options(const rte_ipv4_hdr& ip) {
  const unsigned end = (ip.version_ihl & 0xfu) * 4;
  const auto* header = reinterpret_cast<const std::uint8_t*>(&ip);
  for (unsigned at = sizeof(ip); at < end && header[at] != kEnd;) {
    if (header[at] == kNoOperation) {
      ++at;
      continue;
    }
    const unsigned bytes = at + 1 < end ? header[at + 1] : 0u;
    if (bytes < 2 || at + bytes > end)
      return Verdict::refuse(DropReason::bad_options,
                             icmp4::parameter_problem(static_cast<std::uint8_t>(at)));
    if (header[at] == kLooseSourceRoute || header[at] == kStrictSourceRoute)
      return Verdict::drop(DropReason::source_route);
    at += bytes;
  }
  return std::nullopt;
}

}  // namespace stillwater::dataplane
