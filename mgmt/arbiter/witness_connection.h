// Requests to a witness, one after another, each on the calling thread.
#pragma once

#include <memory>
#include <mutex>

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <grpcpp/security/credentials.h>

#include "mgmt/arbiter/wire.h"
#include "mgmt/arbiter/witness_client.h"
#include "stillwater/arbiter/v1/arbiter.grpc.pb.h"

namespace stillwater::mgmt::arbiter {

// One thread makes requests; stop() may come from another.
class WitnessConnection {
 public:
  WitnessConnection(WitnessClientOptions options, std::shared_ptr<grpc::ChannelCredentials> credentials);

  [[nodiscard]] ArbiterAnswer read();
  [[nodiscard]] ArbiterAnswer swap(const ArbiterRecord& expected, const ArbiterRecord& next);

  // Connects where there is no connection, without waiting for it.
  void keep_warm();

  // Gives up the request under way, and every later one at once.
  void stop();

 private:
  void renew();
  void wait_until_connected(Nanos longest);
  template <class Request, class Response>
  [[nodiscard]] Status ask(grpc::Status (v1::Arbiter::StubInterface::*method)(grpc::ClientContext*,
                                                                              const Request&, Response*),
                           const Request& request, Response& response);
  [[nodiscard]] Result<ArbiterRecord> believed(const v1::Record& message);

  const WitnessClientOptions options_;
  const std::shared_ptr<grpc::ChannelCredentials> credentials_;
  std::shared_ptr<grpc::Channel> channel_;
  std::unique_ptr<v1::Arbiter::StubInterface> stub_;
  std::uint64_t newest_term_ = 0;

  std::mutex stopping_;  // guards the two below
  bool stopped_ = false;
  grpc::ClientContext* under_way_ = nullptr;
};

}  // namespace stillwater::mgmt::arbiter
