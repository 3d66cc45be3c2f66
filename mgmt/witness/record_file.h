// The file of one pair's record. Lines of text, so that a person in need can read it:
//
//   stillwater-witness 1            magic, version of the format
//   pair edge                       so that a file under another pair's name is told
//   term 7
//   active a
//   in_sync a b                     sorted
//   region_id 00112233445566778899aabbccddeeff
//   check 0123456789abcdef          XXH3, 64 bits, of all bytes before this line
//
// There is one way only to write a record; a file that is not written so, byte for byte, is damaged.
#pragma once

#include <cstddef>
#include <string>

#include "base/arbiter.h"
#include "base/result.h"

namespace stillwater::mgmt::witness {

inline constexpr std::size_t kRecordFileBytesAtMost = 1024;

// `record` keeps the rules of mgmt/arbiter/rules.h and is not the empty one.
[[nodiscard]] std::string encode(const std::string& pair, const ArbiterRecord& record);

// corrupt says what is wrong with a file that is not the record of `pair`.
[[nodiscard]] Result<ArbiterRecord> decode(const std::string& pair, const std::string& bytes);

// 32 digits.
[[nodiscard]] std::string hex_of(const std::array<std::uint8_t, 16>& region_id);

}  // namespace stillwater::mgmt::witness
