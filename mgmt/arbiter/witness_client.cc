#include "mgmt/arbiter/witness_client.h"

#include "mgmt/arbiter/rules.h"
#include "mgmt/arbiter/witness_connection.h"

namespace stillwater::mgmt::arbiter {

Result<std::unique_ptr<WitnessClient>> WitnessClient::create(const WitnessClientOptions& options) {
  if (const Status ok = check_pair_name(options.pair); !ok) return tl::unexpected(ok.error());
  auto credentials = channel_protection(options.address, {options.tls, options.files});
  if (!credentials) return tl::unexpected(credentials.error());
  return make_wake_fd().map([&](UniqueFd wake) {
    auto connection = std::make_unique<WitnessConnection>(options, std::move(*credentials));
    return std::unique_ptr<WitnessClient>(new WitnessClient(std::move(connection), std::move(wake)));
  });
}

}  // namespace stillwater::mgmt::arbiter
