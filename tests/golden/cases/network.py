"""The network around the router: stations, configurations, and how a case says what is sent and expected."""
import dataclasses

from scapy.all import Dot1Q, Ether, IPv6, Raw

from cases.common import BROADCAST, GOLDEN, arp_answer, arp_ask, internet_checksum, write_case
from cases.icmp import error4, error6
from cases.neighbours import neighbour_answer, neighbour_question

VMAC, VMAC_WAN = "02:53:57:00:01:01", "02:53:57:00:02:01"
LINK_LOCAL, LINK_LOCAL_WAN = "fe80::53:57ff:fe00:101", "fe80::53:57ff:fe00:201"  # RFC 4291 appendix A
IN4, OUT4, WAN4 = "10.80.1.1", "10.80.2.1", "10.80.3.1"
IN6, OUT6, WAN6 = "2001:db8:1::1", "2001:db8:2::1", "2001:db8:3::1"
FAR4, FAR6 = "192.0.2.9", "2001:db8:9::9"


@dataclasses.dataclass(frozen=True)
class Station:
    """Somebody on a link of the router's. gw4, gw6: the router's addresses there."""
    mac: str
    ip4: str
    ip6: str
    link_local: str
    gw4: str
    gw6: str
    port: str = "lan"
    vmac: str = VMAC
    vlan: int = 0


HOST = Station("02:00:00:00:01:02", "10.80.1.2", "2001:db8:1::2", "fe80::12", IN4, IN6)
HOST2 = Station("02:00:00:00:01:03", "10.80.1.3", "2001:db8:1::3", "fe80::13", IN4, IN6)
SERVER = Station("02:00:00:00:02:02", "10.80.2.2", "2001:db8:2::2", "fe80::22", OUT4, OUT6)
SERVER2 = Station("02:00:00:00:02:03", "10.80.2.3", "2001:db8:2::3", "fe80::23", OUT4, OUT6)
BEYOND = Station("02:00:00:00:03:02", "10.80.3.2", "2001:db8:3::2", "fe80::32", WAN4, WAN6, "wan", VMAC_WAN)


def port(name, number, mac, addresses, mtu=1500):
    return (f'{{name: {name}, device: net_pcap{number}, mac: "{mac}", addresses: [{", ".join(addresses)}], '
            f'mtu: {mtu}}}')


def via(prefix, *next_hops, port=None):
    hops = [f"'{hop}'" for hop in next_hops]
    word = hops[0] if len(hops) == 1 else f"[{', '.join(hops)}]"
    return f"{{to: '{prefix}', via: {word}" + (f", port: {port}}}" if port else "}")


def ends(prefix, action):
    return f"{{to: '{prefix}', action: {action}}}"


# Both subnets on one port: what is sent lies in one capture, so its order is exact.
ONE_PORT = [port("lan", 0, VMAC, [f"{IN4}/24", f"{OUT4}/24", f"{IN6}/64", f"{OUT6}/64"])]
DEFAULT4 = via("0.0.0.0/0", SERVER.ip4)
DEFAULT6 = via("::/0", SERVER.ip6)


def two_ports(mtu, wan_mtu):
    """A link of less than 1280 bytes is one of IPv4 alone (RFC 8200 section 5)."""
    wan = [f"{WAN4}/24", f"{WAN6}/64"][:2 if wan_mtu >= 1280 else 1]
    return [port("lan", 0, VMAC, [f"{IN4}/24", f"{IN6}/64"], mtu), port("wan", 1, VMAC_WAN, wan, wan_mtu)]


def is_v6(packet):
    return packet[0] >> 4 == 6 if isinstance(packet, bytes) else isinstance(packet, IPv6)


def forwarded_bytes(packet):
    after = bytearray(packet)
    if is_v6(packet):
        after[7] -= 1
        return bytes(after)
    header = (packet[0] & 15) * 4
    after[8] -= 1
    after[10:12] = b"\0\0"
    after[10:12] = internet_checksum(bytes(after[:header])).to_bytes(2, "big")
    return bytes(after)


def forwarded(packet):
    """As it leaves: one hop less, and for IPv4 a new header checksum."""
    if isinstance(packet, bytes):
        return forwarded_bytes(packet)
    packet = packet.copy()
    if isinstance(packet, IPv6):
        packet.hlim -= 1
    else:
        packet.ttl -= 1
        packet.chksum = None
    return packet


class Case:
    """What comes a millisecond later: what is sent to another port, and what passes after what does not or
    the other way round, so that all of a burst go the same way through the router. Not the latter if `mixed`.
    """

    def __init__(self, ports=None, routes=(), icmp=None):
        rows = "".join(f"  - {row}\n" for row in ports or ONE_PORT)
        self.config = ('node: {name: golden, role: active, management: "unix:/tmp/golden.sock"}\n'
                       "dataplane: {function: router, idle: pause, memory: 384MiB, ipv4_routes: 64, "
                       "ipv6_routes: 64, hold_packets: 64}\n"
                       f"ports:\n{rows}")
        self.config += "routes:\n" + "".join(f"  - {row}\n" for row in routes) if routes else "routes: []\n"
        if icmp:
            self.config += f"icmp: {icmp}\n"
        self.config += "arbiter: none\n"
        names = [row.split("name: ")[1].split(",")[0] for row in ports or ONE_PORT if "device:" in row]
        self.sent = {name: [] for name in names}
        self.expected = {name: [] for name in names}
        self.drops = {}
        self.now = 0
        self.last = None
        self.mixed = False

    def at(self, seconds):
        self.now = seconds

    def send(self, frame, port="lan", passes=False):
        """A frame as it is."""
        burst = port, passes and not self.mixed
        if self.last not in (None, burst):
            self.now += 0.001
        self.last = burst
        self.sent[port].append((self.now, frame))

    def expect(self, frame, port="lan"):
        self.expected[port].append((self.now, frame))

    def drop(self, reason, count=1):
        self.drops[reason] = self.drops.get(reason, 0) + count

    def sends(self, station, packet, passes=False, **ether):
        """A packet to the router, in a frame of its own."""
        ether = dict(src=station.mac, dst=station.vmac) | ether
        self.send(framed(packet, station, **ether), station.port, passes)

    def gets(self, station, packet, **ether):
        """A packet from the router."""
        ether = dict(src=station.vmac, dst=station.mac) | ether
        self.expect(framed(packet, station, **ether), station.port)

    def passes(self, source, next_hop, packet, **ether):
        """`ether` is of the frame that leaves."""
        self.sends(source, packet, passes=True)
        self.gets(next_hop, forwarded(packet), **ether)

    def dropped(self, reason, station, packet, **ether):
        self.sends(station, packet, **ether)
        self.drop(reason)

    def refused(self, reason, station, packet, kind, code, word=0, source=None, about=None):
        """Dropped, and its source is told by ICMP."""
        self.dropped(reason, station, packet)
        self.told(station, about or packet, kind, code, word, source)

    def told(self, station, about, kind, code, word=0, source=None):
        make, own = (error6, station.gw6) if is_v6(about) else (error4, station.gw4)
        self.gets(station, make(source or own, about, kind, code, word))

    def meet4(self, *stations):
        """Each asks for the router's address by ARP, so that the router knows it."""
        for station in stations:
            question = arp_ask(station.ip4, station.mac, station.gw4)
            self.send(tagged(question, station), station.port)
            reply = arp_answer(station.gw4, station.vmac, station.ip4, station.mac)
            self.expect(tagged(reply, station), station.port)

    def meet6(self, *stations, link_local=False):
        """The same by neighbour discovery."""
        for s in stations:
            address, own = (s.link_local, LINK_LOCAL) if link_local else (s.ip6, s.gw6)
            self.send(tagged(neighbour_question(address, s.mac, own), s), s.port)
            self.expect(tagged(neighbour_answer(own, s.vmac, address, s.mac), s), s.port)

    def ask4(self, station, to=BROADCAST):
        """The router asks for the station by ARP, everybody or itself alone."""
        self.expect(tagged(arp_ask(station.gw4, station.vmac, station.ip4, to), station), station.port)

    def ask6(self, station, to=None, destination=None):
        question = neighbour_question(station.gw6, station.vmac, station.ip6, to, destination)
        self.expect(tagged(question, station), station.port)

    def write(self, name):
        alone = len(self.sent) == 1
        captures = {}
        for port_name in self.sent:
            prefix = "" if alone else f"{port_name}."
            captures[f"{prefix}send"] = self.sent[port_name]
            captures[f"{prefix}expect"] = self.expected[port_name]
        write_case(f"router/{name}", self.config, captures, self.drops)


def framed(packet, station, **ether):
    """Of scapy's, or bytes."""
    version6 = len(bytes(packet)) > 0 and is_v6(packet)
    ether = dict(type=0x86dd if version6 else 0x0800) | ether
    return tagged(Ether(**ether) / (Raw(packet) if isinstance(packet, bytes) else packet), station)


def tagged(frame, station):
    if not station.vlan:
        return frame
    frame = frame.copy()
    inner = frame.type
    payload = frame.payload
    frame.remove_payload()
    frame.type = 0x8100
    return frame / Dot1Q(vlan=station.vlan, type=inner) / payload


CASES = []


def router(function):
    """The folder has the function's name."""
    CASES.append(function)
    return function


def make():
    for function in CASES:
        function().write(function.__name__)
    names = {function.__name__ for function in CASES}
    left = {folder.name for folder in (GOLDEN / "router").iterdir()} - names
    listed = (GOLDEN / "meson.build").read_text()
    unlisted = [name for name in sorted(names) if f"'{name}'" not in listed]
    if left or unlisted:
        raise SystemExit(f"folders without a case: {sorted(left)}; not in meson.build: {unlisted}")
