"""Names of users in free text go where a server says that they are names; other words stay."""

from __future__ import annotations

from pathlib import Path

import pytest

from logstats.pii.written_users import drop_logins, drop_userinfo
from tests.conftest import Logstats

NAME = "Kowalska"
MESSAGES = {
    "nginx, wrong password": f'user "{NAME}": password mismatch, client: _',
    "nginx, unknown": f'user "Ewa {NAME}" was not found in "/etc/nginx/users", client: _',
    "httpd basic": f'AH01617: user {NAME}: authentication failure for "/a": Password Mismatch',
    "httpd basic, unknown": f"AH01618: user {NAME} not found: /a",
    "httpd basic, with a blank": f"AH01618: user Ewa {NAME} not found: /a",
    "httpd digest": f"AH01790: user `{NAME}' in realm `members' not found: /a",
    "httpd digest, wrong password": f"AH01794: user {NAME}: password mismatch: /a",
    "httpd authorization": f'AH01631: user {NAME}: authorization failure for "/a": ',
    "httpd LDAP": f"AH01695: auth_ldap authenticate: user {NAME} authentication failed; URI /a",
    "httpd 2.2": f"access to /a failed, reason: user '{NAME}' does not meet 'require'ments",
    "lighttpd": f"password doesn't match for /a username: {NAME}, IP: _",
    "PAM": f"PAM: user '{NAME}' - not authenticated: Authentication failure",
    "PAM fields": f"authentication failure; uid=0 ruser={NAME} rhost=web user={NAME}",
    "a database": f"PHP message: Access denied for user '{NAME}'@'localhost' (using password: YES)",
    "sshd": f"Failed password for invalid user {NAME} from web port 22",
    "logfmt": f'level=warn username="{NAME}" msg="no"',
}
OTHERS = [
    "the user agent was not found",
    "user directory is /srv/users, superuser not found",
    'directive "user" is duplicate in /etc/nginx/nginx.conf:3',
    "changed user to www-data",
    "no user/password was provided for basic authentication",
    "user: unknown (2: No such file or directory)",
    "password for the key is needed from a terminal",
    "client used wrong authentication scheme: /a",
]


@pytest.mark.parametrize("text", MESSAGES.values(), ids=MESSAGES)
def test_the_name_of_a_user_goes_and_all_else_stays(logstats: Logstats, text: str) -> None:
    hidden = text.replace(f"Ewa {NAME}", "-").replace(NAME, "-")

    assert drop_logins(text) == hidden
    assert drop_logins(hidden) == hidden
    done = logstats("anonymize", "--format", "text", "-", input=text.encode())
    assert NAME.encode() not in done.stdout


@pytest.mark.parametrize("text", OTHERS)
def test_a_text_in_which_nobody_logs_in_stays(text: str) -> None:
    assert drop_logins(text) == text


def test_a_log_of_nginx_keeps_no_user(logstats: Logstats) -> None:
    line = f"2026/02/01 10:00:00 [error] 7#7: *9 {MESSAGES['nginx, unknown']}, server: _"
    done = logstats("anonymize", "--format", "nginx_error", "-", input=line.encode())

    assert done.stdout.decode() == line.replace(f"Ewa {NAME}", "-")


@pytest.mark.parametrize("piece", ['user "', "user a ", "user ", "user=", "password for ", "://a", "://a@"])
def test_each_stretch_is_looked_at_once(piece: str) -> None:
    assert drop_logins(drop_userinfo(piece * 50_000))


def test_real_error_logs_of_sites_without_logins_stay(corpus: Path) -> None:
    for name in (
        "advertools/nginx_error.log",
        "netnea-apache-labor/labor-07-example-error.log-step-9",
        "loghub/Apache_2k.log",
    ):
        text = (corpus / "real" / name).read_bytes().decode("latin-1")

        assert drop_logins(text) == text
