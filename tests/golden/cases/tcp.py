"""The firewall's view of TCP: RFC 9293, RFC 5961, RFC 7323, RFC 5382; GRE and ESP; limits of sources."""
from collections import Counter

from scapy.all import GRE, ICMP, IP, TCP, UDP, Raw

from cases.common import write_case
from cases.firewall import (ALLOW_ALL, GREETED, HOST, HOST2, HOST2_MAC, HOST_MAC, KNOWN, NAT, ONE_PORT,
                            SERVER, SERVER_MAC, SNAT, config, from_gw, ip, to_gw)

ROUND = 1 << 32
FAR = 0x40000000  # beyond any window of these cases


class Conversation:
    """What host and server send by one port, and what becomes of it: each call is a segment that goes on, or
    with `drop` one that is dropped for this reason. Client and server begin at 999 and 4999, so that data
    begins at 1000 and 5000."""

    def __init__(self, nat=False, port=5000):
        self.send, self.expect, self.drops = [*KNOWN], [*GREETED], Counter()
        self.outside = NAT if nat else HOST
        self.nat, self.port, self.time = nat, port, 0

    def put(self, sent, left, mac, to_mac, drop=None):
        self.send.append((self.time, to_gw(sent, mac)))
        if drop:
            self.drops[drop] += 1
        else:
            self.expect.append((self.time, from_gw(left, to_mac)))

    def client(self, flags, seq, ack=0, data=b"", drop=None, **fields):
        fields = dict(window=8192) | fields
        tcp = TCP(sport=self.port, dport=80, flags=flags, seq=seq % ROUND, ack=ack % ROUND, **fields) / data
        self.put(ip(HOST, SERVER) / tcp, ip(self.outside, SERVER, ttl=63) / tcp, HOST_MAC, SERVER_MAC, drop)

    def server(self, flags, seq, ack=0, data=b"", drop=None, **fields):
        fields = dict(window=8192) | fields
        tcp = TCP(sport=80, dport=self.port, flags=flags, seq=seq % ROUND, ack=ack % ROUND, **fields) / data
        self.put(ip(SERVER, self.outside) / tcp, ip(SERVER, HOST, ttl=63) / tcp, SERVER_MAC, HOST_MAC, drop)

    def connect(self, **fields):
        self.client("S", 999, **fields)
        self.server("SA", 4999, 1000, **fields)
        self.client("A", 1000, 5000)
        return self

    def write(self, name, sections="", sessions=1024):
        text = config(ONE_PORT, ALLOW_ALL, SNAT if self.nat else None, sessions) + sections
        write_case(f"firewall/{name}", text, {"send": self.send, "expect": self.expect}, self.drops)


def scale(shift):
    return dict(options=[("NOP", None), ("WScale", shift)])


def handshake_cases():
    talk = Conversation().connect()
    talk.client("PA", 1000, 5000, b"question")
    talk.server("PA", 5000, 1008, b"answer")
    talk.client("A", 1008, 5006)
    talk.write("rfc9293_3_5_handshake_and_data")

    for name, nat in (("rfc9293_3_5_both_sides_begin_at_once", False),
                      ("rfc5382_req2_both_sides_begin_at_once_through_nat", True)):
        talk = Conversation(nat)
        talk.client("S", 999)
        talk.server("S", 4999)
        talk.client("SA", 999, 5000)
        talk.server("SA", 4999, 1000)
        talk.client("A", 1000, 5000, b"data")
        talk.server("A", 5000, 1004)
        talk.write(name)

    # The server knows an older connection: it challenges, is told to forget it, and answers the next SYN.
    talk = Conversation()
    talk.client("S", 999)
    talk.server("A", 77, 88)
    talk.client("R", 88)
    talk.client("S", 999)
    talk.server("SA", 4999, 1000)
    talk.client("A", 1000, 5000)
    talk.write("rfc9293_3_5_1_an_older_connection_is_forgotten")

    talk = Conversation()
    talk.client("S", 0xfffffff0)
    talk.server("SA", 0xffffffff, 0xfffffff1)
    talk.client("A", 0xfffffff1, 0, bytes(100))
    talk.server("A", 0, 0xfffffff1 + 100)
    talk.client("A", 0xfffffff1 + 100, 0, bytes(100))
    talk.client("A", 0xfffffff1 + 100 + FAR, 0, bytes(100), drop="tcp_out_of_window")
    talk.write("rfc9293_3_4_numbers_go_round")

    talk = Conversation()
    talk.client("S", 999)
    talk.client("S", 999)
    talk.server("SA", 4999, 1000)
    talk.server("SA", 4999, 1000)
    talk.client("A", 1000, 5000)
    talk.server("SA", 4999, 1000)  # the ACK was lost behind us
    talk.client("A", 1000, 5000)
    talk.write("rfc9293_3_8_1_a_handshake_is_repeated")

    talk = Conversation()
    talk.client("S", 999)
    for ack in (999, 1001, 1000 + FAR):
        talk.server("SA", 4999, ack, drop="tcp_unasked")
    talk.client("SA", 999, 5000, drop="tcp_unasked")
    talk.server("SA", 4999, 1000)
    talk.write("rfc9293_3_10_7_3_an_answer_to_another_syn_dropped")

    talk = Conversation()
    talk.client("S", 999)
    talk.client("A", 1000, 5000, b"data", drop="tcp_unasked")
    talk.client("FA", 1000, 5000, drop="tcp_unasked")
    talk.server("A", 5000, 1000, b"data", drop="tcp_unasked")
    talk.server("SA", 4999, 1000)
    talk.write("rfc9293_3_10_7_3_data_before_the_answer_dropped")

    talk = Conversation()
    talk.client("S", 999, data=b"early data")
    talk.server("SA", 4999, 1010)
    talk.client("A", 1010, 5000, b"more")
    talk.write("rfc7413_3_data_in_a_syn")

    # Only a session that is over is opened anew: its RST ended it.
    talk = Conversation()
    talk.client("S", 999)
    talk.server("RA", 0, 1000)
    talk.client("S", 2999)
    talk.server("SA", 7999, 3000)
    talk.write("rfc9293_3_10_7_3_a_refused_connection_is_tried_again")

    talk = Conversation()
    talk.client("S", 999)
    talk.server("RA", 0, 1000 + FAR)
    talk.server("R", 4999)
    talk.server("SA", 4999, 1000)
    talk.client("A", 1000, 5000)
    talk.write("rfc9293_3_10_7_3_a_rst_of_another_number_refuses_nothing")


def flag_cases():
    wrong = ("", "P", "U", "F", "FPU", "SF", "SR", "SFA", "SRA", "FR", "FRA", "SFRPAU")
    talk = Conversation()
    for flags in wrong:
        talk.client(flags, 1000, 5000, drop="tcp_flags")
    talk.connect()
    for flags in wrong:
        talk.client(flags, 1000, 5000, drop="tcp_flags")
        talk.server(flags, 5000, 1000, drop="tcp_flags")
    for flags in ("A", "PA", "UA", "EA", "CA"):
        talk.client(flags, 1000, 5000)
    talk.write("rfc9293_3_1_flags_that_no_segment_has_dropped")

    talk = Conversation()
    talk.client("SEC", 999)  # RFC 3168 section 6.1.1
    talk.server("SAE", 4999, 1000)
    talk.client("A", 1000, 5000)
    talk.write("rfc3168_6_1_1_a_handshake_that_asks_for_ecn")


def window_cases():
    talk = Conversation().connect()
    talk.client("A", 1000 + 8192, 5000, b"x")      # one octet at the edge, as of a probe
    talk.client("A", 1000 + 8193, 5000, b"x", drop="tcp_out_of_window")
    talk.client("A", 1000 + FAR, 5000, b"x", drop="tcp_out_of_window")
    talk.server("A", 5000 + 8193, 1000, b"x", drop="tcp_out_of_window")
    talk.write("rfc9293_3_10_7_4_data_beyond_the_window_dropped")

    talk = Conversation().connect()
    talk.client("A", 1000, 5000, bytes(100))
    talk.client("A", 1000, 5000, bytes(100))
    talk.client("A", 1000 - FAR, 5000, bytes(100), drop="tcp_out_of_window")
    talk.write("rfc9293_3_10_7_4_data_of_long_ago_dropped")

    talk = Conversation().connect()
    talk.client("A", 1000, 5000, bytes(100))
    talk.server("A", 5000, 1101, drop="tcp_bad_ack")
    talk.server("A", 5000, 1100 + FAR, drop="tcp_bad_ack")
    talk.server("A", 5000, 1100 - FAR, drop="tcp_bad_ack")
    talk.server("A", 5000, 1100)
    talk.server("A", 5000, 1000)                   # overtaken
    talk.write("rfc9293_3_10_7_4_an_ack_of_what_was_not_sent_dropped")

    talk = Conversation().connect()
    talk.client("A", 1000, 5000, bytes(1000))
    talk.server("A", 5000, 2000, window=0)
    talk.client("A", 2000 + 7192, 5000, b"x")      # what was allowed before
    talk.server("A", 5000, 2000, window=0)
    talk.server("A", 5000, 2000, window=16384)
    talk.client("A", 2000 + 16384, 5000, b"x")
    talk.client("A", 2000 + 16385, 5000, b"x", drop="tcp_out_of_window")
    talk.write("rfc9293_3_8_6_a_window_closes_and_opens")

    talk = Conversation().connect()
    talk.client("A", 1000, 5000, bytes(1460))
    talk.server("A", 5000, 1000, window=0, options=[("NOP", None), ("NOP", None), ("SAck", (1500, 2460))])
    talk.client("A", 1000, 5000, bytes(500))
    talk.server("A", 5000, 2460)
    talk.write("rfc2018_3_a_hole_is_filled")

    talk = Conversation().connect()
    talk.client("A", 1000, 5000, b"data")
    talk.server("A", 5000, 1004)
    talk.client("A", 1003, 5000)                   # with no octet, and with one
    talk.server("A", 5000, 1004)
    talk.client("A", 1003, 5000, b"\0")
    talk.server("A", 5000, 1004)
    talk.write("rfc9293_3_8_4_keep_alives_go_on")

    talk = Conversation().connect(**scale(4))
    talk.server("A", 5000, 1000)                   # 8192 << 4
    talk.client("A", 1000 + (8192 << 4), 5000, b"x")
    talk.client("A", 1001 + (8192 << 4), 5000, b"x", drop="tcp_out_of_window")
    talk.write("rfc7323_2_2_windows_are_scaled")

    talk = Conversation().connect(**scale(4))
    talk.client("A", 1000 + 8193, 5000, b"x", drop="tcp_out_of_window")
    talk.write("rfc7323_2_2_the_window_of_a_syn_is_not_scaled")

    talk = Conversation()
    talk.client("S", 999, **scale(8))
    talk.server("SA", 4999, 1000)
    talk.client("A", 1000, 5000)
    talk.server("A", 5000, 1000)
    talk.client("A", 1000 + 8193, 5000, b"x", drop="tcp_out_of_window")
    talk.server("A", 5000 + 8320, 1000, b"x", drop="tcp_out_of_window")
    talk.write("rfc7323_1_3_a_scale_of_one_side_alone_is_none")

    talk = Conversation().connect(**scale(200))
    talk.server("A", 5000, 1000)
    talk.client("A", 1000 + (8192 << 14), 5000, b"x")
    talk.client("A", 1001 + (8192 << 14), 5000, b"x", drop="tcp_out_of_window")
    talk.write("rfc7323_2_3_a_shift_of_more_than_14_is_14")

    talk = Conversation().connect(options=[("Timestamp", (1, 0)), ("MSS", 1460), ("WScale", 2)])
    talk.server("A", 5000, 1000)
    talk.client("A", 1000 + (8192 << 2), 5000, b"x")
    talk.write("rfc7323_2_2_the_option_is_found_behind_others")


def blind_cases():
    talk = Conversation().connect()
    for seq in (999, 1000, 1000 + FAR):
        talk.client("S", seq)
        talk.server("S", seq + 4000)
    talk.server("A", 5000, 1000)                   # the challenge
    talk.client("A", 1000, 5000, b"data")
    talk.write("rfc5961_4_a_syn_amid_a_session_changes_nothing")

    talk = Conversation().connect()
    talk.client("S", 1000 + FAR)                   # the client has forgotten, and begins again
    talk.server("A", 5000, 1000)
    talk.client("R", 1000)
    talk.client("S", 1000 + FAR)
    talk.server("SA", 6999, 1001 + FAR)
    talk.client("A", 1001 + FAR, 7000, b"data")
    talk.write("rfc5961_4_a_client_that_forgot_opens_anew")

    talk = Conversation().connect()
    talk.server("R", 5001)                         # within the window: challenged
    talk.server("R", 4990)
    talk.client("R", 1400)
    talk.client("A", 1000, 5000, b"data")
    talk.client("S", 2999)                         # it is established still
    talk.server("SA", 7999, 3000, drop="tcp_bad_ack")
    talk.write("rfc5961_3_a_rst_within_the_window_ends_nothing")

    talk = Conversation().connect()
    for number in (FAR, 5000 + FAR, 5000 - FAR):
        talk.server("R", number, drop="tcp_out_of_window")
    talk.client("R", 1000 + FAR, drop="tcp_out_of_window")
    talk.client("RA", 1000 - FAR, 5000, drop="tcp_out_of_window")
    talk.client("A", 1000, 5000, b"data")
    talk.write("rfc5961_3_a_rst_outside_of_the_window_dropped")

    talk = Conversation().connect()
    talk.client("PA", 1000, 5000, b"data")
    talk.server("R", 5000)
    talk.client("S", 2999)                         # over: opened anew
    talk.server("SA", 7999, 3000)
    talk.client("A", 3000, 8000)
    talk.write("rfc5961_3_an_exact_rst_ends")

    talk = Conversation().connect()
    talk.server("A", 5000 + 100, 1000 + FAR, b"forged", drop="tcp_bad_ack")
    talk.server("A", 5000 + 100, 1000 - FAR, b"forged", drop="tcp_bad_ack")
    talk.client("FA", 1000 + FAR, 5000, drop="tcp_out_of_window")
    talk.client("A", 1000, 5000, b"data")
    talk.write("rfc5961_5_blind_data_dropped")


def close_cases():
    talk = Conversation().connect()
    talk.client("FA", 1000, 5000)
    talk.server("A", 5000, 1001)
    talk.server("A", 5000, 1001, b"the rest")      # half closed: the other way goes on
    talk.client("A", 1001, 5008)
    talk.client("S", 2999)                         # it is not over: challenged
    talk.server("A", 5008, 1001)
    talk.server("FA", 5008, 1001)
    talk.client("A", 1001, 5009)
    talk.client("S", 2999)
    talk.server("SA", 7999, 3000)
    talk.client("A", 3000, 8000)
    talk.write("rfc9293_3_6_half_closed_then_closed_then_opened_anew")

    talk = Conversation(nat=True).connect()
    talk.client("FA", 1000, 5000)
    talk.server("FA", 5000, 1000)                  # both close at once
    talk.client("A", 1001, 5001)
    talk.server("A", 5001, 1001)
    talk.write("rfc5382_req2_both_sides_close_at_once_through_nat")

    talk = Conversation(nat=True).connect()
    sent = ip(HOST, SERVER, id=9) / TCP(sport=5000, dport=80, flags="A", seq=1000, ack=5000) / b"data"
    left = ip(NAT, SERVER, id=9, ttl=63) / sent[TCP]
    talk.put(sent, left, HOST_MAC, SERVER_MAC)
    for kind, code in ((3, 1), (3, 3), (11, 0)):
        error = ICMP(type=kind, code=code)
        back = ip(HOST, SERVER, id=9, ttl=63) / sent[TCP]
        talk.put(ip(SERVER, NAT) / error / Raw(bytes(left)[:28]),
                 ip(SERVER, HOST, ttl=63) / error / Raw(bytes(back)[:28]), SERVER_MAC, HOST_MAC)
    talk.server("A", 5000, 1004)
    talk.client("A", 1004, 5000, b"data")
    talk.write("rfc5382_req10_icmp_errors_end_nothing")


def strictness_cases():
    talk = Conversation().connect()
    talk.client("A", 1000 + FAR, 5000, b"x")
    talk.server("A", 5000, 1000 + FAR)
    talk.client("SF", 1000, 5000, drop="tcp_flags")
    talk.server("R", 5000 + FAR)
    talk.client("S", 2999)
    talk.server("SA", 7999, 3000)
    talk.client("A", 1000, 5000, b"x")
    talk.write("tcp_checks_loose_lets_any_number_pass", "tcp: {checks: loose}\n")

    talk = Conversation().connect()
    talk.client("A", 1000 + FAR, 5000, b"x")
    talk.client("SF", 1000, 5000)
    talk.write("tcp_checks_off_lets_all_pass", "tcp: {checks: off}\n")


def datagram(kind, source, destination, ttl=64, key=1):
    body = GRE(proto=0x0800) / Raw(b"inner") if kind == 47 else Raw(key.to_bytes(4, "big") + bytes(28))
    return IP(src=source, dst=destination, proto=kind, ttl=ttl) / body


def other_protocol_cases():
    for kind, name in ((47, "rfc2784_gre"), (50, "rfc4303_esp")):
        for nat in (False, True):
            talk = Conversation(nat)
            outside = NAT if nat else HOST
            talk.put(datagram(kind, HOST, SERVER), datagram(kind, outside, SERVER, 63), HOST_MAC, SERVER_MAC)
            talk.put(datagram(kind, SERVER, outside, key=2), datagram(kind, SERVER, HOST, 63, key=2),
                     SERVER_MAC, HOST_MAC)
            if nat:  # who would have the same answers
                talk.put(datagram(kind, HOST2, SERVER), None, HOST2_MAC, SERVER_MAC, "session_conflict")
            talk.write(f"{name}_by_address{'_through_nat' if nat else ''}")
    talk = Conversation()
    for kind, octets in ((47, 3), (50, 7)):
        cut = IP(src=HOST, dst=SERVER, proto=kind) / Raw(bytes(octets))
        talk.put(cut, None, HOST_MAC, SERVER_MAC, "truncated")
    talk.put(datagram(50, SERVER, HOST, key=9), datagram(50, SERVER, HOST, 63, key=9), SERVER_MAC, HOST_MAC)
    talk.write("rfc4303_2_a_header_that_is_cut_dropped")


def udp(source, port, ttl=64):
    return ip(source, SERVER, ttl=ttl) / UDP(sport=port, dport=53) / b"x"


def limit_cases():
    def query(talk, source, mac, port, drop=None):
        talk.put(udp(source, port), udp(source, port, 63), mac, SERVER_MAC, drop)

    talk = Conversation()
    query(talk, HOST, HOST_MAC, 4000)
    query(talk, HOST, HOST_MAC, 4001)
    query(talk, HOST, HOST_MAC, 4002, "source_limit")
    query(talk, HOST, HOST_MAC, 4000)              # a known one
    query(talk, HOST2, HOST2_MAC, 4000)
    talk.write("limits_sessions_of_a_source", "limits: {sessions_per_source: 2}\n")

    talk = Conversation()
    talk.client("S", 999)
    talk.port = 5001
    talk.client("S", 999, drop="source_limit")
    talk.port = 5000
    talk.server("SA", 4999, 1000)
    talk.client("A", 1000, 5000)
    talk.port = 5001
    talk.client("S", 999)
    talk.write("limits_half_open_sessions_of_a_source", "limits: {half_open_per_source: 1}\n")

    talk = Conversation()
    query(talk, HOST, HOST_MAC, 4000)
    query(talk, HOST, HOST_MAC, 4001, "source_limit")
    talk.time = 2
    query(talk, HOST, HOST_MAC, 4001)
    talk.write("limits_new_sessions_of_a_source_in_a_second", "limits: {new_per_s_per_source: 1}\n")

    # The table is a page of 64 sessions at least. All are established: the last one stays out.
    talk = Conversation()
    for port in range(4000, 4064):
        query(talk, HOST, HOST_MAC, port)
        answer = UDP(sport=53, dport=port) / b"y"
        talk.put(ip(SERVER, HOST) / answer, ip(SERVER, HOST, ttl=63) / answer, SERVER_MAC, HOST_MAC)
    query(talk, HOST, HOST_MAC, 5000, "sessions_full")
    query(talk, HOST, HOST_MAC, 4000)
    talk.write("established_sessions_never_give_way", sessions=16)

    # One is established; the oldest handshake gives way, and its answer comes too late.
    talk = Conversation(port=4000).connect()
    for port in range(4001, 4065):
        talk.port = port
        talk.client("S", 999)
    talk.port = 4001
    talk.server("SA", 4999, 1000, drop="no_session")
    talk.port = 4002
    talk.server("SA", 4999, 1000)
    talk.port = 4000
    talk.client("A", 1000, 5000, b"data")
    talk.write("the_oldest_handshake_gives_way_in_a_full_table", sessions=16)


def make():
    for cases in (handshake_cases, flag_cases, window_cases, blind_cases, close_cases, strictness_cases,
                  other_protocol_cases, limit_cases):
        cases()
