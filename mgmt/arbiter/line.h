// Blocking gRPC calls to one address, each with an end, that another thread may cut short.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <string>

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/support/channel_arguments.h>

#include "base/clock.h"
#include "base/result.h"

namespace stillwater::mgmt::arbiter {

// Closed once, by any thread: then the calls under way are cancelled, and no other begins. One thread calls.
class CallGate {
 public:
  void close();
  [[nodiscard]] bool is_closed();

  // False where the gate is closed: then do not make the call. Else tell when it has ended.
  [[nodiscard]] bool enter(grpc::ClientContext& call);
  void leave(grpc::ClientContext& call);

 private:
  std::mutex mutex_;  // guards what follows; not held while a call is made
  bool closed_ = false;
  std::set<grpc::ClientContext*> under_way_;
};

// `call` has a deadline `longest` from now.
void bound(grpc::ClientContext& call, Nanos longest);

// What every line needs: an address meant as written, calls sent once, connections that come back soon.
[[nodiscard]] grpc::ChannelArguments line_arguments();

// One thread. `gate` outlives it, and may be shared by lines of one thread.
class Line {
 public:
  Line(std::string address, std::shared_ptr<grpc::ChannelCredentials> credentials,
       grpc::ChannelArguments arguments, CallGate& gate);

  [[nodiscard]] const std::string& address() const { return address_; }
  // For the stub of one call.
  [[nodiscard]] const std::shared_ptr<grpc::Channel>& channel() const { return channel_; }

  // Connects where there is no connection, without waiting for it.
  void keep_warm();
  [[nodiscard]] bool is_connected() const;
  // False: not within `longest`, or the gate was closed, which is seen within 50 ms.
  bool connect_within(Nanos longest);
  // After a call that ended without an answer: the next goes over a new connection, but for once not where
  // there was none when the call began. It may need several round trips, and is there soon.
  void doubt(bool was_connected, const grpc::Status& status);

  // Makes `call` through the gate by `invoke`, with a deadline of `longest`, or 50 ms where that is less: an
  // attempt to connect that failed tells why to a call only.
  [[nodiscard]] grpc::Status make(grpc::ClientContext& call, Nanos longest,
                                  const std::function<grpc::Status()>& invoke);

 private:
  void renew();

  const std::string address_;
  const std::shared_ptr<grpc::ChannelCredentials> credentials_;
  const grpc::ChannelArguments arguments_;
  CallGate& gate_;
  std::shared_ptr<grpc::Channel> channel_;
  bool spared_ = false;  // by the last doubt
};

// `status`, which is not OK, of a call that had `longest`: timed_out or unavailable.
[[nodiscard]] Error error_of(const grpc::Status& status, Nanos longest);

}  // namespace stillwater::mgmt::arbiter
