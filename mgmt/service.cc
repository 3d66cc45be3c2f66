#include "mgmt/service.h"

#include <chrono>

#include "mgmt/convert.h"
#include "mgmt/error_status.h"

namespace stillwater::mgmt {
namespace {

constexpr std::uint64_t kRoutesUnlessSaid = 1000;
constexpr std::uint64_t kRoutesAtMost = 2'000'000;
constexpr int kRouteChangesAtMost = 10'000;
constexpr std::size_t kRulesBytesAtMost = 3u << 20;  // what is told of them fits into a message too
constexpr std::uint32_t kQuiesceAtMostMs = 60'000;

grpc::Status answer(grpc::ServerContext& call, const Status& status) {
  return status ? grpc::Status::OK : answer_with(call, status.error());
}

}  // namespace

grpc::Status ApplianceService::GetStatus(grpc::ServerContext*, const v1::GetStatusRequest*,
                                         v1::GetStatusResponse* response) {
  fill(*response->mutable_status(), control_.status());
  return grpc::Status::OK;
}

grpc::Status ApplianceService::EndSessions(grpc::ServerContext* call, const v1::EndSessionsRequest* request,
                                           v1::EndSessionsResponse* response) {
  const SessionFilter filter = filter_of(*request);
  if (filter.names_any() == request->all())
    return answer_with(
        *call, {Errc::invalid_argument, "name what sessions match, or set all; not both, not neither"});
  const auto ended = control_.end_sessions(filter);
  if (!ended) return answer_with(*call, ended.error());
  response->set_sessions(ended->sessions);
  response->set_committed_epoch(ended->committed_epoch);
  return grpc::Status::OK;
}

grpc::Status ApplianceService::ListRoutes(grpc::ServerContext* call, const v1::ListRoutesRequest* request,
                                          grpc::ServerWriter<v1::Route>* writer) {
  const auto limit = request->limit() == 0 ? kRoutesUnlessSaid : request->limit();
  if (limit > kRoutesAtMost) {
    return answer_with(*call, {Errc::invalid_argument, "limit is " + std::to_string(limit) + "; at most " +
                                                           std::to_string(kRoutesAtMost) +
                                                           " routes can be listed at a time"});
  }
  // Collected first: a slow reader must not keep back who changes routes.
  std::vector<v1::Route> found;
  const auto walked = control_.routes(request->source(), limit,
                                      [&](const RouteInfo& route) { fill(found.emplace_back(), route); });
  if (!walked) return answer_with(*call, walked.error());
  for (const v1::Route& route : found)
    if (!writer->Write(route)) return {grpc::StatusCode::CANCELLED, "the reader is gone"};
  return grpc::Status::OK;
}

grpc::Status ApplianceService::ChangeRoutes(grpc::ServerContext* call, const v1::ChangeRoutesRequest* request,
                                            v1::ChangeRoutesResponse* response) {
  if (request->changes_size() == 0 || request->changes_size() > kRouteChangesAtMost) {
    return answer_with(
        *call, {Errc::invalid_argument, std::to_string(request->changes_size()) + " changes; expected 1 to " +
                                            std::to_string(kRouteChangesAtMost) + " at a time"});
  }
  const auto changes = changes_of(*request);
  if (!changes) return answer_with(*call, changes.error());
  const auto generation = control_.change_routes(*changes);
  if (!generation) return answer_with(*call, generation.error());
  response->set_generation(*generation);
  return grpc::Status::OK;
}

grpc::Status ApplianceService::GetRules(grpc::ServerContext* call, const v1::GetRulesRequest*,
                                        v1::GetRulesResponse* response) {
  auto rules = control_.rules();
  if (!rules) return answer_with(*call, rules.error());
  *response = std::move(*rules);
  return grpc::Status::OK;
}

grpc::Status ApplianceService::LoadRules(grpc::ServerContext* call, const v1::LoadRulesRequest* request,
                                         v1::LoadRulesResponse* response) {
  if (request->document().empty() || request->document().size() > kRulesBytesAtMost)
    return answer_with(
        *call, {Errc::invalid_argument, "a document of " + std::to_string(request->document().size()) +
                                            " bytes; expected 1 to " + std::to_string(kRulesBytesAtMost)});
  auto loaded = control_.load_rules(*request);
  if (!loaded) return answer_with(*call, loaded.error());
  *response = std::move(*loaded);
  return grpc::Status::OK;
}

grpc::Status ApplianceService::Trace(grpc::ServerContext* call, const v1::TraceRequest* request,
                                     v1::TraceResponse* response) {
  auto traced = control_.trace(*request);
  if (!traced) return answer_with(*call, traced.error());
  *response = std::move(*traced);
  return grpc::Status::OK;
}

grpc::Status ApplianceService::Ping(grpc::ServerContext* call, const v1::PingRequest* request,
                                    v1::PingResponse* response) {
  auto answered = control_.ping(*request);
  if (!answered) return answer_with(*call, answered.error());
  *response = std::move(*answered);
  return grpc::Status::OK;
}

grpc::Status ApplianceService::TakeCheckpoint(grpc::ServerContext* call, const v1::TakeCheckpointRequest*,
                                              v1::TakeCheckpointResponse* response) {
  const auto epoch = control_.checkpoint();
  if (!epoch) return answer_with(*call, epoch.error());
  response->set_committed_epoch(*epoch);
  return grpc::Status::OK;
}

grpc::Status ApplianceService::GetPolicy(grpc::ServerContext*, const v1::GetPolicyRequest*,
                                         v1::GetPolicyResponse* response) {
  fill(*response->mutable_policy(), control_.policy());
  return grpc::Status::OK;
}

grpc::Status ApplianceService::SetPolicy(grpc::ServerContext* call, const v1::SetPolicyRequest* request,
                                         v1::SetPolicyResponse* response) {
  const std::lock_guard one_change_at_a_time(policy_change_);
  const auto done = control_.set_policy(changed(control_.policy(), *request));
  if (done) fill(*response->mutable_policy(), control_.policy());
  return answer(*call, done);
}

grpc::Status ApplianceService::Quiesce(grpc::ServerContext* call, const v1::QuiesceRequest* request,
                                       v1::QuiesceResponse*) {
  const auto limit_ms = request->limit_ms();
  if (limit_ms == 0 || limit_ms > kQuiesceAtMostMs) {
    return answer_with(
        *call, {Errc::invalid_argument, "limit_ms is " + std::to_string(limit_ms) + "; expected 1 to " +
                                            std::to_string(kQuiesceAtMostMs)});
  }
  return answer(*call, control_.quiesce(std::chrono::milliseconds(limit_ms)));
}

grpc::Status ApplianceService::Resume(grpc::ServerContext* call, const v1::ResumeRequest*,
                                      v1::ResumeResponse*) {
  return answer(*call, control_.resume());
}

grpc::Status ApplianceService::Switchover(grpc::ServerContext* call, const v1::SwitchoverRequest* request,
                                          v1::SwitchoverResponse* response) {
  const auto lead = control_.switchover(request->force());
  if (!lead) return answer_with(*call, lead.error());
  response->set_active(lead->active);
  response->set_term(lead->term);
  return grpc::Status::OK;
}

}  // namespace stillwater::mgmt
