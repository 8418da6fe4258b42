"""Clashes: the smallest set, its story, every independent one, and ways out that hold by brute force."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

from planner.choosing.clashes import smallest
from planner.choosing.trials import Trials
from planner.choosing.waysout import WaysOut
from planner.findings import Finding
from planner.resolve.asks import Clash, Fixed, Resolution
from planner.resolve.steer import NEWEST
from planner.roots import Sources, read_roots
from planner.searching import QUARREL, Search, search_for
from planner.wanted import Wanted
from tests.universe import Universe, fits, machine


def wanted(texts: Iterable[str], file: str) -> list[Wanted]:
    made = []
    for line, text in enumerate(texts, 1):
        one = Requirement(text)
        made.append(
            Wanted(
                name=canonicalize_name(one.name),
                specifier=one.specifier,
                extras=frozenset(map(canonicalize_name, one.extras)),
                marker=one.marker,
                origin=f"{file}:{line}",
                text=text,
            )
        )
    return made


def nothing(*_: object) -> object:
    raise AssertionError("no requirement of these tests names an address")


def trials(world: Universe, *texts: str, constraints: Sequence[str] = (), late: bool = False) -> Trials:
    target, judge = machine(), fits()
    sources = Sources(direct=nothing, metadata=nothing, archive=nothing, tree=nothing, shown_path=str)
    roots = read_roots(wanted(texts, "r.txt"), wanted(constraints, "c.txt"), target.markers, sources)
    return Trials(
        roots=roots, machine=target, fits=judge, catalog=world, spent=lambda: False, late=lambda: late
    )


def searched(world: Universe, *texts: str, **more) -> Search:
    return search_for(trials(world, *texts, **more), NEWEST, lambda _: None)


def only(search: Search) -> Finding:
    (finding,) = search.findings
    return finding


PAIR = Universe().many("gevent", {"23.9.1": ("greenlet>=3.0rc3",), "22.10.2": ("greenlet>=2.0",)})
PAIR.many("greenlet", {"1.1": (), "2.0.2": (), "3.0.0": (), "3.1.1": (), "3.2": ()})
PAIR.many("web", {"1": ("gevent",), "2": ("gevent",)}).many("solo", {"1": ()})


def test_two_pins_and_what_stands_between_them() -> None:
    search = searched(PAIR, "solo", "gevent==23.9.1", "greenlet==2.0.2")
    found = only(search)
    assert (found.code, found.severity, found.project) == ("WP523", "error", "greenlet")
    assert found.summary == "No version of greenlet serves all who ask for it."
    assert found.evidence == ("r.txt:2", "r.txt:3")
    assert found.facts == (
        "r.txt:2 asks for gevent==23.9.1.",
        "gevent 23.9.1 needs greenlet>=3.0rc3.",
        "r.txt:3 asks for greenlet==2.0.2.",
        "No version of greenlet satisfies >=3.0rc3 and ==2.0.2 (the newest is 3.2).",
        "Of greenlet, >=3.0rc3 admits 3.0.0 to 3.2.",
        "Or: ask for `gevent==22.10.2` instead of `gevent==23.9.1` (r.txt:2): the rest resolves with it.",
    )
    assert found.remedy == (
        "ask for `greenlet==3.0.0` instead of `greenlet==2.0.2` (r.txt:3): the rest resolves with it"
    )
    assert search.set_aside == ["r.txt:2 gevent", "r.txt:3 greenlet"]
    assert search.resolution is not None
    assert [str(pin.project) for pin in search.resolution.pins] == ["solo"]


def test_what_only_plays_along_is_not_set_aside() -> None:
    search = searched(PAIR, "web", "gevent==23.9.1", "greenlet==2.0.2")
    assert search.set_aside == ["r.txt:2 gevent", "r.txt:3 greenlet"]
    assert "web" in {str(pin.project) for pin in search.resolution.pins} if search.resolution else False


def test_every_independent_clash_is_told() -> None:
    world = Universe().many("gone", {"1": ()})
    for name in "abcdefgh":
        world.many(f"{name}top", {"1": (f"{name}low<2",)}).many(f"{name}low", {"1": (), "2": ()})
    lines = [line for name in "abcdefgh" for line in (f"{name}top", f"{name}low>=2")]
    search = searched(world, *lines, "gone")
    assert [found.code for found in search.findings] == ["WP523"] * 8
    assert [found.evidence for found in search.findings] == [
        (f"r.txt:{2 * place + 1}", f"r.txt:{2 * place + 2}") for place in range(8)
    ]
    for found, name in zip(search.findings, "abcdefgh", strict=True):
        assert found.remedy == (
            f"let `{name}low>=2` (r.txt:{2 * 'abcdefgh'.index(name) + 2}) admit {name}low 1: "
            "the rest resolves with it"
        )
    assert search.resolution is not None


def test_three_together_no_two_of_which_clash() -> None:
    world = Universe().many("a", {"1": ("d!=1",)}).many("b", {"1": ("d!=2",)}).many("c", {"1": ("d!=3",)})
    world.many("d", {"1": (), "2": (), "3": ()})
    found = only(searched(world, "a", "b", "c"))
    assert found.evidence == ("r.txt:1", "r.txt:2", "r.txt:3")
    assert found.project == "d"
    assert "Of d, !=1 admits 2 to 3; !=2 admits 1 to 3; !=3 admits 1 to 2." in found.facts
    assert found.remedy == "drop `a` (r.txt:1): the rest resolves without it"


def test_a_clash_deep_in_a_chain() -> None:
    world = Universe().many("one", {"1": ("two",)}).many("two", {"1": ("three",)})
    world.many("three", {"1": ("four",)}).many("four", {"1": ("five<2",)}).many("five", {"1": (), "2": ()})
    found = only(searched(world, "one", "five==2"))
    assert found.facts[:6] == (
        "r.txt:1 asks for one.",
        "one 1 needs two.",
        "two 1 needs three.",
        "three 1 needs four.",
        "four 1 needs five<2.",
        "r.txt:2 asks for five==2.",
    )
    assert found.remedy == "ask for `five==1` instead of `five==2` (r.txt:2): the rest resolves with it"


def test_every_version_of_a_range_clashes() -> None:
    world = Universe().many("a", {str(number): (f"c<{min(number, 2)}",) for number in range(1, 6)})
    world.many("c", {"0": (), "1": (), "2": ()})
    found = only(searched(world, "a>=2", "c==2"))
    assert found.summary == "`a>=2` and `c==2` cannot be met together."
    assert "a 5, the newest of 4 versions that this admits, needs c<2." in found.facts
    assert "Each of the other 3 versions of a clashes as well." in found.facts


@pytest.mark.parametrize(("first", "told"), [(2, 2), (3, 3), (6, 6), (17, 17), (25, 40)])
def test_the_nearest_version_that_helps_is_found(first: int, told: int) -> None:
    world = Universe().many("c", {"1": (), "2": ()})
    world.many("a", {str(number): (f"c<{2 if number < first else 3}",) for number in range(1, 41)})
    found = only(searched(world, "a==1", "c==2", "c"))
    ways = [found.remedy, *found.facts]
    assert any(f"ask for `a=={told}` instead of `a==1` (r.txt:1)" in way for way in ways)


def test_an_older_version_is_proposed_only_where_no_newer_one_helps() -> None:
    world = Universe().many("c", {"1": (), "2": ()})
    world.many("a", {"1": (), "2": ("c<2",), "3": ("c<2",), "4": ()})
    found = only(searched(world, "a==2", "c==2"))
    ways = [found.remedy, *found.facts]
    assert any("ask for `a==4` instead of `a==2`" in way for way in ways)
    world.many("a", {"5": ("c<2",)}).many("b", {"1": ("a!=4",)})
    found = only(searched(world, "a==2", "c==2", "b"))
    ways = [found.remedy, *found.facts]
    assert any("ask for `a==1` instead of `a==2`" in way for way in ways)


def test_what_a_way_out_compiles_is_told_and_ranks_it_behind() -> None:
    world = Universe().many("a", {"1": ("c<2",)}).many("c", {"2": (), "3": ()})
    world.add("c-1-cp39-cp39-win_amd64.whl").add("c-1.tar.gz")
    world.many("a", {"0": ()})
    found = only(searched(world, "a==1", "c>=2"))
    assert found.remedy == "ask for `a==0` instead of `a==1` (r.txt:1): the rest resolves with it"
    assert found.facts[-1] == (
        "Or: let `c>=2` (r.txt:2) admit c 1: the rest resolves with it (c 1 would be compiled here)."
    )


def test_versions_that_clash_each_with_something_else() -> None:
    world = Universe().many("a", {"1": ("d>=1",), "2": ("e>=1",), "3": ("f>=1",)})
    for name in "def":
        world.many(name, {"0": (), "1": ()})
    found = only(searched(world, "a", "d==0", "e==0", "f==0"))
    assert found.summary == "`a`, `d==0`, `e==0` and `f==0` cannot be met together."
    assert found.facts[:4] == (
        "r.txt:1 asks for a.",
        "a 3, the newest of 3 versions that this admits, needs f>=1.",
        "a 2, one of 3 versions that this admits, needs e>=1.",
        "a 1, one of 3 versions that this admits, needs d>=1.",
    )
    assert not any("as well" in fact for fact in found.facts)


def test_a_requirement_that_clashes_with_itself() -> None:
    world = Universe().many("a", {"1": ("b", "c<2"), "2": ("b", "c<2")}).many("b", {"1": ("c>=2",)})
    world.many("c", {"1": (), "2": ()})
    found = only(searched(world, "a"))
    assert found.summary == "`a` cannot be met, whichever version is taken."
    assert found.remedy == "drop `a` (r.txt:1): nothing else is asked for"


def test_a_constraint_is_named_and_can_be_the_way_out() -> None:
    search = searched(PAIR, "gevent==23.9.1", "solo", constraints=["solo<9", "greenlet==2.0.2", "web==1"])
    found = only(search)
    assert found.evidence == ("r.txt:1", "c.txt:2")
    assert "c.txt:2 constrains greenlet to ==2.0.2." in found.facts
    assert not any("solo" in fact for fact in found.facts)
    ways = [found.remedy, *(fact for fact in found.facts if fact.startswith("Or: "))]
    assert any("constrain it to `greenlet==3.0.0` instead of `greenlet==2.0.2` (c.txt:2)" in w for w in ways)


def test_a_constraint_on_what_lies_between() -> None:
    world = Universe().many("a", {"1": ("b",)}).many("b", {"1": ("c<2",), "2": ("c",)})
    world.many("c", {"1": (), "2": ()})
    found = only(searched(world, "a", "c==2", constraints=["b==1"]))
    assert found.evidence == ("r.txt:1", "r.txt:2", "c.txt:1")
    assert found.facts[:4] == (
        "r.txt:1 asks for a.",
        "a 1 needs b.",
        "c.txt:1 constrains b to ==1.",
        "b 1 needs c<2.",
    )


def test_extras_clash() -> None:
    world = Universe().many("a", {"1": ('c<2; extra == "fast"',), "2": ('c<2; extra == "fast"',)})
    world.many("b", {"1": ('c>=2; extra == "big"',)}).many("c", {"1": (), "2": ()})
    assert searched(world, "a", "b").findings == []
    found = only(searched(world, "a[fast]==2", "b[big]"))
    assert "a[fast] 2 needs c<2." in found.facts
    assert "b[big] 1 needs c>=2." in found.facts
    assert found.evidence == ("r.txt:1", "r.txt:2")


def test_an_extra_and_an_upper_bound_on_its_project() -> None:
    world = Universe().many("a", {"1": (), "2": ('c; extra == "x"',)}).many("c", {"1": ()})
    world.many("b", {"1": ("a<2",)})
    found = only(searched(world, "a[x]==2", "b"))
    assert found.project == "a"
    assert "r.txt:1 asks for a[x]==2." in found.facts
    assert "b 1 needs a<2." in found.facts
    assert not any("a[x] 2 needs a" in fact for fact in found.facts)
    assert found.remedy == "ask for `a[x]==1` instead of `a[x]==2` (r.txt:1): the rest resolves with it"


def old_python() -> Universe:
    world = Universe()
    world.add("a-1-py3-none-any.whl", "b<2")
    world.add("b-1-py3-none-any.whl", requires_python="<3.11").add("b-2-py3-none-any.whl")
    return world.many("c", {"1": ()})


def test_an_older_python_is_a_way_out() -> None:
    found = only(searched(old_python(), "a", "c"))
    assert found.code == "WP523"
    assert any("requires Python <3.11, here 3.11.7" in fact for fact in found.facts)
    assert found.remedy == "plan for Python 3.10 (`--python-version 3.10`): there the whole set resolves"


def test_what_goes_together_elsewhere_though_not_with_the_rest() -> None:
    world = old_python()
    world.add("c-2-py3-none-any.whl", "d==1").add("d-1-py3-none-any.whl", requires_python=">=3.11")
    found = only(searched(world, "a", "c==2"))
    ways = [found.remedy, *found.facts]
    assert any(
        "plan for Python 3.10 (`--python-version 3.10`): there it resolves, though not" in w for w in ways
    )


def test_the_lines_for_another_python_are_read_for_it() -> None:
    world = Universe().many("a", {"1": ("b<2",), "2": ("b",)}).many("b", {"1": (), "2": ()})
    found = only(searched(world, "a==1", "b==2; python_version < '3.12'", "b==1; python_version >= '3.12'"))
    ways = [found.remedy, *found.facts]
    assert any(
        "plan for Python 3.12 (`--python-version 3.12`): there the whole set resolves" in w for w in ways
    )
    assert any("r.txt:2 asks for b==2." in fact for fact in found.facts)


def test_a_python_for_which_the_pinned_version_has_a_file() -> None:
    world = Universe().many("c", {"1": ()})
    world.add("a-1-cp310-none-any.whl").add("a-2-py3-none-any.whl").add("b-1-cp39-none-any.whl")
    (found,) = searched(world, "a==1", "c").findings
    assert found.remedy.endswith(
        "; or plan for Python 3.10 (`--python-version 3.10`): there the whole set resolves"
    )
    first, second = searched(world, "a==1", "b", "c").findings
    assert first.remedy.endswith(
        "; or plan for Python 3.10 (`--python-version 3.10`): there it resolves with the rest"
    )
    assert second.remedy == (
        "no version of it has a file for this machine; "
        "plan for Python 3.9 (`--python-version 3.9`): there it resolves with the rest"
    )
    (found,) = searched(world, "c", "b==1").findings
    assert found.remedy.endswith("there the whole set resolves")


def test_hashes_of_a_pin_do_not_stand_in_the_way_of_another_version() -> None:
    run = trials(PAIR, "gevent==23.9.1", "greenlet==2.0.2")
    run.roots.hashes[canonicalize_name("greenlet")] = frozenset({"0" * 64})
    run.fits.hashes.update(run.roots.hashes)
    asks = run.roots.asks
    core = smallest(run, asks, run.resolve(asks), NEWEST)
    assert core is not None
    ways = WaysOut(trials=run, steer=NEWEST, rest=(), base=()).of(core).ways
    assert any(way.startswith("ask for `greenlet==3.2` instead of `greenlet==2.0.2`") for way in ways)


def test_what_an_address_fixes_can_be_taken_from_the_index_instead() -> None:
    world = Universe().many("a", {"1": (), "2": ()}).many("b", {"1": ("a>=2",)})
    run = trials(world, "a", "b")
    name = canonicalize_name("a")
    dist = world.page(name).files(Version("1"))[0]
    run.roots.fixed[name] = Fixed(dist=dist, metadata=world.metadata(dist), origin="r.txt:1")
    found = only(search_for(run, NEWEST, lambda _: None))
    assert "r.txt:1 fixes a to a-1-py3-none-any.whl." in found.facts
    assert found.remedy == "take a 2 from the index instead of `a` (r.txt:1): the rest resolves with it"


def test_one_project_asked_for_twice() -> None:
    found = only(searched(PAIR, "greenlet==2.0.2", "greenlet>=3"))
    assert found.evidence == ("r.txt:1", "r.txt:2")
    assert found.remedy == (
        "ask for `greenlet==3.0.0` instead of `greenlet==2.0.2` (r.txt:1): the rest resolves with it"
    )


def test_a_constraint_that_no_version_meets() -> None:
    found = only(searched(PAIR, "greenlet", constraints=["greenlet>=9"]))
    assert found.facts == (
        "r.txt:1 asks for greenlet.",
        "c.txt:1 constrains greenlet to >=9.",
        "No version of greenlet satisfies >=9 (the newest is 3.2).",
    )
    assert found.remedy == "let the constraint `greenlet>=9` (c.txt:1) admit greenlet 3.2: that resolves"


def test_ways_out_of_two_clashes_that_do_not_go_together() -> None:
    world = Universe().many("a", {"1": ("x<2",)}).many("x", {"1": (), "2": (), "3": ("y<2",)})
    world.many("b", {"1": ("y>=2",)}).many("y", {"1": ("x>=2",), "2": ()})
    told = searched(world, "a==1", "x==3", "b==1", "y==1").findings
    assert [found.evidence for found in told] == [("r.txt:1", "r.txt:2"), ("r.txt:3", "r.txt:4")]
    assert QUARREL not in told[0].facts
    world = Universe().many("a", {"1": ("x<2",)}).many("b", {"1": ("y<2",)})
    world.many("x", {"1": ("z==1",), "2": ()}).many("y", {"1": ("z==2",), "2": ()})
    world.many("z", {"1": (), "2": ()})
    told = searched(world, "a", "x==2", "b", "y==2").findings
    assert [found.facts[-1] for found in told] == [QUARREL, QUARREL]


def test_a_search_that_was_given_up_says_where_it_clashed() -> None:
    run = trials(PAIR, "solo", "gevent==23.9.1", "greenlet==2.0.2")
    keys = frozenset({"gevent", "greenlet"})
    found = smallest(run, run.roots.asks, Clash(project="", lines=(), limit="gave up", around=keys), NEWEST)
    assert found is not None
    assert {unit.text for unit in found.units} == {"gevent==23.9.1", "greenlet==2.0.2"}
    assert smallest(run, run.roots.asks, Clash(project="", lines=(), limit="gave up"), NEWEST) is None


def test_nothing_is_proposed_when_the_attempts_are_used_up() -> None:
    found = only(searched(PAIR, "gevent==23.9.1", "greenlet==2.0.2", late=True))
    assert found.remedy == ""
    assert found.facts[-1] == "No way out was found in the attempts that were made."
    found = only(searched(PAIR, "solo", "gevent==23.9.1", "greenlet==2.0.2", "web", late=True))
    assert "Some of these requirements may not matter: the attempts were used up." in found.facts


def test_a_late_impossible_pin_is_found_among_many_versions() -> None:
    world = Universe()
    for pair in range(5):
        for number in range(20):
            world.many(f"p{pair}", {str(number): (f"q{pair}=={number}",)})
            world.many(f"q{pair}", {str(number): (f"r<{number % 3 + 1}",)})
    world.many("r", {str(number): () for number in range(5)}).many("z", {"1": ("r>=4",)})
    lines = [name for pair in range(5) for name in (f"p{pair}", f"q{pair}")]
    search = searched(world, *lines, "z")
    assert search.resolution is not None
    assert all(found.code == "WP523" for found in search.findings)
    assert search.findings[0].evidence[-1] == "r.txt:11"
    assert len(search.findings[0].evidence) == 2


# -- by brute force -------------------------------------------------------------------------------------------

NAMES = "abcd"
SPECIFIERS = ["", "<2", ">=2", "==1", "==2", "==3", "!=2"]
ADMITS = {
    (version, text): bool(version) and Version(version) in SpecifierSet(text)
    for version in ("", "1", "2", "3")
    for text in SPECIFIERS
}
dependencies = st.lists(st.tuples(st.sampled_from(NAMES), st.sampled_from(SPECIFIERS)), max_size=2)
worlds = st.fixed_dictionaries({name: st.lists(dependencies, min_size=3, max_size=3) for name in NAMES})
lines = st.lists(st.tuples(st.sampled_from(NAMES), st.sampled_from(SPECIFIERS)), min_size=2, max_size=5)


def written(world: dict[str, list[list[tuple[str, str]]]]) -> Universe:
    made = Universe()
    for name, versions in world.items():
        for number, needs in enumerate(versions, 1):
            others = tuple(f"{other}{text}" for other, text in needs if other != name)
            made.many(name, {str(number): others})
    return made


def resolvable(world: Universe, asks: Iterable[tuple[str, str]], limits: Iterable[tuple[str, str]]) -> bool:
    """Whether any choice of versions meets it all: every one is tried."""
    asked, limited = [*asks], [*limits]
    for chosen in itertools.product(("", "1", "2", "3"), repeat=len(NAMES)):
        pins = dict(zip(NAMES, chosen, strict=True))
        needs = [
            *asked,
            *(
                split(text)
                for name, version in pins.items()
                if version
                for text in world.requires[f"{name}-{version}-py3-none-any.whl"]
            ),
        ]
        if all(ADMITS[pins[name], text] for name, text in needs) and all(
            not pins[name] or ADMITS[pins[name], text] for name, text in limited
        ):
            return True
    return False


def split(text: str) -> tuple[str, str]:
    return text[:1], text[1:]


WAYS = (
    (re.compile(r"ask for `(.)(==.)` instead of `.*` \((.*)\): "), "r"),
    (re.compile(r"constrain it to `(.)(==.)` instead of `.*` \((.*)\): "), "c"),
    (re.compile(r"let (?:the constraint )?`.*` \((.*)\) admit (.) (.): "), "let"),
    (re.compile(r"drop `.*` \((.*)\): "), "drop"),
)


def changed(way: str, asks: dict[str, tuple[str, str]]) -> dict[str, tuple[str, str]]:
    """The requirements and constraints, by place, after a way out was taken."""
    for pattern, kind in WAYS:
        match = pattern.match(way)
        if match and kind == "drop":
            return {place: ask for place, ask in asks.items() if place != match[1]}
        if match and kind == "let":
            return {**asks, match[1]: (match[2], f"=={match[3]}")}
        if match:
            return {**asks, match[3]: (match[1], match[2])}
    raise AssertionError(way)


@settings(max_examples=30, deadline=None)
@given(worlds, lines, st.lists(st.tuples(st.sampled_from(NAMES), st.sampled_from(SPECIFIERS)), max_size=2))
def test_by_brute_force(world, asked, limits) -> None:
    universe = written(world)
    asked = list(dict.fromkeys(asked))
    limits = list(dict.fromkeys(limits))
    texts = [f"{name}{text}" for name, text in asked]
    run = trials(universe, *texts, constraints=[f"{name}{text}" for name, text in limits])
    outcome = run.resolve(run.roots.asks)
    assert isinstance(outcome, Resolution) == resolvable(universe, asked, limits)
    if isinstance(outcome, Clash):
        core = smallest(run, run.roots.asks, outcome, NEWEST)
        assert core is not None
        assert core.sure
        own, limiting = [split(unit.text) for unit in core.units], [split(u.text) for u in core.constraints]
        assert not resolvable(universe, own, limiting)
        for one in own:
            assert resolvable(universe, [ask for ask in own if ask != one], limiting)
        for one in limiting:
            assert resolvable(universe, own, [limit for limit in limiting if limit != one])

    search = search_for(run, NEWEST, lambda _: None)
    assert search.resolution is not None or not search.asks
    rest = {ask.origin: split(ask.text) for ask in search.asks}
    for found in search.findings:
        if found.code != "WP523":
            continue
        own = {f"r.txt:{line}": ask for line, ask in enumerate(asked, 1) if f"r.txt:{line}" in found.evidence}
        bounds = {f"c.txt:{line}": limit for line, limit in enumerate(limits, 1)}
        ways = [fact.removeprefix("Or: ") for fact in found.facts if fact.startswith("Or: ")]
        for way in filter(None, [found.remedy, *ways]):
            new = changed(way, {**rest, **own, **bounds})
            assert resolvable(
                universe,
                [ask for place, ask in new.items() if place.startswith("r")],
                [ask for place, ask in new.items() if place.startswith("c")],
            ), way


@pytest.mark.parametrize("count", [30])
def test_a_set_of_many_is_made_small_in_few_attempts(count: int) -> None:
    world = Universe().many("x", {"1": ()})
    for number in range(count):
        world.many(f"n{number}", {"1": ("x",)})
    world.many("low", {"1": ("x<1",)})
    run = trials(world, *(f"n{number}" for number in range(count)), "low")
    assert only(search_for(run, NEWEST, lambda _: None)).evidence == ("r.txt:31",)
    assert run.attempts == 0, "its budget is left to the choice"
    core = smallest(run, run.roots.asks, run.resolve(run.roots.asks), NEWEST)
    assert core is not None
    assert [unit.place for unit in core.units] == ["r.txt:31"]
    assert run.attempts < 15
