// What the management plane asks of single packets: a trace, and a ping.
#include <algorithm>
#include <chrono>

#include "appliance/config/scalars.h"
#include "appliance/control.h"

namespace stillwater::appliance {
namespace {

namespace v1 = stillwater::v1;

tl::unexpected<Error> wrong(const char* field, const std::string& why) {
  return fail(Errc::invalid_argument, std::string(field) + ": " + why);
}

// Takes the number over, if it is in its range.
template <class T>
Status read_number(const char* field, std::uint32_t said, std::uint32_t least, std::uint32_t most, T& into) {
  if (said < least || said > most)
    return wrong(
        field, std::to_string(said) + "; expected " + std::to_string(least) + " to " + std::to_string(most));
  into = static_cast<T>(said);
  return {};
}

Status read_address(const char* field, const std::string& said, IpAddress& into) {
  const auto address = parse_ip(said);
  if (!address) return wrong(field, address.error());
  into = *address;
  return {};
}

// The first that failed.
Status all_of(std::initializer_list<Status> checks) {
  const auto failed = std::ranges::find_if(checks, [](const Status& check) { return !check; });
  return failed == checks.end() ? Status{} : *failed;
}

Result<dataplane::TracePacket> packet_of(const v1::TracePacket& said) {
  dataplane::TracePacket packet;
  packet.dont_fragment = said.dont_fragment();
  const Status read = all_of({
      read_address("source", said.source(), packet.source),
      read_address("destination", said.destination(), packet.destination),
      read_number("protocol", said.has_protocol() ? said.protocol() : packet.protocol, 0, 255,
                  packet.protocol),
      read_number("source_port", said.source_port(), 0, 65535, packet.source_port),
      read_number("destination_port", said.destination_port(), 0, 65535, packet.destination_port),
      read_number("tcp_flags", said.has_tcp_flags() ? said.tcp_flags() : packet.tcp_flags, 0, 255,
                  packet.tcp_flags),
      read_number("icmp_code", said.icmp_code(), 0, 255, packet.icmp_code),
      read_number("icmp_identifier", said.icmp_identifier(), 0, 65535, packet.icmp_identifier),
      read_number("payload_bytes", said.payload_bytes(), 0, 65535, packet.payload_bytes),
      read_number("ttl", said.has_ttl() ? said.ttl() : packet.ttl, 1, 255, packet.ttl),
      read_number("dscp", said.dscp(), 0, 63, packet.dscp),
  });
  if (!read) return tl::unexpected(read.error());
  constexpr std::uint32_t kEchoRequest = 8;
  constexpr std::uint32_t kEchoRequest6 = 128;
  const std::uint32_t echo = packet.source.is_v4() ? kEchoRequest : kEchoRequest6;
  if (Status type =
          read_number("icmp_type", said.has_icmp_type() ? said.icmp_type() : echo, 0, 255, packet.icmp_type);
      !type)
    return tl::unexpected(type.error());
  if (said.source_mac().empty()) return packet;
  const auto mac = parse_mac(said.source_mac());
  if (!mac) return wrong("source_mac", mac.error());
  packet.source_mac = *mac;
  return packet;
}

Result<dataplane::TraceRequest> request_of(const v1::TraceRequest& said) {
  dataplane::TraceRequest request;
  request.port = said.port();
  if (said.packet_case() == v1::TraceRequest::kFrame) {
    request.packet = dataplane::TraceFrameBytes(said.frame().begin(), said.frame().end());
    return request;
  }
  if (said.packet_case() != v1::TraceRequest::kFields)
    return fail(Errc::invalid_argument, "a trace has a packet, by its fields or as a frame");
  return packet_of(said.fields()).map([&](const dataplane::TracePacket& packet) {
    request.packet = packet;
    return request;
  });
}

std::string text_of(const std::optional<dataplane::MacAddress>& mac) {
  std::string text;
  if (!mac) return text;
  for (const std::uint8_t octet : *mac) {
    char digits[4];
    std::snprintf(digits, sizeof(digits), text.empty() ? "%02x" : ":%02x", octet);
    text += digits;
  }
  return text;
}

v1::TraceResponse response_of(const dataplane::Trace& trace) {
  v1::TraceResponse response;
  response.set_worker(trace.worker);
  for (const dataplane::TraceStep& step : trace.steps) {
    v1::TraceStep& told = *response.add_steps();
    told.set_node(step.node);
    told.set_about(step.about);
    for (const std::string& note : step.notes) told.add_notes(note);
  }
  response.set_end(name_of(trace.end));
  response.set_words(trace.words);
  response.set_reason(trace.reason);
  if (trace.error) {
    v1::TraceError& error = *response.mutable_error();
    error.set_to(to_text(trace.error->to));
    error.set_type(trace.error->type);
    error.set_code(trace.error->code);
    error.set_rest(trace.error->rest);
    error.set_words(trace.error->words);
    error.set_told(trace.error->told);
    error.set_why_not(trace.error->why_not);
  }
  for (const dataplane::TraceFrame& frame : trace.frames) {
    v1::TraceFrame& told = *response.add_frames();
    told.set_port(frame.port);
    if (frame.next_hop) told.set_next_hop(to_text(*frame.next_hop));
    told.set_mac(text_of(frame.mac));
    told.set_waits_for_commit(frame.waits_for_commit);
    told.set_dropped(frame.dropped);
    told.set_frame(frame.bytes.data(), frame.bytes.size());
  }
  return response;
}

Result<dataplane::PingRequest> request_of(const v1::PingRequest& said) {
  dataplane::PingRequest request;
  request.port = said.port();
  request.dont_fragment = said.dont_fragment();
  std::uint32_t timeout_ms = 1000;
  const auto most_ms = static_cast<std::uint32_t>(dataplane::PingRequest::kTimeoutMax / 1ms);
  const Status read = all_of({
      read_address("destination", said.destination(), request.destination),
      read_number("payload_bytes", said.has_payload_bytes() ? said.payload_bytes() : request.payload_bytes, 0,
                  dataplane::PingRequest::kPayloadMax, request.payload_bytes),
      read_number("ttl", said.has_ttl() ? said.ttl() : request.ttl, 1, 255, request.ttl),
      read_number("timeout_ms", said.has_timeout_ms() ? said.timeout_ms() : timeout_ms, 1, most_ms,
                  timeout_ms),
  });
  if (!read) return tl::unexpected(read.error());
  request.timeout = std::chrono::milliseconds(timeout_ms);
  if (said.source().empty()) return request;
  return read_address("source", said.source(), request.source.emplace()).map([&] { return request; });
}

v1::PingResponse response_of(const dataplane::PingReply& reply) {
  v1::PingResponse response;
  response.set_kind(name_of(reply.kind));
  response.set_from(to_text(reply.from));
  response.set_source(to_text(reply.source));
  response.set_round_trip_us(std::chrono::duration<double, std::micro>(reply.round_trip).count());
  response.set_ttl(reply.ttl);
  response.set_bytes(reply.bytes);
  response.set_type(reply.type);
  response.set_code(reply.code);
  response.set_mtu(reply.mtu);
  return response;
}

}  // namespace

Result<v1::TraceResponse> NodeControl::trace(const v1::TraceRequest& said) {
  if (Status leading = leads(); !leading) return tl::unexpected(leading.error());
  const auto request = request_of(said);
  if (!request) return tl::unexpected(request.error());
  const auto trace = dataplane_.trace(*request);
  if (!trace) return tl::unexpected(trace.error());
  return committed_so_far().map([&](std::uint64_t) { return response_of(*trace); });
}

Result<v1::PingResponse> NodeControl::ping(const v1::PingRequest& said) {
  if (Status leading = leads(); !leading) return tl::unexpected(leading.error());
  const auto request = request_of(said);
  if (!request) return tl::unexpected(request.error());
  return dataplane_.ping(*request).map([](const dataplane::PingReply& reply) { return response_of(reply); });
}

}  // namespace stillwater::appliance
