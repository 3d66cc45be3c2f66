"""Packets for the router's own IPv6 addresses and groups."""
from scapy.all import TCP, IPv6, Raw

from cases.icmp import PARAMETER6, UNREACHABLE6, echo6, icmp6, message6
from cases.neighbours import ALL_NODES, ALL_ROUTERS, multicast_mac
from cases.network import FAR6, HOST, IN6, LINK_LOCAL, OUT6, SERVER, router
from cases.routes import met6, udp6

PATTERN = bytes(i * 11 & 0xff for i in range(4000))
HOP_BY_HOP, ROUTING, ICMP6, NO_NEXT, DESTINATION = 0, 43, 58, 59, 60
PAD4 = bytes([1, 2, 0, 0])  # PadN of four bytes
ODD = b"an odd number"


def answered(case, station, source, asked, data=ODD, **fields):
    case.sends(station, echo6(source, asked, data, **fields))
    case.gets(station, echo6(asked, source, data, kind=129, hlim=64))


def options(next_header, *content):
    """A hop-by-hop or destination options header."""
    data = b"".join(content)
    data += (b"", b"\0", b"\1\0", b"\1\1\0", b"\1\2\0\0", b"\1\3\0\0\0", b"\1\4\0\0\0\0",
             b"\1\5\0\0\0\0\0")[-(len(data) + 2) % 8]
    return bytes([next_header, (len(data) + 2) // 8 - 1]) + data


def chain(first, headers, message=None, destination=IN6):
    """`headers`, and behind them an echo request to us."""
    if message is None:
        message = message6(HOST.ip6, destination, 128, 0, 7 << 16 | 1, ODD)
    return IPv6(src=HOST.ip6, dst=destination, nh=first) / Raw(b"".join(headers) + message)


def chain_answered(case, first, *headers):
    case.sends(HOST, chain(first, headers))
    case.gets(HOST, echo6(IN6, HOST.ip6, kind=129))


@router
def rfc4443_4_2_echo_is_answered():
    """RFC 4443 4.2: identifier, sequence number and data come back, from the address that was asked."""
    case = met6()
    case.meet6(HOST, link_local=True)
    for station, source, asked in ((HOST, HOST.ip6, IN6), (HOST, HOST.ip6, OUT6), (SERVER, SERVER.ip6, OUT6),
                                   (HOST, HOST.link_local, LINK_LOCAL), (HOST, HOST.link_local, IN6)):
        answered(case, station, source, asked)
    case.sends(HOST, echo6(HOST.ip6, IN6, b"", identifier=0xffff, sequence=0))
    case.gets(HOST, echo6(IN6, HOST.ip6, b"", kind=129, identifier=0xffff, sequence=0))
    return case


@router
def rfc4443_4_2_echo_of_1400_bytes_is_answered():
    """RFC 4443 4.2: all data comes back."""
    case = met6()
    for length in (1, 1400, 1452):
        answered(case, HOST, HOST.ip6, IN6, PATTERN[:length])
    return case


@router
def rfc4443_4_2_echo_from_afar_is_answered_by_the_route():
    """RFC 4443 4.2: the reply goes to the asker by the route there, whatever hops the request had left."""
    case = met6()
    answered(case, SERVER, FAR6, IN6, hlim=3)
    answered(case, SERVER, FAR6, OUT6, hlim=255)
    return case


@router
def rfc4443_4_2_echo_to_all_nodes_is_answered_from_an_address():
    """RFC 4443 4.2: a reply to a group's request comes from an address of the interface, of the asker's
    scope."""
    case = met6()
    case.meet6(HOST, link_local=True)
    for group in (ALL_NODES, ALL_ROUTERS):
        case.sends(HOST, echo6(HOST.link_local, group, hlim=1), dst=multicast_mac(group))
        case.gets(HOST, echo6(LINK_LOCAL, HOST.link_local, kind=129))
    return case


@router
def rfc4443_3_1_udp_to_us_is_port_unreachable():
    """RFC 4443 3.1 (code 4): nobody listens here, on a link-local address neither."""
    case = met6()
    case.meet6(HOST, link_local=True)
    case.refused("not_served", HOST, udp6(HOST.ip6, IN6), UNREACHABLE6, 4)
    packet = udp6(HOST.link_local, LINK_LOCAL, hlim=1)
    case.refused("not_served", HOST, packet, UNREACHABLE6, 4, source=LINK_LOCAL)
    return case


@router
def rfc4443_2_4_e_none_about_a_packet_to_a_group():
    """RFC 4443 2.4 (e.3): nobody is told that a group does not listen."""
    case = met6()
    for group in (ALL_NODES, ALL_ROUTERS, "ff02::1:ff00:1"):
        case.dropped("not_served", HOST, udp6(HOST.ip6, group), dst=multicast_mac(group))
    return case


@router
def rfc9293_3_5_2_ipv6_tcp_to_us_is_silent():
    """RFC 9293 3.5.2 asks a host for a reset; this router offers nothing by TCP and keeps silent."""
    case = met6()
    for flags in ("S", "A", "R", ""):
        case.dropped("not_served", HOST, IPv6(src=HOST.ip6, dst=IN6) / TCP(sport=1, dport=22, flags=flags))
    return case


@router
def rfc4443_2_4_other_icmpv6_to_us_is_silent():
    """RFC 4443 2.4 (a, b): errors about what we did not send and unknown messages end here."""
    case = met6()
    for kind in (1, 2, 3, 4, 100, 129, 138, 200):
        case.dropped("not_served", HOST, icmp6(HOST.ip6, IN6, kind, rest=bytes(udp6(IN6, HOST.ip6))))
    answered(case, HOST, HOST.ip6, IN6)
    return case


@router
def rfc4443_3_4_unknown_next_header_to_us_is_a_parameter_problem():
    """RFC 4443 3.4 (code 1): the pointer is where the value stands that is not known."""
    case = met6()
    for number in (4, 41, 89, 132, 253):
        packet = IPv6(src=HOST.ip6, dst=IN6, nh=number) / Raw(b"payload")
        case.refused("not_served", HOST, packet, PARAMETER6, 1, 6)
    packet = chain(DESTINATION, [options(253, PAD4)])
    case.refused("not_served", HOST, packet, PARAMETER6, 1, 40)
    packet = chain(HOP_BY_HOP, [options(DESTINATION, PAD4), options(253, PAD4)])
    case.refused("not_served", HOST, packet, PARAMETER6, 1, 48)
    return case


@router
def rfc8200_4_hop_by_hop_options_stand_first():
    """RFC 8200 4: a next header of 0 behind another than the IPv6 header is one that is not known: 4/1."""
    case = met6()
    packet = chain(DESTINATION, [options(HOP_BY_HOP, PAD4), options(ICMP6, PAD4)])
    case.refused("bad_options", HOST, packet, PARAMETER6, 1, 40)
    return case


@router
def rfc8200_4_7_nothing_follows_no_next_header():
    """RFC 8200 4.7: 59 is a value that is known: nothing comes after it, and nobody is told."""
    case = met6()
    case.dropped("not_served", HOST, IPv6(src=HOST.ip6, dst=IN6, nh=NO_NEXT) / Raw(b"rest"))
    case.dropped("not_served", HOST, chain(DESTINATION, [options(NO_NEXT, PAD4)]))
    return case


@router
def rfc8200_4_extension_headers_to_us_are_read():
    """RFC 8200 4.1: options and routing headers that ask for nothing, in any order; the reply has none of
    them."""
    case = met6()
    chain_answered(case, HOP_BY_HOP, options(ICMP6, PAD4))
    chain_answered(case, DESTINATION, options(ICMP6, PAD4))
    chain_answered(case, HOP_BY_HOP, options(DESTINATION, bytes(6)), options(ICMP6, b"\1\x0c" + bytes(12)))
    chain_answered(case, HOP_BY_HOP, options(DESTINATION, PAD4), options(ROUTING, PAD4),
                   bytes([DESTINATION, 0, 253, 0, 0, 0, 0, 0]), options(ICMP6, PAD4))
    return case


@router
def rfc8200_4_2_option_that_may_be_skipped():
    """RFC 8200 4.2: an unknown option whose type begins with 00 is passed over."""
    case = met6()
    chain_answered(case, HOP_BY_HOP, options(ICMP6, b"\x1e\x04abcd"))
    chain_answered(case, DESTINATION, options(ICMP6, b"\x3e\x00", b"\x1e\x01a"))
    return case


@router
def rfc8200_4_2_option_that_is_silently_refused():
    """RFC 8200 4.2: an unknown option whose type begins with 01: the packet is dropped without a word."""
    case = met6()
    for first in (HOP_BY_HOP, DESTINATION):
        case.dropped("bad_options", HOST, chain(first, [options(ICMP6, b"\x5e\x04abcd")]))
    return case


@router
def rfc8200_4_2_option_that_is_refused_with_a_word():
    """RFC 8200 4.2: types that begin with 10 and 11: 4/2, which points at the option."""
    case = met6()
    for kind in (b"\x9e", b"\xde"):
        for first in (HOP_BY_HOP, DESTINATION):
            packet = chain(first, [options(ICMP6, kind + b"\x04abcd")])
            case.refused("bad_options", HOST, packet, PARAMETER6, 2, 42)
    packet = chain(HOP_BY_HOP, [options(DESTINATION, PAD4), options(ICMP6, b"\0", PAD4, b"\x9e\x00")])
    case.refused("bad_options", HOST, packet, PARAMETER6, 2, 40 + 8 + 2 + 1 + 4)
    return case


@router
def rfc8200_4_2_option_to_a_group_is_refused_by_its_first_bits():
    """RFC 8200 4.2, RFC 4443 2.4 (e.3): to a group 10 is told of nevertheless, 11 is not."""
    case = met6()
    for kind, is_told in ((b"\x9e", True), (b"\xde", False)):
        packet = chain(DESTINATION, [options(ICMP6, kind + b"\x04abcd")], destination=ALL_NODES)
        case.dropped("bad_options", HOST, packet, dst=multicast_mac(ALL_NODES))
        if is_told:
            case.told(HOST, packet, PARAMETER6, 2, 42)
    return case


@router
def rfc5095_3_routing_header_with_segments_left_is_refused():
    """RFC 5095 3, RFC 8200 4.4: the route of a source is not followed, of no type: 4/0 that points at the
    type."""
    case = met6()
    for kind in (0, 2, 4, 253):
        header = bytes([ICMP6, 2, kind, 1, 0, 0, 0, 0]) + bytes(16)
        case.refused("source_route", HOST, chain(ROUTING, [header]), PARAMETER6, 0, 42)
    header = bytes([ICMP6, 0, 253, 1, 0, 0, 0, 0])
    packet = chain(HOP_BY_HOP, [options(ROUTING, PAD4), header])
    case.refused("source_route", HOST, packet, PARAMETER6, 0, 50)
    return case


@router
def rfc5095_3_routing_header_that_is_used_up_is_passed_over():
    """RFC 5095 3, RFC 8200 4.4: with no segments left it is ignored, whatever its type."""
    case = met6()
    for kind in (0, 2, 253):
        chain_answered(case, ROUTING, bytes([ICMP6, 2, kind, 0, 0, 0, 0, 0]) + bytes(16))
    return case


@router
def rfc8883_1_1_at_most_8_extension_headers():
    """RFC 8883 1.1: a chain is followed as far as a limit, here of eight headers."""
    case = met6()
    chain_answered(case, DESTINATION, *[options(DESTINATION, PAD4)] * 7, options(ICMP6, PAD4))
    nine = [*[options(DESTINATION, PAD4)] * 8, options(ICMP6, PAD4)]
    case.dropped("bad_options", HOST, chain(DESTINATION, nine))
    return case
