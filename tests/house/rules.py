"""The quick rules. Each takes the tree as {relative path: text} and yields violations, 'PATH:LINE: what'."""
import re

# Who may include whom; the longest matching folder counts. This is the picture of the two halves: they meet
# in the seams of base and in the region's containers, and nowhere else.
EVERYTHING = ['']
MAY_INCLUDE = {
    'base': ['base/'],
    'ckpt_engine': ['base/', 'ckpt_engine/'],
    'ckpt_engine/region': ['base/', 'ckpt_engine/region/'],
    'standby': ['base/', 'ckpt_engine/', 'standby/'],
    'quiesce': ['base/', 'quiesce/'],
    'dataplane': ['base/', 'quiesce/', 'dataplane/', 'ckpt_engine/region/'],
    'mgmt': ['base/', 'mgmt/', 'stillwater/v1/', 'stillwater/arbiter/v1/', 'etcd/'],
    'appliance': ['base/', 'ckpt_engine/', 'standby/', 'quiesce/', 'dataplane/', 'mgmt/', 'appliance/',
                  'stillwater/v1/', 'stillwater/running/v1/'],
    # Which host a node would need: asked without a node, and without DPDK.
    'appliance/doctor': ['base/', 'ckpt_engine/trackers/', 'appliance/config/', 'appliance/doctor/'],
    # The client as a program: its commands, and the doctor.
    'mgmt/program': ['base/', 'mgmt/', 'appliance/config/', 'appliance/doctor/'],
    'appliance/config': ['base/', 'appliance/config/', 'dataplane/config.h'],
    'tests': EVERYTHING,
    # The rig judges the daemon from outside: what it shares with it can hide a fault from it.
    'tests/rig': ['base/', 'tests/rig/', 'stillwater/v1/'],
}
WITH_LIBBPF = ['appliance/fence', 'tests']
WITHOUT_DPDK = ['base', 'ckpt_engine', 'standby', 'mgmt', 'appliance/config', 'appliance/doctor', 'tests/rig']

LINES_MAX = 500
COLUMNS_MAX = 110
README_LINES_MAX = 20
CODE = ('.h', '.cc', '.py', '.proto')
TEXT = CODE + ('.yaml', '.sh', 'meson.build', '.txt')

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')
UNFINISHED = re.compile(r'\bTO' r'DO\b(?!\([^)]+\))')


def is_below(path, folder):
    return path.startswith(folder + '/')


def lines_of(tree, endings):
    for path, text in sorted(tree.items()):
        if path.endswith(endings):
            for number, line in enumerate(text.splitlines(), 1):
                yield path, number, line


def include_direction(tree):
    for path, number, line in lines_of(tree, ('.h', '.cc')):
        include = INCLUDE.match(line)
        if not include:
            continue
        quote, target = include.groups()
        if quote == '<':
            if target.startswith('rte_') and any(is_below(path, folder) for folder in WITHOUT_DPDK):
                yield f'{path}:{number}: includes DPDK ({target}), which only the packet half may'
            if target.startswith('bpf/') and not any(is_below(path, folder) for folder in WITH_LIBBPF):
                yield f'{path}:{number}: includes libbpf ({target}), which only appliance/fence may'
            continue
        rooms = [folder for folder in MAY_INCLUDE if is_below(path, folder)]
        if not rooms:
            yield f'{path}:{number}: its folder is not in MAY_INCLUDE of tests/house/rules.py'
            continue
        room = max(rooms, key=len)
        if not any(target.startswith(allowed) for allowed in MAY_INCLUDE[room]):
            yield f'{path}:{number}: {room} may not include {target}'
        elif target not in tree and not target.endswith('.pb.h'):
            yield f'{path}:{number}: {target} does not exist; includes are written from the root'


def file_size(tree):
    for path, text in sorted(tree.items()):
        if path.endswith(CODE) and len(text.splitlines()) > LINES_MAX:
            yield f'{path}:{LINES_MAX + 1}: more than {LINES_MAX} lines'
    for path, number, line in lines_of(tree, CODE):
        if len(line) > COLUMNS_MAX:
            yield f'{path}:{number}: more than {COLUMNS_MAX} columns'


def tabs_and_unfinished_work(tree):
    for path, number, line in lines_of(tree, TEXT):
        if '\t' in line:
            yield f'{path}:{number}: a tab'
        if UNFINISHED.search(line):
            yield f'{path}:{number}: unfinished work without its (reason)'


def pragma_once(tree):
    for path, text in sorted(tree.items()):
        if path.endswith('.h') and '#pragma once' not in text.splitlines():
            yield f'{path}:1: no #pragma once'


def readmes(tree):
    # A folder that holds only its build file has nothing to explain yet.
    folders = {path.split('/')[0] for path in tree if '/' in path and not path.endswith('/meson.build')}
    for folder in sorted(folders):
        text = tree.get(folder + '/README.md')
        if text is None:
            yield f'{folder}/README.md:1: missing; ten lines that say what the folder is'
        elif len(text.splitlines()) > README_LINES_MAX:
            yield f'{folder}/README.md:{README_LINES_MAX + 1}: more than {README_LINES_MAX} lines'


def package_list(tree):
    seen = {}
    for path, number, line in lines_of(tree, 'packaging/packages.txt'):
        for package in line.split('#')[0].split():
            if package in seen:
                yield f'{path}:{number}: {package} is listed on line {seen[package]} already'
            seen.setdefault(package, number)


RULES = [include_direction, file_size, tabs_and_unfinished_work, pragma_once, readmes, package_list]


def read_tree(root):
    """All text files below root except hidden ones and build folders."""
    tree = {}
    for path in sorted(root.rglob('*')):
        parts = path.relative_to(root).parts
        hidden = any(part.startswith('.') or part == '__pycache__' for part in parts)
        if path.is_file() and not hidden and not parts[0].startswith('build'):
            try:
                tree['/'.join(parts)] = path.read_text(encoding='utf-8')
            except UnicodeDecodeError:
                pass  # a capture or an image
    return tree


def check(root):
    tree = read_tree(root)
    return [violation for rule in RULES for violation in rule(tree)]
