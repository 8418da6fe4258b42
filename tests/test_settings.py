"""Settings: pip's own configuration and uv's are the oracles; precedence, origins, secrets and refusals."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from packaging.utils import canonicalize_name
from pip._internal.commands import create_command
from pip._internal.utils import appdirs

from planner.config.moments import parse_duration, parse_moment
from planner.config.pipconf import config_files
from planner.errors import UsageError
from planner.settings import Setting, Settings, default_index, read_settings, with_inputs
from planner.wanted import FileOptions, Inputs

NOW = datetime(2026, 11, 24, 12, tzinfo=timezone.utc)
DEFAULT = "https://default.test/simple"


def settle(
    files: Mapping[str, str] | None = None,
    environ: Mapping[str, str] | None = None,
    *,
    platform: str = "linux",
    said: Mapping[str, Any] | None = None,
) -> Settings:
    """Read settings on a disk in memory: home is /home/me, the working directory /w/sub, the environment /venv."""
    there = {name: text.encode() for name, text in (files or {}).items()}

    def read(path: str) -> bytes:
        if path not in there:
            raise FileNotFoundError(2, "No such file or directory", path)
        return there[path]

    return read_settings(
        said or {},
        environ={"HOME": "/home/me", **(environ or {})},
        cwd="/w/sub",
        read=read,
        now=NOW,
        platform=platform,
        prefix="/venv",
    )


def urls(settings: Settings) -> list[str]:
    return [index.url for index in settings.indexes]


# -- pip as the oracle


class PipWorld:
    """pip's configuration files below a temporary root, read by pip and by us."""

    def __init__(self, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.root = root
        for name in list(os.environ):
            if name.startswith(("PIP_", "UV_", "WHEELPLAN_", "XDG_")):
                monkeypatch.delenv(name)
        self.environ = {
            "HOME": str(root / "home"),
            "XDG_CONFIG_HOME": str(root / "config"),
            "XDG_CONFIG_DIRS": f"{root}/xdg1:{root}/xdg2",
        }
        for name, value in self.environ.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr(sys, "prefix", str(root / "venv"))
        monkeypatch.setattr(
            appdirs,
            "site_config_dirs",
            lambda name: [*(f"{root}/xdg{n}/{name}" for n in (1, 2)), f"{root}/etc"],
        )
        self.monkeypatch = monkeypatch

    def write(self, **texts: str) -> None:
        places = {
            "xdg1": "xdg1/pip/pip.conf",
            "xdg2": "xdg2/pip/pip.conf",
            "etc": "etc/pip.conf",
            "legacy": "home/.pip/pip.conf",
            "user": "config/pip/pip.conf",
            "site": "venv/pip.conf",
            "named": "named.conf",
        }
        for level, text in texts.items():
            file = self.root / places[level]
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)

    def setenv(self, **values: str) -> None:
        for name, value in values.items():
            self.environ[name] = value.replace("ROOT", str(self.root))
            self.monkeypatch.setenv(name, self.environ[name])

    def pips(self) -> dict[str, object]:
        values = create_command("install").parser.get_default_values()
        return {
            "default": values.index_url,
            "extra": values.extra_index_urls,
            "no-index": values.no_index,
            "links": values.find_links,
            "trusted": values.trusted_hosts,
            "constraints": values.constraints,
            "no-binary": values.format_control.no_binary,
            "only-binary": values.format_control.only_binary,
            "pre": values.pre,
            "all-releases": values.release_control.all_releases,
            "prefer-binary": values.prefer_binary,
            "timeout": values.timeout,
            "cert": values.cert,
            "proxy": values.proxy or "",
            "require-hashes": values.require_hashes,
        }

    def ours(self) -> dict[str, object]:
        def read(path: str) -> bytes:
            return Path(
                path.replace("/etc/", f"{self.root}/etc/", 1) if path.startswith("/etc/") else path
            ).read_bytes()

        settings = read_settings(
            {},
            environ=self.environ,
            cwd=str(self.root),
            read=read,
            now=NOW,
            platform="linux",
            prefix=sys.prefix,
        )
        policy = settings.policy
        return {
            "default": settings.text("index-url", default_index()),
            "extra": list(settings.items("extra-index-url")),
            "no-index": settings.flag("no-index"),
            "links": list(settings.items("find-links")),
            "trusted": list(settings.trusted_hosts),
            "constraints": list(settings.items("constraint")),
            "no-binary": policy.no_binary,
            "only-binary": policy.only_binary,
            "pre": settings.flag("pre"),
            "all-releases": policy.all_releases - ({":all:"} if settings.flag("pre") else set()),
            "prefer-binary": policy.prefer_binary,
            "timeout": settings.timeout or 15,
            "cert": settings.text("cert") or None,
            "proxy": settings.text("proxy"),
            "require-hashes": policy.require_hashes,
        }


@pytest.fixture
def pip_world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> PipWorld:
    return PipWorld(tmp_path, monkeypatch)


LEVELS = ("xdg1", "xdg2", "etc", "legacy", "user", "site", "named")


@pytest.mark.parametrize("count", range(len(LEVELS) + 1))
def test_each_level_of_pip_wins_over_the_weaker_ones(pip_world: PipWorld, count: int) -> None:
    pip_world.write(**{level: f"[global]\nindex-url = https://{level}.test/\n" for level in LEVELS[:count]})
    assert pip_world.ours() == pip_world.pips()
    pip_world.setenv(PIP_CONFIG_FILE="ROOT/named.conf")
    assert pip_world.ours() == pip_world.pips()
    pip_world.setenv(PIP_CONFIG_FILE=os.devnull)
    assert pip_world.ours() == pip_world.pips()


@pytest.mark.parametrize(
    ("files", "environ"),
    [
        (
            {
                "etc": "[install]\nindex-url = https://a.test\n",
                "user": "[global]\nindex-url = https://b.test\n",
            },
            {},
        ),
        ({"user": "[global]\nextra-index-url = file:///a\n  https://b.test\n\n  https://c.test\n"}, {}),
        ({"user": "[global]\nExtra_Index_URL = https://a.test https://b.test\n"}, {}),
        ({"user": "[global]\n--index-url = https://a.test\n"}, {}),
        ({"user": "[global]\nindex-url = \n", "etc": "[global]\nindex-url = https://a.test"}, {}),
        ({"user": "[global]\nindex-url = https://a.test\n"}, {"PIP_INDEX_URL": ""}),
        ({"user": "[global]\nextra-index-url = https://a.test\n"}, {"PIP_EXTRA_INDEX_URL": "https://b.test"}),
        ({"user": "[global]\nno-binary = a,b\n[install]\nno-binary = :none:\n"}, {"PIP_NO_BINARY": "Foo_x"}),
        ({"user": "[global]\nonly-binary = :all:\n"}, {"PIP_NO_BINARY": "foo,bar"}),
        (
            {"user": "[global]\nno-index = yes\nfind-links = /a /b\ntrusted-host = a.test\n  b.test:8080\n"},
            {},
        ),
        ({"user": "[global]\npre = true\nprefer-binary = 1\ntimeout = 60\nrequire-hashes = on\n"}, {}),
        ({"user": "[global]\ncert = /a.pem\nproxy = http://p.test\nconstraint = /c.txt /d.txt\n"}, {}),
        ({"user": "[download]\nindex-url = https://a.test\n[list]\npre = maybe\n"}, {}),
        ({"user": "[DEFAULT]\nindex-url = https://a.test\n[global]\n"}, {}),
        ({"user": "# c\n; d\n[global]\nindex-url: https://a.test ; not a comment\n"}, {}),
        ({"user": "[global]\nall-releases = demo\n"}, {"PIP_DEFAULT_TIMEOUT": "7", "PIP_FIND_LINKS": "/x"}),
        ({}, {"PIP_CONFIG_FILE": "ROOT/named.conf", "PIP_NO_INDEX": "0", "PIP_VERSION": "1"}),
        ({"user": "[global]\npre = 1\n", "named": "[global]\n"}, {"PIP_CONFIG_FILE": "ROOT/named.conf"}),
    ],
)
def test_pips_configuration_is_read_as_pip_does(
    pip_world: PipWorld, files: dict[str, str], environ: dict[str, str]
) -> None:
    pip_world.write(**files)
    pip_world.setenv(**environ)
    assert pip_world.ours() == pip_world.pips()


@pytest.mark.parametrize(
    ("platform", "environ", "expected"),
    [
        (
            "win32",
            {"USERPROFILE": r"C:\u", "APPDATA": r"C:\u\AppData\Roaming"},
            r"C:\u\AppData\Roaming\pip\pip.ini",
        ),
        ("darwin", {"HOME": "/Users/me"}, "/Users/me/Library/Application Support/pip/pip.conf"),
        ("linux", {"HOME": "/home/me"}, "/home/me/.config/pip/pip.conf"),
    ],
)
def test_pips_files_lie_where_each_system_keeps_them(
    platform: str, environ: dict[str, str], expected: str
) -> None:
    files = config_files(environ, platform=platform, prefix="")
    assert files[-1] == ("user", expected)
    assert files[0][0] == "global"


# -- uv as the oracle

UV_TOML = """\
index-url = "https://default.test/simple"
extra-index-url = ["https://extra.test/simple"]
index-strategy = "unsafe-best-match"
exclude-newer = "2026-10-01"
[[index]]
name = "named"
url = "https://named.test/simple"
[[index]]
name = "pinned"
url = "https://pinned.test/simple"
explicit = true
[pip]
resolution = "lowest"
no-binary = ["numpy"]
"""


def test_uvs_file_is_read_as_uv_does(tmp_path: Path) -> None:
    uv = shutil.which("uv", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}")
    assert uv, "the tests need uv: it is in the `test` group"
    (tmp_path / "uv.toml").write_text(UV_TOML)
    (tmp_path / "r.in").write_text("")
    shown = subprocess.run(
        [uv, "pip", "compile", "--show-settings", "r.in"],
        cwd=tmp_path,
        env={"HOME": str(tmp_path), "TZ": "UTC"},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    ).stdout
    settings = settle({"/w/uv.toml": UV_TOML})
    theirs = re.findall(r'given: Some\(\s*"(https://[^"]*)"', shown)
    explicit = [index.url for index in settings.explicit]
    assert sorted(theirs) == sorted([*urls(settings), *explicit])
    assert [url for url in theirs if url not in explicit] == urls(settings)
    cut_off = re.search(r"Absolute\(\s*(\S+),", shown)
    assert cut_off
    assert settings.policy.exclude_newer == parse_moment(cut_off[1], NOW)
    assert "index_strategy: UnsafeBestMatch" in shown
    assert (settings.policy.index_strategy, settings.policy.strategy) == ("unsafe-best-match", "lowest")
    assert settings.policy.no_binary == {"numpy"}


def test_uvs_environment_is_read() -> None:
    settings = settle(
        environ={
            "UV_INDEX": "one=https://one.test/simple https://two.test/simple",
            "UV_DEFAULT_INDEX": DEFAULT,
            "UV_INDEX_ONE_USERNAME": "me",
            "UV_INDEX_ONE_PASSWORD": "s3:cret",
            "UV_FIND_LINKS": "/a b,https://links.test/",
            "UV_NO_BUILD": "1",
            "UV_NO_BINARY_PACKAGE": "Numpy scipy",
            "UV_EXCLUDE_NEWER": "2 weeks",
            "UV_PRERELEASE": "allow",
            "UV_TORCH_BACKEND": "cu128",
            "UV_INSECURE_HOST": "two.test",
            "UV_OFFLINE": "true",
            "UV_HTTP_TIMEOUT": "9",
        }
    )
    one, two, default, *links = settings.indexes
    assert (one.name, one.url, one.shown) == (
        "one",
        "https://me:s3%3Acret@one.test/simple",
        "https://one.test/simple",
    )
    assert (two.url, two.trusted, one.trusted) == ("https://two.test/simple", True, False)
    assert default.origin == "UV_DEFAULT_INDEX"
    assert [(link.url, link.kind) for link in links] == [
        ("file:///a%20b", "links"),
        ("https://links.test/", "links"),
    ]
    policy = settings.policy
    assert policy.only_binary == {":all:"}
    assert policy.no_binary == {"numpy", "scipy"}
    assert policy.exclude_newer == NOW - timedelta(weeks=2)
    assert policy.prereleases == "allow"
    assert settings.text("torch-backend") == "cu128"
    assert settings.flag("offline")
    assert settings.timeout == 9


def test_uvs_files_add_up_and_may_be_left_out() -> None:
    files = {
        "/w/pyproject.toml": '[tool.uv]\nextra-index-url = ["https://a.test"]\nresolution = "lowest"\n',
        "/home/me/.config/uv/uv.toml": 'extra-index-url = ["https://b.test"]\nresolution = "highest"\n',
        "/etc/uv/uv.toml": f'index-url = "{DEFAULT}"\noverride-dependencies = ["x"]\n',
    }
    settings = settle(files)
    assert urls(settings) == ["https://a.test", "https://b.test", DEFAULT]
    assert settings.policy.strategy == "lowest"
    assert "override-dependencies" in settings.notes[0].text
    assert urls(settle(files, {"UV_NO_CONFIG": "1"})) == [default_index()]
    assert urls(
        settle({**files, "/c.toml": 'index-url = "https://c.test"'}, {"UV_CONFIG_FILE": "/c.toml"})
    ) == ["https://c.test"]
    assert settle({**files, "/w/uv.toml": ""}).policy.strategy == "highest"


def test_an_index_of_uv_may_be_the_default_one() -> None:
    toml = f'[[index]]\nname = "d"\nurl = "{DEFAULT}"\ndefault = true\n'
    assert [index.name for index in settle({"/w/uv.toml": toml}).indexes] == ["d"]
    over = settle({"/w/uv.toml": toml}, {"PIP_INDEX_URL": "https://pip.test"})
    assert urls(over) == ["https://pip.test"]


# -- our own files and the order of all


def test_the_strongest_source_wins_and_is_named() -> None:
    name = {"index-url": DEFAULT}
    files = {
        "/w/uv.toml": 'index-url = "https://uv.test"',
        "/etc/pip.conf": "[global]\nindex-url = https://pip.test\n",
        "/w/pyproject.toml": '[tool.wheelplan]\nindex-url = "https://file.test"\n',
    }
    chain = [
        (settle(files, {"WHEELPLAN_INDEX_URL": "https://env.test"}, said=name), "--index-url"),
        (settle(files, {"WHEELPLAN_INDEX_URL": "https://env.test"}), "WHEELPLAN_INDEX_URL"),
        (settle(files), "/w/pyproject.toml:2"),
        (settle({**files, "/w/pyproject.toml": ""}), "/etc/pip.conf [global] index-url"),
        (settle({"/w/uv.toml": files["/w/uv.toml"]}), "/w/uv.toml index-url"),
        (settle(), "pip's own default"),
    ]
    assert [settings.default.origin for settings, _ in chain if settings.default] == [
        origin for _, origin in chain
    ]


def test_the_command_line_adds_to_lists_of_places() -> None:
    files = {"/etc/pip.conf": "[global]\nextra-index-url = https://a.test\nfind-links = /l\n"}
    settings = settle(
        files,
        said={"extra-index-url": ["https://b.test"], "find_links": ["links"], "index": ["n=https://n.test"]},
    )
    assert urls(settings) == [
        "https://n.test",
        "https://b.test",
        "https://a.test",
        default_index(),
        "file:///w/sub/links",
        "file:///l",
    ]
    assert settings.indexes[2].origin == "/etc/pip.conf [global] extra-index-url"
    assert settings.indexes[0].name == "n"


def test_no_index_leaves_the_links() -> None:
    settings = settle(environ={"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": "/l", "UV_INDEX": "https://x.test"})
    assert urls(settings) == ["file:///l"]
    assert settle(environ={"PIP_NO_INDEX": "1"}, said={"no-index": False}).default is not None


def test_words_add_up_the_stronger_last() -> None:
    settings = settle(
        {"/etc/pip.conf": "[global]\nno-binary = a,b\n"},
        {"UV_NO_BUILD": "1", "WHEELPLAN_ONLY_BINARY": "a"},
        said={"no-binary": ["c"], "allow-build": ["Flash_Attn"]},
    )
    assert settings.policy.no_binary == {"b", "c"}
    assert settings.policy.only_binary == {":all:", "a"}
    assert settings.policy.allow_builds == {"flash-attn"}
    assert (
        settle(environ={"PIP_NO_BINARY": "a"}, said={"no-binary": [":none:"]}).policy.no_binary == frozenset()
    )
    assert settle(said={"no-build": True}).policy.only_binary == {":all:"}
    assert settle(said={"pre": True}).policy.prereleases_for(canonicalize_name("x")) == "allow"


def test_wheelplan_toml_is_read_from_the_nearest_directory() -> None:
    files = {
        "/w/wheelplan.toml": "resolution = 'lowest'\nfind-links = ['wheels', 'https://l.test']\nno_build = true\n",
        "/w/pyproject.toml": "[tool.wheelplan]\nresolution = 'highest'\n",
        "/wheelplan.toml": "resolution = 'highest'\nno-deps = true\n",
    }
    settings = settle(files)
    assert settings.text("resolution") == "lowest"
    assert settings.get("resolution") is not None
    assert [index.url for index in settings.links] == ["file:///w/wheels", "https://l.test"]
    assert settings.policy.only_binary == {":all:"}
    assert not settings.policy.no_deps
    assert settle(files, {"WHEELPLAN_NO_CONFIG": "1"}).text("resolution") == ""
    assert (
        settle({**files, "/o.toml": "resolution='highest'"}, {"WHEELPLAN_CONFIG_FILE": "/o.toml"}).text(
            "resolution"
        )
        == "highest"
    )


def test_a_variable_of_no_setting_is_noted() -> None:
    (note,) = settle(environ={"WHEELPLAN_INDX_URL": "x"}).notes
    assert note.where == "WHEELPLAN_INDX_URL"
    assert "WHEELPLAN_index-url" in note.text or "index-url" in note.text


@pytest.mark.parametrize(
    ("files", "environ", "message"),
    [
        (
            {"/w/pyproject.toml": "[tool.wheelplan]\nindx-url = 'x'\n"},
            {},
            "/w/pyproject.toml:2: `indx-url` is no setting of wheelplan. Did you mean index-url?",
        ),
        ({"/w/wheelplan.toml": "a = 1\nx = [\n"}, {}, "/w/wheelplan.toml:"),
        (
            {"/w/wheelplan.toml": "no-index = 'perhaps'"},
            {},
            "/w/wheelplan.toml:1: `no-index` is 'perhaps', and must be true or false.",
        ),
        ({"/w/wheelplan.toml": "index-url = 1"}, {}, "must be a string."),
        ({"/w/wheelplan.toml": "find-links = [1]"}, {}, "must be a list of strings."),
        ({"/w/pyproject.toml": "[tool]\nwheelplan = 1"}, {}, "`tool.wheelplan` is no table."),
        ({}, {"WHEELPLAN_CONFIG_FILE": "/nope"}, "WHEELPLAN_CONFIG_FILE: `/nope` cannot be read."),
        (
            {"/etc/pip.conf": "index-url = x\n"},
            {},
            "/etc/pip.conf:1: This configuration file of pip cannot be read",
        ),
        ({"/etc/pip.conf": "[global]\na = 1\na = 2\n"}, {}, "/etc/pip.conf:3: "),
        ({"/etc/pip.conf": "[global]\nx\n"}, {}, "/etc/pip.conf:2: "),
        (
            {"/etc/pip.conf": "[global]\npre = perhaps\n"},
            {},
            "/etc/pip.conf [global] pre: `pre` is 'perhaps'",
        ),
        ({}, {"PIP_TIMEOUT": "soon"}, "PIP_TIMEOUT: `timeout` is 'soon', and must be a number."),
        (
            {},
            {"PIP_INDEX_URL": "index.test/simple"},
            "PIP_INDEX_URL: `index.test/simple` is an address without a scheme. Write https://index.test/simple",
        ),
        (
            {},
            {"PIP_INDEX_URL": "ftp://u:pw@index.test/simple"},
            "PIP_INDEX_URL: `ftp://index.test/simple` is no address",
        ),
        (
            {},
            {"UV_INDEX_STRATEGY": "first-match"},
            "must be first-index, unsafe-first-match or unsafe-best-match",
        ),
        ({}, {"UV_RESOLUTION": "lowst"}, "Did you mean lowest?"),
        (
            {},
            {"UV_EXCLUDE_NEWER": "1 month"},
            "UV_EXCLUDE_NEWER: `exclude-newer` is '1 month', which is no moment",
        ),
        ({"/w/uv.toml": "[[index]]\nname = 'x'\n"}, {}, "/w/uv.toml: An `index` entry has no `url`."),
        ({"/w/uv.toml": "x = [\n"}, {}, "/w/uv.toml:"),
    ],
)
def test_what_is_not_understood_is_told_with_its_origin(
    files: dict[str, str], environ: dict[str, str], message: str
) -> None:
    with pytest.raises(UsageError) as caught:
        settle(files, environ)
    assert message in str(caught.value)


def test_a_pip_conf_that_is_no_utf8_is_told() -> None:
    with pytest.raises(UsageError) as caught:
        read_settings(
            {},
            environ={},
            cwd="/",
            read=lambda _: b"[global]\n# \xe9\n",
            now=NOW,
            platform="linux",
            prefix="/v",
        )
    assert ":2: This configuration file of pip is not UTF-8." in str(caught.value)


def test_files_of_other_tools_are_not_judged() -> None:
    assert settle({"/w/sub/pyproject.toml": "this is not toml"}).default is not None


def test_no_shown_value_holds_a_secret() -> None:
    settings = settle(
        {
            "/etc/pip.conf": "[global]\nproxy = http://u:s3cret@p.test\nextra-index-url = https://s3cret@a.test/?token=s3cret\n"
        },
        {
            "PIP_INDEX_URL": "https://u:s3cret@b.test/simple",
            "UV_FIND_LINKS": "https://l.test/?X-Amz-Signature=s3cret",
        },
    )
    assert sum("s3cret" in index.url for index in settings.indexes) == 3
    assert "s3cret" not in repr(settings.origins)
    assert not [index for index in settings.indexes if "s3cret" in index.shown]
    assert ("index-url", "https://b.test/simple", "PIP_INDEX_URL") in settings.origins


# -- option lines of requirement files


def after(settings: Settings, **options: Any) -> Settings:
    return with_inputs(settings, Inputs(options=FileOptions(**options)))


def test_option_lines_of_files_come_on_top() -> None:
    base = settle(
        environ={
            "PIP_EXTRA_INDEX_URL": "https://a.test",
            "UV_INDEX": "n=https://n.test",
            "PIP_FIND_LINKS": "/l",
        }
    )
    replaced = after(
        base,
        index_url="https://i.test",
        extra_index_urls=("https://e.test",),
        origins=(("index-url", "", "r.txt:1"),),
    )
    assert urls(replaced) == ["https://n.test", "https://e.test", "https://i.test", "file:///l"]
    assert replaced.default is not None
    assert replaced.default.origin == "r.txt:1"
    added = after(
        base,
        extra_index_urls=("https://e.test", "https://a.test"),
        find_links=("https://m.test", "https://m.test"),
    )
    assert urls(added) == [
        "https://n.test",
        "https://a.test",
        "https://e.test",
        default_index(),
        "file:///l",
        "https://m.test",
    ]
    assert urls(after(base, no_index=True, find_links=("file:///m",))) == ["file:///l", "file:///m"]
    none = settle(environ={"PIP_NO_INDEX": "1"})
    assert urls(after(none, index_url="https://i.test")) == []
    assert after(base, trusted_hosts=("a.test",)).extra[0].trusted
    pinned = after(base, indexes=(("cu", "https://cu.test", True), ("n", "https://other.test", False)))
    assert [index.name for index in pinned.explicit] == ["cu"]
    assert urls(pinned) == urls(base)


def test_policy_words_of_files_come_on_top() -> None:
    base = settle(said={"only-binary": [":all:"]})
    policy = after(
        base,
        format_words=(("no-binary", "a"),),
        release_words=(("all-releases", ":pre:"), ("only-final", "b")),
        prefer_binary=True,
        hashed=True,
    ).policy
    assert policy.only_binary == {":all:"}
    assert policy.no_binary == {"a"}
    assert policy.prefer_binary
    assert policy.require_hashes
    assert (
        policy.prereleases_for(canonicalize_name("a")),
        policy.prereleases_for(canonicalize_name("b")),
    ) == ("allow", "disallow")
    assert not after(base, hashed=True, no_require_hashes=True).policy.require_hashes
    assert not after(settle(environ={"PIP_NO_REQUIRE_HASHES": "1"}), hashed=True).policy.require_hashes
    assert after(base, require_hashes=True).policy.require_hashes


# -- moments


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-10-01", "2026-10-01T00:00:00+00:00"),
        ("2026-10-01T12:30:00Z", "2026-10-01T12:30:00+00:00"),
        ("2026-10-01T12:30:00.123456789z", "2026-10-01T12:30:00.123456+00:00"),
        ("2026-10-01 12:30:00+02:00", "2026-10-01T10:30:00+00:00"),
        ("2026-10-01T12:30-0130", "2026-10-01T14:00:00+00:00"),
        ("2026-10-01T12:30", "2026-10-01T12:30:00+00:00"),
        ("7d", "2026-11-17T12:00:00+00:00"),
        ("P3D", "2026-11-21T12:00:00+00:00"),
        ("2 weeks", "2026-11-10T12:00:00+00:00"),
        ("1 week and 2 days, 3h ago", "2026-11-15T09:00:00+00:00"),
        ("PT36H", "2026-11-23T00:00:00+00:00"),
        ("p1w", "2026-11-17T12:00:00+00:00"),
    ],
)
def test_moments_are_read(text: str, expected: str) -> None:
    moment = parse_moment(text, NOW)
    assert moment is not None
    assert moment.isoformat() == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "P",
        "PT",
        "7",
        "d",
        "1 month",
        "1y",
        "P1M",
        "2026-13-01",
        "2026-10-01T25:00Z",
        "soon",
        "-7d",
        "9" * 40 + "d",
        "999999999 weeks",
        "\u0667d",
    ],
)
def test_what_is_no_moment_is_none(text: str) -> None:
    assert parse_moment(text, NOW) is None


def test_a_date_is_in_the_zone_of_the_clock_and_whole_for_uv() -> None:
    zone = timezone(timedelta(hours=2))
    moment = parse_moment("2026-10-01", NOW.astimezone(zone), whole_day=True)
    assert moment is not None
    assert moment.isoformat() == "2026-10-01T22:00:00+00:00"
    assert parse_duration("90 minutes") == timedelta(minutes=90)


@pytest.mark.parametrize("name", ["exclude-newer", "uploaded-prior-to"])
def test_the_earlier_cut_off_counts(name: str) -> None:
    settings = settle(said={"exclude-newer": "30d", "uploaded-prior-to": "P40D", name: "P50D"})
    assert settings.policy.exclude_newer == NOW - timedelta(days=50)


def test_the_default_index_is_pips(monkeypatch: pytest.MonkeyPatch) -> None:
    assert default_index().endswith("/simple")
    monkeypatch.setitem(sys.modules, "pip._internal.models.index", None)
    with pytest.raises(UsageError, match="No index is set"):
        default_index()


def test_settings_are_values() -> None:
    first, second = (settle({"/etc/pip.conf": "[global]\nfind-links = /a /b\n"}) for _ in range(2))
    assert first == second
    assert hash(first) == hash(second)


# -- torch


def test_the_torch_backend_is_heeded_from_every_source() -> None:
    uv = {"/w/uv.toml": 'torch-backend = "cu126"\n'}
    assert settle(uv).text("torch-backend") == "cu126"
    assert settle(uv).notes == ()
    assert settle(uv, {"UV_TORCH_BACKEND": "cpu"}).text("torch-backend") == "cpu"
    own = settle(uv, {"UV_TORCH_BACKEND": "cpu", "WHEELPLAN_TORCH_BACKEND": "auto"})
    assert own.get("torch-backend") == Setting(value="auto", origin="WHEELPLAN_TORCH_BACKEND")
    assert settle(uv, said={"torch_backend": "xpu"}).text("torch-backend") == "xpu"


def test_a_place_of_torchs_indexes_counts_from_its_file() -> None:
    file = '[tool.wheelplan]\ntorch-index = "whl/{variant}"\n'
    assert settle({"/w/pyproject.toml": file}).text("torch-index") == "/w/whl/{variant}"
    address = {"WHEELPLAN_TORCH_INDEX": "https://mirror.test/{variant}"}
    assert settle(environ=address).text("torch-index") == "https://mirror.test/{variant}"


def test_the_installed_torch_is_kept_or_ignored() -> None:
    assert settle().get("installed-torch") is None
    assert settle(environ={"WHEELPLAN_INSTALLED_TORCH": "keep"}).text("installed-torch") == "keep"
    with pytest.raises(UsageError, match="must be keep or ignore"):
        settle(said={"installed-torch": "drop"})
