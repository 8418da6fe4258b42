"""What a run reads from: the client, the indexes as a catalog, sdists, and what requirements name themselves.

Joins the edges for one run's settings; must not resolve, and prints nothing.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, BinaryIO

from planner.disk import cache_folder, read_local
from planner.errors import InputError
from planner.facts import Machine
from planner.request import World

if TYPE_CHECKING:
    from packaging.utils import NormalizedName
    from packaging.version import Version

    from planner.dists import Dist, Metadata, Refusal, SdistReading
    from planner.indexes.catalog import IndexCatalog
    from planner.indexes.client import Client
    from planner.inputs.localproject import LocalProject
    from planner.policy import Index
    from planner.reader import SdistReader
    from planner.roots import Sources
    from planner.settings import Settings

__all__ = ["Supply", "catalog_of", "client_of", "sdist_reader", "sources_of"]


class Supply:
    """The connections and index pages of a run, closed at its end; all its targets share them."""

    def __init__(self, world: World, say: Callable[[str], None], warn: Callable[[str], None]) -> None:
        self._world, self._say, self._warn = world, say, warn
        self._client: Client | None = None
        self._sdists = sdist_reader(world, warn)
        self._catalogs: dict[object, IndexCatalog] = {}

    def close(self) -> None:
        """End all connections, and the child that reads sdists."""
        self._sdists.close()
        if self._client is not None:
            self._client.close()

    def client(self, settings: Settings) -> Client:
        """The one of the first settings: targets differ in nothing that it heeds."""
        if self._client is None:
            self._client = client_of(settings, self._world)
        return self._client

    def catalog(
        self, settings: Settings, serve: Callable[[NormalizedName], tuple[Index, ...] | None]
    ) -> IndexCatalog:
        """The settings' indexes; what an earlier target read of them is there already."""
        key = (settings.indexes, settings.policy.index_strategy)
        known = self._catalogs.get(key)
        if known is not None:
            return known.rerouted(serve)
        made = catalog_of(
            settings,
            serve,
            client=self.client(settings),
            sdists=self._sdists,
            world=self._world,
            say=self._say,
            warn=self._warn,
        )
        self._catalogs[key] = made
        return made


def client_of(settings: Settings, world: World) -> Client:
    """The one that speaks to servers: proxies, certificates, credentials as the settings have them."""
    from planner.indexes.client import Client  # noqa: PLC0415
    from planner.indexes.network import Network  # noqa: PLC0415

    network = Network.from_environment(
        world.environ,
        cert=settings.text("cert"),
        proxy=settings.text("proxy"),
        offline=settings.flag("offline"),
    )
    hosts = frozenset(settings.trusted_hosts)
    keyring = settings.text("keyring-provider") != "disabled"
    http2 = settings.flag("http2")
    return Client(replace(network, trusted=hosts, keyring=keyring, http2=http2))


def catalog_of(
    settings: Settings,
    serve: Callable[[NormalizedName], tuple[Index, ...] | None],
    *,
    client: Client,
    sdists: SdistReader,
    world: World,
    say: Callable[[str], None],
    warn: Callable[[str], None],
) -> IndexCatalog:
    """The indexes of the settings, but for projects for which `serve` names others."""
    from planner.indexes.cache import Cache  # noqa: PLC0415
    from planner.indexes.catalog import IndexCatalog  # noqa: PLC0415
    from planner.routing import as_known  # noqa: PLC0415
    from planner.sdist import READER  # noqa: PLC0415

    folder = None if settings.flag("no-cache") else cache_folder(settings.text("cache-dir"), world.environ)
    return IndexCatalog(
        tuple(map(as_known, settings.indexes)),
        settings.policy.index_strategy,
        client=client,
        cache=Cache(folder, now=time.time, warn=warn),
        read_sdist=sdists.read,
        expect_sdist=sdists.expect,
        reader=READER,
        refresh=settings.flag("refresh"),
        serve=serve,
        progress=lambda counts: say(f"{counts.requests} requests, {counts.received >> 10} KiB"),
    )


def sdist_reader(world: World, warn: Callable[[str], None]) -> SdistReader:
    """What reads sdists, in a child process where there are many."""
    from planner.reader import SdistReader  # noqa: PLC0415
    from planner.sdist import READER  # noqa: PLC0415

    return SdistReader(_read_here, reader=READER, environ=world.environ, warn=warn)


def _read_here(
    filename: str,
    data: bytes | BinaryIO,
    project: NormalizedName,
    version: Version | None,
    markers: Mapping[str, str],
) -> SdistReading | Refusal:
    """`planner.sdist.reading.read_sdist` in this process, which need not import it otherwise (40 ms)."""
    from planner.sdist.reading import read_sdist  # noqa: PLC0415

    return read_sdist(filename, data, project, version, markers)


def sources_of(catalog: IndexCatalog, machine: Machine, *, folder: str) -> Sources:
    """How what requirements name is read, joined for `planner.roots`."""
    from planner.dists import Reason, Refusal, Wheel  # noqa: PLC0415
    from planner.inputs.localproject import read_project_tree  # noqa: PLC0415
    from planner.inputs.reqlines import BadLine  # noqa: PLC0415
    from planner.roots import Sources  # noqa: PLC0415

    def direct(url: str, name: NormalizedName | None) -> Dist | Refusal:
        return catalog.direct(url, name, machine.markers)

    def metadata(dist: Dist) -> Metadata | SdistReading | Refusal:
        return catalog.metadata(dist) if isinstance(dist, Wheel) else catalog.sdist(dist, machine.markers)

    def archive(url: str, name: NormalizedName) -> SdistReading | Refusal:
        return catalog.archive(url, name, machine.markers)

    def tree(path: str) -> LocalProject | Refusal:
        try:
            return read_project_tree(read_local, os.path.exists, path)
        except (BadLine, InputError) as error:
            detail = error.what[:1].lower() + error.what[1:].rstrip(".")
            return Refusal(filename=path, reason=Reason.METADATA, detail=detail)

    def shown_path(path: str) -> str:
        relative = os.path.relpath(path, folder).replace(os.sep, "/")
        return relative if relative.startswith("..") else f"./{relative}"

    return Sources(direct=direct, metadata=metadata, archive=archive, tree=tree, shown_path=shown_path)
