// A node for the tests of its management plane: answers what a test has put in, remembers what it was asked.
#pragma once

#include <mutex>
#include <optional>
#include <vector>

#include "mgmt/control.h"

namespace stillwater::mgmt::test {

// What the node answers and has been told.
struct FakeState {
  NodeStatus status;
  std::vector<SessionInfo> sessions;
  std::vector<BindingInfo> bindings{};
  std::optional<SessionFilter> listed{};           // the last that was asked for
  std::optional<BindingFilter> listed_bindings{};  // likewise
  std::size_t page_rows = 100;                     // of a listing
  std::uint64_t told = 0;                          // rows of all listings
  bool endless = false;                            // listings repeat their rows until they are called off
  Policy policy{1ms, 100us, 10ms, 1u << 20};
  std::uint64_t epoch = 0;
  std::optional<Error> error;  // every call that can fail fails so
  std::optional<Nanos> quiesced;
  int resumed = 0;
  std::optional<bool> forced{};        // the last switchover
  std::optional<SessionFilter> ended;  // the last that was asked for
  std::vector<RouteInfo> routes{};
  std::string routes_of{};             // the source that was asked for last
  std::vector<RouteChange> changes{};  // of all calls, in their order
  std::uint64_t route_generation = 1;
  v1::GetRulesResponse rules{};
  std::string loaded{};       // the last document of rules
  v1::TraceRequest traced{};  // the last
  v1::TraceResponse trace{};
  std::vector<v1::PingRequest> pinged{};
  v1::PingResponse pong{};
};

// Thread-safe, as Control asks for.
class FakeControl final : public Control {
 public:
  // The test's side: reads or changes the state.
  template <class F>
  auto with(F&& f) {
    const std::lock_guard lock(mutex_);
    return f(state_);
  }

  NodeStatus status() override;
  Status sessions(const SessionFilter& filter, std::uint64_t limit, const Page<SessionInfo>& page) override;
  Status bindings(const BindingFilter& filter, std::uint64_t limit, const Page<BindingInfo>& page) override;
  Result<std::uint64_t> count_sessions(const SessionFilter& filter,
                                       const std::function<bool()>& goes_on) override;
  Result<std::uint64_t> count_bindings(const BindingFilter& filter,
                                       const std::function<bool()>& goes_on) override;
  Result<SessionsEnded> end_sessions(const SessionFilter& filter) override;
  Status routes(const std::string& source, std::uint64_t limit,
                const std::function<void(const RouteInfo&)>& sink) override;
  Result<std::uint64_t> change_routes(const std::vector<RouteChange>& changes) override;
  Result<v1::GetRulesResponse> rules() override;
  Result<v1::LoadRulesResponse> load_rules(const v1::LoadRulesRequest& request) override;
  Result<v1::TraceResponse> trace(const v1::TraceRequest& request) override;
  Result<v1::PingResponse> ping(const v1::PingRequest& request) override;
  Result<std::uint64_t> checkpoint() override;
  Policy policy() override;
  Status set_policy(const Policy& policy) override;
  Status quiesce(Nanos limit) override;
  Status resume() override;
  Result<Lead> switchover(bool force) override;

 private:
  Status outcome() const;
  template <class Row>
  Status tell(const std::vector<Row>& all, std::uint64_t limit, const Page<Row>& page);

  std::mutex mutex_;
  FakeState state_;
};

// A status, a session in which no field has its default value, each number its own.
[[nodiscard]] NodeStatus full_status();
[[nodiscard]] SessionInfo full_session();
[[nodiscard]] BindingInfo full_binding();
[[nodiscard]] std::vector<RouteInfo> all_kinds_of_routes();

}  // namespace stillwater::mgmt::test
