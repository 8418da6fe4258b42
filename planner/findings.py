"""What is told to the user about a set of requirements: findings with stable codes; must not print.

The table `CODES` is the one list of codes; the README's table is checked against it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal, TypeAlias

__all__ = ["CODES", "SEVERITIES", "UNLOWERED", "UNPROVEN", "Finding", "Severity"]

Severity: TypeAlias = Literal["error", "warning", "note"]
SEVERITIES: tuple[Severity, ...] = ("error", "warning", "note")
"""Worst first."""
UNPROVEN = frozenset({"WP524", "WP604", "WP702", "WP704"})
"""The codes of what could not be known: with one of them nothing is proven."""
UNLOWERED = frozenset({"WP120", "WP520", "WP521", "WP522", "WP523", "WP525", "WP527", "WP602"})
"""The codes of what leaves no plan; a policy cannot make less of them."""

CODES: Mapping[str, str] = MappingProxyType(
    {
        "WP101": "Source build: no wheel of the project was ever published on this index.",
        "WP102": "Source build: this version has no wheel, other versions have.",
        "WP103": "Source build: the wheels of this version are for other Pythons.",
        "WP104": "Source build: the wheels of this version are for another ABI (free-threaded, stable ABI).",
        "WP105": "Source build: the wheels of this version are for other systems or architectures.",
        "WP106": "Source build: the wheels of this version need a newer libc, or another libc.",
        "WP107": "Source build: the wheels of this version exclude this Python by Requires-Python.",
        "WP108": "Source build: the wheels of this version are excluded by a setting, a yank or a hash.",
        "WP109": "Source build: this version has only wheel variants, which no released installer takes.",
        "WP110": "Source build of the user's own: a directory, an editable install or a repository.",
        "WP111": "Source build: a requirement names an sdist by its address.",
        "WP120": "No file of the project can be used on this machine: no wheel fits and there is no sdist.",
        "WP201": "A source build needs something that this machine lacks.",
        "WP202": "A source build needs a newer version of something than is here.",
        "WP203": "Whether the machine has something that a source build needs is not known.",
        "WP204": "A source build needs something that the machine's package manager cannot supply.",
        "WP205": "A source build would silently leave something out.",
        "WP206": "A project needs a shared library of the system when it runs.",
        "WP207": "A source build downloads from beyond the index.",
        "WP208": "A source build needs something that this Python no longer has.",
        "WP209": "A build requirement has no wheel for this machine, and is built first.",
        "WP210": "A source build imports what it does not declare: build isolation must be off.",
        "WP211": "The build requirements of a source build cannot be resolved.",
        "WP212": "A source build does not work with something that is too new for it.",
        "WP213": "The sources of a project do not compile as they are, or not all of them are there.",
        "WP301": "A source build would be compiled against another torch than the plan's.",
        "WP302": "A source build and a wheel beside it bring two copies of one library.",
        "WP303": "The NVIDIA driver is too old for the CUDA of the set, or none is there or known.",
        "WP304": "A torch without CUDA stands beside something that extends torch with CUDA.",
        "WP305": "Two majors of CUDA are in one set.",
        "WP306": "A source build would use a CUDA toolkit of another version than torch's.",
        "WP307": "The machine's GCC is too new for the CUDA toolkit that a source build uses.",
        "WP308": "A source build cannot be compiled against the version of another project that is pinned.",
        "WP309": "A CUDA build against torch is not told for which GPUs to compile.",
        "WP311": "The CUDA of the set has no code for a GPU of the machine.",
        "WP312": "A wheel is made for another torch, or another C++ ABI, than the one that is pinned.",
        "WP313": "A wheel needs a newer glibc than its tag says.",
        "WP314": "The plan replaces the torch that is installed.",
        "WP315": "A build for another processor than the machine's, or two that hold the same files.",
        "WP316": "The torch backend has no build for the system that the plan is for.",
        "WP401": "Not even one compile job of a source build fits into the memory that is free.",
        "WP402": "How many compile jobs the machine's memory bears.",
        "WP403": "A build was ended, or gave up, for want of memory.",
        "WP404": "A build found no room on a disk.",
        "WP405": "The system forbids something that a build does: permissions, long paths.",
        "WP501": "A yanked release is pinned.",
        "WP502": "A pre-release is pinned.",
        "WP503": "A requirement asks for an extra that the version does not have.",
        "WP504": "The project is archived, deprecated or quarantined on its index.",
        "WP505": "A newer version was passed over, as its metadata cannot be used.",
        "WP506": "A project is held back for a version with a wheel.",
        "WP507": "A requirement of the user's own is held back by another one.",
        "WP508": "Something is further behind its newest version than `--max-held-back`.",
        "WP509": "Most source builds have one cause.",
        "WP510": "What pip and uv would take instead (or, with `--prefer newest`, wheelplan).",
        "WP511": "The search for a better set was ended at its limit.",
        "WP520": "No index has the project.",
        "WP521": "No index has a version that the requirement admits.",
        "WP522": "Every version that the requirement admits excludes this Python.",
        "WP523": "Requirements clash: no version satisfies all of them.",
        "WP524": "The search for a resolution was given up at its limit.",
        "WP525": "The only version that the requirement admits cannot be used.",
        "WP526": "Hashes are required, and the requirements give none for a project.",
        "WP527": "A requirement names a file or directory that is not there.",
        "WP528": "The project itself excludes this Python by its requires-python.",
        "WP602": "The index gives no sha256 for a file, so it cannot be pinned.",
        "WP603": "Files are fetched over plain http, which anyone on the way can change.",
        "WP604": "An index could not be asked: what only it could serve is unknown.",
        "WP605": "A local version (+cu128) lives on another index.",
        "WP701": "The dependencies of a source build are not certain without building it.",
        "WP702": "A repository's dependencies cannot be known without cloning it.",
        "WP703": "Whether a source build compiles anything cannot be told from its files.",
        "WP704": "A repository requirement names no commit, so it cannot be pinned.",
        "WP705": "Not everything that a source build needs can be told from its files.",
        "WP706": "The log of a failed build does not tell why it failed.",
        "WP801": "A wheel of the plan does not fit this machine.",
        "WP802": "This Python, system or architecture is another than the plan's.",
        "WP803": "A file that the plan was made from has changed.",
        "WP804": "A file that the plan was made from is not there, so whether it has changed is not known.",
        "WP805": "Something that a source build of the plan needs is not on this machine, or too old.",
        "WP806": "Something that the plan needs when it runs is not on this machine, or too old.",
        "WP807": "The memory that is free does not bear the compile jobs of the plan.",
        "WP808": "The disk has no room for the files of the plan.",
        "WP809": "Whether this machine has something that the plan needs is not known.",
        "WP810": "The plan itself is blocked by what `check` found.",
        "WP811": "The environment lacks a distribution of the plan.",
        "WP812": "The environment holds another version, or another file, than the plan.",
        "WP813": "The environment holds a distribution that is not of the plan.",
        "WP814": "An installed file is not as its distribution installed it.",
        "WP820": "The plan is not what `check` would write now.",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing the user should know: `summary` is a sentence, `remedy` what to type or change ("" if none).

    `evidence` are places (`requirements.txt:4`, a file name); `facts` are sentences behind the summary.
    """

    code: str
    severity: Severity
    project: str
    summary: str
    remedy: str = ""
    evidence: tuple[str, ...] = ()
    facts: tuple[str, ...] = ()

    def sort_key(self) -> tuple[int, str, str, str]:
        """Worst first, then by code and project: the order of every report and plan."""
        return SEVERITIES.index(self.severity), self.code, self.project, self.summary
