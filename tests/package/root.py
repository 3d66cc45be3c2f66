"""A root of its own for an installation, in namespaces: what is written to it is gone with them."""

import ctypes
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

DEVICES = ['null', 'zero', 'full', 'random', 'urandom', 'tty']


def in_namespaces(act):
    """Runs act(folder) in mount and PID namespaces of its own; the exit status is this program's.

    The folder is empty, and removed by who sees none of the mounts that were made in it.
    """
    if 'SCRATCH' in os.environ:
        subprocess.run(['mount', '--make-rprivate', '/'], check=True)
        mount('-t', 'proc', 'proc', '/proc')
        act(pathlib.Path(os.environ['SCRATCH']))
        return
    group = f'package-test-{os.getpid()}'
    with tempfile.TemporaryDirectory() as scratch:
        ran = subprocess.run(['unshare', '--mount', '--pid', '--fork', '--kill-child', '--ipc', '--uts',
                              sys.executable, *sys.argv], env=dict(os.environ, SCRATCH=scratch, CGROUP=group))
    for hierarchy in hierarchies():
        for folder, _, _ in os.walk(hierarchy / group, topdown=False):
            os.rmdir(folder)
    sys.exit(ran.returncode)


def hierarchies():
    """The control groups that a systemd needs: the second version's; where both are, a named one too."""
    top = pathlib.Path('/sys/fs/cgroup')
    return [top] if (top / 'cgroup.procs').exists() else [top / 'unified', top / 'systemd']


def enter_control_group():
    """A group of this process's own, or why there is none."""
    try:
        for hierarchy in hierarchies():
            (hierarchy / os.environ['CGROUP']).mkdir()
            (hierarchy / os.environ['CGROUP'] / 'cgroup.procs').write_text('0')
    except OSError as error:
        return str(error)
    return ''


def leave_network():
    """A network of this process's own from now on, with a loopback interface alone."""
    CLONE_NEWNET = 0x40000000
    if ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWNET) != 0:
        sys.exit(f'no network namespace: {os.strerror(ctypes.get_errno())}')
    subprocess.run(['ip', 'link', 'set', 'lo', 'up'], check=True)


class Root:
    """The running system's own files under an overlay: nothing is fetched, and it takes a second.

    What is missing there would be missing here too, so it says nothing of packages that are not named as
    dependencies; bootstrap() makes a root that does.
    """

    def __init__(self, scratch):
        self.scratch = scratch
        self.scratch.mkdir(exist_ok=True)
        mount('-t', 'tmpfs', 'tmpfs', self.scratch)
        self.path = self.scratch / 'root'
        self.path.mkdir()
        self.upper = None
        self.before = set()
        self.machine = None

    def overlay(self):
        self.upper = self.scratch / 'upper'
        for folder in (self.upper, self.scratch / 'work'):
            folder.mkdir()
        mount('-t', 'overlay', 'overlay', '-o',
              f'lowerdir=/,upperdir={self.upper},workdir={self.scratch / "work"}', self.path)
        self._mount_kernels_own()

    def bootstrap(self):
        """Debian's essential packages and apt, from where the host has its own."""
        sources = [str(path) for path in pathlib.Path('/etc/apt').glob('sources.list*') if path.is_file()]
        sources += [str(path) for path in pathlib.Path('/etc/apt/sources.list.d').glob('*')]
        subprocess.run(['mmdebstrap', '--variant=apt', '--skip=cleanup/apt/lists', '--quiet', 'bookworm',
                        str(self.path), *sources], check=True)
        shutil.copy('/etc/resolv.conf', self.path / 'etc/resolv.conf')
        self._mount_kernels_own()
        self.before = paths_below(self.path, self._kernels_own())

    def _mount_kernels_own(self):
        for folder in self._kernels_own():
            folder.mkdir(exist_ok=True)
        mount('-t', 'proc', 'proc', self.path / 'proc')
        mount('-t', 'tmpfs', 'tmpfs', self.path / 'dev')
        for name in DEVICES:
            (self.path / 'dev' / name).touch()
            mount('--bind', f'/dev/{name}', self.path / 'dev' / name)
        for folder in ('shm', 'pts', 'mqueue', 'hugepages'):
            (self.path / 'dev' / folder).mkdir()
        (self.path / 'dev/ptmx').symlink_to('pts/ptmx')
        (self.path / 'dev/fd').symlink_to('/proc/self/fd')
        mount('-t', 'sysfs', '-o', 'ro', 'sysfs', self.path / 'sys')
        mount('-t', 'tmpfs', 'tmpfs', self.path / 'run')
        mount('-t', 'tmpfs', '-o', 'mode=1777', 'tmpfs', self.path / 'tmp')

    def boot(self, target, environment):
        """A systemd of the root's own, which starts `target`; ends with this program."""
        cgroup, steps = self.path / 'sys/fs/cgroup', [f'mount -t proc proc {self.path}/proc']
        # What it sets for a whole machine is not its to set.
        steps += [f'mount --bind {self.path}/proc/sys {self.path}/proc/sys',
                  f'mount -o remount,bind,ro {self.path}/proc/sys']
        if len(hierarchies()) == 1:
            steps += [f'mount -t cgroup2 cgroup2 {cgroup}']
        else:
            steps += [f'mount -t tmpfs tmpfs {cgroup}', f'mkdir {cgroup}/unified {cgroup}/systemd',
                      f'mount -t cgroup2 cgroup2 {cgroup}/unified',
                      f'mount -t cgroup -o none,name=systemd cgroup {cgroup}/systemd']
        # Not chroot: from there no user namespace can be made, which units ask for.
        steps += [f'cd {self.path}', 'mkdir run/outside', 'pivot_root . run/outside',
                  'umount -l /run/outside',
                  f'exec /lib/systemd/systemd --unit={target} --log-target=console --show-status=no']
        log = open(self.scratch / 'systemd.log', 'w')
        apart = ['unshare', '--mount', '--pid', '--fork', '--kill-child', '--cgroup']
        known = dict(environment, container='other', PATH='/usr/sbin:/usr/bin:/sbin:/bin')
        self.machine = subprocess.Popen([*apart, 'bash', '-ec', '; '.join(steps)], env=known,
                                        stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def command(self, *words):
        if self.machine is None:
            return ['chroot', str(self.path), *words]
        pid = self.machine.pid
        booted = pathlib.Path(f'/proc/{pid}/task/{pid}/children').read_text().strip()
        return ['nsenter', '--target', booted, '--mount', '--pid', *words]

    def run(self, *words, **options):
        """Runs a program there. Ends the test with what it said, unless it exits with 0."""
        environment = {'PATH': '/usr/sbin:/usr/bin:/sbin:/bin', 'LC_ALL': 'C.UTF-8', 'HOME': '/root',
                       'DEBIAN_FRONTEND': 'noninteractive'}
        ran = subprocess.run(self.command(*words), capture_output=True, text=True, timeout=180,
                             env=environment, stdin=subprocess.DEVNULL, **options)
        if ran.returncode != 0:
            sys.exit(f'{" ".join(words)}: exit status {ran.returncode}\n{ran.stdout}{ran.stderr}')
        return ran.stdout

    def added(self):
        """Every path that is there now, and was not when the root was made."""
        if self.upper is None:
            return paths_below(self.path, self._kernels_own()) - self.before
        return {path for path in paths_below(self.upper, set()) if not os.path.lexists('/' + path)}

    def _kernels_own(self):
        return {self.path / name for name in ('proc', 'sys', 'dev', 'run', 'tmp')}


def paths_below(top, skipped):
    found = set()
    for folder, folders, names in os.walk(top):
        folders[:] = [name for name in folders if pathlib.Path(folder, name) not in skipped]
        found.update(os.path.relpath(os.path.join(folder, name), top) for name in folders + names)
    return found


def mount(*words):
    subprocess.run(['mount', *map(str, words)], check=True)
