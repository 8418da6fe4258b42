"""Machine files, assumptions, other Pythons and other platforms."""

import contextlib
import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from packaging.markers import Marker

from planner.errors import MachineError
from planner.facts import FAMILIES, MARKERS, NAMES, NOWHERE, Absent, Known, Machine, Unknown
from planner.machinefile import assume, dumps_json, dumps_toml, for_platform, for_python, loads
from planner.probes.fingerprint import fingerprint
from planner.probes.recorded import RecordedHost

MACHINES = Path(__file__).parent / "machines"


def load(name):
    return fingerprint(RecordedHost.load(MACHINES / f"{name}.toml"))


@pytest.fixture(scope="module")
def debian():
    return load("debian-12-cuda-13")


@pytest.fixture(scope="module")
def gpu():
    return load("ubuntu-22.04-gpu-550")


@pytest.fixture(scope="module")
def text(debian):
    return dumps_toml(debian)


# -- files ------------------------------------------------------------------------------------------------

words = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
facts = st.one_of(
    st.builds(Known, words, words),
    st.builds(Absent, words),
    st.builds(Unknown, words),
)
names = st.one_of(
    st.sampled_from([name for name in NAMES if name not in ("python", "implementation")]),
    st.builds("{}:{}".format, st.sampled_from([f for f in FAMILIES if f != "gpu"]), words.filter(bool)),
    st.builds("gpu:{}".format, st.integers(0, 99)),
)
machines = st.builds(
    lambda values, found: Machine(
        markers={
            **dict(zip(MARKERS, values, strict=True)),
            "python_full_version": "3.12.1",
            "python_version": "3.12",
        },
        facts=found,
    ),
    st.lists(words, min_size=len(MARKERS), max_size=len(MARKERS)),
    st.dictionaries(names, facts, max_size=8),
)
nowhere = st.dictionaries(
    st.tuples(st.sampled_from(sorted(NOWHERE)), words.filter(bool)).map(":".join), st.none(), max_size=8
).map(lambda found: {name: Absent(NOWHERE[name.partition(":")[0]]) for name in found})


@given(machines)
@settings(max_examples=150, deadline=None)
def test_any_machine_survives_its_file(machine):
    assert loads(dumps_toml(machine), "m.toml") == machine
    assert loads(dumps_json(machine), "m.json") == machine


@given(machines, nowhere)
@settings(max_examples=100, deadline=None)
def test_what_was_found_nowhere_survives_without_a_word(machine, found):
    whole = Machine(markers=machine.markers, facts={**machine.facts, **found})
    assert loads(dumps_toml(whole), "m.toml") == whole
    assert loads(dumps_json(whole), "m.json") == whole


def test_what_was_found_nowhere_is_short(debian):
    found = {f"header:lib{number}/a.h": Absent(NOWHERE["header"]) for number in range(100)}
    text = dumps_toml(
        Machine(markers=debian.markers, facts={**debian.facts, **found, "library:x": Absent("only x")})
    )
    assert text.count("lib7/a.h") == 1
    assert max(map(len, text.split("[absent]")[1].splitlines())) <= 110
    assert len(text.split("[absent]")[1].splitlines()) < 30
    assert '"library:x" = { absent = "only x" }' in text
    assert "header = [" in text


def test_absent_things_of_a_file_written_by_hand(text):
    machine = loads(text + '\npkg-config = ["libpq"]\n', "m.toml")
    assert machine.fact("pkg-config:libpq") == Absent(NOWHERE["pkg-config"])
    assert loads(text.partition("[absent]")[0], "m.toml").fact("program:swig") == Unknown(
        "no probe looked for it"
    )


@pytest.mark.parametrize(
    ("table", "sentence"),
    [
        (
            '[absent]\nheaders = ["x.h"]\n',
            "`absent.headers` is no key of a machine file. Did you mean `header`?",
        ),
        ('[absent]\nheader = "x.h"\n', "`absent.header` must be an array of names."),
        ("[absent]\nheader = [1]\n", "`absent.header` must be an array of names."),
        ('[absent]\nheader = [""]\n', "`absent.header` must be an array of names."),
        ('[absent]\nprogram = ["gcc"]\n', "`program:gcc` stands in `facts` and in `absent`."),
        ("[[absent]]\n", "`absent` must be a table."),
    ],
)
def test_a_bad_table_of_absent_things(text, table, sentence):
    with pytest.raises(MachineError) as caught:
        loads(text.partition("[absent]")[0] + table, "m.toml")
    assert sentence in caught.value.what


@pytest.mark.parametrize("path", sorted((MACHINES / "files").glob("*.toml")), ids=lambda path: path.stem)
def test_saved_machines_are_as_they_would_be_written(path):
    text = path.read_text(encoding="utf-8")
    machine = loads(text, path.name)
    assert dumps_toml(machine) == text
    assert machine.fact("header:ffi.h") == Absent(NOWHERE["header"])
    assert machine.value("candidate:libproj-dev") == "9.1.1"
    assert isinstance(machine.fact("program:gcc"), Absent) == (path.stem == "debian-12-python3")


def test_the_order_of_facts_does_not_change_the_file(debian):
    turned = Machine(
        markers=dict(reversed(debian.markers.items())), facts=dict(reversed(debian.facts.items()))
    )
    assert dumps_toml(turned) == dumps_toml(debian)
    assert dumps_json(turned) == dumps_json(debian)


def test_a_file_is_readable(text):
    lines = text.splitlines()
    assert lines[0].startswith("# A machine, as wheelplan found it.")
    assert 'glibc = { value = "2.36", how = "confstr of the target Python" }' in lines
    assert 'musl = { absent = "the target Python uses glibc" }' in lines
    assert '"program:gcc" = { value = "12.2.0", how = "/usr/bin/gcc" }' in lines


def test_a_plain_string_is_a_known_value(text):
    by_hand = text.replace(
        'glibc = { value = "2.36", how = "confstr of the target Python" }', 'glibc = "2.28"'
    )
    assert loads(by_hand, "m.toml").fact("glibc") == Known("2.28", "machine file")


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("schema = 1", "schema = 9", "`schema` is 9; this wheelplan reads 1."),
        ("schema = 1", "", "`schema` is None"),
        ("schema = 1", "schema = 1\nextra = 2", "`extra` is no key of a machine file."),
        ("[markers]", "[marker]", "`marker` is no key of a machine file. Did you mean `markers`?"),
        ("[facts]", "[factss]", "`factss` is no key of a machine file. Did you mean `facts`?"),
        ('os_name = "posix"', "", "`markers.os_name` is missing."),
        ('os_name = "posix"', "os_name = 1", "`markers.os_name` must be a string."),
        ("os_name", "osname", "`markers.osname` is no key of a machine file. Did you mean `os_name`?"),
        ("glibc =", "glib =", "`facts.glib` is no fact that wheelplan knows. Did you mean `glibc`?"),
        (
            "cuda-driver =",
            "cuda_driver =",
            "`facts.cuda_driver` is no fact that wheelplan knows. Did you mean `cuda-driver`?",
        ),
        ('"program:gcc"', '"programs:gcc"', "Did you mean `program:gcc`?"),
        ('"gpu:0"', '"gpu:x"', "`facts.gpu:x` is no fact that wheelplan knows."),
        ('{ value = "2.36", how', "{ value = 2.36, how", "`facts.glibc.value` must be a string."),
        ('{ value = "2.36", how', '{ version = "2.36", how', "`facts.glibc.version` is no key of a fact."),
        ('{ value = "2.36", how', '{ value = "2.36", absent', "`facts.glibc` must hold one of"),
        ('{ value = "2.36", how', "{ how", "`facts.glibc` must hold one of"),
        (
            '{ value = "2.36", how = "confstr of the target Python" }',
            "[1]",
            "`facts.glibc` must be a string, or a table",
        ),
        (
            '{ value = "3.11.2"',
            '{ value = "3.12.0"',
            "`facts.python` is '3.12.0', but `markers.python_full_version` is '3.11.2'.",
        ),
        ('python_version = "3.11"', 'python_version = "3.12"', "`markers.python_version` is '3.12'"),
        (
            'python_full_version = "3.11.2"',
            'python_full_version = "x"',
            "`markers.python_full_version` is no version",
        ),
        ("[facts]", "[[facts]]", "`facts` must be a table."),
    ],
)
def test_a_bad_key_is_named(text, old, new, sentence):
    assert old in text
    with pytest.raises(MachineError) as caught:
        loads(text.replace(old, new, 1), "gpubox.toml")
    assert sentence in caught.value.what
    assert caught.value.where == "gpubox.toml"


@pytest.mark.parametrize(("new", "line"), [("schema = ", 2), ("schema = 1\nschema = 1", 3)])
def test_bad_toml_is_told_with_its_line(text, new, line):
    with pytest.raises(MachineError, match="This is no valid TOML") as caught:
        loads(text.replace("schema = 1", new, 1), "gpubox.toml")
    assert caught.value.where == f"gpubox.toml:{line}"


@pytest.mark.parametrize(
    "bad", ["", "{", "{}", "[]", "\x00", "x = " + "[" * 3000, '{"a":' * 3000, "x" * (5 << 20)]
)
def test_what_is_no_machine_file(bad):
    with pytest.raises(MachineError):
        loads(bad, "m.toml")


@given(st.text(max_size=200))
@settings(max_examples=100, deadline=None)
def test_any_text_is_a_machine_error(bad):
    for prefix in ("", "{", "schema = 1\n[markers]\n"):
        with pytest.raises(MachineError):
            loads(prefix + bad, "m.toml")


def test_every_cut_of_a_file_is_an_error_or_lacks_only_facts(text, debian):
    for end in range(0, len(text) - 1, 97):
        try:
            machine = loads(text[:end], "m.toml")
        except MachineError:
            continue
        assert machine.facts.items() <= debian.facts.items()


def test_json_and_toml_hold_the_same(debian):
    document = json.loads(dumps_json(debian))
    assert document["facts"]["glibc"] == {"value": "2.36", "how": "confstr of the target Python"}
    assert loads("\ufeff" + dumps_json(debian), "m.json") == debian


# -- assumptions ------------------------------------------------------------------------------------------


def test_assumed_facts(debian):
    machine = assume(
        debian,
        [
            "glibc=2.28",
            "cuda-driver=550.54",
            "program:gcc=",
            "program:nvcc=yes",
            "memory-available=22GiB",
            "dist:numpy=2.1",
        ],
    )
    assert machine.fact("glibc") == Known("2.28", "--assume")
    assert machine.fact("cuda-driver") == Known("550.54", "--assume")
    assert machine.fact("cuda-driver-api").value == "12.4"
    assert isinstance(machine.fact("gpu:0"), Unknown)
    assert machine.fact("program:gcc") == Absent("--assume")
    assert machine.fact("program:nvcc") == Known("", "--assume")
    assert machine.value("memory-available") == str(22 * 1024)
    assert machine.value("dist:numpy") == "2.1"
    assert machine.markers == debian.markers
    assert debian.value("glibc") == "2.36"


def test_nothing_assumed_changes_nothing(debian):
    assert assume(debian, []) == debian


def test_what_follows_is_not_changed_where_it_is_assumed_too(gpu):
    machine = assume(
        gpu, ["cuda-driver=580.65.06", "cuda-driver-api=12.9", "torch=2.9.0+cu128", "torch-cxx11-abi=1"]
    )
    assert machine.value("cuda-driver-api") == "12.9"
    assert machine.value("gpu:0") == "9.0"
    assert machine.value("torch-cuda") == "12.8"
    assert machine.value("torch-cxx11-abi") == "1"
    assert machine.value("dist:torch") == "2.9.0+cu128"


def test_without_a_driver_there_is_no_gpu(gpu):
    machine = assume(gpu, ["cuda-driver="])
    for name in ("cuda-driver", "cuda-driver-api", "gpu:0", "gpu:0:name", "gpu:0:memory"):
        assert isinstance(machine.fact(name), Absent)


def test_musl_instead_of_glibc(debian):
    machine = assume(debian, ["musl=1.2"])
    assert machine.value("musl") == "1.2"
    assert isinstance(machine.fact("glibc"), Absent)


@pytest.mark.parametrize(
    "words", [["os=windows", "arch=x86_64"], ["arch=x86_64", "os=windows"], ["os=win32"]]
)
def test_another_system(debian, words):
    machine = assume(debian, words)
    assert machine.value("os") == "windows"
    assert machine.value("arch") == "amd64"
    assert machine.markers["platform_machine"] == "AMD64"
    assert machine.markers["os_name"] == "nt"
    assert isinstance(machine.fact("glibc"), Absent)
    assert machine.fact("program:gcc") == Unknown("planned for another machine")
    assert machine.value("python") == "3.11.2"


def test_another_architecture(debian):
    machine = assume(debian, ["arch=arm64"])
    assert machine.value("arch") == machine.markers["platform_machine"] == "aarch64"
    assert machine.value("glibc") == "2.36"
    assert isinstance(machine.fact("cores"), Unknown)
    assert assume(debian, ["arch=x86_64"]).value("cores") == "2"


def test_another_python(debian):
    machine = assume(debian, ["python=3.12"])
    assert machine.value("abi") == "cp312"
    assert machine.markers["python_version"] == "3.12"
    assert machine.markers["python_full_version"] == machine.markers["implementation_version"] == "3.12.0"
    assert machine.value("program:gcc") == "12.2.0"
    assert isinstance(assume(debian, ["implementation=pypy"]).fact("abi"), Unknown)
    pypy = assume(debian, ["abi=pypy311_pp73", "implementation=pypy"])
    assert pypy.value("abi") == "pypy311_pp73"
    assert pypy.markers["platform_python_implementation"] == "PyPy"


@pytest.mark.parametrize(
    ("word", "sentence"),
    [
        ("glibc", "'glibc' is no assumption: it needs the form FACT=VALUE."),
        ("cuda=12", "`cuda` is no fact that wheelplan knows."),
        ("cuda_driver=550", "Did you mean `cuda-driver`?"),
        ("prog:gcc=1", "Did you mean `program:gcc`?"),
        ("zzz=1", "Facts are os, arch,"),
        ("=1", "`` is no fact"),
        ("os=", "A machine cannot be without `os`."),
        ("os=beos", "`os` is linux, darwin or windows, not 'beos'."),
        ("arch=x 86", "`arch` is a word"),
        ("python=three", "'three' is no version of Python."),
        ("glibc=new", "`glibc` must be a version, not 'new'."),
        ("gpu:0=hopper", "`gpu:0` must be a version"),
        ("cores=0", "`cores` must be a number of at least 1"),
        ("cores=two", "`cores` must be a number"),
        ("memory-total=lots", "`memory-total` must be MiB or have a unit (22GiB), not 'lots'."),
        ("torch-cxx11-abi=2", "`torch-cxx11-abi` is 0 or 1"),
    ],
)
def test_a_bad_assumption(debian, word, sentence):
    with pytest.raises(MachineError) as caught:
        assume(debian, [word])
    assert sentence in caught.value.what


@pytest.mark.parametrize(
    ("value", "mebibytes"),
    [
        ("512", "512"),
        ("512M", "512"),
        ("22GiB", "22528"),
        ("22 GB", "22528"),
        ("1.5G", "1536"),
        ("1T", "1048576"),
        ("0", "1"),
    ],
)
def test_units(debian, value, mebibytes):
    assert assume(debian, [f"memory-total={value}"]).value("memory-total") == mebibytes


@given(st.lists(st.builds("{}={}".format, names, words), max_size=3))
@settings(max_examples=100, deadline=None)
def test_any_assumption_is_a_machine_or_a_machine_error(assumptions):
    machine = Machine(markers=dict.fromkeys(MARKERS, ""), facts={})
    with contextlib.suppress(MachineError):
        assert isinstance(assume(machine, assumptions), Machine)


# -- another Python ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("version", "full", "abi"),
    [
        ("3.14", "3.14.0", "cp314"),
        ("3.14t", "3.14.0", "cp314t"),
        ("3.14.2t", "3.14.2", "cp314t"),
        ("3.8.18", "3.8.18", "cp38"),
        ("3.7", "3.7.0", "cp37m"),
        ("312", "3.12.0", "cp312"),
        ("37", "3.7.0", "cp37m"),
        ("3.15.0rc1", "3.15.0rc1", "cp315"),
    ],
)
def test_python_version(gpu, version, full, abi):
    machine = for_python(gpu, version)
    assert machine.value("python") == machine.markers["python_full_version"] == full
    assert machine.value("abi") == abi
    assert machine.fact("torch") == Unknown("planned for another Python")
    assert machine.fact("header:Python.h") == Unknown("planned for another Python")
    assert not any(name.startswith("dist:") for name in machine.facts)
    assert machine.value("program:gcc") == "11.4.0"
    assert machine.value("cuda-driver") == "550.54.15"
    assert loads(dumps_toml(machine), "m") == machine


def test_the_same_python_keeps_its_environment(gpu):
    machine = for_python(gpu, "3.10")
    assert machine.value("python") == "3.10.0"
    assert machine.value("torch") == "2.6.0+cu124"


def test_another_python_of_pypy(debian):
    pypy = load("debian-12-pypy")
    machine = for_python(pypy, "3.10")
    assert isinstance(machine.fact("abi"), Unknown)
    assert machine.markers["implementation_version"] == "7.3.19"
    assert machine.markers["python_version"] == "3.10"


@pytest.mark.parametrize(
    "version", ["", "3", "4.1", "3.x", "3.12.x", "python", "3.12-dev", "3.12 t", "9" * 50]
)
def test_what_is_no_python_version(gpu, version):
    with pytest.raises(MachineError, match="is no version of Python"):
        for_python(gpu, version)


# -- another platform -------------------------------------------------------------------------------------

LINUX, DARWIN, WINDOWS = (
    ("posix", "linux", "Linux"),
    ("posix", "darwin", "Darwin"),
    ("nt", "win32", "Windows"),
)


@pytest.mark.parametrize(
    ("name", "arch", "machine", "system", "floor"),
    [
        ("linux", "x86_64", "x86_64", LINUX, ("glibc", "2.28")),
        ("x86_64-unknown-linux-gnu", "x86_64", "x86_64", LINUX, ("glibc", "2.28")),
        ("aarch64-unknown-linux-gnu", "aarch64", "aarch64", LINUX, ("glibc", "2.28")),
        ("riscv64-unknown-linux", "riscv64", "riscv64", LINUX, ("glibc", "2.28")),
        ("x86_64-unknown-linux-musl", "x86_64", "x86_64", LINUX, ("musl", "1.2")),
        ("aarch64-unknown-linux-musl", "aarch64", "aarch64", LINUX, ("musl", "1.2")),
        ("x86_64-manylinux2014", "x86_64", "x86_64", LINUX, ("glibc", "2.17")),
        ("x86_64-manylinux_2_17", "x86_64", "x86_64", LINUX, ("glibc", "2.17")),
        ("aarch64-manylinux_2_40", "aarch64", "aarch64", LINUX, ("glibc", "2.40")),
        ("macos", "arm64", "arm64", DARWIN, ("macos", "13.0")),
        ("aarch64-apple-darwin", "arm64", "arm64", DARWIN, ("macos", "13.0")),
        ("x86_64-apple-darwin", "x86_64", "x86_64", DARWIN, ("macos", "13.0")),
        ("windows", "amd64", "AMD64", WINDOWS, None),
        ("x86_64-pc-windows-msvc", "amd64", "AMD64", WINDOWS, None),
        ("aarch64-pc-windows-msvc", "arm64", "ARM64", WINDOWS, None),
        ("i686-pc-windows-msvc", "x86", "x86", WINDOWS, None),
        ("manylinux_2_17_x86_64", "x86_64", "x86_64", LINUX, ("glibc", "2.17")),
        ("manylinux2014_aarch64", "aarch64", "aarch64", LINUX, ("glibc", "2.17")),
        ("manylinux2010_i686", "i686", "i686", LINUX, ("glibc", "2.12")),
        ("manylinux1_x86_64", "x86_64", "x86_64", LINUX, ("glibc", "2.5")),
        ("musllinux_1_2_x86_64", "x86_64", "x86_64", LINUX, ("musl", "1.2")),
        ("macosx_14_0_arm64", "arm64", "arm64", DARWIN, ("macos", "14.0")),
        ("macosx_10_9_x86_64", "x86_64", "x86_64", DARWIN, ("macos", "10.9")),
        ("win_amd64", "amd64", "AMD64", WINDOWS, None),
        ("win_arm64", "arm64", "ARM64", WINDOWS, None),
        ("win32", "x86", "x86", WINDOWS, None),
    ],
)
def test_platforms(gpu, name, arch, machine, system, floor):
    planned = for_platform(gpu, name)
    markers = planned.markers
    assert (markers["os_name"], markers["sys_platform"], markers["platform_system"]) == system
    assert markers["platform_machine"] == machine
    assert markers["platform_release"] == markers["platform_version"] == ""
    assert planned.value("os") == {"Linux": "linux", "Darwin": "darwin", "Windows": "windows"}[system[2]]
    assert planned.value("arch") == arch
    known = {fact: planned.value(fact) for fact in ("glibc", "musl", "macos") if planned.value(fact)}
    assert known == ({floor[0]: floor[1]} if floor else {})
    assert planned.value("python") == "3.10.12"
    assert planned.value("abi") == "cp310"
    for fact in (
        "cuda-driver",
        "gpu:0",
        "memory-available",
        "cores",
        "torch",
        "program:gcc",
        "header:Python.h",
    ):
        assert planned.fact(fact) == Unknown("planned for another machine")
    assert not any(fact.startswith(("dist:", "gpu:0:")) for fact in planned.facts)
    assert loads(dumps_toml(planned), "m") == planned


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("linux_x86_64", "names no C library"),
        ("macosx_11_0_universal2", "names two architectures"),
        ("aarch64-linux-android", "does not plan for"),
        ("wasm32-pyodide2025", "does not plan for"),
        ("arm64-apple-ios", "does not plan for"),
        ("beos", "is no platform that wheelplan knows"),
        ("manylinux_2_28_vax", "is no platform that wheelplan knows"),
        ("", "is no platform that wheelplan knows"),
    ],
)
def test_what_is_no_platform(gpu, name, sentence):
    with pytest.raises(MachineError) as caught:
        for_platform(gpu, name)
    assert sentence in caught.value.what
    assert "manylinux_2_28_x86_64" in caught.value.hint


def test_a_platform_can_be_completed_by_assumptions(debian):
    machine = assume(
        for_platform(for_python(debian, "3.14t"), "macos"), ["macos=15.1", "memory-available=16GiB"]
    )
    assert machine.value("macos") == "15.1"
    assert machine.value("abi") == "cp314t"
    assert machine.value("memory-available") == "16384"
    marker = Marker("sys_platform == 'darwin' and platform_machine == 'arm64' and python_version >= '3.14'")
    assert marker.evaluate(dict(machine.markers))
