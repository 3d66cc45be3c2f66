#include "standby/personality.h"

#include <array>
#include <cstdint>
#include <cstring>
#include <type_traits>

#include <xxhash.h>

#include "ckpt_engine/wire/frame.h"

namespace stillwater::standby {
namespace {

struct ProfilePage {
  std::array<char, 8> magic;
  std::uint32_t version;
  std::uint32_t prefers_to_lead;
  std::array<char, 64> node;
  std::array<char, 128> management;
  std::uint64_t check;  // XXH3-64 of what stands before it
};
static_assert(sizeof(ProfilePage) == 216 && std::is_trivially_copyable_v<ProfilePage>);
constexpr std::array<char, 8> kProfileMagic = {'S', 'W', 'P', 'R', 'O', 'F', 'I', 'L'};
constexpr std::uint32_t kProfileVersion = 1;

std::uint64_t check_of(const ProfilePage& page) { return XXH3_64bits(&page, offsetof(ProfilePage, check)); }

}  // namespace

Status store_personality(std::span<std::byte> page, const Personality& personality) {
  ProfilePage profile{};
  if (personality.node.size() >= profile.node.size())
    return fail(Errc::invalid_argument, "node.name is longer than 63 characters");
  if (personality.management.size() >= profile.management.size())
    return fail(Errc::invalid_argument, "node.management is longer than 127 characters");
  profile.magic = kProfileMagic;
  profile.version = kProfileVersion;
  profile.prefers_to_lead = personality.prefers_to_lead ? 1 : 0;
  profile.node = wire::padded<64>(personality.node);
  profile.management = wire::padded<128>(personality.management);
  profile.check = check_of(profile);
  std::memcpy(page.data(), &profile, sizeof(profile));
  return {};
}

Result<Personality> load_personality(std::span<const std::byte> page) {
  ProfilePage profile;
  std::memcpy(&profile, page.data(), sizeof(profile));
  if (profile.magic != kProfileMagic) return fail(Errc::corrupt, "protected memory holds no profile");
  if (profile.version != kProfileVersion)
    return fail(Errc::corrupt, "the profile in protected memory has version " +
                                   std::to_string(profile.version) + ", this program reads version " +
                                   std::to_string(kProfileVersion));
  if (profile.check != check_of(profile))
    return fail(Errc::corrupt, "the profile in protected memory is damaged");
  return Personality{wire::text_of(profile.node), wire::text_of(profile.management),
                     profile.prefers_to_lead != 0};
}

}  // namespace stillwater::standby
