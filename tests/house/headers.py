"""Each header of ours compiles alone: whoever includes it needs to include nothing before it."""
import concurrent.futures
import json
import os
import shlex
import subprocess

import rules

AT_ONCE = 2
WITH_VALUE = {'-o', '-MF', '-MQ', '-MT'}
WITHOUT_VALUE = {'-c', '-MD', '-MMD'}


def flags_of(entry):
    """The compiler and its flags, without the launcher, the source and the outputs."""
    words = shlex.split(entry['command'])
    if os.path.basename(words[0]) == 'ccache':
        words = words[1:]
    kept = []
    skip = False
    for word in words:
        if skip or word == entry['file'] or word in WITHOUT_VALUE:
            skip = False
        elif word in WITH_VALUE:
            skip = True
        else:
            kept.append(word)
    return kept


def compiled_for(header, sources):
    """The source to take the flags from: of those that include the header, else of all, the nearest by path.

    sources maps the path of each source to its text.
    """
    users = [source for source, text in sources.items() if f'#include "{header}"' in text]
    near = sorted(users or sources)
    return max(near, key=lambda source: len(os.path.commonpath(['/' + source, '/' + header])))


def compile_alone(root, build, header, entry):
    command = flags_of(entry) + ['-I', str(root), '-fsyntax-only', '-x', 'c++', '-']
    result = subprocess.run(command, input=f'#include "{header}"\n', cwd=entry.get('directory', build),
                            capture_output=True, text=True, check=False)
    if result.returncode == 0:
        return None
    errors = [line for line in result.stderr.splitlines() if 'error' in line] or [result.stderr.strip()]
    return f'{header}:1: does not compile alone: {errors[0]}'


def check(root, build):
    root, build = root.resolve(), build.resolve()
    entries = {}
    for entry in json.loads((build / 'compile_commands.json').read_text()):
        source = os.path.normpath(os.path.join(entry['directory'], entry['file']))
        if source.endswith('.cc') and source.startswith(str(root) + '/'):
            entries[os.path.relpath(source, root)] = entry
    if not entries:
        return [f'{build}/compile_commands.json:1: names no source of {root}']
    sources = {source: (root / source).read_text() for source in entries}
    names = [path for path in rules.read_tree(root) if path.endswith('.h')]
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        found = pool.map(lambda h: compile_alone(root, build, h, entries[compiled_for(h, sources)]), names)
        return [violation for violation in found if violation]
