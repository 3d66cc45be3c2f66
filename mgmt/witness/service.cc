#include "mgmt/witness/service.h"

#include <spdlog/spdlog.h>

#include "mgmt/arbiter/wire.h"
#include "mgmt/error_status.h"

namespace stillwater::mgmt::witness {
namespace {

// Refused requests are told to who made them; only what an operator must see here goes into the log.
grpc::Status refuse(grpc::ServerContext& call, const Error& error) {
  if (error.code == Errc::unavailable || error.code == Errc::corrupt ||
      error.code == Errc::resource_exhausted)
    spdlog::error("{}", error.message);
  return answer_with(call, error);
}

Result<ArbiterRecord> named(const char* name, const v1::Record& message) {
  return arbiter::to_record(message).map_error([&](const Error& error) {
    return Error{error.code, std::string(name) + ": " + error.message};
  });
}

}  // namespace

grpc::Status ArbiterService::Read(grpc::ServerContext* call, const v1::ReadRequest* request,
                                  v1::ReadResponse* response) {
  const auto record = store_.read(request->pair());
  if (!record) return refuse(*call, record.error());
  *response->mutable_record() = arbiter::to_message(*record);
  return grpc::Status::OK;
}

grpc::Status ArbiterService::CompareAndSwap(grpc::ServerContext* call,
                                            const v1::CompareAndSwapRequest* request,
                                            v1::CompareAndSwapResponse* response) {
  const auto expected = named("expected", request->expected());
  if (!expected) return refuse(*call, expected.error());
  const auto next = named("next", request->next());
  if (!next) return refuse(*call, next.error());
  const auto outcome = store_.compare_and_swap(request->pair(), *expected, *next);
  if (!outcome) return refuse(*call, outcome.error());
  if (outcome->swapped)
    spdlog::info("pair {}: term {}, active {}, in sync {}; asked by {}", request->pair(), next->term,
                 next->active, fmt::join(next->in_sync, " "), call->peer());
  response->set_swapped(outcome->swapped);
  *response->mutable_record() = arbiter::to_message(outcome->newest);
  return grpc::Status::OK;
}

}  // namespace stillwater::mgmt::witness
