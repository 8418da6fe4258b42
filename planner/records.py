"""Metadata and sdist readings as JSON values and back: for the cache and the worker; trusts nothing it reads.

What comes back is believed only where it has exactly the form that was written: a cache can be damaged, and
the process that reads archives has seen hostile bytes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, get_args

from packaging.utils import NormalizedName

from planner.dists import Metadata, Reason, Refusal, SdistReading, parse_specifier, parse_version
from planner.needs import Doubt, Evidence, Inspection, Need, Role, Strength, Unit

__all__ = [
    "inspection_from",
    "inspection_record",
    "metadata_from",
    "metadata_record",
    "reading_from",
    "reading_record",
]

Record = dict[str, Any]

_ROLES: tuple[str, ...] = get_args(Role)
_STRENGTHS: tuple[str, ...] = get_args(Strength)
_WRONG = (KeyError, TypeError, ValueError, AttributeError)


def metadata_record(value: Metadata | Refusal) -> Record:
    """The JSON values of a wheel's metadata, or of the reason to refuse it."""
    if isinstance(value, Refusal):
        return {"refused": [value.filename, value.reason.value, value.detail, value.id]}
    return {
        "project": value.project,
        "version": str(value.version) if value.version is not None else None,
        "requires": list(value.requires),
        "requires-python": value.requires_python,
        "extras": sorted(value.extras),
        "source": value.source,
        "certain": value.certain,
        "doubt": value.doubt,
        "where": value.where,
    }


def metadata_from(record: Mapping[str, Any]) -> Metadata | Refusal | None:
    """What `metadata_record` was given; None for anything that it cannot have made."""
    try:
        if "refused" in record:
            filename, reason, detail, kind = _texts(record["refused"])
            return Refusal(filename=filename, reason=Reason(reason), detail=detail, id=kind)
        version = record["version"]
        return Metadata(
            project=NormalizedName(_text(record["project"])),
            version=None if version is None else parse_version(_text(version)),
            requires=_texts(record["requires"]),
            requires_python=_text(record["requires-python"]),
            extras=frozenset(map(NormalizedName, _texts(record["extras"]))),
            source=_text(record["source"]),
            certain=_truth(record["certain"]),
            doubt=_text(record["doubt"]),
            where=_text(record["where"]),
        )
    except _WRONG:
        return None


def reading_record(value: SdistReading | Refusal) -> Record:
    """The JSON values of what an sdist says."""
    if isinstance(value, Refusal):
        return metadata_record(value)
    return {
        "metadata": metadata_record(value.metadata),
        "native": value.native,
        "native-because": list(value.native_because),
        "refuses": value.refuses,
        "backend": value.backend,
        "build-requires": list(value.build_requires),
        "setup-requires": list(value.setup_requires),
        "inspection": None if value.inspection is None else inspection_record(value.inspection),
    }


def reading_from(record: Mapping[str, Any]) -> SdistReading | Refusal | None:
    """What `reading_record` was given; None for anything that it cannot have made."""
    try:
        metadata = metadata_from(record if "refused" in record else record["metadata"])
        if metadata is None or isinstance(metadata, Refusal):
            return metadata
        native, inspection = record["native"], record["inspection"]
        return SdistReading(
            metadata=metadata,
            native=None if native is None else _truth(native),
            native_because=_texts(record["native-because"]),
            refuses=_text(record["refuses"]),
            backend=_text(record["backend"]),
            build_requires=_texts(record["build-requires"]),
            setup_requires=_texts(record["setup-requires"]),
            inspection=None if inspection is None else _inspection(inspection),
        )
    except _WRONG:
        return None


def inspection_record(value: Inspection) -> Record:
    """The JSON values of what building an sdist asks for."""
    return {
        "needs": [_need_record(need) for need in value.needs],
        "doubts": [[doubt.text, doubt.where] for doubt in value.doubts],
        "units": [[unit.language, unit.files, unit.largest, unit.total] for unit in value.units],
        "engine": value.engine,
    }


def inspection_from(record: Mapping[str, Any]) -> Inspection | None:
    """What `inspection_record` was given; None for anything that it cannot have made."""
    try:
        return _inspection(record)
    except _WRONG:
        return None


def _need_record(need: Need) -> Record:
    return {
        "subject": need.subject,
        "specifier": str(need.specifier),
        "role": need.role,
        "because": [[evidence.where, evidence.text] for evidence in need.because],
        "instead": list(need.instead),
        "strength": need.strength,
        "effect": need.effect,
    }


def _inspection(record: Mapping[str, Any]) -> Inspection:
    return Inspection(
        needs=tuple(map(_need, _items(record["needs"]))),
        doubts=tuple(Doubt(text=text, where=where) for text, where in _pairs(record["doubts"])),
        units=tuple(map(_unit, _items(record["units"]))),
        engine=_text(record["engine"]),
    )


def _need(record: Mapping[str, Any]) -> Need:
    specifier = parse_specifier(_text(record["specifier"]))
    if specifier is None:
        raise ValueError(record)
    return Need(
        subject=_text(record["subject"]),
        specifier=specifier,
        role=_word(record["role"], _ROLES),
        because=tuple(Evidence(where=where, text=text) for where, text in _pairs(record["because"])),
        instead=_texts(record["instead"]),
        strength=_word(record["strength"], _STRENGTHS),
        effect=_text(record["effect"]),
    )


def _unit(row: Any) -> Unit:
    language, files, largest, total = _items(row)
    return Unit(language=_text(language), files=_count(files), largest=_count(largest), total=_count(total))


def _items(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise TypeError(value)
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(value)
    return value


def _texts(value: Any) -> tuple[str, ...]:
    return tuple(map(_text, _items(value)))


def _pairs(value: Any) -> list[tuple[str, str]]:
    return [(first, second) for first, second in map(_texts, _items(value))]


def _truth(value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError(value)
    return value


def _count(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise TypeError(value)
    return value


def _word(value: Any, words: tuple[str, ...]) -> Any:
    """One of a `Literal`'s words."""
    if value not in words:
        raise ValueError(value)
    return value
