#!/usr/bin/env python3
"""Two builds of the same sources, in folders of other names and under other circumstances: the same packages.

The second build may take objects out of ccache; some are compiled without it and compared by themselves.
"""

import argparse
import json
import os
import pathlib
import shlex
import shutil
import subprocess
import sys
import tempfile

SOURCE = pathlib.Path(__file__).resolve().parent.parent.parent
COMPILED_ANEW = 6


def run(*words, **options):
    ran = subprocess.run([str(word) for word in words], capture_output=True, text=True, **options)
    if ran.returncode != 0:
        sys.exit(f'{" ".join(map(str, words))}\n{ran.stdout[-4000:]}{ran.stderr[-4000:]}')
    return ran.stdout


def git(*words):
    # As root, on somebody's sources.
    return run('git', '-c', 'safe.directory=*', '-C', SOURCE, *words)


def copy_sources(to):
    listed = git('ls-files', '-z', '--cached', '--others', '--exclude-standard')
    for name in listed.split('\0'):
        if name and (SOURCE / name).exists():
            (to / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(SOURCE / name, to / name)


def build_again(folder, jobs):
    run('meson', 'setup', folder / 'build', folder, env=dict(os.environ, CXX='ccache g++'))
    targets = run(sys.executable, folder / 'packaging/installed_targets.py', folder / 'build').split()
    run('ninja', '-C', folder / 'build', '-j', jobs, *targets, env=dict(os.environ, CCACHE_NOHASHDIR='1'))


def packages(source, build, out, **circumstances):
    # The copy is in no repository of its own: it is the same commit.
    repository = git('rev-parse', '--absolute-git-dir').strip()
    said = run(sys.executable, source / 'packaging/package.py', '--build', build, '--out', out,
               env=dict(os.environ, GIT_DIR=repository, **circumstances))
    return {pathlib.Path(line).name: pathlib.Path(line).read_bytes() for line in said.split()}


def objects_differ(first, second):
    """Compiles some files of the second build anew, without ccache, and compares them with the first's."""
    installed = ('base', 'ckpt_engine', 'dataplane', 'appliance')
    commands = [entry for entry in json.loads((second / 'compile_commands.json').read_text())
                if entry['file'].removeprefix('../').startswith(installed)
                and (first / entry['output']).exists() and (second / entry['output']).exists()]
    commands.sort(key=lambda entry: entry['file'])
    for entry in commands[::max(1, len(commands) // COMPILED_ANEW)][:COMPILED_ANEW]:
        words = [word for word in shlex.split(entry['command']) if word != 'ccache']
        run(*words, cwd=second)
        if (first / entry['output']).read_bytes() != (second / entry['output']).read_bytes():
            yield entry['file']


def members_that_differ(name, first, second, scratch):
    folders = []
    for which, content in enumerate((first, second)):
        package = scratch / f'{which}-{name}'
        package.write_bytes(content)
        folders.append(scratch / f'{which}-{name}.d')
        run('dpkg-deb', '--raw-extract', package, folders[-1])
    diff = ['diff', '-rq', '--no-dereference', *map(str, folders)]
    said = subprocess.run(diff, capture_output=True, text=True)
    return said.stdout or 'nothing in it differs: order, times or compression do\n'


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--build', required=True, type=pathlib.Path, help='a build folder, compiled')
    options = parser.parse_args()
    jobs = os.environ.get('STILLWATER_JOBS', '2')
    with tempfile.TemporaryDirectory() as place:
        scratch = pathlib.Path(place)
        again = scratch / 'somewhere/else/under-another-name'
        copy_sources(again)
        build_again(again, jobs)
        first = packages(SOURCE, options.build.resolve(), scratch / 'first')
        os.umask(0o077)
        second = packages(again, again / 'build', scratch / 'second', TZ='Asia/Kathmandu', LC_ALL='C')
        wrong = [f'{name} differs:\n' + members_that_differ(name, first[name], second.get(name, b''), scratch)
                 for name in first if first[name] != second.get(name)]
        wrong += [f'{name} compiles to something else there' for name in
                  objects_differ(options.build.resolve(), again / 'build')]
        if wrong or not first:
            sys.exit('\n'.join(wrong) or 'there are no packages')
        print('\n'.join(f'{name}: {len(content)} bytes, twice' for name, content in first.items()))


if __name__ == '__main__':
    main()
