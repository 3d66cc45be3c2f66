// One read, of several members at a time.
#pragma once

#include <list>
#include <string>

#include <grpcpp/completion_queue.h>

#include "etcd/kv.grpc.pb.h"
#include "mgmt/arbiter/line.h"

namespace stillwater::mgmt::arbiter {

// One thread. Lines and gate outlive it.
class EtcdReads {
 public:
  struct Read {
    Line& line;
    bool was_connected;
    grpc::ClientContext call{};
    std::unique_ptr<grpc::ClientAsyncResponseReader<etcdserverpb::RangeResponse>> reader{};
    etcdserverpb::RangeResponse response{};
    grpc::Status status{};
    bool ended = false;
    [[nodiscard]] bool answered() const { return ended && status.ok(); }
  };

  EtcdReads(CallGate& gate, etcdserverpb::RangeRequest request) : gate_(gate), request_(std::move(request)) {}
  // What is under way is given up; nobody waits for the members.
  ~EtcdReads();
  EtcdReads(const EtcdReads&) = delete;
  EtcdReads& operator=(const EtcdReads&) = delete;

  // Asks this member as well, as soon as there is a connection; the read ends within `longest`.
  Read& begin(Line& line, Nanos longest);
  // One that ended since the last call, waiting for it for so long; null: none did.
  Read* next_ended(Nanos wait);
  // In the order in which they were begun.
  [[nodiscard]] std::list<Read>& all() { return reads_; }
  [[nodiscard]] bool all_ended() const;

 private:
  CallGate& gate_;
  const etcdserverpb::RangeRequest request_;
  grpc::CompletionQueue queue_;
  std::list<Read> reads_;  // their addresses are the queue's tags
};

}  // namespace stillwater::mgmt::arbiter
