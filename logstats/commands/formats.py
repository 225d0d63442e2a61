"""`logstats formats`: what a log may look like, shown, found and read from a server's configuration."""

from __future__ import annotations

import click

from logstats import formats as known
from logstats.errors import InputError, UnknownFormat, UsageError
from logstats.lines import decode_line, split_lines
from logstats.read import BlockSize, Problem, looks_binary, read_blocks
from logstats.recognize import FIRST_BYTES, FIRST_LINES, NO_TEXT
from logstats.sources import Source


@click.group()
def formats() -> None:
    """Show log formats, find the one of a file, or take it from a server's configuration."""


@formats.command("list")
def list_command() -> None:
    """List the built-in formats."""
    width = max(map(len, known.names()))
    for preset in known.all_presets():
        click.echo(f"{preset.name:<{width}}  {preset.title}")


@formats.command("show")
@click.argument("name", metavar="NAME|LAYOUT")
def show_command(name: str) -> None:
    """Print what a format reads: each field, its type, the column it fills."""
    found = known.load(name)
    click.echo(f"{found.name}: {found.title}")
    for label, text in (("layout", found.layout), ("header", found.header), ("source", found.source)):
        if text:
            click.echo(f"{label}: {text}")
    for field in found.fields:
        click.echo(f"  {field.name:<32} {field.type:<16} {field.column or '(read over)'}")


@formats.command("detect")
@click.argument("files", metavar="FILE...", nargs=-1, required=True)
def detect_command(files: tuple[str, ...]) -> None:
    """Say which format the first lines of each FILE have, and where others break.

    A line is shown by its shape only: letters as a, digits as 9.
    """
    unknown = 0
    for name in files:
        lines = _first_lines(name)
        if not any(line.strip() for line in lines):
            raise InputError(f"{name}: has no lines yet")
        verdict = known.detect_format(lines)
        unknown += verdict.format is None
        for number, text in enumerate(known.explain(verdict, lines)):
            click.echo(f"{name}: {text}" if number == 0 else f"  {text}")
    if unknown:
        raise UnknownFormat(files[0] if len(files) == 1 else f"{unknown} files", len(known.all_presets()))


@formats.command("from")
@click.argument("config", metavar="CONFIG")
@click.argument("name", metavar="[NAME]", required=False)
def from_command(config: str, name: str | None) -> None:
    """Print the formats that an nginx or Apache CONFIG names, ready for --format."""
    found = known.read_config(config)
    if not found:
        raise UsageError(f"{config}: has no log_format and no LogFormat")
    if name is not None and name not in found:
        raise UsageError(f"{config}: has no format {name}; it has {', '.join(found)}")
    for nickname, format_ in found.items():
        if name is None:
            click.echo(f"{nickname}: {format_.layout}")
        elif name == nickname:
            click.echo(format_.layout)


def _first_lines(name: str) -> list[str]:
    for block in read_blocks(Source(name), block_size=BlockSize.of(FIRST_BYTES)):
        if isinstance(block, Problem):
            raise InputError(f"{block.source}: {block.reason}")
        if looks_binary(block.data):
            raise InputError(f"{name}: {NO_TEXT}")
        return [decode_line(line) for line in split_lines(block.data)[:FIRST_LINES]]
    return []
