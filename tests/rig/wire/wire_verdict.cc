#include "tests/rig/wire/wire_verdict.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace stillwater::rig {
namespace {

using Json = nlohmann::ordered_json;

Json to_json(const AnswerCounts& counts) {
  return {{"frames", counts.frames()},
          {"arp", counts.arp},
          {"translated", counts.translated},
          {"other", counts.other}};
}

template <class Elements, class One>
Json list(const Elements& elements, const One& one) {
  Json array = Json::array();
  for (const auto& element : elements) array.push_back(one(element));
  return array;
}

std::string headline(const WireVerdict& verdict) {
  switch (verdict.state()) {
    case WireVerdict::State::clean:
      return "clean: one node at a time answered for each service address\n";
    case WireVerdict::State::incomplete:
      return "incomplete: what was seen is in order, but not all was seen\n";
    case WireVerdict::State::breach:
      return "breach\n";
  }
  return {};
}

// Times of a run relative to its origin.
struct Since {
  Instant origin;
  double operator()(Instant at) const { return milliseconds(at - origin); }
};

std::string breaches(const WireVerdict& verdict, const Since& ms) {
  std::string text;
  for (const Overlap& it : verdict.overlaps) {
    text += fmt::format("  - {}: {} answered while {} did, from {:.3f} to {:.3f} ms: {} and {} frames\n",
                        it.service, it.also, it.held_by, ms(it.begin), ms(it.end), it.also_sent.frames(),
                        it.held_by_sent.frames());
  }
  for (const WrongPort& it : verdict.wrong_ports) {
    text += fmt::format("  - {}: {} frames of its virtual MAC came in at port {}, from {:.3f} to {:.3f} ms\n",
                        it.service, it.frames, it.port, ms(it.first), ms(it.last));
  }
  if (verdict.datagrams_duplicated > 0) {
    const Duplicate& it = verdict.duplicates.front();
    text += fmt::format(
        "  - {} numbered datagrams went out more than once; the first: number {}, {} times, {} at {:.3f} ms "
        "and {} at {:.3f} ms\n",
        verdict.datagrams_duplicated, it.number, it.times, it.first_port, ms(it.first), it.last_port,
        ms(it.last));
  }
  return text;
}

Json breaches_json(const WireVerdict& verdict, const Since& ms) {
  return {{"overlaps", list(verdict.overlaps,
                            [&](const Overlap& it) {
                              return Json{{"service", it.service},
                                          {"held_by", it.held_by},
                                          {"also", it.also},
                                          {"begin_ms", ms(it.begin)},
                                          {"end_ms", ms(it.end)},
                                          {"held_by_sent", to_json(it.held_by_sent)},
                                          {"also_sent", to_json(it.also_sent)}};
                            })},
          {"wrong_ports", list(verdict.wrong_ports,
                               [&](const WrongPort& it) {
                                 return Json{{"service", it.service},
                                             {"port", it.port},
                                             {"frames", it.frames},
                                             {"first_ms", ms(it.first)},
                                             {"last_ms", ms(it.last)}};
                               })},
          {"datagrams_duplicated", verdict.datagrams_duplicated},
          {"duplicates", list(verdict.duplicates, [&](const Duplicate& it) {
             return Json{{"bridge", it.bridge},       {"number", it.number},
                         {"times", it.times},         {"first_port", it.first_port},
                         {"last_port", it.last_port}, {"first_ms", ms(it.first)},
                         {"last_ms", ms(it.last)}};
           })}};
}

}  // namespace

void AnswerCounts::add(const AnswerCounts& more) {
  arp += more.arp;
  translated += more.translated;
  other += more.other;
}

WireVerdict::State WireVerdict::state() const {
  if (!overlaps.empty() || !wrong_ports.empty() || datagrams_duplicated > 0) return State::breach;
  return gaps.empty() ? State::clean : State::incomplete;
}

const char* name_of(WireVerdict::State state) {
  switch (state) {
    case WireVerdict::State::clean:
      return "clean";
    case WireVerdict::State::incomplete:
      return "incomplete";
    case WireVerdict::State::breach:
      return "breach";
  }
  return "";
}

std::string to_text(const WireVerdict& verdict, Instant origin) {
  const Since ms{origin};
  std::string text = "wire: " + headline(verdict) + breaches(verdict, ms);
  for (const std::string& gap : verdict.gaps) text += fmt::format("  not seen: {}\n", gap);
  for (const NodeAnswers& it : verdict.answers) {
    text +=
        fmt::format("  {} by {}: {} frames ({} ARP, {} translated), {:.3f} to {:.3f} ms\n", it.service,
                    it.node, it.sent.frames(), it.sent.arp, it.sent.translated, ms(it.first), ms(it.last));
  }
  for (const Handover& it : verdict.handovers) {
    text += fmt::format("  {} went from {} to {}: {:.3f} ms between their answers\n", it.service, it.from,
                        it.to, milliseconds(it.first_of_new - it.last_of_old));
  }
  return text;
}

nlohmann::ordered_json to_json(const WireVerdict& verdict, Instant origin) {
  const Since ms{origin};
  Json json{{"state", name_of(verdict.state())}, {"gaps", verdict.gaps}};
  json.update(breaches_json(verdict, ms));
  json["answers"] = list(verdict.answers, [&](const NodeAnswers& it) {
    return Json{{"service", it.service},
                {"node", it.node},
                {"sent", to_json(it.sent)},
                {"first_ms", ms(it.first)},
                {"last_ms", ms(it.last)}};
  });
  json["handovers"] = list(verdict.handovers, [&](const Handover& it) {
    return Json{{"service", it.service},
                {"from", it.from},
                {"to", it.to},
                {"last_of_old_ms", ms(it.last_of_old)},
                {"first_of_new_ms", ms(it.first_of_new)}};
  });
  json["ports"] = list(verdict.ports, [](const PortCapture& it) {
    return Json{{"port", it.port}, {"frames", it.frames}, {"dropped", it.dropped}};
  });
  return json;
}

}  // namespace stillwater::rig
