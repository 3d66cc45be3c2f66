#!/usr/bin/env python3
"""For help2man: a program's commands by their own --help, then a file. man_commands.py PROGRAM FILE"""

import re
import subprocess
import sys

ENTRY = re.compile(r'^  (?P<name>\S.*?)(?:  +(?P<text>\S.*))?$')
CONTINUED = re.compile(r'^ {20,}(?P<text>\S.*)$')


def help_of(program, path):
    return subprocess.run([program, *path, '--help'], check=True, capture_output=True, text=True).stdout


def sections_of(text):
    """What stands before the first heading, and under each: lists of (name, description)."""
    sections, current = {'': []}, None
    for line in text.splitlines():
        entry, continued = ENTRY.match(line), CONTINUED.match(line)
        if re.match(r'^[A-Z][a-z]+:$', line):
            current = sections.setdefault(line[:-1], [])
        elif current is None:
            sections[''].append(line)
        elif continued and current:
            current[-1] = (current[-1][0], (current[-1][1] + ' ' + continued['text']).strip())
        elif entry:
            current.append((entry['name'], entry['text'] or ''))
        elif line.strip():
            current = None  # a footer, which the program's own page has
    return sections


def roff(text):
    return re.sub(r"^([.'])", r'\\&\1', text.replace('\\', '\\e').replace('-', '\\-'))


def describe(program, path):
    sections = sections_of(help_of(program, path))
    usage = next(line for line in sections[''] if line.startswith('Usage: '))
    if path:
        print(f'.SS "{" ".join(path)}"')
        print(roff(sections[''][0]))
        print('.PP\n.B ' + roff(usage.removeprefix('Usage: ')))
        for name, text in sections.get('Positionals', []) + sections.get('Options', []):
            if not name.startswith('-h,'):
                print(f'.TP\n{roff(name)}\n{roff(text)}')
    for name, _ in sections.get('Subcommands', []):
        describe(program, [*path, name])


if __name__ == '__main__':
    program, more = sys.argv[1:]
    if 'Subcommands' in sections_of(help_of(program, [])):
        print('[commands]')
        describe(program, [])
        print()
    with open(more) as file:
        print(file.read(), end='')
