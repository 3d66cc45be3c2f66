#include "tests/unit/etcd/etcd_server.h"

#include <chrono>
#include <csignal>
#include <stdexcept>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

namespace stillwater::mgmt::etcd::test {

// Bound with SO_REUSEADDR and not listening: a server that sets it too may bind and listen beside it.
HeldPort::HeldPort() : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  const int yes = 1;
  sockaddr_in any{};
  any.sin_family = AF_INET;
  any.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::setsockopt(socket_.get(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes)) != 0 ||
      ::bind(socket_.get(), reinterpret_cast<const sockaddr*>(&any), sizeof(any)) != 0)
    throw std::runtime_error("no free port on the loopback");
}

std::string HeldPort::address() const {
  sockaddr_in bound{};
  socklen_t size = sizeof(bound);
  if (::getsockname(socket_.get(), reinterpret_cast<sockaddr*>(&bound), &size) != 0)
    throw std::runtime_error("the port that is held cannot be read");
  return "127.0.0.1:" + std::to_string(ntohs(bound.sin_port));
}

EtcdServer::EtcdServer(std::optional<TlsFiles> files) : files_(std::move(files)) { start(); }

void EtcdServer::start() {
  const std::string client = (files_ ? "https://" : "http://") + address_;
  const std::string peer = "http://" + peer_port_.address();
  std::vector<std::string> command = {"/usr/bin/etcd",
                                      "--name",
                                      "test",
                                      "--data-dir",
                                      scratch_ / "data",
                                      "--listen-client-urls",
                                      client,
                                      "--advertise-client-urls",
                                      client,
                                      "--listen-peer-urls",
                                      peer,
                                      "--initial-advertise-peer-urls",
                                      peer,
                                      "--initial-cluster",
                                      "test=" + peer,
                                      "--initial-cluster-token",
                                      peer};
  if (files_) {
    const std::vector<std::string> tls = {"--cert-file", files_->cert,         "--key-file",
                                          files_->key,   "--client-cert-auth", "--trusted-ca-file",
                                          files_->ca};
    command.insert(command.end(), tls.begin(), tls.end());
  }
  process_.emplace(command);
}

void EtcdServer::kill() {
  send(SIGKILL);
  static_cast<void>(process_->wait());
}

std::unique_ptr<EtcdClient> EtcdServer::client(Nanos deadline) const {
  return value(
      EtcdClient::create({.endpoints = {address_}, .pair = "edge", .deadline = deadline, .tls = Tls::none}));
}

ArbiterRecord read_at_last(Arbiter& arbiter) {
  const auto end = std::chrono::steady_clock::now() + kPatience;
  for (;;) {
    const auto answer = read(arbiter);
    if (answer.kind == ArbiterAnswer::Kind::record) return answer.newest;
    INFO(answer.why);
    REQUIRE(std::chrono::steady_clock::now() < end);
  }
}

}  // namespace stillwater::mgmt::etcd::test
