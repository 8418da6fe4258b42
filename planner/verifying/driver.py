"""NVIDIA's driver and the GPU that a plan needs when it runs, against what was seen; looks for nothing.

A plan for a machine without a driver is meant for the CPU: one that is absent is told then, and no more.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from planner.plan.openvalues import PlanFile, PlannedNeed
from planner.verifying.values import Told

__all__ = ["DRIVER", "GPU", "Seen", "driver_told", "gpus_of", "simply_seen"]

DRIVER = "cuda-driver"
GPU = "gpu"
"""The needs of a set: the driver, and the compute capabilities for which it has code."""
_AGAIN = "make a plan for this machine: `wheelplan check`"
_REMEDY = "run it where such a driver is, or take another torch: `wheelplan check --torch-backend auto`"


class Seen(NamedTuple):
    """What was seen: `good`, `old`, `absent` or `unknown`; `text` is the version, or why it is unknown.

    A GPU is `told` where it is said already that the set has no code for it.
    """

    state: str
    text: str = ""


def simply_seen(specifier: str, version: str) -> Seen | None:
    """A version against a plain floor (`>=550.54`), without `packaging`; "" is an absent driver.

    None where the specifier is not that plain.
    """
    if not version:
        return Seen("absent")
    floor, numbers = specifier.removeprefix(">=").split("."), version.split(".")
    if not specifier.startswith(">=") or not all(
        one.isascii() and one.isdecimal() for one in floor + numbers
    ):
        return None
    length = max(len(floor), len(numbers))
    here, least = ([*map(int, one), *[0] * (length - len(one))] for one in (numbers, floor))
    return Seen("good" if here >= least else "old", version)


def driver_told(plan: PlanFile, need: PlannedNeed, driver: Seen, gpu: Seen) -> Iterator[Told]:
    """What is told of the driver, and of the GPU where the plan was made for one."""
    unknown = plan.machine.get("unknown", ())
    planned = DRIVER in plan.machine or (isinstance(unknown, tuple) and DRIVER in unknown)
    asks = f"The set needs an NVIDIA driver {need.specifier}".rstrip()
    facts = (need.because,) if need.because else ()
    if driver.state == "absent":
        lost = f"; without it, {need.without}" if need.without else ""
        severity = "error" if planned else "note"
        yield Told("WP806", severity, f"{asks}: none is here{lost}.", "", _REMEDY, (), facts)
    elif driver.state == "unknown":
        summary = f"{asks}; which one is here is not known ({driver.text})."
        yield Told("WP809", "warning" if planned else "note", summary, "", _REMEDY, (), facts)
    else:
        if driver.state == "old":
            yield Told("WP806", "error", f"{asks}; here is {driver.text}.", "", _REMEDY, (), facts)
        yield from _gpu(plan, gpu)


def gpus_of(plan: PlanFile) -> list[str]:
    """The compute capabilities that a plan was made for."""
    return [
        str(value) for name, value in plan.machine.items() if name.startswith("gpu:") and name.count(":") == 1
    ]


def _gpu(plan: PlanFile, gpu: Seen) -> Iterator[Told]:
    """A GPU, where the plan was made for one: code for 8.0 runs on 8.6, and not on 7.5 or 9.0.

    https://docs.nvidia.com/cuda/cuda-c-programming-guide/#binary-compatibility
    """
    wanted = gpus_of(plan)
    if not wanted:
        return
    if gpu.state == "absent":
        summary = f"The plan was made for a GPU of compute capability {wanted[0]}, and none is here."
        yield Told("WP806", "error", summary, remedy="run it where a GPU is")
    elif gpu.state == "unknown":
        summary = f"The plan was made for a GPU, and whether one is here is not known ({gpu.text})."
        yield Told("WP809", "warning", summary, remedy="mend `nvidia-smi`")
    elif gpu.state == "good" and not any(_runs(code, gpu.text) for code in wanted):
        summary = (
            f"The plan was made for a GPU of compute capability {', '.join(wanted)}, here is {gpu.text}: "
            "whether all of the set has code for it is not known."
        )
        yield Told("WP809", "warning", summary, remedy=_AGAIN)


def _runs(code: str, here: str) -> bool:
    planned, found = code.split("."), here.split(".")
    numbers = (*planned, *found)
    if len(numbers) != 4 or not all(map(str.isdecimal, numbers)):
        return code == here
    return planned[0] == found[0] and int(planned[1]) <= int(found[1])
