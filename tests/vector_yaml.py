"""As much of YAML as the vectors of one project have."""

import json
from typing import Any


def read_yaml(text: str) -> Any:  # noqa: C901 - three shapes, each in its function
    """Read as much of YAML as these files have: nested maps and lists, JSON scalars, `|-` texts."""
    lines = text.splitlines()

    def indent(line: str) -> int:
        return len(line) - len(line.lstrip(" "))

    def block(at: int, depth: int) -> tuple[Any, int]:
        found: Any = [] if lines[at].lstrip().startswith("-") else {}
        while at < len(lines) and (not lines[at].strip() or indent(lines[at]) >= depth):
            line = lines[at].strip()
            if not line:
                at += 1
            elif isinstance(found, list):
                if line == "-":
                    value, at = block(at + 1, indent(lines[at + 1]))
                else:
                    value, at = json.loads(line[2:]), at + 1
                found.append(value)
            else:
                key, _, rest = line.partition(":")
                found[key.strip('"')], at = scalar(rest.strip(), at, depth)
        return found, at

    def scalar(rest: str, at: int, depth: int) -> tuple[Any, int]:
        if rest == "|-":
            end = at + 1
            while end < len(lines) and (not lines[end].strip() or indent(lines[end]) > depth):
                end += 1
            inner = indent(lines[at + 1])
            return "\n".join(line[inner:] for line in lines[at + 1 : end]).rstrip("\n"), end
        if rest:
            return _scalar(rest), at + 1
        deeper = at + 1 < len(lines) and (
            indent(lines[at + 1]) > depth or lines[at + 1].lstrip().startswith("-")
        )
        return block(at + 1, indent(lines[at + 1])) if deeper else (None, at + 1)

    return block(0, 0)[0]


def _scalar(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text
