"""Summary statistics of web-server logs that reveal no visitor."""

__version__ = "0.1.0"
