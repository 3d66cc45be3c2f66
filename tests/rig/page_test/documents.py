"""report.json documents to make pages of: one run, a comparison, and runs that went wrong."""

STEP_MS = 2


def curve(outage_ms, base_us):
    """Latency by step from -100 ms, with a break for the outage."""
    values = []
    for step in range(300):
        at_ms = -100 + step * STEP_MS
        inside = 0 <= at_ms < outage_ms
        settling = 400 if outage_ms <= at_ms < outage_ms + 8 else 0
        values.append(None if inside else base_us + (step * 37) % 40 + settling)
    return values


def timeline(outage_ms, base_us):
    gaps = [[-0.5, outage_ms, int(outage_ms * 2)]] if outage_ms else []
    p50 = curve(outage_ms, base_us)
    return {'begin_ms': -3000, 'end_ms': 8000, 'gaps': gaps, 'delay_begin_ms': -100, 'step_ms': STEP_MS,
            'delay_us_p50': p50, 'delay_us_max': [v and v * 3 for v in p50]}


def programs(harmed):
    return {
        'iperf3': {'bytes': 16252928, 'retransmits': 12, 'longest_silence_ms': 300 if harmed else 100,
                   'broke': 'the client: control socket has closed unexpectedly' if harmed else None},
        'http': {'download_bytes': 3866624, 'download_complete': 0 if harmed else 1, 'requests': 71,
                 'requests_failed': 4 if harmed else 0, 'requests_wrong': 0,
                 'broke': 'the download did not complete: curl: (56) Recv failure: Connection reset by peer'
                          if harmed else None},
    }


def run(system, fault, repetition, outage_ms, pauses):
    harmed = outage_ms > 1000
    figures = {
        'outage_ms': outage_ms, 'blocked_ms': outage_ms, 'tcp_wanted': 500, 'tcp_established': 500,
        'tcp_survived': 480 if harmed else 500, 'tcp_broken': 0, 'sessions_lost': 20 if harmed else 0,
        'server_first_wanted': 100, 'server_first_established': 100,
        'server_first_survived': 60 if harmed else 100, 'replay_offered': 2400, 'replay_arrived': 2380,
        'replay_lost_before': 0, 'replay_lost_failover': 20, 'replay_lost_after': 0,
        'probe_sent': 44000, 'probe_lost_failover': outage_ms * 2, 'probe_lost_steady': 0,
        'probe_duplicated': 0, 'probe_reordered': 0, 'probe_corrupted': 0,
        'to_server_outage_ms': outage_ms, 'to_client_outage_ms': outage_ms + 1,
        'new_connections_ok': 1100, 'new_connections_failed': 0, 'probe_delay_us_p50': 48.5,
        'probe_delay_us_p99': 1350.2, 'delay_after_us_p99': 1501, 'redundant_again_ms': 4200.5,
    }
    if pauses:
        figures |= {'checkpoints': 12000, 'blackout_us_p50': 41.5, 'blackout_us_p99': 160 + 10 * repetition}
    return figures | {
        'reasons': ['the outage of 3100.0 ms is above 150 ms', 'iperf3: the client: control socket has closed'
                    ' unexpectedly'] if harmed else [],
        'failure': None, 'impossible': False, 'system': system, 'fault': fault, 'repetition': repetition,
        'seconds': 31.5, 'tcp_broken_because': {}, 'new_connections_failed_because': {},
        'server_first_broken_because': {}, 'programs': programs(harmed),
        'takeover': 'fence 0.1 ms, swap 0.4 ms, announce 0.2 ms' if pauses else '',
        'wire': 'breach' if harmed else 'clean',
        'wire_says': 'br-in, 10.80.1.1: the active until +0.2 ms, then the standby from +52.7 ms\n',
        'timeline': timeline(outage_ms, 60), 'timeline_to_client': timeline(outage_ms + 1, 60),
    }


def failed(system, fault, repetition, impossible):
    """Nothing was measured: no figure, no timeline."""
    values = run(system, fault, repetition, 0, False)
    figures = {key: None for key, value in values.items() if isinstance(value, float | int)}
    return values | figures | {
        'repetition': repetition, 'seconds': 1.5, 'impossible': impossible, 'programs': {}, 'wire': None,
        'wire_says': '', 'timeline': timeline(0, 0), 'timeline_to_client': timeline(0, 0),
        'failure': f'{system} cannot suffer {fault}: it has one node, and the fault needs a successor'}


def document(scenario, runs):
    return {
        'schema': 1, 'verdict': 'bad', 'scenario': scenario, 'started': '2024-01-01T00:00:00Z',
        'about': 'A page to look at, made of no real run.',
        'machine': 'Some Processor With A Long Name CPU @ 2.90GHz, 2 cores, Linux 6.1',
        'seed': 1, 'connections': 500, 'probes_per_s': 2000, 'new_per_s': 100, 'seconds_before': 3.0,
        'seconds_after': 8.0, 'outage_ms_at_most': 150, 'repetitions': 3, 'interrupted': False, 'summary': [],
        'runs': runs,
    }


SYSTEMS = (('stillwater', 50, True), ('keepalived-10ms', 120, False), ('keepalived-1s', 3100, False))


def comparison():
    runs = []
    for repetition in (1, 2, 3):
        for fault in ('kill', 'freeze', 'cut-replication + kill@20ms'):
            for system, outage_ms, pauses in SYSTEMS:
                runs.append(run(system, fault, repetition, outage_ms + 7 * repetition, pauses))
            runs.append(failed('linux', fault, repetition, True))
    return document('comparison', runs)


def all_documents():
    """By name: the document, and the headings that its page must have."""
    common = ['Around the fault', 'Real programs', 'On the wire', 'Every figure']
    return {
        'good': (document('good', [run('stillwater', 'kill', 1, 52.5, True)]),
                 common + ['Takeover', 'Checkpoint pause']),
        'bad': (document('bad', [run('keepalived-1s', 'kill', 1, 3100, False)]), common + ['Why it is bad']),
        'failed': (document('failed', [failed('linux', 'kill', 1, False)]), ['Nothing to judge']),
        'comparison': (comparison(), common + ['Outages', 'Side by side', 'Checkpoint pause', 'Runs']),
    }
