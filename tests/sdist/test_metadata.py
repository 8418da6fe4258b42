"""Core metadata from an sdist's own files: which source wins, and what is doubted."""

from __future__ import annotations

import textwrap
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from packaging.version import Version

from planner.dists import Metadata, Refusal, SdistReading, parse_requirement
from planner.sdist import texts
from planner.sdist.poetry import constraint, read_poetry
from planner.sdist.reading import read_files
from planner.setupcfg import ini_sections
from tests.sdist.conftest import DEMO, LINUX_311, MakeMarkers, make_files

SETUPTOOLS = "[build-system]\nrequires = ['setuptools']\nbuild-backend = 'setuptools.build_meta'\n"


def read(markers: Any = LINUX_311, version: str = "1.0", **members: Any) -> Metadata:
    names = {
        "pkg_info": "PKG-INFO",
        "pyproject": "pyproject.toml",
        "setup_py": "setup.py",
        "setup_cfg": "setup.cfg",
    }
    names["requires_txt"] = "src/demo.egg-info/requires.txt"
    files = {names.get(key, key): textwrap.dedent(text) for key, text in members.items()}
    found = read_files(
        "demo-1.0.tar.gz", make_files(files), DEMO, Version(version) if version else None, markers
    )
    assert isinstance(found, SdistReading), found
    return found.metadata


def test_pkg_info_is_binding_since_2_2() -> None:
    found = read(
        pkg_info="""\
            Metadata-Version: 2.2
            Name: demo
            Version: 1.0
            Requires-Python: >=3.8
            Requires-Dist: six
            Requires-Dist: pytest; extra == "Test_All"
            Provides-Extra: Test_All

            Requires-Dist: not-this (it is the description)
            """,
        requires_txt="other",
    )
    assert found.requires == ("six", 'pytest; extra == "Test_All"')
    assert found.extras == {"test-all"}
    assert (found.requires_python, found.source, found.certain, found.where) == (
        ">=3.8",
        "sdist",
        True,
        "PKG-INFO",
    )


@pytest.mark.parametrize(
    "head",
    [
        "Metadata-Version: 2.1\n",
        "Metadata-Version: 2.4\nDynamic: Requires-Dist\n",
        "",
        "Metadata-Version: x\n",
    ],
)
def test_pkg_info_that_does_not_bind(head: str) -> None:
    found = read(
        pkg_info=f"{head}Name: demo\nRequires-Dist: baked\n", requires_txt="hint", setup_py="setup(*x)"
    )
    assert (found.requires, found.source, found.certain) == (("hint",), "requires.txt", False)
    bare = read(pkg_info=f"{head}Name: demo\nRequires-Dist: baked\n")
    assert (bare.requires, bare.source, bare.certain) == (("baked",), "sdist", False)


def test_pyproject_lists_are_binding() -> None:
    found = read(
        pyproject="""\
            [project]
            name = "demo"
            requires-python = ">=3.9"
            dependencies = ["six", "enum34; python_version < '3.4' or os_name == 'nt'"]
            [project.optional-dependencies]
            Test_All = ["pytest; python_version > '3'", "demo[x]"]
            """,
        requires_txt="other",
    )
    assert found.requires == (
        "six",
        "enum34; python_version < '3.4' or os_name == 'nt'",
        'pytest; python_version > "3" and extra == "test-all"',
        'demo[x]; extra == "test-all"',
    )
    assert all(parse_requirement(text) for text in found.requires)
    assert (found.requires_python, found.source, found.certain) == (">=3.9", "pyproject", True)
    assert found.extras == {"test-all"}


def test_pyproject_without_dependencies_has_none() -> None:
    assert read(pyproject="[project]\nname='demo'\n", requires_txt="x").requires == ()


def test_dynamic_lists_from_files() -> None:
    table = "[project]\nname='demo'\ndynamic=['dependencies', 'optional-dependencies']\n[tool.setuptools.dynamic]\n"
    table += "dependencies = {file = ['req/a.txt', 'b.txt']}\noptional-dependencies.t = {file = 'b.txt'}\n"
    found = read(pyproject=table, **{"req/a.txt": "a\n# c\n", "b.txt": "b >= 1 # why\n"})
    assert found.requires == ("a", "b >= 1", 'b >= 1; extra == "t"')
    assert found.certain
    absent = read(pyproject=table, **{"b.txt": "b"})
    assert (absent.source, absent.certain) == ("none", False)


def test_dynamic_dependencies_are_left_to_the_build() -> None:
    found = read(pyproject="[project]\nname='demo'\ndynamic=['dependencies']\n", requires_txt="a\n[x]\nb\n")
    assert (found.requires, found.source) == (("a", 'b; extra == "x"'), "requires.txt")
    assert found.doubt == "the sdist leaves its dependencies to the build"


def test_dynamic_extras_are_doubted() -> None:
    found = read(pyproject="[project]\nname='demo'\ndependencies=['a']\ndynamic=['optional-dependencies']\n")
    assert (found.requires, found.certain) == (("a",), False)


def test_project_table_is_not_read_by_an_old_setuptools() -> None:
    table = "[build-system]\nrequires=['setuptools<60']\nbuild-backend='setuptools.build_meta'\n[project]\ndependencies=['new']\n"
    found = read(pyproject=table, setup_py="from setuptools import setup\nsetup(install_requires=['old'])")
    assert found.requires == ("old",)


def test_setup_cfg() -> None:
    config = """\
        [metadata]
        name = demo
        [options]
        python_requires = >=3.7
        install_requires =
            a>=1  # why
            b; python_version < "3"
        [options.extras_require]
        x =
            c
            d
        all =
            %(x)s
            e
        """
    found = read(setup_cfg=config, setup_py="from setuptools import setup\nsetup()", pyproject=SETUPTOOLS)
    assert found.requires == (
        "a>=1",
        'b; python_version < "3"',
        'c; extra == "x"',
        'd; extra == "x"',
        'c; extra == "all"',
        'd; extra == "all"',
        'e; extra == "all"',
    )
    assert (found.requires_python, found.source, found.certain) == (">=3.7", "setup.cfg", True)
    assert found.extras == {"x", "all"}
    assert not read(setup_cfg=config, setup_py="import setuptools\nsetuptools.setup(**unknown())").certain


def test_setup_cfg_names_a_file() -> None:
    config = "[options]\ninstall_requires = file: a.txt, b.txt\n"
    assert read(setup_cfg=config, **{"a.txt": "a", "b.txt": "b"}).requires == ("a", "b")


def test_setup_py_wins_over_setup_cfg_keyword_by_keyword() -> None:
    config = "[options]\ninstall_requires = cfg\n[options.extras_require]\nx = c\n"
    code = "from setuptools import setup\nsetup(install_requires=['py'])"
    found = read(setup_cfg=config, setup_py=code, requires_txt="py\n[x]\nc\n")
    assert (found.requires, found.source, found.certain) == (("py", 'c; extra == "x"'), "setup.py", True)


SETUP_PY = """
import sys
from setuptools import setup
R = ['six']
if sys.version_info < (3, 4):
    R.append('enum34')
setup(install_requires=R, extras_require={'x': ['a'], ':sys_platform == "win32"': ['w'], 'y:python_version<"3"': ['z']},
      python_requires='>=2.7')
"""


def test_setup_py_is_taken_for_the_target_not_for_the_packager(markers: MakeMarkers) -> None:
    hint = 'six\nenum34\n[x]\na\n[:sys_platform == "win32"]\nw\n[y:python_version<"3"]\nz\n'
    found = read(setup_py=SETUP_PY, requires_txt=hint)
    assert found.requires == (
        "six",
        'a; extra == "x"',
        'w; sys_platform == "win32"',
        'z; python_version<"3" and extra == "y"',
    )
    assert (found.source, found.certain, found.requires_python) == ("setup.py", False, ">=2.7")
    assert found.doubt == "requires.txt, made on the packager's machine, differs in enum34"
    assert found.where == "setup.py:7"
    old = read(setup_py=SETUP_PY, requires_txt=hint, markers=markers("3.3"))
    assert "enum34" in old.requires
    assert old.certain


def test_setup_py_alone_is_a_hint() -> None:
    found = read(setup_py=SETUP_PY)
    assert (found.source, found.certain) == ("setup.py", False)
    assert "nothing in the sdist confirms it" in found.doubt


def test_an_egg_info_without_a_list_confirms_that_there_is_none() -> None:
    found = read(setup_py="from setuptools import setup\nsetup()", **{"demo.egg-info/PKG-INFO": ""})
    assert (found.requires, found.source, found.certain) == ((), "setup.py", True)


def test_requires_txt_where_setup_py_is_silent() -> None:
    for code in (
        "from setuptools import setup\nsetup(pbr=True, install_requires=['b'])",
        "from setuptools import setup\nsetup()",
    ):
        found = read(setup_py=code, requires_txt="a\n")
        assert (found.requires, found.source, found.certain) == (("a",), "requires.txt", False)


@pytest.mark.parametrize(
    ("code", "doubt"),
    [
        ("print 'x'", "setup.py is not valid for Python 3 (line 1)"),
        (
            "from setuptools import setup\nsetup(install_requires=x())",
            "setup.py computes its dependencies (setup.py:2, `x()` is not followed)",
        ),
        (
            "from setuptools import setup\nsetup(install_requires=['a'], **x())",
            "setup.py:2 gives setup() keywords that cannot be known",
        ),
        ("pass", "setup.py computes its dependencies (setup.py, no call of `setup()` could be followed)"),
    ],
)
def test_hints_and_doubts(code: str, doubt: str) -> None:
    found = read(setup_py=code, requires_txt="a")
    assert (found.requires, found.source, found.certain) == (("a",), "requires.txt", False)
    assert found.doubt == doubt


def test_nothing_at_all() -> None:
    found = read(README="x")
    assert (found.requires, found.source, found.certain) == ((), "none", False)


def test_version_from_pkg_info_when_no_name_tells_it() -> None:
    assert read(pkg_info="Metadata-Version: 2.1\nName: demo\nVersion: 3.4\n", version="").version == Version(
        "3.4"
    )


def test_flit_of_old() -> None:
    table = "[build-system]\nrequires=['flit']\nbuild-backend='flit.buildapi'\n[tool.flit.metadata]\nmodule='demo'\n"
    table += "requires=['a']\nrequires-python='>=3.5'\n[tool.flit.metadata.requires-extra]\nt=['b']\n"
    found = read(pyproject=table)
    assert (found.requires, found.requires_python, found.extras) == (
        ("a", 'b; extra == "t"'),
        ">=3.5",
        frozenset({"t"}),
    )


POETRY = """
[build-system]
requires = ["poetry-core"]
build-backend = "poetry.core.masonry.api"
[tool.poetry]
name = "demo"
[tool.poetry.dependencies]
python = "^3.8"
a = "^1.2"
b = {version = "~2.1", optional = true}
c = {version = ">=1,<2", extras = ["x", "y"], python = ">=3.9"}
d = [{version = "1.0", python = "<3.9"}, {version = "2.*", markers = "os_name == 'nt' or os_name == 'posix'"}]
e = {git = "https://example.test/e.git", tag = "v1"}
f = {version = "*", optional = true}
g = {version = "*", platform = "linux"}
h = {version = "1", optional = true}
[tool.poetry.extras]
One_Two = ["b"]
more = ["b", "h"]
[tool.poetry.group.dev.dependencies]
pytest = "*"
"""


def test_poetry_tables() -> None:
    found = read(pyproject=POETRY)
    assert found.requires == (
        "a>=1.2,<2.0",
        'b>=2.1,<2.2 ; extra == "one-two" or extra == "more"',
        'c[x,y]>=1,<2 ; python_version >= "3.9"',
        'd==1.0 ; python_version < "3.9"',
        "d==2.* ; (os_name == 'nt' or os_name == 'posix')",
        "e @ git+https://example.test/e.git@v1",
        'g ; sys_platform == "linux"',
        'h==1 ; extra == "more"',
    )
    assert all(parse_requirement(text) for text in found.requires)
    assert (found.requires_python, found.source, found.certain) == (">=3.8,<4.0", "pyproject", True)
    assert found.extras == {"one-two", "more"}


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("^1.2.3", ">=1.2.3,<2.0.0"),
        ("^1.2", ">=1.2,<2.0"),
        ("^1", ">=1,<2.0"),
        ("^0.2.3", ">=0.2.3,<0.3.0"),
        ("^0.0.3", ">=0.0.3,<0.0.4"),
        ("^0.0", ">=0.0,<0.1"),
        ("^0", ">=0,<1.0"),
        ("^1.0b1", ">=1.0b1,<2.0"),
        ("~1.2.3", ">=1.2.3,<1.3.0"),
        ("~1.2", ">=1.2,<1.3"),
        ("~1", ">=1,<2"),
        ("~=1.2", "~=1.2"),
        ("1.2.3", "==1.2.3"),
        ("= 1.2.3", "==1.2.3"),
        ("1.2.*", "==1.2.*"),
        (">= 1.2, < 2", ">=1.2,<2"),
        (">=1.2 <2", ">=1.2,<2"),
        ("!=1.5", "!=1.5"),
        ("*", ""),
        ("", ""),
        ("^1.2 || ^2.0", None),
        ("^x", None),
        ("latest", None),
    ],
)
def test_poetry_constraints(text: str, wanted: Any) -> None:
    assert constraint(text) == wanted


def test_poetry_that_pep_508_cannot_say_falls_back_on_pkg_info() -> None:
    table = POETRY.replace('a = "^1.2"', 'a = "^1.2 || ^3"')
    found = read(pyproject=table, pkg_info="Metadata-Version: 2.1\nName: demo\nRequires-Dist: a (!=2)\n")
    assert (found.requires, found.source, found.certain) == (("a (!=2)",), "sdist", False)
    assert found.doubt == "pyproject.toml asks for a in a way that PEP 508 cannot say"


@pytest.mark.parametrize(
    ("text", "requires", "extras"),
    [
        ("a\nb>=1\n", ("a", "b>=1"), set()),
        ("\n[x]\na\n", ('a; extra == "x"',), {"x"}),
        ("[:os_name == 'nt' or os_name == 'os2']\na\n", ("a; os_name == 'nt' or os_name == 'os2'",), set()),
        ("[x:os_name == 'nt' or os_name == 'os2']\na\n", ("a; (os_name == 'nt' or os_name == 'os2') and extra == \"x\"",), {"x"}),
        ("a @ https://x.test/a;b.zip\n[x]\nb @ https://x.test/b.zip\n",
         ("a @ https://x.test/a;b.zip", 'b @ https://x.test/b.zip ; extra == "x"'), {"x"}),
        ("[x]\na; os_name == 'nt'\n", ('a; os_name == "nt" and extra == "x"',), {"x"}),
        ("[Empty_One]\n", (), {"empty-one"}),
    ],
)  # fmt: skip
def test_requires_txt(text: str, requires: Any, extras: set[str]) -> None:
    assert texts.requires_txt(text) == (requires, frozenset(extras))


def test_another_projects_pkg_info_is_refused() -> None:
    found = read_files("demo-1.0.tar.gz", make_files({"PKG-INFO": "Name: other\n"}), DEMO, None, LINUX_311)
    assert isinstance(found, Refusal)
    assert found.id == "metadata-name"


@pytest.mark.parametrize(
    "toml", ["[x", "x = " + "[" * 5000, "a" + ".a" * 10_000 + " = 1", "\x00", "x=1\nx=2"]
)
def test_pyproject_that_cannot_be_read_is_refused(toml: str) -> None:
    found = read_files("demo-1.0.tar.gz", make_files({"pyproject.toml": toml}), DEMO, None, LINUX_311)
    assert isinstance(found, Refusal)
    assert found.id == "pyproject"


def test_setup_cfg_that_multiplies_itself_stays_small() -> None:
    bomb = "[options]\na0 = " + "x" * 100 + "\n"
    bomb += "".join(f"a{i} = {f'%(a{i - 1})s' * 50}\n" for i in range(1, 9)) + "install_requires = %(a8)s\n"
    assert len((ini_sections(bomb) or {})["options"]["install_requires"]) < 1_000_000


ODD = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=8)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(
                ["version", "optional", "extras", "markers", "python", "git", "url", "dependencies", "x"]
            ),
            inner,
            max_size=4,
        ),
    ),
    max_leaves=8,
)


@settings(max_examples=120, deadline=None)
@given(table=st.fixed_dictionaries({}, optional={"dependencies": ODD, "extras": ODD}))
def test_any_poetry_table(table: dict[str, Any]) -> None:
    found = read_poetry(table)
    assert all(parse_requirement(text) for text in found.requires)


@settings(max_examples=120, deadline=None)
@given(
    members=st.dictionaries(
        st.sampled_from(["PKG-INFO", "setup.cfg", "setup.py", "demo.egg-info/requires.txt", "meson.build"]),
        st.text(max_size=200),
    )
)
def test_any_texts(members: dict[str, Any]) -> None:
    found = read_files("demo-1.0.tar.gz", make_files(members), DEMO, Version("1"), LINUX_311)
    assert isinstance(found, (SdistReading, Refusal))
