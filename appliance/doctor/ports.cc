#include <charconv>

#include <net/if.h>

#include <fmt/format.h>

#include "appliance/config/device.h"
#include "appliance/doctor/checks.h"

namespace stillwater::appliance::doctor {
namespace {

// Drivers of DPDK that go through the kernel's own.
constexpr const char* kBifurcated[] = {"mlx4_core", "mlx5_core", "gve", "mana"};
constexpr const char* kUserspace[] = {"vfio-pci", "uio_pci_generic", "igb_uio"};

template <std::size_t N>
bool is_one_of(const std::string& name, const char* const (&names)[N]) {
  for (const char* known : names)
    if (name == known) return true;
  return false;
}

std::uint64_t hex(const std::string& text) {
  const std::size_t begin = text.starts_with("0x") ? 2 : 0;
  std::uint64_t value = 0;
  std::from_chars(text.data() + begin, text.data() + text.size(), value, 16);
  return value;
}

Finding interface_finding(const Subject& subject, const std::string& port, const std::string& name) {
  const std::string folder = "/sys/class/net/" + name;
  const std::string check = "port " + port;
  if (!subject.host.has(folder))
    return fault(check, "no interface is called " + name, "the daemon does not start",
                 "the interface's name in ports: device (ip link shows them)");
  const std::uint64_t flags = hex(subject.host.line(folder + "/flags").value_or("0"));
  if ((flags & IFF_UP) == 0)
    return fault(check, name + " is down", "no packets, and the node is unfit to lead",
                 "ip link set " + name + " up");
  for (const LocalAddress& one : subject.system.addresses()) {
    if (one.interface != name || one.address.address.is_link_local()) continue;
    return fault(check, name + " has an address of the kernel's",
                 "the kernel answers there too: connections are reset, sessions end",
                 "ip address flush dev " + name + "; the port's addresses belong in the configuration alone");
  }
  if ((flags & IFF_NOARP) == 0)
    return advice(check, name + " has ARP on", "the kernel may answer beside the daemon",
                  "ip link set " + name + " arp off");
  if (subject.host.line(folder + "/carrier").value_or("1") == "0")
    return advice(check, name + " has no link", "the node is unfit to lead while it has none",
                  "the cable, and the switch's port");
  return ok(check, name + " is up, and the daemon's alone");
}

}  // namespace

Findings check_interfaces(const Subject& subject) {
  Findings findings;
  for (const auto& port : subject.config->dataplane.ports)
    if (const auto name = interface_of_port(port)) {
      findings.push_back(interface_finding(subject, port.name, *name));
    } else if (is_of_driver(port.device, "net_af_xdp")) {
      if (const auto xdp = argument_of(port.device, "iface"))
        findings.push_back(interface_finding(subject, port.name, *xdp));
    }
  return findings;
}

Findings check_pci_drivers(const Subject& subject) {
  Findings findings;
  for (const std::string& device : pci_devices(*subject.config)) {
    const std::string folder = "/sys/bus/pci/devices/" + device;
    const std::string check = "driver of " + device;
    if (!subject.host.has(folder)) {
      findings.push_back(fault(check, "there is no such device", "the daemon does not start",
                               "its address in ports: device (dpdk-devbind.py --status-dev net shows them)"));
      continue;
    }
    const std::string driver = subject.host.link_name(folder + "/driver").value_or("none");
    if (is_one_of(driver, kUserspace) || is_one_of(driver, kBifurcated))
      findings.push_back(ok(check, driver));
    else
      findings.push_back(
          fault(check, driver == "none" ? "no driver is bound" : "bound to the kernel's driver " + driver,
                "DPDK does not find the device: the daemon does not start",
                fmt::format(
                    "modprobe vfio-pci; dpdk-devbind.py --bind=vfio-pci {0}; or leave it to the kernel, with "
                    "device: \"net_af_packet0,iface=NAME\", at a fraction of the packets a second",
                    device)));
  }
  return findings;
}

Findings check_iommu(const Subject& subject) {
  const Host& host = subject.host;
  for (const std::string& device : pci_devices(*subject.config)) {
    const std::string folder = "/sys/bus/pci/devices/" + device;
    const std::string driver = host.link_name(folder + "/driver").value_or("");
    if (!is_one_of(driver, kUserspace) || host.has(folder + "/iommu_group")) continue;
    const auto unsafe = host.line("/sys/module/vfio/parameters/enable_unsafe_noiommu_mode");
    if (driver == "vfio-pci" && unsafe != "Y")
      return {fault("iommu", device + " is in no IOMMU group",
                    "vfio-pci does not open it: the daemon does not start",
                    "intel_iommu=on iommu=pt (amd_iommu=on) on the kernel's command line and VT-d in the "
                    "firmware; or, in a "
                    "virtual machine, echo Y > /sys/module/vfio/parameters/enable_unsafe_noiommu_mode")};
    return {advice("iommu", device + " is used without an IOMMU",
                   "a fault of the card or of its driver can write anywhere in the host's memory; and "
                   "stillwater.service lacks CAP_SYS_ADMIN and CAP_SYS_RAWIO for it",
                   "an IOMMU, with vfio-pci; else a drop-in that adds the capabilities")};
  }
  return {
      ok("iommu", pci_devices(*subject.config).empty() ? "no port needs one" : "each card is in a group")};
}

}  // namespace stillwater::appliance::doctor
