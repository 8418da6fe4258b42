"""Built-in functions that concern objects (`super`, `getattr`, `isinstance`); must follow nothing itself."""

from __future__ import annotations

import ast

from planner.sdist.rehearsal.classes import Classes
from planner.sdist.rehearsal.objects import Call, Class, Instance, Super, is_object, lineage
from planner.sdist.values import Extension, Items, Module, Place, Table, Unknown, Value, as_list

__all__ = ["ObjectFunctions"]

_PLAIN_TYPES = {kind.__name__: kind for kind in (str, bytes, int, bool, float, tuple)}


class ObjectFunctions(Classes):
    """Answers built-in functions about classes and objects."""

    def _builtin(self, name: str, arguments: list[Value], node: ast.Call) -> Value:
        method = getattr(self, f"_builtin_{name}", None)
        if method is not None and (arguments or name in ("super", "globals", "locals", "vars")):
            return method(Call(None, arguments, Table(), node))
        return super()._builtin(name, arguments, node)

    def _builtin_super(self, call: Call) -> Value:
        function = self._calls[-1] if self._calls else None
        home = call.arguments[0] if call.arguments else self._homes.get(id(function))
        owner: Value = call.arguments[1] if len(call.arguments) > 1 else NotImplemented
        if owner is NotImplemented and isinstance(function, ast.FunctionDef):
            parameters = [*function.args.posonlyargs, *function.args.args]
            owner = self.scope.names.get(parameters[0].arg, NotImplemented) if parameters else NotImplemented
        if not isinstance(home, Class) or owner is NotImplemented:
            return Unknown(call.node.lineno, "`super()` of something that is not known")
        return Super(owner, home)

    def _builtin_getattr(self, call: Call) -> Value:
        owner, name = (*call.arguments, None, None)[:2]
        if not isinstance(name, str):
            return Unknown(call.node.lineno, "an attribute whose name is not known")
        value = self._attribute_named(owner, name, call.node)
        known = self._builtin_hasattr(Call(None, [owner, name], Table(), call.node))
        if len(call.arguments) > 2 and known is not True:
            fallback = call.arguments[2]
            return fallback if known is False or not isinstance(value, Module) else value
        return value

    def _attribute_named(self, owner: Value, name: str, node: ast.Call) -> Value:
        if isinstance(owner, Extension) and owner.attributes is not None:
            return owner.attributes.items.get(name, NotImplemented)
        if is_object(owner):
            found = self.member(owner, name, node)
            return Unknown(node.lineno, f"`{name}` is not known") if found is NotImplemented else found
        return self._dotted(f"{owner.name}.{name}") if isinstance(owner, Module) else NotImplemented

    def _builtin_hasattr(self, call: Call) -> Value:
        owner, name = (*call.arguments, None, None)[:2]
        if isinstance(owner, Module) and owner.name == "sys" and isinstance(name, str):
            absent = (
                "pypy",
                "getwindows",
                "gettotalrefcount",
                "real_prefix",
                "frozen",
                "_MEI",
                "winver",
                "setup",
            )
            hidden = name.startswith("_") and name not in ("_getframe", "_xoptions", "_git", "_framework")
            return not hidden and not name.startswith(absent)
        if isinstance(owner, Extension) and owner.attributes is not None:
            return name in owner.attributes.items
        if isinstance(owner, Instance) and owner.kind == "ffi":
            return name in ("cdef", "set_source", "compile", "include", "dlopen")
        if isinstance(owner, Instance) and owner.kind == "libc":
            return True  # what a file asks for has been there for long
        if not is_object(owner) or not isinstance(name, str):
            return NotImplemented
        if self.member(owner, name, call.node) is not NotImplemented:
            return True
        foreign = owner.kind if isinstance(owner, Instance) else "?"
        return NotImplemented if foreign else False

    def _builtin_setattr(self, call: Call) -> Value:
        if len(call.arguments) == 3 and isinstance(call.arguments[1], str):
            self.assign(call.arguments[0], call.arguments[1], call.arguments[2])
        return None

    def _builtin_isinstance(self, call: Call) -> Value:
        value, wanted = (*call.arguments, None)[:2]
        if isinstance(value, Unknown):
            return NotImplemented
        answers = [_is_a(value, one) for one in (wanted if isinstance(wanted, tuple) else (wanted,))]
        return True if True in answers else NotImplemented if None in answers else False

    def _builtin_dir(self, call: Call) -> Value:
        owner = call.arguments[0]
        kind = owner.type if isinstance(owner, Instance) else owner
        if not isinstance(kind, Class) or (isinstance(owner, Instance) and owner.kind):
            return NotImplemented
        own = owner.attributes if isinstance(owner, Instance) else {}
        names = {*own, *(name for one in lineage(kind) for name in one.attributes)}
        return Items(sorted(names))

    def _builtin_print(self, _: Call) -> Value:
        return None

    def _builtin_globals(self, _: Call) -> Value:
        scope = self.scope
        while scope.parent is not None:
            scope = scope.parent
        return Table(dict(scope.names))

    def _builtin_dict(self, call: Call) -> Value:
        pairs = self.items_of(call.arguments[0]) if not isinstance(call.arguments[0], Table) else None
        made = super()._builtin("dict", call.arguments, call.node)
        if pairs is None or not isinstance(made, Table):
            return made
        if all(
            isinstance(pair, tuple) and len(pair) == 2 and isinstance(pair[0], (str, int)) for pair in pairs
        ):
            return Table({**dict(pairs), **made.items})
        return made

    def _builtin_sum(self, call: Call) -> Value:
        lists = [as_list(item) for item in self.items_of(call.arguments[0]) or ()]
        if len(call.arguments) < 2 or None in lists:
            return NotImplemented
        return Items([item for one in lists for item in one or ()])


def _is_a(value: Value, wanted: Value) -> bool | None:
    if isinstance(wanted, Class):
        if isinstance(value, Instance):
            return value.type is not None and wanted in list(lineage(value.type))
        return False if isinstance(value, (str, int, Items, Table, tuple)) else None
    if not isinstance(wanted, Module):
        return None
    name = wanted.name.rpartition(".")[2]
    if name.endswith("Extension"):
        made = isinstance(value, Extension) or (
            isinstance(value, Instance) and value.kind.endswith("Extension")
        )
        return None if made and name != "Extension" else made
    if name in _PLAIN_TYPES:
        return isinstance(value, _PLAIN_TYPES[name])
    if name in ("list", "set"):
        return isinstance(value, Items) and value.kind == name
    if name in ("dict", "Mapping", "MutableMapping"):
        return isinstance(value, Table)
    if name in ("Path", "PurePath", "PathLike"):
        return isinstance(value, Place)
    return False if value is None else None
