#include "tests/rig/scenario/own_system.h"

#include <algorithm>

#include <fmt/format.h>

namespace stillwater::rig {
namespace {

// Short: it is part of folder names, and sockets are made below those.
constexpr std::size_t kNameAtMost = 24;
constexpr const char* kNameExpected = "1 to 24 of a-z, 0-9 and -, beginning with a letter";

bool is_name(const std::string& text) {
  const auto fits = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; };
  return !text.empty() && text.size() <= kNameAtMost && text[0] >= 'a' && text[0] <= 'z' &&
         std::all_of(text.begin(), text.end(), fits);
}

void check_name(Mapping& at, const std::string& key, const std::string& name) {
  if (!is_name(name)) at.mistake(key, fmt::format("'{:.40}' is no name; expected {}", name, kNameExpected));
}

CommandFaultPlan read_fault(Mapping& faults, const std::string& name, const CommandSystem& system) {
  CommandFaultPlan fault{.name = name, .run = {}};
  check_name(faults, name, name);
  if (!faults.is_mapping(name)) {
    faults.text(name, fault.run);
    return fault;
  }
  Mapping at = faults.mapping(name);
  at.require("run", "a command");
  at.text("run", fault.run);
  const std::string on = at.choice("on", {"active", "standby"}, "active");
  fault.on = on == "active" ? NodeId::active : NodeId::standby;
  if (fault.on == NodeId::standby && system.nodes == 1) {
    at.mistake("on", "on: there is no standby with nodes: 1; expected active");
  }
  at.text("heal", fault.heal);
  Nanos heal_after{};
  at.duration("heal_after", heal_after, 1ms, 3600s);
  if (at.has("heal_after")) fault.heal_after = heal_after;
  if (at.has("heal") != at.has("heal_after")) {
    at.mistake(at.has("heal") ? "heal" : "heal_after",
               "a fault that heals has both; expected heal and heal_after");
  }
  const std::string expect = at.choice("expect", {"anything", "successor", "no-loss"}, "anything");
  fault.successor = expect == "successor";
  fault.loses_service = expect != "no-loss";
  at.finish();
  return fault;
}

void read_commands(Mapping& at, CommandSystem& system) {
  at.text("setup", system.setup);
  at.text("start", system.start);
  at.text("stop", system.stop);
  at.text("forget", system.forget);
  at.text("ready", system.ready);
  at.text("active", system.active);
  at.text("redundant", system.redundant);
  if (!at.has("setup") && !at.has("start")) {
    at.mistake("start", "a system that nothing starts; expected start, setup or both");
  }
  if (system.nodes == 2 && !at.has("active")) {
    at.mistake("active",
               "a pair that cannot say who leads; expected active, a command that ends with 0 there");
  }
}

StillwaterConfig read_stillwater(Mapping& at) {
  StillwaterConfig config;
  at.text("stillwater", config.folder);
  if (at.has("stillwater") && config.folder.empty()) {
    at.mistake("stillwater", "stillwater is empty; expected a folder");
  }
  Mapping values = at.mapping("set");
  for (const std::string& place : values.names()) values.text(place, config.values[place]);
  values.finish();
  if (at.has("security")) config.security = read_security(at);
  return config;
}

}  // namespace

Security read_security(Mapping& at) {
  return at.choice("security", {"configured", "tls"}, "configured") == "tls" ? Security::tls
                                                                             : Security::configured;
}

CommandSystem read_own_system(Mapping& at) {
  CommandSystem system;
  at.require("name", "the system's name");
  at.text("name", system.name);
  if (at.has("name")) check_name(at, "name", system.name);
  at.text("about", system.about);
  if (at.has("stillwater") || at.has("set") || at.has("security")) {
    system.stillwater = read_stillwater(at);
    at.finish();
    return system;
  }
  at.number("nodes", system.nodes, 1, 2);
  system.kernel_ports = at.choice("data_ports", {"kernel", "daemon"}, "kernel") == "kernel";
  system.virtual_mac = at.choice("virtual_mac", {"none", "pair"}, "none") == "pair";
  for (const Word& program : at.words("programs")) system.programs.push_back(program.text);
  read_commands(at, system);
  at.duration("ready_within", system.ready_within, 1s, 600s);
  Mapping faults = at.mapping("faults");
  for (const std::string& name : faults.names()) system.faults.push_back(read_fault(faults, name, system));
  at.finish();
  return system;
}

}  // namespace stillwater::rig
