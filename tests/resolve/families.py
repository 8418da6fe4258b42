"""Sets that are known to be hard for a resolver, as plain tables: made here, in the shape of real families.

Knows names, versions and requirements only: the tests resolve them in memory, the benchmark serves them to
pip and uv as well. The threads they come from: https://github.com/pypa/pip/issues/13281 (a collection),
https://github.com/sarugaku/resolvelib/issues/134, https://github.com/sarugaku/resolvelib/issues/199.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

__all__ = ["CASES", "HARDER", "Case", "Projects"]

Projects: TypeAlias = Mapping[str, Mapping[str, tuple[str, ...]]]
"""By project and version: the requirements."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What is asked of which projects, and the right answer.

    `pins` are what the answer holds at least; None: there is no answer, and `clash` names the project that
    the reason is about. `rounds` is how many our resolver may take.
    """

    name: str
    projects: Projects
    roots: tuple[str, ...]
    pins: Mapping[str, str] | None
    rounds: int
    clash: str = ""


def _tree(count: int) -> Case:
    """A binary tree without any conflict: what a round costs."""
    projects = {
        f"n{at}": {"1": tuple(f"n{child}>=1" for child in (2 * at, 2 * at + 1) if child <= count)}
        for at in range(1, count + 1)
    }
    pins = {f"n{at}": "1" for at in range(1, count + 1)}
    return Case(name=f"tree of {count}", projects=projects, roots=("n1",), pins=pins, rounds=count + 1)


def _exact_boto() -> Case:
    """400 versions that each pin another project, and one that bounds it."""
    projects: Projects = {
        "boto3": {f"1.{v}": (f"botocore==1.{v}",) for v in range(400)},
        "botocore": {f"1.{v}": () for v in range(400)},
        "s3fs": {"1": ("botocore<1.50",)},
    }
    pins = {"boto3": "1.49", "botocore": "1.49", "s3fs": "1"}
    return Case(
        name="boto3 x 400, s3fs bounds botocore",
        projects=projects,
        roots=("boto3", "s3fs"),
        pins=pins,
        rounds=30,
    )


def _asynchronous_boto(tools: tuple[str, ...]) -> Case:
    """boto3 and aiobotocore each take a window of botocore, the second one a narrow window of each tenth."""
    last = 200
    projects: Projects = {
        "botocore": {f"1.{v}": () for v in range(last)},
        "s3transfer": {f"0.{v}": (f"botocore>=1.{v * 10},<2",) for v in range(last // 10)},
        "boto3": {
            f"1.{v}": (f"botocore>=1.{v},<1.{v + 1}", f"s3transfer>=0.{v // 10},<0.{v // 10 + 1}")
            for v in range(last)
        },
        "aiobotocore": {f"2.{k}": (f"botocore>=1.{k * 10},<1.{k * 10 + 2}",) for k in range(last // 10 - 1)},
        "s3fs": {f"202{k // 10}.{k % 10}": (f"aiobotocore>=2.{k},<3",) for k in range(last // 10 - 1)},
        "awswrangler": {f"3.{k}": (f"boto3>=1.{k * 10},<2",) for k in range(last // 10)},
    }
    pins = {"aiobotocore": "2.18", "botocore": "1.181", "boto3": "1.181", "s3fs": "2021.8"}
    return Case(
        name=f"boto family: {', '.join(tools)}", projects=projects, roots=tools, pins=pins, rounds=1_500
    )


def _beside_the_point() -> Case:
    """Ten projects of ten versions that have nothing to do with a conflict of two others."""
    projects: dict[str, dict[str, tuple[str, ...]]] = {
        f"free{n}": {f"{v}": () for v in range(1, 11)} for n in range(10)
    }
    projects["lib"] = {"1": ("core>=3",), "2": ("core>=3",)}
    projects["plug"] = {"1": ("core<3",)}
    projects["core"] = {f"{v}": () for v in range(1, 6)}
    roots = (*(f"free{n}" for n in range(10)), "lib", "plug")
    return Case(
        name="10 x 10 beside a conflict", projects=projects, roots=roots, pins=None, clash="core", rounds=100
    )


def _late_pin(count: int, versions: int, rounds: int) -> Case:
    """Pairs in equal versions, all but the oldest blocked by a requirement that shows late."""
    projects: dict[str, dict[str, tuple[str, ...]]] = {}
    for n in range(count):
        projects[f"a{n}"] = {f"{v}": (f"b{n}=={v}",) for v in range(1, versions + 1)}
        projects[f"b{n}"] = {f"{v}": ("late",) for v in range(1, versions + 1)}
    projects["late"] = {"1": tuple(f"b{n}==1" for n in range(count))}
    pins = dict.fromkeys(projects, "1")
    roots = tuple(f"a{n}" for n in range(count))
    return Case(
        name=f"{count} pairs x {versions}, late pin", projects=projects, roots=roots, pins=pins, rounds=rounds
    )


def _airflow(providers: int, *, possible: bool) -> Case:
    """An extra that brings every provider, each of whose newer versions needs a newer core than may be had."""
    cores = [f"2.{v}" for v in range(10)] + [f"3.{v}" for v in range(5)]
    everything = tuple(f'provider-{n}>=1; extra == "all"' for n in range(providers))
    projects: dict[str, dict[str, tuple[str, ...]]] = {
        "airflow": {
            core: ("alchemy<2" if core[0] == "2" else "alchemy>=2", "common>=1", *everything)
            for core in cores
        },
        "alchemy": {"1.4": (), "2.0": (), "2.1": ()},
        "common": {f"1.{at}": (f"airflow>={core}",) for at, core in enumerate(cores)},
    }
    for n in range(providers):
        least = "3.0" if n == providers - 1 and not possible else ""
        projects[f"provider-{n}"] = {
            f"{at + 1}": (f"airflow>={least or core}", f"common>=1.{at}") for at, core in enumerate(cores)
        }
    pins = {"airflow": "2.9", "alchemy": "1.4", "common": "1.9"} | {
        f"provider-{n}": "10" for n in range(providers)
    }
    return Case(
        name=f"airflow[all] x {providers}" + ("" if possible else ", one too new"),
        projects=projects,
        roots=("airflow[all]", "alchemy<2"),
        pins=pins if possible else None,
        clash="" if possible else "alchemy",
        rounds=300,
    )


def _lock_step(parts: int, versions: int, *, possible: bool) -> Case:
    """A family whose members want each other in one version, and one member's dependency that is bounded."""
    projects: dict[str, dict[str, tuple[str, ...]]] = {
        "telemetry-api": {f"1.{v}": () for v in range(versions)},
        "telemetry-semantics": {f"0.{v}b0": (f"telemetry-api==1.{v}",) for v in range(versions)},
        "telemetry-sdk": {
            f"1.{v}": (f"telemetry-api==1.{v}", f"telemetry-semantics==0.{v}b0") for v in range(versions)
        },
        "telemetry-proto": {
            f"1.{v}": ("protobuf>=5,<7" if v >= versions // 2 else "protobuf>=3.19,<5",)
            for v in range(versions)
        },
        "telemetry-exporter": {
            f"1.{v}": (f"telemetry-proto==1.{v}", f"telemetry-sdk~=1.{v}.0", f"telemetry-api~=1.{v}")
            for v in range(versions)
        },
        "protobuf": {f"{v}.{minor}": () for v in range(3, 7) for minor in (19, 20, 25)},
        "serving": {"1": ("protobuf<5",), "2": ("protobuf<5", "grpc>=1")},
        "grpc": {f"1.{v}": () for v in range(60)},
    }
    for n in range(parts):
        projects[f"telemetry-part-{n}"] = {
            f"0.{v}b0": (
                f"telemetry-api~=1.{v}",
                f"telemetry-semantics==0.{v}b0",
                *((f"telemetry-part-{n - 1}==0.{v}b0",) if n else ()),
            )
            for v in range(versions)
        }
    last = versions // 2 - 1
    roots = (f"telemetry-part-{parts - 1}", "telemetry-exporter", "serving")
    pins = {
        "telemetry-api": f"1.{last}",
        "telemetry-sdk": f"1.{last}",
        "protobuf": "4.25",
        "serving": "2",
    } | {f"telemetry-part-{n}": f"0.{last}b0" for n in range(parts)}
    return Case(
        name=f"lock step of {parts} x {versions}" + ("" if possible else ", out of step"),
        projects=projects,
        roots=roots if possible else (*roots, f"telemetry-sdk>=1.{last + 1}"),
        pins=pins if possible else None,
        clash="" if possible else "protobuf",
        rounds=3_500,
    )


def _protobuf(clients: int, versions: int, rounds: int) -> Case:
    """Clients that share a core and protobuf in windows that move, and one project that stays behind."""
    third = versions // 3
    projects: dict[str, dict[str, tuple[str, ...]]] = {
        "protobuf": {f"{major}.{minor}": () for major in (3, 4, 5, 6) for minor in range(19, 29)},
        "tensors": {f"2.{v}": ("protobuf>=3.20,<4",) for v in range(8)},
        "common-protos": {f"1.{v}": (f"protobuf>=3.20,<{4 + v // third}",) for v in range(versions)},
        "core": {
            f"2.{v}": (
                f"common-protos>=1.{v},<2",
                f"protobuf>=3.19,<{4 + v // third},!=3.20.0,!=4.21.0",
                f'status>=1.{v},<2; extra == "grpc"',
                f'grpc>=1.{v},<2; extra == "grpc"',
            )
            for v in range(versions)
        },
        "status": {
            f"1.{v}": (f"protobuf>={3 + v // third}.19", f"grpc>=1.{v}", "common-protos>=1.0")
            for v in range(versions)
        },
        "grpc": {f"1.{v}": () for v in range(versions)},
    }
    for n in range(clients):
        projects[f"client-{n}"] = {
            f"3.{v}": (f"core[grpc]>=2.{v // 2},<3", f"protobuf>=3.20,<{4 + v // third}")
            for v in range(versions)
        }
    newest = min(2 * third, versions) - 1  # the last that takes a core whose `status` takes protobuf 3
    pins = {"protobuf": "3.28", "tensors": "2.7", "core": f"2.{third - 1}", "status": f"1.{third - 1}"} | {
        f"client-{n}": f"3.{newest}" for n in range(clients)
    }
    roots = (*(f"client-{n}" for n in range(clients)), "tensors")
    return Case(
        name=f"clients of protobuf, {clients} x {versions}",
        projects=projects,
        roots=roots,
        pins=pins,
        rounds=rounds,
    )


def _all() -> Iterable[Case]:
    yield _tree(300)
    yield _exact_boto()
    yield _asynchronous_boto(("boto3", "s3fs"))
    yield _asynchronous_boto(("boto3", "aiobotocore", "s3fs", "awswrangler"))
    yield _beside_the_point()
    yield _late_pin(5, 20, 120)
    yield _late_pin(8, 30, 180)
    yield _late_pin(20, 40, 300)
    yield _airflow(80, possible=True)
    yield _airflow(20, possible=False)
    yield _lock_step(20, 40, possible=True)
    yield _lock_step(20, 40, possible=False)
    yield _protobuf(2, 9, 2_000)


CASES = tuple(_all())
HARDER = _protobuf(12, 30, 20_000)
"""For the benchmark: a resolver that forgets what a conflict taught it does not find its answer."""
