#include "appliance/fence/ebpf_fence.h"

#include <array>
#include <atomic>
#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <string_view>
#include <utility>

#include <linux/pkt_cls.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <fence.skel.h>
#include <spdlog/spdlog.h>

#include "appliance/fence/tc_filter.h"
#include "base/clock.h"

namespace stillwater::appliance {
namespace {

constexpr Nanos kTrial = 60s;  // longer than a start can stand still

std::string or_none() { return "; or set replication.fence to none, and its bound is shown in status"; }

tl::unexpected<Error> not_loaded(int error) {
  std::string what_to_do;
  if (error == EPERM || error == EACCES)
    what_to_do =
        "the process needs CAP_BPF and CAP_NET_ADMIN (before Linux 5.8 CAP_SYS_ADMIN), and before Linux 5.11 "
        "memory that it may lock (ulimit -l, LimitMEMLOCK=)";
  else if (error == ENOMEM)
    what_to_do = "give the process more memory that it may lock (ulimit -l, LimitMEMLOCK=)";
  else
    what_to_do = "the kernel must be Linux 5.8 or later, with CONFIG_BPF_SYSCALL";
  return fail(Errc::io, "fence: ebpf: cannot load its program: " + std::string(std::strerror(error)) + "; " +
                            what_to_do + or_none());
}

// libbpf says on standard error what the daemon says in its own words.
int log_of_libbpf(libbpf_print_level level, const char* format, va_list arguments) {
  if (level == LIBBPF_DEBUG) return 0;
  std::array<char, 512> line{};
  const int size = std::vsnprintf(line.data(), line.size(), format, arguments);
  std::string_view text(line.data());
  if (text.ends_with('\n')) text.remove_suffix(1);
  spdlog::debug("{}", text);
  return size;
}

}  // namespace

struct EbpfFence::Program {
  fence_program* skeleton = nullptr;

  ~Program() { fence_program::destroy(skeleton); }
  [[nodiscard]] int fd() const { return bpf_program__fd(skeleton->progs.sw_fence); }
};

EbpfFence::EbpfFence(std::unique_ptr<Program> program) : program_(std::move(program)) {}

EbpfFence::~EbpfFence() { detach(); }

Result<std::unique_ptr<EbpfFence>> EbpfFence::load() {
  libbpf_set_print(log_of_libbpf);
  auto program = std::make_unique<Program>();
  program->skeleton = fence_program::open_and_load();
  if (program->skeleton == nullptr) return not_loaded(errno);
  std::unique_ptr<EbpfFence> fence(new EbpfFence(std::move(program)));
  return fence->prove().map([&] { return std::move(fence); });
}

// Run by hand before anything hangs on it. What it would find is a clock of this process that is not the
// kernel's (a time namespace), or a page that is not the program's.
Status EbpfFence::prove() {
  const auto verdict_until = [this](Instant until) -> Result<std::uint32_t> {
    std::atomic_ref(until_ns()).store(until.count());
    std::array<std::byte, 64> frame{};
    LIBBPF_OPTS(bpf_test_run_opts, run, .data_in = frame.data(), .data_size_in = frame.size(), .repeat = 1);
    if (const int error = bpf_prog_test_run_opts(program_->fd(), &run); error != 0) return not_loaded(-error);
    return run.retval;
  };
  const Instant now = BootClock().now();
  for (const auto& [until, expected] : {std::pair{now + kTrial, TC_ACT_UNSPEC},
                                        {now, TC_ACT_STOLEN},
                                        {Instant::max(), TC_ACT_UNSPEC},
                                        {Instant::min(), TC_ACT_STOLEN}}) {
    const auto verdict = verdict_until(until);
    if (!verdict) return tl::unexpected(verdict.error());
    if (*verdict != static_cast<std::uint32_t>(expected))
      return fail(
          Errc::failed_precondition,
          "fence: ebpf: its program does not tell time as this process does; start the daemon outside "
          "of a time namespace" +
              or_none());
  }
  program_->skeleton->bss->stolen_frames = 0;
  return {};
}

Status EbpfFence::attach(const std::string& interface) {
  const auto put = [this](const TcFilter& filter) {
    return filter.put(program_->fd()).map([&] { attached_.push_back(filter.interface_index()); });
  };
  return TcFilter::on(interface).and_then(put).map_error([](Error error) {
    error.message = "fence: ebpf: " + error.message + or_none();
    return error;
  });
}

void EbpfFence::detach() {
  for (const unsigned index : attached_) TcFilter(index).remove_if(program_->fd());
  attached_.clear();
}

std::int64_t& EbpfFence::until_ns() {
  static_assert(sizeof(program_->skeleton->data->until_ns) == sizeof(std::int64_t));
  void* const place = &program_->skeleton->data->until_ns;  // another type of 64 bits, which nobody uses here
  return *static_cast<std::int64_t*>(place);
}

std::uint64_t EbpfFence::stolen_frames() const {
  return __atomic_load_n(&program_->skeleton->bss->stolen_frames, __ATOMIC_RELAXED);
}

Result<bool> EbpfFence::remove_leftover(const std::string& interface) {
  libbpf_set_print(log_of_libbpf);
  return TcFilter::on(interface).and_then([](const TcFilter& filter) { return filter.remove_any(); });
}

}  // namespace stillwater::appliance
