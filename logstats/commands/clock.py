"""What time it is, for commands that ask whether a day is over; tests set it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final

import click


def _now() -> datetime:
    return datetime.now(UTC)


NOW: Final[Callable[[], datetime]] = _now


class Moment(click.ParamType[datetime]):
    """A moment in ISO 8601, UTC if it has no offset: 2026-02-01T03:00."""

    name = "moment"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:  # noqa: ANN401
        """Return the moment in UTC."""
        if isinstance(value, datetime):
            return value
        try:
            read = datetime.fromisoformat(str(value))
        except ValueError:
            self.fail(f"{value} is no moment; write 2026-02-01T03:00", param, ctx)
        return read.astimezone(UTC) if read.tzinfo else read.replace(tzinfo=UTC)
