"""Where the values of JSON lines stand: found in a few lines, checked in all."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import polars as pl

from logstats.formats import Field, Format
from logstats.formats.json_lines import fold

Path = tuple[str, ...]

# Lines whose names are looked at: the first ones and some from all over the block.
_LOOKED_AT: Final = 64
_DEEPEST: Final = 8


@dataclass(frozen=True, slots=True)
class Found:
    """A field of the format at its place in the objects of a log."""

    field: Field
    path: Path
    in_list: bool

    @property
    def name(self) -> str:
        """The name of its column in the frame of texts."""
        return "\x1f".join(self.path)


def folded(path: Path) -> str:
    """Return a name as it is compared."""
    return ".".join(map(fold, path))


def sample_objects(lines: list[bytes]) -> list[object]:
    """Return some of the lines as what JSON says: the first ones, and some from all over."""
    step = max(1, len(lines) // _LOOKED_AT)
    objects: list[object] = []
    for line in (*lines[:_LOOKED_AT], *lines[::step]):
        try:
            objects.append(json.loads(line))
        except (ValueError, RecursionError):
            continue
    return objects


def find_names(objects: list[object], format_: Format) -> tuple[list[Found], frozenset[str]]:
    """Return the fields of the format that the objects have, and all other names in them, folded."""
    paths: dict[Path, set[bool]] = {}
    for one in objects:
        for path, in_list in _paths(one, (), 0):
            paths.setdefault(path, set()).add(in_list)
    by_name: dict[str, list[Path]] = {}
    for path in paths:
        by_name.setdefault(folded(path), []).append(path)
    found: list[Found] = []
    for one_field in format_.fields:
        name = ".".join(fold(part) for part in one_field.name.split("."))
        places = by_name.get(name) or by_name.get(fold(one_field.name)) or []
        # A name in two spellings, or once with a list and once without, is for the exact parser.
        if len(places) == 1 and len(paths[places[0]]) == 1 and one_field.column is not None:
            found.append(Found(one_field, places[0], paths[places[0]] == {True}))
    known = {one.path for one in found}
    return found, frozenset(fold(path[-1]) for path in paths if path not in known)


def _paths(value: object, path: Path, depth: int) -> Iterator[tuple[Path, bool]]:
    if isinstance(value, dict) and depth < _DEEPEST:
        for name, inner in value.items():
            yield from _paths(inner, (*path, name), depth + 1)
    elif isinstance(value, list):
        if value and isinstance(value[0], str | int | float) and path:
            yield path, True
    elif value is not None and not isinstance(value, dict):
        yield path, False


def types_of(found: list[Found]) -> dict[str, pl.DataType]:
    """Return the types as which polars is to read the objects: text at the places of the fields."""
    tree: dict[str, object] = {}
    for one in found:
        node = tree
        for name in one.path[:-1]:
            inner = node.setdefault(name, {})
            node = inner if isinstance(inner, dict) else {}
        node[one.path[-1]] = pl.List(pl.String()) if one.in_list else pl.String()
    return {name: _type(inner) for name, inner in tree.items()}


def _type(node: object) -> pl.DataType:
    if isinstance(node, dict):
        return pl.Struct([pl.Field(name, _type(inner)) for name, inner in node.items()])
    return node if isinstance(node, pl.DataType) else pl.String()


def has_unknown_names(
    lines: pl.Series, texts: pl.DataFrame, found: list[Found], format_: Format, elsewhere: frozenset[str]
) -> pl.Series:
    """Whether a line has a name that the format knows, at a place or in a spelling not looked at."""
    seen = {fold(one.path[-1]) for one in found}
    names = {one.name.split(".")[-1] for one in format_.fields}
    absent = {name for name in names if fold(name) not in seen | elsewhere}
    unknown = _names_any(lines, absent)
    for one in found:
        missing = texts[one.name].is_null().arg_true()
        if len(missing):
            told = _names_any(lines.gather(missing), {one.path[-1]})
            unknown = unknown.scatter(missing.filter(told), True)  # noqa: FBT003 - what is written there
    return unknown


def _names_any(lines: pl.Series, names: set[str]) -> pl.Series:
    """Whether each line has one of the names, in any of its usual spellings, case aside."""
    words = [_JOINTS.split(name) for name in names]
    spelled = {
        f'"{start}{joint.join(word)}"'
        for word in words
        for joint in ("", "_", "-", " ")
        for start in ("", "@")
    }
    if not spelled:
        return pl.repeat(value=False, n=len(lines), dtype=pl.Boolean, eager=True)
    return lines.str.contains_any(sorted(spelled), ascii_case_insensitive=True).fill_null(value=True)


_JOINTS: Final = re.compile(r"[_@: -]+")
