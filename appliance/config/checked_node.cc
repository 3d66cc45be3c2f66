#include "appliance/config/checked_node.h"

#include <algorithm>

namespace stillwater::appliance {

std::vector<Value> Section::list(const std::string& key, Empty empty) {
  const Value* value = keys_.find(key);
  if (value == nullptr) return {};
  if (!value->node.IsSequence()) {
    mistake(*value, key + " is " + yaml::kind_of(value->node) + "; expected a list" +
                        (empty == Empty::refused ? "" : ", [] for none"));
    return {};
  }
  if (value->node.size() == 0 && empty == Empty::refused) {
    mistake(*value, key + " is an empty list; expected at least one element");
  }
  return yaml::elements_of(*value);
}

bool Section::is_list(const std::string& key) {
  const Value* value = keys_.find(key);
  return value != nullptr && value->node.IsSequence();
}

std::vector<Value> Section::one(const std::string& key) {
  const Value* value = keys_.find(key);
  return value == nullptr ? std::vector<Value>{} : std::vector<Value>{*value};
}

void Section::refuse(const Value& value, const std::string& name, const std::string& error) {
  if (value.node.IsScalar()) return mistake(value, name + ": " + error);
  // Of what the parser says about no text, what it expects holds for a list or a mapping too.
  const std::string expected = error.substr(std::min(error.find("; "), error.size()));
  mistake(value, name + " is " + yaml::kind_of(value.node) + expected);
}

}  // namespace stillwater::appliance
