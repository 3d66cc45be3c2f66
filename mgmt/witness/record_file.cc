#include "mgmt/witness/record_file.h"

#include <charconv>
#include <cstdio>
#include <sstream>
#include <string_view>

#include <xxhash.h>

#include "mgmt/arbiter/rules.h"

namespace stillwater::mgmt::witness {
namespace {

constexpr std::string_view kMagic = "stillwater-witness ";
constexpr std::string_view kVersion = "1";
constexpr std::string_view kCheck = "check ";

std::string check_line(std::string_view content) {
  char digits[17];
  std::snprintf(digits, sizeof(digits), "%016llx",
                static_cast<unsigned long long>(XXH3_64bits(content.data(), content.size())));
  return std::string(kCheck) + digits + "\n";
}

// The rest of a line that begins with `key` and a space; empty where it does not.
std::string value_of(std::istream& lines, const std::string& key) {
  std::string line;
  std::getline(lines, line);
  return line.starts_with(key + " ") ? line.substr(key.size() + 1) : "";
}

template <class T>
T number_of(std::string_view digits, int base) {
  T number{};
  std::from_chars(digits.data(), digits.data() + digits.size(), number, base);
  return number;
}

// As much of a record as the text has: what it gets wrong shows when the result is written again.
ArbiterRecord lenient(const std::string& content) {
  std::istringstream lines(content);
  ArbiterRecord record;
  static_cast<void>(value_of(lines, "stillwater-witness"));
  static_cast<void>(value_of(lines, "pair"));
  record.term = number_of<std::uint64_t>(value_of(lines, "term"), 10);
  record.active = value_of(lines, "active");
  std::istringstream nodes(value_of(lines, "in_sync"));
  for (std::string node; nodes >> node;) record.in_sync.insert(node);
  const std::string id = value_of(lines, "region_id");
  for (std::size_t i = 0; i < record.region_id.size() && id.size() >= 2 * (i + 1); ++i)
    record.region_id[i] = number_of<std::uint8_t>(std::string_view(id).substr(2 * i, 2), 16);
  return record;
}

tl::unexpected<Error> damaged(const std::string& pair, const std::string& how) {
  return fail(Errc::corrupt, "the record of pair " + pair + " is damaged: " + how);
}

}  // namespace

std::string hex_of(const std::array<std::uint8_t, 16>& region_id) {
  constexpr char digits[] = "0123456789abcdef";
  std::string hex;
  for (const std::uint8_t byte : region_id) hex.append({digits[byte >> 4], digits[byte & 15]});
  return hex;
}

std::string encode(const std::string& pair, const ArbiterRecord& record) {
  std::string text = std::string(kMagic) + std::string(kVersion) + "\npair " + pair + "\nterm " +
                     std::to_string(record.term) + "\nactive " + record.active + "\nin_sync";
  for (const auto& node : record.in_sync) text += " " + node;
  text += "\nregion_id " + hex_of(record.region_id) + "\n";
  return text + check_line(text);
}

Result<ArbiterRecord> decode(const std::string& pair, const std::string& bytes) {
  if (bytes.empty()) return damaged(pair, "its file is empty");
  if (!bytes.starts_with(kMagic)) return damaged(pair, "its file is not one of a witness");
  const std::string version = bytes.substr(kMagic.size(), bytes.find('\n') - kMagic.size());
  if (version != kVersion) {
    return fail(Errc::corrupt, "the record of pair " + pair + " is written in version " +
                                   version.substr(0, 20) + "; this witness knows version " +
                                   std::string(kVersion));
  }
  const std::size_t check = bytes.rfind(kCheck);
  if (check == std::string::npos || bytes.substr(check) != check_line(bytes.substr(0, check)))
    return damaged(pair, "its checksum does not match, or is cut off");
  const ArbiterRecord record = lenient(bytes);
  if (encode(pair, record) != bytes)
    return damaged(pair, "it is another pair's, or was written by something else");
  if (record.term == 0) return damaged(pair, "it has term 0");
  if (const Status ok = arbiter::check_record(record); !ok) return damaged(pair, ok.error().message);
  return record;
}

}  // namespace stillwater::mgmt::witness
