#include "mgmt/cli/probes.h"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <map>
#include <optional>
#include <sstream>
#include <thread>

#include <fmt/format.h>

#include "mgmt/cli/command.h"
#include "mgmt/cli/json.h"
#include "mgmt/cli/table.h"

namespace stillwater::mgmt::cli {
namespace {

using Json = nlohmann::ordered_json;
using Stub = v1::Appliance::StubInterface;

const std::map<std::string, std::uint32_t> kProtocols = {{"icmp", 1}, {"tcp", 6},  {"udp", 17},
                                                         {"gre", 47}, {"esp", 50}, {"icmp6", 58}};
const std::map<std::string, std::uint32_t> kTcpFlags = {{"fin", 0x01}, {"syn", 0x02}, {"rst", 0x04},
                                                        {"psh", 0x08}, {"ack", 0x10}, {"urg", 0x20},
                                                        {"ece", 0x40}, {"cwr", 0x80}};

std::string keys_of(const std::map<std::string, std::uint32_t>& words) {
  std::string text;
  for (const auto& [word, number] : words) text += (text.empty() ? "" : ", ") + word;
  return text;
}

std::optional<std::uint32_t> number_of(const std::string& text, int base) {
  std::uint32_t number = 0;
  const auto end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, number, base);
  if (error != std::errc{} || stopped != end || text.empty()) return std::nullopt;
  return number;
}

std::uint32_t protocol_of(const std::string& text) {
  if (const auto known = kProtocols.find(text); known != kProtocols.end()) return known->second;
  if (const auto number = number_of(text, 10); number && *number < 256) return *number;
  throw CLI::ValidationError(
      "--protocol", "'" + text + "' is none of " + keys_of(kProtocols) + ", and no number up to 255");
}

std::uint32_t tcp_flags_of(const std::string& text) {
  std::uint32_t flags = 0;
  std::istringstream words(text);
  for (std::string word; std::getline(words, word, ',');) {
    const auto known = kTcpFlags.find(word);
    if (known == kTcpFlags.end())
      throw CLI::ValidationError("--tcp-flags", "'" + word + "' is none of " + keys_of(kTcpFlags));
    flags |= known->second;
  }
  return flags;
}

// Octets in hexadecimal, with spaces or colons between them or without.
std::string frame_of(const std::string& text) {
  std::string digits;
  std::copy_if(text.begin(), text.end(), std::back_inserter(digits),
               [](char c) { return c != ' ' && c != ':' && c != '\n'; });
  std::string octets;
  for (std::size_t i = 0; i < digits.size(); i += 2) {
    const auto octet = number_of(digits.substr(i, 2), 16);
    if (!octet || i + 1 == digits.size())
      throw CLI::ValidationError("--frame", "expected octets in hexadecimal, two digits each");
    octets += static_cast<char>(*octet);
  }
  return octets;
}

void add_number(CLI::App& app, const std::string& name, std::uint32_t least, std::uint32_t most,
                std::function<void(std::uint32_t)> use, const std::string& help) {
  app.add_option_function<std::uint32_t>(name, use, help)
      ->check(CLI::Range(least, most).description(""))
      ->type_name("NUMBER");
}

void add_trace(CLI::App& app, Arguments& a) {
  auto* trace =
      add_command(app, "trace", "What a packet would meet, node by node; nothing is sent", a, Command::trace);
  trace->add_option("--port", *a.trace.mutable_port(), "The port where it arrives")
      ->required()
      ->type_name("NAME");
  v1::TracePacket& packet = a.trace_fields;
  auto* source = trace->add_option("--source", *packet.mutable_source(), "Its source")->type_name("IP");
  auto* destination =
      trace->add_option("--destination", *packet.mutable_destination(), "Its destination")->type_name("IP");
  trace
      ->add_option_function<std::string>(
          "--protocol", [&packet](const std::string& text) { packet.set_protocol(protocol_of(text)); },
          "A number, or " + keys_of(kProtocols) + " [udp]")
      ->type_name("PROTOCOL");
  add_number(
      *trace, "--source-port", 0, 65535, [&](auto n) { packet.set_source_port(n); }, "Of TCP and UDP");
  add_number(
      *trace, "--destination-port", 0, 65535, [&](auto n) { packet.set_destination_port(n); },
      "Of TCP and UDP");
  trace
      ->add_option_function<std::string>(
          "--tcp-flags", [&packet](const std::string& text) { packet.set_tcp_flags(tcp_flags_of(text)); },
          "Some of " + keys_of(kTcpFlags) + " [syn]")
      ->type_name("FLAG,...");
  add_number(
      *trace, "--icmp-type", 0, 255, [&](auto n) { packet.set_icmp_type(n); }, "[an echo request's]");
  add_number(
      *trace, "--icmp-code", 0, 255, [&](auto n) { packet.set_icmp_code(n); }, "[0]");
  add_number(
      *trace, "--icmp-id", 0, 65535, [&](auto n) { packet.set_icmp_identifier(n); }, "Of an echo [0]");
  add_number(
      *trace, "--payload", 0, 65535, [&](auto n) { packet.set_payload_bytes(n); },
      "Octets behind all headers [0]");
  add_number(
      *trace, "--ttl", 1, 255, [&](auto n) { packet.set_ttl(n); }, "Or hop limit [64]");
  add_number(
      *trace, "--dscp", 0, 63, [&](auto n) { packet.set_dscp(n); }, "[0]");
  trace->add_flag_function(
      "--dont-fragment", [&](std::int64_t) { packet.set_dont_fragment(true); }, "Of IPv4");
  trace->add_option("--source-mac", *packet.mutable_source_mac(), "[one that nobody has]")->type_name("MAC");
  auto* frame = trace
                    ->add_option_function<std::string>(
                        "--frame", [&a](const std::string& text) { a.trace.set_frame(frame_of(text)); },
                        "In place of all those: the Ethernet frame's octets in hexadecimal")
                    ->type_name("HEX");
  trace->callback([&a, source, destination, frame] {
    a.command = Command::trace;
    const bool by_fields = a.trace_fields.ByteSizeLong() > 0;
    if (frame->count() > 0 && by_fields)
      throw CLI::ValidationError("trace", "expected a --frame or fields, not both");
    if (frame->count() > 0) return;
    if (source->count() == 0 || destination->count() == 0)
      throw CLI::ValidationError("trace", "expected --source and --destination, or a --frame");
    *a.trace.mutable_fields() = a.trace_fields;
  });
}

void add_ping(CLI::App& app, Arguments& a) {
  auto* ping = add_command(app, "ping", "Echo requests from an address of the dataplane", a, Command::ping);
  v1::PingRequest& request = a.ping;
  ping->add_option("DESTINATION", *request.mutable_destination(), "Who is asked")->required();
  ping->add_option("--source", *request.mutable_source(),
                   "One of the dataplane's [that towards the next hop]")
      ->type_name("IP");
  ping->add_option("--port", *request.mutable_port(), "The port on whose link a link-local destination is")
      ->type_name("NAME");
  add_number(
      *ping, "--count", 1, 100'000, [&a](auto n) { a.ping_count = n; }, "Requests [4]");
  add_duration(
      *ping, "--interval", 1ms, 60s, [&a](Nanos t) { a.ping_interval = t; }, "Between two of them [1s]");
  add_number(
      *ping, "--size", 0, 9000, [&](auto n) { request.set_payload_bytes(n); },
      "Octets behind the ICMP header [56]");
  add_number(
      *ping, "--ttl", 1, 255, [&](auto n) { request.set_ttl(n); }, "Or hop limit [64]");
  ping->add_flag_function(
      "--dont-fragment", [&](std::int64_t) { request.set_dont_fragment(true); }, "");
  const auto round_up = [&request](Nanos t) {
    request.set_timeout_ms(
        static_cast<std::uint32_t>(std::chrono::ceil<std::chrono::milliseconds>(t).count()));
  };
  add_duration(*ping, "--wait", 1ms, 60s, round_up, "For each answer; less than --timeout [1s]");
}

std::string frame_text(const v1::TraceFrame& frame) {
  std::string text = "  frame at " + frame.port();
  if (!frame.next_hop().empty())
    text += ", next hop " + frame.next_hop() +
            (frame.mac().empty() ? ", whose MAC is asked for" : " at " + frame.mac());
  else if (!frame.mac().empty())
    text += " to " + frame.mac();
  if (frame.waits_for_commit()) text += ", held until the standby has what it depends on";
  if (!frame.dropped().empty()) text += ", DROPPED: " + frame.dropped();
  return text + fmt::format(", {} octets\n    {}\n", frame.frame().size(), hex_of(frame.frame()));
}

std::string trace_text(const v1::TraceResponse& trace) {
  std::string text = fmt::format("worker {}\n", trace.worker());
  for (const v1::TraceStep& step : trace.steps()) {
    text += fmt::format("{:<18}{}\n", step.node(), step.about());
    for (const std::string& note : step.notes()) text += "  - " + note + "\n";
  }
  text += fmt::format("=> {}: {}\n", trace.end(), trace.words());
  if (!trace.reason().empty()) text += "  counted as " + trace.reason() + "\n";
  if (trace.has_error()) {
    const v1::TraceError& error = trace.error();
    text += fmt::format("  error to {}: type {}, code {}, {}\n", error.to(), error.type(), error.code(),
                        error.told() ? error.words() : error.words() + "; not told: " + error.why_not());
  }
  for (const v1::TraceFrame& frame : trace.frames()) text += frame_text(frame);
  return text;
}

std::string reply_text(std::uint32_t number, const v1::PingResponse& reply) {
  if (reply.kind() == "reply")
    return fmt::format("{}: {} octets from {}, ttl {}, {:.3f} ms\n", number, reply.bytes(), reply.from(),
                       reply.ttl(), reply.round_trip_us() / 1000);
  return fmt::format("{}: {} says {}, type {}, code {}{}\n", number, reply.from(), reply.kind(), reply.type(),
                     reply.code(), reply.mtu() == 0 ? "" : fmt::format(", MTU {}", reply.mtu()));
}

// What a series of requests came to.
struct Pings {
  std::uint32_t sent = 0;
  std::vector<double> times_us{};
  Json replies = Json::array();

  void note(const v1::PingResponse& reply) {
    replies.push_back(to_json(reply));
    if (reply.kind() == "reply") times_us.push_back(reply.round_trip_us());
  }
  [[nodiscard]] std::string json() const {
    return printed({{"sent", sent}, {"answered", times_us.size()}, {"replies", replies}});
  }
  [[nodiscard]] std::string text() const {
    std::string text = fmt::format("{} sent, {} answered", sent, times_us.size());
    if (times_us.empty()) return text + "\n";
    const auto [least, most] = std::minmax_element(times_us.begin(), times_us.end());
    return text + fmt::format(", {:.3f} to {:.3f} ms\n", *least / 1000, *most / 1000);
  }
};

}  // namespace

void add_probe_commands(CLI::App& app, Arguments& a) {
  add_trace(app, a);
  add_ping(app, a);
}

Answer<std::string> trace(Client& client, const Arguments& a) {
  return client.ask(&Stub::Trace, a.trace).map([&](const v1::TraceResponse& response) {
    return a.json ? printed(to_json(response)) : trace_text(response);
  });
}

Answer<std::string> ping(Client& client, const Arguments& a) {
  Pings pings;
  for (std::uint32_t number = 1; number <= a.ping_count; ++number) {
    if (number > 1) std::this_thread::sleep_for(a.ping_interval);
    ++pings.sent;
    const auto reply = client.ask(&Stub::Ping, a.ping);
    if (!reply && !reply.error().timed_out) return tl::unexpected(reply.error());
    if (reply) pings.note(*reply);
    if (a.json) continue;
    const std::string line = reply ? reply_text(number, *reply) : fmt::format("{}: no answer\n", number);
    std::fputs(line.c_str(), stdout);
    std::fflush(stdout);
  }
  const std::string text = a.json ? pings.json() : pings.text();
  if (!pings.times_us.empty()) return text;
  std::fputs(a.json ? text.c_str() : "", stdout);
  return tl::unexpected(Failure{Exit::node_refused, fmt::format("{} sent, none answered", pings.sent)});
}

}  // namespace stillwater::mgmt::cli
