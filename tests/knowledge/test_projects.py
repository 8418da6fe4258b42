from __future__ import annotations

import re

import pytest
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

from planner.knowledge.projects import needs_of, project, projects, read_project
from planner.knowledge.things import thing_of
from planner.needs import Evidence, Need

NAME = canonicalize_name("a-project")
GOOD = {"checked": "2026-11-24", "source": "https://a.example"}


@pytest.mark.parametrize("name", sorted(projects()))
def test_every_file_is_read_and_says_whence(name: str) -> None:
    known = project(name)
    assert known is not None
    assert known.name == canonicalize_name(name) == name
    assert known.needs or known.jobs or known.note
    for row in (known, *known.needs, *known.drop, *((known.jobs,) if known.jobs else ())):
        assert row.source
        assert re.fullmatch(r"20\d\d-\d\d-\d\d", row.checked)
    for need in known.needs:
        assert thing_of(need.subject) or need.subject.startswith("network:"), need.subject
        if need.role == "run" and need.subject.startswith("dep:generic/"):
            thing = thing_of(need.subject)
            assert thing is not None
            assert thing.runtime.get("apt"), f"{need.subject}: which package holds the library?"
        assert need.of(Version("1.2.3")).because[0].text == need.source


def test_a_library_that_is_opened_on_import() -> None:
    (need,) = needs_of("cairocffi", Version("1.7.1"), ())
    assert (need.subject, need.role, need.strength) == ("dep:generic/cairo", "run", "required")


def test_names_are_normalised() -> None:
    assert project("PySDL2") == project("pysdl2")
    assert project("unheard-of") is None
    found = (Need(subject="header:a.h"),)
    assert needs_of("unheard-of", Version("1"), found) == found


def test_the_version_of_the_project_is_the_floor_of_its_library() -> None:
    found = Need(
        subject="program:gdal-config", role="build", because=(Evidence(where="setup.py:40"),), strength="hint"
    )
    (need,) = needs_of("gdal", Version("3.13.3"), (found,))
    assert need.specifier == SpecifierSet(">=3.13.3")
    assert need.strength == "required"
    assert [evidence.where for evidence in need.because] == ["knowledge", "setup.py:40"]


def test_a_row_holds_for_some_versions() -> None:
    def llvm(version: str) -> set[str]:
        needs = needs_of("llvmlite", Version(version), (Need(subject="cmake:LLVM", role="host"),))
        return {need.subject for need in needs if "llvm" in need.subject.lower()}

    assert llvm("0.50.0") == {"dep:generic/llvm-22"}
    assert llvm("0.46.0") == {"dep:generic/llvm-20"}
    assert llvm("0.43.0") == {"dep:generic/llvm-14"}


def test_found_floors_are_kept() -> None:
    found = Need(subject="dep:virtual/compiler/rust", specifier=SpecifierSet(">=1.78"), role="build")
    needs = needs_of("vllm", Version("0.33.0"), (found, Need(subject="header:Python.h", role="host")))
    rust = next(need for need in needs if need.subject.endswith("rust"))
    assert (rust.strength, rust.specifier) == ("optional", SpecifierSet(">=1.78"))
    assert any(need.subject == "header:Python.h" for need in needs)


def test_a_library_to_run_with_replaces_none_to_build_with() -> None:
    found = Need(subject="header:vips/vips.h", role="host")
    needs = needs_of("pyvips", Version("3.2.0"), (found,))
    assert {
        (need.role, need.strength) for need in needs if thing_of(need.subject) is thing_of(found.subject)
    } == {
        ("run", "required"),
        ("host", "optional"),
    }


def test_what_must_be_built_beside_it() -> None:
    known = project("xmlsec")
    assert known is not None
    assert known.from_source == ("lxml",)


def test_jobs() -> None:
    known = project("flash-attn")
    assert known is not None
    assert known.jobs is not None
    assert (known.jobs.memory, known.jobs.threads, known.jobs.threads_variable) == (6800, 4, "NVCC_THREADS")
    scatter = project("torch-scatter")
    assert scatter is not None
    assert scatter.jobs is not None
    assert scatter.jobs.serial is True


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ({"source": "x"}, "checked"),
        ({"checked": "2026-11-24"}, "source"),
        ({**GOOD, "haeders": 1}, "haeders"),
        ({**GOOD, "needs": [{"specifier": ">=1"}]}, "subject"),
        ({**GOOD, "needs": [{"subject": "header:a.h", "color": "red"}]}, "color"),
        ({**GOOD, "needs": [{"subject": "header:a.h", "role": "rn"}]}, "role"),
        ({**GOOD, "needs": [{"subject": "header:a.h", "strength": "optional"}]}, "effect"),
        ({**GOOD, "needs": [{"subject": "header:a.h", "effect": "it is slower"}]}, "effect"),
        ({**GOOD, "needs": [{"subject": "header:a.h", "versions": "about 3"}]}, "about 3"),
        ({**GOOD, "drop": [{"subject": "header:a.h", "role": "run"}]}, "role"),
        ({**GOOD, "jobs": {"memroy": 3}}, "memroy"),
    ],
)
def test_a_bad_file_is_an_error(document: dict[str, object], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        read_project(NAME, document)
