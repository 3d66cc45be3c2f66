// Captured frames on disk, for whoever wants to look with other eyes (tcpdump, Wireshark).
#pragma once

#include <memory>
#include <string>

#include <pcap/pcap.h>

#include "base/result.h"
#include "tests/rig/wire/packet_socket.h"

namespace stillwater::rig {

// Nanosecond stamps on CLOCK_REALTIME. One thread.
class PcapFile {
 public:
  // Overwrites.
  [[nodiscard]] static Result<PcapFile> create(const std::string& path, std::uint32_t snap_bytes);

  void add(const ReceivedFrame& frame);
  // Whether all of it reached the file.
  [[nodiscard]] Status close();

 private:
  struct Close {
    void operator()(pcap_t* pcap) const { pcap_close(pcap); }
    void operator()(pcap_dumper_t* file) const { pcap_dump_close(file); }
  };
  std::string path_;
  std::unique_ptr<pcap_t, Close> format_;
  std::unique_ptr<pcap_dumper_t, Close> file_;
};

}  // namespace stillwater::rig
