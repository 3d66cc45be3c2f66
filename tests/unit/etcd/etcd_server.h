// A real etcd of one member, on free ports of the loopback, in a folder of its own.
#pragma once

#include <optional>
#include <string>

#include "mgmt/arbiter/etcd_client.h"
#include "tests/unit/mgmt/process.h"
#include "tests/unit/witness/asking.h"
#include "tests/unit/witness/records.h"

namespace stillwater::mgmt::etcd::test {

using arbiter::EtcdClient;
using arbiter::EtcdClientOptions;
// Any arbiter is asked in the same way.
using witness::test::answer_of;
using witness::test::error;
using witness::test::Kind;
using witness::test::kPatience;
using witness::test::read;
using witness::test::record;
using witness::test::swap;
using witness::test::value;

// A free port of the loopback that nobody else is given while this object lives.
class HeldPort {
 public:
  HeldPort();
  [[nodiscard]] std::string address() const;  // 127.0.0.1:PORT

 private:
  UniqueFd socket_;
};

// One thread. Ended with the object.
class EtcdServer {
 public:
  // With `files`, clients need a certificate.
  explicit EtcdServer(std::optional<TlsFiles> files = {});

  // Returns at once. Starts with what an earlier start left.
  void start();
  void send(int signal) const { process_->send(signal); }
  // With SIGKILL, and waits for the end.
  void kill();
  [[nodiscard]] const std::string& address() const { return address_; }

  // Client of the pair "edge". What it is told first may take as long as an etcd needs to start.
  [[nodiscard]] std::unique_ptr<EtcdClient> client(Nanos deadline = kPatience) const;

 private:
  const std::optional<TlsFiles> files_;
  mgmt::test::Scratch scratch_;
  HeldPort client_port_;
  HeldPort peer_port_;
  const std::string address_ = client_port_.address();
  std::optional<mgmt::test::Process> process_;
};

// Reads until there is an answer, at most kPatience.
[[nodiscard]] ArbiterRecord read_at_last(Arbiter& arbiter);

}  // namespace stillwater::mgmt::etcd::test
