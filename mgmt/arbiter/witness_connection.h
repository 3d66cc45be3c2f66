// Requests to a witness, one after another, each on the calling thread.
#pragma once

#include <memory>

#include "mgmt/arbiter/belief.h"
#include "mgmt/arbiter/connection.h"
#include "mgmt/arbiter/line.h"
#include "mgmt/arbiter/witness_client.h"
#include "stillwater/arbiter/v1/arbiter.grpc.pb.h"

namespace stillwater::mgmt::arbiter {

namespace v1 = ::stillwater::arbiter::v1;

class WitnessConnection final : public Connection {
 public:
  WitnessConnection(WitnessClientOptions options, std::shared_ptr<grpc::ChannelCredentials> credentials);

  [[nodiscard]] ArbiterAnswer read() override;
  [[nodiscard]] ArbiterAnswer swap(const ArbiterRecord& expected, const ArbiterRecord& next) override;
  void keep_warm() override { line_.keep_warm(); }
  void stop() override { gate_.close(); }

 private:
  template <class Request, class Response>
  [[nodiscard]] Status ask(grpc::Status (v1::Arbiter::Stub::*method)(grpc::ClientContext*, const Request&,
                                                                     Response*),
                           const Request& request, Response& response);

  const WitnessClientOptions options_;
  CallGate gate_;
  Line line_;
  Belief belief_;
};

}  // namespace stillwater::mgmt::arbiter
