// Answers the management plane from the node and its dataplane.
#pragma once

#include "appliance/fence/ebpf_fence.h"
#include "appliance/nat_watch.h"
#include "appliance/node/node.h"
#include "appliance/syslog/sender.h"
#include "mgmt/control.h"

namespace stillwater::appliance {

// Thread-safe, as mgmt::Control asks. Everything referred to outlives it.
class NodeControl final : public mgmt::Control {
 public:
  // `fence`: none where frames are not fenced by the kernel. `syslog`: none without collectors. `nat_watch`:
  // none without source NAT.
  NodeControl(const Config& config, const region::Region& region, dataplane::Dataplane& dataplane,
              RunningConfig& running, Node& node, const EbpfFence* fence, const syslog::Sender* syslog,
              const NatWatch* nat_watch, const Clock& clock)
      : config_(config),
        region_(region),
        dataplane_(dataplane),
        running_(running),
        node_(node),
        fence_(fence),
        syslog_(syslog),
        nat_watch_(nat_watch),
        clock_(clock),
        started_(clock.now()) {}

  [[nodiscard]] mgmt::NodeStatus status() override;
  [[nodiscard]] Status sessions(const mgmt::SessionFilter& filter, std::uint64_t limit,
                                const Page<mgmt::SessionInfo>& page) override;
  [[nodiscard]] Status bindings(const mgmt::BindingFilter& filter, std::uint64_t limit,
                                const Page<mgmt::BindingInfo>& page) override;
  [[nodiscard]] Result<std::uint64_t> count_sessions(const mgmt::SessionFilter& filter,
                                                     const std::function<bool()>& goes_on) override;
  [[nodiscard]] Result<std::uint64_t> count_bindings(const mgmt::BindingFilter& filter,
                                                     const std::function<bool()>& goes_on) override;
  [[nodiscard]] Result<mgmt::SessionsEnded> end_sessions(const mgmt::SessionFilter& filter) override;
  [[nodiscard]] Status routes(const std::string& source, std::uint64_t limit,
                              const std::function<void(const mgmt::RouteInfo&)>& sink) override;
  [[nodiscard]] Result<std::uint64_t> change_routes(const std::vector<mgmt::RouteChange>& changes) override;
  [[nodiscard]] Result<stillwater::v1::GetRulesResponse> rules() override;
  [[nodiscard]] Result<stillwater::v1::LoadRulesResponse> load_rules(
      const stillwater::v1::LoadRulesRequest& request) override;
  [[nodiscard]] Result<stillwater::v1::TraceResponse> trace(
      const stillwater::v1::TraceRequest& request) override;
  [[nodiscard]] Result<stillwater::v1::PingResponse> ping(
      const stillwater::v1::PingRequest& request) override;
  [[nodiscard]] Result<std::uint64_t> checkpoint() override;
  [[nodiscard]] mgmt::Policy policy() override;
  [[nodiscard]] Status set_policy(const mgmt::Policy& policy) override;
  [[nodiscard]] Status quiesce(Nanos limit) override;
  [[nodiscard]] Result<mgmt::Lead> switchover(bool force) override;
  [[nodiscard]] Status resume() override;

 private:
  [[nodiscard]] Status leads() const;
  [[nodiscard]] Result<std::uint64_t> committed_so_far();
  // The pages of a listing by `fetch`, each when it is committed.
  template <class Info, class Fetch>
  [[nodiscard]] Status tell_pages(std::uint64_t limit, const Page<Info>& page, const Fetch& fetch);
  template <class CountPage>
  [[nodiscard]] Result<std::uint64_t> count_pages(const std::function<bool()>& goes_on,
                                                  const CountPage& count_page);
  [[nodiscard]] mgmt::FenceStatus fence_status() const;
  [[nodiscard]] mgmt::LogsStatus logs_status() const;
  [[nodiscard]] mgmt::RoutesStatus routes_status(const NodeView& view) const;

  const Config& config_;
  const region::Region& region_;
  dataplane::Dataplane& dataplane_;
  RunningConfig& running_;
  Node& node_;
  const EbpfFence* fence_;
  const syslog::Sender* syslog_;
  const NatWatch* nat_watch_;
  const Clock& clock_;
  Instant started_;
};

}  // namespace stillwater::appliance
