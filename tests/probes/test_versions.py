"""Package versions of distributions, as versions of PEP 440."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from packaging.version import Version

from planner.probes.versions import upstream_version

CASES = {
    # Debian and Ubuntu
    "1:9.1.1-1+b1": "9.1.1", "4:12.2.0-3": "12.2.0", "15.20-0+deb12u1": "15.20", "9.55.0~dfsg1-0": "9.55.0",
    "3.0.16-1~deb12u1": "3.0.16", "5.15.8+dfsg-11+deb12u2": "5.15.8", "1.63.0+dfsg1-2": "1.63.0",
    "1.0.8~bpo12+1-1": "1.0.8", "3.8.1.dfsg-3": "3.8.1", "1:1.2.13.dfsg-1": "1.2.13", "12.4": "12.4",
    "6.1.2+dfsg1-1ubuntu0.1": "6.1.2", "1.17.4-2build1": "1.17.4", "0.1.13+ds1-1": "0.1.13", "1.0.0+b1": "1.0.0",
    "1.20+really1.19-1": "1.19", "2.5.1+git20220913-1": "2.5.1", "1.8.14+repack-1": "1.8.14",
    "1.1.1n-0+deb11u5": "1.1.1.post14", "1:9e-1": "9.post5", "2022f-0+deb12": "2022.post6",
    "3.0~rc1-2": "3.0rc1", "3.0~alpha2-1": "3.0a2", "1.8.0~beta.1-1": "1.8.0b1", "4.0.0~b2-1": "4.0.0b2",
    "1.14.0-rc1-1": "1.14.0rc1", "1.2-3-1": "1.2.post3",
    "2.0~git20210101-1": "2.0.dev0", "0.0~git20200101.abc-1": "0.0.dev0", "12.2.0~20220101-1": "12.2.0.dev0",
    "0~20200101-1": "0.dev0",
    # RPM, Arch, openSUSE, Alpine, Homebrew
    "4.8.5-44.el7": "4.8.5", "1.6.40-1.fc42": "1.6.40", "2.0^20240101gitabc-1.fc42": "2.0", "3.0~rc2-1.fc42": "3.0rc2",
    "1:2.3.4-1": "2.3.4", "15.3-150200.5.9.1": "15.3", "1.2.3-r0": "1.2.3", "1.2.3_rc1-r0": "1.2.3rc1",
    "1.2.3_p1-r2": "1.2.3.post1", "1.2.3_git20210101-r0": "1.2.3", "3.3.2_1": "3.3.2",
    # no versions
    "": "", "abc": "", "r123": "", "(none)": "", "\x1b[31m": "", "-": "", "1:": "",
}  # fmt: skip


@pytest.mark.parametrize(("text", "version"), CASES.items())
def test_upstream(text, version):
    assert upstream_version(text) == version


@given(st.one_of(st.text(max_size=60), st.text("0123456789.:-+~^_abrcdfsg", max_size=40)))
@settings(max_examples=300, deadline=None)
def test_any_text_gives_a_version_or_none(text):
    version = upstream_version(text)
    assert not version or str(Version(version)) == version


RELEASE = st.lists(st.integers(0, 999), min_size=1, max_size=4).map(lambda parts: ".".join(map(str, parts)))


@given(
    RELEASE,
    st.sampled_from(["", "1:", "4:"]),
    st.sampled_from(["", "+dfsg", "+dfsg1", "~dfsg", "+ds1", "+git20220101", "+repack"]),
    st.sampled_from(["", "-1", "-0+deb12u1", "-2+b1", "-1ubuntu2", "-1~bpo12+1", "-3.fc42", "-r7"]),
)
@settings(max_examples=200, deadline=None)
def test_what_a_distribution_adds_is_taken_away(release, epoch, repacked, revision):
    assert upstream_version(f"{epoch}{release}{repacked}{revision}") == str(Version(release))


@given(RELEASE, st.sampled_from(["~rc1", "~beta2", "~a1", "~git2021"]))
@settings(max_examples=50, deadline=None)
def test_a_pre_release_comes_before_its_release(release, mark):
    assert Version(upstream_version(f"{release}{mark}-1")) < Version(release)
