#include "tests/bench/tls_connection.h"

#include <csignal>
#include <filesystem>

#include <fcntl.h>
#include <poll.h>

#include "appliance/replication/socket.h"
#include "mgmt/pki/authority.h"
#include "tests/bench/checkpointed.h"

namespace stillwater::bench {
namespace {

constexpr Nanos kPatience = 10s;

class TlsConnection final : public Connection {
 public:
  explicit TlsConnection(std::unique_ptr<appliance::Channel> channel) : channel_(std::move(channel)) {
    while (!must(channel_->secure(), "TLS")) wait(channel_->waits_for());
  }
  Status send(wire::Bytes bytes) override {
    return channel_->send_all(bytes, clock_, clock_.now() + kPatience);
  }
  std::size_t receive(std::span<std::byte> into) override {
    for (;;) {
      const auto got = channel_->receive_some(into);
      if (!got) return 0;
      if (*got > 0) return *got;
      wait(POLLIN);
    }
  }

 private:
  void wait(short events) {
    [[maybe_unused]] const bool ready =
        appliance::wait_for(channel_->fd(), events, clock_, clock_.now() + kPatience);
  }

  BootClock clock_;
  std::unique_ptr<appliance::Channel> channel_;
};

}  // namespace

TlsFolder::TlsFolder() : folder_(std::filesystem::temp_directory_path() / "stillwater-bench-XXXXXX") {
  std::signal(SIGPIPE, SIG_IGN);
  if (mkdtemp(folder_.data()) == nullptr)
    must(fail_errno("no folder for certificates", errno), folder_.c_str());
  const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  const mgmt::pki::Validity validity{now - std::chrono::hours(1), now + std::chrono::hours(24)};
  const auto authority = must(mgmt::pki::Authority::create(folder_ + "/pki", "bench", validity), "authority");
  const auto context = [&](const std::string& node, const std::string& peer) {
    const auto issued = must(authority.issue_node(node, {}, validity), "certificate");
    return must(appliance::TlsContext::create({.ca = issued.ca,
                                               .certificate = issued.certificate,
                                               .key = issued.key,
                                               .node = node,
                                               .peer = peer},
                                              [](const std::string&) {}),
                "TLS");
  };
  dialler_ = context("active", "standby");
  acceptor_ = context("standby", "active");
}

TlsFolder::~TlsFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

Connect TlsFolder::over_tls() const {
  return [this](UniqueFd socket, bool dialled) {
    fcntl(socket.get(), F_SETFL, fcntl(socket.get(), F_GETFL) | O_NONBLOCK);
    const auto& context = dialled ? dialler_ : acceptor_;
    return std::make_unique<TlsConnection>(must(context->make(std::move(socket), dialled), "TLS"));
  };
}

}  // namespace stillwater::bench
