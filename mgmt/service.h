// stillwater.v1.Appliance over a Control: checks what only the wire can get wrong, converts, and calls.
#pragma once

#include <atomic>
#include <mutex>

#include "mgmt/control.h"
#include "stillwater/v1/stillwater.grpc.pb.h"

namespace stillwater::mgmt {

// gRPC calls it from threads of its own, several at a time. `control` must outlive it.
class ApplianceService final : public v1::Appliance::Service {
 public:
  explicit ApplianceService(Control& control) : control_(control) {}

  grpc::Status GetStatus(grpc::ServerContext* call, const v1::GetStatusRequest* request,
                         v1::GetStatusResponse* response) override;
  grpc::Status ListSessions(grpc::ServerContext* call, const v1::ListSessionsRequest* request,
                            grpc::ServerWriter<v1::Session>* writer) override;
  grpc::Status CountSessions(grpc::ServerContext* call, const v1::CountSessionsRequest* request,
                             v1::CountSessionsResponse* response) override;
  grpc::Status ListBindings(grpc::ServerContext* call, const v1::ListBindingsRequest* request,
                            grpc::ServerWriter<v1::Binding>* writer) override;
  grpc::Status CountBindings(grpc::ServerContext* call, const v1::CountBindingsRequest* request,
                             v1::CountBindingsResponse* response) override;
  grpc::Status EndSessions(grpc::ServerContext* call, const v1::EndSessionsRequest* request,
                           v1::EndSessionsResponse* response) override;
  grpc::Status ListRoutes(grpc::ServerContext* call, const v1::ListRoutesRequest* request,
                          grpc::ServerWriter<v1::Route>* writer) override;
  grpc::Status ChangeRoutes(grpc::ServerContext* call, const v1::ChangeRoutesRequest* request,
                            v1::ChangeRoutesResponse* response) override;
  grpc::Status GetRules(grpc::ServerContext* call, const v1::GetRulesRequest* request,
                        v1::GetRulesResponse* response) override;
  grpc::Status LoadRules(grpc::ServerContext* call, const v1::LoadRulesRequest* request,
                         v1::LoadRulesResponse* response) override;
  grpc::Status Trace(grpc::ServerContext* call, const v1::TraceRequest* request,
                     v1::TraceResponse* response) override;
  grpc::Status Ping(grpc::ServerContext* call, const v1::PingRequest* request,
                    v1::PingResponse* response) override;
  grpc::Status TakeCheckpoint(grpc::ServerContext* call, const v1::TakeCheckpointRequest* request,
                              v1::TakeCheckpointResponse* response) override;
  grpc::Status GetPolicy(grpc::ServerContext* call, const v1::GetPolicyRequest* request,
                         v1::GetPolicyResponse* response) override;
  grpc::Status SetPolicy(grpc::ServerContext* call, const v1::SetPolicyRequest* request,
                         v1::SetPolicyResponse* response) override;
  grpc::Status Quiesce(grpc::ServerContext* call, const v1::QuiesceRequest* request,
                       v1::QuiesceResponse* response) override;
  grpc::Status Resume(grpc::ServerContext* call, const v1::ResumeRequest* request,
                      v1::ResumeResponse* response) override;
  grpc::Status Switchover(grpc::ServerContext* call, const v1::SwitchoverRequest* request,
                          v1::SwitchoverResponse* response) override;

 private:
  // Listings keep a thread each until their readers are done. Errors: resource_exhausted.
  static constexpr int kListingsAtMost = 8;
  template <class Act>
  [[nodiscard]] grpc::Status one_of_few(grpc::ServerContext& call, const Act& act);

  Control& control_;
  std::atomic<int> listings_{0};
  std::mutex policy_change_;  // makes read, merge, write one step among callers of this service
};

}  // namespace stillwater::mgmt
