// Captured frames, read back from a file.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace stillwater::rig {

struct CapturedFrame {
  Nanos stamp{};                 // as the file has it
  std::vector<std::byte> bytes;  // as much of it as was captured
  std::size_t wire_bytes = 0;    // its length on the wire
};

// pcap and pcapng, Ethernet only. Errors name the file: it cannot be read, is cut short, has another link
// type, or holds more than `at_most` frames.
[[nodiscard]] Result<std::vector<CapturedFrame>> read_pcap(const std::string& path, std::size_t at_most);

}  // namespace stillwater::rig
