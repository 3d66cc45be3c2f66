"""IPv4 options (RFC 791 section 3.1)."""
import socket
import struct

from cases.common import internet_checksum
from cases.icmp import PARAMETER, echo4
from cases.ipv4_forward import met
from cases.network import FAR4, HOST, IN4, SERVER, router

END, NOP = b"\0", b"\1"
LOOSE = struct.pack("!BBB4s", 131, 7, 4, socket.inet_aton(SERVER.ip4))
STRICT = struct.pack("!BBB4s", 137, 7, 4, socket.inet_aton(SERVER.ip4))
RECORD_ROUTE = bytes([7, 7, 4, 0, 0, 0, 0])
ROUTER_ALERT = bytes([148, 4, 0, 0])
TIMESTAMP = bytes([68, 8, 5, 0, 0, 0, 0, 0])
UNKNOWN = bytes([0x9e, 3, 0xaa])


def packet4(options=b"", payload=b"question", source=HOST.ip4, destination=SERVER.ip4, identification=1,
            flags=0, offset=0, protocol=17, ttl=64, tos=0):
    """As bytes, its options as they are. `offset` in units of 8 bytes."""
    options += END * (-len(options) % 4)
    words = 5 + len(options) // 4
    header = struct.pack("!BBHHHBBH4s4s", 0x40 | words, tos, words * 4 + len(payload), identification,
                         flags << 13 | offset, ttl, protocol, 0, socket.inet_aton(source),
                         socket.inet_aton(destination)) + options
    return header[:10] + struct.pack("!H", internet_checksum(header)) + header[12:] + payload



@router
def rfc7126_4_3_loose_source_route_dropped():
    """RFC 7126 4.3: a packet with a loose source route is dropped in silence, wherever the option stands,
    also one for an own address and one whose route is used up."""
    case = met()
    used_up = LOOSE[:2] + b"\x08" + LOOSE[3:]
    for options in (LOOSE, NOP + LOOSE, ROUTER_ALERT + NOP * 3 + LOOSE, used_up):
        case.dropped("source_route", HOST, packet4(options, destination=FAR4))
    case.dropped("source_route", HOST, packet4(LOOSE, destination=IN4))
    case.passes(HOST, SERVER, packet4())
    return case


@router
def rfc7126_4_4_strict_source_route_dropped():
    """RFC 7126 4.4: the same of a strict source route."""
    case = met()
    for options in (STRICT, NOP + STRICT, RECORD_ROUTE + STRICT):
        case.dropped("source_route", HOST, packet4(options, destination=FAR4))
    case.dropped("source_route", HOST, packet4(STRICT, destination=IN4))
    case.passes(HOST, SERVER, packet4())
    return case


@router
def rfc1812_5_3_13_1_unknown_options_are_passed_on():
    """RFC 1812 5.3.13.1: an option that the router does not know stays as it is."""
    case = met()
    for options in (UNKNOWN, NOP + UNKNOWN, bytes([0x5e, 2]), bytes([0xde]) + bytes([40]) + bytes(38)):
        case.passes(HOST, SERVER, packet4(options))
    return case


@router
def rfc2113_2_router_alert_is_passed_on():
    """RFC 2113 2.1: who speaks no protocol that is alerted for forwards the packet as any other."""
    case = met()
    case.passes(HOST, SERVER, packet4(ROUTER_ALERT, protocol=46))
    case.passes(HOST, SERVER, packet4(NOP * 4 + ROUTER_ALERT))
    return case


@router
def rfc7126_4_5_record_route_and_timestamp_are_passed_on():
    """RFC 7126 4.5, 4.8: the router writes nothing into routes and time stamps that a packet collects."""
    case = met()
    for options in (RECORD_ROUTE, TIMESTAMP, RECORD_ROUTE + NOP + TIMESTAMP):
        case.passes(HOST, SERVER, packet4(options))
    return case


@router
def rfc791_3_1_nothing_is_read_after_the_end_of_options():
    """RFC 791 3.1: what follows the end of the option list is padding, whatever it looks like."""
    case = met()
    for rest in (LOOSE, b"\x07\x00\x00", b"\xff" * 3, b"\x83\xff\xff"):
        case.passes(HOST, SERVER, packet4(NOP + END + rest))
    return case


def malformed(options, pointer):
    case = met()
    case.refused("bad_options", HOST, packet4(options, destination=FAR4), PARAMETER, 0, pointer << 24)
    case.passes(HOST, SERVER, packet4())
    return case


@router
def rfc1812_4_3_3_5_option_length_of_0_is_a_parameter_problem():
    """RFC 1812 4.3.3.5, RFC 792: an option that says to have no length: 12/0 that points at it."""
    return malformed(bytes([0x9e, 0, 0, 0]), 20)


@router
def rfc791_3_1_option_length_of_1_is_a_parameter_problem():
    """RFC 791 3.1: the length counts type and length bytes, so 1 is none; here behind three NOPs."""
    return malformed(NOP * 3 + bytes([0x9e, 1, 0, 0]), 23)


@router
def rfc1812_4_3_3_5_option_past_the_header_is_a_parameter_problem():
    """RFC 1812 4.3.3.5: an option that goes on behind the header's end: 12/0 that points at it."""
    return malformed(ROUTER_ALERT + bytes([0x9e, 5, 0, 0]), 24)


@router
def rfc1812_4_3_3_5_option_without_its_length_is_a_parameter_problem():
    """RFC 1812 4.3.3.5: an option whose type is the header's last byte has no room for its length."""
    return malformed(NOP * 3 + bytes([0x9e]), 23)


@router
def rfc1122_3_2_2_6_echo_reply_has_no_options():
    """RFC 1122 3.2.2.6: options of an echo request that ask for nothing are not in the reply, here none
    is."""
    case = met()
    request = bytes(echo4(HOST.ip4, IN4))[20:]
    case.sends(HOST, packet4(ROUTER_ALERT + UNKNOWN, request, destination=IN4, protocol=1, identification=6))
    case.gets(HOST, echo4(IN4, HOST.ip4, kind=0, id=6))
    return case
