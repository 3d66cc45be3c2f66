#!/usr/bin/env python3
"""The packages, installed, run and purged in a root of their own. As root."""

import argparse
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import time

import root as own_root

SOURCE = pathlib.Path(__file__).resolve().parent.parent.parent
EXAMPLES = 'usr/share/doc/stillwater/examples'
EXPECTED = [
    'usr/sbin/stillwaterd', 'usr/sbin/stillwater-witness', 'usr/bin/stillwaterctl', 'usr/bin/stillwater-rig',
    'usr/lib/x86_64-linux-gnu/stillwater/libstillwater_agent.so',
    'usr/share/stillwater-rig/scenarios/demo.yaml',
    'usr/share/man/man8/stillwaterd.8.gz', 'usr/share/man/man8/stillwater-witness.8.gz',
    'usr/share/man/man1/stillwaterctl.1.gz', 'usr/share/man/man1/stillwater-rig.1.gz',
    'usr/share/bash-completion/completions/stillwaterctl', 'usr/share/doc/stillwater/docs/configuration.md',
    EXAMPLES + '/firewall-a.yaml', 'etc/default/stillwater-witness', 'etc/stillwater',
    'usr/include/stillwater/base/result.h', 'usr/lib/x86_64-linux-gnu/libstillwater_base.a',
    'usr/share/stillwater/proto/stillwater/v1/stillwater.proto',
]
UNITS = ['stillwater.service', 'stillwater@.service', 'stillwater-witness.service']
# What Debian keeps of every package that was ever there.
KEPT = re.compile(r'var/lib/dpkg/|var/cache/|var/log/|var/lib/systemd|var/lib/apt/'
                  r'|etc/(passwd|group|shadow|gshadow)-$|etc/\.pwd\.lock$|etc/ld\.so\.cache$|var/lib/ucf')
# A function's author's first program: a region, a guarded write, the tracker that finds it.
PROGRAM = r'''
#include <cstdio>
#include "ckpt_engine/region/region.h"
#include "ckpt_engine/trackers/factory.h"
int main() {
  stillwater::region::Layout layout;
  layout.add("counter", stillwater::region::StateClass::hard, stillwater::region::kPageBytes, 64);
  const auto region = stillwater::region::Region::create(layout);
  if (!region) return 1;
  for (const auto& tracker : stillwater::trackers::probe())
    if (tracker.name == "barrier") std::puts(tracker.usable ? "finds a write" : "does not");
}
'''


def check(condition, what):
    if not condition:
        sys.exit(f'FAILED: {what}')


def step(text):
    print(f'{time.monotonic() - BEGAN:5.1f} s  {text}', flush=True)


BEGAN = time.monotonic()


class Notified:
    """systemd's end of sd_notify, for one program."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(str(path))
        os.chmod(path, 0o777)

    def wait_for(self, words, seconds):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.socket.settimeout(max(0.01, end - time.monotonic()))
            try:
                if words in self.socket.recv(4096).decode():
                    return True
            except socket.timeout:
                return False
        return False


def of_unit(unit, key):
    text = (SOURCE / 'packaging/systemd' / unit).read_text()
    return re.search(rf'^{key}=(.*)$', text, re.MULTILINE).group(1)


class Daemon:
    """A packaged program with the rights that its unit leaves it."""

    def __init__(self, root, unit, command):
        self.name = unit
        notified = root.path / 'run' / (unit + '.notify')
        self.notify = Notified(notified)
        names = [name.removeprefix('CAP_').lower() for name in of_unit(unit, 'CapabilityBoundingSet').split()]
        bounding = ','.join(['-all'] + ['+' + name for name in names])
        rights = ['setpriv', '--no-new-privs', '--bounding-set', bounding]
        if 'User=' in (SOURCE / 'packaging/systemd' / unit).read_text():
            user = of_unit(unit, 'User')
            rights += ['--reuid', user, '--regid', user, '--clear-groups']
        self.log = open(root.scratch / (unit + '.log'), 'w+')
        environment = {'PATH': '/usr/sbin:/usr/bin', 'NOTIFY_SOCKET': f'/run/{unit}.notify',
                       'WATCHDOG_USEC': '10000000'}
        self.process = subprocess.Popen(root.command(*rights, *command), env=environment,
                                        stdout=self.log, stderr=subprocess.STDOUT)

    def said(self):
        self.log.seek(0)
        return self.log.read()

    def must_notify(self, words, seconds=60):
        check(self.notify.wait_for(words, seconds), f'{self.name} did not say {words}:\n{self.said()}')

    def must_end(self):
        self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(timeout=30)
        check(status == 0, f'{self.name} ended with {status}:\n{self.said()}')


def null_ports(text):
    """The packaged example, with ports that need no interface."""
    return re.sub(r'device: net_af_packet(\d),iface=\S+', r'device: net_null\1', text)


def install(root, packages):
    for package in packages:
        shutil.copy(package, root.path / 'var/cache')
    names = [f'/var/cache/{package.name}' for package in packages]
    if root.fetches:
        root.run('apt-get', 'install', '-y', '-qq', '--no-install-recommends', *names)
    else:
        root.run('dpkg', '--install', *names)
    said = root.run('dpkg', '--verify', 'stillwater', 'libstillwater-dev')
    check(said == '', f'files differ from the package:\n{said}')
    for path in EXPECTED:
        check((root.path / path).exists(), f'{path} is not installed')


def programs_speak(root):
    version = re.search(r"version: '(.*)'", (SOURCE / 'meson.build').read_text()).group(1)
    for program in ('stillwaterctl', 'stillwaterd', 'stillwater-witness', 'stillwater-rig'):
        check(root.run(program, '--version').strip() == f'{program} {version}', f'{program} --version')
    check('demo' in root.run('stillwater-rig', 'list'), 'the installed rig does not find its scenarios')
    words = root.run('bash', '-c', 'source /usr/share/bash-completion/completions/stillwaterctl; '
                     'COMP_WORDS=(stillwaterctl do); COMP_CWORD=1; _stillwaterctl; echo "${COMPREPLY[@]}"')
    check(words.strip() == 'doctor', f'completion offers {words}')


def units_are_right(root):
    if (root.path / 'usr/bin/systemd-analyze').exists():
        for unit in UNITS:
            said = root.run('systemd-analyze', 'verify', '--man=no', unit.replace('@.', '@fw.'))
            check(said == '', said)
    root.run('getent', 'passwd', 'stillwater-witness')
    enabled = [p for p in (root.path / 'etc/systemd/system').rglob('*') if 'stillwater' in p.name]
    check(not enabled, f'enabled without a configuration: {enabled}')


def pages_render(root):
    if not (root.path / 'usr/bin/man').exists():
        return
    for page in ('stillwaterd.8', 'stillwater-witness.8', 'stillwaterctl.1', 'stillwater-rig.1'):
        path = f'/usr/share/man/man{page[-1]}/{page}.gz'
        text = root.run('bash', '-c', f'MANWIDTH=100 man --warnings -l {path} 2>&1 | col -b')
        for heading in ('NAME', 'SYNOPSIS', 'OPTIONS', 'EXAMPLES'):
            check(f'\n{heading}\n' in '\n' + text, f'{path} has no {heading}')
        check('warning' not in text.split('NAME')[0], text[:2000])


def node_runs(root):
    (root.path / 'run/stillwater').mkdir()
    config = root.path / 'etc/stillwater/stillwater.yaml'
    config.write_text(null_ports((root.path / EXAMPLES / 'firewall-a.yaml').read_text()))
    root.run('stillwaterd', '--config', '/etc/stillwater/stillwater.yaml', '--check')
    records = root.path / 'var/lib/stillwater-witness'
    records.mkdir(mode=0o700)
    root.run('chown', 'stillwater-witness:', '/var/lib/stillwater-witness')
    witness = Daemon(root, 'stillwater-witness.service',
                     ['stillwater-witness', '--data', '/var/lib/stillwater-witness',
                      '--listen', '10.80.4.1:7800', '--tls', 'none'])
    witness.must_notify('READY=1')
    node = Daemon(root, 'stillwater.service', ['stillwaterd', '--config', '/etc/stillwater/stillwater.yaml'])
    node.must_notify('READY=1')
    node.must_notify('WATCHDOG=1')
    leads(root, node.said)
    doctor = root.command('stillwaterctl', 'doctor', '--config', '/etc/stillwater/stillwater.yaml')
    asked = subprocess.run(doctor, capture_output=True, text=True)
    check('in use by stillwaterd, which runs' in asked.stdout,
          f'the doctor sees no daemon:\n{asked.stdout}{asked.stderr}')
    node.must_end()
    witness.must_end()
    config.unlink()


def systemd_runs_it(root, packages):
    """A machine of its own, booted: what units do to programs is systemd's own doing."""
    install(root, packages)
    # Where the host is a container itself, its packages may start and stop nothing.
    (root.path / 'usr/sbin/policy-rc.d').unlink(missing_ok=True)
    own = root.path / 'run/systemd/system'
    own.mkdir(parents=True)
    (own / 'package-test.target').write_text('[Unit]\nDescription=Nothing but what is asked for\n')
    for other in ('timers.target', 'sockets.target'):
        (own / other).symlink_to('/dev/null')
    booted = Notified(root.path / 'run/booted')
    root.boot('package-test.target', {'NOTIFY_SOCKET': '/run/booted'})
    if not booted.wait_for('READY=1', 60):
        sys.exit('systemd does not boot:\n' + (root.scratch / 'systemd.log').read_text()[-2000:])
    config = (root.path / EXAMPLES / 'firewall-a.yaml').read_text()
    (root.path / 'etc/stillwater/stillwater.yaml').write_text(null_ports(config))
    witness = 'WITNESS_OPTIONS="--listen 10.80.4.1:7800 --tls none"\n'
    (root.path / 'etc/default/stillwater-witness').write_text(witness)
    units = ['stillwater-witness.service', 'stillwater.service']
    root.run('systemctl', 'start', *units)  # returns when both have said that they are ready
    leads(root, lambda: root.run('journalctl', '--boot', '--no-pager', '--unit', 'stillwater'))
    first = of_running(root, 'MainPID')
    began = int(of_running(root, 'ActiveEnterTimestampMonotonic'))
    until(lambda: int(of_running(root, 'WatchdogTimestampMonotonic')) > began + 200_000,
          'the node tells its watchdog nothing')
    root.run('systemctl', 'kill', '--signal', 'KILL', 'stillwater')
    until(lambda: of_running(root, 'NRestarts') == '1' and of_running(root, 'ActiveState') == 'active',
          'a node that was killed is not started again')
    check(of_running(root, 'MainPID') != first, 'the same process after a restart')
    root.run('systemctl', 'stop', 'stillwater')
    check(of_running(root, 'Result') == 'success', 'a node that is stopped fails')
    root.run('systemctl', 'start', 'stillwater')
    root.run('dpkg', '--purge', 'stillwater', 'libstillwater-dev')
    for unit in units:
        check(of_running(root, 'ActiveState', unit) == 'inactive', f'{unit} runs on after a purge')
    root.machine.kill()


def of_running(root, key, unit='stillwater.service'):
    return root.run('systemctl', 'show', '--value', '--property', key, unit).strip()


def until(holds, otherwise, seconds=60):
    end = time.monotonic() + seconds
    while not holds():
        check(time.monotonic() < end, otherwise)


def leads(root, log):
    address = ['stillwaterctl', '--address', 'unix:/run/stillwater/fw-a.sock']
    until(lambda: '"standalone"' in root.run(*address, 'status', '--json'),
          'the node does not lead:\n' + log())


def authors_compile(root):
    if not (root.path / 'usr/bin/g++').exists():
        return
    (root.path / 'tmp/first.cc').write_text(PROGRAM)
    root.run('bash', '-ec', 'cd /tmp; g++ -std=c++20 -Wall -Wextra -Werror first.cc -o first '
             '$(pkg-config --cflags --libs stillwater)')
    check(root.run('/tmp/first') == 'finds a write\n', 'a program of an author does not run')
    # Headers of the packet half, by their own pkg-config file.
    (root.path / 'tmp/second.cc').write_text('#include "quiesce/interface_agent.h"\nint main() {}\n')
    root.run('bash', '-ec', 'cd /tmp; g++ -std=c++20 second.cc -o second '
             '$(pkg-config --cflags --libs stillwater-quiesce)')


def purge_leaves_nothing(root):
    root.run('dpkg', '--purge', 'stillwater', 'libstillwater-dev')
    # Of a root that fetched them, the packages that ours depend on stay.
    left = sorted(path for path in root.added()
                  if not KEPT.match(path) and (not root.fetches or 'stillwater' in path))
    check(not left, 'left behind by a purge: ' + ' '.join(left[:20]))
    check('stillwater' not in (root.path / 'etc/passwd').read_text(), 'the user of the witness is left')


def make_packages(build, out):
    made = subprocess.run([sys.executable, str(SOURCE / 'packaging/package.py'), '--build', str(build),
                           '--out', str(out)], capture_output=True, text=True)
    check(made.returncode == 0, made.stdout + made.stderr)
    packages = [pathlib.Path(line) for line in made.stdout.split()]
    step('made ' + ', '.join(f'{p.name} ({p.stat().st_size >> 10} KiB)' for p in packages))
    return packages


def examine(options, scratch):
    no_group = own_root.enter_control_group()
    packages = make_packages(options.build, scratch / 'packages')
    root = own_root.Root(scratch / 'first')
    root.fetches = options.bootstrap
    (root.bootstrap if options.bootstrap else root.overlay)()
    install(root, packages)
    step('installed')
    programs_speak(root)
    units_are_right(root)
    pages_render(root)
    step('programs, units, pages')
    own_root.leave_network()
    for address in ('10.80.3.1/24', '10.80.4.1/24'):
        subprocess.run(['ip', 'address', 'add', address, 'dev', 'lo'], check=True)
    node_runs(root)
    step('a node ran, with a witness')
    authors_compile(root)
    step('an author compiled')
    purge_leaves_nothing(root)
    step('purged')
    if no_group:
        print(f'not seen under systemd: no control group of its own ({no_group})')
        return
    root = own_root.Root(scratch / 'second')
    root.fetches = False
    root.overlay()
    systemd_runs_it(root, packages)
    step('ran under systemd')


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--build', required=True, type=pathlib.Path, help='a build folder, compiled')
    parser.add_argument('--bootstrap', action='store_true',
                        help='a minimal root by mmdebstrap, dependencies by apt, with the network')
    options = parser.parse_args()
    if os.geteuid() != 0:
        sys.exit('needs root: namespaces, mounts and chroot')
    own_root.in_namespaces(lambda scratch: examine(options, scratch))


if __name__ == '__main__':
    main()
