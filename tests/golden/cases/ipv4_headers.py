"""What the router does not take for an IPv4 packet, or not from or for there."""
from scapy.all import IP, TCP, UDP, Ether, IPOption_Router_Alert

from cases.common import BROADCAST, internet_checksum
from cases.icmp import echo4
from cases.network import (BEYOND, HOST, HOST2, IN4, ONE_PORT, OUT4, SERVER, VMAC, Case, Station, forwarded,
                           router, two_ports)

QUESTION = UDP(sport=4000, dport=53) / b"question"


def udp(source=HOST.ip4, destination=SERVER.ip4, **fields):
    return IP(src=source, dst=destination, **fields) / QUESTION


def dropped_all(reason, packets, **ether):
    """All of `packets` are dropped in silence; one that is in order passes after them."""
    case = Case()
    case.meet4(HOST, HOST2, SERVER)
    for packet in packets:
        case.dropped(reason, HOST, packet, **ether)
    case.passes(HOST, SERVER, udp(id=77))
    return case


@router
def rfc1812_5_2_2_version_other_than_4_dropped():
    """RFC 1812 5.2.2 (3): an Ethernet type of IPv4 with another version in the header is dropped in
    silence."""
    return dropped_all("bad_version", [udp(version=v) for v in (0, 3, 5, 6, 15)])


@router
def rfc1812_5_2_2_header_length_below_20_dropped():
    """RFC 1812 5.2.2 (4): a header that says to be shorter than 20 bytes is dropped."""
    return dropped_all("bad_header_length", [udp(ihl=words) for words in range(5)])


@router
def rfc1812_5_2_2_frame_ends_in_the_header_dropped():
    """RFC 1812 5.2.2 (1): a frame without room for the header, or for the options that it says, is
    dropped."""
    case = dropped_all("truncated", [bytes(udp())[:n] for n in (0, 1, 19)] + [bytes(udp(ihl=15))[:28]])
    case.send(bytes(Ether(src=HOST.mac, dst=VMAC, type=0x0800))[:13])
    case.drop("truncated")
    return case


@router
def rfc1812_5_2_2_total_length_below_the_header_dropped():
    """RFC 1812 5.2.2 (5): a total length that does not hold the header, options included, is dropped."""
    with_option = dict(options=[IPOption_Router_Alert()])
    return dropped_all("bad_total_length", [udp(len=0), udp(len=19), udp(len=20, **with_option),
                                            udp(len=23, **with_option)])


@router
def rfc791_3_1_total_length_past_the_frame_dropped():
    """RFC 791 3.1: a packet that says to be longer than what has arrived is dropped."""
    length = len(bytes(udp()))
    return dropped_all("bad_total_length", [udp(len=length + 1), udp(len=1500), udp(len=65535)])


@router
def rfc1812_5_2_2_wrong_header_checksum_dropped():
    """RFC 1812 5.2.2 (2): a wrong header checksum, by one bit or all, to others or to us, is dropped."""
    right = internet_checksum(bytes(udp(chksum=0))[:20])
    return dropped_all("bad_checksum", [udp(chksum=right ^ 1), udp(chksum=right ^ 0x8000), udp(chksum=0),
                                        udp(chksum=0xffff), echo4(HOST.ip4, IN4, chksum=0x1234)])


@router
def rfc1624_3_updated_checksum_is_0_not_minus_0():
    """RFC 1624 3: where the header's checksum after the hop is 0, it is written as 0x0000, not as 0xffff."""
    case = Case()
    case.meet4(HOST, SERVER)
    for first in range(0x10000):
        after = bytes(udp(id=first, ttl=63, chksum=0))[:20]
        if internet_checksum(after) == 0:
            case.passes(HOST, SERVER, udp(id=first))
            return case
    raise AssertionError("no such identification")


@router
def rfc894_padding_of_the_link_is_not_forwarded():
    """RFC 894: what follows the packet in its frame pads the link it came by, and does not travel on."""
    case = Case()
    case.meet4(HOST, SERVER)
    for packet in (IP(src=HOST.ip4, dst=SERVER.ip4, proto=253), udp(), udp(len=24)):
        raw = bytes(packet)
        case.sends(HOST, raw + b"\xaa" * (60 - len(raw)))
        case.gets(SERVER, forwarded(raw[:int.from_bytes(raw[2:4], "big")]))
    return case


@router
def rfc1812_5_3_7_martian_sources_dropped():
    """RFC 1812 5.3.7 with 4.2.2.11: sources that are no host's: this network, loopback, multicast,
    reserved."""
    sources = ("0.0.0.0", "0.1.2.3", "127.0.0.1", "127.255.255.254", "224.0.0.1", "239.255.255.255",
               "240.0.0.1", "255.255.255.254", "255.255.255.255")
    return dropped_all("martian_source", [udp(source, ttl=1) for source in sources])


@router
def rfc1812_5_3_7_martian_destinations_dropped():
    """RFC 1812 5.3.7: destinations that nobody can have: this network, loopback, multicast by unicast frame,
    reserved, everybody."""
    destinations = ("0.0.0.0", "0.255.0.1", "127.0.0.1", "127.1.2.3", "224.0.0.5", "239.1.1.1", "240.0.0.1",
                    "255.255.255.255")
    return dropped_all("martian_destination", [udp(HOST.ip4, to, ttl=1) for to in destinations])


@router
def rfc1812_5_3_8_own_address_as_source_dropped():
    """RFC 1812 5.3.8: nobody else sends from an address of ours, on any link; nor to itself (LAND)."""
    land = IP(src=IN4, dst=IN4) / TCP(sport=139, dport=139, flags="S")
    return dropped_all("martian_source", [land, udp(IN4), udp(OUT4, HOST2.ip4), echo4(IN4, OUT4),
                                          echo4(OUT4, OUT4), udp(IN4, ttl=1)])


@router
def rfc1812_5_3_5_2_directed_broadcast_not_forwarded():
    """RFC 1812 5.3.5.2 as RFC 2644 has it: neither to a subnet's broadcast address nor to its number, and no
    answer to a ping."""
    edges = ("10.80.1.255", "10.80.2.255", "10.80.1.0", "10.80.2.0")
    return dropped_all("martian_destination", [udp(HOST.ip4, edge) for edge in edges] +
                       [echo4(HOST.ip4, "10.80.1.255"), udp(HOST.ip4, "10.80.2.255", ttl=1)])


@router
def rfc3021_2_1_both_ends_of_a_31_are_hosts():
    """RFC 3021 2.1, 2.2: a /31 has neither broadcast address nor number: both of its addresses are hosts."""
    rows = [ONE_PORT[0].replace(f"{OUT4}/24", "10.80.9.0/31, 10.80.9.5/31")]
    case = Case(rows)
    upper = Station("02:00:00:00:09:01", "10.80.9.1", "", "", "10.80.9.0", "")
    lower = Station("02:00:00:00:09:04", "10.80.9.4", "", "", "10.80.9.5", "")
    case.meet4(HOST, upper, lower)
    case.passes(HOST, upper, udp(HOST.ip4, upper.ip4))
    case.passes(upper, lower, udp(upper.ip4, lower.ip4))
    case.passes(lower, HOST, udp(lower.ip4, HOST.ip4))
    case.sends(upper, echo4(upper.ip4, "10.80.9.0", id=3))
    case.gets(upper, echo4("10.80.9.0", upper.ip4, kind=0, id=3))
    return case


@router
def rfc1812_5_3_4_link_broadcast_not_forwarded():
    """RFC 1812 5.3.4: a packet to one host in a frame to many is not forwarded, not answered, not told of."""
    case = dropped_all("not_unicast", [udp(), udp(ttl=1), udp(HOST.ip4, "203.0.113.1"), echo4(HOST.ip4, IN4)],
                       dst=BROADCAST)
    case.dropped("not_unicast", HOST, udp(), dst="01:00:5e:00:00:05")
    return case


@router
def rfc1812_5_2_1_3_multicast_not_forwarded():
    """RFC 1812 5.2.1.3: without multicast routing a packet to a group goes nowhere, whoever is in it."""
    case = Case()
    case.meet4(HOST, SERVER)
    for group, mac in (("224.0.0.5", "01:00:5e:00:00:05"), ("239.1.1.1", "01:00:5e:01:01:01"),
                       ("224.0.0.1", "01:00:5e:00:00:01")):
        case.dropped("not_unicast", HOST, udp(HOST.ip4, group), dst=mac)
    case.dropped("not_unicast", HOST, udp("0.0.0.0", "255.255.255.255"), dst=BROADCAST)
    case.passes(HOST, SERVER, udp())
    return case


@router
def rfc894_frames_for_others_and_unknown_types_dropped():
    """RFC 894: a frame for another station, or of a type that nobody here speaks, is not ours to forward."""
    case = Case()
    case.meet4(HOST, SERVER)
    case.dropped("not_our_mac", HOST, udp(), dst=SERVER.mac)
    case.dropped("unknown_ethertype", HOST, udp(), type=0x88cc, dst="01:80:c2:00:00:0e")
    case.dropped("unknown_ethertype", HOST, udp(), type=0x8847)
    case.dropped("unknown_ethertype", HOST, udp(), type=46)  # a length: IEEE 802.3
    case.passes(HOST, SERVER, udp())
    return case


@router
def rfc1812_5_2_1_each_port_has_its_own_mac():
    """RFC 1812 5.2.1: on each port frames are for that port's MAC address, and leave from it."""
    case = Case(two_ports(1500, 1500))
    case.meet4(HOST, BEYOND)
    case.passes(HOST, BEYOND, udp(HOST.ip4, BEYOND.ip4))
    case.passes(BEYOND, HOST, udp(BEYOND.ip4, HOST.ip4))
    case.dropped("not_our_mac", HOST, udp(HOST.ip4, BEYOND.ip4), dst=BEYOND.vmac)
    return case
