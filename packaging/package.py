#!/usr/bin/env python3
"""Debian packages of a build folder. Everything in them follows from the commit: names, dates and order."""

import argparse
import datetime
import email.utils
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import textwrap

ROOT = pathlib.Path(__file__).resolve().parent.parent
STAGED = ['configs', 'docs', 'packaging', 'README.md', 'CHANGELOG.md']
COLUMNS = 78


def said(command, **options):
    return subprocess.run(command, check=True, capture_output=True, text=True, **options).stdout.strip()


def git(*words):
    """What git says of the sources; empty where they are in none, or it knows nothing."""
    # Tests run as root on somebody's sources.
    command = ['git', '-c', 'safe.directory=*', '-C', str(ROOT), *words]
    asked = subprocess.run(command, capture_output=True, text=True)
    return asked.stdout.strip() if asked.returncode == 0 else ''


def epoch():
    """Seconds since 1970 of the commit, unless SOURCE_DATE_EPOCH says another time."""
    known = os.environ.get('SOURCE_DATE_EPOCH') or git('log', '-1', '--format=%ct')
    if not known:
        sys.exit('the sources are in no git repository; set SOURCE_DATE_EPOCH, in seconds')
    return int(known)


def version(build, seconds):
    """X.Y.Z of a commit with the tag vX.Y.Z; else X.Y.Z~gitDATE.COMMIT, which sorts before it."""
    number = json.loads(said(['meson', 'introspect', str(build), '--projectinfo']))['version']
    if git('describe', '--tags', '--exact-match') == 'v' + number:
        return number
    day = datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc).strftime('%Y%m%d.%H%M%S')
    commit = git('rev-parse', '--short=10', 'HEAD')
    return f'{number}~git{day}' + (f'.{commit}' if commit else '')


def newest_section(changelog):
    """The bullets under the first '## [...]' of a Keep a Changelog, each on one line."""
    section = re.split(r'^## \[.*$', changelog, flags=re.MULTILINE)[1]
    bullets, heading = [], ''
    for line in section.splitlines():
        if line.startswith('### '):
            heading = line[4:].strip()
        elif line.startswith('- '):
            bullets.append(f'{heading}: {line[2:].strip()}')
        elif line.strip() and bullets:
            bullets[-1] += ' ' + line.strip()
    return bullets


def debian_changelog(changelog, number, seconds, maintainer):
    text = f'stillwater ({number}) bookworm; urgency=medium\n\n'
    for bullet in newest_section(changelog):
        text += textwrap.fill(bullet.replace('`', ''), COLUMNS, initial_indent='  * ',
                              subsequent_indent='    ', break_on_hyphens=False) + '\n'
    date = email.utils.formatdate(seconds).replace('-0000', '+0000')
    return text + f'\n -- {maintainer}  {date}\n'


def stage(folder, number, seconds):
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for name in STAGED:
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, folder / name)
    shutil.copytree(folder / 'packaging/debian', folder / 'debian')
    control = (folder / 'debian/control').read_text()
    maintainer = re.search(r'^Maintainer: (.*)$', control, re.MULTILINE).group(1)
    text = debian_changelog((ROOT / 'CHANGELOG.md').read_text(), number, seconds, maintainer)
    (folder / 'debian/changelog').write_text(text)


def main():
    parser = argparse.ArgumentParser(description='Debian packages of a build folder; prints their paths.')
    parser.add_argument('--build', type=pathlib.Path, required=True, help='a meson build folder, compiled')
    parser.add_argument('--out', type=pathlib.Path, help='where the packages go (BUILD/package)')
    parser.add_argument('--debug-symbols', action='store_true', help='make stillwater-dbgsym too')
    options = parser.parse_args()
    build = options.build.resolve()
    out = (options.out or build / 'package').resolve()
    os.umask(0o022)
    seconds = epoch()
    work = out / 'work'
    stage(work / 'stillwater', version(build, seconds), seconds)
    environment = {
        'PATH': os.environ['PATH'], 'HOME': os.environ.get('HOME', '/'), 'LC_ALL': 'C.UTF-8', 'TZ': 'UTC',
        'SOURCE_DATE_EPOCH': str(seconds), 'STILLWATER_BUILD': str(build),
        'DEB_BUILD_OPTIONS': 'nocheck' + ('' if options.debug_symbols else ' noautodbgsym')}
    log = out / 'package.log'
    with open(log, 'w') as to:
        made = subprocess.run(['dpkg-buildpackage', '--build=binary', '--no-sign', '--no-check-builddeps'],
                              cwd=work / 'stillwater', env=environment, stdout=to, stderr=subprocess.STDOUT)
    if made.returncode != 0:
        sys.exit(''.join(open(log).readlines()[-30:]) + f'packages could not be made; {log} has it all')
    for old in list(out.glob('*.deb')) + list(out.glob('*.changes')) + list(out.glob('*.buildinfo')):
        old.unlink()
    for pattern in ('*.deb', '*.changes', '*.buildinfo'):
        for made_file in sorted(work.glob(pattern)):
            shutil.move(made_file, out / made_file.name)
    shutil.rmtree(work)
    print('\n'.join(str(path) for path in sorted(out.glob('*.deb'))))


if __name__ == '__main__':
    main()
