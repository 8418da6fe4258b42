"""The last line of a plan: the sha256 of every byte above it; must not read a file."""

from __future__ import annotations

import hashlib
import re

from planner.errors import PlanError

__all__ = ["check_digest", "sealed"]

_HEAD = b"# Made by `wheelplan"
_MAKER = b'created-by = "wheelplan"'
_MARK = b"\xef\xbb\xbf"
_DIGEST = re.compile(rb"# sha256:([0-9a-f]{64})\n\Z")


def sealed(text: str) -> str:
    """The text with its digest line."""
    return f"{text}# sha256:{hashlib.sha256(text.encode()).hexdigest()}\n"


def check_digest(data: bytes, where: str = "") -> None:
    """Prove that a plan is whole and unedited; raises PlanError when its last line does not seal it."""
    match = _DIGEST.search(data)
    hint = "Make it again with `wheelplan check`."
    if match is None:
        raise PlanError(_unsealed(data), where=where, hint=hint)
    if hashlib.sha256(data[: match.start()]).hexdigest() != match[1].decode():
        what = "The plan's digest does not match its text: it was edited or merged."
        if data.startswith(_MARK):
            what = "The plan begins with a byte order mark: an editor saved it anew."
        raise PlanError(what, where=where, hint=hint)


def _unsealed(data: bytes) -> str:
    """Why a text does not end as a plan does."""
    if not data.startswith(_HEAD[: len(data)]) and _MAKER not in data:
        return "This is no plan of wheelplan."
    if data.endswith(b"\r\n"):
        # https://git-scm.com/docs/gitattributes#_text
        return (
            "The plan's line ends were changed to those of Windows (git does it with core.autocrlf; "
            "`pylock.*.toml -text` in .gitattributes keeps them)."
        )
    return "The plan does not end with its digest line: it was cut or edited."
