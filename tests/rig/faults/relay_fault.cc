#include "tests/rig/faults/relay_fault.h"

#include <charconv>
#include <functional>
#include <map>
#include <sstream>

#include "tests/rig/faults/schedule.h"
#include "tests/rig/faults/strike.h"

namespace stillwater::rig {
namespace {

using Words = std::map<std::string, std::string>;

constexpr const char* kSlowWords =
    "delay=5ms, jitter=1ms, loss=1%, duplicate=1%, reorder=1%, rate=10mbit, for=2s";

// A number and its unit; none where there is no number.
std::optional<std::pair<double, std::string>> quantity(const std::string& text) {
  double value = 0;
  const char* end = text.data() + text.size();
  const auto [unit_at, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc()) return std::nullopt;
  return std::pair(value, std::string(unit_at, end));
}

Result<double> parse_share(const std::string& text) {
  const auto it = quantity(text);
  if (it && it->second == "%" && it->first >= 0 && it->first <= 100) return it->first / 100;
  return fail(Errc::invalid_argument, "\"" + text + "\" is no share from 0% to 100%");
}

Result<std::uint64_t> parse_rate(const std::string& text) {
  const auto it = quantity(text);
  const std::string unit = it ? it->second : "";
  const double times = unit == "kbit" ? 1e3 : unit == "mbit" ? 1e6 : unit == "gbit" ? 1e9 : 0;
  if (times > 0 && it->first * times >= 1e3 && it->first * times <= 1e12) {
    return static_cast<std::uint64_t>(it->first * times);
  }
  return fail(Errc::invalid_argument, "\"" + text + "\" is no rate such as 500kbit, 10mbit or 1gbit");
}

Result<Words> split(const std::string& text, const std::string& expected) {
  Words words;
  std::istringstream parts(text);
  for (std::string part; std::getline(parts, part, ',');) {
    const auto equals = part.find('=');
    if (equals == std::string::npos) {
      return fail(Errc::invalid_argument, "\"" + part + "\" lacks a value; expected " + expected);
    }
    if (!words.emplace(part.substr(0, equals), part.substr(equals + 1)).second) {
      return fail(Errc::invalid_argument, "\"" + part.substr(0, equals) + "\" is named twice");
    }
  }
  return words;
}

template <class T>
Status take(Result<T> parsed, T& out) {
  if (!parsed) return tl::unexpected(parsed.error());
  out = *parsed;
  return {};
}

Status apply(const std::string& key, const std::string& value, Impairment& impairment) {
  if (key == "delay") return take(parse_duration(value), impairment.delay);
  if (key == "jitter") return take(parse_duration(value), impairment.jitter);
  if (key == "loss") return take(parse_share(value), impairment.lose.probability);
  if (key == "duplicate") return take(parse_share(value), impairment.duplicate.probability);
  if (key == "reorder") return take(parse_share(value), impairment.reorder.probability);
  if (key == "rate") return take(parse_rate(value), impairment.rate_bits_per_s);
  return fail(Errc::invalid_argument,
              "\"" + key + "\" is nothing that a link can have; expected some of " + std::string(kSlowWords));
}

Status take_healing(Words& words, std::optional<Nanos>& heals_after) {
  const auto healing = words.find("for");
  if (healing == words.end()) return {};
  const auto after = parse_duration(healing->second);
  if (!after) return tl::unexpected(after.error());
  heals_after = *after;
  words.erase(healing);
  return {};
}

}  // namespace

Result<RelayRequest> parse_slow(ActiveLink link, const std::string& argument) {
  auto words = split(argument, kSlowWords);
  if (!words) return tl::unexpected(words.error());
  RelayRequest request{.name = std::string("slow-") + name_of(link), .link = link};
  if (Status taken = take_healing(*words, request.heals_after); !taken) return tl::unexpected(taken.error());
  if (words->empty()) {
    return fail(Errc::invalid_argument, request.name + " does nothing; expected some of " + kSlowWords);
  }
  Impairment impairment;
  for (const auto& [key, value] : *words) {
    if (Status applied = apply(key, value, impairment); !applied) return tl::unexpected(applied.error());
  }
  request.by_way = {impairment, impairment};
  // What the replication link suffers must not reach the traffic.
  const bool drops = impairment.lose.probability > 0 || impairment.rate_bits_per_s > 0;
  const bool lossy = drops && link != ActiveLink::replication;
  request.expectation = {.gone = {}, .successor = false, .loses_service = lossy, .lossy = lossy};
  return request;
}

Result<RelayRequest> parse_one_way(ActiveLink link, const std::string& argument) {
  RelayRequest request{.name = std::string("one-way-") + name_of(link), .link = link};
  const auto comma = argument.find(',');
  const std::string way = argument.substr(0, comma);
  const bool replication = link == ActiveLink::replication;
  const bool away = way == "from-active" || (replication && way == "to-standby");
  if (!away && way != "to-active") {
    return fail(Errc::invalid_argument, "\"" + way + "\" is no direction; expected to-active or " +
                                            (replication ? "to-standby" : "from-active"));
  }
  const std::string rest = comma == std::string::npos ? "" : argument.substr(comma + 1);
  auto words = split(rest, "for=2s");
  if (!words) return tl::unexpected(words.error());
  if (Status taken = take_healing(*words, request.heals_after); !taken) return tl::unexpected(taken.error());
  if (!words->empty() || argument.ends_with(',')) {
    return fail(Errc::invalid_argument, request.name + " takes a direction and for=2s alone");
  }
  request.by_way[static_cast<std::size_t>(away ? LinkWay::from_active : LinkWay::to_active)] =
      Impairment{.cut = true};
  request.expectation = {.gone = {}, .successor = !replication, .loses_service = !replication};
  return request;
}

Status RelayFault::prepare() {
  if (context_.relays == nullptr) {
    return fail(Errc::failed_precondition, "no link of this run has a relay in it for " + name());
  }
  return set(Wire::whole);
}

Result<Struck> RelayFault::strike() {
  return strike_in_real_time([this] { return set(Wire::as_asked); });
}

Result<Struck> RelayFault::heal() {
  return strike_in_real_time([this] { return set(Wire::whole); });
}

Status RelayFault::set(Wire wire) {
  for (const LinkWay way : {LinkWay::to_active, LinkWay::from_active}) {
    const auto& asked = request_.by_way[static_cast<std::size_t>(way)];
    if (!asked) continue;
    const Impairment impairment = wire == Wire::as_asked ? *asked : Impairment{};
    if (Status changed = context_.relays->set(request_.link, way, impairment); !changed) return changed;
  }
  return {};
}

}  // namespace stillwater::rig
