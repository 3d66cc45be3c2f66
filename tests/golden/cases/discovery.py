"""Neighbours of IPv6 (RFC 4861)."""
from cases.icmp import UNREACHABLE6, echo6, icmp6
from cases.neighbours import (ALL_NODES, ALL_ROUTERS, OVERRIDE, ROUTER, SOLICITED, advertisement,
                              announcement, link_layer_option, multicast_mac, neighbour_answer,
                              neighbour_question, packed, solicitation)
from cases.network import HOST, HOST2, IN6, LINK_LOCAL, OUT6, SERVER, SERVER2, VMAC, Case, port, router
from cases.routes import udp6

NEW_MAC = "02:00:00:00:02:99"


def met(*stations):
    case = Case()
    case.meet6(HOST, *stations)
    return case


def ping(case):
    case.sends(HOST, echo6(HOST.ip6, IN6))
    case.gets(HOST, echo6(IN6, HOST.ip6, kind=129))


def answers(case, station, mac=None, flags=SOLICITED | OVERRIDE):
    case.send(neighbour_answer(station.ip6, mac or station.mac, station.gw6, VMAC, flags))
    case.drop("nd_done")


def announced(case):
    """What the router says of its addresses, now and twice again within 150 ms."""
    for _ in range(3):
        case.expect(announcement(LINK_LOCAL, VMAC))
        case.expect(announcement(IN6, VMAC))


def tells_all(case, packet):
    case.sends(SERVER, packet, src=NEW_MAC, dst=multicast_mac(ALL_NODES))


def asks(case, packet, mac=HOST.mac, to=None):
    case.sends(HOST, packet, src=mac, dst=to or multicast_mac(packet.dst))


@router
def rfc4861_7_2_4_neighbour_solicitation_answered():
    """RFC 4861 7.2.4: for each address, link-local too, asked for by group or by unicast: R, S, O and our
    MAC."""
    case = met(SERVER)
    case.meet6(HOST, link_local=True)
    for source in (HOST.ip6, HOST.link_local):
        for target in (IN6, OUT6, LINK_LOCAL):
            case.send(neighbour_question(source, HOST.mac, target))
            case.expect(neighbour_answer(target, VMAC, source, HOST.mac))
            case.send(neighbour_question(source, HOST.mac, target, to=VMAC, destination=target))
            case.expect(neighbour_answer(target, VMAC, source, HOST.mac))
    asks(case, solicitation(HOST.ip6, IN6, destination=IN6), to=VMAC)  # without its own MAC: it is known
    case.expect(neighbour_answer(IN6, VMAC, HOST.ip6, HOST.mac))
    return case


@router
def rfc4861_4_6_unknown_options_are_passed_over():
    """RFC 4861 4.6, 9: an option that is not known is skipped, and what follows it is read."""
    case = Case()
    nonce = bytes([14, 1]) + bytes(6)
    asks(case, solicitation(HOST.ip6, IN6, options=nonce + link_layer_option(1, HOST.mac) + nonce))
    case.expect(neighbour_answer(IN6, VMAC, HOST.ip6, HOST.mac))
    return case


@router
def rfc4861_7_2_4_duplicate_address_detection_is_answered_to_all():
    """RFC 4861 7.2.4, RFC 4862 5.4.3: who asks from :: whether our address is free is told, as all nodes are,
    that it is not. It is a conflict, so that the router announces all that is its own."""
    case = Case([port("lan", 0, VMAC, [f"{IN6}/64"])])
    asks(case, solicitation("::", IN6))
    case.expect(announcement(IN6, VMAC))
    announced(case)
    return case


@router
def rfc4861_7_2_3_questions_about_others_are_not_answered():
    """RFC 4861 7.2.3: a target that is not ours is none of our business, in a group that we are in or to us
    alone."""
    case = met()
    sibling = "2001:db8:1:0:1::1"  # the same solicited-node group as ours
    asks(case, solicitation(HOST.ip6, sibling, HOST.mac))
    asks(case, solicitation("::", sibling))
    asks(case, solicitation(HOST.ip6, HOST2.ip6, HOST.mac, destination=IN6), to=VMAC)
    case.drop("nd_not_for_us", 3)
    asks(case, solicitation(HOST.ip6, HOST2.ip6, HOST.mac))
    case.drop("not_joined")
    return case


@router
def rfc4861_7_2_2_packets_wait_for_their_neighbour():
    """RFC 4861 7.2.2: one question to the target's group, from our address there, with our MAC; packets wait,
    leave in order; the ninth finds no room."""
    case = met()
    for number in range(9):
        case.sends(HOST, udp6(fl=number))
    case.drop("neighbour_queue_full")
    case.ask6(SERVER)
    answers(case, SERVER)
    for number in range(8):
        case.gets(SERVER, udp6(fl=number, hlim=63))
    case.passes(HOST, SERVER, udp6(fl=9))
    return case


@router
def rfc4861_7_2_2_unanswered_questions_end_in_address_unreachable():
    """RFC 4861 7.2.2, 10: three questions, one a second; then 1/3 for each packet that waited, as it would
    have left: with a hop less."""
    case = met()
    for number in (1, 2):
        case.dropped("neighbour_unresolved", HOST, udp6(fl=number))
    case.ask6(SERVER)
    for seconds in (0.9, 1.9):
        case.at(seconds)
        ping(case)
        case.ask6(SERVER)
    case.at(2.9)
    ping(case)
    for number in (1, 2):
        case.told(HOST, udp6(fl=number, hlim=63), UNREACHABLE6, 3)
    case.at(3.9)
    ping(case)
    case.sends(HOST, udp6(fl=3))
    case.ask6(SERVER)
    answers(case, SERVER)
    case.gets(SERVER, udp6(fl=3, hlim=63))
    return case


@router
def rfc4861_7_3_3_a_neighbour_in_use_is_asked_again():
    """RFC 4861 7.3.3: who was learned more than 30 s ago and is in use is asked again, by unicast; packets go
    on."""
    case = met(SERVER)
    case.at(20)
    case.passes(HOST, SERVER, udp6(fl=20))
    case.at(40)
    case.ask6(SERVER, to=SERVER.mac, destination=SERVER.ip6)
    case.passes(HOST, SERVER, udp6(fl=40))
    case.passes(HOST, SERVER, udp6(fl=41))
    case.at(40.1)
    answers(case, SERVER)
    case.at(60)
    case.passes(HOST, SERVER, udp6(fl=60))
    return case


@router
def rfc4861_7_3_3_a_neighbour_that_is_gone_is_forgotten():
    """RFC 4861 7.3.3: three unanswered questions by unicast, and the entry is gone: the next packet waits."""
    case = met(SERVER)
    for seconds in (40, 41.5, 42.5):
        case.at(seconds)
        case.ask6(SERVER, to=SERVER.mac, destination=SERVER.ip6)
        case.passes(HOST, SERVER, udp6(fl=round(seconds)))
    case.at(44)
    case.sends(HOST, udp6(fl=44))
    case.ask6(SERVER)
    answers(case, SERVER, NEW_MAC)
    case.gets(SERVER, udp6(fl=44, hlim=63), dst=NEW_MAC)
    return case


@router
def rfc4862_5_4_4_an_address_of_ours_in_use_is_defended():
    """RFC 4862 5.4.4, RFC 4861 7.2.6: somebody advertises our address: the router says that it is its own."""
    case = Case([port("lan", 0, VMAC, [f"{IN6}/64"])])
    tells_all(case, advertisement(IN6, OVERRIDE, NEW_MAC, source=SERVER.link_local))
    case.drop("nd_conflict")
    announced(case)
    return case


@router
def rfc4861_7_2_6_an_advertisement_from_our_address_is_a_conflict():
    """RFC 4861 7.2.6: a node advertises an address from that address: so does one that has ours."""
    case = Case([port("lan", 0, VMAC, [f"{IN6}/64"])])
    tells_all(case, advertisement(IN6, OVERRIDE, NEW_MAC))
    case.drop("nd_conflict")
    announced(case)
    return case


@router
def rfc4861_7_2_5_unasked_advertisement_is_not_learned():
    """RFC 4861 7.2.5: an advertisement of somebody of whom nothing is known makes no entry."""
    case = met()
    tells_all(case, advertisement(SERVER.ip6, OVERRIDE, NEW_MAC))
    case.sends(SERVER, advertisement(SERVER.ip6, SOLICITED | OVERRIDE, NEW_MAC, OUT6), src=NEW_MAC)
    case.drop("nd_unasked", 2)
    case.sends(HOST, udp6())
    case.ask6(SERVER)
    answers(case, SERVER)
    case.gets(SERVER, udp6(hlim=63))
    return case


@router
def rfc4861_7_2_6_unasked_advertisement_moves_a_known_neighbour():
    """RFC 4861 7.2.6: who is known and says to all, with O, that it has another MAC address is sent to
    there."""
    case = met(SERVER)
    case.passes(HOST, SERVER, udp6(fl=1))
    tells_all(case, advertisement(SERVER.ip6, OVERRIDE, NEW_MAC))
    case.drop("nd_done")
    case.passes(HOST, SERVER, udp6(fl=2), dst=NEW_MAC)
    return case


@router
def rfc4861_7_2_5_advertisement_without_override_moves_nobody():
    """RFC 4861 7.2.5: without O a known neighbour keeps the MAC address that it has."""
    case = met(SERVER)
    tells_all(case, advertisement(SERVER.ip6, ROUTER, NEW_MAC))
    case.drop("nd_done")
    case.passes(HOST, SERVER, udp6())
    return case


@router
def rfc4861_7_2_3_a_question_moves_a_known_neighbour():
    """RFC 4861 7.2.3: who asks for us from another MAC address than before is answered, and sent to,
    there."""
    case = met(SERVER)
    case.send(neighbour_question(SERVER.ip6, NEW_MAC, OUT6))
    case.expect(neighbour_answer(OUT6, VMAC, SERVER.ip6, NEW_MAC))
    case.passes(HOST, SERVER, udp6(), dst=NEW_MAC)
    return case


@router
def rfc4861_7_2_2_neighbours_are_asked_for_each_by_itself():
    """RFC 4861 7.2.2: an answer sets free what waits for that neighbour, nothing else."""
    case = met()
    for station in (SERVER, SERVER2):
        case.sends(HOST, udp6(HOST.ip6, station.ip6))
        case.ask6(station)
    for station in (SERVER2, SERVER):
        answers(case, station)
        case.gets(station, udp6(HOST.ip6, station.ip6, hlim=63))
    return case


@router
def rfc4861_6_2_routers_messages_are_not_served():
    """RFC 4861 6.2.6, 8.3: this router advertises nothing, takes nobody's advertisements, and no redirect."""
    case = met()
    router_advertisement = bytes(8) + link_layer_option(1, SERVER.mac)
    for kind, target, rest, source in ((133, ALL_ROUTERS, link_layer_option(1, HOST.mac), HOST.link_local),
                                       (134, ALL_NODES, router_advertisement, SERVER.link_local),
                                       (137, IN6, packed(SERVER.link_local) + packed("2001:db8:9::9"),
                                        SERVER.link_local)):
        packet = icmp6(source, target, kind, rest=rest, hlim=255)
        case.dropped("not_served", HOST, packet, dst=VMAC if target == IN6 else multicast_mac(target))
    return case


@router
def rfc3810_5_2_multicast_listeners_reports_are_not_for_us():
    """RFC 3810 5.2.14: reports go to ff02::16, which this router, that routes no multicast, is not in."""
    case = met()
    packet = icmp6(HOST.link_local, "ff02::16", 143, hlim=1)
    case.dropped("not_joined", HOST, packet, dst=multicast_mac("ff02::16"))
    return case
