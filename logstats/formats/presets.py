"""The formats we ship, each a TOML file with its source, the date it was checked, and samples."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any, Final

from logstats.errors import UsageError
from logstats.formats.compiled import compile_layout
from logstats.formats.delimited import follow
from logstats.formats.model import Escape, Field, Format, Kind

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

_SUFFIX: Final = ".toml"
# Behind it there is nothing else. Half of what takes time to read is samples.
_SAMPLE: Final = "\n[[sample]]\n"


@cache
def _folder() -> Traversable:
    return resources.files("logstats.formats")


@cache
def names() -> tuple[str, ...]:
    """Return the names of all presets, in alphabetical order."""
    files = _folder().iterdir()
    return tuple(sorted(file.name.removesuffix(_SUFFIX) for file in files if file.name.endswith(_SUFFIX)))


@cache
def preset(name: str) -> Format:
    """Return a preset by its name.

    Raises:
        UsageError: There is none of this name.
    """
    if name not in names():
        raise UsageError(f"there is no format {name}; see `logstats formats list`")
    text = _folder().joinpath(name + _SUFFIX).read_text("utf-8")
    head, mark, samples = text.partition(_SAMPLE)
    return from_table(tomllib.loads(head), mark + samples)


@cache
def all_presets() -> tuple[Format, ...]:
    """Return every preset, in alphabetical order."""
    return tuple(preset(name) for name in names())


def from_table(table: dict[str, Any], samples: str = "") -> Format:
    """Return the format that a TOML table describes, with its samples as TOML."""
    kind = Kind(table.get("kind", Kind.TEXT))
    header = follow(table["header"]) if "header" in table else None
    if header is not None:
        tokens = header.tokens
    elif kind is Kind.TEXT:
        tokens = compile_layout(
            table["layout"], quoted=False, dialect=table.get("dialect"), escape=table.get("escape")
        ).tokens
    else:
        tokens = tuple(_named(name, spec) for name, spec in table.get("fields", {}).items())
    return Format(
        name=table["name"],
        title=table["title"],
        kind=kind,
        tokens=tokens,
        layout=table.get("layout", ""),
        source=table["source"],
        checked=table["checked"],
        written_samples=samples,
        siblings=tuple(table.get("siblings", ())),
        header=table.get("header", ""),
        detected=table.get("detect", True),
        requires=tuple(table.get("requires", ())),
    )


def _named(name: str, spec: str) -> Field:
    """Return the field of `"request.uri" = "path:target"`, or `":word"` for one read over."""
    column, _, type_ = spec.partition(":")
    type_, _, escape = type_.partition("|")
    return Field(name, type_ or "text", column or None, Escape(escape) if escape else Escape.NONE)
