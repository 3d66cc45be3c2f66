#include "dataplane/control/fib_copy.h"

#include <algorithm>
#include <string>

namespace stillwater::dataplane {
namespace {

PrefixTableSize size4(const RouteSet& routes) { return {routes.prefixes4_max(), routes.tbl8_max4()}; }
PrefixTableSize size6(const RouteSet& routes) { return {routes.prefixes6_max(), routes.tbl8_max6()}; }

// The table of before is given back first: there may be no room for two.
template <class Family>
Status make(std::optional<PrefixTable<Family>>& table, const PrefixTableSize& size, const char* key) {
  table.reset();
  auto made = PrefixTable<Family>::create(size);
  if (!made)
    return fail(made.error().code,
                made.error().message + "; enlarge memory or lower " + key + " of dataplane");
  table.emplace(std::move(*made));
  return {};
}

}  // namespace

std::uint64_t FibCopy::bytes(const RouteSet& routes) {
  return PrefixTable<Ipv4Family>::bytes(size4(routes)) +
         (routes.has_ipv6() ? PrefixTable<Ipv6Family>::bytes(size6(routes)) : 0);
}

Status FibCopy::fill(const RouteSet& routes) {
  if (Status made = make(ipv4_, size4(routes), "ipv4_routes"); !made) return made;
  if (routes.has_ipv6())
    if (Status made = make(ipv6_, size6(routes), "ipv6_routes"); !made) return made;
  view_ = Fib(ipv4_->get(), ipv6_ ? ipv6_->get() : nullptr, routes.groups().data());
  if (routes.for_each([&](const IpPrefix& prefix, auto group) { return write(prefix, group); })) return {};
  return fail(Errc::resource_exhausted, "DPDK's FIB does not take all routes, though there is room for them");
}

bool FibCopy::redo(std::span<const RouteStep> steps) {
  return std::ranges::all_of(steps, [&](const RouteStep& step) {
    return !step.changes_fib() || write(step.prefix, step.after.live);
  });
}

bool FibCopy::undo(std::span<const RouteStep> steps) {
  return std::all_of(steps.rbegin(), steps.rend(), [&](const RouteStep& step) {
    return !step.changes_fib() || write(step.prefix, step.before.live);
  });
}

bool FibCopy::write(const IpPrefix& prefix, AdjacencyGroups::Index group) {
  return prefix.is_v4() ? ipv4_->write(prefix, group) : ipv6_->write(prefix, group);
}

}  // namespace stillwater::dataplane
