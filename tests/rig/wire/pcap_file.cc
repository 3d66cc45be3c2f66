#include "tests/rig/wire/pcap_file.h"

#include <cerrno>
#include <cstdio>

namespace stillwater::rig {

Result<PcapFile> PcapFile::create(const std::string& path, std::uint32_t snap_bytes) {
  PcapFile made;
  made.path_ = path;
  made.format_.reset(pcap_open_dead_with_tstamp_precision(DLT_EN10MB, static_cast<int>(snap_bytes),
                                                          PCAP_TSTAMP_PRECISION_NANO));
  if (!made.format_) return fail(Errc::resource_exhausted, "no memory for capture file " + path);
  made.file_.reset(pcap_dump_open(made.format_.get(), path.c_str()));
  if (!made.file_) return fail(Errc::io, "cannot write " + path + ": " + pcap_geterr(made.format_.get()));
  return made;
}

void PcapFile::add(const ReceivedFrame& frame) {
  const Nanos stamp = frame.stamp.value_or(Nanos{});
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(stamp);
  pcap_pkthdr header{};
  // With nanosecond precision the file format keeps nanoseconds where the structure says microseconds.
  header.ts = {seconds.count(), (stamp - seconds).count()};
  header.caplen = static_cast<bpf_u_int32>(frame.bytes.size());
  header.len = static_cast<bpf_u_int32>(frame.wire_bytes);
  pcap_dump(reinterpret_cast<u_char*>(file_.get()), &header,
            reinterpret_cast<const u_char*>(frame.bytes.data()));
}

Status PcapFile::close() {
  if (!file_) return {};
  const bool flushed = pcap_dump_flush(file_.get()) == 0 && std::ferror(pcap_dump_file(file_.get())) == 0;
  const int error = errno;
  file_.reset();
  return flushed ? Status{} : fail_errno("cannot write " + path_, error);
}

}  // namespace stillwater::rig
