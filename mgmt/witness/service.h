// stillwater.arbiter.v1.Arbiter over a Store.
#pragma once

#include "mgmt/witness/store.h"
#include "stillwater/arbiter/v1/arbiter.grpc.pb.h"

namespace stillwater::mgmt::witness {

namespace v1 = ::stillwater::arbiter::v1;

// gRPC calls it from threads of its own, several at a time. `store` must outlive it.
class ArbiterService final : public v1::Arbiter::Service {
 public:
  explicit ArbiterService(Store& store) : store_(store) {}

  grpc::Status Read(grpc::ServerContext* call, const v1::ReadRequest* request,
                    v1::ReadResponse* response) override;
  grpc::Status CompareAndSwap(grpc::ServerContext* call, const v1::CompareAndSwapRequest* request,
                              v1::CompareAndSwapResponse* response) override;

 private:
  Store& store_;
};

}  // namespace stillwater::mgmt::witness
