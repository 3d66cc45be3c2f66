#include "mgmt/arbiter/etcd_client.h"

#include "mgmt/arbiter/etcd_connection.h"
#include "mgmt/arbiter/rules.h"

namespace stillwater::mgmt::arbiter {

std::string etcd_key(const std::string& pair) { return "/stillwater/pairs/" + pair; }

Result<std::unique_ptr<EtcdClient>> EtcdClient::create(const EtcdClientOptions& options) {
  if (const Status ok = check_pair_name(options.pair); !ok) return tl::unexpected(ok.error());
  if (options.endpoints.empty()) return fail(Errc::invalid_argument, "etcd has no endpoint; expected one");
  std::vector<EtcdEndpoint> endpoints;
  for (const std::string& address : options.endpoints) {
    auto credentials = channel_protection(address, {options.tls, options.files});
    if (!credentials) return tl::unexpected(credentials.error());
    endpoints.push_back({address, std::move(*credentials)});
  }
  return make_wake_fd().map([&](UniqueFd wake) {
    auto connection = std::make_unique<EtcdConnection>(endpoints, etcd_key(options.pair), options.deadline);
    return std::unique_ptr<EtcdClient>(new EtcdClient(std::move(connection), std::move(wake)));
  });
}

}  // namespace stillwater::mgmt::arbiter
