"""Write what was found as text, JSON or SARIF. Nothing else of a file than findings is known here."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any, Final

from logstats import __version__
from logstats.audit.checks import CHECKS
from logstats.audit.finding import Finding, Level
from logstats.audit.run import COMPLETE, LEDGER, Result

SARIF_SCHEMA: Final = "https://json.schemastore.org/sarif-2.1.0.json"
_SARIF_LEVELS: Final = {Level.FINDING: "error", Level.INCONCLUSIVE: "warning", Level.NOTE: "note"}
_VERDICTS: Final = {0: "passed", 1: "failed", 3: "inconclusive"}


def list_checks() -> list[tuple[str, str]]:
    """Return (id, sentence) of every check, in order."""
    return [(check.id, check.sentence) for check in (*CHECKS, LEDGER, COMPLETE)]


def to_text(result: Result) -> str:
    """Return a line a finding, and the verdict as last line."""
    return "\n".join((*(_line(finding) for finding in result.findings), _verdict(result))) + "\n"


def _line(finding: Finding) -> str:
    where = ", ".join(part for part in (finding.file, finding.place) if part)
    times = f" ({finding.count:,} times)" if finding.count > 1 else ""
    masked = f" {finding.masked}" if finding.masked else ""
    level = "" if finding.level is Level.FINDING else f"{finding.level}: "
    return f"{where or 'all'}: {level}{finding.check}: {finding.kind}{masked}{times}"


def _verdict(result: Result) -> str:
    number = Counter(finding.level for finding in result.findings)
    said = f"{result.files:,} files, {len(result.checks)} checks"
    if result.source_lines:
        said += f", {result.source_lines:,} lines of the source"
    match result.exit_code:
        case 0:
            return f"passed: {said}"
        case 1:
            return f"failed: {number[Level.FINDING]:,} findings in {said}"
        case _:
            return f"inconclusive: {number[Level.INCONCLUSIVE]:,} things could not be checked in {said}"


def to_json(result: Result) -> str:
    """Return the result as `logstats.audit/1`."""
    content = {
        "schema": "logstats.audit/1",
        "tool": {"name": "logstats", "version": __version__},
        "verdict": _VERDICTS[result.exit_code],
        "files": result.files,
        "source_lines": result.source_lines,
        "checks": list(result.checks),
        "findings": [asdict(finding) for finding in result.findings],
    }
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"


def to_sarif(result: Result) -> str:
    """Return the result as SARIF 2.1.0 (OASIS), which code hosts and editors read."""
    rules = [{"id": name, "shortDescription": {"text": sentence}} for name, sentence in list_checks()]
    driver = {"name": "logstats audit", "version": __version__, "rules": rules}
    run = {"tool": {"driver": driver}, "results": list(_sarif_results(result))}
    return json.dumps({"$schema": SARIF_SCHEMA, "version": "2.1.0", "runs": [run]}, indent=1) + "\n"


def _sarif_results(result: Result) -> Iterator[dict[str, Any]]:
    for finding in result.findings:
        message = f"{finding.kind} {finding.masked}".strip()
        entry: dict[str, Any] = {
            "ruleId": finding.check,
            "level": _SARIF_LEVELS[finding.level],
            "message": {"text": f"{finding.place}: {message}" if finding.place else message},
            "occurrenceCount": finding.count,
        }
        if finding.file:
            location: dict[str, Any] = {
                "artifactLocation": {"uri": finding.file.replace("\\", "/").replace(" ", "%20")}
            }
            if line := re.fullmatch(r"line (\d+)", finding.place):
                location["region"] = {"startLine": int(line[1])}
            entry["locations"] = [{"physicalLocation": location}]
        yield entry
