from __future__ import annotations

import re

import pytest
from packaging.utils import canonicalize_name
from packaging.version import Version

from planner.knowledge.couplings import all_couplings, couplings_of, read_couplings

ROW = {
    "project": "a",
    "versions": "<2",
    "other": "torch",
    "specifier": "<3",
    "of": "build",
    "effect": "does not compile",
    "source": "read",
}


@pytest.mark.parametrize("row", all_couplings(), ids=lambda row: f"{row.project}{row.versions}")
def test_a_coupling_is_whole(row) -> None:
    assert row.project == canonicalize_name(row.project) != row.other == canonicalize_name(row.other)
    assert row.versions
    assert row.specifier
    assert row.source
    assert row.effect
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", row.checked)


@pytest.mark.parametrize(
    ("project", "version", "torch", "fits"),
    [
        ("flash-attn", "2.8.3.post2", "2.13.0", True),
        ("flash_attn", "2.8.3.post2", "2.14.0", False),
        ("flash-attn", "2.8.4", "2.15.0", True),
        ("mamba-ssm", "2.3.2.post1", "2.14.1", False),
        ("causal-conv1d", "1.7.0", "2.15.0", False),
        ("causal-conv1d", "1.2.1", "2.15.0", True),
        ("auto-gptq", "0.7.1", "2.14.0", False),
        ("torch-scatter", "2.1.2", "2.15.0", True),
        ("torchtext", "0.18.0", "2.3.1", True),
        ("torchtext", "0.18.0", "2.4.0", False),
        ("torchcodec", "0.0.3", "2.4.1", True),
        ("torchcodec", "0.9.1", "2.9.1", True),
        ("torchcodec", "0.9.1", "2.10.0", False),
        ("torchcodec", "0.17.0", "2.15.0", True),
        ("torchaudio", "2.11.0", "2.15.0", True),
        ("torchaudio", "2.11.0", "2.10.0", False),
        ("fbgemm-gpu", "1.4.2", "2.9.1", True),
        ("fbgemm-gpu", "1.4.2", "2.10.0", False),
    ],
)
def test_which_torch_a_version_goes_with(project: str, version: str, torch: str, fits: bool) -> None:
    rows = couplings_of(project, Version(version))
    assert all(row.specifier.contains(Version(torch)) for row in rows) is fits


def test_a_version_has_one_row_of_each_kind() -> None:
    versions = ("0.0.3", "0.1.1", "0.5", "0.6.0", "0.8.1", "0.10.0", "0.11.1", "0.12.0", "0.17.0")
    assert [len(couplings_of("torchcodec", Version(version))) for version in versions] == [1] * len(versions)


@pytest.mark.parametrize(
    "wrong",
    [
        {"of": "install"},
        {"effect": ""},
        {"source": ""},
        {"specifier": "below 3"},
        {"colour": "red"},
        {"other": None},
    ],
)
def test_bad_rows_are_refused(wrong: dict[str, object]) -> None:
    row = {key: value for key, value in (ROW | wrong).items() if value is not None}
    with pytest.raises(ValueError, match=r"couplings\.toml: \[a\]"):
        read_couplings({"checked": "2026-01-01", "coupling": [row]})


def test_unknown_keys_are_refused() -> None:
    with pytest.raises(ValueError, match="unknown keys"):
        read_couplings({"checked": "2026-01-01", "couplings": [ROW]})
