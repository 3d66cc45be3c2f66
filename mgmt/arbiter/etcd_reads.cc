#include "mgmt/arbiter/etcd_reads.h"

#include <algorithm>
#include <chrono>

namespace stillwater::mgmt::arbiter {
namespace {

using std::chrono::system_clock;

}  // namespace

EtcdReads::~EtcdReads() {
  for (Read& read : reads_) read.call.TryCancel();
  while (!all_ended()) next_ended(1s);
  queue_.Shutdown();
  void* tag = nullptr;
  for (bool ok = false; queue_.Next(&tag, &ok);) {
  }
}

EtcdReads::Read& EtcdReads::begin(Line& line, Nanos longest) {
  Read& read = reads_.emplace_back(line, line.is_connected());
  read.call.set_wait_for_ready(true);
  bound(read.call, longest);
  if (!gate_.enter(read.call)) {
    read.status = {grpc::StatusCode::CANCELLED, "no longer asked"};
    read.ended = true;
    return read;
  }
  read.reader = etcdserverpb::KV::Stub(line.channel()).AsyncRange(&read.call, request_, &queue_);
  read.reader->Finish(&read.response, &read.status, &read);
  return read;
}

EtcdReads::Read* EtcdReads::next_ended(Nanos wait) {
  void* tag = nullptr;
  bool ok = false;
  const auto until =
      system_clock::now() + std::chrono::duration_cast<system_clock::duration>(std::max<Nanos>(wait, 0ns));
  if (queue_.AsyncNext(&tag, &ok, until) != grpc::CompletionQueue::GOT_EVENT) return nullptr;
  Read& read = *static_cast<Read*>(tag);
  read.ended = true;
  gate_.leave(read.call);
  return &read;
}

bool EtcdReads::all_ended() const {
  return std::all_of(reads_.begin(), reads_.end(), [](const Read& read) { return read.ended; });
}

}  // namespace stillwater::mgmt::arbiter
