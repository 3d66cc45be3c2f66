#include "appliance/health/health_watch.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include <spdlog/spdlog.h>

#include "appliance/config/scalars.h"

namespace stillwater::appliance {
namespace {

constexpr Nanos kInterval = 5ms;
constexpr Nanos kLate = 20ms;              // between two looks of a thread that does not stall
constexpr int kStretchMax = 3;             // timeouts, for workers that are slow of late
constexpr unsigned kMuteFactor = 2;        // of the misses: for the leader is another node's judgement
constexpr std::uint16_t kDeafWeight = 10;  // below what links and targets weigh by default

std::vector<Reachability::Target> services_of(const Config& config) {
  std::vector<Reachability::Target> services;
  if (!config.tracking.probe_peer) return services;
  for (const dataplane::PortConfig& port : config.dataplane.ports)
    if (const auto interface = interface_of_port(port); interface && !port.addresses.empty())
      services.push_back({port.name, *interface, port.mac, port.addresses.front().address});
  return services;
}

std::vector<Reachability::Target> targets_of(const TrackingConfig& tracking) {
  std::vector<Reachability::Target> targets;
  for (const TrackedTarget& target : tracking.targets)
    targets.push_back({target.port, target.interface, target.virtual_mac, target.address});
  return targets;
}

}  // namespace

Result<std::unique_ptr<HealthWatch>> HealthWatch::open(const Config& config,
                                                       const dataplane::Dataplane& dataplane) {
  const TrackingConfig& tracking = config.tracking;
  auto targets = Reachability::open(targets_of(tracking), tracking.interval, tracking.misses);
  if (!targets) return tl::unexpected(targets.error());
  auto services = Reachability::open(services_of(config), tracking.interval, tracking.misses * kMuteFactor);
  if (!services && services.error().code == Errc::failed_precondition) {
    spdlog::info("the peer's ports are not probed: {}", services.error().message);
    services = Reachability::open({}, tracking.interval, 1);
  }
  if (!services) return tl::unexpected(services.error());
  return std::unique_ptr<HealthWatch>(
      new HealthWatch(config, dataplane, std::move(*targets), std::move(*services)));
}

HealthWatch::HealthWatch(const Config& config, const dataplane::Dataplane& dataplane, Reachability targets,
                         Reachability services)
    : tracking_(config.tracking),
      dataplane_(dataplane),
      health_(tracking_.recovery),
      targets_(std::move(targets)),
      services_(std::move(services)),
      workers_(dataplane.workers(),
               {standby::FailureDetector(tracking_.worker_timeout, kLate, kStretchMax)}) {
  const auto& ports = config.dataplane.ports;
  for (std::size_t i = 0; i < ports.size(); ++i)
    if (!ports[i].device.empty()) ports_.emplace_back(i, ports[i].name);
}

void HealthWatch::look(Instant now, const std::string& leader) {
  if (now - looked_ < kInterval) return;
  if (looked_ == Instant{})
    for (WatchedWorker& worker : workers_) worker.detector.start(now);
  looked_ = now;
  look_at_links(now);
  look_at_targets(now);
  look_at_workers(now);
  look_at_leader(now, leader);
  penalty_ = health_.penalty(now);
  text_ = health_.text(now);
}

void HealthWatch::look_at_links(Instant now) {
  links_lost_ = 0;
  for (const auto& [port, name] : ports_) {
    const bool has_link = dataplane_.has_link(port);
    if (!has_link) links_lost_ = static_cast<std::uint16_t>(links_lost_ + tracking_.link_weight);
    health_.report("port " + name + " has no link", tracking_.link_weight, has_link, now);
  }
}

void HealthWatch::look_at_targets(Instant now) {
  targets_.look(now);
  for (std::size_t i = 0; i < targets_.count(); ++i)
    health_.report(
        to_text(targets_.target(i).address) + " does not answer at port " + targets_.target(i).port,
        tracking_.targets[i].weight, targets_.answered(i) && !targets_.lost(i), now);
}

void HealthWatch::look_at_workers(Instant now) {
  stuck_.clear();
  for (unsigned w = 0; w < workers_.size(); ++w) {
    WatchedWorker& worker = workers_[w];
    const auto steps = dataplane_.steps(w);
    if (!steps || std::exchange(worker.steps, *steps) != *steps) worker.detector.heard(now);
    if (worker.detector.look(now))
      stuck_ = "worker " + std::to_string(w) + " has not stepped on for " +
               std::to_string(std::llround(milliseconds(worker.detector.silence(now)))) + " ms";
  }
}

// A node that is not well itself is no judge. Links and targets come first, whose loss would explain the
// silence; a lost link is not counted twice.
void HealthWatch::look_at_leader(Instant now, const std::string& leader) {
  leader_is_mute_ = false;
  if (std::exchange(leader_, leader) != leader) services_.forget();
  const bool has_leader = !leader.empty();
  if (has_leader) services_.look(now);
  for (std::size_t i = 0; i < services_.count(); ++i) {
    const bool deaf = has_leader && links_lost_ == 0 && !services_.answered(i) && services_.lost(i);
    health_.report("no answer from the leader at port " + services_.target(i).port, kDeafWeight, !deaf, now);
  }
  if (!has_leader || health_.ill() != 0) return;
  for (std::size_t i = 0; i < services_.count(); ++i)
    leader_is_mute_ = leader_is_mute_ || (services_.answered(i) && services_.lost(i));
}

}  // namespace stillwater::appliance
