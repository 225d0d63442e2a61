"""Redacted values put back into the raw lines: the same log without personal data.

Everything outside of what is redacted stays byte for byte, and the order stays.
A line that cannot be read is withheld and counted, for nobody can say what is in it.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Final, cast

import polars as pl

from logstats import schema
from logstats.batches import AGENT, CLIENT, IS_IPV4, MINUTE, NOTHING, PROTOCOL, REFERRER, REQUEST
from logstats.dictionary import Dictionaries, Grown
from logstats.formats import Field
from logstats.frozen import frozen
from logstats.lines import lines_at, split_lines
from logstats.plan import IDENT, QUOTE, plan_of
from logstats.rewrite_line import Filler, Masks, rewrite_lines
from logstats.split import split_block
from logstats.tally import Tally

if TYPE_CHECKING:
    from logstats.formats import Format
    from logstats.plan import Plan
    from logstats.split import Split

_CARRIAGE_RETURN: Final = b"\r"
# Rows made into bytes at once: 1 MB, which stay in a processor's own memory. A block at once takes three
# pieces of 16 MB, and the system fills each of their pages with zeros first.
_ROWS_AT_ONCE: Final = 4096
# Of so many odd rows among these, all are joined in Python: a query of polars takes longer than some lines.
_MANY_ODD: Final = 32
_PIECE_END: Final = re.compile(rb"\r(?=[\"\n]|\Z)")


@frozen
class Rewritten:
    """The lines that may be passed on, and the account of all.

    Attributes:
        pieces: The lines in pieces of some MB, each made when it is asked for.
        tally: The account.
    """

    pieces: Iterable[bytes]
    tally: Tally

    @property
    def data(self) -> bytes:
        """All lines at once."""
        return b"".join(self.pieces)


class Rewriter:
    """Replaces the personal data of lines, block after block; threads may share it.

    Args:
        masks: What is written instead.
    """

    def __init__(self, masks: Masks) -> None:
        self._masks = masks
        self._filler = Filler(masks)
        self._known = Dictionaries()
        self._requests = Grown(self._mask_requests)
        self._quoted: dict[tuple[str, str], Grown] = {}

    def rewrite_block(self, data: bytes, known: tuple[Format, ...]) -> Rewritten:
        """Return a block with its personal data replaced.

        Args:
            data: Whole lines; the last one need not end in a newline.
            known: The format of the source first, then its siblings, which odd lines may have; none where
                all lines are blank, which nobody reads.
        """
        if not known:
            return Rewritten((data,), Tally())
        if _CARRIAGE_RETURN not in data:
            return self._rewrite_text(data, data, known)
        ends = data.count(b"\r\n")
        if not ends or ends != data.count(b"\n") or not data.endswith(b"\n"):
            return self._rewrite_text(data, _doubled(data), known)
        # Where every line ends in CR LF the plan reads them without.
        data = data.replace(b"\r\n", b"\n")
        written = self._rewrite_text(data, _doubled(data), known)
        return Rewritten([piece.replace(b"\n", b"\r\n") for piece in written.pieces], written.tally)

    def _rewrite_text(self, data: bytes, text: bytes, known: tuple[Format, ...]) -> Rewritten:
        """Return lines with their personal data replaced; the plan reads them in `text`."""
        plan = plan_of(known[0])
        if plan is None or not plan.is_known:
            written, tally = rewrite_lines(split_lines(data), known, self._filler)
            return Rewritten((_join(written, data),), tally)
        split = split_block(text, plan, keep_query=self._masks.keep_query, dictionaries=self._known)
        odd = split.odd_rows()
        odd_lines = split.odd_lines if text is data else lines_at(data, odd)
        written, tally = rewrite_lines(odd_lines, known, self._filler)
        trusted = split.height - len(odd)
        tally.add(Tally(read=trusted, parsed=trusted))
        lines = _Lines(*self._write_rows(split, plan), odd, written)
        # A last line without newline that is withheld takes no newline from the one before it.
        withheld = bool(odd) and odd[-1] == split.height - 1 and written[-1] is None
        is_whole = data.endswith(b"\n") or withheld
        return Rewritten(lines if is_whole else [*_without_newline(lines)], tally)

    def _write_rows(self, split: Split, plan: Plan) -> tuple[pl.DataFrame, pl.Expr]:
        """Return texts, and what makes lines of them, newline and all; of rows not to be trusted any text."""
        fixed = _fixed_pieces(split, plan)
        last = plan.pieces - 1
        parts = [*_heads(split, plan, self._masks), split.times]
        for piece in range(1, last, 2):
            parts += self._write_quoted(split, plan, piece, fixed.get(piece + 1, ""))
            if piece + 1 not in fixed:
                parts.append(split.pieces[f"p{piece + 1}"].fill_null(""))
        if last not in fixed:
            parts.append("\n")
        named = {f"part{number}": part for number, part in enumerate(parts) if isinstance(part, pl.Series)}
        texts = [
            pl.lit(part) if isinstance(part, str) else f"part{number}" for number, part in enumerate(parts)
        ]
        return pl.DataFrame(named), pl.concat_str(texts)

    def _write_quoted(self, split: Split, plan: Plan, piece: int, behind: str) -> list[pl.Series]:
        """Return what is written for a piece in quotes: the request, the referrer or the agent.

        Args:
            split: The rows.
            plan: Of the format.
            piece: Its number.
            behind: What stands behind the quotes in each row.
        """
        if piece == plan.request:
            texts = self._requests(split.values[REQUEST], split.eras.get(REQUEST)).to_series()
            protocols = split.values[PROTOCOL]["raw"].fill_null("") + QUOTE + behind
            return [texts[split.codes[REQUEST]], protocols[split.codes[PROTOCOL]]]
        column = next(column for column, number in plan.quoted.items() if number == piece)
        grown = self._quoted.setdefault((column, behind), Grown(partial(self._mask_quoted, column, behind)))
        texts = grown(split.values[column], split.eras.get(column)).to_series()
        return [texts[split.codes[column]]]

    def _mask_quoted(self, column: str, behind: str, values: pl.DataFrame) -> pl.DataFrame:
        mask = {REFERRER: self._masks.mask_referrers, AGENT: self._masks.mask_agents}[column]
        return (QUOTE + mask(values["raw"]).fill_null("") + QUOTE + behind).alias("quoted").to_frame()

    def _mask_requests(self, requests: pl.DataFrame) -> pl.DataFrame:
        queries = requests[schema.QUERY] if self._masks.keep_query else None
        targets = self._masks.mask_targets(requests[schema.PATH], queries)
        written = pl.select((QUOTE + requests[schema.METHOD] + " " + targets).alias("request"))
        # A line would lack its request. Those that nobody trusts are not written.
        if (written.to_series().is_null() & requests["ok"]).any():
            raise ValueError("nothing is written for a request")
        return written.fill_null("")


def _doubled(data: bytes) -> bytes:
    """Return a block from which read_csv takes no carriage return that is wanted.

    It takes one off the end of each piece; of two it leaves one.
    """
    return _PIECE_END.sub(b"\r\r", data) if _CARRIAGE_RETURN in data else data


def _fixed_pieces(split: Split, plan: Plan) -> dict[int, str]:
    """Return the pieces outside of quotes that are the same text in every row, the last with its newline."""
    last = plan.pieces - 1
    fixed = {
        piece: "".join(token.text for token in tokens if not isinstance(token, Field))
        for piece, tokens in plan.between.items()
        if piece != last and not any(isinstance(token, Field) for token in tokens)
    }
    # Behind the last quote mark there may be blanks, but hardly ever are. Odd rows may have anything there.
    if not (split.pieces[f"p{last}"].is_not_null() & split.ok).any():
        fixed[last] = "\n"
    return fixed


class _Lines:
    """Lines as bytes, some at a time, with those of the exact parser in their places.

    Args:
        parts: Texts of every row.
        line: Makes a line of them.
        odd: The rows that the exact parser has read, in their order.
        written: What came of them, None for a line that is withheld.
    """

    def __init__(
        self, parts: pl.DataFrame, line: pl.Expr, odd: list[int], written: list[bytes | None]
    ) -> None:
        self._parts = parts
        self._line = line
        self._odd = odd
        self._written = [b"" if text is None else text + b"\n" for text in written]

    def __iter__(self) -> Iterator[bytes]:
        height = self._parts.height
        for start in range(0, height, _ROWS_AT_ONCE):
            yield self._join(start, min(start + _ROWS_AT_ONCE, height))

    def _join(self, start: int, stop: int) -> bytes:
        """Return some rows, without those that are withheld."""
        places = slice(bisect_left(self._odd, start), bisect_left(self._odd, stop))
        odd, written = self._odd[places], self._written[places]
        if len(odd) > _MANY_ODD:
            texts = self._parts.slice(start, stop - start).select(self._line).to_series().to_list()
            lines = [None if text is None else text.encode() for text in texts]
            for row, line in zip(odd, written, strict=True):
                lines[row - start] = line
            return b"".join(cast("list[bytes]", lines))
        pieces: list[bytes] = []
        for row, line in zip(odd, written, strict=True):
            pieces += (self._join_trusted(start, row), line)
            start = row + 1
        return b"".join([*pieces, self._join_trusted(start, stop)])

    def _join_trusted(self, start: int, stop: int) -> bytes:
        """Return some rows none of which is odd; a text that lacks is an error, for then a line would."""
        if start == stop:
            return b""
        joined = self._line.str.join("", ignore_nulls=False)
        return bytes(self._parts.slice(start, stop - start).select(joined.cast(pl.Binary)).item())


def _without_newline(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the same pieces without the newline at their end."""
    last = b""
    for piece in pieces:
        if piece:
            yield last
            last = piece
    yield last[:-1]


def _join(written: list[bytes | None], data: bytes) -> bytes:
    done = b"".join(line + b"\n" for line in written if line is not None)
    withheld = bool(written) and written[-1] is None
    return done if data.endswith(b"\n") or withheld else done[:-1]


def _heads(split: Split, plan: Plan, masks: Masks) -> list[pl.Series | str]:
    """Return the words before the time of every row: another host, and a hyphen for the user.

    What is the same in each row stands here once.
    """
    heads, codes = split.values[CLIENT], split.codes[CLIENT]
    if IS_IPV4 in heads.columns and not masks.by_day:
        # What stands behind the host is said by nobody but the client.
        behind = f" {NOTHING}" * (len(plan.head) - 1) + " ["
        hosts = masks.mask_hosts(heads[schema.HOST], None, heads[IS_IPV4])
        return [hosts[codes], behind]
    before, after = _around_host(heads, plan, masks)
    if not masks.by_day:
        hosts = masks.mask_hosts(heads[schema.HOST], None)
        return [pl.select(before + hosts + after).to_series()[codes]]
    return [before[codes], _hosts_by_day(split, masks), after[codes]]


def _around_host(heads: pl.DataFrame, plan: Plan, masks: Masks) -> tuple[pl.Series, pl.Series]:
    """Return what is written before and behind the host of each head."""
    words = heads["raw"].str.splitn(" ", len(plan.head) + 1).struct.unnest()
    place = next(number for number, word in enumerate(plan.head) if word.column == schema.HOST)
    texts = [
        _mask_word(words[f"field_{number}"], word.column, masks) for number, word in enumerate(plan.head)
    ]
    # A literal alone gives one row, not one for each head.
    empty = pl.repeat("", pl.len(), dtype=pl.String)
    before = words.select(pl.concat_str(*texts[:place], empty, separator=" ")).to_series()
    after = words.select(pl.concat_str(empty, *texts[place + 1 :], pl.lit("["), separator=" ")).to_series()
    return before, after


def _mask_word(words: pl.Series, column: str | None, masks: Masks) -> pl.Series | pl.Expr:
    """Return what stands for a word before the time, but for the host, which is masked by itself."""
    if column in (schema.USER, IDENT):
        return pl.lit(NOTHING)
    # A client chooses the virtual host that it asks for.
    return words if column == schema.HOST else masks.mask_agents(words)


def _hosts_by_day(split: Split, masks: Masks) -> pl.Series:
    """Return what stands for the host of every row, where that differs from day to day."""
    days = split.values[MINUTE][schema.TIME].dt.date()[split.codes[MINUTE]]
    pairs = pl.DataFrame({"client": split.codes[CLIENT], "day": days})
    distinct = pairs.unique(maintain_order=False)
    hosts = split.values[CLIENT][schema.HOST][distinct["client"]]
    masked = distinct.with_columns(masks.mask_hosts(hosts, distinct["day"]).alias("masked"))
    found = pairs.join(masked, on=["client", "day"], how="left", nulls_equal=True, maintain_order="left")
    return found["masked"]
