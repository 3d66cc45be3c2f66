"""VLAN interfaces (IEEE 802.1Q) on a port that has an address of its own."""
from scapy.all import Dot1Q, Ether

from cases.common import arp_answer, arp_ask
from cases.icmp import TIME_EXCEEDED, TIME_EXCEEDED6, echo4, echo6
from cases.ipv4_headers import udp
from cases.network import HOST, IN4, IN6, LINK_LOCAL, VMAC, Case, Station, forwarded, port, router, tagged
from cases.neighbours import neighbour_answer
from cases.options import packet4
from cases.routes import udp6

TEN = Station("02:00:00:00:10:02", "10.80.10.2", "2001:db8:10::2", "fe80::102", "10.80.10.1",
              "2001:db8:10::1", vlan=10)
TWENTY = Station("02:00:00:00:20:02", "10.80.20.2", "2001:db8:20::2", "fe80::202", "10.80.20.1",
                 "2001:db8:20::1", vlan=20)
PORTS = [port("lan", 0, VMAC, [f"{IN4}/24", f"{IN6}/64"]),
         f"{{name: lan.10, parent: lan, vlan: 10, addresses: [{TEN.gw4}/24, '{TEN.gw6}/64']}}",
         f"{{name: lan.20, parent: lan, vlan: 20, addresses: [{TWENTY.gw4}/24, '{TWENTY.gw6}/64']}}"]


def met(routes=()):
    case = Case(PORTS, routes)
    case.meet4(HOST, TEN, TWENTY)
    return case


@router
def ieee8021q_9_6_tagged_in_untagged_out():
    """IEEE 802.1Q 9.6: the tag selects the interface, and is gone where the packet leaves without one."""
    case = met()
    case.passes(TEN, HOST, udp(TEN.ip4, HOST.ip4))
    case.meet6(HOST, TEN)
    case.passes(TEN, HOST, udp6(TEN.ip6, HOST.ip6))
    return case


@router
def ieee8021q_9_6_untagged_in_tagged_out():
    """IEEE 802.1Q 9.6: what leaves through a VLAN interface has its tag, with priority 0."""
    case = met()
    case.passes(HOST, TEN, udp(HOST.ip4, TEN.ip4))
    case.meet6(HOST, TWENTY)
    case.passes(HOST, TWENTY, udp6(HOST.ip6, TWENTY.ip6))
    return case


@router
def ieee8021q_9_6_from_one_vlan_to_another():
    """IEEE 802.1Q 9.6: between two VLANs of one port the tag is replaced; the priority of the other is not
    kept."""
    case = met()
    case.passes(TEN, TWENTY, udp(TEN.ip4, TWENTY.ip4))
    packet = udp(TWENTY.ip4, TEN.ip4)
    case.send(Ether(src=TWENTY.mac, dst=VMAC) / Dot1Q(prio=5, id=1, vlan=20) / packet)
    case.gets(TEN, forwarded(packet))
    return case


@router
def ieee8021q_8_6_2_unknown_vlans_are_dropped():
    """IEEE 802.1Q 8.6.2: a frame of a VLAN that is not configured here is for nobody."""
    case = met()
    for vlan in (1, 11, 100, 4094, 4095):
        case.send(Ether(src=TEN.mac, dst=VMAC) / Dot1Q(vlan=vlan) / udp(TEN.ip4, HOST.ip4))
        case.send(Ether(src=TEN.mac, dst="ff:ff:ff:ff:ff:ff") / Dot1Q(vlan=vlan) /
                  arp_ask(TEN.ip4, TEN.mac, TEN.gw4).payload)
        case.drop("vlan_tag", 2)
    return case


@router
def ieee8021q_9_6_priority_tag_is_as_untagged():
    """IEEE 802.1Q 6.9.1: VLAN 0 says a priority and no VLAN: the frame belongs to the untagged interface."""
    case = Case(PORTS)
    case.meet4(TEN)
    question = arp_ask(HOST.ip4, HOST.mac, IN4)
    case.send(Ether(src=HOST.mac, dst=question.dst) / Dot1Q(prio=7, vlan=0) / question.payload)
    case.expect(arp_answer(IN4, VMAC, HOST.ip4, HOST.mac))
    packet = udp(HOST.ip4, TEN.ip4)
    case.send(Ether(src=HOST.mac, dst=VMAC) / Dot1Q(prio=3, vlan=0) / packet)
    case.gets(TEN, forwarded(packet))
    return case


@router
def ieee8021ad_double_tags_are_dropped():
    """IEEE 802.1ad: neither a service tag, nor a second tag behind one of ours, is configured."""
    case = met()
    packet = udp(TEN.ip4, HOST.ip4)
    case.send(Ether(src=TEN.mac, dst=VMAC, type=0x88a8) / Dot1Q(vlan=10) / packet)
    case.send(Ether(src=TEN.mac, dst=VMAC) / Dot1Q(vlan=10) / Dot1Q(vlan=20) / packet)
    case.send(Ether(src=TEN.mac, dst=VMAC) / Dot1Q(vlan=0) / Dot1Q(vlan=10) / packet)
    case.drop("vlan_tag", 3)
    return case


@router
def ieee8021q_9_3_frame_ends_in_the_tag_dropped():
    """IEEE 802.1Q 9.3: a tag has four bytes, and a packet follows it."""
    case = met()
    whole = bytes(Ether(src=TEN.mac, dst=VMAC) / Dot1Q(vlan=10) / udp(TEN.ip4, HOST.ip4))
    for length in (14, 15, 17, 18, 37):
        case.send(whole[:length])
        case.drop("truncated")
    return case


@router
def rfc826_arp_is_of_its_vlan():
    """RFC 826: an address is answered for on its own interface, not on another VLAN of the same port."""
    case = met()
    case.meet4(TEN)
    for station, target in ((TEN, IN4), (TEN, TWENTY.gw4), (HOST, TEN.gw4)):
        case.send(tagged(arp_ask(station.ip4, station.mac, target), station))
        case.drop("arp_not_for_us")
    return case


@router
def rfc826_a_question_into_a_vlan_is_tagged():
    """RFC 826: the router asks in the VLAN of the neighbour, and takes an answer from there alone."""
    case = Case(PORTS)
    case.meet4(HOST)
    case.sends(HOST, udp(HOST.ip4, TEN.ip4))
    case.ask4(TEN)
    reply = arp_answer(TEN.ip4, TEN.mac, TEN.gw4, VMAC)
    case.send(tagged(reply, TWENTY))
    case.drop("arp_done")  # not of that VLAN's subnet
    case.send(tagged(reply, TEN))
    case.drop("arp_done")
    case.gets(TEN, udp(HOST.ip4, TEN.ip4, ttl=63))
    return case


@router
def rfc4291_2_1_link_local_address_is_answered_in_each_vlan():
    """RFC 4291 2.1: each interface has its link-local address: with one MAC address the same in all VLANs."""
    case = Case(PORTS)
    case.meet6(HOST, TEN, TWENTY, link_local=True)
    case.sends(TEN, echo6(TEN.link_local, LINK_LOCAL))
    case.gets(TEN, echo6(LINK_LOCAL, TEN.link_local, kind=129))
    return case


@router
def rfc4861_7_2_2_a_question_into_a_vlan_is_tagged():
    """RFC 4861 7.2.2: as by ARP."""
    case = Case(PORTS)
    case.meet6(HOST)
    case.sends(HOST, udp6(HOST.ip6, TEN.ip6))
    case.ask6(TEN)
    case.send(tagged(neighbour_answer(TEN.ip6, TEN.mac, TEN.gw6, VMAC), TEN))
    case.drop("nd_done")
    case.gets(TEN, udp6(HOST.ip6, TEN.ip6, hlim=63))
    return case


@router
def rfc1812_4_3_2_4_an_error_into_a_vlan_is_of_its_address():
    """RFC 1812 4.3.2.4, RFC 4443 2.2: errors and replies to a station in a VLAN come from the address
    there."""
    case = met()
    case.meet6(TEN)
    case.refused("ttl_expired", TEN, udp(TEN.ip4, HOST.ip4, ttl=1), TIME_EXCEEDED, 0)
    case.refused("ttl_expired", TEN, udp6(TEN.ip6, HOST.ip6, hlim=1), TIME_EXCEEDED6, 0)
    case.sends(TEN, echo4(TEN.ip4, TEN.gw4))
    case.gets(TEN, echo4(TEN.gw4, TEN.ip4, kind=0))
    return case


@router
def ieee8021q_g_2_3_the_tag_does_not_count_for_the_mtu():
    """IEEE 802.1Q G.2.3: a packet of 1500 bytes fits behind a tag."""
    case = met()
    packet = packet4(payload=bytes(1480), destination=TEN.ip4, flags=2)
    case.passes(HOST, TEN, packet)
    case.passes(TEN, HOST, packet4(payload=bytes(1480), source=TEN.ip4, destination=HOST.ip4, flags=2))
    return case
