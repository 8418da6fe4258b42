"""Option lines of requirements files, added up by pip's rules; knows options only and must not read files."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from planner.inputs.reqlines import Options
from planner.urls import redacted, shortened
from planner.wanted import FileOptions

__all__ = ["OptionLines", "ignored_in"]

_FLAGS = ("prefer-binary", "require-hashes", "no-require-hashes")


@dataclass(slots=True)
class OptionLines:
    """What the option lines of all files said up to now; each line is taken in its turn."""

    index_url: str | None = None
    extra_index_urls: list[str] = field(default_factory=list)
    no_index: bool = False
    find_links: list[str] = field(default_factory=list)
    trusted_hosts: list[str] = field(default_factory=list)
    format_words: list[tuple[str, str]] = field(default_factory=list)
    release_words: list[tuple[str, str]] = field(default_factory=list)
    indexes: list[tuple[str, str, bool]] = field(default_factory=list)
    flags: set[str] = field(default_factory=set)
    hashed: bool = False
    origins: list[tuple[str, str, str]] = field(default_factory=list)

    def options(self) -> FileOptions:
        """What is in effect at the end, as a value."""
        return FileOptions(
            index_url=self.index_url,
            extra_index_urls=tuple(self.extra_index_urls),
            no_index=self.no_index,
            find_links=tuple(self.find_links),
            trusted_hosts=tuple(self.trusted_hosts),
            format_words=tuple(self.format_words),
            release_words=tuple(self.release_words),
            indexes=tuple(dict.fromkeys(self.indexes)),
            prefer_binary="prefer-binary" in self.flags,
            hashed=self.hashed,
            require_hashes="require-hashes" in self.flags,
            no_require_hashes="no-require-hashes" in self.flags,
            origins=tuple(self.origins),
        )

    def take_words(self, options: Options) -> None:
        """Take the words that pip heeds on any line, a requirement's too: it acts while it reads."""
        self.format_words += [word for word in options.said if word[0] in ("only-binary", "no-binary")]
        self.release_words += [said for said in options.said if said[0] in ("all-releases", "only-final")]

    def take(self, options: Options, where: str, find_links: Callable[[str], str]) -> None:
        """Take a line of options alone, in pip's order: `-i` clears what stood before, `--no-index` all."""
        if options.all("no-index"):
            self.no_index, self.index_url, self.extra_index_urls = True, None, []
        if not self.no_index:
            for url in options.all("index-url")[-1:]:
                if url:
                    self.index_url, self.extra_index_urls = url, []
            self.extra_index_urls += options.all("extra-index-url")
        if options.all("find-links"):
            self.find_links.append(find_links(options.all("find-links")[0]))
        self.trusted_hosts += options.all("trusted-host")
        self.release_words += [("all-releases", ":pre:") for _ in options.all("pre")]
        self.flags |= {flag for flag in _FLAGS if options.all(flag)}
        for option, value in options.said:
            if option not in ("hash", "config-settings", "use-feature"):
                self.origins.append((option, redacted(value) or "true", where))


def ignored_in(options: Options) -> Iterator[str]:
    """Sentences on what pip ignores in a line of options alone."""
    if options.all("hash"):
        yield "--hash stands on a line without a requirement; pip ignores it."
    if options.ignored:
        rest = shortened(" ".join(options.ignored), 80)
        yield f"`{rest}` follows an option and has no effect; pip ignores it."
    for option in ("find-links", "index-url"):
        values = options.all(option)
        if len(values) > 1:
            kept = values[0] if option == "find-links" else values[-1]
            yield f"Of several --{option} on one line only `{kept}` counts, as in pip."
