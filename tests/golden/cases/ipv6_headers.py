"""What the router does not take for an IPv6 packet, or not from or for there; what changes in others."""
from scapy.all import TCP, IPv6, Raw

from cases.icmp import TIME_EXCEEDED6, UNREACHABLE6, echo6
from cases.neighbours import multicast_mac
from cases.network import (BEYOND, FAR6, HOST, HOST2, IN6, LINK_LOCAL, OUT6, SERVER, Case, forwarded, router,
                           two_ports)
from cases.routes import met6, udp6


def dropped_all(reason, packets, **ether):
    """All of `packets` are dropped in silence; one that is in order passes after them."""
    case = met6()
    for packet in packets:
        case.dropped(reason, HOST, packet, type=0x86dd, **ether)
    case.passes(HOST, SERVER, udp6(fl=77))
    return case


@router
def rfc8200_3_version_other_than_6_dropped():
    """RFC 8200 3: an Ethernet type of IPv6 with another version in the header is dropped."""
    return dropped_all("bad_version", [udp6(version=v) for v in (0, 4, 5, 7, 15)])


@router
def rfc8200_3_frame_ends_in_the_header_dropped():
    """RFC 8200 3: a frame without room for the 40 bytes of the header is dropped."""
    return dropped_all("truncated", [bytes(udp6())[:n] for n in (0, 1, 8, 39)])


@router
def rfc8200_3_payload_length_past_the_frame_dropped():
    """RFC 8200 3: a packet that says to be longer than what has arrived is dropped."""
    return dropped_all("bad_total_length", [udp6(plen=17), udp6(plen=1460), udp6(plen=65535)])


@router
def rfc8200_3_padding_of_the_link_is_not_forwarded():
    """RFC 8200 3: what follows the payload in its frame does not travel on; a packet may have no payload."""
    case = met6()
    for packet in (udp6(), IPv6(src=HOST.ip6, dst=SERVER.ip6, nh=59)):
        case.sends(HOST, bytes(packet) + b"\xaa" * 9)
        case.gets(SERVER, forwarded(packet))
    return case


@router
def rfc4291_2_5_2_unspecified_source_dropped():
    """RFC 4291 2.5.2: no router forwards, or answers, what comes from nobody."""
    return dropped_all("martian_source", [udp6("::"), udp6("::", hlim=1), echo6("::", IN6)])


@router
def rfc4291_2_7_multicast_source_dropped():
    """RFC 4291 2.7: a group is no source."""
    return dropped_all("martian_source", [udp6("ff02::1"), udp6("ff0e::1", hlim=1), echo6("ff02::1", IN6)])


@router
def rfc4291_2_5_3_loopback_and_mapped_sources_dropped():
    """RFC 4291 2.5.3, RFC 4942 2.2: the loopback address and IPv4-mapped ones are on no wire."""
    return dropped_all("martian_source", [udp6("::1"), udp6("::ffff:10.80.1.2"), echo6("::1", IN6),
                                          udp6("::ffff:192.0.2.1", hlim=1)])


@router
def rfc4291_2_5_2_martian_destinations_dropped():
    """RFC 4291 2.5.2, 2.5.3: nobody, the loopback address and IPv4-mapped addresses are no destinations."""
    destinations = ("::", "::1", "::ffff:10.80.2.2")
    packets = [udp6(HOST.ip6, to, hlim=hops) for to in destinations for hops in (64, 1)]
    return dropped_all("martian_destination", packets)


@router
def rfc2827_own_ipv6_address_as_source_dropped():
    """RFC 2827 in our own case: nobody else sends from an address of ours, link-local or not; nor to itself
    (LAND)."""
    land = IPv6(src=IN6, dst=IN6) / TCP(sport=139, dport=139, flags="S")
    return dropped_all("martian_source", [land, udp6(IN6), udp6(OUT6, HOST2.ip6), echo6(IN6, OUT6),
                                          echo6(LINK_LOCAL, LINK_LOCAL)])


@router
def rfc4291_2_7_multicast_is_not_forwarded():
    """RFC 4291 2.7: without multicast routing a packet to a group that the router is not in goes nowhere."""
    case = met6()
    for group in ("ff02::5", "ff05::2", "ff0e::1", "ff02::1:ff12:3456"):
        case.dropped("not_joined", HOST, udp6(HOST.ip6, group), dst=multicast_mac(group))
    case.dropped("not_joined", HOST, udp6(HOST.ip6, "ff0e::1", hlim=1), dst=multicast_mac("ff0e::1"))
    return case


@router
def rfc4291_2_5_6_link_local_source_is_told_beyond_scope():
    """RFC 4291 2.5.6, RFC 4443 3.1 (code 2): what comes from a link-local address stays on its link: 1/2."""
    case = met6()
    case.meet6(HOST, link_local=True)
    for destination in (SERVER.ip6, FAR6, HOST2.ip6):
        packet = udp6(HOST.link_local, destination)
        case.refused("beyond_scope", HOST, packet, UNREACHABLE6, 2, source=LINK_LOCAL)
    return case


@router
def rfc4291_2_5_6_link_local_destination_is_not_forwarded():
    """RFC 4291 2.5.6: what is for somebody's link-local address is not forwarded, not even on its own
    link."""
    case = met6()
    case.meet6(HOST, link_local=True)
    for source in (HOST.ip6, HOST.link_local):
        for destination in (HOST2.link_local, "fe80::1", "fe80:1::1", "febf::1"):
            case.dropped("beyond_scope", HOST, udp6(source, destination))
    return case


@router
def rfc8200_3_forwarded_with_a_hop_less():
    """RFC 8200 3: one hop less, the next hop's MAC address, nothing else; also back through the port it came
    by."""
    case = met6()
    case.meet6(HOST2)
    for hops in (255, 64, 2):
        case.passes(HOST, SERVER, udp6(hlim=hops))
    case.passes(SERVER, HOST, udp6(FAR6, HOST.ip6))
    case.passes(HOST, SERVER, udp6(HOST.ip6, FAR6))
    case.passes(HOST, HOST2, udp6(HOST.ip6, HOST2.ip6))
    case.passes(HOST, SERVER, echo6(HOST.ip6, SERVER.ip6))
    return case


@router
def rfc2464_6_each_port_has_its_own_mac():
    """RFC 2464 6: as of IPv4: a port takes frames for its own MAC address alone."""
    case = Case(two_ports(1500, 1500))
    case.meet6(HOST, BEYOND)
    case.passes(HOST, BEYOND, udp6(HOST.ip6, BEYOND.ip6))
    case.passes(BEYOND, HOST, udp6(BEYOND.ip6, HOST.ip6))
    case.dropped("not_our_mac", HOST, udp6(HOST.ip6, BEYOND.ip6), dst=BEYOND.vmac)
    return case


@router
def rfc4443_3_3_hop_limit_of_1_is_not_forwarded():
    """RFC 4443 3.3: the last hop is spent: 3/0; the same of a hop limit of 0, which nobody may send."""
    case = met6()
    for hops in (1, 0):
        case.refused("ttl_expired", HOST, udp6(hlim=hops), TIME_EXCEEDED6, 0)
    case.refused("ttl_expired", HOST, udp6(HOST.ip6, FAR6, hlim=1), TIME_EXCEEDED6, 0)
    return case


@router
def rfc8200_3_hop_limit_of_1_to_us_is_taken():
    """RFC 8200 3: a packet that has arrived needs no further hop."""
    case = met6()
    for hops in (1, 0):
        case.sends(HOST, echo6(HOST.ip6, IN6, hlim=hops))
        case.gets(HOST, echo6(IN6, HOST.ip6, kind=129, hlim=64))
    return case


@router
def rfc6437_3_flow_label_is_kept():
    """RFC 6437 3: a flow label that is set is forwarded unchanged, and one of 0 is left."""
    case = met6()
    for label in (0, 1, 0xabcde, 0xfffff):
        case.passes(HOST, SERVER, udp6(fl=label))
    return case


@router
def rfc2474_3_traffic_class_is_kept():
    """RFC 2474 3, RFC 3168 5: codepoint and ECN of an IPv6 packet are left as they are."""
    case = met6()
    for traffic_class in (0, 1, 2, 3, 0xb8, 0xbb, 0xff):
        case.passes(HOST, SERVER, udp6(tc=traffic_class))
    return case


@router
def rfc8200_4_extension_headers_pass_unread():
    """RFC 8200 4: on the way no extension header is looked at: options, routing, fragments, unknown,
    broken."""
    case = met6()
    unknown_option = bytes([17, 0, 0xde, 4, 0, 0, 0, 0])
    routing = bytes([17, 2, 0, 1, 0, 0, 0, 0]) + bytes(16)
    first_piece, later_piece = bytes([17, 0, 0, 1, 0, 0, 0, 7]), bytes([17, 0, 5, 0x20, 0, 0, 0, 7])
    for first, header in ((0, unknown_option), (60, unknown_option), (43, routing), (44, first_piece),
                          (44, later_piece), (51, bytes([17, 4]) + bytes(22)), (0, bytes([17, 255])),
                          (253, b"any"), (135, bytes([59, 0]) + bytes(6)), (59, b"rest")):
        case.passes(HOST, SERVER, IPv6(src=HOST.ip6, dst=SERVER.ip6, nh=first) / Raw(header + bytes(8)))
    return case
