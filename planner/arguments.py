"""The words of the command line, with their help and examples; knows argparse alone, decides nothing."""

from __future__ import annotations

import argparse

from planner.diagnosing.arguments import add_diagnose
from planner.exporters.arguments import add_export
from planner.installing.arguments import add_install
from planner.verifying.arguments import add_verify

__all__ = ["parser"]

_EPILOG = """\
exit codes:
  0   proven good: every check ran and passed
  1   proven bad: a finding at or above --fail-on, or no resolution
  2   not proven: usage, unreadable input, network, timeout, limit
  130 interrupted
"""

_CHECK_EPILOG = f"""\
examples:
  wheelplan check requirements.txt
  wheelplan check 'flash-attn>=2' torch vllm
  wheelplan check pyproject.toml --extra gpu --group dev
  wheelplan check requirements.txt --machine gpubox.toml -o pylock.gpubox.toml
  wheelplan check torch vllm --torch-backend auto --assume cuda-driver=550.54
  wheelplan check requirements.txt --python-version 3.14 --assume glibc=2.28 --assume cuda-driver=550.54
  cat requirements.txt | wheelplan check - --output-format json
  wheelplan check requirements.txt --locked            in CI: would the plan stay as it is?
  wheelplan check --all-targets                        a plan for each of [[tool.wheelplan.targets]]

{_EPILOG}"""

_EXPLAIN_EPILOG = """\
examples:
  wheelplan explain flash-attn                       resolved by itself, where there is no plan
  wheelplan explain numpy                            as it stands in pylock.wheelplan.toml
  wheelplan explain numpy requirements.txt --assume glibc=2.17
  wheelplan explain numpy --plan pylock.gpubox.toml
  wheelplan explain numpy --target gpu               for one of [[tool.wheelplan.targets]]
  wheelplan explain                                  why the verdict is what it is

exit codes:
  0   explained
  1   the resolution does not hold the project, or there is no resolution
  2   not proven: usage, unreadable input, network, timeout, limit
  130 interrupted
"""

_FINGERPRINT_EPILOG = f"""\
examples:
  wheelplan fingerprint
  wheelplan fingerprint -o gpubox.toml      then, elsewhere: wheelplan check --machine gpubox.toml …
  wheelplan fingerprint -p .venv/bin/python --output-format json

{_EPILOG}"""


def parser() -> argparse.ArgumentParser:
    """The parser of the whole command line; what is not said stays None, so that settings can say it."""
    form = argparse.RawDescriptionHelpFormatter
    root = argparse.ArgumentParser(
        prog="wheelplan",
        description="Know before `pip install` what will be built from source, and why.",
        epilog=_EPILOG,
        formatter_class=form,
        allow_abbrev=False,
    )
    root.add_argument("--version", action="store_true", help="print the version and exit")
    commands = root.add_subparsers(dest="command", metavar="COMMAND", title="commands")
    check = commands.add_parser(
        "check",
        help="resolve, judge every file against the machine, write the plan",
        description="Resolve requirements against the index, tell what has no wheel for the machine\n"
        "and why, and write a plan (a PEP 751 lock file) that pip and uv install.",
        epilog=_CHECK_EPILOG,
        formatter_class=form,
        allow_abbrev=False,
    )
    _add_check(check)
    explain = commands.add_parser(
        "explain",
        help="tell why a project is the version and the file that it is",
        description="Tell of one project who asked for it, which versions were considered and why each fell\n"
        "out, why each file of the one taken fits or does not, what building it needs, and what\n"
        "there is instead. Without PROJECT: why the verdict is what it is. Without INPUT: as a plan\n"
        "has it; without a plan, PROJECT alone is resolved. Nothing is written.",
        epilog=_EXPLAIN_EPILOG,
        formatter_class=form,
        allow_abbrev=False,
        usage="wheelplan explain [PROJECT] [INPUT ...] [options]",
    )
    _add_explain(explain)
    _add_common(add_install(commands))
    diagnose = add_diagnose(commands)
    _add_machine(diagnose)
    _add_common(diagnose)
    _add_common(add_export(commands))
    _add_common(add_verify(commands))
    _add_fingerprint(commands)
    _add_cache(commands)
    return root


def _add_fingerprint(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    fingerprint = commands.add_parser(
        "fingerprint",
        help="tell what is known of this machine, and how it was found",
        description="Print the facts about this machine that wheels and source builds depend on.",
        epilog=_FINGERPRINT_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    fingerprint.add_argument("-o", "--output", metavar="FILE", help="save the facts as a machine file")
    fingerprint.add_argument("--output-format", choices=("text", "toml", "json"), default="text")
    _add_machine(fingerprint)
    _add_common(fingerprint)


def _add_cache(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    cache = commands.add_parser(
        "cache",
        help="tell where the cache is, or empty it",
        description="Index pages are kept ten minutes (or as the index says), metadata for ever.",
        allow_abbrev=False,
    )
    cache.add_argument("action", choices=("dir", "clear"))
    cache.add_argument("--cache-dir", metavar="DIR", help="another cache folder")
    _add_common(cache)


def _add_common(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("output")
    group.add_argument("-q", "--quiet", action="store_true", help="say only what matters")
    group.add_argument("-v", "--verbose", action="store_true", help="say where each value came from")
    group.add_argument("--color", choices=("auto", "always", "never"), default="auto")


def _add_machine(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("the machine to plan for")
    group.add_argument("--machine", metavar="FILE", help="a machine file made by `wheelplan fingerprint -o`")
    group.add_argument(
        "--assume",
        metavar="FACT=VALUE",
        action="append",
        default=[],
        help="take a fact for granted",
    )
    group.add_argument(
        "-p", "--python", metavar="PYTHON", help="the target interpreter: path, name or version"
    )
    group.add_argument("--python-version", metavar="X.Y", help="plan for another version of Python")
    group.add_argument(
        "--python-platform",
        "--platform",
        metavar="NAME",
        help="plan for another platform (uv's or pip's names)",
    )


def _add_check(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "words",
        nargs="*",
        metavar="INPUT",
        help="a requirements file, pyproject.toml, pylock.toml, script, folder, requirement, or -",
    )
    _add_inputs(parser)
    add = parser.add_argument
    add(
        "-o",
        "--output",
        metavar="PLAN",
        help="where the plan goes (default: pylock.wheelplan.toml; -: standard output)",
    )
    add(
        "--write-build-constraints",
        metavar="FILE",
        help="write the pins of all build requirements, for `--build-constraint` of pip and uv",
    )
    add("--fail-on", choices=("error", "warning", "note", "never"), help="(default: error)")
    add("--locked", action="store_true", help="write nothing; fail where the plan would not stay as it is")
    add("--target", metavar="NAME", help="plan for one of [[tool.wheelplan.targets]]")
    add("--all-targets", action="store_true", help="plan for each of them, over the same index pages")
    _add_settings(parser, ("text", "json", "sarif", "github"))


def _add_explain(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "words",
        nargs="*",
        metavar="PROJECT | INPUT",
        help="the project to explain, then what `check` takes: files, folders, requirements, -",
    )
    _add_inputs(parser)
    parser.add_argument(
        "--plan",
        metavar="PLAN",
        help="the plan to explain where no INPUT is named (default: pylock.wheelplan.toml)",
    )
    parser.add_argument(
        "--target",
        metavar="NAME",
        help="for one of [[tool.wheelplan.targets]]: as its plan has it, else resolved for its machine",
    )
    parser.set_defaults(output=None, write_build_constraints=None, fail_on=None)
    _add_settings(parser)


def _add_settings(parser: argparse.ArgumentParser, formats: tuple[str, ...] = ("text", "json")) -> None:
    """What every command that resolves takes beside its inputs."""
    parser.add_argument("--output-format", choices=formats, default="text")
    parser.add_argument("--allow-build", action="append", metavar="PROJECT", help="accept its source build")
    _add_machine(parser)
    _add_pip_words(parser)
    _add_common(parser)


def _add_inputs(parser: argparse.ArgumentParser) -> None:
    """The options that name what is to be resolved."""
    add = parser.add_argument
    add("-r", "--requirement", dest="requirements", action="append", default=[], metavar="FILE")
    add("-c", "--constraint", dest="constraints", action="append", default=[], metavar="FILE")
    add(
        "-b",
        "--build-constraint",
        dest="build_constraints",
        action="append",
        default=[],
        metavar="FILE",
        help="versions of build requirements, as in pip and uv",
    )
    add("-e", "--editable", dest="editables", action="append", default=[], metavar="PATH")
    add(
        "--extra",
        dest="extras",
        action="append",
        default=[],
        metavar="NAME",
        help="an extra of pyproject.toml",
    )
    add("--all-extras", action="store_true", help="every extra of pyproject.toml")
    add("--group", dest="groups", action="append", default=[], metavar="NAME", help="a dependency group")


def _add_torch(parser: argparse.ArgumentParser) -> None:
    """Where torch and what is built with it come from."""
    group = parser.add_argument_group("torch and CUDA")
    add = group.add_argument
    add(
        "--torch-backend",
        metavar="BACKEND",
        help="auto, cpu, cu126 …: take torch and its kin from that index of PyTorch's, as uv; auto: the "
        "build that the driver of the target machine runs",
    )
    add(
        "--torch-index",
        metavar="URL",
        help="another place of PyTorch's indexes; {variant} stands for cpu, cu126 …",
    )
    add(
        "--installed-torch",
        choices=("keep", "ignore"),
        help="keep: no other torch than the one that the target environment has (where neither is said, "
        "it is tried first)",
    )


def _add_pip_words(parser: argparse.ArgumentParser) -> None:
    """Words that mean what they mean in pip and uv."""
    versions = parser.add_argument_group("versions and files, as in pip and uv")
    add = versions.add_argument
    add("--pre", action="store_true", default=None, help="allow pre-releases")
    add("--prerelease", choices=("disallow", "allow", "if-necessary", "explicit", "if-necessary-or-explicit"))
    add("--resolution", choices=("highest", "lowest", "lowest-direct"))
    add("--exclude-newer", "--uploaded-prior-to", dest="exclude_newer", metavar="DATE")
    add(
        "--prefer",
        choices=("wheels", "newest"),
        help="wheels (default): the freshest set that installs; newest: what plain pip and uv would take",
    )
    add(
        "--max-held-back",
        metavar="SPAN",
        help="how long newer versions than a wheel's may have been out (default: 2y)",
    )
    add("-U", "--upgrade", action="store_true", default=None, help="do not keep the versions of the plan")
    add("-P", "--upgrade-package", action="append", metavar="PROJECT", help="nor the version of this project")
    add("--no-deps", action="store_true", default=None)
    add("--only-binary", action="append", metavar="NAMES")
    add("--no-binary", action="append", metavar="NAMES")
    add("--prefer-binary", action="store_true", default=None, help="an older wheel before a newer sdist")
    add("--no-build", action="store_true", default=None, help="as --only-binary :all:")
    add("--require-hashes", action="store_true", default=None)
    add("--no-build-isolation", action="store_true", default=None, help="as you will install it")
    add("--no-build-isolation-package", action="append", metavar="PROJECT")
    indexes = parser.add_argument_group("indexes, as in pip and uv")
    add = indexes.add_argument
    add("-i", "--index-url", metavar="URL")
    add("--extra-index-url", action="append", metavar="URL")
    add("--index", action="append", metavar="[NAME=]URL")
    add("--default-index", metavar="URL")
    add("-f", "--find-links", action="append", metavar="URL")
    add("--no-index", action="store_true", default=None)
    add("--index-strategy", choices=("first-index", "unsafe-first-match", "unsafe-best-match"))
    add("--trusted-host", action="append", metavar="HOST")
    _add_torch(parser)
    network = parser.add_argument_group("network and cache")
    add = network.add_argument
    add("--offline", action="store_true", default=None, help="use the cache alone")
    add("--http2", action="store_true", default=None, help="speak HTTP/2 where a server offers it")
    add("--refresh", action="store_true", default=None, help="ask indexes again")
    add("--no-cache", action="store_true", default=None)
    add("--cache-dir", metavar="DIR")
