"""Every setting with its value and its origin, from the command line down to uv's files; fetches nothing.

Precedence, the strongest first: command line, `WHEELPLAN_*`, wheelplan.toml or `[tool.wheelplan]`, pip's
(`PIP_*`, pip.conf), uv's (`UV_*`, uv.toml, `[tool.uv]`). Option lines of requirement files come on top, as in
pip: `with_inputs`.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from planner.config.merge import Setting, added_up, is_on, items_of, placed, policy_of, values_of
from planner.config.ours import read_command_line, read_environment, read_file
from planner.config.ourtables import Tables
from planner.config.pipconf import read_pip
from planner.config.places import Places, absolute, once, trusted
from planner.config.uvconf import Documents, read_uv
from planner.config.words import IndexWord, Layer, Value
from planner.errors import UsageError
from planner.policy import Index, Policy
from planner.urls import redacted
from planner.wanted import FileOptions, Inputs, Note, fold_names

__all__ = ["Setting", "Settings", "default_index", "read_settings", "with_inputs"]

# Read, as other tools' files have them, and of no effect on a check yet: said rather than passed over.
_UNHEEDED = ("client-cert",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """All settings of a run. `indexes` are those to ask, in order; its parts tell which words named them.

    `named` are uv's `--index`, `extra` pip's `--extra-index-url`, `default` the default index (None with
    `--no-index`), `links` the find-links; `explicit` serve only what is pinned to them (`Wanted.index`).
    `values` holds every setting by name, also those that only one command heeds (`get`); `tables` is what our
    own file has beside them: reasons of allowed builds, levels of codes, targets.
    """

    policy: Policy
    named: tuple[Index, ...] = ()
    extra: tuple[Index, ...] = ()
    default: Index | None = None
    links: tuple[Index, ...] = ()
    explicit: tuple[Index, ...] = ()
    constraints: tuple[str, ...] = ()
    build_constraints: tuple[str, ...] = ()
    trusted_hosts: tuple[str, ...] = ()
    timeout: float | None = None
    values: tuple[tuple[str, Setting], ...] = ()
    tables: Tables = Tables()  # noqa: RUF009 (deeply frozen)
    notes: tuple[Note, ...] = ()

    @property
    def indexes(self) -> tuple[Index, ...]:
        """The indexes in the order in which they are asked: named, extra, default; then the find-links.

        As uv's `first-index`: an extra index comes before the default one, so that what a private index
        serves is never taken from the public one.
        """
        default = (self.default,) if self.default else ()
        simple = {index.url.rstrip("/"): index for index in reversed((*self.named, *self.extra, *default))}
        return (*reversed(simple.values()), *self.links)

    def get(self, name: str) -> Setting | None:
        """The setting of that name (`torch-backend`), when any source gives it."""
        return next((setting for known, setting in self.values if known == name), None)

    def text(self, name: str, otherwise: str = "") -> str:
        """The setting's text, else `otherwise`."""
        setting = self.get(name)
        return setting.value if setting and isinstance(setting.value, str) else otherwise

    def flag(self, name: str) -> bool:
        """Whether the setting is on."""
        setting = self.get(name)
        return setting is not None and setting.value is True

    def items(self, name: str) -> tuple[str, ...]:
        """The setting's list, else ()."""
        setting = self.get(name)
        return setting.value if setting and isinstance(setting.value, tuple) else ()

    @property
    def origins(self) -> tuple[tuple[str, str, str], ...]:
        """(setting, its value without credentials, where it comes from), for `-v`."""
        said = [(name, _shown(setting.value), setting.origin) for name, setting in self.values]
        return (*said, *(("index", index.shown, index.origin) for index in (*self.indexes, *self.explicit)))


def default_index() -> str:
    """The address of the default index: pip's own, read from pip (its host is written nowhere here)."""
    try:
        from pip._internal.models.index import PyPI  # noqa: PLC0415 -- only where no setting names one
    except ImportError:
        raise UsageError(
            "No index is set, and pip, which knows the default one, is not installed here.",
            where="index-url",
            hint="Write --index-url URL, or install pip beside wheelplan.",
        ) from None
    return str(PyPI.simple_url)


def read_settings(
    overrides: Mapping[str, Any],
    *,
    environ: Mapping[str, str],
    cwd: str,
    read: Callable[[str], bytes],
    now: datetime,
    platform: str = sys.platform,
    prefix: str = "",
    target: str = "",
) -> Settings:
    """All settings of a run.

    `overrides` are the command line's, by long name (`index-url` or `index_url`), None where not said; `read`
    gives a file's bytes or raises `OSError`; `now` (aware) is what durations count from; `prefix` is the
    environment whose pip.conf counts (else `VIRTUAL_ENV`, `CONDA_PREFIX`, the running one). What `target`
    says, one that our own file has, comes right after the command line.
    Raises `UsageError`, with the setting's origin, for what is not understood.
    """
    prefix = prefix or environ.get("VIRTUAL_ENV") or environ.get("CONDA_PREFIX") or sys.prefix
    documents = Documents(read)
    pip = read_pip(environ, read, platform=platform, prefix=prefix)
    uv = read_uv(environ, documents, cwd=cwd, platform=platform)
    file, tables = read_file(environ, documents, cwd=cwd)
    chosen = Layer(said=list(tables.target(target).said) if target else [])
    layers = [
        read_command_line(overrides), chosen, read_environment(environ), file, pip, added_up(uv),
    ]  # fmt: skip
    values = values_of(layers)
    places = Places(cwd=cwd, environ=environ)
    notes = tuple(Note(where=where, text=text) for layer in layers for where, text in layer.notes)
    notes += tuple(
        Note(where=values[name].origin, text=f"This version of wheelplan does not heed `{name}`.")
        for name in _UNHEEDED
        if name in values
    )
    timeout = values.get("timeout")
    settings = Settings(
        policy=replace(policy_of(layers, values, now), build_reasons=tables.reasons),
        constraints=tuple(absolute(path, cwd) for path in items_of(values, "constraint")),
        build_constraints=tuple(absolute(path, cwd) for path in items_of(values, "build-constraint")),
        trusted_hosts=items_of(values, "trusted-host"),
        timeout=timeout.value if timeout and isinstance(timeout.value, float) else None,
        values=tuple(values.items()),
        tables=tables,
        notes=notes,
    )
    return _with_indexes(settings, layers, values, places)


def _with_indexes(
    settings: Settings, layers: Sequence[Layer], values: Mapping[str, Setting], places: Places
) -> Settings:
    words = [word for layer in layers for word in layer.indexes]
    links = _placed(layers, "find-links", places)
    if is_on(values, "no-index"):
        return _trusting(replace(settings, links=links), settings.trusted_hosts)
    default = next((word for word in words if word.default), None)
    for layer in reversed(layers):  # the strongest source that names one has the last say
        said = layer.first("default-index") or layer.first("index-url")
        own = next((word for word in layer.indexes if word.default), None)
        if said and said.value:
            default = IndexWord(url=str(said.value), origin=said.origin)
        elif own:
            default = own
    if default is None:
        default = IndexWord(url=default_index(), origin="pip's own default")
    named = once(places.index(word) for word in words if not word.default and not word.explicit)
    explicit = once(places.index(word) for word in words if word.explicit and not word.default)
    settings = replace(
        settings,
        named=named,
        extra=_placed(layers, "extra-index-url", places),
        default=places.index(default),
        links=links,
        explicit=explicit,
    )
    return _trusting(settings, settings.trusted_hosts)


def _placed(layers: Sequence[Layer], name: str, places: Places) -> tuple[Index, ...]:
    words = (IndexWord(url=url, origin=origin) for url, origin in placed(layers, name))
    return once(places.index(word, links=name == "find-links") for word in words)


def _trusting(settings: Settings, hosts: Iterable[str]) -> Settings:
    known = tuple(hosts)

    def marked(indexes: Iterable[Index]) -> tuple[Index, ...]:
        return tuple(trusted(index, known) for index in indexes)

    return replace(
        settings,
        trusted_hosts=known,
        named=marked(settings.named),
        extra=marked(settings.extra),
        default=trusted(settings.default, known) if settings.default else None,
        links=marked(settings.links),
        explicit=marked(settings.explicit),
    )


def with_inputs(settings: Settings, inputs: Inputs) -> Settings:
    """The settings after the option lines of the inputs, by pip's rules.

    `-i` replaces the default index and every `--extra-index-url` said before it (uv's named indexes stay),
    `--extra-index-url` adds, `--no-index` takes all away but the find-links.
    """
    options = inputs.options
    places = Places(cwd="", environ={})
    origin = {name: where for name, _, where in options.origins}
    links = once(
        (
            *settings.links,
            *(
                places.index(IndexWord(url=url, origin=origin.get("find-links", "")), links=True)
                for url in options.find_links
            ),
        )
    )
    settings = replace(settings, links=links, policy=_policy_with(settings, inputs))
    if options.no_index:
        settings = replace(settings, named=(), extra=(), default=None, explicit=())
    elif settings.default is not None:  # `--no-index` of the command line holds
        settings = _indexes_with(settings, options, places, origin)
    return _trusting(settings, dict.fromkeys((*settings.trusted_hosts, *options.trusted_hosts)))


def _indexes_with(
    settings: Settings, options: FileOptions, places: Places, origin: Mapping[str, str]
) -> Settings:
    extra, default = settings.extra, settings.default
    if options.index_url is not None:
        default = places.index(IndexWord(url=options.index_url, origin=origin.get("index-url", "")))
        extra = ()
    where = origin.get("extra-index-url", "")
    extra = once(
        (*extra, *(places.index(IndexWord(url=url, origin=where)) for url in options.extra_index_urls))
    )
    words = [
        IndexWord(url=url, name=name, explicit=explicit, origin="[[tool.uv.index]] of the project")
        for name, url, explicit in options.indexes
    ]
    named = once((*settings.named, *(places.index(word) for word in words if not word.explicit)))
    explicit = once((*settings.explicit, *(places.index(word) for word in words if word.explicit)))
    return replace(settings, extra=extra, default=default, named=named, explicit=explicit)


def _policy_with(settings: Settings, inputs: Inputs) -> Policy:
    options, policy = inputs.options, settings.policy
    only_binary, no_binary = fold_names(
        "only-binary", "no-binary", options.format_words, (policy.only_binary, policy.no_binary)
    )
    all_releases, only_final = fold_names(
        "all-releases", "only-final", options.release_words, (policy.all_releases, policy.only_final)
    )
    hashed = options.require_hashes or (
        options.hashed and not options.no_require_hashes and not settings.flag("no-require-hashes")
    )
    return replace(
        policy,
        only_binary=only_binary,
        no_binary=no_binary,
        all_releases=all_releases,
        only_final=only_final,
        prefer_binary=policy.prefer_binary or options.prefer_binary,
        require_hashes=policy.require_hashes or hashed,
    )


def _shown(value: Value) -> str:
    if isinstance(value, tuple):
        return " ".join(redacted(item) for item in value)
    return redacted(str(value)) if not isinstance(value, bool) else str(value).lower()
