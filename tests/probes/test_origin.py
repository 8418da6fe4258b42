"""Who made the target interpreter."""

import pytest

from planner.probes import origin
from planner.probes.interpreter import Target
from planner.probes.port import System
from planner.probes.recorded import RecordedHost


@pytest.mark.parametrize(
    ("executable", "real", "include", "default", "expected"),
    [
        ("/usr/bin/python3", "/usr/bin/python3.11", "/usr/include/python3.11", "/usr/bin/python3.11", "system"),
        ("/project/.venv/bin/python", "/usr/bin/python3.11", "/usr/include/python3.11", "/usr/bin/python3.11", "system"),
        ("/usr/bin/python3.12", "/usr/bin/python3.12", "/usr/include/python3.12", "/usr/bin/python3.11", "packaged"),
        ("/v/bin/python", "/v/bin/python", "/usr/include/python3.11", "/usr/bin/python3.11", "system"),
        ("/v/bin/python", "/v/bin/python", "/usr/include/python3.12", "/usr/bin/python3.11", "packaged"),
        ("/usr/local/bin/python3", "/usr/local/bin/python3.12", "/usr/local/include/python3.12", "", "other"),
        ("/home/u/.pyenv/versions/3.12.1/bin/python3", "", "/home/u/.pyenv/versions/3.12.1/include/python3.12", "", "pyenv"),
        ("/p/.venv/bin/python", "/pyenv-root/versions/3.12.1/bin/python3.12", "/pyenv-root/versions/3.12.1/include/python3.12", "", "pyenv"),
        ("/p/.venv/bin/python", "/home/u/.local/share/uv/python/cpython-3.12.1-linux-x86_64-gnu/bin/python3.12",
         "/home/u/.local/share/uv/python/cpython-3.12.1-linux-x86_64-gnu/include/python3.12", "", "uv"),
        ("/p/.venv/bin/python", "/uv-root/cpython-3.12.1/bin/python3.12", "/uv-root/cpython-3.12.1/include/python3.12", "", "uv"),
        ("/conda/bin/python", "", "/conda/include/python3.12", "", "conda"),
        ("/home/u/.pyenv/versions/miniconda3/bin/python", "", "/home/u/.pyenv/versions/miniconda3/include/python3.12", "", "conda"),
    ],
)  # fmt: skip
def test_origin(executable, real, include, default, expected):
    links = {executable: real} if real and real != executable else {}
    host = RecordedHost(
        system=System(os="linux", machine="x86_64"),
        environ={"HOME": "/home/u", "PYENV_ROOT": "/pyenv-root", "UV_PYTHON_INSTALL_DIR": "/uv-root"},
        files={
            "/conda/conda-meta/history": b"",
            "/home/u/.pyenv/versions/miniconda3/conda-meta/history": b"",
        },
        links={**links, **({"/usr/bin/python3": default} if default else {})},
    )
    target = Target(
        executable=executable, chosen="x", markers={"sys_platform": "linux", "python_full_version": include[-4:] + ".1"},
        abi="cp312", bits=64, platform="", include=include, prefix="", sites=(), libc="", loader="",
    )  # fmt: skip
    [(name, fact)] = origin.probe(host, target)
    assert (name, fact.value) == ("python-origin", expected)
    assert fact.how
