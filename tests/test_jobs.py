from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planner.jobs import Jobs, Load, jobs_for, reserve_of, size

CXX = Load(per_job=1200, why="templates", variables=(("CMAKE_BUILD_PARALLEL_LEVEL", "{jobs}"),))
CUDA = Load(
    per_job=7000,
    why="kernels",
    variables=(("MAX_JOBS", "{jobs}"),),
    threads=4,
    threads_variable="NVCC_THREADS",
    narrow=("FLASH_ATTN_CUDA_ARCHS",),
)


@pytest.mark.parametrize(
    ("load", "available", "cores", "at_once", "jobs"),
    [
        (CXX, 16_384, 4, 1, 4),  # cores bind: (16384 - 1638) // 1200 = 12
        (CXX, 8_192, 16, 1, 5),  # memory binds: (8192 - 1024) // 1200
        (CXX, 8_192, 16, 2, 2),  # two builds share it
        (CUDA, 32_768, 16, 1, 4),  # one thread a job: (32768 - 3276) // 7000
        (Load(per_job=60, why="C", serial=True), 64_000, 32, 1, 1),
        (Load(per_job=60, why="C", variables=(("N", "{jobs}"),), cap=4), 64_000, 32, 1, 4),
    ],
)
def test_cores_memory_and_the_project_bind(
    load: Load, available: int, cores: int, at_once: int, jobs: int
) -> None:
    assert jobs_for(load, available=available, cores=cores, at_once=at_once).jobs == jobs


def test_threads_within_a_job_are_given_up_first() -> None:
    made = jobs_for(CUDA, available=32_768, cores=16)
    assert dict(made.environment) == {"MAX_JOBS": "4", "NVCC_THREADS": "1"}


def test_threads_that_nothing_sets_multiply_the_memory() -> None:
    hard = Load(per_job=2000, why="kernels", variables=(("MAX_JOBS", "{jobs}"),), threads=4)
    assert jobs_for(hard, available=20_000, cores=16).per_job == 8000


def test_a_job_that_does_not_fit_is_said_so_with_what_to_narrow() -> None:
    made = jobs_for(CUDA, available=6_000, cores=4)
    assert not made.fits
    assert made.jobs == 1
    assert made.narrow == ("FLASH_ATTN_CUDA_ARCHS",)


def test_a_backend_without_a_variable_takes_a_setting() -> None:
    load = Load(per_job=600, why="C++", setting="compile-args=-j{jobs}")
    made = jobs_for(load, available=4_096, cores=8)
    assert (made.setting, made.environment) == ("compile-args=-j5", ())


def test_the_arithmetic_can_be_checked_by_a_person() -> None:
    told = jobs_for(CXX, available=8_192, cores=16, at_once=2).arithmetic
    assert told == (
        "(8.0 GiB available - 1.0 GiB reserve) / 2 builds at once = 3.5 GiB; 1.2 GiB a job (templates); "
        "16 cores: 2 jobs"
    )


@given(
    per_job=st.integers(1, 40_000),
    available=st.integers(0, 2_000_000),
    cores=st.integers(1, 256),
    at_once=st.integers(1, 64),
)
def test_no_number_of_jobs_takes_more_than_there_is(
    per_job: int, available: int, cores: int, at_once: int
) -> None:
    made: Jobs = jobs_for(
        Load(per_job=per_job, why="x", variables=(("N", "{jobs}"),)),
        available=available,
        cores=cores,
        at_once=at_once,
    )
    assert 1 <= made.jobs <= cores
    if made.fits:
        assert made.jobs * per_job * at_once <= available - reserve_of(available)
    else:
        assert made.jobs == 1


@pytest.mark.parametrize(("mebibytes", "text"), [(0, "0 MiB"), (999, "999 MiB"), (1024, "1.0 GiB")])
def test_sizes_are_readable(mebibytes: int, text: str) -> None:
    assert size(mebibytes) == text


@pytest.mark.parametrize(("available", "kept"), [(800, 200), (2048, 512), (4096, 1024), (32_768, 3276)])
def test_a_small_machine_keeps_less_back(available: int, kept: int) -> None:
    assert reserve_of(available) == kept
