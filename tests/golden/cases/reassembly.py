"""Packets in fragments for the router's own addresses."""
from scapy.all import IPv6, Raw

from cases.icmp import PARAMETER6, TIME_EXCEEDED, TIME_EXCEEDED6, echo4, echo6, message6
from cases.ipv4_forward import met
from cases.network import HOST, IN4, IN6, router
from cases.options import packet4
from cases.routes import met6

PATTERN = bytes(i * 3 & 0xff for i in range(4000))
MORE = 1
ODD = b"an odd number"
FRAGMENT, ICMP6 = 44, 58


def ping4(case):
    case.sends(HOST, echo4(HOST.ip4, IN4))
    case.gets(HOST, echo4(IN4, HOST.ip4, kind=0))


def ping6(case):
    case.sends(HOST, echo6(HOST.ip6, IN6))
    case.gets(HOST, echo6(IN6, HOST.ip6, kind=129))


def fragments_of_echo(data, cuts, identification):
    """An echo request to us in pieces, cut behind so many bytes."""
    message = bytes(echo4(HOST.ip4, IN4, data))[20:]
    edges = [0, *cuts, len(message)]
    return [packet4(payload=message[first:last], destination=IN4, protocol=1, identification=identification,
                    flags=MORE if last != len(message) else 0, offset=first // 8)
            for first, last in zip(edges, edges[1:])]


@router
def rfc791_3_2_fragments_to_us_are_put_together():
    """RFC 791 3.2, RFC 1812 4.2.2.8: pieces of a packet for us make the packet, in whatever order they
    come."""
    case = met()
    orders = ((0, 1, 2, 3), (3, 2, 1, 0), (2, 0, 3, 1))
    for number, order in enumerate(orders):
        pieces = fragments_of_echo(PATTERN[:1200], (400, 408, 800), number)
        for index in order:
            case.sends(HOST, pieces[index])
        case.gets(HOST, echo4(IN4, HOST.ip4, PATTERN[:1200], kind=0, id=number))
    return case


@router
def rfc791_3_2_fragments_of_two_packets_are_kept_apart():
    """RFC 791 3.2: pieces belong together that have source, destination, protocol and identification in
    common."""
    case = met()
    one = fragments_of_echo(PATTERN[:600], (304,), 1)
    other = fragments_of_echo(PATTERN[600:1200], (304,), 2)
    for piece in (one[0], other[0], other[1]):
        case.sends(HOST, piece)
    case.gets(HOST, echo4(IN4, HOST.ip4, PATTERN[600:1200], kind=0, id=2))
    case.sends(HOST, one[1])
    case.gets(HOST, echo4(IN4, HOST.ip4, PATTERN[:600], kind=0, id=1))
    return case


@router
def rfc1122_3_2_2_6_a_long_reply_leaves_in_fragments():
    """RFC 1122 3.2.2.6, 3.3.3: the reply to a ping of 3000 bytes is as long, in fragments of our own."""
    case = met()
    for piece in fragments_of_echo(PATTERN[:3000], (1480, 2960), 9):
        case.sends(HOST, piece)
    reply = bytes(echo4(IN4, HOST.ip4, PATTERN[:3000], kind=0))[20:]
    for first in (0, 1480, 2960):
        case.gets(HOST, packet4(payload=reply[first:first + 1480], source=IN4, destination=HOST.ip4,
                                protocol=1, identification=9, flags=MORE if first < 2960 else 0,
                                offset=first // 8))
    return case


def fragments(data, cuts, identification):
    message = message6(HOST.ip6, IN6, 128, 0, 7 << 16 | 1, data)
    edges = [0, *cuts, len(message)]
    for first, last in zip(edges, edges[1:]):
        header = bytes([ICMP6, 0]) + (first | (last != len(message))).to_bytes(2, "big")
        yield IPv6(src=HOST.ip6, dst=IN6, nh=FRAGMENT) / Raw(
            header + identification.to_bytes(4, "big") + message[first:last])


@router
def rfc8200_4_5_fragments_to_us_are_put_together():
    """RFC 8200 4.5: pieces of a packet for us make the packet, in whatever order they come."""
    case = met6()
    for number, order in enumerate(((0, 1, 2), (2, 1, 0), (1, 2, 0))):
        pieces = list(fragments(PATTERN[:1200], (400, 800), 0x10000 + number))
        for index in order:
            case.sends(HOST, pieces[index])
        case.gets(HOST, echo6(IN6, HOST.ip6, PATTERN[:1200], kind=129))
    return case


@router
def rfc6946_4_an_atomic_fragment_is_a_whole_packet():
    """RFC 6946 4: a fragment that is all of its packet waits for none, and is not mixed with others of its
    number."""
    case = met6()
    first, last = fragments(PATTERN[:400], (200,), 5)
    case.sends(HOST, first)
    case.sends(HOST, next(fragments(ODD, (), 5)))
    case.gets(HOST, echo6(IN6, HOST.ip6, kind=129))
    case.sends(HOST, last)
    case.gets(HOST, echo6(IN6, HOST.ip6, PATTERN[:400], kind=129))
    return case


def piece4(first, last, is_last=False, identification=77):
    """Of an echo request with the pattern, from one byte to another."""
    message = bytes(echo4(HOST.ip4, IN4, PATTERN[:1192]))[20:]
    return packet4(payload=message[first:last], destination=IN4, protocol=1, identification=identification,
                   flags=0 if is_last else MORE, offset=first // 8)


def piece6(first, last, is_last=False, identification=77, next_header=ICMP6, data=None):
    message = message6(HOST.ip6, IN6, 128, 0, 7 << 16 | 1, PATTERN[:1192]) if data is None else data
    header = bytes([next_header, 0]) + (first | (not is_last)).to_bytes(2, "big")
    return IPv6(src=HOST.ip6, dst=IN6, nh=FRAGMENT) / Raw(
        header + identification.to_bytes(4, "big") + message[first:last])


@router
def rfc5722_4_overlapping_fragments_end_their_packet():
    """RFC 5722 4: fragments that overlap make no packet: all of them are dropped in silence, those that come
    later too."""
    case = met6()
    for first, last, is_last in ((0, 400, False), (392, 800, False), (400, 800, False), (800, 1200, True)):
        case.dropped("fragment_overlap", HOST, piece6(first, last, is_last))
    ping6(case)
    return case


@router
def rfc1858_4_overlapping_ipv4_fragments_end_their_packet():
    """RFC 1858 4, RFC 5722 4: of IPv4 as well, where overlaps are made to be read in two ways."""
    case = met()
    for first, last, is_last in ((0, 400, False), (8, 800, False), (400, 800, False), (800, 1200, True)):
        case.dropped("fragment_overlap", HOST, piece4(first, last, is_last))
    ping4(case)
    return case


@router
def rfc8200_4_5_a_fragment_that_comes_twice_counts_once():
    """RFC 8200 4.5: an exact duplicate, which networks make, is dropped, and the packet lives."""
    case = met6()
    case.sends(HOST, piece6(0, 600))
    case.dropped("fragment_duplicate", HOST, piece6(0, 600))
    case.sends(HOST, piece6(600, 1200, True))
    case.gets(HOST, echo6(IN6, HOST.ip6, PATTERN[:1192], kind=129))
    return case


@router
def rfc8200_4_5_fragment_length_that_is_no_multiple_of_8_is_refused():
    """RFC 8200 4.5: all but the last carry multiples of 8 bytes: else 4/0, at the payload length."""
    case = met6()
    case.refused("fragment_invalid", HOST, piece6(0, 401), PARAMETER6, 0, 4)
    return case


@router
def rfc8200_4_5_fragment_past_65535_bytes_is_refused():
    """RFC 8200 4.5: what would make a packet of more than 65,535 bytes: 4/0, at the fragment offset."""
    case = met6()
    header = bytes([ICMP6, 0]) + 0xfff8.to_bytes(2, "big") + bytes([0, 0, 0, 9])
    packet = IPv6(src=HOST.ip6, dst=IN6, nh=FRAGMENT) / Raw(header + bytes(16))
    case.refused("fragment_invalid", HOST, packet, PARAMETER6, 0, 42)
    return case


@router
def rfc791_3_2_fragments_that_no_packet_can_have_are_dropped():
    """RFC 791 3.2: neither a length that is no multiple of 8 before the end, nor one past 65,535 bytes."""
    case = met()
    case.dropped("fragment_invalid", HOST, piece4(0, 401))
    too_late = packet4(payload=bytes(16), destination=IN4, protocol=1, offset=8191)
    case.dropped("fragment_invalid", HOST, too_late)
    ping4(case)
    return case


@router
def rfc8200_4_5_first_fragment_without_all_headers_is_refused():
    """RFC 8200 4.5, RFC 7112 5: the first fragment has all headers as far as the upper layer's: else 4/3."""
    case = met6()
    options = bytes([ICMP6, 1, 1, 12]) + bytes(12)
    packet = piece6(0, 8, next_header=60, data=options)
    case.refused("fragment_invalid", HOST, packet, PARAMETER6, 3, 0)
    return case


@router
def rfc1122_3_3_2_time_for_fragments_ends_with_time_exceeded():
    """RFC 1122 3.3.2, RFC 792: what does not become whole within 30 s is given up, 11/1 about its first
    fragment; none is sent where that one never came."""
    case = met()
    for identification, pieces in ((1, ((0, 400), (800, 1200))), (2, ((400, 800),))):
        for first, last in pieces:
            case.dropped("reassembly_timeout", HOST, piece4(first, last, last == 1200, identification))
    case.at(20)
    case.meet4(HOST)  # so that nobody asks for it when the time is over
    ping4(case)
    case.at(45)
    case.told(HOST, piece4(0, 400, False, 1), TIME_EXCEEDED, 1)
    ping4(case)
    return case


@router
def rfc8200_4_5_time_for_fragments_ends_after_60_s():
    """RFC 8200 4.5: after 60 s they are given up, 3/1 about the first, none where that one never came."""
    case = met6()
    for identification, pieces in ((1, ((0, 400), (800, 1200))), (2, ((400, 800),))):
        for first, last in pieces:
            case.dropped("reassembly_timeout", HOST, piece6(first, last, last == 1200, identification))
    case.at(59)
    case.meet6(HOST)
    ping6(case)
    case.at(62)
    case.told(HOST, piece6(0, 400, False, 1), TIME_EXCEEDED6, 1)
    ping6(case)
    return case
