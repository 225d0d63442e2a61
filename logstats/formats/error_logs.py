"""Readers of what only error logs have: times without zone, levels, the client in a message.

Sources: httpd ErrorLogFormat (mod core), nginx ngx_log.c and ngx_http_core_module.c
(`, client: `), php-fpm fpm_log / zlog.c.
"""

from __future__ import annotations

import re
from typing import Final

from logstats import schema
from logstats.formats import model
from logstats.formats.model import Hit
from logstats.formats.readers import read_address_and_port, read_address_port, read_text
from logstats.formats.requests import read_request
from logstats.formats.strftime import assemble, compile_strftime, read_parts

# `[Sun Feb 01 10:00:00.169510 2026]`, the fraction since 2.4
_HTTPD: Final = ("%a %b %e %H:%M:%S.%f %Y", "%a %b %e %H:%M:%S %Y", "%d/%b/%Y:%H:%M:%S %z")
_SLASH: Final = ("%Y/%m/%d %H:%M:%S",)
# the longest first: the pattern takes the first that fits
_PHP: Final = ("%d-%b-%Y %H:%M:%S UTC", "%d-%b-%Y %H:%M:%S.%f", "%d-%b-%Y %H:%M:%S")
ERROR_TIMES: Final = {"error_time": _HTTPD, "slash_time": _SLASH, "php_time": _PHP}

_HTTPD_CLIENT: Final = re.compile(r"\[(?:client|remote) ([^\s\]]{1,255})\] ?")
_NGINX_CLIENT: Final = re.compile(r", client: ([^\s,]{1,255})")
_NGINX_REQUEST: Final = re.compile(r', request: "((?:[^"\\]|\\.){0,8192})"')
_NGINX_HOST: Final = re.compile(r', host: "([^"]{1,255})"')
_REFERRER: Final = re.compile(r', (?:referrer: "([^"]{1,2048})"|referer: (\S{1,2048})$)')
_NGINX_CONNECTION: Final = re.compile(r"\*[0-9]{1,20} ")


def error_time_pattern(kind: str) -> str:
    """Return the pattern of an error log's time, without groups."""
    patterns = [compile_strftime(layout)[0] for layout in ERROR_TIMES[kind]]
    return "(?:" + "|".join(re.sub(r"(?<!\\)\((?!\?)", "(?:", pattern) for pattern in patterns) + ")"


def read_error_time(hit: Hit, field: model.Field, text: str) -> bool:
    """Fill in the time; without a zone it counts as UTC."""
    for layout in ERROR_TIMES[field.type]:
        parts: dict[str, str] = {}
        if read_parts(text, layout, parts):
            found = assemble(parts)
            hit[schema.TIME] = found
            return found is not None
    return False


def read_client_part(hit: Hit, field: model.Field, text: str) -> bool:
    """Fill in the client of `[client 203.0.113.9:5] `, which may be missing."""
    match = _HTTPD_CLIENT.search(text)
    if match is None:
        return True
    # httpd 2.4 writes a port after every address, with no brackets round IPv6 (server/log.c); 2.2 none
    read = read_address_port if field.argument == "old" else read_address_and_port
    return read(hit, field, match[1])


def read_message(hit: Hit, field: model.Field, text: str) -> bool:
    """Fill in the message, and the client that it names."""
    bare = text[match.end() :] if (match := _NGINX_CONNECTION.match(text)) else text
    if request := _NGINX_REQUEST.search(text):
        read_request(hit, request[1])
    if referrer := _REFERRER.search(text):
        hit[schema.REFERRER] = referrer[1] or referrer[2]
    if vhost := _NGINX_HOST.search(text):
        hit[schema.VHOST] = vhost[1]
    client = _NGINX_CLIENT.search(text) or _HTTPD_CLIENT.search(text)
    if client is not None and hit[schema.HOST] is None:
        read_address_port(hit, model.Field("client", "address_port", schema.HOST), client[1])
    return read_text(hit, field, bare)
