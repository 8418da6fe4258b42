"""A requirements file with hashes for `pip install -r` and `uv pip install -r`; knows no environment."""

from __future__ import annotations

from collections.abc import Iterator

from planner.exporters.lines import index_lines, local, pinned, tree_words, urls_of
from planner.exporters.port import Asked
from planner.exporters.words import command, comment
from planner.plan.opened import PlanFile, PlannedPackage

__all__ = ["HERE", "export"]

HERE = False


def export(plan: PlanFile, asked: Asked) -> str:
    """Every pin with the hashes of its files; what cannot have a hash stands in comments."""
    return "\n".join(_lines(plan, asked)) + "\n"


def _lines(plan: PlanFile, asked: Asked) -> Iterator[str]:
    yield f"# From {comment(asked.plan)}, by `wheelplan export --format requirements`."
    yield f"# `pip install --no-deps -r`, or `uv pip install --no-deps -r`. Source builds: {_built(plan)}."
    if len(urls_of(plan)) > 1:
        yield "# uv: with --index-strategy unsafe-best-match; the hashes say which file of which index it is."
    yield from index_lines(plan, asked.folder)
    if not all(map(local, plan.packages)):
        yield "--require-hashes"
    for package in sorted(plan.packages, key=lambda one: one.name):
        yield ""
        yield from _told(package)
        if local(package):
            yield "# No hash is possible: install it after the others."
            yield f"#   pip install --no-deps {command(tree_words(package, asked.folder))}"
        yield from pinned(package, asked.folder)


def _built(plan: PlanFile) -> str:
    return ", ".join(sorted(one.name for one in plan.builds)) or "none"


def _told(package: PlannedPackage) -> Iterator[str]:
    """What a reader should know of a source build before it runs."""
    if not package.kind:
        return
    kind = {"native": "compiles native code", "pure": "pure Python"}.get(package.kind, "what, is not known")
    reason = f": {comment(package.reason)}" if package.reason else ""
    yield f"# Built from source ({kind}){reason}"
    if not package.isolated:
        after = ", ".join(package.install_after) or "what it imports"
        yield f"# Without build isolation, after {comment(after)} (uv: --no-build-isolation-package)"
    for name, value in package.environment:
        yield f"# With {comment(name)}={comment(value)}"
