// The running configuration beyond the files, as this node has it: what the management API gave. Of a router
// these are routes, of a firewall a policy in place of the file's.
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <span>
#include <thread>
#include <vector>

#include "appliance/running/route_document.h"
#include "base/committed_epoch.h"
#include "base/result.h"
#include "dataplane/dataplane.h"
#include "standby/pair/config_exchange.h"

namespace stillwater::appliance {

// Builds on a thread of its own, which ends with it; the replication thread is woken when that is done. What
// is under way when it is destroyed is finished first: seconds at most, see RouteTable.
class RunningConfig final : public standby::ConfigHost {
 public:
  // All outlive it. `config`: the dataplane's.
  RunningConfig(const dataplane::Config& config, dataplane::Dataplane& dataplane, CommittedEpoch& epochs);
  ~RunningConfig() override;
  RunningConfig(const RunningConfig&) = delete;
  RunningConfig& operator=(const RunningConfig&) = delete;

  // The replication thread: ConfigHost.
  void collect() override;
  [[nodiscard]] std::optional<standby::ConfigBytes> take_collected() override;
  void build(standby::ConfigBytes document, bool whole) override;
  [[nodiscard]] std::optional<Status> take_built() override;

  // Any thread. Calls `sink` for at most `limit` routes that the API gave, in the order of their prefixes; no
  // snapshot.
  void for_each_route(std::uint64_t limit,
                      const std::function<void(const dataplane::RouteConfig&)>& sink) const;
  [[nodiscard]] std::size_t routes() const { return route_count_.load(std::memory_order_relaxed); }
  // What a caller can mend before anybody is asked. Errors: invalid_argument.
  [[nodiscard]] Status check(std::span<const dataplane::RouteChange> changes) const;
  // Any thread. Reads and builds a policy, which `build` then need not do again: how many rules it has.
  // Errors: those of parse_policy and Dataplane::build_policy; nothing changes.
  [[nodiscard]] Result<std::size_t> prepare(const RunningPolicy& policy);
  // What was prepared and is not in force will not be.
  void forget_prepared();
  // Any thread. None: that of the file is in force.
  [[nodiscard]] std::optional<RunningPolicy> policy() const;

 private:
  struct Job {
    enum class Kind : std::uint8_t { collect, build, build_whole };
    Kind kind;
    standby::ConfigBytes document{};
  };

  void ask(Job job);
  void run();
  [[nodiscard]] standby::ConfigBytes collected() const;
  [[nodiscard]] Status carry_out(const Job& job);
  [[nodiscard]] Status change_policy(std::optional<RunningPolicy> policy, bool whole);
  [[nodiscard]] std::unique_ptr<const dataplane::Policy> take_prepared(const RunningPolicy& policy);
  [[nodiscard]] Result<std::unique_ptr<const dataplane::Policy>> built(
      const std::optional<RunningPolicy>& policy);
  void note(std::vector<dataplane::RouteChange> changes);
  [[nodiscard]] std::vector<dataplane::RouteChange> instead_of_all(
      std::vector<dataplane::RouteChange> changes) const;

  const dataplane::Config& config_;
  const std::set<IpPrefix> in_file_;
  dataplane::Dataplane& dataplane_;
  CommittedEpoch& epochs_;

  // Never held for long: the replication thread may wait for it.
  std::mutex job_mutex_;
  std::condition_variable asked_;
  std::optional<Job> job_;                         // under job_mutex_
  std::optional<standby::ConfigBytes> collected_;  // under job_mutex_
  std::optional<Status> built_;                    // under job_mutex_
  bool ends_ = false;                              // under job_mutex_

  mutable std::mutex routes_mutex_;
  std::map<IpPrefix, dataplane::RouteConfig> routes_;  // the thread alone writes it, under routes_mutex_
  std::atomic<std::size_t> route_count_{0};
  std::optional<RunningPolicy> policy_;  // likewise
  struct Prepared {
    RunningPolicy policy;
    std::unique_ptr<const dataplane::Policy> built;
  };
  std::optional<Prepared> prepared_;  // under routes_mutex_
  std::thread thread_;
};

}  // namespace stillwater::appliance
