#include "appliance/node/arbiters.h"

#include "mgmt/arbiter/etcd_client.h"
#include "mgmt/arbiter/witness_client.h"

namespace stillwater::appliance {
namespace {

// `options`, but for where the arbiter is, as `section` of the configuration has them.
template <class Options, class Section>
Options with_common(Options options, const Section& section) {
  options.pair = section.pair;
  options.deadline = section.timeout;
  options.tls = section.tls == Tls::none ? mgmt::Tls::none : mgmt::Tls::required;
  if (!section.tls_ca.empty())
    options.files = mgmt::TlsFiles{section.tls_ca, section.tls_certificate, section.tls_key};
  return options;
}

template <class Client>
Result<std::unique_ptr<Arbiter>> as_arbiter(Result<std::unique_ptr<Client>> client) {
  if (!client) return tl::unexpected(client.error());
  return std::move(*client);
}

}  // namespace

Result<std::unique_ptr<Arbiter>> arbiter_of(const Config& config) {
  using mgmt::arbiter::EtcdClient;
  using mgmt::arbiter::EtcdClientOptions;
  using mgmt::arbiter::WitnessClient;
  using mgmt::arbiter::WitnessClientOptions;
  switch (config.arbiter) {
    case ArbiterKind::none:
      return nullptr;
    case ArbiterKind::witness: {
      const WitnessClientOptions where{.address = config.witness.address, .pair = {}};
      return as_arbiter(WitnessClient::create(with_common(where, config.witness)));
    }
    case ArbiterKind::etcd: {
      const EtcdClientOptions where{.endpoints = config.etcd.endpoints, .pair = {}};
      return as_arbiter(EtcdClient::create(with_common(where, config.etcd)));
    }
  }
  return nullptr;
}

}  // namespace stillwater::appliance
