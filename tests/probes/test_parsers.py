"""What files and programs say, read from any bytes: a right value or none."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from packaging.version import Version

from planner.probes import cpu, cuda, installed, interpreter, libc, memory, programs, system

TABLE = {program.name: program for program in programs.PROGRAMS}
anything = settings(max_examples=100, deadline=None)


@pytest.mark.parametrize(
    ("text", "values"),
    [
        (b'ID=debian\nVERSION_ID="12"\n', {"ID": "debian", "VERSION_ID": "12"}),
        (b'ID=\'alpine\'\n# ID=comment\n\nNAME="A \\"B\\""\n', {"ID": "alpine", "NAME": 'A "B"'}),
        (b"ID=first\nID=last\n", {"ID": "last"}),
        (b'ID="$(rm -rf /)"\nNAME=`id`\nVERSION_ID=12;reboot\n', {"VERSION_ID": "12;reboot"}),
        (b"ID=\nlower=x\nID debian\n", {"ID": ""}),
        (b'ID="open\nVERSION_ID=1\n', {"VERSION_ID": "1"}),
        (b"\xff\xfeID=x", {}),
        (b"", {}),
    ],
)
def test_os_release(text, values):
    assert system.read_os_release(text) == values


@given(st.binary(max_size=2000))
@anything
def test_os_release_of_any_bytes(content):
    for value in system.read_os_release(content).values():
        assert "\n" not in value
        assert "`" not in value
        assert "$" not in value


def test_a_huge_os_release_is_read_fast():
    assert system.read_os_release(b'ID="' + b"a\\" * 32000 + b"\n") == {}


V2 = "cmov cx8 fpu fxsr mmx syscall sse sse2 cx16 lahf_lm popcnt pni sse4_1 sse4_2 ssse3"
V3 = f"{V2} avx avx2 bmi1 bmi2 f16c fma abm movbe xsave"


@pytest.mark.parametrize(
    ("text", "level"),
    [
        (f"flags\t\t: {V3} avx512f avx512bw avx512cd avx512dq avx512vl\n", "x86-64-v4"),
        (f"flags\t\t: {V3} avx512f\n", "x86-64-v3"),
        (f"flags : {V2}\n", "x86-64-v2"),
        (f"flags : {V3.replace(' avx ', ' ')}\n", "x86-64-v2"),
        (f"flags : {V3}\n\nprocessor : 1\nflags : {V2}\n", "x86-64-v2"),
        ("flags : cmov cx8 fpu fxsr mmx syscall sse sse2\n", "x86-64-v1"),
        ("flags : fpu\n", ""),
        ("Features\t: fp asimd evtstrm crc32\n", "armv8-a"),
        ("Features\t: fp asimd crc32 atomics asimdrdm dcpop\n", "armv8.2-a"),
        ("Features\t: fp asimd crc32 atomics asimdrdm jscvt fcma lrcpc\n", "armv8.1-a"),
        ("model name : flags : x\n", ""),
        ("", ""),
    ],
)
def test_cpuinfo(text, level):
    assert cpu.read_cpuinfo(text.encode()) == level


@given(st.binary(max_size=1000))
@anything
def test_cpuinfo_of_any_bytes(content):
    assert cpu.read_cpuinfo(b"flags : " + content) in ("", *(name for name, _ in (*cpu._X86, *cpu._ARM)))


@given(st.binary(max_size=500))
@anything
def test_memory_of_any_bytes(content):
    for text in (content, b"MemTotal: 5 kB\nMemFree: 9 kB\n" + content):
        found = memory.read_meminfo(text)
        assert found is None or 0 <= found[1] <= found[0]
    memory.read_vm_stat(content.decode("latin-1"))


def test_an_old_kernel_has_no_memavailable():
    text = b"MemTotal: 100 kB\nMemFree: 10 kB\nBuffers: 5 kB\nCached: 20 kB\nSwapCached: 9 kB\n"
    assert memory.read_meminfo(text) == (100 * 1024, 35 * 1024)


@pytest.mark.parametrize(
    ("name", "text", "version"),
    [
        ("gcc", "gcc (Debian 12.2.0-14+deb12u1) 12.2.0\nCopyright", "12.2.0"),
        ("gcc", "gcc (GCC) 4.8.5 20150623 (Red Hat 4.8.5-44)\n", "4.8.5"),
        ("gcc", "gcc (Alpine 13.2.1_git20240309) 13.2.1 20240309\n", "13.2.1"),
        ("gcc", "x86_64-conda-linux-gnu-gcc (conda-forge gcc 12.3.0-7) 12.3.0\n", "12.3.0"),
        ("gcc", "Apple clang version 15.0.0 (clang-1500.3.9.4)\n", ""),
        ("cc", "Apple clang version 15.0.0 (clang-1500.3.9.4)\n", "15.0.0"),
        ("cc", "cc (Ubuntu 11.4.0-1ubuntu1~22.04) 11.4.0\n", "11.4.0"),
        ("clang", "Debian clang version 14.0.6\nTarget: x86_64-pc-linux-gnu\n", "14.0.6"),
        ("gfortran", "GNU Fortran (Debian 12.2.0-14) 12.2.0\n", "12.2.0"),
        ("make", "GNU Make 4.3\n", "4.3"),
        ("cmake", "cmake version 3.25.1\n\nCMake suite maintained\n", "3.25.1"),
        ("cmake", "cmake version 4.2.0-rc1\n", "4.2.0"),
        ("ninja", "1.11.1\n", "1.11.1"),
        ("ninja", "1.13.0.git.kitware.jobserver-pipe-1\n", "1.13.0"),
        ("rustc", "rustc 1.95.0 (59807616e 2026-04-14)\n", "1.95.0"),
        ("rustc", "rustc 1.97.0-nightly (0000000 2026-09-01)\n", "1.97.0"),
        ("cargo", "cargo 1.63.0\n", "1.63.0"),
        ("nvcc", "Cuda compilation tools, release 13.0, V13.0.88\n", "13.0.88"),
        ("git", "git version 2.39.3 (Apple Git-146)\n", "2.39.3"),
        ("swig", "\nSWIG Version 4.1.0\n\nCompiled with g++\n", "4.1.0"),
        ("go", "go version go1.22.2 linux/amd64\n", "1.22.2"),
        ("protoc", "libprotoc 3.21.12\n", "3.21.12"),
        ("perl", "\nThis is perl 5, version 36, subversion 0 (v5.36.0) built for x86_64\n", "5.36.0"),
        ("pg_config", "PostgreSQL 15.18 (Debian 15.18-0+deb12u1)\n", "15.18"),
        ("autoconf", "autoconf (GNU Autoconf) 2.71\nCopyright\n", "2.71"),
        ("krb5-config", "Kerberos 5 release 1.20.1\n", "1.20.1"),
        ("ninja", "ninja: error: something\n", ""),
    ],
)
def test_versions_of_programs(name, text, version):
    assert programs.read_version(TABLE[name], text) == version


@given(st.sampled_from(sorted(TABLE)), st.text(max_size=300))
@anything
def test_any_text_gives_a_version_or_none(name, text):
    version = programs.read_version(TABLE[name], text)
    assert version == "" or Version(version)


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        ("torch-2.6.0+cu124.dist-info", ("torch", "2.6.0+cu124")),
        ("PyYAML-5.4.1-py3.9-linux-x86_64.egg-info", ("pyyaml", "5.4.1")),
        ("ruamel.yaml-0.17.21.dist-info", ("ruamel-yaml", "0.17.21")),
        ("lazr.restfulclient-0.14.5.egg-info", ("lazr-restfulclient", "0.14.5")),
        ("my-2pkg-1.0.dist-info", ("my-2pkg", "1.0")),
        ("~orch-2.6.0.dist-info", None),
        ("torch.dist-info", None),
        ("torch-x.y.dist-info", None),
        ("numpy", None),
        ("-1.0.dist-info", None),
        ("a" * 250 + ".dist-info", None),
    ],
)
def test_folder_names(entry, expected):
    assert installed.read_folder_name(entry) == expected


@given(st.text(max_size=120))
@anything
def test_any_folder_name(entry):
    found = installed.read_folder_name(entry + ".dist-info")
    assert found is None or Version(found[1])


@pytest.mark.parametrize(
    ("text", "values"),
    [
        (
            b"__version__ = '2.6.0'\ncuda: Optional[str] = '12.4'\nhip = None\n",
            {"__version__": "2.6.0", "cuda": "12.4", "hip": None},
        ),
        (b"debug = False\n__version__ = open('x').read()\n", {}),
        (b"import os\nos.system('x')\n", {}),
        (b"not python at all (", {}),
        (b"\x00", {}),
        (b"(" * 5000, {}),
        (b"", {}),
    ],
)
def test_torch_version(text, values):
    assert installed.read_torch_version(text) == values


@given(st.binary(max_size=400))
@anything
def test_any_bytes(content):
    text = content.decode("latin-1")
    installed.read_torch_version(content)
    assert installed.read_cmake_abi(content) in ("", "0", "1")
    for version in (
        cuda.read_version_json(content),
        cuda.read_version_txt(content),
        cuda.read_cuda_h(content),
        cuda.read_rocm(content),
        cuda.read_nvcc(text),
        libc.read_glibc(text),
        libc.read_musl(text),
        libc.read_ldd(text),
    ):
        assert version == "" or Version(version)
    assert interpreter.read_answer(text, "python", "chosen") is None


@pytest.mark.parametrize(
    ("read", "content", "version"),
    [
        (cuda.read_version_json, b'{"cuda": {"version": "12.4.1"}}', "12.4"),
        (cuda.read_version_json, b'{"cuda": {"version": 12}}', ""),
        (cuda.read_version_json, b'{"cuda": "12.4"}', ""),
        (cuda.read_version_json, b"[" * 100_000, ""),
        (cuda.read_version_txt, b"CUDA Version 10.2.89\n", "10.2"),
        (cuda.read_cuda_h, b"/* x */\n#define CUDA_VERSION 11080\n", "11.8"),
        (cuda.read_cuda_h, b"#define CUDA_VERSION 13000\n", "13.0"),
        (cuda.read_rocm, b"6.2.4-139\n", "6.2.4"),
        (cuda.read_rocm, b"unknown\n", ""),
        (installed.read_cmake_abi, b'set(TORCH_CXX_FLAGS "-D_GLIBCXX_USE_CXX11_ABI=1")', "1"),
        (installed.read_cmake_abi, b"-D_GLIBCXX_USE_CXX11_ABI=0 -D_GLIBCXX_USE_CXX11_ABI=1", ""),
        (installed.read_cmake_abi, b'set(TORCH_CXX_FLAGS "-D_GLIBCXX_USE_CXX11_ABI=")', ""),
    ],
)  # fmt: skip
def test_toolkit_files(read, content, version):
    assert read(content) == version


@pytest.mark.parametrize(
    ("read", "text", "version"),
    [
        (libc.read_glibc, "glibc 2.36", "2.36"),
        (libc.read_glibc, "glibc 2.20-2014.11", "2.20"),
        (libc.read_glibc, "uclibc 1.0", ""),
        (libc.read_musl, "musl libc (x86_64)\nVersion 1.2.5\nDynamic Program Loader\n", "1.2"),
        (libc.read_musl, "musl libc\n", ""),
        (libc.read_ldd, "ldd (GNU libc) 2.17\nCopyright", "2.17"),
        (libc.read_ldd, "ldd (Debian GLIBC 2.36-9+deb12u7) 2.36\n", "2.36"),
        (libc.read_ldd, "ldd (Ubuntu GLIBC 2.39-0ubuntu8.3) 2.39\n", "2.39"),
        (libc.read_ldd, "musl libc (x86_64)\nVersion 1.2.5\n", ""),
    ],
)
def test_libc(read, text, version):
    assert read(text) == version


def test_nvcc_says_one_version():
    good = "Cuda compilation tools, release 12.4, V12.4.131\n"
    assert cuda.read_nvcc(good) == "12.4.131"
    assert cuda.read_nvcc(good.replace("release 12.4", "release 11.8")) == ""
