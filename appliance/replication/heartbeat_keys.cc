#include "appliance/replication/heartbeat_keys.h"

#include <algorithm>
#include <cstring>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

namespace stillwater::appliance {
namespace {

constexpr std::size_t kNameBytes = 8;
constexpr std::size_t kMacBytes = 16;
static_assert(kNameBytes + kMacBytes == HeartbeatKeys::kTrailer);
constexpr std::size_t kAuthenticated = HeartbeatKeys::kDatagram - kMacBytes;

std::array<std::byte, EVP_MAX_MD_SIZE> hmac_of(const ConnectionSecret& secret,
                                               std::span<const std::byte> bytes) {
  std::array<std::byte, EVP_MAX_MD_SIZE> mac{};
  HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()),
       reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(),
       reinterpret_cast<unsigned char*>(mac.data()), nullptr);
  return mac;
}

}  // namespace

void HeartbeatKeys::learn(const ConnectionSecret& secret) {
  static constexpr std::array kLabel = {std::byte{'n'}, std::byte{'a'}, std::byte{'m'}, std::byte{'e'}};
  Key key{.secret = secret, .name = {}};
  const auto digest = hmac_of(secret, kLabel);
  std::copy_n(digest.begin(), kNameBytes, key.name.begin());
  std::erase_if(keys_, [&](const Key& known) { return known.name == key.name; });
  keys_.push_front(key);
  if (keys_.size() > kKeysMax) keys_.pop_back();
}

std::array<std::byte, kMacBytes> HeartbeatKeys::mac_of(const ConnectionSecret& secret,
                                                       std::span<const std::byte> datagram) const {
  std::array<std::byte, kAuthenticated + 1> bytes;
  std::copy_n(datagram.begin(), kAuthenticated, bytes.begin());
  bytes.back() = std::byte{path_};
  std::array<std::byte, kMacBytes> mac;
  std::copy_n(hmac_of(secret, bytes).begin(), kMacBytes, mac.begin());
  return mac;
}

std::optional<std::array<std::byte, HeartbeatKeys::kDatagram>> HeartbeatKeys::seal(
    const wire::Heartbeat& beat) const {
  if (keys_.empty()) return std::nullopt;
  const Key& key = keys_.front();
  std::array<std::byte, kDatagram> datagram;
  std::memcpy(datagram.data(), &beat, sizeof(beat));
  std::memcpy(datagram.data() + sizeof(beat), key.name.data(), kNameBytes);
  const auto mac = mac_of(key.secret, datagram);
  std::memcpy(datagram.data() + kAuthenticated, mac.data(), kMacBytes);
  return datagram;
}

const HeartbeatKeys::Key* HeartbeatKeys::key_of(std::span<const std::byte> datagram) const {
  if (datagram.size() != kDatagram) return nullptr;
  const auto name = datagram.subspan(sizeof(wire::Heartbeat), kNameBytes);
  const auto key =
      std::ranges::find_if(keys_, [&](const Key& known) { return std::ranges::equal(known.name, name); });
  if (key == keys_.end()) return nullptr;
  const auto mac = mac_of(key->secret, datagram);
  const bool sealed = CRYPTO_memcmp(mac.data(), datagram.data() + kAuthenticated, kMacBytes) == 0;
  return sealed ? &*key : nullptr;
}

std::optional<wire::Heartbeat> HeartbeatKeys::open(std::span<const std::byte> datagram) {
  const Key* const sealed_by = key_of(datagram);
  if (sealed_by == nullptr) return std::nullopt;
  const auto beat = wire::parse_heartbeat(datagram.first(sizeof(wire::Heartbeat)));
  if (!beat || Instant(beat->stamp_ns) <= sealed_by->newest_stamp) return std::nullopt;
  std::ranges::find(keys_, sealed_by->name, &Key::name)->newest_stamp = Instant(beat->stamp_ns);
  return beat;
}

}  // namespace stillwater::appliance
