#include <algorithm>

#include "appliance/config/sections.h"

namespace stillwater::appliance {

void read_port_name(Section& section, const char* key, const KnownPorts& known, std::string& name) {
  section.optional(key, name, [&](const std::string& text) -> Parsed<std::string> {
    const auto& names = known.names;
    if (!text.empty() && !known.names_complete) return text;
    if (std::find(names.begin(), names.end(), text) != names.end()) return text;
    std::string all;
    for (const std::string& n : names) all += (all.empty() ? "" : ", ") + n;
    return not_as_expected(text, "no port", "one of " + all);
  });
}

}  // namespace stillwater::appliance
