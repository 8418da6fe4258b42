"""Metadata and sdist readings as JSON values and back, for the cache; must not trust what it reads back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from packaging.utils import NormalizedName

from planner.dists import Metadata, Reason, Refusal, SdistReading, parse_version

__all__ = ["metadata_from", "metadata_record", "reading_from", "reading_record"]

Record = dict[str, Any]


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
            filename, reason, detail, kind = (str(part) for part in record["refused"])
            return Refusal(filename=filename, reason=Reason(reason), detail=detail, id=kind)
        version = record["version"]
        return Metadata(
            project=NormalizedName(str(record["project"])),
            version=None if version is None else parse_version(version),
            requires=tuple(map(str, record["requires"])),
            requires_python=str(record["requires-python"]),
            extras=frozenset(NormalizedName(str(extra)) for extra in record["extras"]),
            source=str(record["source"]),
            certain=bool(record["certain"]),
            doubt=str(record["doubt"]),
            where=str(record["where"]),
        )
    except (KeyError, TypeError, ValueError, AttributeError):
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
    }


def reading_from(record: Mapping[str, Any]) -> SdistReading | Refusal | None:
    """What `reading_record` was given; None for anything that it cannot have made."""
    try:
        metadata = metadata_from(record if "refused" in record else record["metadata"])
        if metadata is None or isinstance(metadata, Refusal):
            return metadata
        native = record["native"]
        return SdistReading(
            metadata=metadata,
            native=None if native is None else bool(native),
            native_because=tuple(map(str, record["native-because"])),
            refuses=str(record["refuses"]),
            backend=str(record["backend"]),
            build_requires=tuple(map(str, record["build-requires"])),
        )
    except (KeyError, TypeError, ValueError):
        return None
