#!/usr/bin/env python3
"""Each house rule finds its violation, and nothing in a tidy tree."""
import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True

HOUSE = pathlib.Path(__file__).resolve().parent / 'house.py'
MARK = 'TO' + 'DO'

TIDY = {
    'base/README.md': '# base\n',
    'base/a.h': '#pragma once\n',
    'base/a.cc': '#include "base/a.h"\nint answer() { return 42; }\n',
}


class HouseTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)

    def write(self, files):
        for name, text in files.items():
            path = self.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)

    def house(self, *arguments):
        result = subprocess.run([sys.executable, str(HOUSE), '--root', str(self.root), *map(str, arguments)],
                                capture_output=True, text=True, check=False, timeout=60)
        self.assertEqual(result.stderr, '')
        self.assertEqual(result.returncode, 1 if result.stdout else 0)
        return result.stdout.splitlines()

    def finds(self, files, *expected):
        """The tidy tree with `files` has exactly the violations that begin so."""
        self.write({**TIDY, **files})
        found = self.house()
        self.assertEqual(len(found), len(expected), found)
        for line, beginning in zip(found, expected):
            self.assertTrue(line.startswith(beginning), f'{line!r} should begin with {beginning!r}')

    def test_a_tidy_tree_has_no_violation(self):
        self.finds({})

    def test_include_direction(self):
        forbidden = [('base/b.cc', 'quiesce/q.h'), ('quiesce/b.cc', 'ckpt_engine/region/r.h'),
                     ('dataplane/b.cc', 'ckpt_engine/engine/e.h'), ('ckpt_engine/b.cc', 'standby/s.h'),
                     ('ckpt_engine/region/b.cc', 'ckpt_engine/engine/e.h'), ('standby/b.cc', 'quiesce/q.h'),
                     ('mgmt/b.cc', 'standby/s.h'), ('appliance/b.cc', 'tests/t.h'),
                     ('tests/rig/b.cc', 'dataplane/d.h')]
        for path, target in forbidden:
            with self.subTest(path=path, target=target):
                readmes = {name.split('/')[0] + '/README.md': '' for name in (path, target)}
                self.finds({**readmes, target: '#pragma once\n', path: f'#include "{target}"\n'},
                           f'{path}:1: {path.rsplit("/", 1)[0]} may not include {target}')
                (self.root / path).unlink()

    def test_includes_that_are_allowed(self):
        allowed = [('dataplane/b.cc', 'ckpt_engine/region/r.h'), ('standby/b.cc', 'ckpt_engine/engine/e.h'),
                   ('dataplane/c.cc', 'quiesce/q.h'), ('appliance/b.cc', 'standby/s.h'),
                   ('tests/unit/b.cc', 'dataplane/d.h')]
        files = {}
        for path, target in allowed:
            files[path] = f'#include "{target}"\n'
            files[target] = '#pragma once\n'
        files['mgmt/b.cc'] = '#include "stillwater/v1/generated.pb.h"\n'
        files.update({name.split('/')[0] + '/README.md': '' for name in list(files)})
        self.finds(files)

    def test_dpdk_in_the_protocol_half(self):
        self.finds({'base/b.cc': '#include <vector>\n#include <rte_mbuf.h>\n'},
                   'base/b.cc:2: includes DPDK')

    def test_libbpf_outside_of_the_fence(self):
        self.finds({'appliance/README.md': '', 'appliance/fence/f.cc': '#include <bpf/libbpf.h>\n',
                    'appliance/node/b.cc': '#include <bpf/libbpf.h>\n'},
                   'appliance/node/b.cc:1: includes libbpf')

    def test_an_include_that_is_not_from_the_root(self):
        self.finds({'base/b.cc': '#include "a.h"\n'}, 'base/b.cc:1: base may not include a.h')

    def test_an_include_of_nothing(self):
        self.finds({'base/b.cc': '#include "base/gone.h"\n'}, 'base/b.cc:1: base/gone.h does not exist')

    def test_a_folder_without_a_rule(self):
        self.finds({'new/README.md': '', 'new/b.cc': '#include "base/a.h"\n'},
                   'new/b.cc:1: its folder is not')

    def test_long_files_and_long_lines(self):
        self.finds({'base/b.cc': '\n' * 500, 'base/c.cc': '\n' * 501, 'base/d.cc': '/' * 110,
                    'base/e.cc': '/' * 111}, 'base/c.cc:501: more than', 'base/e.cc:1: more than')

    def test_tabs(self):
        self.finds({'base/b.cc': '//\n\t//\n'}, 'base/b.cc:2: a tab')

    def test_unfinished_work_needs_a_reason(self):
        self.finds({'base/b.cc': f'// {MARK}(waits for kernel 6.7)\n// {MARK}: later\n'},
                   'base/b.cc:2: unfinished')

    def test_pragma_once(self):
        self.finds({'base/b.h': '// #pragma once\n'}, 'base/b.h:1: no #pragma once')

    def test_readmes(self):
        self.finds({'mgmt/b.cc': '', 'standby/README.md': '\n' * 21, 'quiesce/meson.build': ''},
                   'mgmt/README.md:1: missing', 'standby/README.md:21: more than 20 lines')

    def test_a_package_listed_twice(self):
        self.finds({'packaging/README.md': '', 'packaging/packages.txt': '# a\ng++\nmeson # b\ng++\n'},
                   'packaging/packages.txt:4: g++ is listed on line 2')

    def test_a_header_that_needs_another_first(self):
        self.write({**TIDY, 'base/b.h': '#pragma once\ninline std::string name() { return "b"; }\n'})
        build = self.root / 'build'
        command = f'ccache c++ -I{self.root} -MD -MF a.d -o a.o -c {self.root}/base/a.cc'
        self.write({'build/compile_commands.json': json.dumps(
            [{'directory': str(build), 'command': command, 'file': f'{self.root}/base/a.cc'}])})
        found = self.house('--headers', build)
        self.assertEqual(len(found), 1, found)
        self.assertTrue(found[0].startswith('base/b.h:1: does not compile alone:'), found)

    def test_a_header_takes_the_flags_of_a_source_that_includes_it(self):
        self.write({**TIDY, 'lib/only.h': '#pragma once\n',
                    'base/shared/b.h': '#pragma once\n#include <only.h>\n',
                    'mgmt/b.cc': '#include "base/shared/b.h"\n'})
        build = self.root / 'build'
        build.mkdir()
        command = f'c++ -I{self.root} -c'
        (build / 'compile_commands.json').write_text(json.dumps([
            {'directory': str(build), 'command': f'{command} {self.root}/base/a.cc',
             'file': f'{self.root}/base/a.cc'},
            {'directory': str(build), 'command': f'{command} -I{self.root}/lib {self.root}/mgmt/b.cc',
             'file': f'{self.root}/mgmt/b.cc'}]))
        self.assertEqual(self.house('--headers', build), [])

    def test_a_foreign_symbol_in_a_library(self):
        self.write({'lib/clean.c': 'int answer(void) { return 42; }\n',
                    'lib/bound.c': 'int rte_eth_dev(void); int bpf_tc_attach(void);\n'
                                   'int n(void) { return rte_eth_dev() + bpf_tc_attach(); }\n'})
        for name in ('clean', 'bound'):
            place = self.root / 'lib' / name
            subprocess.run(['cc', '-c', f'{place}.c', '-o', f'{place}.o'], check=True)
            subprocess.run(['ar', 'rcs', f'{place}.a', f'{place}.o'], check=True)
        self.assertEqual(self.house('--symbols', self.root / 'lib/clean.a'), [])
        self.assertEqual(self.house('--symbols', self.root / 'lib'),
                         [f'{self.root}/lib/bound.a: holds bpf_tc_attach',
                          f'{self.root}/lib/bound.a: holds rte_eth_dev'])
        self.assertEqual(self.house('--symbols', self.root / 'lib/gone.a'),
                         [f'{self.root}/lib/gone.a: does not exist'])


if __name__ == '__main__':
    unittest.main()
