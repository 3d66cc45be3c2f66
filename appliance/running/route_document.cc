#include "appliance/running/route_document.h"

#include <string>

#include "dataplane/datapath/tables/policy.h"
#include "stillwater/running/v1/running.pb.h"

namespace stillwater::appliance {
namespace {

namespace v1 = running::v1;
using dataplane::NextHop;
using dataplane::RouteChange;
using dataplane::RouteKind;

constexpr std::size_t kIpv4Octets = 4;

std::string octets_of(const IpAddress& address) {
  const std::size_t skip = address.is_v4() ? address.bytes.size() - kIpv4Octets : 0;
  return {address.bytes.begin() + static_cast<std::ptrdiff_t>(skip), address.bytes.end()};
}

Result<IpAddress> address_of(const std::string& octets) {
  if (octets.size() == kIpv4Octets) {
    std::uint32_t word;
    std::memcpy(&word, octets.data(), sizeof(word));
    return IpAddress::v4(word);
  }
  if (octets.size() == sizeof(IpAddress::bytes)) return IpAddress::v6(octets.data());
  return fail(Errc::protocol, "an address of " + std::to_string(octets.size()) + " octets");
}

v1::RouteChange::Kind kind_of(const RouteChange& change) {
  if (change.kind == RouteChange::Kind::remove) return v1::RouteChange::REMOVE;
  switch (change.route.kind) {
    case RouteKind::forward:
      return v1::RouteChange::FORWARD;
    case RouteKind::blackhole:
      return v1::RouteChange::BLACKHOLE;
    case RouteKind::reject:
      return v1::RouteChange::REJECT;
  }
  return v1::RouteChange::UNSPECIFIED;
}

Status read_kind(v1::RouteChange::Kind kind, RouteChange& change) {
  switch (kind) {
    case v1::RouteChange::REMOVE:
      change.kind = RouteChange::Kind::remove;
      return {};
    case v1::RouteChange::FORWARD:
      change.route.kind = RouteKind::forward;
      return {};
    case v1::RouteChange::BLACKHOLE:
      change.route.kind = RouteKind::blackhole;
      return {};
    case v1::RouteChange::REJECT:
      change.route.kind = RouteKind::reject;
      return {};
    default:
      return fail(Errc::protocol, "a change of routes of an unknown kind");
  }
}

bool has_unknown(const google::protobuf::Message& message) {
  return !message.GetReflection()->GetUnknownFields(message).empty();
}

Status newer() { return fail(Errc::protocol, "the running configuration says more than this release knows"); }

Result<RouteChange> change_of(const v1::RouteChange& message) {
  RouteChange change;
  if (has_unknown(message) || has_unknown(message.to())) return tl::unexpected(newer().error());
  if (Status read = read_kind(message.kind(), change); !read) return tl::unexpected(read.error());
  const auto to = address_of(message.to().address());
  if (!to) return tl::unexpected(to.error());
  if (message.to().length() > (to->is_v4() ? 32U : 128U))
    return fail(Errc::protocol, "a prefix of " + std::to_string(message.to().length()) + " bits");
  change.route.to = {*to, static_cast<std::uint8_t>(message.to().length())};
  change.route.track = message.track();
  for (const v1::NextHop& hop : message.via()) {
    const auto via = address_of(hop.address());
    if (!via) return tl::unexpected(via.error());
    if (has_unknown(hop)) return tl::unexpected(newer().error());
    change.route.via.push_back({*via, hop.port()});
  }
  return change;
}

Result<RunningPolicy> policy_of(const v1::Policy& message) {
  if (has_unknown(message)) return tl::unexpected(newer().error());
  if (message.generation() <= dataplane::kFirstPolicyGeneration)
    return fail(Errc::protocol, "a policy of generation " + std::to_string(message.generation()));
  return RunningPolicy{message.text(), message.generation()};
}

}  // namespace

standby::ConfigBytes to_document(std::span<const RouteChange> changes,
                                 const std::optional<RunningPolicy>& policy) {
  v1::Document document;
  if (policy) {
    document.mutable_policy()->set_text(policy->text);
    document.mutable_policy()->set_generation(policy->generation);
  }
  document.mutable_routes()->Reserve(static_cast<int>(changes.size()));
  for (const RouteChange& change : changes) {
    v1::RouteChange& message = *document.add_routes();
    message.set_kind(kind_of(change));
    message.mutable_to()->set_address(octets_of(change.route.to.address));
    message.mutable_to()->set_length(change.route.to.length);
    if (change.kind == RouteChange::Kind::remove) continue;
    message.set_track(change.route.track);
    for (const NextHop& hop : change.route.via) {
      v1::NextHop& next = *message.add_via();
      next.set_address(octets_of(hop.via));
      next.set_port(hop.port);
    }
  }
  standby::ConfigBytes bytes(document.ByteSizeLong());
  document.SerializeToArray(bytes.data(), static_cast<int>(bytes.size()));
  return bytes;
}

Result<RunningDocument> from_document(std::span<const std::byte> document) {
  v1::Document message;
  if (!message.ParseFromArray(document.data(), static_cast<int>(document.size())))
    return fail(Errc::protocol, "what arrived is no document of the running configuration");
  if (has_unknown(message)) return tl::unexpected(newer().error());
  if (message.has_policy() && message.routes_size() != 0)
    return fail(Errc::protocol, "a document of both a router and a firewall");
  RunningDocument read;
  if (message.has_policy()) {
    auto policy = policy_of(message.policy());
    if (!policy) return tl::unexpected(policy.error());
    read.policy = std::move(*policy);
  }
  read.routes.reserve(static_cast<std::size_t>(message.routes_size()));
  for (const v1::RouteChange& one : message.routes()) {
    auto change = change_of(one);
    if (!change) return tl::unexpected(change.error());
    read.routes.push_back(std::move(*change));
  }
  return read;
}

}  // namespace stillwater::appliance
