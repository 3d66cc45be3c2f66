"""ICMPv6 errors: what is in them, and when there is none (RFC 4443)."""
from scapy.all import IPv6, Raw

from cases.common import BROADCAST
from cases.icmp import TIME_EXCEEDED6, TOO_BIG6, UNREACHABLE6, icmp6, message6
from cases.neighbours import neighbour_answer
from cases.network import (BEYOND, FAR6, HOST, IN6, OUT6, SERVER, VMAC, WAN6,
                           Case, ends, router, two_ports, via)
from cases.routes import met6, udp6

PATTERN = bytes(i * 5 & 0xff for i in range(9000))


def packet6(length, source=HOST.ip6, destination=BEYOND.ip6, **fields):
    """So many bytes in all."""
    return IPv6(src=source, dst=destination, nh=253, **fields) / Raw(PATTERN[:length - 40])


def expired(case, packet, station=HOST, **how):
    case.refused("ttl_expired", station, packet, TIME_EXCEEDED6, 0, **how)


@router
def rfc4443_3_2_packet_too_big():
    """RFC 4443 3.2, RFC 8200 5: longer than the next link's MTU: 2/0 with that MTU; no router fragments."""
    case = Case(two_ports(9000, 1500))
    case.meet6(HOST, BEYOND)
    for length in (1501, 9000):
        case.refused("too_big", HOST, packet6(length), TOO_BIG6, 0, 1500)
    case.passes(HOST, BEYOND, packet6(1500))
    return case


@router
def rfc8200_5_packets_of_the_mtu_pass():
    """RFC 8200 5: what the next link carries in one piece is forwarded: 1280, 1500 and, among jumbo frames,
    9000."""
    case = Case(two_ports(9000, 9000))
    case.meet6(HOST, BEYOND)
    for length in (40, 1280, 1500, 9000):
        case.passes(HOST, BEYOND, packet6(length))
    return case


@router
def rfc8201_4_the_mtu_of_the_way_out_counts():
    """RFC 8201 4: each direction has its own: back to the jumbo link longer packets pass."""
    case = Case(two_ports(1500, 1280))
    case.meet6(HOST, BEYOND)
    case.refused("too_big", HOST, packet6(1281), TOO_BIG6, 0, 1280)
    case.passes(HOST, BEYOND, packet6(1280))
    case.passes(BEYOND, HOST, packet6(1280, BEYOND.ip6, HOST.ip6))
    return case


@router
def rfc4443_2_4_c_an_error_is_as_long_as_1280_bytes_allow():
    """RFC 4443 2.4 (c): as much of the packet as fits into the minimum MTU: 1232 bytes; a shorter one as a
    whole."""
    case = met6()
    for length in (40, 41, 100, 1231, 1232, 1233, 1500):
        expired(case, packet6(length, destination=SERVER.ip6, hlim=1))
    return case


@router
def rfc4443_2_4_c_padding_of_the_link_is_not_quoted():
    """RFC 4443 2.4 (c): the packet is quoted, not the frame's padding."""
    case = met6()
    packet = packet6(41, destination=SERVER.ip6, hlim=1)
    case.dropped("ttl_expired", HOST, bytes(packet) + b"\xaa" * 20)
    case.told(HOST, packet, TIME_EXCEEDED6, 0)
    return case


@router
def rfc4443_2_2_source_is_the_address_towards_the_offender():
    """RFC 4443 2.2 (b): an address of the interface that the error leaves through, chosen by its
    destination."""
    case = met6()
    expired(case, udp6(hlim=1), source=IN6)
    expired(case, udp6(SERVER.ip6, HOST.ip6, hlim=1), SERVER, source=OUT6)
    expired(case, udp6(FAR6, HOST.ip6, hlim=1), SERVER, source=OUT6)
    return case


@router
def rfc4443_2_2_an_error_leaves_by_the_route_to_the_offender():
    """RFC 4443 2.2: as of IPv4: not by the port that its cause came by."""
    case = Case(two_ports(1500, 1500), [via("::/0", BEYOND.ip6)])
    case.meet6(HOST, BEYOND)
    case.dropped("ttl_expired", HOST, udp6(FAR6, BEYOND.ip6, hlim=1))
    case.told(BEYOND, udp6(FAR6, BEYOND.ip6, hlim=1), TIME_EXCEEDED6, 0, source=WAN6)
    return case


@router
def rfc4443_2_4_e_none_about_an_icmpv6_error():
    """RFC 4443 2.4 (e.1, e.2): none about an error, known or not (type below 128), nor about a redirect."""
    case = met6([])
    for kind in (1, 2, 3, 4, 100, 127, 137):
        rest = bytes(udp6(SERVER.ip6, HOST.ip6))
        case.dropped("ttl_expired", HOST, icmp6(HOST.ip6, SERVER.ip6, kind, rest=rest, hlim=1))
        case.dropped("no_route", HOST, icmp6(HOST.ip6, FAR6, kind, rest=rest))
    return case


@router
def rfc4443_2_4_e_none_about_an_error_behind_options():
    """RFC 4443 2.4 (e.1): an error is one as well behind an extension header."""
    case = met6()
    message = message6(HOST.ip6, SERVER.ip6, 1, 0, 0, bytes(udp6(SERVER.ip6, HOST.ip6)))
    options = bytes([58, 0, 1, 4, 0, 0, 0, 0])
    packet = IPv6(src=HOST.ip6, dst=SERVER.ip6, nh=60, hlim=1) / Raw(options + message)
    case.dropped("ttl_expired", HOST, packet)
    return case


@router
def rfc4443_2_4_e_none_about_a_frame_to_many():
    """RFC 4443 2.4 (e.4, e.5): a packet to one host in a frame to many is not forwarded, nobody is told."""
    case = met6()
    for mac in ("33:33:00:00:00:01", BROADCAST):
        for hops in (64, 1):
            case.dropped("not_unicast", HOST, udp6(hlim=hops), dst=mac)
    return case


@router
def rfc4443_2_4_e_one_about_other_icmpv6():
    """RFC 4443 2.4 (e): pings and what else informs are told of: traceroute by ICMPv6 works."""
    case = met6()
    for kind in (128, 129, 130, 144, 200):
        expired(case, icmp6(HOST.ip6, SERVER.ip6, kind, hlim=1))
    return case


@router
def rfc4443_2_4_e_one_about_any_fragment():
    """RFC 4443 2.4: other than in IPv4, a later fragment is told of as the first."""
    case = met6()
    for offset in (1, 8 << 3, 9 << 3 | 1):
        header = bytes([17, 0]) + offset.to_bytes(2, "big") + bytes([0, 0, 0, 7])
        expired(case, IPv6(src=HOST.ip6, dst=SERVER.ip6, nh=44, hlim=1) / Raw(header + bytes(16)))
    return case


@router
def rfc4443_2_4_e_none_to_where_no_route_leads():
    """RFC 4443 2.4: an error goes by the routes, and where there is none, or one that discards, it ends."""
    case = met6([via("2001:db8:5::/48", SERVER.ip6), ends("2001:db8:6::/48", "blackhole"),
                 ends("2001:db8:7::/48", "reject")])
    for source in ("2001:db8:6::1", "2001:db8:7::1", "2001:db8:8::1"):
        case.dropped("ttl_expired", HOST, udp6(source, "2001:db8:5::1", hlim=1))
    return case


@router
def rfc4443_2_4_f_errors_are_limited():
    """RFC 4443 2.4 (f): at most so many errors a second after a burst; the packets are dropped all the
    same."""
    case = met6(icmp="{errors_per_s: 20}")
    for seconds, sent, told in ((0, 13, 10), (0.12, 3, 2), (5, 11, 10)):
        case.at(seconds)
        for number in range(sent):
            packet = udp6(hlim=1, fl=number)
            case.dropped("ttl_expired", HOST, packet)
            if number < told:
                case.told(HOST, packet, TIME_EXCEEDED6, 0)
            else:
                case.drop("icmp_error_suppressed")
    return case


@router
def rfc4861_5_2_an_error_to_a_neighbour_that_is_not_known_waits():
    """RFC 4861 5.2: an error is a packet as any: its next hop is asked for, and it waits for the answer."""
    case = Case()
    case.dropped("ttl_expired", HOST, udp6(hlim=1))
    case.ask6(HOST)
    case.send(neighbour_answer(HOST.ip6, HOST.mac, IN6, VMAC))
    case.drop("nd_done")
    case.told(HOST, udp6(hlim=1), TIME_EXCEEDED6, 0)
    return case


@router
def rfc4443_2_2_error_about_a_packet_to_us_comes_from_where_it_went():
    """RFC 4443 2.2 (a): what is about a packet to one of our addresses comes from that address, on any
    link."""
    case = met6()
    case.refused("not_served", HOST, udp6(HOST.ip6, IN6), UNREACHABLE6, 4, source=IN6)
    case.refused("not_served", HOST, udp6(HOST.ip6, OUT6), UNREACHABLE6, 4, source=OUT6)
    return case
