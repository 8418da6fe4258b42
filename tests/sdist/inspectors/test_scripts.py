"""The programs that a build's own scripts call, which scripts those are, and how surely they run."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planner.needs import Need
from planner.sdist import texts
from planner.sdist.archive import read_archive
from planner.sdist.inspectors import scripts
from planner.sdist.inspectors.shell_text import calls_in_makefile, calls_in_script
from planner.sdist.sources import Sources
from tests.sdist.conftest import LINUX_311, make_targz

RUN = "subprocess.check_call(['./build.sh'])\n"


def inspected(members: dict[str, str]) -> dict[str, tuple[str, str]]:
    files = read_archive("demo-1.0.tar.gz", make_targz({"PKG-INFO": "", **members}))
    toml = texts.parse_toml(files.text("pyproject.toml") or "") or {}
    sdist = Sources(files=files, headers={}, pyproject=toml, config={}, setup=None, markers=LINUX_311)
    found = {}
    for clue in scripts.inspect(sdist):
        assert isinstance(clue, Need)
        found[clue.subject] = (clue.strength, clue.because[0].where)
    return found


def called(script: str) -> dict[str, str]:
    """The programs that a script which surely runs calls, with their strength."""
    return {key: value[0] for key, value in inspected({"setup.py": RUN, "build.sh": script}).items()}


@pytest.mark.parametrize(
    ("script", "found"),
    [
        ("cmake -B build\nmake -j4\n", {"program:cmake": "required", "program:make": "required"}),
        ("#!/bin/sh\nset -e\ncd x && make\n", {"program:make": "required"}),
        ("CFLAGS=-O2 CC=gcc make all\n", {"program:make": "required"}),
        ("exec gmake\n", {"program:make": "required"}),
        ("# cmake\necho cmake\nls; sed s/a/b/\n", {}),
        ("echo 'x; cmake'\n", {}),
        ('echo "run && make"\n', {}),
        ("cat <<EOF\ncmake .\nEOF\nninja\n", {"program:ninja": "required"}),
        ("cat <<-'END' > x\nmake\n  END\n", {}),
        ("make() {\n  echo\n}\nmake\n", {}),
        ("function swig {\n  :\n}\nswig -x\n", {}),
        ("if command -v cmake >/dev/null; then\n  cmake .\nfi\n", {"program:cmake": "hint"}),
        ("command -v swig && swig -x\nswig -y\n", {"program:swig": "optional"}),
        ("command -v swig || exit 1\nswig -y\n", {"program:swig": "required"}),
        ("if [ -f x ]; then\n  autoreconf -i\nelse\n  bison y\nfi\nflex z\n",
         {"program:autoreconf": "hint", "program:aclocal": "hint", "program:bison": "hint", "program:flex": "required"}),
        ("case $1 in\n  a) perl x ;;\nesac\nperl y\n", {"program:perl": "required"}),
        ("curl -L https://files.test/x.tgz | tar xz\n", {"program:curl": "required", "network:files.test": "required"}),
        ("wget $URL\n", {"program:wget": "required", "network:wget": "required"}),
        ("git clone https://code.test/x.git\n", {"program:git": "required", "network:code.test": "required"}),
        ("git describe --tags\n", {}),
        ("gcc -c x.c\ng++ -c y.cc\n", {"dep:virtual/compiler/c": "required", "dep:virtual/compiler/cxx": "required"}),
        ("X=$(pkg-config --cflags a)\n", {"program:pkg-config": "required"}),
        ('X="$(pkg-config --cflags a)"\n', {"program:pkg-config": "required"}),
        ("nasm \\\n  -f elf\n", {"program:nasm": "required"}),
        ("./other.sh\n", {}),
    ],
)  # fmt: skip
def test_programs(script: str, found: dict[str, str]) -> None:
    assert called(script) == found


def test_evidence_says_where() -> None:
    assert inspected({"setup.py": RUN, "build.sh": "\n\ncmake .\n"}) == {
        "program:cmake": ("required", "build.sh:3")
    }


@pytest.mark.parametrize(
    ("setup", "strength"),
    [
        ("subprocess.run(['sh', 'build.sh'], check=True)\n", "required"),
        ("os.system('cd lib && sh build.sh')\n", "required"),
        ("def build():\n    self.spawn(['bash', './build.sh'])\n", "required"),
        ("script = os.path.join(HERE, 'build.sh')\nsubprocess.check_call([script])\n", "required"),
        ("if bundled:\n    subprocess.call('./build.sh')\n", "hint"),
        ("try:\n    subprocess.call('./build.sh')\nexcept OSError:\n    pass\n", "hint"),
        ("print('run ./build.sh first')\n", ""),
        ("# subprocess.call('./build.sh')\n", ""),
        ("subprocess.call('./build.sh'\n", ""),
    ],
)
def test_which_scripts_run(setup: str, strength: str) -> None:
    found = inspected({"setup.py": setup, "build.sh": "cmake .\n"})
    assert found.get("program:cmake", ("", ""))[0] == strength


def test_scripts_that_no_build_runs() -> None:
    assert inspected({"setup.py": "", "ci/build.sh": "cmake .\n", "Makefile": "all:\n\tswig x\n"}) == {}
    assert inspected({"other.py": RUN, "build.sh": "cmake .\n"}) == {}


def test_modules_that_setup_py_imports() -> None:
    members = {"setup.py": "from _setupx import build\n", "_setupx.py": RUN, "build.sh": "cmake .\n"}
    assert inspected(members) == {"program:cmake": ("required", "build.sh:1")}


def test_a_backend_in_the_tree() -> None:
    toml = "[build-system]\nbuild-backend = 'my.builder'\nbackend-path = ['backend']\n"
    members = {"pyproject.toml": toml, "backend/my/builder.py": RUN, "build.sh": "cmake .\n"}
    assert inspected(members) == {"program:cmake": ("required", "build.sh:1")}


def test_scripts_that_scripts_run() -> None:
    members = {
        "setup.py": RUN,
        "build.sh": "sh lib/autogen.sh\n./lib/configure\n",
        "lib/autogen.sh": "autoreconf -i\n../build.sh\n",
        "lib/configure": "",
        "lib/Makefile.in": "",
    }
    assert inspected(members) == {
        "program:autoreconf": ("required", "lib/autogen.sh:1"),
        "program:aclocal": ("required", "lib/autogen.sh:1"),
        "program:make": ("required", "build.sh:2"),
    }


@pytest.mark.parametrize(
    ("others", "found"),
    [
        ({"lib/Makefile.in": ""}, {"program:make": ("required", "setup.py:1")}),
        ({"lib/Makefile.am": ""}, {"program:make": ("required", "setup.py:1")}),
        ({}, {}),
    ],
)
def test_configure_runs_make(others: dict[str, str], found: dict[str, tuple[str, str]]) -> None:
    """As gevent's and pynacl's bundled libraries do."""
    setup = "subprocess.check_call('cd lib && sh ./configure -C', shell=True)\n"
    assert inspected({"setup.py": setup, "lib/configure": "", **others}) == found


def test_recipes_of_a_makefile() -> None:
    setup = "subprocess.check_call(['make', '-f', 'Makefile.unx'])\n"
    makefile = "CC = gcc\nall: x\n\t@nasm -f elf x.asm\n\t-perl y.pl\nswig: z\n"
    found = inspected({"setup.py": setup, "Makefile.unx": makefile})
    assert found == {"program:nasm": ("hint", "Makefile.unx:3"), "program:perl": ("hint", "Makefile.unx:4")}


PIECES = st.sampled_from(
    (
        *("if ", "fi\n", "case", "esac", "<<EOF", "EOF\n", "\n", "'", '"', "`", "$(", ")", "||", "\\\n"),
        *("cmake ", "make", "#", "\t", " x ", "A=1 ", "() {", "command -v make", "\0"),
    )
)


@settings(max_examples=150, deadline=None)
@given(st.lists(PIECES, max_size=40).map("".join) | st.text(max_size=100))
def test_shell_text_never_raises(text: str) -> None:
    for call in (*calls_in_script(text), *calls_in_makefile(text)):
        assert call.program
        assert call.line >= 1


NASM = {"lib/a.asm": "", "lib/m.unx": ""}


@pytest.mark.parametrize(
    ("makefile", "others", "found"),
    [
        ("AS = nasm\n", NASM, {"program:nasm"}),
        ("AS ?= yasm\n", NASM, {"program:yasm"}),
        ("include make.inc\n", {**NASM, "lib/make.inc": "CC = gcc\nAS := nasm\n"}, {"program:nasm"}),
        ("ifeq ($(cpu),x86)\nAS = nasm\nendif\n", NASM, set()),
        ("AS = nasm\n", {}, set()),
        ("AS = nasm -f elf64\n", NASM, set()),
        ("CC = gcc\n", NASM, set()),
    ],
)
def test_the_assembler_of_a_makefile(makefile: str, others: dict[str, str], found: set[str]) -> None:
    setup = "subprocess.run(['make', '-f', 'Makefile.unx'], cwd='lib')\n"
    asked = inspected({"setup.py": setup, "lib/Makefile.unx": makefile, **others})
    assert {subject for subject in asked if subject.startswith("program:")} == found


def test_makefiles_for_windows_are_left_out() -> None:
    setup = "subprocess.run(['nmake', '/f', 'Makefile.nmake'])\n"
    assert inspected({"setup.py": setup, "Makefile.nmake": "AS = nasm\nx:\n\tperl x\n", "a.asm": ""}) == {}
