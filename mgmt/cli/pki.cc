#include "mgmt/cli/pki.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include "mgmt/cli/json.h"
#include "mgmt/pki/authority.h"

namespace stillwater::mgmt::cli {
namespace {

using std::chrono::days;

// For the other side's clock, which may be slow.
constexpr auto kEarlier = std::chrono::hours(1);

pki::Validity validity_from_now(std::uint32_t length_days) {
  const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  return {now - kEarlier, now + days(length_days)};
}

Result<pki::Issued> make(const Arguments& a) {
  const PkiOptions& o = a.pki;
  const auto validity = validity_from_now(o.days);
  if (a.command == Command::pki_init)
    return pki::Authority::create(o.folder, "Stillwater CA", validity).map([](const pki::Authority& made) {
      return made.own();
    });
  const auto authority = pki::Authority::open(o.folder);
  if (!authority) return tl::unexpected(authority.error());
  if (a.command == Command::pki_node) return authority->issue_node(o.name, o.addresses, validity);
  if (a.command == Command::pki_client) return authority->issue_client(o.name, o.role, validity);
  return authority->renew(o.name, validity);
}

std::string shown(const pki::Issued& made, bool as_json) {
  const auto until = fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", made.validity.until);
  if (as_json) {
    const nlohmann::ordered_json fields{
        {"ca", made.ca}, {"certificate", made.certificate}, {"key", made.key}, {"valid_until", until}};
    return printed(fields);
  }
  return fmt::format("certificate  {}\nkey          {}\nauthority    {}\nvalid until  {}\n", made.certificate,
                     made.key, made.ca, until);
}

}  // namespace

Answer<std::string> carry_out_pki(const Arguments& a) {
  return make(a)
      .map([&](const pki::Issued& made) { return shown(made, a.json); })
      .map_error([](const Error& error) {
        return Failure{Exit::node_refused, error.message};
      });
}

}  // namespace stillwater::mgmt::cli
