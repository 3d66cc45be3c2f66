#include "tests/rig/relay/impaired_path.h"

#include <algorithm>
#include <utility>

#include "tests/rig/wire/frame_view.h"

namespace stillwater::rig {
namespace {

// [0, 1), the same on every machine, which the standard's distributions do not promise.
double unit(std::mt19937_64& random) { return static_cast<double>(random() >> 11U) * 0x1p-53; }

bool matches(const FrameFilter& filter, std::span<const std::byte> bytes) {
  if (filter.ip_protocol == 0 && filter.port == 0) return true;
  const auto frame = FrameView::parse(bytes);
  if (!frame || !frame->ipv4) return false;
  if (filter.ip_protocol != 0 && frame->ipv4->protocol != filter.ip_protocol) return false;
  if (filter.port == 0) return true;
  return frame->ports && (frame->ports->source == filter.port || frame->ports->destination == filter.port);
}

Nanos time_on_line(std::size_t bytes, std::uint64_t rate_bits_per_s) {
  return Nanos(
      static_cast<Nanos::rep>(8e9 * static_cast<double>(bytes) / static_cast<double>(rate_bits_per_s)));
}

}  // namespace

Chooser::Chooser(Selection selection, std::uint64_t seed) : selection_(std::move(selection)), random_(seed) {
  std::sort(selection_.numbers.begin(), selection_.numbers.end());
}

bool Chooser::next() {
  const std::uint64_t number = number_++;
  bool chosen = selection_.every > 0 && (number + 1) % selection_.every == 0;
  while (position_ < selection_.numbers.size() && selection_.numbers[position_] <= number) {
    chosen = chosen || selection_.numbers[position_] == number;
    ++position_;
  }
  if (selection_.probability > 0 && unit(random_) < selection_.probability) chosen = true;
  return chosen;
}

ImpairedPath::ImpairedPath(std::uint64_t seed)
    : seed_(seed), lose_({}, seed), duplicate_({}, seed), reorder_({}, seed), jitter_(seed) {}

void ImpairedPath::set(const Impairment& impairment) {
  impairment_ = impairment;
  // A generator each, so that one impairment does not change what another one chooses.
  lose_ = Chooser(impairment.lose, seed_);
  duplicate_ = Chooser(impairment.duplicate, seed_ + 1);
  reorder_ = Chooser(impairment.reorder, seed_ + 2);
  jitter_.seed(seed_ + 3);
  if (impairment.cut) drop_all_under_way();
}

void ImpairedPath::drop_all_under_way() {
  counts_.cut += under_way_.size() + held_.size();
  under_way_.clear();
  held_.clear();
  bytes_under_way_ = 0;
  line_free_at_ = {};
  last_due_ = {};
}

void ImpairedPath::offer(std::span<const std::byte> bytes, Instant now) {
  ++counts_.offered;
  const bool counted = matches(impairment_.only, bytes);
  const bool lose = counted && lose_.next();
  const bool duplicate = counted && duplicate_.next();
  const bool reorder = counted && reorder_.next();
  if (impairment_.cut) {
    ++counts_.cut;
    return;
  }
  if (lose) {
    ++counts_.lost;
    return;
  }
  if (bytes_under_way_ + bytes.size() > kRoomBytes) {
    ++counts_.overrun;
    return;
  }
  const auto due = crossing(bytes.size(), now);
  if (!due) {
    ++counts_.queue_full;
    return;
  }
  bytes_under_way_ += bytes.size();
  Frame frame{{bytes.begin(), bytes.end()}, *due, duplicate ? 2 : 1};
  if (!reorder) return pass(std::move(frame));
  held_.push_back({std::move(frame), impairment_.reorder_behind, 0});
}

std::optional<Instant> ImpairedPath::crossing(std::size_t bytes, Instant now) {
  Instant over = now;
  if (impairment_.rate_bits_per_s > 0) {
    const Instant begin = std::max(now, line_free_at_);
    const Nanos waiting = time_on_line(impairment_.queue_bytes, impairment_.rate_bits_per_s);
    const Nanos own = time_on_line(bytes, impairment_.rate_bits_per_s);
    if (begin - now + own > waiting) return std::nullopt;
    line_free_at_ = begin + own;
    over = line_free_at_;
  }
  Nanos delay = impairment_.delay;
  if (impairment_.jitter > 0ns) {
    const double share = 2 * unit(jitter_) - 1;
    delay += Nanos(static_cast<Nanos::rep>(share * static_cast<double>(impairment_.jitter.count())));
  }
  return over + std::max(delay, Nanos{0});
}

void ImpairedPath::release(Frame frame) {
  frame.due = std::max(frame.due, last_due_);
  last_due_ = frame.due;
  under_way_.push_back(std::move(frame));
}

void ImpairedPath::pass(Frame frame) {
  release(std::move(frame));
  for (Held& held : held_) ++held.passed;
  release_held([](const Held& held) { return held.passed >= held.behind; });
}

template <class Ready>
void ImpairedPath::release_held(const Ready& ready) {
  for (auto held = held_.begin(); held != held_.end();) {
    if (!ready(*held)) {
      ++held;
      continue;
    }
    if (held->passed > 0) ++counts_.reordered;
    release(std::move(held->frame));
    held = held_.erase(held);
  }
}

std::optional<Instant> ImpairedPath::next_due() const {
  std::optional<Instant> next;
  if (!under_way_.empty()) next = under_way_.front().due;
  for (const Held& held : held_) {
    const Instant given_up = held.frame.due + kHeldAtMost;
    next = std::min(next.value_or(given_up), given_up);
  }
  return next;
}

std::optional<ImpairedPath::Frame> ImpairedPath::take(Instant now) {
  release_held([now](const Held& held) { return held.frame.due + kHeldAtMost <= now; });
  if (under_way_.empty() || under_way_.front().due > now) return std::nullopt;
  Frame frame = std::move(under_way_.front());
  under_way_.pop_front();
  bytes_under_way_ -= frame.bytes.size();
  return frame;
}

void ImpairedPath::sent(const Frame& frame, int copies_sent, Instant now) {
  if (copies_sent == 0) {
    ++counts_.refused;
    return;
  }
  ++counts_.forwarded;
  counts_.duplicated += static_cast<std::uint64_t>(copies_sent - 1);
  counts_.latest = std::max(counts_.latest, now - frame.due);
}

}  // namespace stillwater::rig
