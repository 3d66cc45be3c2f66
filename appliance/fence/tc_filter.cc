#include "appliance/fence/tc_filter.h"

#include <cerrno>
#include <cstring>
#include <string_view>

#include <net/if.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "base/fd.h"

namespace stillwater::appliance {
namespace {

constexpr std::uint32_t kPriority = 1;     // before every other filter
constexpr std::uint32_t kHandle = 0x5357;  // "SW"
constexpr std::string_view kProgramName = "sw_fence";

bpf_tc_hook hook_on(unsigned interface_index, bpf_tc_attach_point point = BPF_TC_EGRESS) {
  bpf_tc_hook hook{};
  hook.sz = sizeof(hook);
  hook.ifindex = static_cast<int>(interface_index);
  hook.attach_point = point;
  return hook;
}

bpf_tc_opts our_place() {
  bpf_tc_opts place{};
  place.sz = sizeof(place);
  place.handle = kHandle;
  place.priority = kPriority;
  return place;
}

// 0: unknown.
std::uint32_t id_of(int program_fd) {
  bpf_prog_info info{};
  std::uint32_t bytes = sizeof(info);
  return bpf_obj_get_info_by_fd(program_fd, &info, &bytes) == 0 ? info.id : 0;
}

// A process without CAP_SYS_ADMIN is not told; then the handle has to do. A classic program has no id.
bool may_be_a_fence(std::uint32_t program_id) {
  if (program_id == 0) return false;
  const UniqueFd program(bpf_prog_get_fd_by_id(program_id));
  if (!program) return errno == EPERM;
  bpf_prog_info info{};
  std::uint32_t bytes = sizeof(info);
  return bpf_obj_get_info_by_fd(program.get(), &info, &bytes) == 0 && kProgramName == info.name;
}

// An ingress qdisc takes filters that are meant for egress too, and has them look at what comes in. Nothing
// in its answer says so, but they are found from both sides.
bool is_at_ingress(unsigned interface_index) {
  const bpf_tc_hook hook = hook_on(interface_index, BPF_TC_INGRESS);
  bpf_tc_opts place = our_place();
  return bpf_tc_query(&hook, &place) == 0;
}

std::string name_of_interface(unsigned index) {
  char name[IF_NAMESIZE] = {};
  return if_indextoname(index, name) != nullptr ? name : "interface " + std::to_string(index);
}

tl::unexpected<Error> refused(unsigned interface_index, const std::string& what, int error) {
  const std::string name = name_of_interface(interface_index);
  std::string what_to_do;
  if (error == EPERM)
    what_to_do = "the process needs CAP_NET_ADMIN";
  else if (error == EINVAL || error == EEXIST)
    what_to_do = "another qdisc or filter is in the way (tc qdisc show dev " + name +
                 "; tc filter show dev " + name +
                 " egress): qdisc ingress must be a clsact, and egress priority " +
                 std::to_string(kPriority) + " is the fence's";
  else
    what_to_do = "the kernel needs CONFIG_NET_SCH_INGRESS, CONFIG_NET_CLS_BPF and CONFIG_NET_CLS_ACT";
  return fail(Errc::io, "cannot " + what + " " + name + ": " + std::strerror(error) + "; " + what_to_do);
}

}  // namespace

Result<TcFilter> TcFilter::on(const std::string& interface) {
  if (const unsigned index = if_nametoindex(interface.c_str()); index != 0) return TcFilter(index);
  return fail(
      Errc::invalid_argument,
      "no interface '" + interface + "' in this network namespace; the ports' devices name them (iface=)");
}

Status TcFilter::put(int program_fd) const {
  bpf_tc_hook hook = hook_on(interface_index_);
  if (const int error = bpf_tc_hook_create(&hook); error != 0 && error != -EEXIST)
    return refused(interface_index_, "make a clsact on", -error);
  int error = attach(program_fd, 0);
  if (error == -EEXIST && fence_there()) error = attach(program_fd, BPF_TC_F_REPLACE);
  if (error != 0) return refused(interface_index_, "attach the fence to", -error);
  if (!is_at_ingress(interface_index_)) return {};
  (void)remove();
  return refused(interface_index_, "attach the fence to", EEXIST);
}

int TcFilter::attach(int program_fd, std::uint32_t flags) const {
  const bpf_tc_hook hook = hook_on(interface_index_);
  bpf_tc_opts place = our_place();
  place.prog_fd = program_fd;
  place.flags = flags;
  return bpf_tc_attach(&hook, &place);
}

void TcFilter::remove_if(int program_fd) const {
  if (const auto there = fence_there(); there && *there == id_of(program_fd)) (void)remove();
}

Result<bool> TcFilter::remove_any() const {
  if (!fence_there()) return false;
  if (const int error = remove(); error != 0)
    return refused(interface_index_, "remove the fence of a killed process from", -error);
  return true;
}

std::optional<std::uint32_t> TcFilter::fence_there() const {
  const bpf_tc_hook hook = hook_on(interface_index_);
  bpf_tc_opts place = our_place();
  if (bpf_tc_query(&hook, &place) != 0 || !may_be_a_fence(place.prog_id)) return std::nullopt;
  return place.prog_id;
}

int TcFilter::remove() const {
  const bpf_tc_hook hook = hook_on(interface_index_);
  const bpf_tc_opts place = our_place();
  return bpf_tc_detach(&hook, &place);
}

}  // namespace stillwater::appliance
