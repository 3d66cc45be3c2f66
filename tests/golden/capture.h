// Packets of a capture file, and where two lists of them differ.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace stillwater::golden {

using Frame = std::vector<std::uint8_t>;

struct Captured {
  Nanos at;  // the time stamp
  Frame frame;
};

// The packets of the pcap file at `path`, in order. Errors: io, naming the file.
[[nodiscard]] Result<std::vector<Captured>> read_capture(const std::string& path);

// Empty if both hold the same frames in the same order; else every difference, one a paragraph, with the
// frame's number, the first differing offset and both lines of hexadecimal around it.
[[nodiscard]] std::string differences(const std::vector<Captured>& expected, const std::vector<Frame>& got);

}  // namespace stillwater::golden
