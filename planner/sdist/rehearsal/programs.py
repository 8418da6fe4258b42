"""What a build does with other programs, with pkg-config and with the network, on an imagined machine.

A program that is missing fails here as it would there; what one prints is unknown text.
"""

from __future__ import annotations

import ast

from packaging.specifiers import SpecifierSet

from planner.sdist.flow import Raised
from planner.sdist.rehearsal.commandline import Command, host_of, module_words, parse_shell, parse_words
from planner.sdist.rehearsal.imagined import Machine
from planner.sdist.rehearsal.objects import Instance, Method, error_names
from planner.sdist.rehearsal.ways import Ways
from planner.sdist.values import Items, Place, Printed, Table, Unknown, Value, as_list, render, truth
from planner.sdist.world import World

__all__ = ["Programs"]

_RAISING = frozenset({"check_call", "check_output"})
_SHELLS = frozenset(
    {"os.system", "os.popen", "subprocess.getoutput", "subprocess.getstatusoutput", "commands.getoutput"}
    | {"commands.getstatusoutput"}
)
_SPAWNS = frozenset({"distutils.spawn.spawn", "setuptools._distutils.spawn.spawn", "spawn"})
_MAKERS = frozenset(
    {"make", "gmake", "cmake", "ninja", "meson", "swig", "autoreconf", "cargo", "bazel", "npm", "scons"}
)
_FINDS = ("shutil.which", "find_executable", "which")
_DOWNLOADS = frozenset({"urlopen", "urlretrieve", "URLopener", "download_file", "urlgrab"})
_CLIENTS = frozenset({"requests", "httpx", "urllib3"})
_PKGCONFIG = frozenset(
    {"exists", "parse", "installed", "cflags", "libs", "variables", "modversion", "configure_extension"}
)


class Programs(Ways):
    """Follows calls of programs; `machine` answers them."""

    def __init__(self, world: World, machine: Machine) -> None:
        super().__init__(world)
        self.machine = machine
        self.scripts: dict[str, str] = {}
        self.lost: dict[str, str] = {}
        self.makes = False
        self.silent: set[str] = set()
        self.checked: set[str] = set()
        self._collecting: list[list[Value]] = []
        self._handling: list[Raised] = []

    # Programs ---------------------------------------------------------------------------------------

    def program_call(self, name: str, arguments: list[Value], keywords: Table, node: ast.Call) -> Value:
        """A function of a known module that runs programs or looks for them, else NotImplemented."""
        last = name.rpartition(".")[2]
        if name in _SHELLS or (name.startswith("subprocess.") and last != "list2cmdline"):
            return self._subprocess(name, last, arguments, keywords, node)
        if name in _SPAWNS or name.startswith(("os.spawn", "os.exec")):
            words = arguments[-1] if name.startswith("os.") else arguments[0] if arguments else None
            if self.run_command_line(words, node.lineno) is False:
                self._raise("DistutilsExecError", node.lineno)
            return None
        if name in _FINDS or last == "find_executable":
            return self._find(arguments, keywords)
        if name.startswith("pkgconfig.") and last in _PKGCONFIG:
            return self._pkgconfig(last, arguments, node)
        top = name.partition(".")[0]
        if last == "cast" and top in ("typing", "cast") and len(arguments) > 1:
            return arguments[1]
        if last in _DOWNLOADS or (top in _CLIENTS and last in ("get", "request", "stream", "urlopen")):
            url = arguments[0] if arguments else keywords.items.get("url")
            self.download(host_of(url) if isinstance(url, str) else "the network", node.lineno)
            return Unknown(node.lineno, "what is downloaded")
        return NotImplemented

    def download(self, host: str, line: int) -> None:
        """Fetch something from beyond the package index."""
        names = error_names("HTTPError")  # for a file that may be there: often it is not
        ready = self.shielded(names)
        if not self.machine.has(f"network:{host}", "downloads", usual=not ready, error="HTTPError"):
            self._raise("HTTPError", line)

    def _raise(self, name: str, line: int) -> None:
        raise Raised(line, name, "", error_names(name))

    def _subprocess(
        self, name: str, last: str, arguments: list[Value], keywords: Table, node: ast.Call
    ) -> Value:
        line = arguments[0] if arguments else keywords.items.get("args", keywords.items.get("cmd"))
        if last in ("PIPE", "STDOUT", "DEVNULL") or line is None:
            return NotImplemented
        shell = name in _SHELLS or truth(keywords.items.get("shell", False)) is not False
        raises = last in _RAISING or truth(keywords.items.get("check", False)) is True
        error = "CalledProcessError" if raises else ""
        first = as_list(line) if shell and not isinstance(line, (str, Place)) else None
        line = first[0] if first else line  # with a shell, the first word is the whole line
        done = self.run_command_line(line, node.lineno, shell=shell, error=error)
        ok = done is not False
        if not raises:
            self.silent |= {command.program for command in self._commands(line) if command.program}
        text: Value = self._printed(line, node.lineno) if ok else ""
        code = 0 if ok else 127
        if last == "getoutput":
            return text
        if last == "getstatusoutput":
            return (code, text)
        if not ok and raises:
            self._raise("CalledProcessError", node.lineno)
        if last == "check_output":
            return text
        if last in ("call", "check_call", "system"):
            return code
        lost = Unknown(node.lineno, "what it prints")
        made = {"returncode": code, "stdout": text, "stderr": lost if ok else text, "pid": lost}
        return Instance("process", None, made)

    def _printed(self, line: Value, number: int) -> Printed:
        subject = ""
        for command in self._commands(line):
            if len(command.modules) == 1:
                subject = f"pkg-config:{command.modules[0][0]}"
            elif command.program and not command.modules:
                subject = subject or f"program:{command.program}"
        return Printed(number, "what a program prints", subject)

    def _commands(self, line: Value) -> list[Command]:
        text = render(line) if isinstance(line, (str, Place)) else None
        if text is not None:
            return parse_shell(text)
        words = as_list(line)
        if words is None:
            return [Command(complete=False)]
        return parse_words([None if isinstance(word, Unknown) else render(word) for word in words])

    def run_command_line(
        self, line: Value, number: int, *, shell: bool = False, error: str = "DistutilsExecError"
    ) -> bool | None:
        """Run a command: True, or False when it fails; an error when there is no shell to say so.

        None when one cannot say which program it is.
        """
        commands = self._commands(line)
        if not commands:
            return None
        for command in commands:
            if not command.complete and not command.program and not command.script:
                if not shell and self.shielded(error_names("FileNotFoundError")):
                    self._raise("FileNotFoundError", number)  # there may be a usual name for it
                self.lost.setdefault(self.where(number), "which program it runs is computed")
                return None
            self.makes |= bool(command.script) or command.program in _MAKERS
            if command.script:
                self._script(command.script, number)
                continue
            module = command.program.removeprefix("python -m ")
            if module != command.program:
                if not self.module_there(module, number):
                    return False
                continue
            alone = error if shell else "FileNotFoundError"
            if command.program and not self.machine.program(command.program, error=alone):
                if shell:
                    return False
                self._raise("FileNotFoundError", number)
            if command.host:
                self.download(command.host, number)
            if not self._modules(command, number, error):
                return False
        return True

    def module_there(self, module: str, line: int) -> bool:
        """Whether a module that is run with `python -m` is there."""
        del module, line
        return True

    def _script(self, script: str, number: int) -> None:
        """A script of the sdist's own; a configure looks for a compiler before anything else."""
        self.scripts.setdefault(script, self.where(number))
        name = script.rpartition("/")[2]
        if name not in ("configure", "Configure", "config"):
            return
        # config.status runs make for the fragments of dependency tracking (automake >= 1.16.2)
        for subject in ("dep:virtual/compiler/c", "program:make"):
            if not self.machine.has(subject, f"runs {script}", error="CalledProcessError"):
                self._raise("CalledProcessError", number)

    def _modules(self, command: Command, number: int, error: str) -> bool:
        if command.program == "pkg-config" and not command.complete:
            self.lost.setdefault(self.where(number), "which module it asks pkg-config for is computed")
        for module, wanted in command.modules:
            subject = f"pkg-config:{module}"
            if not self.machine.has(subject, f"pkg-config {module}", error=error):
                return False
            if not self._new_enough(subject, wanted, number):
                return False
        return True

    def _new_enough(self, subject: str, wanted: SpecifierSet, number: int) -> bool:
        """Whether it is there in such a version: machines have new ones, unless they are imagined old."""
        for one in wanted:
            least = self.machine.at_least(subject, one.version, self.where(number))
            if least is (one.operator in ("<", "<=")):
                return False
        return True

    def _find(self, arguments: list[Value], keywords: Table) -> Value:
        name = render(arguments[0]) if arguments else None
        path = arguments[1] if len(arguments) > 1 and not isinstance(arguments[1], int) else None
        path = keywords.items.get("path", path)
        if name is None:
            return Unknown(0, "a program whose name is not known")
        if name.startswith("/"):
            return name if self.machine.path(name) else None
        if isinstance(path, str) and "/usr/bin" not in path.split(":"):
            return None
        return f"/usr/bin/{name}" if self.machine.program(name) else None

    # pkg-config, by the distribution of that name (https://github.com/matze/pkgconfig) ---------------

    def _pkgconfig(self, last: str, arguments: list[Value], node: ast.Call) -> Value:
        asked = arguments[1] if last == "configure_extension" and len(arguments) > 1 else None
        asked = asked if asked is not None else arguments[0] if arguments else None
        words = as_list(asked) if not isinstance(asked, str) else [asked]
        text = " ".join(word for word in words or () if isinstance(word, str))
        raises = last not in ("exists", "installed")
        if not self.machine.program("pkg-config", error="OSError"):
            self._raise("OSError", node.lineno)
        modules = module_words(text)
        if not modules:
            self.lost.setdefault(self.where(node.lineno), "which module it asks pkg-config for is computed")
        version = arguments[1] if last == "installed" and len(arguments) > 1 else ""
        wanted = module_words(f"x {version}")[0][1] if isinstance(version, str) and version else None
        for module, specifier in modules:
            subject = f"pkg-config:{module}"
            there = self.machine.has(
                subject, f"pkg-config {module}", error="PackageNotFoundError" if raises else ""
            )
            there = there and self._new_enough(subject, wanted or specifier, node.lineno)
            if not there and raises:
                self._raise("PackageNotFoundError", node.lineno)
            if not there:
                return False
        if not raises:
            return True
        subject = f"pkg-config:{modules[0][0]}" if modules else ""
        printed = Printed(node.lineno, "what pkg-config says", subject)
        if last in ("parse", "variables"):
            lists = ("include_dirs", "library_dirs", "libraries", "define_macros", "extra_link_args")
            return (
                Table({key: Items([printed]) for key in lists}, None)
                if last == "parse"
                else Table({}, printed)
            )
        return None if last == "configure_extension" else printed

    def process_method(self, target: Method, node: ast.Call) -> Value:
        """A method of what `subprocess.Popen` or `os.popen` gave."""
        attributes = target.owner.attributes
        if target.name == "communicate":
            return (attributes["stdout"], attributes["stderr"])
        if target.name in ("wait", "poll", "close", "check_returncode"):
            return attributes["returncode"]
        if target.name in ("read", "readline"):
            return attributes["stdout"]
        return Unknown(node.lineno, f"`{target.name}()` of a program is not followed")
