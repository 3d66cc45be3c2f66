#include "mgmt/address.h"

#include <charconv>
#include <cstdint>
#include <string_view>

#include <sys/un.h>

namespace stillwater::mgmt {
namespace {

constexpr std::string_view kUnix = "unix:";

Result<Address> parse_unix(const std::string& path) {
  if (path.empty()) return fail(Errc::invalid_argument, "unix: lacks a path; expected unix:PATH");
  constexpr auto longest = sizeof(sockaddr_un::sun_path) - 1;
  if (path.size() > longest) {
    return fail(Errc::invalid_argument, "the socket path '" + path + "' is too long; at most " +
                                            std::to_string(longest) + " bytes are possible");
  }
  return UnixAddress{path};
}

bool is_port(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  return error == std::errc{} && end == text.data() + text.size();
}

bool is_host(std::string_view text) {
  if (text.size() > 2 && text.front() == '[' && text.back() == ']') return true;
  return !text.empty() && text.find_first_of(":/[] ") == std::string_view::npos;
}

}  // namespace

Result<Address> parse_address(const std::string& text) {
  if (text.starts_with(kUnix)) return parse_unix(text.substr(kUnix.size()));
  const auto colon = text.rfind(':');
  if (colon == std::string::npos || !is_host(std::string_view(text).substr(0, colon)) ||
      !is_port(std::string_view(text).substr(colon + 1))) {
    return fail(Errc::invalid_argument, "'" + text +
                                            "' is not an address; expected unix:PATH or ADDRESS:PORT "
                                            "(IPv6 as [ADDRESS]:PORT)");
  }
  return TcpAddress{text};
}

}  // namespace stillwater::mgmt
