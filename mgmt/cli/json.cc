#include "mgmt/cli/json.h"

#include <map>
#include <string>

#include <google/protobuf/descriptor.h>

namespace stillwater::mgmt::cli {
namespace {

using Json = nlohmann::ordered_json;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

std::string as_text(const std::string& said, const FieldDescriptor& field) {
  return field.type() == FieldDescriptor::TYPE_BYTES ? hex_of(said) : said;
}

Json single(const Message& message, const Reflection& reflection, const FieldDescriptor& field) {
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_BOOL:
      return reflection.GetBool(message, &field);
    case FieldDescriptor::CPPTYPE_INT32:
      return reflection.GetInt32(message, &field);
    case FieldDescriptor::CPPTYPE_INT64:
      return reflection.GetInt64(message, &field);
    case FieldDescriptor::CPPTYPE_UINT32:
      return reflection.GetUInt32(message, &field);
    case FieldDescriptor::CPPTYPE_UINT64:
      return reflection.GetUInt64(message, &field);
    case FieldDescriptor::CPPTYPE_FLOAT:
      return reflection.GetFloat(message, &field);
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return reflection.GetDouble(message, &field);
    case FieldDescriptor::CPPTYPE_STRING:
      return as_text(reflection.GetString(message, &field), field);
    case FieldDescriptor::CPPTYPE_ENUM:
      return reflection.GetEnum(message, &field)->name();
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return to_json(reflection.GetMessage(message, &field));
  }
  return nullptr;
}

Json object_of_map(const Message& message, const Reflection& reflection, const FieldDescriptor& field) {
  const auto& key = *field.message_type()->map_key();
  const auto& value = *field.message_type()->map_value();
  std::map<std::string, Json>
      sorted;  // a protobuf map has no order of its own; the same status prints the same
  for (int i = 0; i < reflection.FieldSize(message, &field); ++i) {
    const auto& entry = reflection.GetRepeatedMessage(message, &field, i);
    sorted[entry.GetReflection()->GetString(entry, &key)] = single(entry, *entry.GetReflection(), value);
  }
  auto object = Json::object();
  for (auto& [name, json] : sorted) object[name] = std::move(json);
  return object;
}

// Of messages or of texts: nothing else is repeated.
Json array_of(const Message& message, const Reflection& reflection, const FieldDescriptor& field) {
  const bool texts = field.cpp_type() == FieldDescriptor::CPPTYPE_STRING;
  auto array = Json::array();
  for (int i = 0; i < reflection.FieldSize(message, &field); ++i) {
    array.push_back(texts ? Json(as_text(reflection.GetRepeatedString(message, &field, i), field))
                          : to_json(reflection.GetRepeatedMessage(message, &field, i)));
  }
  return array;
}

}  // namespace

std::string hex_of(const std::string& octets) {
  constexpr const char* kDigits = "0123456789abcdef";
  std::string text;
  for (const char octet : octets) {
    text += kDigits[static_cast<unsigned char>(octet) >> 4];
    text += kDigits[static_cast<unsigned char>(octet) & 15];
  }
  return text;
}

Json to_json(const Message& message) {
  const auto& type = *message.GetDescriptor();
  const auto& reflection = *message.GetReflection();
  auto object = Json::object();
  for (int i = 0; i < type.field_count(); ++i) {
    const auto& field = *type.field(i);
    object[field.name()] = field.is_map()        ? object_of_map(message, reflection, field)
                           : field.is_repeated() ? array_of(message, reflection, field)
                                                 : single(message, reflection, field);
  }
  return object;
}

std::string printed(const Json& json) {
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace stillwater::mgmt::cli
