"""Lines of the exact parser with their personal values replaced, everything else as it was."""

from logstats.rewrite_line.lines import rewrite_lines
from logstats.rewrite_line.slots import Filler, Masks

__all__ = ["Filler", "Masks", "rewrite_lines"]
