"""Packets longer than what the next link carries."""
from cases.icmp import UNREACHABLE, echo4
from cases.network import BEYOND, HOST, IN4, Case, router, two_ports
from cases.options import NOP, RECORD_ROUTE, ROUTER_ALERT, packet4

MORE, DONT = 1, 2
PATTERN = bytes(i * 7 & 0xff for i in range(9000))


def between(mtu, wan_mtu):
    """From the host to a station behind a link of another MTU."""
    case = Case(two_ports(mtu, wan_mtu))
    case.meet4(HOST, BEYOND)
    return case


def long_packet(total, options=b"", start=0, **fields):
    return packet4(options, PATTERN[start:start + total - 20 - len(options)], destination=BEYOND.ip4,
                   **(dict(identification=0x1234) | fields))


def piece(first, last, options=b"", flags=0, offset=None, ttl=63, **fields):
    """The fragment with the pattern's bytes from `first` to `last`."""
    return packet4(options, PATTERN[first:last], destination=BEYOND.ip4, identification=0x1234, ttl=ttl,
                   flags=flags, offset=first // 8 if offset is None else offset, **fields)


@router
def rfc791_3_2_packet_as_long_as_the_mtu_is_not_fragmented():
    """RFC 791 3.2: what the next link carries in one piece leaves in one piece, with DF or without."""
    case = between(1500, 1500)
    case.passes(HOST, BEYOND, long_packet(1500))
    case.passes(HOST, BEYOND, long_packet(1500, flags=DONT))
    return case


@router
def rfc791_3_2_one_byte_over_the_mtu_makes_two_fragments():
    """RFC 791 3.2: the first fragment as long as the MTU and units of 8 bytes allow, the second with the
    rest."""
    case = between(9000, 1500)
    case.sends(HOST, long_packet(1501))
    case.gets(BEYOND, piece(0, 1480, flags=MORE))
    case.gets(BEYOND, piece(1480, 1481))
    return case


@router
def rfc791_3_2_fragments_in_order_and_as_long_as_the_mtu():
    """RFC 791 3.2: a packet of 4000 bytes over a link of 1500: all but the last carry 1480; TOS and id are
    kept."""
    case = between(9000, 1500)
    case.sends(HOST, long_packet(4000, tos=0xb8))
    case.gets(BEYOND, piece(0, 1480, flags=MORE, tos=0xb8))
    case.gets(BEYOND, piece(1480, 2960, flags=MORE, tos=0xb8))
    case.gets(BEYOND, piece(2960, 3980, tos=0xb8))
    return case


@router
def rfc791_3_2_fragment_lengths_are_multiples_of_8():
    """RFC 791 3.2: with an MTU of 577 a fragment carries 552 bytes, not 557."""
    case = between(1500, 577)
    case.sends(HOST, long_packet(1200))
    case.gets(BEYOND, piece(0, 552, flags=MORE))
    case.gets(BEYOND, piece(552, 1104, flags=MORE))
    case.gets(BEYOND, piece(1104, 1180))
    return case


@router
def rfc791_3_2_a_fragment_is_fragmented_again():
    """RFC 791 3.2: pieces of a fragment count from its own offset, and the last has MF where it had."""
    case = between(1500, 576)
    for flags in (MORE, 0):
        case.sends(HOST, long_packet(1020, start=80, flags=flags, offset=10))
        case.gets(BEYOND, piece(80, 632, flags=MORE))
        case.gets(BEYOND, piece(632, 1080, flags=flags))
    return case


@router
def rfc791_3_1_a_late_fragment_is_cut_within_13_bits():
    """RFC 791 3.1: a late fragment's pieces stay within the 13 bits of the offset."""
    case = between(1500, 576)
    case.sends(HOST, long_packet(1020, offset=8064))
    case.gets(BEYOND, piece(0, 552, flags=MORE, offset=8064))
    case.gets(BEYOND, piece(552, 1000, offset=8064 + 69))
    return case


@router
def rfc791_3_1_only_options_with_the_copy_bit_are_in_later_fragments():
    """RFC 791 3.1: all options are in the first fragment; later ones have Router Alert, not the recorded
    route."""
    options = RECORD_ROUTE + NOP + ROUTER_ALERT
    case = between(9000, 1500)
    case.sends(HOST, long_packet(4000, options))
    first, later = (1500 - 32) // 8 * 8, (1500 - 24) // 8 * 8
    case.gets(BEYOND, piece(0, first, options, MORE))
    case.gets(BEYOND, piece(first, first + later, ROUTER_ALERT, MORE))
    case.gets(BEYOND, piece(first + later, 4000 - 32, ROUTER_ALERT))
    return case


@router
def rfc1191_4_longer_than_the_mtu_with_df_is_refused_with_it():
    """RFC 1191 4: with DF, 3/4 that says the next link's MTU in the low 16 bits of the second word."""
    case = between(9000, 1500)
    for length in (1501, 9000):
        case.refused("too_big", HOST, long_packet(length, flags=DONT), UNREACHABLE, 4, 1500)
    case.passes(HOST, BEYOND, long_packet(1500, flags=DONT))
    return case


@router
def rfc1191_4_the_mtu_of_the_way_out_counts():
    """RFC 1191 4: not the MTU of the link that the packet came by, which carried it."""
    case = between(1500, 576)
    case.refused("too_big", HOST, long_packet(577, flags=DONT), UNREACHABLE, 4, 576)
    case.passes(HOST, BEYOND, long_packet(576, flags=DONT))
    packet = packet4(b"", PATTERN[:500], source=BEYOND.ip4, destination=HOST.ip4, flags=DONT)
    case.passes(BEYOND, HOST, packet)
    return case


@router
def rfc1812_5_3_1_ttl_is_spent_before_a_packet_is_cut():
    """RFC 1812 5.3.1: a long packet without hops left is no matter of its length: 11/0, and no fragment."""
    case = between(9000, 1500)
    case.refused("ttl_expired", HOST, long_packet(4000, ttl=1), 11, 0)
    case.refused("ttl_expired", HOST, long_packet(4000, ttl=1, flags=DONT), 11, 0)
    return case


@router
def rfc3819_15_packets_of_a_flow_keep_their_order():
    """RFC 3819 15: a flow's packets leave in the order in which they came, with options or too long."""
    case = between(9000, 1500)
    case.mixed = True
    for number in range(6):
        case.passes(HOST, BEYOND, long_packet(100, identification=number))
        case.passes(HOST, BEYOND, long_packet(100, ROUTER_ALERT, identification=number))
        case.sends(HOST, long_packet(1600))
        case.gets(BEYOND, piece(0, 1480, flags=MORE))
        case.gets(BEYOND, piece(1480, 1580))
    return case


@router
def rfc1812_5_2_6_jumbo_frames_of_9000_bytes_are_forwarded():
    """RFC 1812 5.2.6: where both links carry 9000 bytes nothing is cut: in one piece, with DF or without."""
    case = between(9000, 9000)
    case.passes(HOST, BEYOND, long_packet(9000))
    case.passes(HOST, BEYOND, long_packet(8999, flags=DONT))
    return case


@router
def rfc1122_3_2_2_6_echo_of_9000_bytes_is_answered():
    """RFC 1122 3.2.2.6: an echo reply has all data of its request: here 8972 bytes in one packet."""
    case = between(9000, 1500)
    case.sends(HOST, echo4(HOST.ip4, IN4, PATTERN[:8972], id=4, flags="DF"))
    case.gets(HOST, echo4(IN4, HOST.ip4, PATTERN[:8972], kind=0, id=4, flags="DF"))
    return case
