"""How a run that read logs ends: what could not be read is said, and the exit code tells."""

from __future__ import annotations

import click

from logstats.errors import InputError
from logstats.jobs import Logs
from logstats.tally import Tally


def say_problems(logs: Logs) -> None:
    """Name every source that was not read whole, with the reason."""
    for problem in logs.problems:
        click.echo(f"logstats: {problem.source}: {problem.reason}", err=True)


def refuse_nothing(logs: Logs) -> None:
    """Stop before anything is written if no source could be read at all.

    Raises:
        InputError: Nothing was read; the reasons are said.
    """
    if logs.problems and not logs.sources_read:
        say_problems(logs)
        raise InputError("no log could be read; nothing was written")


def end_run(logs: Logs, lines: Tally, *, max_rejected: float | None, quiet: bool, verbose: bool) -> int:
    """Say what has to be said and return the exit code."""
    say_problems(logs)
    if verbose and not quiet:
        names = ", ".join(dict.fromkeys(format_.name for format_ in logs.found_formats))
        click.echo(f"logstats: format {names or 'unknown'}; {_account(lines)}", err=True)
    if logs.problems:
        return InputError.exit_code
    rejected = lines.rejected.total()
    if max_rejected is not None and rejected * 100 > max_rejected * lines.read:
        click.echo(
            f"logstats: {rejected:,} of {lines.read:,} lines rejected, more than {max_rejected:g} %", err=True
        )
        return 1
    return 0


def _account(lines: Tally) -> str:
    reasons = ", ".join(f"{reason} {count:,}" for reason, count in sorted(lines.rejected.items()))
    return (
        f"{lines.read:,} lines read = {lines.parsed:,} parsed + {lines.blank:,} blank + "
        f"{lines.rejected.total():,} rejected" + (f" ({reasons})" if reasons else "")
    )
