"""nginx's log_format: the table of variables, and a layout compiled by it.

Source: https://nginx.org/en/docs/http/ngx_http_log_module.html (log_format),
https://nginx.org/en/docs/http/ngx_http_core_module.html ("Embedded Variables") and
https://nginx.org/en/docs/varindex.html. A variable that is not in the table (`map`, `set`,
`geo`, a third-party module) is text.
"""

from __future__ import annotations

import re
from typing import Final

from logstats import schema
from logstats.formats import model
from logstats.formats.fields import Meaning, Ranked, settle, with_client
from logstats.formats.model import Escape, Field, Literal, Token

_LOG: Final = "ngx_http_log_module, log_format"
_CORE: Final = "ngx_http_core_module, Embedded Variables"
_UPSTREAM: Final = "ngx_http_upstream_module, Embedded Variables"
_SSL: Final = "ngx_http_ssl_module, Embedded Variables"

VARIABLES: Final[dict[str, Meaning]] = {
    "remote_addr": Meaning("address", schema.HOST, 3, f"{_CORE}: the client's address; `unix:` for a socket"),
    "remote_user": Meaning("text", schema.USER, 2, f"{_CORE}: the user of basic authentication"),
    "remote_port": Meaning("port", model.CLIENT_PORT, 1, f"{_CORE}: the client's port"),
    "time_local": Meaning("clf", schema.TIME, 2, f"{_LOG}: local time in common log form"),
    "time_iso8601": Meaning("iso", schema.TIME, 2, f"{_LOG}: local time in ISO 8601"),
    "msec": Meaning("epoch", schema.TIME, 3, f"{_LOG}: seconds since 1970 with milliseconds"),
    "request": Meaning("request", model.REQUEST, 3, f"{_CORE}: the whole first line of the request"),
    "request_method": Meaning("method", schema.METHOD, 1, f"{_CORE}: the method"),
    "request_uri": Meaning("target", schema.PATH, 3, f"{_CORE}: path and query as they came"),
    "uri": Meaning("target", schema.PATH, 2, f"{_CORE}: the path, normalised"),
    "document_uri": Meaning("target", schema.PATH, 1, f"{_CORE}: the same as $uri"),
    "args": Meaning("query_text", schema.QUERY, 1, f"{_CORE}: the query"),
    "query_string": Meaning("query_text", schema.QUERY, 1, f"{_CORE}: the same as $args"),
    "is_args": Meaning("optional_word", None, 1, f"{_CORE}: a question mark, or nothing"),
    "server_protocol": Meaning("protocol", schema.PROTOCOL, 1, f"{_CORE}: the protocol"),
    "status": Meaning("status", schema.STATUS, 1, f"{_LOG}: the status"),
    "body_bytes_sent": Meaning("integer", schema.BYTES_SENT, 3, f"{_LOG}: bytes of the body"),
    "bytes_sent": Meaning("integer", schema.BYTES_SENT, 2, f"{_LOG}: bytes with headers"),
    "request_length": Meaning("integer", model.BYTES_RECEIVED, 1, f"{_LOG}: bytes of the request"),
    "request_time": Meaning("seconds", schema.DURATION_US, 1, f"{_LOG}: seconds with milliseconds"),
    "http_referer": Meaning("text", schema.REFERRER, 2, f"{_CORE}: $http_name, a header"),
    "http_referrer": Meaning("text", schema.REFERRER, 1, f"{_CORE}: $http_name, a header"),
    "http_user_agent": Meaning("text", schema.AGENT, 1, f"{_CORE}: $http_name, a header"),
    "http_host": Meaning("optional_address", schema.VHOST, 1, f"{_CORE}: $http_name, a header"),
    # nginx writes nothing for $host where no request was understood
    "host": Meaning(
        "optional_address", schema.VHOST, 2, f"{_CORE}: host of the request line, header or server"
    ),
    "server_name": Meaning("optional_address", schema.VHOST, 1, f"{_CORE}: the server that took the request"),
    "server_port": Meaning("port", model.SERVER_PORT, 1, f"{_CORE}: the server's port"),
    "server_addr": Meaning("address", None, 1, f"{_CORE}: the server's address"),
    "scheme": Meaning("word", None, 1, f"{_CORE}: http or https"),
    "http_x_forwarded_for": Meaning("address_list", model.FORWARDED_FOR, 3, f"{_CORE}: $http_name, a header"),
    "proxy_add_x_forwarded_for": Meaning("address_list", model.FORWARDED_FOR, 2, "ngx_http_proxy_module"),
    "http_x_real_ip": Meaning("address", model.FORWARDED_FOR, 1, f"{_CORE}: $http_name, a header"),
    "http_cf_connecting_ip": Meaning("address", model.FORWARDED_FOR, 1, f"{_CORE}: $http_name, a header"),
    "http_true_client_ip": Meaning("address", model.FORWARDED_FOR, 1, f"{_CORE}: $http_name, a header"),
    "realip_remote_addr": Meaning("address", model.PEER, 1, "ngx_http_realip_module: the peer before it"),
    "realip_remote_port": Meaning("port", None, 1, "ngx_http_realip_module: the peer's port"),
    "proxy_protocol_addr": Meaning("address", model.FORWARDED_FOR, 2, f"{_CORE}: client in the PROXY header"),
    "http_cookie": Meaning("text", model.COOKIE, 1, f"{_CORE}: $http_name, a header"),
    "upstream_addr": Meaning("address_list", model.UPSTREAM_ADDR, 1, f"{_UPSTREAM}: a list"),
    "upstream_response_time": Meaning("seconds_list", model.UPSTREAM_TIME_US, 1, f"{_UPSTREAM}: a list"),
    "upstream_connect_time": Meaning("seconds_list", None, 1, f"{_UPSTREAM}: a list"),
    "upstream_header_time": Meaning("seconds_list", None, 1, f"{_UPSTREAM}: a list"),
    "upstream_cache_status": Meaning("word", model.CACHE_STATUS, 1, f"{_UPSTREAM}: HIT, MISS and others"),
    "upstream_status": Meaning("integer_list", None, 1, f"{_UPSTREAM}: a list"),
    "upstream_response_length": Meaning("integer_list", None, 1, f"{_UPSTREAM}: a list"),
    "ssl_protocol": Meaning("word", model.TLS_PROTOCOL, 1, f"{_SSL}: TLSv1.3"),
    "ssl_cipher": Meaning("word", model.TLS_CIPHER, 1, f"{_SSL}: the cipher"),
    "connection": Meaning("integer", None, 1, f"{_CORE}: the connection's number"),
    "connection_requests": Meaning("integer", None, 1, f"{_CORE}: requests on this connection"),
    "pipe": Meaning("word", None, 1, f"{_CORE}: p for a pipelined request, else a dot"),
    "gzip_ratio": Meaning("word", None, 1, "ngx_http_gzip_module: 2.34"),
    "pid": Meaning("integer", None, 1, f"{_CORE}: the worker's process"),
    "request_id": Meaning("word", None, 1, f"{_CORE}: 16 random bytes in hex"),
}

_VARIABLE: Final = re.compile(r"\$(?:\{(\w+)\}|(\w+))")


def compile_nginx(layout: str, escape: Escape = Escape.NGINX) -> tuple[Token, ...]:
    """Return the tokens of a log_format string; `escape` is its escape= parameter."""
    pieces: list[Literal | Ranked] = []
    position = 0
    for match in _VARIABLE.finditer(layout):
        if match.start() > position:
            pieces.append(Literal(layout[position : match.start()]))
        pieces.append(variable(match[1] or match[2], escape))
        position = match.end()
    if position < len(layout):
        pieces.append(Literal(layout[position:]))
    return settle(with_client(pieces))


def variable(name: str, escape: Escape) -> Ranked:
    """Return the field of a variable; one that nginx does not know itself is text."""
    meaning = VARIABLES.get(name, Meaning("text"))
    kind = meaning.type
    if escape is not Escape.NGINX and kind in _MAY_BE_EMPTY:
        kind = _MAY_BE_EMPTY[kind]
    return Ranked(Field(f"${name}", kind, meaning.column, escape), meaning.rank * 10)


# With escape=json and escape=none a variable without a value is empty, not a hyphen.
_MAY_BE_EMPTY: Final = {
    "word": "text",
    "address": "text",
    "optional_address": "text",
    "address_list": "text",
    "seconds_list": "text_seconds",
    "integer_list": "text",
}
