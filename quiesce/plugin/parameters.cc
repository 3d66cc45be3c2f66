#include "quiesce/plugin/parameters.h"

#include <algorithm>
#include <charconv>
#include <string>

namespace stillwater::quiesce::plugin {
namespace {

constexpr std::string_view kExpected = "expected timeout_us=N, settle_us=N, limit_us=N, ports=N,N";

// A telemetry string holds 127 characters, and its JSON is printed by DPDK: quotes stay out of it.
std::string quoted(std::string_view text) {
  constexpr std::size_t kMost = 24;
  std::string safe(text.substr(0, kMost));
  std::replace_if(
      safe.begin(), safe.end(), [](char c) { return c < ' ' || c > '~' || c == '"' || c == '\\'; }, '?');
  return "'" + safe + (text.size() > kMost ? "...'" : "'");
}

Result<std::uint64_t> number(std::string_view name, std::string_view text, std::uint64_t most) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value > most) {
    return fail(Errc::invalid_argument,
                std::string(name) + "=" + quoted(text) + " is no number from 0 to " + std::to_string(most));
  }
  return value;
}

Status take_duration(std::string_view name, std::string_view text, Nanos most, Nanos& into) {
  const auto value = number(name, text, static_cast<std::uint64_t>(most / 1us));
  if (!value) return tl::unexpected(value.error());
  into = std::chrono::microseconds(*value);
  return {};
}

Status take_port(std::string_view text, QuiesceRequest& request) {
  const auto port = number("ports", text, 65535);
  if (!port) return tl::unexpected(port.error());
  request.ports.push_back(static_cast<std::uint16_t>(*port));
  return {};
}

Status take(std::string_view word, bool& in_ports, QuiesceRequest& request) {
  const std::size_t equals = word.find('=');
  if (equals == std::string_view::npos) {
    if (in_ports) return take_port(word, request);
    return fail(Errc::invalid_argument, quoted(word) + ": " + std::string(kExpected));
  }
  const std::string_view name = word.substr(0, equals);
  const std::string_view value = word.substr(equals + 1);
  in_ports = name == "ports";
  if (in_ports) return take_port(value, request);
  if (name == "timeout_us") return take_duration(name, value, 60s, request.timeout);
  if (name == "settle_us") return take_duration(name, value, 10s, request.settle);
  if (name == "limit_us") return take_duration(name, value, 3600s, request.limit);
  return fail(Errc::invalid_argument, quoted(word) + ": " + std::string(kExpected));
}

}  // namespace

Result<QuiesceRequest> parse_quiesce(const char* text) {
  QuiesceRequest request;
  std::string_view rest = text == nullptr ? "" : text;
  bool in_ports = false;
  while (!rest.empty()) {
    const std::size_t comma = std::min(rest.find(','), rest.size());
    if (Status taken = take(rest.substr(0, comma), in_ports, request); !taken) {
      return tl::unexpected(taken.error());
    }
    rest.remove_prefix(std::min(comma + 1, rest.size()));
  }
  return request;
}

Status expect_nothing(const char* text) {
  if (text == nullptr || *text == '\0') return {};
  return fail(Errc::invalid_argument, "takes no parameters, got " + quoted(text));
}

}  // namespace stillwater::quiesce::plugin
