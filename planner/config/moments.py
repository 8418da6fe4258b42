"""Moments and durations as users write them (`2026-10-01`, `7d`, `P3D`); must not read the clock."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone

__all__ = ["parse_duration", "parse_moment", "parse_span"]

_UNITS = {
    "weeks": ("w", "wk", "wks", "week", "weeks"),
    "days": ("d", "day", "days"),
    "hours": ("h", "hr", "hrs", "hour", "hours"),
    "minutes": ("m", "min", "mins", "minute", "minutes"),
    "seconds": ("s", "sec", "secs", "second", "seconds"),
}
_WORD = {word: unit for unit, words in _UNITS.items() for word in words}
_ISO = re.compile(
    r"P(?:([0-9]{1,9})W)?(?:([0-9]{1,9})D)?(?:T(?:([0-9]{1,9})H)?(?:([0-9]{1,9})M)?(?:([0-9]{1,9})S)?)?",
    re.IGNORECASE,
)
_FRIENDLY = re.compile(r"\s*([0-9]{1,9})\s*([a-z]+)\s*,?\s*(?:and\s+)?", re.IGNORECASE)


def parse_duration(text: str) -> timedelta | None:
    """The span of time; None when it is none. Months and years have no fixed length, and are none.

    >>> parse_duration("2 weeks"), parse_duration("P3DT12H")
    (datetime.timedelta(days=14), datetime.timedelta(days=3, seconds=43200))
    """
    iso = _ISO.fullmatch(text.strip())
    try:
        if iso and any(iso.groups()):
            return timedelta(
                **{unit: int(number or 0) for unit, number in zip(_UNITS, iso.groups(), strict=True)}
            )
        return _friendly(text)
    except OverflowError:
        return None


_CALENDAR = re.compile(r"\s*([0-9]{1,4})\s*(y|yr|yrs|years?|mo|months?)\s*", re.IGNORECASE)


def parse_span(text: str) -> timedelta | None:
    """A span of time in which a year is 365 days and a month 30: where a day more or less does not matter.

    >>> parse_span("2y"), parse_span("18 months"), parse_span("90d"), parse_span("soon")
    (datetime.timedelta(days=730), datetime.timedelta(days=540), datetime.timedelta(days=90), None)
    """
    found = _CALENDAR.fullmatch(text)
    if found is None:
        return parse_duration(text)
    return timedelta(days=int(found[1]) * (365 if found[2][0].lower() == "y" else 30))


def _friendly(text: str) -> timedelta | None:
    at, total = 0, timedelta()
    stripped = text.strip().removesuffix("ago").strip()
    while at < len(stripped):
        found = _FRIENDLY.match(stripped, at)
        unit = _WORD.get(found[2].lower()) if found else None
        if found is None or unit is None:
            return None
        total += timedelta(**{unit: int(found[1])})
        at = found.end()
    return total if stripped else None


def parse_moment(text: str, now: datetime, *, whole_day: bool = False) -> datetime | None:
    """The moment in UTC: RFC 3339, a date, or a duration before `now`; None when it is none of them.

    A time without an offset is in the zone of `now`. A bare date is its first moment, as in pip; with
    `whole_day` the moment after it, as in uv (a file uploaded on that day still counts).

    >>> noon = datetime(2026, 11, 24, 12, tzinfo=timezone.utc)
    >>> parse_moment("7d", noon).isoformat(), parse_moment("2026-10-01", noon, whole_day=True).isoformat()
    ('2026-11-17T12:00:00+00:00', '2026-10-02T00:00:00+00:00')
    """
    stripped = text.strip()
    duration = parse_duration(stripped)
    try:
        if duration is not None:
            return (now - duration).astimezone(timezone.utc)
        if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", stripped):
            day = datetime.fromisoformat(stripped).replace(tzinfo=now.tzinfo)
            return (day + timedelta(days=1 if whole_day else 0)).astimezone(timezone.utc)
        return _instant(stripped, now)
    except (ValueError, OverflowError):
        return None


def _instant(text: str, now: datetime) -> datetime | None:
    found = re.fullmatch(
        r"(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d)(:\d\d)?(?:\.([0-9]{1,9}))?\s*([Zz]|[+-]\d\d:?\d\d)?",
        text,
        re.ASCII,
    )
    if not found:
        return None
    day, minute, second, fraction, offset = found.groups()
    zone = "" if offset is None else "+00:00" if offset in "Zz" else f"{offset[:3]}:{offset[-2:]}"
    # Python 3.10 reads six digits of a fraction and no "Z": given in the form that every version reads.
    moment = datetime.fromisoformat(f"{day}T{minute}{second or ':00'}.{(fraction or '0')[:6]:0<6}{zone}")
    return (moment if moment.tzinfo else moment.replace(tzinfo=now.tzinfo)).astimezone(timezone.utc)
