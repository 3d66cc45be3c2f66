#include "dataplane/datapath/output/resolver.h"

#include <algorithm>

#include "dataplane/datapath/output/arp_frames.h"

namespace stillwater::dataplane {
namespace {

constexpr Nanos kTick = 50ms;

// The own address that shares a subnet with `neighbour_be`.
std::uint32_t source_for(const ServicePort& port, std::uint32_t neighbour_be) {
  const std::uint32_t neighbour = rte_be_to_cpu_32(neighbour_be);
  for (const Ipv4Prefix& subnet : port.subnets)
    if (subnet.contains(neighbour)) return rte_cpu_to_be_32(subnet.address);
  return port.addresses_be.front();
}

}  // namespace

Resolver::Resolver(PacketPool& pool, const Service& service, TxQueues& tx)
    : pool_(pool), service_(service), tx_(tx) {
  questions_.reserve(kNeighboursMax);
}

Resolver::Question* Resolver::find(PortIndex port, std::uint32_t address_be) {
  for (Question& q : questions_)
    if (q.address_be == address_be && q.port == port) return &q;
  return nullptr;
}

bool Resolver::asks_for(PortIndex port, std::uint32_t address_be) const {
  return std::any_of(questions_.begin(), questions_.end(),
                     [&](const Question& q) { return q.address_be == address_be && q.port == port; });
}

Resolver::Question* Resolver::open(PortIndex port, std::uint32_t address_be, Instant now) {
  if (questions_.size() == kNeighboursMax) return nullptr;
  questions_.push_back(
      {.port = port, .address_be = address_be, .next_try = now, .attempts = 0, .count = 0, .packets = {}});
  ask(questions_.back(), now);
  return &questions_.back();
}

void Resolver::ask(Question& question, Instant now) {
  ++question.attempts;
  question.next_try = now + kRetryInterval;
  rte_mbuf* frame = pool_.make();
  if (frame == nullptr) return;
  const ServicePort& port = service_.ports[question.port];
  write_arp_request(*frame, port.mac, source_for(port, question.address_be), question.address_be);
  tx_.send(question.port, frame);
}

void Resolver::wait(PortIndex port, std::uint32_t next_hop_be, rte_mbuf* packet, Instant now) {
  Question* question = find(port, next_hop_be);
  if (question == nullptr) question = open(port, next_hop_be, now);
  if (question == nullptr || question->count == kPacketsPerNeighbour)
    return pool_.drop(packet, DropReason::neighbour_queue_full);
  question->packets[question->count++] = packet;
  ++waiting_;
  pool_.agent().hold(1);
}

void Resolver::refresh(PortIndex port, std::uint32_t next_hop_be, Instant now) {
  if (find(port, next_hop_be) == nullptr) (void)open(port, next_hop_be, now);
}

void Resolver::remove(Question& question) {
  waiting_ -= question.count;
  question = questions_.back();
  questions_.pop_back();
}

void Resolver::drop_packets(Question& question, DropReason why) {
  pool_.agent().unhold(question.count);
  for (unsigned i = 0; i < question.count; ++i) pool_.drop(question.packets[i], why);
}

void Resolver::tick(Instant now) {
  if (questions_.empty() || now < next_tick_) return;
  next_tick_ = now + kTick;
  for (std::size_t i = 0; i < questions_.size();) {
    Question& question = questions_[i];
    if (now < question.next_try) {
      ++i;
    } else if (question.attempts < kAttempts) {
      ask(question, now);
      ++i;
    } else {
      drop_packets(question, DropReason::neighbour_unresolved);
      remove(question);
    }
  }
}

void Resolver::clear(DropReason why) {
  for (; !questions_.empty(); remove(questions_.back())) drop_packets(questions_.back(), why);
}

}  // namespace stillwater::dataplane
