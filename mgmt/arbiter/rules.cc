#include "mgmt/arbiter/rules.h"

#include <algorithm>
#include <limits>
#include <string>

namespace stillwater::mgmt::arbiter {
namespace {

bool is_letter_or_digit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool is_name(std::string_view name) {
  return !name.empty() && name.size() <= kNameBytesAtMost &&
         std::all_of(name.begin(), name.end(),
                     [](char c) { return is_letter_or_digit(c) || c == '.' || c == '_' || c == '-'; });
}

// A wrong name may be long or binary: what is said of it must fit a log line.
std::string quoted(std::string_view name) {
  if (name.size() > kNameBytesAtMost) return "a name of " + std::to_string(name.size()) + " bytes";
  std::string shown(name);
  std::replace_if(
      shown.begin(), shown.end(), [](char c) { return c < ' ' || c > '~'; }, '?');
  return "'" + shown + "'";
}

tl::unexpected<Error> wrong(std::string what) { return fail(Errc::invalid_argument, std::move(what)); }

}  // namespace

Status check_pair_name(std::string_view pair) {
  if (is_name(pair) && is_letter_or_digit(pair.front())) return {};
  return wrong(quoted(pair) +
               " is not a pair's name; expected 1 to 63 letters, digits, '.', '_' or '-', the first a letter "
               "or digit");
}

Status check_record(const ArbiterRecord& record) {
  if (record.term == 0) {
    if (record == ArbiterRecord{}) return {};
    return wrong("a record of term 0 names nodes or a region; only the empty record has term 0");
  }
  for (const auto& node : record.in_sync) {
    if (!is_name(node))
      return wrong(quoted(node) +
                   " in in_sync is not a node's name; expected 1 to 63 letters, digits, '.', '_' or '-'");
  }
  if (record.in_sync.empty() || record.in_sync.size() > kInSyncAtMost)
    return wrong("in_sync has " + std::to_string(record.in_sync.size()) + " nodes; expected one or two");
  if (!record.in_sync.contains(record.active))
    return wrong("the active, " + quoted(record.active) + ", is not in in_sync");
  return {};
}

Status check_swap(const ArbiterRecord& expected, const ArbiterRecord& next) {
  if (const Status ok = check_record(expected); !ok) return wrong("expected: " + ok.error().message);
  if (const Status ok = check_record(next); !ok) return wrong("next: " + ok.error().message);
  if (expected.term == std::numeric_limits<std::uint64_t>::max() || next.term != expected.term + 1) {
    return wrong("next has term " + std::to_string(next.term) + " and expected has term " +
                 std::to_string(expected.term) + "; a swap raises the term by one");
  }
  return {};
}

}  // namespace stillwater::mgmt::arbiter
