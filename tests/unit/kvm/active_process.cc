#include "tests/unit/kvm/active_process.h"

#include <csignal>
#include <cstdio>
#include <deque>

#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <sched.h>

#include "tests/unit/kvm/pair.h"

namespace stillwater::tests {
namespace {

using kvm::guest::Packet;

class SocketTransport final : public wire::Transport {
 public:
  explicit SocketTransport(int fd) : fd_(fd) {}
  [[nodiscard]] Status send(wire::Bytes bytes) override {
    while (!bytes.empty()) {
      const ssize_t n = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (n < 0) return fail_errno("the standby's connection", errno);
      bytes = bytes.subspan(static_cast<std::size_t>(n));
    }
    return {};
  }

 private:
  int fd_;
};

class Active {
 public:
  Active(kvm::Tracking tracking, int client_fd, int replication_fd)
      : g_(tracking), client_fd_(client_fd), replication_fd_(replication_fd), standby_(replication_fd) {}

  [[nodiscard]] Status serve_for_ever() {
    g_.quiesce();
    engine_.lead_from(0);
    g_.resume();
    if (Status synced = engine_.first_sync(standby_, [](std::uint64_t) {}); !synced) return synced;
    for (;;) {
      if (Status heard = hear_standby(); !heard) return heard;
      receive();
      hold_answers();
      release();
      if (Status healthy = g_.guest->vcpu().health(); !healthy) return healthy;
      if (engine_.due(g_.clock.now(), false) != engine::Trigger::none)
        if (Status taken = engine_.checkpoint(standby_); !taken) return taken;
      sched_yield();
    }
  }

 private:
  struct Held {
    Packet packet;
    std::uint64_t epoch;
  };

  [[nodiscard]] Status hear_standby() {
    std::byte buffer[256];
    const ssize_t n = recv(replication_fd_, buffer, sizeof(buffer), MSG_DONTWAIT);
    if (n > 0) heard_.insert(heard_.end(), buffer, buffer + n);
    auto frame = wire::parse(heard_);
    if (!frame) return tl::unexpected(frame.error());
    if (!frame->has_value()) return {};
    const auto ack = wire::body_of<wire::Ack>(**frame);
    heard_.erase(heard_.begin(), heard_.begin() + static_cast<std::ptrdiff_t>(sizeof(wire::FrameHeader) +
                                                                              (*frame)->payload.size()));
    return ack.and_then([&](const wire::Ack& a) { return engine_.acknowledged(a); });
  }

  void receive() {
    Packet packet;
    while (g_.guest->port().waiting() < kvm::guest::kRingPackets / 2 &&
           recv(client_fd_, &packet, sizeof(packet), MSG_DONTWAIT) == sizeof(packet))
      static_cast<void>(g_.guest->port().offer(packet));
  }

  // The epoch is read after the answers: an answer is never held for an epoch before its own.
  void hold_answers() {
    answers_.clear();
    g_.guest->port().take(answers_);
    for (const Packet& answer : answers_) held_.push_back({answer, epochs_.current()});
    if (!answers_.empty()) epochs_.ask_for_checkpoint();
  }

  void release() {
    for (; !held_.empty() && held_.front().epoch <= epochs_.committed(); held_.pop_front())
      static_cast<void>(::send(client_fd_, &held_.front().packet, sizeof(Packet), MSG_NOSIGNAL));
  }

  RunningGuest g_;
  int client_fd_;
  int replication_fd_;
  SocketTransport standby_;
  CommittedEpoch epochs_;
  engine::Policy policy_{.quiesce_timeout = kPatience};
  engine::Engine engine_{
      {*g_.region, g_.guest->tracker(), g_.guest->barrier(), epochs_, g_.clock, make_staging()}, policy_};
  std::vector<std::byte> heard_;
  std::vector<Packet> answers_;
  std::deque<Held> held_;
};

[[noreturn]] void run(kvm::Tracking tracking, int client_fd, int replication_fd) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  try {
    Active active(tracking, client_fd, replication_fd);
    const Status ended = active.serve_for_ever();
    std::fprintf(stderr, "the active ended: %s\n", ended.error().message.c_str());
  } catch (const std::exception& e) {
    std::fprintf(stderr, "the active did not start: %s\n", e.what());
  }
  _exit(1);
}

}  // namespace

ActiveProcess::ActiveProcess(kvm::Tracking tracking) {
  int client[2], replication[2];
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, client) != 0 ||
      socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, replication) != 0)
    throw std::runtime_error("no sockets");
  client_.reset(client[0]);
  replication_.reset(replication[0]);
  pid_ = fork();
  if (pid_ == 0) {
    client_.reset();
    replication_.reset();
    run(tracking, client[1], replication[1]);
  }
  close(client[1]);
  close(replication[1]);
  if (pid_ < 0) throw std::runtime_error("no process");
}

void ActiveProcess::kill() {
  if (pid_ < 0) return;
  ::kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
  pid_ = -1;
}

int ActiveProcess::exit_status() const {
  siginfo_t info{};
  waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT);
  return info.si_pid == 0 ? 0 : info.si_status;
}

}  // namespace stillwater::tests
