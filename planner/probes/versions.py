"""Versions as Debian, RPM, Alpine, Arch and Homebrew write them, as versions of PEP 440; compares nothing.

A package's version holds the upstream one between an epoch and the distributor's own revision
(deb-version(7), rpm's "Version Comparison", abuild's APKBUILD(5)).
"""

from __future__ import annotations

import re

from packaging.version import InvalidVersion, Version

__all__ = ["upstream_version"]

_REPACKED = re.compile(
    r"[~.+-]?(?:dfsg|ds|debian|repack|deb|ubuntu|bpo|build|nobin|stripped|orig)[\d.]*\Z", re.IGNORECASE
)
_EARLY = re.compile(r"(alpha|beta|rc|a|b|c|pre)[.-]?(\d{0,9})(?![a-z])", re.IGNORECASE)
_LETTER = re.compile(r"(\d)([a-z])\Z")
_LIMIT = 200


def upstream_version(text: str) -> str:
    """The upstream version in a package's, as PEP 440 has it; "" when there is none.

    A letter behind the last number counts up, as in OpenSSL's and tzdata's releases.

    >>> upstream_version("1:9.1.1-1+b1"), upstream_version("3.0~rc1-2"), upstream_version("1.1.1n-0+deb11u5")
    ('9.1.1', '3.0rc1', '1.1.1.post14')
    """
    version = re.sub(r"\A\d+:", "", text.strip()[:_LIMIT])
    version = re.sub(r"-r\d+\Z", "", version)  # Alpine
    version = version.rpartition("-")[0] or version
    if "+really" in version:  # Debian went back: 1.20+really1.19
        version = version.partition("+really")[2]
    main, early = _split(version)
    main = re.sub(r"_(\d+)\Z", "", main)  # Homebrew's own revision
    main = _LETTER.sub(lambda match: f"{match[1]}.post{ord(match[2]) - ord('a') + 1}", main)
    main = re.sub(r"_p(\d+)\Z", r".post\1", main)  # Alpine: a patch after the release
    try:
        return str(Version(main.replace("_", "").lstrip(".") + early))
    except InvalidVersion:
        return ""


def _split(version: str) -> tuple[str, str]:
    """The released part of a version, and what comes before the release as PEP 440 spells it (`rc1`)."""
    early = ""
    main, *rest = re.split(r"(?=[~+^])", version)
    while match := _REPACKED.search(main):  # 9.55.0.dfsg, and what stands before the first mark
        main = main[: match.start()]
    for part in rest:
        if part[0] == "~" and not _REPACKED.match(part):
            early = early or _early(part[1:])
    if match := re.search(r"_(alpha|beta|pre|rc)(\d*)", main):  # Alpine, where _git comes after the release
        main, early = main[: match.start()], early or _early(match[1] + match[2])
    return re.sub(r"_(?:git|svn|hg|cvs)\d*\Z", "", main), early


def _early(text: str) -> str:
    match = _EARLY.match(text)
    if match:
        letter = {"alpha": "a", "beta": "b", "c": "rc", "pre": "rc"}.get(match[1].lower(), match[1].lower())
        return f"{letter}{match[2] or 0}"
    return ".dev0"  # a snapshot (~git2021…), or a mark that nobody but its distributor can read
