"""The click group, and the one place where an error becomes an exit code.

0 done · 1 a check failed · 2 usage or configuration · 3 input missing, unreadable or of
no known format · 4 store locked or broken · 70 a bug of ours · 130 interrupted
"""

from __future__ import annotations

import errno
import importlib
import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final, NoReturn

import click

from logstats import __version__
from logstats.errors import EXIT_INTERRUPTED, INTERRUPTED, LogstatsError, OutputError
from logstats.process import (
    COUNTING,
    REWRITING,
    heed_interrupts,
    heed_signals,
    keep_memory,
    protect_process,
)
from logstats.silence import place_of

if TYPE_CHECKING:
    from collections.abc import Sequence

EXIT_BUG: Final = 70

# command -> its module's attribute, and what --help says; nothing is imported before it is used.
COMMANDS: Final[dict[str, tuple[str, str]]] = {
    "report": ("logstats.commands.report:report", "Statistics of logs: terminal, JSON, CSV, HTML and more."),
    "anonymize": ("logstats.commands.anonymize:anonymize", "The same logs without personal data."),
    "formats": ("logstats.commands.formats:formats", "Log formats: list, show, detect."),
    "collect": ("logstats.commands.collect:collect", "New lines of logs into a store, each once."),
    "nightly": ("logstats.commands.nightly:nightly", "Collect, report, audit and forget: the cron line."),
    "forget": ("logstats.commands.store:forget", "Delete stored days that are older than promised."),
    "export": ("logstats.commands.store:export", "Stored days as text, for people and other stores."),
    "merge": ("logstats.commands.store:merge", "Stores of several machines into one."),
    "audit": ("logstats.commands.audit:audit", "Prove that files hold no personal data, whoever made them."),
    "policy": ("logstats.commands.policy:policy", "What is kept and shown: list, show, check, notice."),
}


class _LazyGroup(click.Group):
    """A group that imports a command when it is called, so that --help is quick."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's interface
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in COMMANDS:
            return None
        module, _, attribute = COMMANDS[cmd_name][0].partition(":")
        command = getattr(importlib.import_module(module), attribute)
        heed_interrupts()
        if not isinstance(command, click.Command):
            return None
        name_variables(command, cmd_name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])


def name_variables(command: click.Command, name: str) -> None:
    """Let every option be set by a variable named as it is typed.

    That is LOGSTATS_REPORT_TZ, or LOGSTATS_TZ for all commands. click alone would take the name
    of the parameter in the code, which is not always the option's.
    """
    for option in command.params:
        words = [word for word in option.opts if word.startswith("--")]
        if isinstance(option, click.Option) and words:
            typed = words[0].removeprefix("--").replace("-", "_").upper()
            option.envvar = [f"LOGSTATS_{name.upper()}_{typed}", f"LOGSTATS_{typed}"]


@click.group(
    cls=_LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(__version__, prog_name="logstats", message="%(prog)s %(version)s")
@click.option(
    "--config",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Defaults of options, in TOML. Else ./logstats.toml, then the user's, then /etc/logstats.",
)
@click.option("--no-config", is_flag=True, help="Read no file of defaults.")
@click.pass_context
def cli(ctx: click.Context, config: Path | None, *, no_config: bool) -> None:
    """Summary statistics of web-server logs that reveal no visitor.

    Logs are read plain or as gz, bz2, xz or zst; - is standard input. Nothing is sent anywhere.
    """
    name = ctx.invoked_subcommand or ""
    command = cli.get_command(ctx, name)
    if no_config or command is None:
        return
    from logstats.commands.config import config_files, read_defaults

    if files := list(config_files(config)):
        ctx.default_map = {name: read_defaults(files, command, name, frozenset(COMMANDS))}


def main(args: Sequence[str] | None = None) -> NoReturn:
    """Run the command line and exit with the code that tells how it went."""
    memory = REWRITING if "anonymize" in (sys.argv[1:] if args is None else args) else COUNTING
    protect_process(memory)
    keep_memory(memory)
    # A run that anonymizes a pipe has been told by `__main__` to go on.
    if signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
        heed_signals()
    code = _run(args)
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        _silence_stdout()
    except OSError as error:
        # What is left in the buffer would raise once more when the process ends.
        _silence_stdout()
        if code == 0:
            say(f"standard output: cannot be written ({error.strerror})")
            code = OutputError.exit_code
    sys.exit(code)


def _run(args: Sequence[str] | None) -> int:
    try:
        result = cli.main(args, prog_name="logstats", standalone_mode=False)
    except click.exceptions.Abort:
        return _interrupted()
    except click.exceptions.Exit as stop:
        return stop.exit_code
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except LogstatsError as error:
        say(str(error))
        return error.exit_code
    except SystemExit:
        # What click makes of a broken pipe, and of nothing else: it exits with 1 (Command.main, EPIPE).
        _silence_stdout()
        return 0
    except KeyboardInterrupt:
        return _interrupted()
    except BaseException as error:  # noqa: BLE001 - a traceback could quote a log line; a panic of polars is no Exception
        return _failed(error)
    return result if isinstance(result, int) else 0


def _failed(error: BaseException) -> int:
    """Say what went wrong that no command expected; return the exit code."""
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        say(f"cannot be written ({error.strerror})")
        return OutputError.exit_code
    say(f"bug: {place_of(error)}; please report this line")
    return EXIT_BUG


def say(message: str) -> None:
    """Write one message to stderr."""
    click.echo(f"logstats: {message}", err=True)


def _interrupted() -> int:
    say(INTERRUPTED)
    return EXIT_INTERRUPTED


def _silence_stdout() -> None:
    """Let nothing more be written to a pipe that nobody reads."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
