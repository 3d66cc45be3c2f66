#include "standby/pair/config_exchange.h"

#include <algorithm>
#include <cstring>
#include <span>

namespace stillwater::standby {

void ConfigExchange::change(ConfigBytes delta) {
  if (host_ == nullptr)
    return answer(fail(Errc::failed_precondition, "this node has no configuration beside its file"));
  change_ = Change{.delta = std::move(delta)};
}

void ConfigExchange::answer(Result<std::uint64_t> with) {
  change_.reset();
  answer_ = std::move(with);
}

void ConfigExchange::connected() {
  ++connection_;
  told_ = false;
  awaited_.reset();
  peer_generation_ = 0;
  peer_refusal_.clear();
  outbox_.reset();
  incoming_.reset();
  waiting_.clear();
  reports_.clear();
  if (change_) change_->offered = false;
}

// What came from the peer when it led, and is not being built yet, it never used.
void ConfigExchange::set_leads(bool leads) {
  if (leads == leads_) return;
  leads_ = leads;
  connected();
  if (!leads && change_)
    answer(fail(Errc::unavailable,
                "this node leads no more; the change may have been made, or will be: ask the active"));
}

bool ConfigExchange::peer_is_ready() const {
  return host_ == nullptr || (leads_ && peer_generation_ == wanted());
}

std::uint64_t ConfigExchange::wanted() const {
  return change_ && change_->begun && !change_->failed ? change_->generation : generation_;
}

Status ConfigExchange::part_told(const wire::Frame& frame) {
  wire::ConfigHeader header;
  if (frame.payload.size() < sizeof(header)) return fail(Errc::protocol, "a configuration without a header");
  std::memcpy(&header, frame.payload.data(), sizeof(header));
  if (header.generation == 0 || header.generation >= wire::kConfigGenerationEnd || header.whole > 1 ||
      header.last > 1)
    return fail(Errc::protocol, "a configuration of an unknown kind");
  if (host_ == nullptr) return fail(Errc::protocol, "this node has no configuration beside its file");
  const bool whole = header.whole == 1;
  if (!incoming_) incoming_ = Document{.generation = header.generation, .whole = whole};
  if (incoming_->generation != header.generation || incoming_->whole != whole)
    return fail(Errc::protocol, "parts of two configurations are mixed");
  const auto bytes = frame.payload.subspan(sizeof(header));
  if (incoming_->bytes.size() + bytes.size() > wire::kConfigDocumentMax)
    return fail(Errc::protocol, "a configuration is larger than it may be");
  incoming_->bytes.insert(incoming_->bytes.end(), bytes.begin(), bytes.end());
  if (header.last == 0) return {};
  if (waiting_.size() == kWaitingMax) return fail(Errc::protocol, "more configurations than one can build");
  waiting_.push_back(*std::exchange(incoming_, std::nullopt));
  return {};
}

// A peer that refuses what is used here already is told all of it anew when that has changed.
Status ConfigExchange::built_told(const wire::Frame& frame) {
  wire::ConfigBuiltHeader header;
  if (frame.payload.size() < sizeof(header))
    return fail(Errc::protocol, "a built configuration is cut short");
  std::memcpy(&header, frame.payload.data(), sizeof(header));
  if (header.refused > 1) return fail(Errc::protocol, "a built configuration of an unknown kind");
  if (awaited_ != header.generation) return {};  // of when this node led before
  awaited_.reset();
  if (header.refused == 0) {
    peer_generation_ = header.generation;
    return {};
  }
  const auto words = frame.payload.subspan(sizeof(header));
  std::string reason(reinterpret_cast<const char*>(words.data()), words.size());
  if (change_ && change_->offered && !change_->begun && header.generation == change_->generation)
    answer(fail(Errc::refused, "the standby cannot build it: " + reason));
  else
    peer_refusal_ = std::move(reason);
  return {};
}

Status ConfigExchange::turn(wire::Transport* peer, bool may_succeed) {
  if (host_ == nullptr) return {};
  take_collected(peer != nullptr);
  take_built();
  leads_ ? lead(peer != nullptr, may_succeed) : follow();
  return peer != nullptr ? send_some(*peer) : Status{};
}

void ConfigExchange::take_collected(bool has_peer) {
  if (!collecting_) return;
  auto document = host_->take_collected();
  if (!document) return;
  collecting_ = false;
  if (!leads_ || !has_peer || told_) return;
  tell({.generation = generation_, .whole = true, .bytes = std::move(*document)});
  told_ = true;
}

void ConfigExchange::tell(Document document) {
  awaited_ = document.generation;
  outbox_ = std::move(document);
}

void ConfigExchange::take_built() {
  if (!building_) return;
  const auto how = host_->take_built();
  if (!how) return;
  const Building done = *std::exchange(building_, std::nullopt);
  if (*how) generation_ = done.generation;
  if (done.own) return change_was_built(done, *how);
  if (!leads_ && done.connection == connection_) report(done.generation, *how);
}

// What the peer has built and this node could not is taken back there, by a generation of its own.
void ConfigExchange::change_was_built(const Building& done, const Status& how) {
  if (!how) generation_ = done.generation + 1;
  if (!how || !peer_refusal_.empty() || (change_ && !change_->offered)) {
    told_ = false;
    peer_refusal_.clear();
  }
  if (!change_ || !change_->begun) return;  // it was given up since
  if (how) return answer(done.generation);
  change_->failed = how.error();
}

void ConfigExchange::begin(std::uint64_t generation, bool own, ConfigBytes document, bool whole) {
  building_ = Building{generation, own, connection_};
  host_->build(std::move(document), whole);
}

void ConfigExchange::lead(bool has_peer, bool may_succeed) {
  if (building_ || collecting_) return;
  if (has_peer && !told_ && !awaited_) {
    collecting_ = true;
    return host_->collect();
  }
  if (!change_) return;
  if (change_->failed) {
    if (!may_succeed || peer_is_ready()) answer(tl::unexpected(*change_->failed));
    return;
  }
  if (change_->generation == 0) change_->generation = generation_ + 1;
  if (told_ && !change_->offered && !awaited_ && peer_generation_ == generation_) {
    tell({.generation = change_->generation, .whole = false, .bytes = change_->delta});
    change_->offered = true;
  }
  if (may_succeed && peer_generation_ != change_->generation) return;
  change_->begun = true;
  begin(change_->generation, true, change_->delta, false);
}

void ConfigExchange::follow() {
  while (!building_ && !collecting_ && !waiting_.empty()) {
    Document next = std::move(waiting_.front());
    waiting_.pop_front();
    if (next.whole || next.generation == generation_ + 1)
      begin(next.generation, false, std::move(next.bytes), next.whole);
    else
      report(next.generation, fail(Errc::failed_precondition, "what it changes was not built"));
  }
}

void ConfigExchange::report(std::uint64_t generation, const Status& how) {
  const wire::ConfigBuiltHeader header{.generation = generation, .refused = how ? 0U : 1U, .reserved = 0};
  std::vector<std::byte> payload(sizeof(header));
  std::memcpy(payload.data(), &header, sizeof(header));
  if (!how) {
    const std::string reason = how.error().message.substr(0, wire::kConfigReasonMax);
    const auto words = std::as_bytes(std::span(reason));
    payload.insert(payload.end(), words.begin(), words.end());
  }
  const auto frame = wire::make_frame(wire::Type::config_built, wire::Bytes(payload));
  reports_.insert(reports_.end(), frame.begin(), frame.end());
}

// A part a call, so that checkpoints do not wait for a large document.
Status ConfigExchange::send_some(wire::Transport& peer) {
  if (!reports_.empty()) return peer.send(std::exchange(reports_, {}));
  if (!outbox_) return {};
  Document& document = *outbox_;
  const std::size_t n = std::min<std::size_t>(document.bytes.size() - document.sent, wire::kConfigPartMax);
  const bool last = document.sent + n == document.bytes.size();
  const wire::ConfigHeader header{
      .generation = document.generation, .whole = document.whole ? 1U : 0U, .last = last ? 1U : 0U};
  std::vector<std::byte> payload(sizeof(header) + n);
  std::memcpy(payload.data(), &header, sizeof(header));
  std::copy_n(document.bytes.begin() + static_cast<std::ptrdiff_t>(document.sent), n,
              payload.begin() + sizeof(header));
  document.sent += n;
  if (last) outbox_.reset();
  return peer.send(wire::make_frame(wire::Type::config, wire::Bytes(payload)));
}

}  // namespace stillwater::standby
