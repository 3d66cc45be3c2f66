// Messages as JSON for scripts.
#pragma once

#include <string>

#include <google/protobuf/message.h>
#include <nlohmann/json.hpp>

namespace stillwater::mgmt::cli {

// Two hexadecimal digits an octet.
[[nodiscard]] std::string hex_of(const std::string& octets);

// Every field of the message under its name in stillwater.proto, in that file's order, whether set or not.
// 64-bit integers are numbers; protobuf's own JSON writes them as strings. Maps become objects, octets
// hexadecimal digits.
[[nodiscard]] nlohmann::ordered_json to_json(const google::protobuf::Message& message);

// With indentation and a newline at its end; what is no UTF-8 is replaced.
[[nodiscard]] std::string printed(const nlohmann::ordered_json& json);

}  // namespace stillwater::mgmt::cli
