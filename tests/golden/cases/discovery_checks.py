"""Neighbour discovery messages that are none (RFC 4861 sections 7.1.1, 7.1.2)."""
from cases.discovery import NEW_MAC, asks, met, ping
from cases.icmp import icmp6
from cases.neighbours import (ALL_NODES, OVERRIDE, SOLICITED, advertisement, link_layer_option, multicast_mac,
                              packed, solicitation)
from cases.network import HOST, IN6, SERVER, VMAC, router
from cases.routes import udp6


@router
def rfc4861_7_1_1_hop_limit_other_than_255_malformed():
    """RFC 4861 7.1.1, 7.1.2: a message that was forwarded, or may have been, is no neighbour's."""
    case = met()
    for hops in (254, 64, 1, 0):
        asks(case, solicitation(HOST.ip6, IN6, HOST.mac, hlim=hops))
        case.sends(HOST, advertisement(HOST.ip6, SOLICITED, HOST.mac, IN6, hlim=hops))
        case.drop("nd_malformed", 2)
    ping(case)
    return case


@router
def rfc4861_7_1_1_wrong_checksum_malformed():
    """RFC 4861 7.1.1, 7.1.2: the checksum has to be right."""
    case = met()
    question, answer = solicitation(HOST.ip6, IN6, HOST.mac), advertisement(HOST.ip6, SOLICITED, NEW_MAC, IN6)
    for packet, mac in ((question, multicast_mac(question.dst)), (answer, VMAC)):
        for where in (2, 3):
            raw = bytearray(bytes(packet))
            raw[40 + where] ^= 1
            case.dropped("nd_malformed", HOST, bytes(raw), dst=mac)
    ping(case)
    return case


@router
def rfc4861_7_1_1_code_other_than_0_malformed():
    """RFC 4861 7.1.1, 7.1.2: there is no code but 0."""
    case = met()
    asks(case, solicitation(HOST.ip6, IN6, HOST.mac, code=1))
    case.sends(HOST, advertisement(HOST.ip6, SOLICITED, NEW_MAC, IN6, code=1))
    case.drop("nd_malformed", 2)
    ping(case)
    return case


@router
def rfc4861_7_1_1_option_length_of_0_malformed():
    """RFC 4861 7.1.1, 7.1.2: every option has a length; behind one without nothing can be read."""
    case = met()
    empty = bytes([14, 0]) + bytes(6)
    for options in (empty, link_layer_option(1, HOST.mac) + empty):
        asks(case, solicitation(HOST.ip6, IN6, options=options))
        case.drop("nd_malformed")
    case.sends(HOST, advertisement(HOST.ip6, SOLICITED, NEW_MAC, IN6, options=empty))
    case.drop("nd_malformed")
    ping(case)
    return case


@router
def rfc4861_7_1_1_message_that_ends_too_soon_malformed():
    """RFC 4861 7.1.1, 7.1.2: shorter than 24 bytes, or with an option past its end."""
    case = met()
    for kind, target, group in ((135, IN6, "ff02::1:ff00:1"), (136, HOST.ip6, ALL_NODES)):
        whole = packed(target)
        for rest in (b"", whole[:15], whole + bytes([1, 2]) + bytes(6), whole + b"\1"):
            packet = icmp6(HOST.ip6, group, kind, rest=rest, hlim=255)
            case.dropped("nd_malformed", HOST, packet, dst=multicast_mac(group))
    ping(case)
    return case


@router
def rfc4861_7_1_1_multicast_target_malformed():
    """RFC 4861 7.1.1, 7.1.2: nobody owns a group: a target address is no multicast address."""
    case = met()
    asks(case, solicitation(HOST.ip6, "ff02::1", HOST.mac, destination=IN6), to=VMAC)
    case.sends(HOST, advertisement("ff02::1", SOLICITED, NEW_MAC, IN6, source=HOST.ip6))
    case.drop("nd_malformed", 2)
    return case


@router
def rfc4861_7_1_1_unspecified_source_malformed():
    """RFC 4861 7.1.1: from :: a question goes to the solicited-node group, and names no MAC address."""
    case = met()
    asks(case, solicitation("::", IN6, HOST.mac))
    asks(case, solicitation("::", IN6, destination=IN6), to=VMAC)
    case.drop("nd_malformed", 2)
    return case


@router
def rfc4861_7_1_2_solicited_to_a_group_malformed():
    """RFC 4861 7.1.2: an answer to somebody's question (S) does not go to a group."""
    case = met(SERVER)
    case.sends(SERVER, advertisement(SERVER.ip6, SOLICITED | OVERRIDE, NEW_MAC), dst=multicast_mac(ALL_NODES))
    case.drop("nd_malformed")
    case.passes(HOST, SERVER, udp6())
    return case
