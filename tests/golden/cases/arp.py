"""Neighbours of IPv4 (RFC 826, RFC 1122 section 2.3.2, RFC 5227)."""
from cases.common import BROADCAST, NO_MAC, arp_answer, arp_ask
from cases.icmp import UNREACHABLE, echo4
from cases.ipv4_headers import udp
from cases.network import (HOST, HOST2, IN4, LINK_LOCAL, OUT4, SERVER, SERVER2, VMAC, Case, port, router, via)
from cases.neighbours import announcement

NEW_MAC = "02:00:00:00:02:99"


def ping(case, station=HOST):
    case.sends(station, echo4(station.ip4, station.gw4))
    case.gets(station, echo4(station.gw4, station.ip4, kind=0))


def answers(case, station, mac=None, **fields):
    case.send(arp_answer(station.ip4, mac or station.mac, station.gw4, VMAC, **fields))
    case.drop("arp_done")


@router
def rfc826_a_question_for_our_address_is_answered():
    """RFC 826: for each address of the link's, by unicast, also where the frame is padded or to us alone."""
    case = Case()
    case.meet4(HOST, SERVER)
    question = arp_ask(HOST.ip4, HOST.mac, IN4)
    for frame in (bytes(question) + bytes(18), arp_ask(HOST.ip4, HOST.mac, IN4, VMAC),
                  arp_ask(HOST.ip4, HOST.mac, IN4, hwdst=BROADCAST)):
        case.send(frame)
        case.expect(arp_answer(IN4, VMAC, HOST.ip4, HOST.mac))
    case.send(arp_ask(HOST.ip4, HOST.mac, OUT4))
    case.expect(arp_answer(OUT4, VMAC, HOST.ip4, HOST.mac))
    return case


@router
def rfc826_questions_about_others_are_not_answered():
    """RFC 826: the router answers for nobody else: no proxy, neither for its subnets nor for what lies
    behind."""
    case = Case(routes=[via("0.0.0.0/0", SERVER.ip4)])
    case.meet4(HOST)
    for address in (HOST2.ip4, SERVER.ip4, "192.0.2.9", "10.80.1.0", "10.80.1.255"):
        case.send(arp_ask(HOST.ip4, HOST.mac, address))
        case.drop("arp_not_for_us")
    return case


@router
def rfc5227_2_1_1_a_probe_for_our_address_is_answered():
    """RFC 5227 2.1.1, RFC 826: who asks without an address of its own whether ours is free is told that it is
    not."""
    case = Case()
    case.send(arp_ask("0.0.0.0", HOST.mac, IN4))
    case.expect(arp_answer(IN4, VMAC, "0.0.0.0", HOST.mac))
    return case


@router
def rfc826_malformed_frames_dropped():
    """RFC 826: not Ethernet, not IPv4, other address lengths, cut short, or from no station's address."""
    case = Case()
    good = bytes(arp_ask(HOST.ip4, HOST.mac, IN4))
    frames = [arp_ask(HOST.ip4, HOST.mac, IN4, **{field: value}) for field, value in (
        ("hwtype", 6), ("ptype", 0x86dd), ("hwlen", 8), ("plen", 16), ("hwsrc", NO_MAC), ("hwsrc", BROADCAST),
        ("hwsrc", "01:00:5e:00:00:01"))]
    for frame in [*frames, good[:14], good[:30], good[:41]]:
        case.send(frame)
        case.drop("arp_malformed")
    case.meet4(HOST)
    return case


@router
def rfc1122_2_3_2_2_packets_wait_for_their_neighbour():
    """RFC 1122 2.3.2.2: one question; packets wait for the answer, leave in order; the ninth finds no
    room."""
    case = Case()
    case.meet4(HOST)
    packets = [udp(HOST.ip4, SERVER.ip4, id=number) for number in range(9)]
    for packet in packets:
        case.sends(HOST, packet)
    case.drop("neighbour_queue_full")
    case.ask4(SERVER)
    answers(case, SERVER)
    for number in range(8):
        case.gets(SERVER, udp(HOST.ip4, SERVER.ip4, id=number, ttl=63))
    case.passes(HOST, SERVER, udp(id=9))
    return case


@router
def rfc1122_2_3_2_2_neighbours_are_asked_for_each_by_itself():
    """RFC 1122 2.3.2.2: an answer sets free what waits for that neighbour, nothing else."""
    case = Case()
    case.meet4(HOST)
    for station in (SERVER, SERVER2):
        case.sends(HOST, udp(HOST.ip4, station.ip4))
        case.ask4(station)
    for station in (SERVER2, SERVER):
        answers(case, station)
        case.gets(station, udp(HOST.ip4, station.ip4, ttl=63))
    return case


@router
def rfc1812_3_3_2_unanswered_questions_end_in_host_unreachable():
    """RFC 1812 3.3.2, RFC 1122 2.3.2.1: three questions, one a second; then 3/1 for each packet that waited,
    as it would have left: with a hop less. The next packet begins anew."""
    case = Case()
    case.meet4(HOST)
    packets = [udp(id=1), udp(id=2)]
    for packet in packets:
        case.dropped("neighbour_unresolved", HOST, packet)
    case.ask4(SERVER)
    for seconds in (0.9, 1.9):
        case.at(seconds)
        ping(case)
        case.ask4(SERVER)
    case.at(2.9)
    ping(case)
    for packet in packets:
        case.told(HOST, udp(id=packet.id, ttl=63), UNREACHABLE, 1)
    case.at(3.9)
    ping(case)
    case.sends(HOST, udp(id=3))
    case.ask4(SERVER)
    answers(case, SERVER)
    case.gets(SERVER, udp(id=3, ttl=63))
    return case


@router
def rfc1122_2_3_2_1_a_neighbour_in_use_is_asked_again():
    """RFC 1122 2.3.2.1 (2): who was learned more than 30 s ago and is in use is asked again, by unicast;
    packets go on meanwhile. Answered, it is as new."""
    case = Case()
    case.meet4(HOST, SERVER)
    case.at(20)
    case.passes(HOST, SERVER, udp(id=20))
    case.at(40)
    case.ask4(SERVER, to=SERVER.mac)
    case.passes(HOST, SERVER, udp(id=40))
    case.passes(HOST, SERVER, udp(id=41))
    case.at(40.1)
    answers(case, SERVER)
    case.at(60)
    case.passes(HOST, SERVER, udp(id=60))
    return case


@router
def rfc1122_2_3_2_1_a_neighbour_that_is_gone_is_forgotten():
    """RFC 1122 2.3.2.1 (2): three unanswered questions by unicast, and the entry is gone: the next packet
    waits."""
    case = Case()
    case.meet4(HOST, SERVER)
    case.at(40)
    case.ask4(SERVER, to=SERVER.mac)
    case.passes(HOST, SERVER, udp(id=40))
    for seconds in (41.5, 42.5):
        case.at(seconds)
        case.ask4(SERVER, to=SERVER.mac)
        case.passes(HOST, SERVER, udp(id=round(seconds)))
    case.at(44)
    case.sends(HOST, udp(id=44))
    case.ask4(SERVER)
    answers(case, SERVER, NEW_MAC)
    case.gets(SERVER, udp(id=44, ttl=63), dst=NEW_MAC)
    return case


@router
def rfc5227_3_gratuitous_arp_moves_a_known_neighbour():
    """RFC 826, RFC 5227 3: who is known and announces another MAC address, by request or reply, is sent to
    there."""
    case = Case()
    case.meet4(HOST, SERVER)
    case.passes(HOST, SERVER, udp(id=1))
    case.send(arp_ask(SERVER.ip4, NEW_MAC, SERVER.ip4))
    case.drop("arp_not_for_us")
    case.passes(HOST, SERVER, udp(id=2), dst=NEW_MAC)
    case.send(arp_answer(SERVER.ip4, SERVER.mac, SERVER.ip4, BROADCAST))
    case.drop("arp_done")
    case.passes(HOST, SERVER, udp(id=3))
    return case


@router
def rfc826_gratuitous_arp_of_a_stranger_is_not_learned():
    """RFC 826: who is not in the table and does not ask for us is not taken into it: the router asks for
    itself."""
    case = Case()
    case.meet4(HOST)
    case.send(arp_ask(SERVER.ip4, NEW_MAC, SERVER.ip4))
    case.drop("arp_not_for_us")
    case.send(arp_answer(SERVER.ip4, NEW_MAC, IN4, VMAC))
    case.drop("arp_unasked")
    case.send(arp_answer(SERVER.ip4, NEW_MAC, SERVER.ip4, BROADCAST))
    case.drop("arp_unasked")
    case.sends(HOST, udp(id=1))
    case.ask4(SERVER)
    answers(case, SERVER)
    case.gets(SERVER, udp(id=1, ttl=63))
    return case


def announced_alone(case):
    """What the router says of its addresses, now and twice again within 150 ms."""
    for _ in range(3):
        case.expect(arp_ask(IN4, VMAC, IN4))
        case.expect(announcement(LINK_LOCAL, VMAC))


@router
def rfc5227_2_4_an_address_of_ours_in_use_is_defended():
    """RFC 5227 2.4 (c): somebody claims our address: the router announces what is its own, and does not
    learn."""
    case = Case([port("lan", 0, VMAC, [f"{IN4}/24"])])
    case.send(arp_ask(IN4, HOST.mac, HOST2.ip4))
    case.drop("arp_conflict")
    announced_alone(case)
    case.send(arp_ask(IN4, HOST2.mac, IN4))
    case.drop("arp_conflict")
    return case


@router
def ieee802_8_2_our_mac_from_elsewhere_is_not_taken():
    """IEEE 802 8.2: a MAC address is one station's: a frame from ours that others sent is dropped, and we say
    where we are."""
    case = Case([port("lan", 0, VMAC, [f"{IN4}/24"])])
    case.meet4(HOST)
    case.dropped("own_mac_seen", HOST, echo4(HOST.ip4, IN4), src=VMAC)
    announced_alone(case)
    return case
