#include "tests/rig/wire/pcap_reader.h"

#include <array>
#include <memory>

#include <pcap/pcap.h>

namespace stillwater::rig {

Result<std::vector<CapturedFrame>> read_pcap(const std::string& path, std::size_t at_most) {
  std::array<char, PCAP_ERRBUF_SIZE> words{};
  const std::unique_ptr<pcap_t, void (*)(pcap_t*)> file(
      pcap_open_offline_with_tstamp_precision(path.c_str(), PCAP_TSTAMP_PRECISION_NANO, words.data()),
      [](pcap_t* open) {
        if (open != nullptr) pcap_close(open);
      });
  if (!file) {
    // Some of libpcap's words name the file, some do not.
    const std::string said = words.data();
    const std::string named = path + ": ";
    return fail(Errc::io, named + (said.starts_with(named) ? said.substr(named.size()) : said));
  }
  if (const int type = pcap_datalink(file.get()); type != DLT_EN10MB) {
    const char* name = pcap_datalink_val_to_name(type);
    return fail(Errc::invalid_argument, path + " holds frames of link type " +
                                            (name != nullptr ? name : std::to_string(type)) +
                                            "; expected Ethernet (EN10MB)");
  }
  std::vector<CapturedFrame> frames;
  pcap_pkthdr* header = nullptr;
  const u_char* data = nullptr;
  int got = 0;
  while ((got = pcap_next_ex(file.get(), &header, &data)) == 1) {
    if (frames.size() == at_most) {
      return fail(Errc::invalid_argument,
                  path + " holds more than " + std::to_string(at_most) + " frames; expected fewer");
    }
    const auto* bytes = reinterpret_cast<const std::byte*>(data);
    // With nanosecond precision the structure has nanoseconds where it says microseconds.
    frames.push_back({std::chrono::seconds(header->ts.tv_sec) + Nanos(header->ts.tv_usec),
                      {bytes, bytes + header->caplen},
                      header->len});
  }
  if (got == PCAP_ERROR_BREAK) return frames;
  return fail(Errc::corrupt, path + " ends before its time: " + pcap_geterr(file.get()));
}

}  // namespace stillwater::rig
