#include "mgmt/arbiter/witness_connection.h"

#include <algorithm>
#include <chrono>

#include <grpcpp/create_channel.h>

#include "mgmt/arbiter/rules.h"
#include "mgmt/error_status.h"

namespace stillwater::mgmt::arbiter {
namespace {

using std::chrono::steady_clock;
using std::chrono::system_clock;

// How long stop() may go unnoticed while there is no connection.
constexpr Nanos kSlice = 50ms;
// For the words of an attempt that failed, which gRPC tells only to a call.
constexpr Nanos kForWords = 50ms;

// gRPC takes wall-clock instants and at once makes spans of them; an instant kept here would move with the
// clock.
system_clock::time_point in(Nanos span) {
  return system_clock::now() + std::chrono::duration_cast<system_clock::duration>(span);
}

grpc::ChannelArguments channel_arguments() {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);  // the address is meant as written
  arguments.SetInt(GRPC_ARG_ENABLE_RETRIES, 0);     // a swap is sent once
  // A renewed channel must not come back to the connection of the old one.
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 100);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 200);
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 1000);  // by this gRPC means the time an attempt has
  // A connection may be idle for weeks; one that died meanwhile must be found dead before it is needed.
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, 5000);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 1000);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  arguments.SetInt(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
  arguments.SetMaxReceiveMessageSize(4096);
  return arguments;
}

tl::unexpected<Error> unbelievable(const std::string& what) {
  return fail(Errc::protocol, "its answer cannot be: " + what);
}

ArbiterAnswer unanswered(const WitnessClientOptions& options, const Error& error) {
  return {.kind = ArbiterAnswer::Kind::unanswered,
          .why = "the witness at " + options.address + ": " + error.message};
}

}  // namespace

WitnessConnection::WitnessConnection(WitnessClientOptions options,
                                     std::shared_ptr<grpc::ChannelCredentials> credentials)
    : options_(std::move(options)), credentials_(std::move(credentials)) {
  renew();
}

ArbiterAnswer WitnessConnection::read() {
  v1::ReadRequest request;
  request.set_pair(options_.pair);
  v1::ReadResponse response;
  const auto record = ask(&v1::Arbiter::StubInterface::Read, request, response).and_then([&] {
    return believed(response.record());
  });
  if (!record) return unanswered(options_, record.error());
  return {.kind = ArbiterAnswer::Kind::record, .newest = *record};
}

ArbiterAnswer WitnessConnection::swap(const ArbiterRecord& expected, const ArbiterRecord& next) {
  v1::CompareAndSwapRequest request;
  request.set_pair(options_.pair);
  *request.mutable_expected() = to_message(expected);
  *request.mutable_next() = to_message(next);
  v1::CompareAndSwapResponse response;
  const auto record = ask(&v1::Arbiter::StubInterface::CompareAndSwap, request, response)
                          .and_then([&] { return believed(response.record()); })
                          .and_then([&](const ArbiterRecord& newest) -> Result<ArbiterRecord> {
                            if (response.swapped() ? newest == next : newest != expected) return newest;
                            return unbelievable("swapped or not does not match the record that came with it");
                          });
  if (!record) return unanswered(options_, record.error());
  return {.kind = response.swapped() ? ArbiterAnswer::Kind::swapped : ArbiterAnswer::Kind::refused,
          .newest = *record};
}

void WitnessConnection::keep_warm() { static_cast<void>(channel_->GetState(true)); }

void WitnessConnection::stop() {
  const std::lock_guard lock(stopping_);
  stopped_ = true;
  if (under_way_ != nullptr) under_way_->TryCancel();
}

void WitnessConnection::renew() {
  channel_ = grpc::CreateCustomChannel(options_.address, credentials_, channel_arguments());
  stub_ = v1::Arbiter::NewStub(channel_);
  keep_warm();
}

void WitnessConnection::wait_until_connected(Nanos longest) {
  const auto end = steady_clock::now() + longest;
  for (;;) {
    const Nanos left = end - steady_clock::now();
    if (left <= 0ns || channel_->WaitForConnected(in(std::min<Nanos>(left, kSlice)))) return;
    const std::lock_guard lock(stopping_);
    if (stopped_) return;
  }
}

template <class Request, class Response>
Status WitnessConnection::ask(grpc::Status (v1::Arbiter::StubInterface::*method)(grpc::ClientContext*,
                                                                                 const Request&, Response*),
                              const Request& request, Response& response) {
  const auto end = steady_clock::now() + options_.deadline;
  wait_until_connected(options_.deadline);
  grpc::ClientContext call;
  call.set_deadline(in(std::max<Nanos>(end - steady_clock::now(), kForWords)));
  {
    const std::lock_guard lock(stopping_);
    if (stopped_) return fail(Errc::unavailable, "no longer asked");
    under_way_ = &call;
  }
  const grpc::Status status = (stub_.get()->*method)(&call, request, &response);
  {
    const std::lock_guard lock(stopping_);
    under_way_ = nullptr;
  }
  if (status.ok()) return {};
  if (!call.GetServerTrailingMetadata().contains(kErrorMetadata)) renew();
  if (status.error_code() == grpc::StatusCode::DEADLINE_EXCEEDED)
    return fail(Errc::timed_out, "no answer within " + std::to_string(options_.deadline / 1ms) + " ms");
  return fail(Errc::unavailable, status.error_message());
}

Result<ArbiterRecord> WitnessConnection::believed(const v1::Record& message) {
  const auto record = to_record(message);
  if (!record) return unbelievable(record.error().message);
  if (const Status ok = check_record(*record); !ok) return unbelievable(ok.error().message);
  if (record->term < newest_term_)
    return unbelievable("its record has term " + std::to_string(record->term) + ", and term " +
                        std::to_string(newest_term_) + " was seen before: it lost what it knew");
  newest_term_ = record->term;
  return *record;
}

}  // namespace stillwater::mgmt::arbiter
