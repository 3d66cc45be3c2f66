// Requests to an etcd, one after another, each on the calling thread.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "etcd/kv.grpc.pb.h"
#include "mgmt/arbiter/belief.h"
#include "mgmt/arbiter/connection.h"
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
  // Whether a request that may have been carried out may be made again.
  enum class Sent { once, again };

  template <class Request, class Response>
  [[nodiscard]] Status ask(grpc::Status (etcdserverpb::KV::Stub::*method)(grpc::ClientContext*,
                                                                          const Request&, Response*),
                           Sent sent, const Request& request, Response& response);
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
