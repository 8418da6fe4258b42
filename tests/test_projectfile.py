"""Project files, scripts, locks, directories and words of the command line as inputs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from planner.errors import InputError
from planner.inputs.localproject import read_project_tree
from planner.inputs.reqlines import BadLine
from planner.inputs.words import read_inputs
from planner.wanted import Inputs, Wanted

PYPROJECT = """\
[project]
name = "Demo"
requires-python = ">=3.10"
dependencies = [
  "numpy>=1.26",
  "torch ; sys_platform == 'linux'",
]

[project.optional-dependencies]
fast = ["numba"]
all = ["demo[fast]", "scipy"]

[dependency-groups]
test = ["pytest>=8", { include-group = "lint" }]
lint = ["ruff"]
"""

LOCK = """\
lock-version = "1.0"
requires-python = "==3.11.*"
extras = ["gui"]
dependency-groups = ["dev"]
default-groups = []
created-by = "test"

[[packages]]
name = "idna"
version = "3.20"
wheels = [{ name = "idna-3.20-py3-none-any.whl", url = "https://files.test/idna-3.20-py3-none-any.whl", hashes = { sha256 = "AA" } }]
sdist = { name = "idna-3.20.tar.gz", url = "https://files.test/idna-3.20.tar.gz", hashes = { sha256 = "bb", md5 = "cc" } }

[[packages]]
name = "tk"
version = "1.0"
marker = "'gui' in extras and python_version > '3'"
sdist = { name = "tk-1.0.tar.gz", url = "https://files.test/tk-1.0.tar.gz", hashes = { sha256 = "dd" } }

[[packages]]
name = "mine"
vcs = { type = "git", url = "https://code.test/mine.git", commit-id = "abc", subdirectory = "py" }

[[packages]]
name = "here"
directory = { path = "sub", editable = true }

[[packages]]
name = "direct"
archive = { url = "https://files.test/direct-1.0.tar.gz", hashes = { sha256 = "ee" } }
"""


def check(words: Sequence[str], files: Mapping[str, str], **options: Any) -> Inputs:
    """Read words on a disk in memory, whose working directory is /w."""
    there = {(name if name.startswith("/") else f"/w/{name}"): text.encode() for name, text in files.items()}
    parts = [name.split("/") for name in there]
    folders = {"/".join(some[:length]) or "/" for some in parts for length in range(1, len(some))}

    def read(path: str) -> bytes:
        if path in folders:
            raise IsADirectoryError(21, "Is a directory", path)
        if path not in there:
            raise FileNotFoundError(2, "No such file or directory", path)
        return there[path]

    return read_inputs(
        words,
        read=read,
        exists=lambda path: path in there or path in folders,
        isdir=folders.__contains__,
        environ={},
        cwd="/w",
        **options,
    )


def problems(words: Sequence[str], files: Mapping[str, str], **options: Any) -> list[str]:
    with pytest.raises(InputError) as caught:
        check(words, files, **options)
    return [str(error) for error in (caught.value, *caught.value.others)]


def told(inputs: Inputs) -> list[tuple[str | None, str]]:
    return [(wanted.name, wanted.origin) for wanted in inputs.wanted]


def names(inputs: Inputs) -> list[str | None]:
    return [wanted.name for wanted in inputs.wanted]


def test_a_project_file_gives_its_dependencies() -> None:
    inputs = check(["pyproject.toml"], {"pyproject.toml": PYPROJECT})
    assert told(inputs) == [("numpy", "pyproject.toml:5"), ("torch", "pyproject.toml:6")]
    assert str(inputs.requires_python) == ">=3.10"
    assert [file.path for file in inputs.files] == ["pyproject.toml"]


@pytest.mark.parametrize(
    ("extras", "expected"),
    [
        (["fast"], ["numba"]),
        (["ALL"], ["numba", "scipy"]),
        ([":all:"], ["numba", "scipy", "numba"]),
        (["fast", "all"], ["numba", "scipy", "numba"]),
    ],
)
def test_extras_are_taken_and_one_may_name_others(extras: list[str], expected: list[str]) -> None:
    inputs = check(["pyproject.toml"], {"pyproject.toml": PYPROJECT}, extras=extras)
    assert names(inputs)[2:] == expected


def test_groups_are_taken_with_the_project_or_alone() -> None:
    files = {"pyproject.toml": PYPROJECT, "sub/pyproject.toml": PYPROJECT}
    assert names(check(["pyproject.toml"], files, groups=["test"])) == ["numpy", "torch", "pytest", "ruff"]
    assert told(check([], files, groups=["Test"])) == [
        ("pytest", "pyproject.toml:14"),
        ("ruff", "pyproject.toml:15"),
    ]
    assert told(check([], files, groups=["sub:lint"])) == [("ruff", "sub/pyproject.toml:15")]
    assert told(check(["x"], files, groups=["sub/pyproject.toml:lint"]))[1] == (
        "ruff",
        "sub/pyproject.toml:15",
    )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"extras": ["slow"]}, "defines the extra 'slow'. Known here: all, fast."),
        ({"groups": ["docs"]}, "defines the group 'docs'. Known here: lint, test."),
        ({"groups": ["nope:docs"]}, "`nope/pyproject.toml` does not exist."),
    ],
)
def test_what_no_file_defines_is_told(options: dict[str, Any], message: str) -> None:
    (problem,) = problems(["pyproject.toml"], {"pyproject.toml": PYPROJECT}, **options)
    assert message in problem


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[project", "pyproject.toml:1: This is no valid TOML"),
        ("a = 1\nb = [\n", "pyproject.toml:"),
        ("[build-system]\n", "holds no [project] table. Give its directory (.)"),
        ("[tool.poetry.dependencies]\nx = '^1'", "Poetry's own table and no [project]. Run `poetry export"),
        ("[dependency-groups]\na = []", "only dependency groups. Name one: --group a"),
        ("project = 1", "`project` is no table."),
        ("[project]\ndependencies = 'x'", "`project.dependencies` is no list of strings."),
        (
            "[project]\ndependencies = ['x=1']",
            "pyproject.toml:2: `x=1` is no requirement: `=` is no comparison",
        ),
        ("[project]\ndependencies = ['./x']", "pyproject.toml:2: `./x` is no requirement"),
        ("[project]\nrequires-python = '3.10+'", "pyproject.toml:2: `requires-python` is '3.10+'"),
        ("[project]\nrequires-python = 3", "`requires-python` is '3', which is no specifier."),
        ("[project]\ndynamic = ['dependencies']", "dynamic: only its build backend can tell them"),
        ("[project]\ndynamic = ['dependencies']\n[build-system]\nbuild-backend='x'", "only x can tell them"),
        ("[tool.uv.sources]\nx = 1", "`tool.uv.sources.x` is no table and no list of tables."),
        ("a." * 300 + "b = 1", "pyproject.toml:1: A key has too many parts."),
        ("a = " + "[" * 5000, "nested too deeply"),
        ("a = " + "9" * 5000, "a number that is too long"),
    ],
)
def test_a_project_file_that_says_nothing_usable_is_told(text: str, message: str) -> None:
    assert message in problems(["pyproject.toml"], {"pyproject.toml": text})[0]


def test_groups_that_include_each_other_are_told() -> None:
    text = "[dependency-groups]\na = [{include-group = 'b'}]\nb = [{include-group = 'a'}]\n"
    (problem,) = problems([], {"pyproject.toml": text}, groups=["a"])
    assert "group 'a' cannot be read: Cyclic" in problem


def test_dynamic_dependencies_in_files_are_read() -> None:
    text = "[project]\nname='x'\ndynamic=['dependencies']\n[tool.setuptools.dynamic]\ndependencies={file=['r.txt']}\n"
    inputs = check(["pyproject.toml"], {"pyproject.toml": text, "r.txt": "a==1 # c\n\nb\n"})
    assert names(inputs) == ["a", "b"]


SOURCES = """\
[project]
name = "demo"
dependencies = ["torch>=2", "mine", "lib[x]", "archive", "short", "plain", "many"]
[project.optional-dependencies]
gpu = ["flash"]
[tool.uv.sources]
torch = { index = "cu128" }
mine = { path = "../mine", editable = true }
lib = { git = "https://code.test/lib.git", tag = "v1", subdirectory = "py" }
archive = { url = "https://files.test/archive-1.0.tar.gz" }
short = { git = "git@code.test:a/short.git", rev = "abc" }
many = [
  { index = "cu128", marker = "sys_platform == 'linux'" },
  { git = "https://code.test/many.git", marker = "sys_platform == 'win32'" },
]
flash = { index = "flash", extra = "gpu" }
[[tool.uv.index]]
name = "cu128"
url = "https://index.test/cu128"
explicit = true
"""


def test_uv_sources_are_followed() -> None:
    files = {"pyproject.toml": SOURCES, "/mine/pyproject.toml": "[project]\nname='mine'\n"}
    inputs = check(["pyproject.toml"], files, extras=["gpu"])
    by_name: dict[str | None, list[Wanted]] = {}
    for wanted in inputs.wanted:
        by_name.setdefault(wanted.name, []).append(wanted)
    (torch,) = by_name["torch"]
    assert (torch.index, str(torch.specifier), torch.source) == ("cu128", ">=2", None)
    (mine,) = by_name["mine"]
    assert mine.source is not None
    assert (mine.source.kind, mine.source.path, mine.editable) == ("directory", "/mine", True)
    (lib,) = by_name["lib"]
    assert lib.source is not None
    assert (lib.source.url, lib.source.revision, lib.source.subdirectory) == (
        "https://code.test/lib.git",
        "v1",
        "py",
    )
    assert lib.extras == {"x"}
    assert by_name["short"][0].source is not None
    assert by_name["short"][0].source.url == "ssh://git@code.test/a/short.git"
    assert [(str(one.marker or ""), one.index, one.source is not None) for one in by_name["many"]] == [
        ("", "", False),
        ('sys_platform == "linux"', "cu128", False),
        ('sys_platform == "win32"', "", True),
    ]
    assert by_name["flash"][0].index == "flash"
    assert inputs.options.indexes == (("cu128", "https://index.test/cu128", True),)


@pytest.mark.parametrize("source", ["{ workspace = true }", "{}", "{ path = 1 }"])
def test_a_source_that_cannot_be_followed_is_told(source: str) -> None:
    text = f"[project]\ndependencies = ['x']\n[tool.uv.sources]\nx = {source}\n"
    (problem,) = problems(["pyproject.toml"], {"pyproject.toml": text})
    assert "pyproject.toml:2: [tool.uv.sources] of x" in problem


def test_uv_keys_without_effect_are_noted_and_constraints_taken() -> None:
    text = "[project]\nname='x'\n[tool.uv]\noverride-dependencies=['a==1']\nconstraint-dependencies=['b<2']\n"
    inputs = check(["pyproject.toml"], {"pyproject.toml": text})
    assert [wanted.name for wanted in inputs.constraints] == ["b"]
    assert "override-dependencies" in inputs.notes[0].text


def test_a_script_gives_its_block() -> None:
    script = "#!/usr/bin/env python\n# /// script\n# requires-python = '>=3.12'\n# dependencies = [\n#   'rich',\n# ]\n# ///\nimport x\n"
    for name in ("run.py", "run"):
        inputs = check([name], {name: script})
        assert told(inputs) == [("rich", f"{name}:5")]
        assert str(inputs.requires_python) == ">=3.12"


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("import x\n", "run.py: This script has no `# /// script` block"),
        (
            "# /// script\n# dependencies = []\nimport x\n",
            "run.py:1: The `# /// script` block is not closed.",
        ),
        ("# /// script\n# ///\n\n# /// script\n# ///\n", "run.py:4: There is more than one"),
        ("x\n# /// script\n# a = [\n# ///\n", "run.py:"),
        ("# /// script\n# dependencies = ['x=1']\n# ///\n", "run.py:2: `x=1` is no requirement"),
    ],
)
def test_a_script_without_a_readable_block_is_told(script: str, message: str) -> None:
    assert problems(["run.py"], {"run.py": script})[0].startswith(message)


def test_a_lock_gives_pinned_requirements() -> None:
    inputs = check(["pylock.toml"], {"pylock.toml": LOCK, "sub/pyproject.toml": ""})
    idna, tk, mine, here, direct = inputs.wanted
    assert (str(idna.specifier), idna.hashes, idna.origin) == (
        "==3.20",
        ("sha256:aa", "sha256:bb"),
        "pylock.toml:9",
    )
    assert str(tk.marker) == 'python_version < "0" and python_version > "3"'
    assert mine.source is not None
    assert (mine.source.url, mine.source.revision, mine.source.subdirectory) == (
        "https://code.test/mine.git",
        "abc",
        "py",
    )
    assert here.source is not None
    assert (here.source.path, here.editable) == ("/w/sub", True)
    assert direct.source is not None
    assert direct.hashes == ("sha256:ee",)
    assert str(inputs.requires_python) == "==3.11.*"
    assert inputs.require_hashes
    chosen = check(["pylock.toml"], {"pylock.toml": LOCK, "sub/pyproject.toml": ""}, extras=["gui"])
    assert str(chosen.wanted[1].marker) == 'python_version >= "0" and python_version > "3"'


@pytest.mark.parametrize(
    "text",
    ["lock-version = '1.0'\n", "lock-version = '9.0'\ncreated-by='x'\npackages=[]\n", "lock-version = 1"],
)
def test_what_is_no_lock_is_told(text: str) -> None:
    assert problems(["pylock.x.toml"], {"pylock.x.toml": text})[0].startswith(
        "pylock.x.toml: This is no lock"
    )


def test_words_are_what_a_user_expects() -> None:
    files = {
        "requirements.txt": "a\n",
        "reqs/dev": "b\n",
        "proj/setup.py": "",
        "torch/x": "",
        "pkgs/demo-1.0-py3-none-any.whl": "",
    }
    inputs = check(
        [
            "requirements.txt",
            "reqs/dev",
            "flash-attn>=2",
            "torch",
            "./proj",
            "pkgs/demo-1.0-py3-none-any.whl",
            "-",
        ],
        files,
        stdin=lambda: b"c\n",
    )
    assert told(inputs) == [
        ("a", "requirements.txt:1"),
        ("b", "reqs/dev:1"),
        ("flash-attn", "command line"),
        ("torch", "command line"),
        (None, "command line"),
        ("demo", "command line"),
        ("c", "stdin:1"),
    ]
    assert "for the directory here write ./torch" in inputs.notes[0].text


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("reqs.txt", "command line: There is no file `reqs.txt`."),
        ("requirements", "There is no file `requirements`. Did you mean requirements.txt?"),
        ("requirements_dev.txt", "Did you mean requirements-dev.txt?"),
        ("sub/nope", "There is no file `sub/nope`."),
        ("foo.py", "There is no file `foo.py`."),
        ("numpy=1", "command line: `numpy=1` is no requirement"),
        ("./demo-1.0.zip", "does not exist"),
        ("sub", "sub"),
        ("uv.lock", "another tool's own format. Run `uv export"),
        ("setup.py", "setup.py is a program, which wheelplan never runs."),
        ("setup.cfg", "setup.cfg is read with its project."),
        ("environment.yml", "YAML"),
        ("./sub", "neither pyproject.toml nor setup.py"),
        ("", "is no requirement"),
    ],
)
def test_a_word_that_is_nothing_is_told(word: str, message: str) -> None:
    here = (
        "requirements.txt",
        "requirements-dev.txt",
        "sub/x",
        "uv.lock",
        "setup.py",
        "setup.cfg",
        "environment.yml",
    )
    files = dict.fromkeys(here, "")
    if word == "sub":
        assert names(check([word], files)) == ["sub"]
        return
    (problem,) = problems([word], files)
    assert message in problem


def test_without_a_word_the_only_input_here_is_taken() -> None:
    assert names(check([], {"requirements.txt": "a"})) == ["a"]
    assert check([], {"requirements.txt": "a"}).notes[0].where == "requirements.txt"
    assert "Here lie both" in problems([], {"requirements.txt": "a", "pyproject.toml": PYPROJECT})[0]
    assert "No input was named." in problems([], {})[0]


def test_options_name_further_files() -> None:
    files = {"r.txt": "a\n--no-binary b\n", "c.txt": "a<2\n--only-binary b\n", "p/pyproject.toml": PYPROJECT}
    inputs = check(["x"], files, requirements=["r.txt", "p/pyproject.toml"], constraints=["c.txt"])
    assert names(inputs) == ["x", "a", "numpy", "torch"]
    assert inputs.constraints[0].origin == "c.txt:1"
    assert inputs.options.no_binary == {"b"}
    assert inputs.options.only_binary == frozenset()
    assert problems(["x"], files, requirements=["y.txt"])[0].startswith("`y.txt` does not exist.")


def test_paths_below_the_working_directory_are_shown_from_there() -> None:
    inputs = check(["/w/sub/r.txt"], {"sub/r.txt": "-r ../a.txt", "a.txt": "-r /x/b.txt", "/x/b.txt": "b"})
    assert [file.path for file in inputs.files] == ["sub/r.txt", "a.txt", "/x/b.txt"]


def test_extras_reach_a_directory() -> None:
    inputs = check(["./p"], {"p/pyproject.toml": PYPROJECT}, extras=["fast"])
    assert inputs.wanted[0].extras == {"fast"}


def tree(**files: str) -> Any:
    there = {f"/p/{name.replace('_', '.')}": text.encode() for name, text in files.items()}

    def read(path: str) -> bytes:
        if path not in there:
            raise FileNotFoundError(2, "No such file or directory", path)
        return there[path]

    return read_project_tree(read, there.__contains__, "/p")


SETUP_CFG = """\
[metadata]
name = Old_Name
version = 1.2
[options]
python_requires = >=3.8
install_requires =
    a>=1  # why
    b; python_version<"3.9"
[options.extras_require]
Fast = numba; scipy
"""


def test_a_local_project_says_what_its_files_say() -> None:
    new = tree(pyproject_toml=PYPROJECT.replace('name = "Demo"', 'name = "Demo"\nversion = "1.0"'))
    assert (new.name, new.version, new.requires_python, new.doubt) == ("demo", "1.0", ">=3.10", "")
    metadata = new.metadata(new.name)
    assert metadata.certain
    assert 'numba; extra == "fast"' in metadata.requires
    assert metadata.extras == {"fast", "all"}
    old = tree(
        setup_cfg=SETUP_CFG,
        pyproject_toml="[build-system]\nrequires=['setuptools','wheel']\nbuild-backend='s'\n",
    )
    assert (old.name, old.version, old.requires_python) == ("old-name", "1.2", ">=3.8")
    assert old.requires == ("a>=1", 'b; python_version<"3.9"')
    assert old.extras == (("fast", ("numba", "scipy")),)
    assert old.build_requires == ("setuptools", "wheel")
    assert old.where == "setup.cfg"


def test_what_only_a_build_can_tell_is_a_doubt() -> None:
    assert "known only to its build (setup.py)" in tree(setup_py="").doubt
    dynamic = tree(
        pyproject_toml="[project]\nname='x'\ndynamic=['version','dependencies']\n[build-system]\nbuild-backend='b'"
    )
    assert "(b)" in dynamic.doubt
    assert dynamic.dynamic == {"version", "dependencies"}
    assert not dynamic.metadata("x").certain
    listed = tree(
        pyproject_toml="[project]\nname='x'\ndynamic=['version','dependencies','optional-dependencies']\n"
        "[tool.setuptools.dynamic]\ndependencies={file='r.txt'}\nversion={file='V.txt'}\n"
        "optional-dependencies.dev={file=['r.txt']}\n",
        r_txt="a\n# b\nc==1\n",
        V_txt="2.0\n",
    )
    assert (listed.requires, listed.version, listed.doubt) == (("a", "c==1"), "2.0", "")
    assert listed.extras == (("dev", ("a", "c==1")),)


@pytest.mark.parametrize(
    "files",
    [
        {"pyproject_toml": "["},
        {"pyproject_toml": "[project]\ndependencies=1"},
        {"pyproject_toml": "[build-system]\nrequires=1"},
    ],
)
def test_a_local_project_that_cannot_be_read_is_a_bad_line(files: dict[str, str]) -> None:
    with pytest.raises(BadLine):
        tree(**files)


def test_a_local_project_with_a_broken_setup_cfg_or_file_is_no_crash() -> None:
    assert tree(setup_cfg="no section").doubt
    with pytest.raises(BadLine, match="No such file"):
        tree(
            pyproject_toml="[project]\ndynamic=['dependencies']\n[tool.setuptools.dynamic]\ndependencies={file='nope'}"
        )
