"""Names of users in free text: in URLs, and in what servers say of who logged in or did not.

A name may be anything, so it is known by the words around it, which are the servers' own.

Sources: httpd mod_auth_basic.c, mod_auth_digest.c, mod_authz_core.c, mod_authnz_ldap.c; nginx
ngx_http_auth_basic_module.c; lighttpd mod_auth.c; OpenSSH auth.c; Linux-PAM; databases, in messages of PHP.
"""

from __future__ import annotations

import re
from typing import Final

NOBODY: Final = "-"
# The last @ before the path ends it (WHATWG URL, "authority state").
_USERINFO: Final = re.compile(r"(?<=://)[^/\s?#\"<>]{1,256}@")
# What stands before the name is a group, and stays.
_LOGIN: Final = re.compile(
    r'(?<![A-Za-z])(?:(user ")[^"]{1,256}(?="(?:: password mismatch| was not found in ))'
    r"|(user `)[^']{1,256}(?=' in realm |': )"
    r"|(user ')[^']{1,256}(?='@|' - not authenticated|' does not meet )"
    r'|(user )[^"`\'\s](?:[^"]{0,63}?[^"\s])?'
    r"(?=: auth(?:entication|orization) failure | not found: |: password mismatch: | authentication failed;)"
    r"|(username: )[^\s,]{1,256}(?=, IP: )"
    r"|((?:password|publickey|keyboard-interactive/pam) for (?:invalid user )?|[Ii]nvalid user )[^\s]{1,64}"
    r"(?= from \S{1,64} port [0-9])"
    r"|((?:r?user(?:name)?|acct|uname)=\"?)[^\s\",;&)\]}]{1,256})",
    re.ASCII,
)
# One of these stands in every such message.
_WORDS: Final = ("user", "acct", "uname", " for ")


def drop_userinfo(text: str) -> str:
    """Return a text without the users and passwords of its URLs.

    >>> drop_userinfo("to ftp://anna:p@ss@example.org/a@b")
    'to ftp://example.org/a@b'
    """
    return _USERINFO.sub("", text) if "://" in text else text


def drop_logins(text: str) -> str:
    """Return a text with a hyphen for each name of a user in a message of a server.

    >>> drop_logins('user "anna": password mismatch, client: 192.0.2.1')
    'user "-": password mismatch, client: 192.0.2.1'
    """
    return _LOGIN.sub(_hide, text) if any(word in text for word in _WORDS) else text


def _hide(found: re.Match[str]) -> str:
    before = next(group for group in found.groups() if group)
    return f"{before}{NOBODY}"
