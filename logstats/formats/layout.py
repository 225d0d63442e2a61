"""From tokens to one regular expression that never goes back.

Free text ends at the first place where what follows in the layout could begin:
the literal text, and then the field after it where that has a bounded pattern
(`" 200 ` ends a request, a quote in the middle of it does not). Each field is
matched once, in an atomic group, so the time is linear in the length of the line.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from logstats.formats.model import Escape, Field, Format, Literal, Token
from logstats.formats.strftime import compile_strftime
from logstats.formats.types import IN_OWN_QUOTES, TYPES
from logstats.frozen import frozen

_QUOTE: Final = '"'
_INNER_QUOTE: Final = re.compile(r'(?<!\\)"')


_BLANKS: Final = " \t\r\n\x00"
# More quote marks than any layout has in a row at its end.
_MARKS_AT_END: Final = 16


@frozen
class Scanner:
    """The expressions of a layout, strictest first, and the field of each group.

    `loose` takes backslashes as plain text; where there are none it finds what `strict` does.
    `ends_in_mark`: its last field stands in quotes and holds none, so that surplus quote marks are no text.
    """

    strict: str
    loose: str
    fields: tuple[Field, ...]
    ends_in_mark: bool

    def match(self, line: str) -> re.Match[str] | None:
        """Return the match of a whole line: without what is no text at its end, or with its last quote."""
        texts, patterns = self._texts(line), self._patterns(line)
        for pattern in patterns:
            for text in texts:
                if match := pattern.fullmatch(text):
                    return match
        # A server that is killed, or a copy that was cut, leaves the last field without its quote mark. Such
        # a field holds no end of a field: then it would be another format's line.
        whole = line.rstrip("\r\n\x00") + _QUOTE
        for pattern in patterns:
            match = pattern.fullmatch(whole)
            if match and not _INNER_QUOTE.search(match[match.lastindex or 0]):
                return match
        return None

    def _patterns(self, line: str) -> tuple[re.Pattern[str], ...]:
        strict = _compiled(self.strict)
        return (strict, _compiled(self.loose)) if "\\" in line and self.loose != self.strict else (strict,)

    def _texts(self, line: str) -> tuple[str, ...]:
        """Return the line, and what it is without blanks and without surplus quote marks at its end."""
        bare = line.rstrip(_BLANKS)
        if not bare.endswith(_QUOTE):
            return (line,) if bare == line else (line, bare)
        end = len(bare.rstrip(_BLANKS + _QUOTE))
        if not self.ends_in_mark:
            return line, bare, bare[:end]
        marks = [place for place in range(end, len(bare)) if bare[place] == _QUOTE]
        return (*(bare[: place + 1] for place in marks[:_MARKS_AT_END]), line)


def may_fit(format_: Format, line: str) -> bool:
    """Whether the literal texts of a layout stand in a line, one behind the other.

    Where they do not, its scanner would not match. To compile the scanners of all presets takes a
    fifth of a second; few lines have the texts of more than a dozen.
    """
    # A line may lack its last quote mark.
    return has_literals(format_, line + _QUOTE)


def has_literals(format_: Format, whole: str) -> bool:
    """Whether the literal texts of a layout stand in a text, one behind the other."""
    place = 0
    for text in _literals(format_):
        found = whole.find(text, place)
        if found < 0:
            return False
        place = found + len(text)
    return True


@lru_cache(maxsize=512)
def _literals(format_: Format) -> tuple[str, ...]:
    """Return the literal texts of a layout, without one at its end, which a line may lack."""
    tokens = format_.tokens[:-1] if isinstance(format_.tokens[-1], Literal) else format_.tokens
    return tuple(token.text for token in tokens if isinstance(token, Literal))


@lru_cache(maxsize=512)
def scanner(format_: Format) -> Scanner:
    """Return the scanner of a text format."""
    tokens = format_.tokens
    strict = expression(tokens, heed_backslash=True)
    loose = expression(tokens, heed_backslash=False)
    fields = tuple(token for token in tokens if isinstance(token, Field))
    # Where the server escapes no quote mark, the last ones of a line may be the client's own.
    surplus = _ends_with_quote(tokens[-1]) and fields[-1].escape is not Escape.NONE
    return Scanner(strict, loose, fields, surplus)


@lru_cache(maxsize=1024)
def _compiled(text: str) -> re.Pattern[str]:
    return re.compile(text, re.DOTALL | re.ASCII)


def expression(tokens: Sequence[Token], *, heed_backslash: bool) -> str:
    """Return the regular expression of the tokens, a group for each field."""
    return "".join(expressions(tokens, heed_backslash=heed_backslash))


def expressions(tokens: Sequence[Token], *, heed_backslash: bool) -> list[str]:
    """Return the regular expression of each token, which heeds what follows it."""
    pieces: list[str] = []
    for index, token in enumerate(tokens):
        if isinstance(token, Literal):
            pieces.append(re.escape(token.text))
        else:
            pieces.append(f"((?>{_field(tokens, index, token, heed_backslash=heed_backslash)}))")
    return pieces


def _field(tokens: Sequence[Token], index: int, field: Field, *, heed_backslash: bool) -> str:
    quoted = index > 0 and _ends_with_quote(tokens[index - 1])
    ahead = _ahead(tokens, index)
    pattern = field_pattern(field, ahead)
    if pattern is not None and not (quoted and TYPES[field.type].wide):
        return pattern
    if field.type in IN_OWN_QUOTES:
        return _own_quotes(ahead, heed_backslash=heed_backslash)
    if ahead == r"\Z":
        return ".*"
    if not ahead:
        return r"\S*"
    if quoted and heed_backslash and ahead.startswith(_QUOTE) and field.escape is not Escape.DOUBLED:
        return rf'[^"\\]*+(?:(?:\\.|"(?!{ahead[1:]}))[^"\\]*+)*+'
    if quoted and field.escape is Escape.DOUBLED:
        return '[^"]*+(?:""[^"]*+)*+'
    return rf".*?(?={ahead})"


def _own_quotes(ahead: str, *, heed_backslash: bool) -> str:
    within = r'[^"\\]*+(?:(?:\\.|"(?!AHEAD))[^"\\]*+)*+' if heed_backslash else '[^"]*+(?:"(?!AHEAD)[^"]*+)*+'
    return f'-(?={ahead})|"{within}"'.replace("AHEAD", ahead)


def field_pattern(field: Field, ahead: str = "") -> str | None:
    """Return the pattern of a field without groups, or None where it is free text.

    `ahead` is the expression of what follows; a wide field ends where that begins.
    """
    if field.type == "strftime":
        return re.sub(r"(?<!\\)\((?!\?)", "(?:", compile_strftime(field.argument)[0])
    type_ = TYPES[field.type]
    if type_.pattern is None or type_.wide is None:
        return type_.pattern
    ends_anyway = not ahead or ahead.startswith(("\\ ", "\\\t", _QUOTE, r"\Z"))
    return type_.pattern.replace("~", type_.wide if ends_anyway else f"(?:(?!{ahead}){type_.wide})")


def _ends_with_quote(token: Token) -> bool:
    return isinstance(token, Literal) and token.text.endswith(_QUOTE)


def _ahead(tokens: Sequence[Token], index: int) -> str:
    """Return the expression of what must follow a free field: literal, bounded fields, literal..."""
    rest = tokens[index + 1 :]
    pieces: list[str] = []
    for token in rest:
        if isinstance(token, Literal):
            pieces.append(re.escape(token.text))
            continue
        pattern = field_pattern(token) if TYPES[token.type].bounded else None
        if pattern is None:
            return "".join(pieces)
        pieces.append(f"(?:{pattern})")
    return "".join(pieces) + r"\Z"
