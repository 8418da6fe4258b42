"""What is asked of a verification and what it found, as values without any library; finds nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from planner.errors import UsageError

__all__ = ["Told", "Verified", "VerifyRequest"]


def _is_code(text: str) -> bool:
    from planner.findings import CODES  # noqa: PLC0415 (only what is allowed is looked up)

    return text in CODES


class VerifyRequest(NamedTuple):
    """The words of the command line. `environment` is a folder or an interpreter whose content is compared.

    `allow` are codes of findings that are accepted; `hashes`: installed files are compared with their RECORD.
    """

    plan: str
    role: str = "all"
    environment: str = ""
    python: str = ""
    machine: str = ""
    assume: tuple[str, ...] = ()
    allow: tuple[str, ...] = ()
    hashes: bool = False

    @classmethod
    def of(cls, args: Mapping[str, Any]) -> VerifyRequest:
        """From the command line's words. Raises UsageError for those that do not go together."""
        allow = tuple(args["allow"])
        wrong = [code for code in allow if not _is_code(code)]
        if wrong:
            hint = "The README lists them: WP101, WP803 …"
            raise UsageError(f"{wrong[0]!r} is no code of a finding.", where="--allow", hint=hint)
        if args["machine"] and (args["environment"] or args["python"]):
            raise UsageError(
                "A machine file has no environment to look into.",
                where="--machine",
                hint="Leave out `--environment` and `--python`.",
            )
        if args["hashes"] and not args["environment"]:
            raise UsageError("Files of which environment?", where="--hashes", hint="Name it with `-p PATH`.")
        return cls(
            plan=args["plan"] or "pylock.wheelplan.toml",
            role=args["role"],
            environment=args["environment"] or "",
            python=args["python"] or "",
            machine=args["machine"] or "",
            assume=tuple(args["assume"]),
            allow=allow,
            hashes=bool(args["hashes"]),
        )

    @property
    def builds(self) -> bool:
        """Whether what builds need counts."""
        return self.role in ("build", "all")

    @property
    def runs(self) -> bool:
        """Whether what the set needs when it runs counts."""
        return self.role in ("run", "all")


class Told(NamedTuple):
    """A difference (`error`), a doubt (`warning`) or a remark (`note`), as a `planner.findings.Finding`."""

    code: str
    severity: str
    summary: str
    project: str = ""
    remedy: str = ""
    evidence: tuple[str, ...] = ()
    facts: tuple[str, ...] = ()


class Verified(NamedTuple):
    """The answer. `told` counts, `allowed` was accepted on the command line; `here` is a phrase."""

    plan: str
    role: str
    here: str
    packages: int
    builds: int
    inputs: tuple[str, ...] = ()
    told: tuple[Told, ...] = ()
    allowed: tuple[Told, ...] = ()

    @property
    def exit_code(self) -> int:
        """0 proven good, 1 proven different, 2 not proven."""
        severities = {one.severity for one in self.told}
        return 1 if "error" in severities else 2 if "warning" in severities else 0

    @property
    def verdict(self) -> str:
        """`good`, `differs` or `unproven`."""
        return ("good", "differs", "unproven")[self.exit_code]
