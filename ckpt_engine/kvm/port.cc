#include "ckpt_engine/kvm/port.h"

#include <cerrno>
#include <utility>

#include <sys/mman.h>

namespace stillwater::kvm {
namespace {

std::uint64_t load(const std::uint64_t& word) { return __atomic_load_n(&word, __ATOMIC_ACQUIRE); }
void store(std::uint64_t& word, std::uint64_t value) { __atomic_store_n(&word, value, __ATOMIC_RELEASE); }

}  // namespace

Result<Port> Port::create() {
  void* memory = mmap(nullptr, guest::kPortBytes, PROT_READ | PROT_WRITE,
                      MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
  if (memory == MAP_FAILED) return fail_errno("cannot reserve memory for the guest's port", errno);
  Port port(static_cast<guest::Port*>(memory));
  store(port.port_->quiesce, port.request_);
  return port;
}

Port::Port(Port&& other) noexcept : port_(std::exchange(other.port_, nullptr)), request_(other.request_) {}

Port::~Port() {
  if (port_ != nullptr) munmap(port_, guest::kPortBytes);
}

std::span<std::byte> Port::memory() const { return {reinterpret_cast<std::byte*>(port_), guest::kPortBytes}; }

bool Port::offer(const guest::Packet& packet) {
  if (waiting() == guest::kRingPackets) return false;
  port_->rx[port_->rx_head % guest::kRingPackets] = packet;
  store(port_->rx_head, port_->rx_head + 1);
  return true;
}

std::uint64_t Port::waiting() const { return port_->rx_head - load(port_->rx_tail); }

void Port::take(std::vector<guest::Packet>& out) {
  const std::uint64_t head = load(port_->tx_head);
  std::uint64_t tail = port_->tx_tail;
  for (; tail != head; ++tail) out.push_back(port_->tx[tail % guest::kRingPackets]);
  store(port_->tx_tail, tail);
}

void Port::request_quiesce() { store(port_->quiesce, ++request_); }

bool Port::quiesced() const { return load(port_->quiesced) == request_; }

void Port::restart() { store(port_->quiesce, 0); }

}  // namespace stillwater::kvm
