"""What a build file asks for while its branches are followed, and how firmly; must not know its language.

A build file looks for things, and then acts on whether it found them. So each optional thing gets a key, and
a branch that hangs on keys is followed once in the world where they are found and once where they are not:
an error in the latter makes the thing required, a bundled copy or a download makes it a fallback.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Literal

from packaging.specifiers import InvalidSpecifier, SpecifierSet

from planner.needs import ANY_VERSION, Doubt, Evidence, Need, Role, Strength

__all__ = ["ALWAYS", "NEVER", "UNSURE", "Branch", "Context", "Ledger", "at_least", "merged", "weigh"]


@dataclass(frozen=True, slots=True)
class Branch:
    """When a branch is taken: `keys` are the things that it hangs on, `any_one` says that each would do."""

    kind: Literal["always", "never", "unsure", "found", "missing"]
    keys: tuple[int, ...] = ()
    any_one: bool = True
    sure: bool = True

    def holds(self, found: frozenset[int]) -> bool:
        """Whether it is taken where those things are found."""
        present = [key in found for key in self.keys]
        there = any(present) if self.any_one else all(present)
        return {"found": there, "missing": not there}.get(self.kind, True)


ALWAYS, NEVER, UNSURE = Branch("always"), Branch("never"), Branch("unsure", sure=False)

_FIRM: tuple[Strength, ...] = ("required", "fallback")

Context = tuple[Branch, ...]
"""The branches around a place, outermost first; only those that are neither always nor never taken."""

Test = Callable[[frozenset[int]], "bool | None"]


def weigh(test: Test, keys: Iterable[int]) -> tuple[Branch, Branch]:
    """The branches taken where a test holds and where it does not; `test` is told which keys were found."""
    keys = tuple(dict.fromkeys(keys))
    bare = test(frozenset())
    full = test(frozenset(keys)) if keys else bare
    if bare is full or not keys:
        return UNSURE if bare is None else ALWAYS if bare else NEVER, (
            UNSURE if bare is None else NEVER if bare else ALWAYS
        )
    missing_holds = (not full) if bare is None else bare
    alone = tuple(key for key in keys if test(frozenset((key,))) is not missing_holds)
    keys, any_one = alone or keys, bool(alone)  # the others only help where one of these is there
    found = Branch("found", keys, any_one, sure=full is not None)
    missing = Branch("missing", keys, any_one, sure=bare is not None)
    return (missing, found) if missing_holds else (found, missing)


def at_least(version: str, operator: str = ">=") -> SpecifierSet:
    """`>=version`, or any version when it is none.

    >>> str(at_least("3.15")), str(at_least("not-a-version"))
    ('>=3.15', '')
    """
    try:
        return SpecifierSet(operator + version) if version else ANY_VERSION
    except InvalidSpecifier:
        return ANY_VERSION


@dataclass(slots=True)
class _Want:
    """One thing asked for; `silent` ones are told only when something makes them firm."""

    subject: str
    specifier: SpecifierSet
    role: Role
    strength: Strength
    because: list[Evidence]
    instead: list[str]
    effect: str = ""
    silent: bool = False
    hangs_on: tuple[int, ...] = ()


@dataclass(slots=True)
class Ledger:
    """Collects what is asked for. The keys that it hands out are its own numbers."""

    doubts: dict[Doubt, None] = field(default_factory=dict)
    _wants: list[_Want] = field(default_factory=list)
    _network: dict[str, tuple[Evidence, tuple[int, ...], bool, str]] = field(default_factory=dict)

    def doubt(self, text: str, where: str = "") -> None:
        """Something left open; said once, and at most thirty of them."""
        if len(self.doubts) < 30:
            self.doubts.setdefault(Doubt(text=text, where=where))

    def want(
        self,
        subject: str,
        where: str,
        text: str = "",
        *,
        context: Context = (),
        required: bool = True,
        silent: bool = False,
        specifier: SpecifierSet = ANY_VERSION,
        role: Role = "host",
        instead: Iterable[str] = (),
        effect: str = "it is built without it",
    ) -> int:
        """Note that a thing is asked for at `where`, inside `context`; its key is the answer."""
        again = self._asked_again(subject, context)
        if again is not None and not required:
            self._wants[again].specifier = specifier
            return again
        firm = required and all(branch.kind == "missing" and branch.sure for branch in context)
        strength: Strength = "required" if firm else "optional"
        want = _Want(
            subject, specifier, role, strength, [Evidence(where=where, text=text)],
            [other for other in dict.fromkeys(instead) if other != subject],
            "" if firm else effect, silent,
        )  # fmt: skip
        if firm:
            want.hangs_on = tuple(key for branch in context for key in branch.keys)
        self._wants.append(want)
        return len(self._wants) - 1

    def _asked_again(self, subject: str, context: Context) -> int | None:
        """The key of the same thing, looked for once more where it was not found (in an older version)."""
        keys = (key for branch in context if branch.kind == "missing" for key in branch.keys)
        return next((key for key in keys if self._wants[key].subject == subject), None)

    def is_required(self, key: int) -> bool:
        """Whether the build fails without it, as far as the file was followed."""
        return self._wants[key].strength == "required" and not self._wants[key].hangs_on

    def subject(self, key: int) -> str:
        """What the key stands for."""
        return self._wants[key].subject

    def fail(self, context: Context, where: str, text: str = "") -> None:
        """The build stops here with an error: what is missing in this context is required."""
        if not context or not all(branch.kind == "missing" and branch.sure for branch in context):
            return
        keys = tuple(dict.fromkeys(key for branch in context for key in branch.keys))
        evidence = Evidence(where=where, text=text)
        if len(context) == 1 and not context[0].any_one:
            for key in keys:
                self._require(key, (), evidence)
        elif keys:
            self._require(keys[0], keys[1:], evidence)

    def _require(self, key: int, others: tuple[int, ...], evidence: Evidence) -> None:
        want = self._wants[key]
        if want.strength == "fallback":
            return
        want.strength, want.effect, want.silent = "required", "", False
        if len(want.because) < 4:
            want.because.append(evidence)
        for other in others:
            spare = self._wants[other]
            if spare.strength != "fallback" and not spare.hangs_on:
                self._join(want, spare)

    @staticmethod
    def _join(want: _Want, spare: _Want) -> None:
        """`spare` serves as well as `want`, and is no longer told by itself."""
        want.instead.extend(
            other
            for other in (spare.subject, *spare.instead)
            if other != want.subject and other not in want.instead
        )
        spare.silent, spare.strength = True, "optional"

    def substitute(self, context: Context, effect: str) -> bool:
        """A copy is built or downloaded here: what is missing is a fallback; False if nothing is missing."""
        branch = next((branch for branch in reversed(context) if branch.kind == "missing"), None)
        if branch is None:
            return False
        for number, key in enumerate(branch.keys):
            want = self._wants[key]
            if want.strength == "required" and not want.hangs_on:
                continue
            want.strength, want.effect, want.hangs_on = "fallback", effect.format(want.subject), ()
            if branch.any_one and number:
                self._join(self._wants[branch.keys[0]], want)
            else:
                want.silent = False
        return True

    def relax(self, key: int, effect: str) -> None:
        """A thing that its own call says how to do without: a copy is built or downloaded."""
        want = self._wants[key]
        want.effect = effect.format(want.subject)
        want.strength, want.hangs_on, want.silent = "fallback", (), False

    def download(self, what: str, where: str, text: str, context: Context = ()) -> None:
        """Something is fetched from `what`, a host or a name, beyond the package index."""
        keys = tuple(key for branch in context if branch.kind == "missing" for key in branch.keys)
        sure = all(branch.kind == "missing" and branch.sure for branch in context)
        self._network.setdefault(f"network:{what}", (Evidence(where=where, text=text), keys, sure, text))

    def needs(self) -> Iterable[Need]:
        """All that was asked for, in the order of the files."""
        for want in self._wants:
            self._settle(want)
        yield from self._pkg_config()
        for want in self._wants:
            if not want.silent:
                yield Need(
                    subject=want.subject, specifier=want.specifier, role=want.role,
                    because=tuple(want.because), instead=tuple(want.instead),
                    strength=want.strength, effect=want.effect,
                )  # fmt: skip
        for subject, (evidence, keys, sure, _) in self._network.items():
            served = tuple(dict.fromkeys(self._wants[key].subject for key in keys))
            strength: Strength = "fallback" if keys else "required" if sure else "optional"
            effect = f"it is not downloaded where {served[0]} is there" if served else ""
            if not keys and not sure:
                effect = "it is downloaded in some configurations"
            yield Need(
                subject=subject, role="build", because=(evidence,), instead=served,
                strength=strength, effect=effect,
            )  # fmt: skip

    def _pkg_config(self) -> Iterable[Need]:
        """The program itself, where a build must find something by it alone."""
        for strength in _FIRM:
            for want in self._wants:
                names = (want.subject, *want.instead)
                alone = all(name.startswith("pkg-config:") for name in names)
                if alone and not want.silent and want.strength == strength:
                    yield Need(
                        subject="program:pkg-config", role="build", strength=strength, effect=want.effect,
                        because=(replace(want.because[0], text=f"looks for {want.subject[11:]} by it"),),
                    )  # fmt: skip
                    return

    def _settle(self, want: _Want) -> None:
        """Something required only where another is missing: it serves in its place, or its copy needs it."""
        if not want.hangs_on:
            return
        first = self._wants[want.hangs_on[0]]
        if first.strength == "fallback":
            want.strength, want.effect = "optional", f"a build without {first.subject} needs it"
        elif first is not want and first.role == want.role and not first.silent:
            self._join(want, first)
        want.hangs_on = ()


def merged(needs: Iterable[Need]) -> Iterable[Need]:
    """The same need of several places as one; the firmest counts, and its version."""
    order = ("required", "fallback", "optional", "hint")
    made: dict[tuple[str, Role], Need] = {}
    for need in needs:
        key = (need.subject, need.role)
        other = made.get(key)
        if other is None:
            made[key] = need
            continue
        firm, weak = sorted((other, need), key=lambda need: order.index(need.strength))
        both = firm.strength == weak.strength == "required"
        made[key] = replace(
            firm,
            specifier=firm.specifier & weak.specifier if both else firm.specifier,
            because=tuple(dict.fromkeys((*firm.because, *weak.because)))[:4],
            instead=firm.instead or weak.instead,
        )
    return made.values()
