"""How many compile jobs a machine's memory bears: arithmetic over given numbers; must not ask a machine.

`jobs = max(1, min(cores, (memory available - reserve) / memory per job, the project's own cap))`, each build
with its share where the installer builds several at once.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Jobs", "Load", "jobs_for", "reserve_of", "size"]

MIN_RESERVE = 1024
"""MiB left to the rest of the system (a quarter of what is available where that is less), or a tenth."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What one compile job of a build takes: MiB, and `why` as a phrase.

    `variables` are the environment variables that set the number of jobs, with the form of their value
    (`{jobs}`, `-j{jobs}`), `setting` a config setting of the backend that does ("" when there is none).
    `threads` are those that one job starts by itself (nvcc's, one per architecture), `threads_variable` what
    sets them; `per_job` is the memory of one thread then. `serial` builds compile one file at a time and take
    no number. `narrow` are variables that make a job smaller.
    """

    per_job: int
    why: str
    variables: tuple[tuple[str, str], ...] = ()
    setting: str = ""
    threads: int = 1
    threads_variable: str = ""
    serial: bool = False
    cap: int | None = None
    narrow: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Jobs:
    """The jobs of one build and what to set; `fits` is False when not even one has room. Memory is in MiB."""

    jobs: int
    fits: bool
    per_job: int
    share: int
    environment: tuple[tuple[str, str], ...] = ()
    setting: str = ""
    arithmetic: str = ""
    narrow: tuple[str, ...] = ()


def reserve_of(available: int) -> int:
    """What is left to the rest of the system, in MiB."""
    return max(min(MIN_RESERVE, available // 4), available // 10)


def size(mebibytes: int) -> str:
    """A size for people, in GiB from 1,000 MiB on.

    >>> size(839), size(7270)
    ('839 MiB', '7.1 GiB')
    """
    return f"{mebibytes} MiB" if mebibytes < 1000 else f"{mebibytes / 1024:.1f} GiB"


def jobs_for(load: Load, *, available: int, cores: int, at_once: int = 1) -> Jobs:
    """The jobs of one build, when `at_once` builds share `available` MiB and `cores`.

    Threads within a job are given up first: one thread in each of two jobs takes as much memory as two in
    one, and ends sooner.

    >>> load = Load(per_job=1200, why="C++ templates", variables=(("MAKEFLAGS", "-j{jobs}"),))
    >>> jobs_for(load, available=8192, cores=8).environment
    (('MAKEFLAGS', '-j5'),)
    """
    reserve = reserve_of(available)
    share = max(0, available - reserve) // at_once
    one = load.per_job * (1 if load.threads_variable else load.threads)
    room = share // one if one else cores
    fits = room >= 1
    jobs = 1 if load.serial else max(1, min(cores, room, load.cap or cores))
    environment = (
        () if load.serial else tuple((name, form.format(jobs=jobs)) for name, form in load.variables)
    )
    if load.threads_variable:
        environment = (*environment, (load.threads_variable, "1"))
    kept = f"{size(available)} available - {size(reserve)} reserve"
    shared = f"({kept}) / {at_once} builds at once" if at_once > 1 else kept
    told = f"{shared} = {size(share)}; {size(one)} a job ({load.why})"
    if load.serial:
        told += "; the build compiles one file at a time"
    else:
        cap = f", at most {load.cap} by the project" if load.cap else ""
        told += f"; {cores} cores{cap}: {jobs} {'job' if jobs == 1 else 'jobs'}"
    return Jobs(
        jobs=jobs,
        fits=fits,
        per_job=one,
        share=share,
        environment=environment,
        setting=load.setting.format(jobs=jobs) if load.setting and not load.serial else "",
        arithmetic=told,
        narrow=load.narrow,
    )
