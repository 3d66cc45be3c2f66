#include "dataplane/datapath/output/resolver.h"

#include <algorithm>

#include "dataplane/datapath/output/arp_frames.h"
#include "dataplane/datapath/output/nd_frames.h"

namespace stillwater::dataplane {
namespace {

constexpr Nanos kTick = 50ms;

}  // namespace

Resolver::Resolver(PacketPool& pool, const Service& service, TxQueues& tx)
    : pool_(pool), service_(service), tx_(tx) {
  questions_.reserve(kNeighboursMax);
}

Resolver::Question* Resolver::find(PortIndex port, const IpAddress& address) {
  for (Question& q : questions_)
    if (q.port == port && q.address == address) return &q;
  return nullptr;
}

bool Resolver::asks_for(PortIndex port, const IpAddress& address) const {
  return std::any_of(questions_.begin(), questions_.end(),
                     [&](const Question& q) { return q.port == port && q.address == address; });
}

Resolver::Question* Resolver::open(PortIndex port, const IpAddress& address,
                                   std::optional<rte_ether_addr> known, Instant now) {
  if (questions_.size() == kNeighboursMax) return nullptr;
  questions_.push_back({.port = port,
                        .address = address,
                        .known = known,
                        .next_try = now,
                        .attempts = 0,
                        .count = 0,
                        .packets = {}});
  ask(questions_.back(), now);
  return &questions_.back();
}

void Resolver::ask(Question& question, Instant now) {
  ++question.attempts;
  question.next_try = now + kRetryInterval;
  (void)ask(question.port, question.address, question.known ? &*question.known : nullptr);
}

bool Resolver::ask(PortIndex index, const IpAddress& address, const rte_ether_addr* known) {
  rte_mbuf* frame = pool_.make();
  if (frame == nullptr) return false;
  const ServicePort& port = service_.ports[index];
  const IpAddress source = port.source_for(address);
  if (address.is_v4())
    write_arp_request(*frame, port.mac, source.v4_be(), address.v4_be(), known);
  else
    write_neighbour_solicitation(*frame, port.mac, source, address, known);
  tx_.send(index, frame);
  return true;
}

void Resolver::wait(PortIndex port, const IpAddress& next_hop, rte_mbuf* packet, Instant now) {
  Question* question = find(port, next_hop);
  if (question == nullptr) question = open(port, next_hop, std::nullopt, now);
  if (question == nullptr || question->count == kPacketsPerNeighbour)
    return pool_.drop(packet, DropReason::neighbour_queue_full);
  question->packets[question->count++] = packet;
  ++waiting_;
  pool_.agent().hold(1);
}

bool Resolver::has_room(PortIndex port, const IpAddress& next_hop, unsigned ahead) const {
  for (const Question& question : questions_)
    if (question.port == port && question.address == next_hop)
      return question.count + ahead < kPacketsPerNeighbour;
  return questions_.size() < kNeighboursMax && ahead < kPacketsPerNeighbour;
}

void Resolver::refresh(PortIndex port, const IpAddress& next_hop, const rte_ether_addr& mac, Instant now) {
  if (find(port, next_hop) == nullptr) (void)open(port, next_hop, mac, now);
}

void Resolver::remove(Question& question) {
  waiting_ -= question.count;
  question = questions_.back();
  questions_.pop_back();
}

std::optional<Resolver::Unanswered> Resolver::tick(Instant now) {
  if (questions_.empty() || now < next_tick_) return std::nullopt;
  for (Question& question : questions_) {
    if (now < question.next_try) continue;
    if (question.attempts < kAttempts) {
      ask(question, now);
      continue;
    }
    const Unanswered unanswered{question.port, question.address, question.count, question.packets};
    pool_.agent().unhold(question.count);
    remove(question);
    return unanswered;
  }
  next_tick_ = now + kTick;
  return std::nullopt;
}

void Resolver::clear(DropReason why) {
  for (; !questions_.empty(); remove(questions_.back())) {
    Question& question = questions_.back();
    pool_.agent().unhold(question.count);
    for (unsigned i = 0; i < question.count; ++i) pool_.drop(question.packets[i], why);
  }
}

}  // namespace stillwater::dataplane
