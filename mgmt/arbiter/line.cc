#include "mgmt/arbiter/line.h"

#include <algorithm>
#include <chrono>

#include <grpcpp/create_channel.h>

namespace stillwater::mgmt::arbiter {
namespace {

using std::chrono::steady_clock;
using std::chrono::system_clock;

// How long a closed gate may go unnoticed while there is no connection.
constexpr Nanos kSlice = 50ms;
constexpr Nanos kForWords = 50ms;

// gRPC takes wall-clock instants and at once makes spans of them; an instant kept here would move with the
// clock.
system_clock::time_point in(Nanos span) {
  return system_clock::now() + std::chrono::duration_cast<system_clock::duration>(span);
}

}  // namespace

void CallGate::close() {
  const std::lock_guard lock(mutex_);
  closed_ = true;
  for (grpc::ClientContext* call : under_way_) call->TryCancel();
}

bool CallGate::is_closed() {
  const std::lock_guard lock(mutex_);
  return closed_;
}

bool CallGate::enter(grpc::ClientContext& call) {
  const std::lock_guard lock(mutex_);
  if (!closed_) under_way_.insert(&call);
  return !closed_;
}

void CallGate::leave(grpc::ClientContext& call) {
  const std::lock_guard lock(mutex_);
  under_way_.erase(&call);
}

void bound(grpc::ClientContext& call, Nanos longest) { call.set_deadline(in(longest)); }

grpc::ChannelArguments line_arguments() {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);  // the address is meant as written
  arguments.SetInt(GRPC_ARG_ENABLE_RETRIES, 0);     // a swap is sent once
  // A renewed channel must not come back to the connection of the old one.
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 100);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 200);
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 1000);  // by this gRPC means the time an attempt has
  arguments.SetMaxReceiveMessageSize(4096);
  return arguments;
}

Line::Line(std::string address, std::shared_ptr<grpc::ChannelCredentials> credentials,
           grpc::ChannelArguments arguments, CallGate& gate)
    : address_(std::move(address)),
      credentials_(std::move(credentials)),
      arguments_(std::move(arguments)),
      gate_(gate) {
  renew();
}

void Line::keep_warm() { static_cast<void>(channel_->GetState(true)); }

bool Line::is_connected() const { return channel_->GetState(false) == GRPC_CHANNEL_READY; }

bool Line::connect_within(Nanos longest) {
  const auto end = steady_clock::now() + longest;
  for (;;) {
    const Nanos left = end - steady_clock::now();
    if (left <= 0ns) return false;
    if (channel_->WaitForConnected(in(std::min<Nanos>(left, kSlice)))) return true;
    if (gate_.is_closed()) return false;
  }
}

void Line::renew() {
  channel_ = grpc::CreateCustomChannel(address_, credentials_, arguments_);
  keep_warm();
}

void Line::doubt(bool was_connected, const grpc::Status& status) {
  spared_ = !spared_ && !was_connected && status.error_code() == grpc::StatusCode::DEADLINE_EXCEEDED;
  if (!spared_) renew();
}

grpc::Status Line::make(grpc::ClientContext& call, Nanos longest,
                        const std::function<grpc::Status()>& invoke) {
  if (!gate_.enter(call)) return {grpc::StatusCode::CANCELLED, "no longer asked"};
  bound(call, std::max(longest, kForWords));
  grpc::Status status = invoke();
  gate_.leave(call);
  return status;
}

Error error_of(const grpc::Status& status, Nanos longest) {
  if (status.error_code() == grpc::StatusCode::DEADLINE_EXCEEDED)
    return {Errc::timed_out, "no answer within " + std::to_string(longest / 1ms) + " ms"};
  const std::string said = status.error_message();
  const auto has = [&](const char* words) { return said.find(words) != std::string::npos; };
  if (has("wrong version number"))
    return {Errc::unavailable, "it does not speak TLS; give it certificates, or this node `tls: none`"};
  if (has("failed to connect") && has("Socket closed"))
    return {Errc::unavailable, "it closes new connections; check `tls` and the certificates on both sides"};
  return {Errc::unavailable, said};
}

}  // namespace stillwater::mgmt::arbiter
