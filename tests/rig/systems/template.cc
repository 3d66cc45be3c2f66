#include "tests/rig/systems/template.h"

#include <regex>
#include <set>

namespace stillwater::rig {

Result<std::string> fill_template(const std::string& text, const std::map<std::string, std::string>& values) {
  static const std::regex kPlace("@([A-Z][A-Z0-9_]*)@");
  std::string filled;
  std::set<std::string> used;
  auto rest = text.cbegin();
  for (std::sregex_iterator place(text.begin(), text.end(), kPlace), end; place != end; ++place) {
    const auto value = values.find((*place)[1]);
    if (value == values.end()) return fail(Errc::invalid_argument, "no value for " + place->str());
    used.insert(value->first);
    filled.append(rest, (*place)[0].first).append(value->second);
    rest = (*place)[0].second;
  }
  filled.append(rest, text.cend());
  for (const auto& [name, value] : values) {
    if (!used.contains(name)) return fail(Errc::invalid_argument, "no place for the value of " + name);
  }
  return filled;
}

}  // namespace stillwater::rig
