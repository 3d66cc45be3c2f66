#include "dataplane/control/icmp_words.h"

#include "dataplane/datapath/icmp/icmp_types.h"

namespace stillwater::dataplane {
namespace {

struct Words {
  std::uint8_t type;
  std::uint8_t code;
  const char* words;
};

// Of errors that are told here; other codes are known by their type.
constexpr Words kIpv4[] = {{3, 0, "network unreachable"},    {3, 1, "host unreachable"},
                           {3, 2, "protocol unreachable"},   {3, 3, "port unreachable"},
                           {3, 4, "fragmentation needed"},   {3, 13, "administratively prohibited"},
                           {11, 0, "time to live exceeded"}, {11, 1, "reassembly time exceeded"},
                           {12, 0, "parameter problem"}};
constexpr Words kIpv6[] = {{1, 0, "no route to the destination"},
                           {1, 2, "beyond the scope of the source address"},
                           {1, 3, "address unreachable"},
                           {1, 4, "port unreachable"},
                           {1, 6, "the route rejects"},
                           {2, 0, "packet too big"},
                           {3, 0, "hop limit exceeded"},
                           {3, 1, "reassembly time exceeded"},
                           {4, 0, "wrong header field"},
                           {4, 1, "unknown next header"},
                           {4, 2, "unknown option"}};

template <std::size_t n>
const char* find(const Words (&table)[n], const IcmpError& error) {
  for (const Words& words : table)
    if (words.type == error.type && words.code == error.code) return words.words;
  return "error";
}

}  // namespace

std::string icmp_words(bool is_v4, const IcmpError& error) {
  std::string text = std::string(is_v4 ? "ICMP " : "ICMPv6 ") + std::to_string(error.type) + "/" +
                     std::to_string(error.code) + ", " + (is_v4 ? find(kIpv4, error) : find(kIpv6, error));
  const bool has_mtu = is_v4 ? error.type == 3 && error.code == 4 : error.type == icmp6::kPacketTooBig;
  if (has_mtu) text += ", MTU " + std::to_string(error.rest);
  return text;
}

}  // namespace stillwater::dataplane
