#include "tests/golden/capture.h"

#include <algorithm>
#include <cstdio>
#include <memory>

#include <pcap/pcap.h>

namespace stillwater::golden {
namespace {

constexpr std::size_t kLineBytes = 16;

std::string hex_line(const Frame& frame, std::size_t begin) {
  std::string text;
  char byte[4];
  for (std::size_t i = begin; i < std::min(begin + kLineBytes, frame.size()); ++i) {
    std::snprintf(byte, sizeof(byte), " %02x", frame[i]);
    text += byte;
  }
  return text.empty() ? " (ends)" : text;
}

std::string compare(std::size_t number, const Frame& expected, const Frame& got) {
  const auto differ = std::mismatch(expected.begin(), expected.end(), got.begin(), got.end());
  const auto offset = static_cast<std::size_t>(differ.first - expected.begin());
  const std::size_t line = offset / kLineBytes * kLineBytes;
  return "packet " + std::to_string(number) + " differs at offset " + std::to_string(offset) + " (expected " +
         std::to_string(expected.size()) + " bytes, got " + std::to_string(got.size()) + ")\n  from offset " +
         std::to_string(line) + ":\n  expected" + hex_line(expected, line) + "\n  got     " +
         hex_line(got, line) + "\n";
}

}  // namespace

Result<std::vector<Captured>> read_capture(const std::string& path) {
  char words[PCAP_ERRBUF_SIZE] = {};
  const std::unique_ptr<pcap_t, void (*)(pcap_t*)> file(pcap_open_offline(path.c_str(), words), pcap_close);
  if (file == nullptr) return fail(Errc::io, std::string("cannot read a capture: ") + words);
  std::vector<Captured> packets;
  pcap_pkthdr* header = nullptr;
  const u_char* data = nullptr;
  while (pcap_next_ex(file.get(), &header, &data) == 1) {
    const Nanos at = std::chrono::seconds(header->ts.tv_sec) + std::chrono::microseconds(header->ts.tv_usec);
    packets.push_back({.at = at, .frame = Frame(data, data + header->caplen)});
  }
  return packets;
}

std::string differences(const std::vector<Captured>& expected, const std::vector<Frame>& got) {
  std::string text;
  const std::size_t both = std::min(expected.size(), got.size());
  for (std::size_t i = 0; i < both; ++i)
    if (expected[i].frame != got[i]) text += compare(i + 1, expected[i].frame, got[i]);
  for (std::size_t i = both; i < expected.size(); ++i)
    text += "packet " + std::to_string(i + 1) + " is missing; expected\n " + hex_line(expected[i].frame, 0) +
            "...\n";
  for (std::size_t i = both; i < got.size(); ++i)
    text += "packet " + std::to_string(i + 1) + " is one too many; got\n " + hex_line(got[i], 0) + "...\n";
  return text;
}

}  // namespace stillwater::golden
