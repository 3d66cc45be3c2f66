"""Which route a packet takes, in both families."""
from scapy.all import UDP, IPv6

from cases.common import arp_answer
from cases.icmp import UNREACHABLE, UNREACHABLE6, echo4
from cases.ipv4_forward import met
from cases.ipv4_headers import udp
from cases.network import (DEFAULT4, DEFAULT6, FAR4, FAR6, HOST, IN4, LINK_LOCAL, OUT4, SERVER, SERVER2, VMAC,
                           Case, Station, ends, router, via)
from cases.neighbours import neighbour_answer, neighbour_question


def udp6(source=HOST.ip6, destination=SERVER.ip6, **fields):
    return IPv6(src=source, dst=destination, **fields) / UDP(sport=4000, dport=53) / b"question"


def met6(routes=(DEFAULT6,), **more):
    case = Case(routes=routes, **more)
    case.meet6(HOST, SERVER, SERVER2)
    return case


def twin(station, ip4, ip6):
    """The same machine under another address."""
    return Station(station.mac, ip4, ip6, "", station.gw4, station.gw6)


@router
def rfc1812_5_2_4_3_longest_prefix_wins():
    """RFC 1812 5.2.4.3 (2): of the routes that match, that with the longest prefix."""
    case = met([DEFAULT4, via("198.0.0.0/8", SERVER2.ip4), via("198.51.0.0/16", SERVER.ip4),
                via("198.51.100.0/24", SERVER2.ip4), via("198.51.100.128/25", SERVER.ip4),
                via("198.51.100.200/32", SERVER2.ip4)])
    case.meet4(SERVER2)
    for address, next_hop in (("197.255.255.255", SERVER), ("198.0.0.1", SERVER2),
                              ("198.255.255.254", SERVER2), ("198.51.0.1", SERVER), ("198.51.99.255", SERVER),
                              ("198.51.100.0", SERVER2), ("198.51.100.127", SERVER2),
                              ("198.51.100.128", SERVER), ("198.51.100.199", SERVER),
                              ("198.51.100.200", SERVER2), ("198.51.100.201", SERVER),
                              ("198.51.101.0", SERVER)):
        case.passes(HOST, next_hop, udp(HOST.ip4, address))
    return case


@router
def rfc7608_2_longest_prefix_of_128_bits_wins():
    """RFC 7608 2: an IPv6 prefix has any length up to 128, and the longest that matches is taken."""
    case = met6([DEFAULT6, via("2001:db8:a000::/35", SERVER2.ip6),
                 via("2001:db8:a000::/48", SERVER.ip6),
                 via("2001:db8:a000:1::/64", SERVER2.ip6),
                 via("2001:db8:a000:1::8/125", SERVER.ip6),
                 via("2001:db8:a000:1::9/128", SERVER2.ip6)])
    for address, next_hop in (("2001:db8:c000::1", SERVER), ("2001:db8:bfff::1", SERVER2),
                              ("2001:db8:a000:2::1", SERVER), ("2001:db8:a000:1::7", SERVER2),
                              ("2001:db8:a000:1::8", SERVER), ("2001:db8:a000:1::9", SERVER2),
                              ("2001:db8:a000:1::f", SERVER), ("2001:db8:a000:1::10", SERVER2)):
        case.passes(HOST, next_hop, udp6(HOST.ip6, address))
    return case


@router
def rfc1812_5_2_4_3_default_route_takes_what_is_left():
    """RFC 1812 5.2.4.3: the default route has the shortest prefix; connected subnets come before it."""
    case = met()
    for address in ("8.8.8.8", "1.0.0.0", "223.255.255.255", "10.80.3.1"):
        case.passes(HOST, SERVER, udp(HOST.ip4, address))
    case.passes(SERVER, HOST, udp(FAR4, HOST.ip4))
    return case


@router
def rfc4861_5_2_default_route_takes_what_is_left():
    """RFC 4861 5.2: the same of IPv6."""
    case = met6()
    for address in (FAR6, "2001:db8:3::1", "2600::1"):
        case.passes(HOST, SERVER, udp6(HOST.ip6, address))
    case.passes(SERVER, HOST, udp6(FAR6, HOST.ip6))
    case.at(1)
    case.passes(HOST, SERVER, udp6(HOST.ip6, "fc00::1"))
    return case


@router
def rfc4632_5_1_a_host_route_wins_over_its_subnet():
    """RFC 4632 5.1: a route to one address of a connected subnet is longer than the subnet."""
    case = met([via("10.80.2.77/32", SERVER.ip4)])
    case.passes(HOST, SERVER, udp(HOST.ip4, "10.80.2.77"))
    return case


@router
def rfc1812_5_2_7_1_no_route_is_net_unreachable():
    """RFC 1812 5.2.7.1: without a route to the destination, 3/0 to the source; before its TTL is looked
    at."""
    case = met([])
    case.refused("no_route", HOST, udp(HOST.ip4, FAR4), UNREACHABLE, 0)
    case.refused("no_route", HOST, udp(HOST.ip4, "10.80.3.1", flags="DF", ttl=1), UNREACHABLE, 0)
    return case


@router
def rfc4443_3_1_no_route_is_unreachable():
    """RFC 4443 3.1: the same of IPv6: 1/0."""
    case = met6([])
    case.refused("no_route", HOST, udp6(HOST.ip6, FAR6), UNREACHABLE6, 0)
    case.refused("no_route", HOST, udp6(HOST.ip6, "2001:db8:3::1", hlim=1), UNREACHABLE6, 0)
    return case


@router
def rfc5635_3_blackhole_is_silent():
    """RFC 5635 3.1: what goes to a prefix that is discarded ends without a word; longer prefixes in it
    live."""
    case = met([DEFAULT4, ends("192.0.2.0/24", "blackhole"), via("192.0.2.128/25", SERVER.ip4)])
    for fields in (dict(), dict(ttl=1), dict(flags="DF")):
        case.dropped("blackhole", HOST, udp(HOST.ip4, FAR4, **fields))
    case.passes(HOST, SERVER, udp(HOST.ip4, "192.0.2.129"))
    case.passes(HOST, SERVER, udp(HOST.ip4, "192.0.3.1"))
    return case


@router
def rfc6666_4_blackhole_is_silent():
    """RFC 6666 4: a discard prefix of IPv6, to which packets go without a word."""
    case = met6([DEFAULT6, ends("100::/64", "blackhole")])
    case.dropped("blackhole", HOST, udp6(HOST.ip6, "100::1"))
    case.dropped("blackhole", HOST, udp6(HOST.ip6, "100::ffff:ffff:ffff:ffff", hlim=1))
    case.passes(HOST, SERVER, udp6(HOST.ip6, "100:0:0:1::1"))
    return case


@router
def rfc1812_5_2_7_1_reject_is_administratively_prohibited():
    """RFC 1812 5.2.7.1 (code 13): what the administration forbids, and says so: 3/13."""
    case = met([DEFAULT4, ends("203.0.113.0/24", "reject"), via("203.0.113.9/32", SERVER.ip4)])
    case.refused("rejected", HOST, udp(HOST.ip4, "203.0.113.1"), UNREACHABLE, 13)
    case.refused("rejected", HOST, udp(HOST.ip4, "203.0.113.255", ttl=1), UNREACHABLE, 13)
    case.passes(HOST, SERVER, udp(HOST.ip4, "203.0.113.9"))
    return case


@router
def rfc4443_3_1_reject_route_to_destination():
    """RFC 4443 3.1 (code 6): a route that rejects: 1/6."""
    case = met6([DEFAULT6, ends("2001:db8:bad::/48", "reject")])
    case.refused("rejected", HOST, udp6(HOST.ip6, "2001:db8:bad::1"), UNREACHABLE6, 6)
    case.passes(HOST, SERVER, udp6(HOST.ip6, "2001:db8:bae::1"))
    return case


@router
def rfc1812_5_2_3_own_address_is_ours_under_a_blackhole():
    """RFC 1812 5.2.3: what is for us is delivered before any route is looked for; subnets are longer routes
    too."""
    case = met([ends("10.0.0.0/8", "blackhole")])
    case.sends(HOST, echo4(HOST.ip4, IN4))
    case.gets(HOST, echo4(IN4, HOST.ip4, kind=0))
    case.passes(HOST, SERVER, udp())
    case.dropped("blackhole", HOST, udp(HOST.ip4, "10.80.3.1"))
    return case


@router
def rfc2991_2_flows_over_two_next_hops_keep_their_order():
    """RFC 2991 2: a route with two next hops carries every flow, each in its order. Both are one machine
    here, so that it does not matter which flow takes which."""
    case = met([via("198.51.100.0/24", SERVER.ip4, SERVER2.ip4)])
    case.meet4(twin(SERVER, SERVER2.ip4, SERVER2.ip6))
    for number in range(40):
        packet = udp(HOST.ip4, f"198.51.100.{number % 4 + 1}", id=number)
        packet[UDP].sport = 4000 + number % 8
        case.passes(HOST, SERVER, packet)
    return case


@router
def rfc2991_2_flows_of_ipv6_over_two_next_hops():
    """RFC 2991 2, RFC 6438 2: the same of IPv6."""
    case = Case(routes=[via("2001:db8:5::/48", SERVER.ip6, SERVER2.ip6)])
    case.meet6(HOST, SERVER, twin(SERVER, SERVER2.ip4, SERVER2.ip6))
    for number in range(24):
        case.passes(HOST, SERVER, udp6(HOST.ip6, f"2001:db8:5::{number % 6}", fl=number % 3))
    return case


@router
def rfc1812_5_2_1_2_the_next_hop_is_asked_for_not_the_destination():
    """RFC 1812 5.2.1.2, RFC 826: it is the route's next hop whose MAC address is asked for."""
    case = Case(routes=[DEFAULT4])
    case.meet4(HOST)
    case.sends(HOST, udp(HOST.ip4, FAR4))
    case.sends(HOST, udp(HOST.ip4, "198.51.100.1"))
    case.ask4(SERVER)
    case.send(arp_answer(SERVER.ip4, SERVER.mac, OUT4, VMAC))
    case.drop("arp_done")
    case.gets(SERVER, forwarded_udp(FAR4))
    case.gets(SERVER, forwarded_udp("198.51.100.1"))
    return case


def forwarded_udp(destination):
    return udp(HOST.ip4, destination, ttl=63)


@router
def rfc4291_2_5_6_next_hop_is_a_link_local_address():
    """RFC 4291 2.5.6: routers name each other by link-local addresses: asked for from ours, on the route's
    port."""
    case = Case(routes=[via("2001:db8:6::/48", SERVER.link_local, port="lan")])
    case.meet6(HOST)
    case.sends(HOST, udp6(HOST.ip6, "2001:db8:6::1"))
    case.expect(neighbour_question(LINK_LOCAL, VMAC, SERVER.link_local))
    case.send(neighbour_answer(SERVER.link_local, SERVER.mac, LINK_LOCAL, VMAC))
    case.drop("nd_done")
    case.gets(SERVER, udp6(HOST.ip6, "2001:db8:6::1", hlim=63))
    case.passes(HOST, SERVER, udp6(HOST.ip6, "2001:db8:6::2"))
    return case
