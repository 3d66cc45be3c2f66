"""ICMP errors of IPv4: what is in them, and when there is none (RFC 1812 section 4.3.2)."""
from scapy.all import IP, Raw

from cases.common import arp_answer
from cases.icmp import TIME_EXCEEDED, echo4, message4
from cases.ipv4_forward import met
from cases.ipv4_headers import udp
from cases.network import (BEYOND, DEFAULT4, FAR4, HOST, IN4, OUT4, SERVER, VMAC, WAN4,
                           Case, ends, router, two_ports, via)
from cases.options import ROUTER_ALERT, packet4

PATTERN = bytes(range(256)) * 6


def expired(data=b"question", **fields):
    fields = dict(source=HOST.ip4, ttl=1) | fields
    return packet4(payload=data, destination=SERVER.ip4, **fields)


@router
def rfc1812_4_3_2_3_an_error_is_as_long_as_576_bytes_allow():
    """RFC 1812 4.3.2.3: as much of the packet as fits into 576 bytes: 548 of them; a shorter one as a
    whole."""
    case = met()
    for length in (0, 1, 8, 527, 528, 529, 1400):
        case.refused("ttl_expired", HOST, expired(PATTERN[:length]), TIME_EXCEEDED, 0)
    return case


@router
def rfc1812_4_3_2_3_padding_of_the_link_is_not_quoted():
    """RFC 1812 4.3.2.3: the packet is quoted, not the frame's padding."""
    case = met()
    packet = expired(b"four")
    case.dropped("ttl_expired", HOST, packet + bytes(60 - 14 - len(packet)))
    case.told(HOST, packet, TIME_EXCEEDED, 0)
    return case


@router
def rfc1812_4_3_2_3_options_are_quoted_as_they_came():
    """RFC 1812 4.3.2.3: the quoted header is that which came, with TTL, checksum and options; the error has
    none."""
    case = met()
    packet = packet4(ROUTER_ALERT, PATTERN[:100], ttl=1, tos=0x28, identification=0xbeef, flags=2)
    case.refused("ttl_expired", HOST, packet, TIME_EXCEEDED, 0)
    return case


@router
def rfc1812_4_3_2_4_source_is_the_address_towards_the_offender():
    """RFC 1812 4.3.2.4: an address of the interface that the error leaves through: that of the next hop's
    subnet."""
    case = met()
    case.refused("ttl_expired", HOST, udp(ttl=1), TIME_EXCEEDED, 0, source=IN4)
    case.refused("ttl_expired", SERVER, udp(SERVER.ip4, HOST.ip4, ttl=1), TIME_EXCEEDED, 0, source=OUT4)
    case.refused("ttl_expired", SERVER, udp(FAR4, HOST.ip4, ttl=1), TIME_EXCEEDED, 0, source=OUT4)
    return case


@router
def rfc1812_4_3_2_4_an_error_leaves_by_the_route_to_the_offender():
    """RFC 1812 4.3.2.4: which port the packet came by does not matter: the error goes where its source is."""
    case = Case(two_ports(1500, 1500), [via("0.0.0.0/0", BEYOND.ip4)])
    case.meet4(HOST, BEYOND)
    case.dropped("ttl_expired", HOST, udp(FAR4, BEYOND.ip4, ttl=1))
    case.told(BEYOND, udp(FAR4, BEYOND.ip4, ttl=1), TIME_EXCEEDED, 0, source=WAN4)
    return case


@router
def rfc1812_4_3_2_5_an_error_has_precedence_6():
    """RFC 1812 4.3.2.5: errors are internetwork control (0xc0), whatever the packet's own codepoint."""
    case = met()
    for tos in (0, 0x20, 0xb8, 0xff):
        case.refused("ttl_expired", HOST, udp(ttl=1, tos=tos), TIME_EXCEEDED, 0)
    return case


@router
def rfc1812_4_3_2_7_none_about_an_icmp_error():
    """RFC 1812 4.3.2.7: no error about an ICMP error, whatever is wrong with it."""
    case = met([])
    quoted = bytes(udp(SERVER.ip4, HOST.ip4))[:28]
    for kind in (3, 4, 5, 11, 12):
        message = message4(kind, 0, 0, quoted)
        case.dropped("ttl_expired", HOST, IP(src=HOST.ip4, dst=SERVER.ip4, ttl=1, proto=1) / Raw(message))
        case.dropped("no_route", HOST, IP(src=HOST.ip4, dst=FAR4, proto=1) / Raw(message))
    return case


@router
def rfc1812_4_3_2_7_one_about_an_icmp_query():
    """RFC 1812 4.3.2.7: a ping or another question is no error: traceroute by ICMP works."""
    case = met()
    for kind in (0, 8, 13, 14, 17, 30):
        case.refused("ttl_expired", HOST, echo4(HOST.ip4, SERVER.ip4, kind=kind, ttl=1), TIME_EXCEEDED, 0)
    return case


@router
def rfc1812_4_3_2_7_none_about_a_later_fragment():
    """RFC 1812 4.3.2.7: of a packet in pieces the first is told of, and no other."""
    case = met()
    case.refused("ttl_expired", HOST, expired(PATTERN[:64], flags=1), TIME_EXCEEDED, 0)
    for offset, flags in ((8, 1), (16, 0), (1, 0), (8000, 0)):
        case.dropped("ttl_expired", HOST, expired(PATTERN[:8], flags=flags, offset=offset))
    return case


@router
def rfc1812_4_3_2_7_none_to_a_source_that_is_no_host():
    """RFC 1812 4.3.2.7: no error to a subnet's broadcast address or number, nor to where no route leads."""
    case = met([via("198.51.100.0/24", SERVER.ip4), ends("203.0.113.0/24", "blackhole"),
                ends("192.0.2.0/24", "reject")])
    for source in ("10.80.1.255", "10.80.1.0", "10.80.2.255", "203.0.113.1", "192.0.2.1", "172.16.0.1"):
        case.dropped("ttl_expired", HOST, udp(source, "198.51.100.1", ttl=1))
    return case


@router
def rfc1812_4_3_2_8_errors_are_limited():
    """RFC 1812 4.3.2.8: at most so many errors a second after a burst; what is not told is dropped all the
    same."""
    case = met(icmp="{errors_per_s: 20}")
    for seconds, sent, told in ((0, 12, 10), (0.12, 3, 2), (5, 11, 10)):
        case.at(seconds)
        for number in range(sent):
            packet = udp(ttl=1, id=number)
            case.dropped("ttl_expired", HOST, packet)
            if number < told:
                case.told(HOST, packet, TIME_EXCEEDED, 0)
            else:
                case.drop("icmp_error_suppressed")
    return case


@router
def rfc1812_4_3_2_8_what_is_no_error_is_not_limited():
    """RFC 1812 4.3.2.8 is about errors: echo replies and forwarded packets do not wait for them."""
    case = met(icmp="{errors_per_s: 10}")
    for number in range(11):
        packet = udp(ttl=1, id=number)
        case.dropped("ttl_expired", HOST, packet)
        if number < 10:
            case.told(HOST, packet, TIME_EXCEEDED, 0)
    case.drop("icmp_error_suppressed")
    for number in range(20):
        case.sends(HOST, echo4(HOST.ip4, IN4, sequence=number))
        case.gets(HOST, echo4(IN4, HOST.ip4, sequence=number, kind=0))
    case.at(0.01)
    for number in range(20):
        case.passes(HOST, SERVER, udp(id=number))
    return case


@router
def rfc1812_3_3_2_an_error_to_a_neighbour_that_is_not_known_waits():
    """RFC 1812 3.3.2: an error is a packet as any: its next hop is asked for, and it waits for the answer."""
    case = Case(routes=[DEFAULT4])
    case.dropped("ttl_expired", HOST, udp(ttl=1))
    case.ask4(HOST)
    case.send(arp_answer(HOST.ip4, HOST.mac, IN4, VMAC))
    case.drop("arp_done")
    case.told(HOST, udp(ttl=1), TIME_EXCEEDED, 0)
    return case
