#include "mgmt/arbiter/witness_connection.h"

#include <chrono>

#include "mgmt/arbiter/wire.h"
#include "mgmt/error_status.h"

namespace stillwater::mgmt::arbiter {
namespace {

using std::chrono::steady_clock;

grpc::ChannelArguments channel_arguments() {
  grpc::ChannelArguments arguments = line_arguments();
  // A connection may be idle for weeks; one that died meanwhile must be found dead before it is needed.
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, 5000);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 1000);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  arguments.SetInt(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
  return arguments;
}

ArbiterAnswer unanswered(const WitnessClientOptions& options, const Error& error) {
  return {.kind = ArbiterAnswer::Kind::unanswered,
          .why = "the witness at " + options.address + ": " + error.message};
}

Result<ArbiterRecord> said(const v1::Record& message) {
  auto record = to_record(message);
  if (!record) return unbelievable(record.error().message);
  return record;
}

}  // namespace

WitnessConnection::WitnessConnection(WitnessClientOptions options,
                                     std::shared_ptr<grpc::ChannelCredentials> credentials)
    : options_(std::move(options)),
      line_(options_.address, std::move(credentials), channel_arguments(), gate_) {}

ArbiterAnswer WitnessConnection::read() {
  v1::ReadRequest request;
  request.set_pair(options_.pair);
  v1::ReadResponse response;
  const auto record = ask(&v1::Arbiter::Stub::Read, request, response)
                          .and_then([&] { return said(response.record()); })
                          .and_then([&](const ArbiterRecord& read) { return belief_.of(read); });
  if (!record) return unanswered(options_, record.error());
  return {.kind = ArbiterAnswer::Kind::record, .newest = *record};
}

ArbiterAnswer WitnessConnection::swap(const ArbiterRecord& expected, const ArbiterRecord& next) {
  v1::CompareAndSwapRequest request;
  request.set_pair(options_.pair);
  *request.mutable_expected() = to_message(expected);
  *request.mutable_next() = to_message(next);
  v1::CompareAndSwapResponse response;
  const auto answer = ask(&v1::Arbiter::Stub::CompareAndSwap, request, response)
                          .and_then([&] { return said(response.record()); })
                          .and_then([&](const ArbiterRecord& newest) {
                            return belief_.of_swap(expected, next, response.swapped(), newest);
                          });
  return answer ? *answer : unanswered(options_, answer.error());
}

template <class Request, class Response>
Status WitnessConnection::ask(grpc::Status (v1::Arbiter::Stub::*method)(grpc::ClientContext*, const Request&,
                                                                        Response*),
                              const Request& request, Response& response) {
  const auto end = steady_clock::now() + options_.deadline;
  const bool was_connected = line_.is_connected();
  line_.connect_within(options_.deadline);
  grpc::ClientContext call;
  const grpc::Status status = line_.make(call, end - steady_clock::now(), [&] {
    return (v1::Arbiter::Stub(line_.channel()).*method)(&call, request, &response);
  });
  if (status.ok()) return {};
  if (!call.GetServerTrailingMetadata().contains(kErrorMetadata)) line_.doubt(was_connected, status);
  return tl::unexpected(error_of(status, options_.deadline));
}

}  // namespace stillwater::mgmt::arbiter
