// Packets of a capture file, and where two lists of them differ.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"

namespace stillwater::golden {

using Frame = std::vector<std::uint8_t>;

// The packets of the pcap file at `path`, in order. Errors: io, naming the file.
[[nodiscard]] Result<std::vector<Frame>> read_capture(const std::string& path);

// Empty if both hold the same packets in the same order; else every difference, one a paragraph, with the
// packet's number, the first differing offset and both lines of hexadecimal around it.
[[nodiscard]] std::string differences(const std::vector<Frame>& expected, const std::vector<Frame>& got);

}  // namespace stillwater::golden
