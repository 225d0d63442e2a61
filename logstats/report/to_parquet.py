"""A report as one tidy Parquet file: the columns of the CSV, typed.

Policy, period, lines and units stand in the file's metadata, under names that
begin with `logstats.`; their values are JSON.
"""

from __future__ import annotations

import io
import json
from datetime import date

from logstats.report.dictionary import dictionary
from logstats.report.to_csv import to_frame
from logstats.report.to_json import to_dict
from logstats.tables import Report


def render(report: Report) -> bytes:
    """Return the tidy table as Parquet, compressed with zstd."""
    file = io.BytesIO()
    to_frame(report).write_parquet(file, metadata=metadata(report))
    return file.getvalue()


def metadata(report: Report) -> dict[str, str]:
    """Return what the file says of itself: everything of the JSON report but the rows."""
    whole = to_dict(report)
    whole["tables"] = {
        name: {"title": table["title"], "section": table["section"], "suppressed": table["suppressed"]}
        for name, table in whole["tables"].items()
    }
    whole["columns"] = {
        name: {"type": column.type, "unit": column.unit, "description": column.description}
        for name, column in dictionary(report).items()
    }
    return {f"logstats.{name}": json.dumps(value, default=_text) for name, value in whole.items()}


def _text(value: object) -> str:
    return value.isoformat() if isinstance(value, date) else str(value)
