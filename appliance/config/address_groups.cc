// addresses: groups of prefixes of both families and of other groups, and where they are named.
#include <algorithm>
#include <cctype>
#include <optional>

#include "appliance/config/policy_names.h"

namespace stillwater::appliance {
namespace {

constexpr std::size_t kNestedMax = 32;

// A prefix, or the name of a group.
struct Member {
  std::optional<IpPrefix> prefix;
  std::string group;
};

bool is_name(const std::string& text) {
  return !text.empty() && std::isalpha(static_cast<unsigned char>(text.front())) != 0 && !is_ipv6_text(text);
}

Parsed<Member> parse_member(const std::string& text) {
  if (is_name(text))
    return parse_group_name(text).map([](const std::string& name) { return Member{std::nullopt, name}; });
  if (text.find('/') != std::string::npos)
    return parse_ip_network(text).map([](const IpPrefix& prefix) { return Member{prefix, {}}; });
  return parse_ip(text).map([](const IpAddress& host) {
    return Member{IpPrefix{host, static_cast<std::uint8_t>(host.is_v4() ? 32 : 128)}, {}};
  });
}

void sort_once(std::vector<IpPrefix>& prefixes) {
  std::sort(prefixes.begin(), prefixes.end());
  prefixes.erase(std::unique(prefixes.begin(), prefixes.end()), prefixes.end());
}

std::string no_group(const std::string& name, const std::string& known) {
  return quoted(name) + " is no group of addresses; expected " +
         (known.empty() ? "a prefix: there are no groups" : "a prefix or one of " + known);
}

// Groups name others, so that few words can mean more than there is room for: counted as they are put
// together.
constexpr std::size_t kInAllMax = 4 * dataplane::kRulePrefixesMax;

void add_group(Section& section, const Value& value, const std::string& where,
               const std::vector<IpPrefix>& group, std::vector<IpPrefix>& into) {
  constexpr std::size_t kMax = dataplane::kRulePrefixesMax;
  if (into.size() + group.size() > kMax) sort_once(into);
  if (into.size() + group.size() > kMax)
    section.mistake(value, where + ": more than " + std::to_string(kMax) + " prefixes; expected fewer");
  else
    into.insert(into.end(), group.begin(), group.end());
}

// Puts the members of groups in place of their names.
class Resolver {
 public:
  explicit Resolver(Section& section) : section_(section) {}

  void add(const std::string& group) {
    if (const auto name = parse_group_name(group); !name)
      section_.mistake(group, "addresses: " + name.error());
    auto& members = named_[group];
    for (const Value& value : section_.list(group, Section::Empty::refused)) {
      Member member;
      if (section_.read(value, "addresses " + quoted(group), member, parse_member))
        members.push_back({value, std::move(member)});
    }
  }

  AddressGroups resolve() {
    for (const auto& [group, members] : named_) (void)prefixes_of(group);
    return std::move(resolved_);
  }

 private:
  struct Placed {
    Value value;
    Member member;
  };

  const std::vector<IpPrefix>& prefixes_of(const std::string& group) {
    const auto [known, is_new] = resolved_.try_emplace(group);
    if (!is_new) return known->second;
    path_.push_back(group);
    std::vector<IpPrefix> prefixes;
    for (const auto& [value, member] : named_.at(group)) {
      if (member.prefix) {
        prefixes.push_back(*member.prefix);
      } else if (may_contain(group, member.group, value)) {
        add_group(section_, value, "addresses " + quoted(group), prefixes_of(member.group), prefixes);
      }
    }
    path_.pop_back();
    sort_once(prefixes);
    in_all_ += prefixes.size();
    if (in_all_ > kInAllMax) {
      section_.mistake(group, "addresses " + quoted(group) + ": groups of more than " +
                                  std::to_string(kInAllMax) + " prefixes in all; expected fewer");
      prefixes.clear();
      in_all_ = 0;
    }
    return resolved_[group] = std::move(prefixes);
  }

  bool may_contain(const std::string& group, const std::string& member, const Value& value) {
    const std::string where = "addresses " + quoted(group) + ": ";
    if (!named_.contains(member)) {
      section_.mistake(value, where + no_group(member, list_of_names(named_)));
      return false;
    }
    const auto begin = std::find(path_.begin(), path_.end(), member);
    if (begin != path_.end()) {
      std::string cycle;
      for (auto at = begin; at != path_.end(); ++at) cycle += *at + " > ";
      section_.mistake(value, where + quoted(member) + " contains itself: " + cycle + member +
                                  "; expected groups without a cycle");
      return false;
    }
    if (path_.size() < kNestedMax) return true;
    section_.mistake(
        value, where + "groups in groups more than " + std::to_string(kNestedMax) + " deep; expected fewer");
    return false;
  }

  Section& section_;
  std::map<std::string, std::vector<Placed>> named_;
  AddressGroups resolved_;
  std::vector<std::string> path_;  // of groups that are being resolved, each in the one before
  std::size_t in_all_ = 0;         // prefixes of groups that are resolved
};

}  // namespace

AddressGroups read_addresses(Section& root) {
  Section section = root.section("addresses");
  Resolver resolver(section);
  for (const std::string& group : section.names()) resolver.add(group);
  section.finish();
  return resolver.resolve();
}

void read_address_set(Section& section, const char* key, const AddressGroups& groups,
                      std::vector<IpPrefix>& prefixes) {
  for (const Value& value : section.one_or_more(key)) {
    Member member;
    if (!section.read(value, key, member, parse_member)) continue;
    if (member.prefix) {
      prefixes.push_back(*member.prefix);
    } else if (const auto group = groups.find(member.group); group != groups.end()) {
      add_group(section, value, key, group->second, prefixes);
    } else {
      section.mistake(value, std::string(key) + ": " + no_group(member.group, list_of_names(groups)));
    }
  }
  sort_once(prefixes);
}

}  // namespace stillwater::appliance
