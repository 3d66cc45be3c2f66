#include "appliance/appliance.h"

#include <filesystem>
#include <string_view>

#include <spdlog/spdlog.h>
#include <unistd.h>

#include "dataplane/control/eal.h"
#include "standby/personality.h"

namespace stillwater::appliance {

namespace {

// The folder of a unix socket, so that the default in /run works after a reboot. Before anything is opened.
Status make_socket_folder(const std::string& management) {
  constexpr std::string_view kScheme = "unix:";
  if (!management.starts_with(kScheme)) return {};
  const std::filesystem::path folder = std::filesystem::path(management.substr(kScheme.size())).parent_path();
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error)
    return fail(Errc::io, "cannot make " + folder.string() + " for node.management: " + error.message());
  return {};
}

mgmt::ServerOptions management_options(const Config& config) {
  const ManagementConfig& said = config.management;
  mgmt::ServerOptions options{.address = config.profile.management,
                              .tls = said.tls == Tls::none ? mgmt::Tls::none : mgmt::Tls::required};
  if (!said.tls_ca.empty()) options.files = mgmt::TlsFiles{said.tls_ca, said.tls_certificate, said.tls_key};
  return options;
}

}  // namespace

Result<std::unique_ptr<Appliance>> Appliance::start(const Config& config) {
  std::unique_ptr<Appliance> appliance(new Appliance(config));
  return appliance->open().map([&] { return std::move(appliance); });
}

// Before everything that asks the permit.
Status Appliance::open_fence() {
  if (config_.replication.fence == FenceKind::none) {
    permit_.emplace();
    return {};
  }
  return EbpfFence::load().map([this](std::unique_ptr<EbpfFence> fence) {
    fence_ = std::move(fence);
    permit_.emplace(fence_->until_ns());
  });
}

// When this process has what only one can have (its sockets), so that it takes the fence of a dead
// predecessor and of nobody else; before a worker runs.
Status Appliance::put_fence() {
  for (const std::string& interface : interfaces_of_ports(config_)) {
    if (fence_) {
      if (Status attached = fence_->attach(interface); !attached) return attached;
      spdlog::info("fence: ebpf at {}", interface);
      continue;
    }
    const auto removed = EbpfFence::remove_leftover(interface);
    if (!removed) spdlog::warn("{}", removed.error().message);
    if (removed.value_or(false))
      spdlog::warn("{} had the fence of a process that was killed; it is removed, since fence is none",
                   interface);
  }
  return {};
}

// Its thread is started later, see open().
void Appliance::make_syslog() {
  if (config_.syslog.collectors.empty()) return;
  for (const CollectorConfig& collector : config_.syslog.collectors)
    if (collector.transport != SyslogTransport::tls)
      spdlog::warn("logs go to the collector {}:{} in the clear", collector.address.address,
                   collector.address.port);
  syslog::Origin origin{.node = config_.profile.name,
                        .process = std::to_string(getpid()),
                        .facility = config_.syslog.facility,
                        .ports = {}};
  for (const dataplane::PortConfig& port : config_.dataplane.ports) origin.ports.push_back(port.name);
  records_ = std::make_unique<PlaneRecords>(*dataplane_);
  syslog_ = std::make_unique<syslog::Sender>(config_.syslog, std::move(origin), *records_, clock_);
}

Status Appliance::open() {
  spdlog::info("stillwaterd {} starts as {}", STILLWATER_VERSION, config_.profile.name);
  if (config_.replication.enabled && config_.arbiter == ArbiterKind::none)
    spdlog::warn("arbiter: none. A cut cable between two live nodes is answered by prefer: {}",
                 config_.prefer == Prefer::availability ? "availability (both may forward)"
                                                        : "safety (nobody takes over)");

  if (Status ready = open_fence(); !ready) return ready;
  if (Status ready = make_socket_folder(config_.profile.management); !ready) return ready;
  region::Layout layout;
  dataplane::Dataplane::add_roots(layout, config_.dataplane);
  auto region = region::Region::create(layout);
  if (!region) return tl::unexpected(region.error());
  region_ = std::move(*region);
  const standby::Personality personality{config_.profile.name, config_.profile.management,
                                         config_.profile.role == InitialRole::active};
  if (Status stored = standby::store_personality(region_->profile_page(), personality); !stored)
    return stored;

  dataplane::EalOptions eal{.hugepages = config_.eal.hugepages,
                            .memory_mib = config_.eal.memory_mib,
                            .workers = config_.dataplane.workers,
                            .cores = config_.eal.cores,
                            .log_level = config_.eal.log_level};
  for (const dataplane::PortConfig& port : config_.dataplane.ports)
    if (dataplane::is_pci_address(port.device))
      eal.pci_devices.push_back(dataplane::device_name(port.device));
  if (Status ready = dataplane::init_eal(eal); !ready) return ready;
  auto dataplane = dataplane::Dataplane::create(config_.dataplane, *region_, epochs_, *permit_, clock_);
  if (!dataplane) return tl::unexpected(dataplane.error());
  dataplane_ = std::move(*dataplane);

  running_ = std::make_unique<RunningConfig>(config_.dataplane, *dataplane_, epochs_);
  auto node = Node::create({config_, *region_, *dataplane_, *running_, epochs_, *permit_, clock_});
  if (!node) return tl::unexpected(node.error());
  node_ = std::move(*node);
  make_syslog();
  if (!config_.dataplane.source_nat.empty())
    nat_watch_ = std::make_unique<NatWatch>(
        *dataplane_, [this] { return node_->leads(); }, clock_);
  control_ = std::make_unique<NodeControl>(config_, *region_, *dataplane_, *running_, *node_, fence_.get(),
                                           syslog_.get(), nat_watch_.get(), clock_);
  auto server = mgmt::Server::start(*control_, management_options(config_));
  if (!server) return tl::unexpected(server.error());
  server_ = std::move(*server);
  spdlog::info("management at {}", server_->address());
  if (config_.management.tls == Tls::none && !server_->address().starts_with("unix:"))
    spdlog::warn("node.tls: none. Whoever reaches {} may do everything", server_->address());

  if (Status put = put_fence(); !put) return put;
  if (Status started = dataplane_->start(); !started) return started;
  if (config_.dataplane.function == dataplane::Function::router)
    next_hops_ = std::make_unique<NextHopWatch>(*dataplane_, clock_);
  node_->start();
  if (syslog_) syslog_->start();  // now: the node's thread has taken the files that it is to hold
  return {};
}

void Appliance::stop() {
  if (node_) node_->stop();
  if (server_) server_->shutdown(1s);
  next_hops_.reset();
  if (dataplane_) dataplane_->stop();
  if (syslog_) syslog_->stop();  // with all that was committed
  if (fence_) fence_->detach();  // the ports' sockets are closed: nothing is left that it would keep in
}

}  // namespace stillwater::appliance
