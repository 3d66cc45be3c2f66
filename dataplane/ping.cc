// Echo requests from own addresses: the control thread's side.
#include "dataplane/ping.h"

#include <algorithm>

#include <netinet/in.h>

#include <time.h>

#include "dataplane/datapath/icmp/icmp_types.h"
#include "dataplane/datapath/ip/ipv4_parse.h"
#include "dataplane/datapath/translate.h"
#include "dataplane/names.h"
#include "dataplane/shard.h"

namespace stillwater::dataplane {
namespace {

constexpr Nanos kAnswerPoll = 200us;
constexpr unsigned kIdentifiers = 1023;  // below those that source NAT usually deals out
constexpr unsigned kIdentifiersTried = 16;
static_assert(PingRequest::kPayloadMax == EchoOrder::kPayloadMax);

tl::unexpected<Error> wrong(const std::string& what) { return fail(Errc::invalid_argument, what); }

bool is_group_or_nobody(const IpAddress& address) {
  return address.is_v4() ? is_martian(address.v4_be()) : address.is_multicast() || address.is_none();
}

Status check(const PingRequest& request, const Service& service) {
  const IpAddress& destination = request.destination;
  const std::string name = to_text(destination);
  if (!destination.is_v4() && !service.pipeline.has_ipv6)
    return wrong(name + " is of IPv6, of which this node has no address");
  if (is_group_or_nobody(destination)) return wrong(name + " is no host's address");
  if (service.own.contains6(destination)) return wrong(name + " is an address of this node");
  if (request.payload_bytes > PingRequest::kPayloadMax)
    return wrong("a payload of " + std::to_string(request.payload_bytes) + " octets; expected at most " +
                 std::to_string(PingRequest::kPayloadMax));
  if (request.ttl == 0) return wrong("a time to live of 0; expected 1 to 255");
  if (request.timeout < 1ms || request.timeout > PingRequest::kTimeoutMax)
    return wrong("a timeout out of range; expected 1 ms to 60 s");
  if (!request.source) return {};
  if (request.source->is_v4() != destination.is_v4())
    return wrong("source and destination are of two families; expected both of IPv4 or both of IPv6");
  if (!service.own.contains6(*request.source))
    return wrong(to_text(*request.source) + " is not an address of this node");
  return {};
}

PingReply::Kind kind_of(const PingAnswer& answer) {
  if (answer.from.is_v4()) {
    if (answer.type == icmp4::kEchoReply) return PingReply::Kind::reply;
    if (answer.type == icmp4::kNetUnreachable.type)
      return answer.code == icmp4::fragmentation_needed(0).code ? PingReply::Kind::packet_too_big
                                                                : PingReply::Kind::unreachable;
    return answer.type == icmp4::kTimeExceeded.type ? PingReply::Kind::time_exceeded
                                                    : PingReply::Kind::other_error;
  }
  switch (answer.type) {
    case icmp6::kEchoReply:
      return PingReply::Kind::reply;
    case icmp6::kNoRoute.type:
      return PingReply::Kind::unreachable;
    case icmp6::kPacketTooBig:
      return PingReply::Kind::packet_too_big;
    case icmp6::kHopLimitExceeded.type:
      return PingReply::Kind::time_exceeded;
    default:
      return PingReply::Kind::other_error;
  }
}

PingReply reply_of(const PingAnswer& answer, const EchoOrder& order, Instant sent_at) {
  PingReply reply{.kind = kind_of(answer),
                  .from = answer.from,
                  .source = order.echo.source,
                  .round_trip = std::max(Nanos(0), answer.at - sent_at),
                  .ttl = answer.hops,
                  .bytes = answer.bytes,
                  .type = answer.type,
                  .code = answer.code};
  if (reply.kind == PingReply::Kind::packet_too_big)
    reply.mtu = answer.from.is_v4() ? answer.rest & 0xffff : answer.rest;  // RFC 1191 section 4
  return reply;
}

// It was not sent, since it is longer than `mtu` and must not be cut.
PingReply too_big(const EchoOrder& order, std::uint16_t mtu) {
  const IcmpError error =
      order.echo.destination.is_v4() ? icmp4::fragmentation_needed(mtu) : icmp6::packet_too_big(mtu);
  return {.kind = PingReply::Kind::packet_too_big,
          .from = order.echo.source,
          .source = order.echo.source,
          .type = error.type,
          .code = error.code,
          .mtu = mtu};
}

tl::unexpected<Error> not_sent(EchoSent::Outcome why, const IpAddress& destination) {
  switch (why) {
    case EchoSent::Outcome::no_route:
      return wrong("no route leads to " + to_text(destination));
    case EchoSent::Outcome::cannot_cut:
      return fail(Errc::resource_exhausted,
                  "the request is too long for the MTU: too many fragments, or no "
                  "packet buffers for them");
    case EchoSent::Outcome::identifier_in_use:
      return fail(Errc::resource_exhausted, "sessions with " + to_text(destination) +
                                                " have all identifiers that were tried; try again");
    default:
      return fail(Errc::resource_exhausted, "no packet buffer is free; try again");
  }
}

}  // namespace

// Routes do not change meanwhile.
Result<EchoOrder> Dataplane::order_of(const PingRequest& request) const {
  const Service& service = *tables_->service;
  if (auto valid = check(request, service); !valid) return tl::unexpected(valid.error());
  EchoOrder order{
      .payload_bytes = request.payload_bytes, .hops = request.ttl, .dont_fragment = request.dont_fragment};
  order.echo.destination = request.destination;
  IpAddress next_hop = request.destination;
  if (request.destination.is_link_local()) {
    const auto port = find_port(config_, request.port);
    if (!port)
      return wrong(to_text(request.destination) +
                   " is link-local; expected the name of the port on whose link it is");
    order.link_port = *port;
  } else {
    const Adjacency& route = service.fib->load()->lookup(request.destination);
    if (!route.forwards()) return wrong("no route leads to " + to_text(request.destination));
    order.link_port = route.port;
    if (route.kind == Adjacency::Kind::via) next_hop = route.next_hop;
  }
  order.echo.source = request.source.value_or(service.ports[order.link_port].source_for(next_hop));
  if (order.echo.source.is_none())
    return wrong("port " + config_.ports[order.link_port].name +
                 " has no address of that family to send from");
  return order;
}

// By a worker; which one. Where there are sessions, by the one that knows those whose packets the answer
// could be taken for, under an identifier that none of them has.
Result<unsigned> Dataplane::send(EchoOrder& order) {
  const Service& service = *tables_->service;
  EchoSent::Outcome why{};
  for (unsigned tried = 0; tried < kIdentifiersTried; ++tried) {
    const std::uint32_t serial = pings_++;
    order.echo.identifier_be = rte_cpu_to_be_16(static_cast<std::uint16_t>(1 + serial % kIdentifiers));
    order.echo.sequence_be = rte_cpu_to_be_16(static_cast<std::uint16_t>(serial / kIdentifiers + 1));
    unsigned worker = 0;
    if (service.pipeline.has_sessions && order.echo.destination.is_v4()) {
      region::FlowKey answer;
      answer.source_be = order.echo.destination.v4_be();
      answer.destination_be = order.echo.source.v4_be();
      answer.source_port_be = answer.destination_port_be = order.echo.identifier_be;
      answer.protocol = IPPROTO_ICMP;
      worker = service.steering.owner_of_flow(answer, service.fib->load());
    }
    Requests& requests = shards_[worker]->requests;
    requests.ping.order = order;
    if (auto asked = ask(requests, requests.ping.stage); !asked)
      return fail(Errc::failed_precondition,
                  "this node does not forward: it is a standby, or its workers are quiesced");
    why = requests.ping.result.outcome;
    if (why == EchoSent::Outcome::sent || why == EchoSent::Outcome::too_big) return worker;
    if (why != EchoSent::Outcome::identifier_in_use) break;
  }
  return not_sent(why, order.echo.destination);
}

std::optional<PingAnswer> Dataplane::await_answer(Instant deadline) {
  while (!tables_->ping.answered() && clock_.now() < deadline) {
    const timespec pause{0, Nanos(kAnswerPoll).count()};
    nanosleep(&pause, nullptr);
  }
  return tables_->ping.end();
}

Result<PingReply> Dataplane::ping(const PingRequest& request) {
  const std::lock_guard lock(ping_mutex_);
  Result<EchoOrder> order;
  {
    const std::lock_guard routes(route_mutex_);
    order = order_of(request);
  }
  if (!order) return tl::unexpected(order.error());
  const auto worker = send(*order);
  if (!worker) return tl::unexpected(worker.error());
  const PingQuery& query = shards_[*worker]->requests.ping;
  if (query.result.outcome == EchoSent::Outcome::too_big) return too_big(*order, query.result.mtu);
  if (const auto answer = await_answer(query.sent_at + request.timeout))
    return reply_of(*answer, *order, query.sent_at);
  return fail(Errc::timed_out, to_text(request.destination) + " did not answer within " +
                                   std::to_string(request.timeout / 1ms) + " ms");
}

const char* name_of(PingReply::Kind kind) {
  switch (kind) {
    case PingReply::Kind::reply:
      return "reply";
    case PingReply::Kind::unreachable:
      return "unreachable";
    case PingReply::Kind::time_exceeded:
      return "time_exceeded";
    case PingReply::Kind::packet_too_big:
      return "packet_too_big";
    case PingReply::Kind::other_error:
      return "other_error";
  }
  return "unknown";
}

}  // namespace stillwater::dataplane
