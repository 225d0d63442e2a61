"""Defaults of options from TOML files; a key that no option has is an error that names it.

    policy = "city.toml"        # for every command that has the option
    [report]
    site = ["www.example.org"]

A list stands for an option that may be given several times.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import click

from logstats.errors import UsageError

NAME: Final = "logstats.toml"
# What may stand above the tables, for every command that has the option.
COMMON: Final = frozenset(
    {"format", "policy", "tz", "quiet", "verbose", "geo", "site", "lang", "ledger", "top"}
)


class BadConfig(UsageError):
    """A configuration that cannot be read, or that says what no option means."""

    def __init__(self, path: Path, problem: str) -> None:
        super().__init__(f"{path}: {problem}")


def config_files(named: Path | None) -> Iterator[Path]:
    """Yield the files that are there, the weakest first: /etc, XDG, where we are, the one that is named."""
    home = os.environ.get("XDG_CONFIG_HOME") or "~/.config"
    for path in (Path("/etc/logstats") / NAME, Path(home).expanduser() / "logstats" / NAME, Path(NAME)):
        if path.is_file():
            yield path
    if named is not None:
        yield named


def read_defaults(
    paths: Iterable[Path], command: click.Command, name: str, known: frozenset[str]
) -> dict[str, Any]:
    """Return the defaults of a command's parameters, for `default_map` of click.

    Args:
        paths: The weakest first; a stronger file takes the place of what a weaker one says.
        command: Whose options.
        name: Its name, that of its table.
        known: Names of all commands; a table of any other name is an error.

    Raises:
        BadConfig: A file cannot be read, or a key is not known.
    """
    options = dict(_options(command))
    found: dict[str, Any] = {}
    for path in paths:
        content = _load(path)
        for key, value in content.items():
            if isinstance(value, dict):
                if key not in known:
                    raise BadConfig(path, f"{key}: there is no such command")
            elif key not in COMMON:
                raise BadConfig(path, f"{key}: no key for all commands; put it under the table of one")
            elif key in options:
                found[options[key]] = value
        own = content.get(name, {})
        unknown = sorted(own.keys() - options.keys())
        if unknown:
            raise BadConfig(
                path, f"{name}.{unknown[0]}: no option of this name; see `logstats {name} --help`"
            )
        found |= {options[key]: value for key, value in own.items()}
    return found


def _options(command: click.Command) -> Iterator[tuple[str, str]]:
    """Yield the name of each option as it is typed, and that of its parameter."""
    for param in command.params:
        if isinstance(param, click.Option) and not param.hidden and param.name is not None:
            for word in param.opts:
                if word.startswith("--"):
                    yield word.removeprefix("--"), param.name


def _load(path: Path) -> Mapping[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise BadConfig(path, f"cannot be read ({error.strerror})") from None
    except UnicodeDecodeError:
        raise BadConfig(path, "is not UTF-8") from None
    except tomllib.TOMLDecodeError:
        # Its message quotes the file, which may be a log that was named by mistake.
        raise BadConfig(path, "is no TOML") from None
