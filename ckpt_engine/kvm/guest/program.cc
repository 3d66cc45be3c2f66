// The guest: a network function that counts packets by key, over an interface agent that can report "none".
// Runs at CPL3 with nothing beneath it; compiled freestanding (meson.build) and loaded at guest::kCode.
#include "ckpt_engine/kvm/guest/layout.h"

namespace stillwater::kvm::guest {
namespace {

std::uint64_t load(const std::uint64_t& word) { return __atomic_load_n(&word, __ATOMIC_ACQUIRE); }
void store(std::uint64_t& word, std::uint64_t value) { __atomic_store_n(&word, value, __ATOMIC_RELEASE); }

// The interface agent. Asked to quiesce it gives no packet, whatever waits in the port (Q3); once the
// function holds none it says so (Q4). It keeps no copy of the port's words: a guest that wakes elsewhere
// finds a port that is as new.
class Agent {
 public:
  Agent(Port& port, State& state) : port_(port), state_(state) {}

  bool receive(Packet& packet) {
    const std::uint64_t request = load(port_.quiesce);
    if (request != 0) {
      if (state_.held == 0 && port_.quiesced != request) store(port_.quiesced, request);
      return false;
    }
    const std::uint64_t tail = port_.rx_tail;
    if (tail == load(port_.rx_head)) return false;
    packet = port_.rx[tail % kRingPackets];
    ++state_.held;
    store(port_.rx_tail, tail + 1);
    return true;
  }

  bool transmit(const Packet& packet) {
    const std::uint64_t head = port_.tx_head;
    if (head - load(port_.tx_tail) == kRingPackets) return false;
    port_.tx[head % kRingPackets] = packet;
    store(port_.tx_head, head + 1);
    --state_.held;
    return true;
  }

 private:
  Port& port_;
  State& state_;
};

void process(State& state, std::byte* memory, Packet& packet) {
  if (packet.kind == Kind::write) {
    for (std::uint64_t page = packet.key; page < packet.key + packet.pages; ++page) {
      const std::uint64_t address = kScratch + page * kPageBytes;
      if (address + kPageBytes > kMemoryBytes) return;
      auto& word = *reinterpret_cast<volatile std::uint64_t*>(memory + address);
      state.scratch_sum += packet.value - word;
      word = packet.value;
    }
    return;
  }
  Counter& counter = state.counters[packet.key % kKeys];
  ++counter.count;
  ++state.counted;
  counter.last_id = packet.id;
  counter.check = check_of(counter.count, counter.last_id);
  packet.value = counter.count;
}

// Takes what there is before it works on any: packets stay inside for several turns.
void turn(Agent& agent, State& state, std::byte* memory) {
  if (state.backlog_count < kBacklogMax) {
    const std::uint64_t last = (state.backlog_first + state.backlog_count) % kBacklogMax;
    if (agent.receive(state.backlog[last])) {
      ++state.backlog_count;
      return;
    }
  }
  if (state.backlog_count == 0) {
    __builtin_ia32_pause();
    return;
  }
  Packet& oldest = state.backlog[state.backlog_first];
  if (state.oldest_is_answered == 0) process(state, memory, oldest);
  state.oldest_is_answered = 1;
  if (!agent.transmit(oldest)) return;  // no room: it stays inside
  state.oldest_is_answered = 0;
  state.backlog_first = (state.backlog_first + 1) % kBacklogMax;
  --state.backlog_count;
}

}  // namespace

// The host starts the vCPU here, at the image's first byte, with the arguments in registers.
extern "C" [[noreturn, gnu::section(".entry")]] void guest_entry(Port* port, State* state,
                                                                 std::byte* memory) {
  Agent agent(*port, *state);
  for (;;) turn(agent, *state, memory);
}

}  // namespace stillwater::kvm::guest
