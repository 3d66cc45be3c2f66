// Requests to an etcd, one after another, each on the calling thread.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "etcd/kv.grpc.pb.h"
#include "mgmt/arbiter/belief.h"
#include "mgmt/arbiter/connection.h"
#include "mgmt/arbiter/etcd_reads.h"
#include "mgmt/arbiter/line.h"

namespace stillwater::mgmt::arbiter {

struct EtcdEndpoint {
  std::string address;
  std::shared_ptr<grpc::ChannelCredentials> credentials;
};

class EtcdConnection final : public Connection {
 public:
  // One endpoint at least.
  EtcdConnection(const std::vector<EtcdEndpoint>& endpoints, std::string key, Nanos deadline);

  [[nodiscard]] ArbiterAnswer read() override;
  [[nodiscard]] ArbiterAnswer swap(const ArbiterRecord& expected, const ArbiterRecord& next) override;
  void keep_warm() override;
  void stop() override { gate_.close(); }

 private:
  // A read may be carried out twice: members are asked one after another, and all that were asked may answer.
  [[nodiscard]] Status ask(const etcdserverpb::RangeRequest& request, etcdserverpb::RangeResponse& response);
  // A swap may not: it is sent to one member, the first that is found connected.
  [[nodiscard]] Status ask(const etcdserverpb::TxnRequest& request, etcdserverpb::TxnResponse& response);
  // The first answer that comes by `time`; null: none did, or what `until` says has happened.
  enum class Until { newest_failed, all_failed };
  EtcdReads::Read* answer_by(std::chrono::steady_clock::time_point time, EtcdReads& reads, Until until);
  [[nodiscard]] tl::unexpected<Error> nobody_answered(EtcdReads& reads);
  [[nodiscard]] std::string why_no_connection(Line& line);
  void begin_with_connected();
  [[nodiscard]] Line& line() { return *lines_[current_]; }
  void go_to_next() { current_ = (current_ + 1) % lines_.size(); }

  [[nodiscard]] Status of_one_cluster(const etcdserverpb::ResponseHeader& header);
  [[nodiscard]] Result<ArbiterRecord> record_in(const etcdserverpb::RangeResponse& response) const;

  const std::string key_;
  const Nanos deadline_;
  CallGate gate_;
  std::vector<std::unique_ptr<Line>> lines_;
  std::size_t current_ = 0;       // the endpoint that is asked first
  std::uint64_t cluster_id_ = 0;  // 0: none answered yet
  Belief belief_;
};

}  // namespace stillwater::mgmt::arbiter
