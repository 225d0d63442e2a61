"""Apache and nginx as the current user, in a directory of their own, on loopback.

Nothing of the system's configuration is read and no service is touched: a server
gets its own file, a free port, and is stopped by its process when the test ends.
"""

# ruff: noqa: TID251 - it is logstats that opens no connection; a test of servers has to

from __future__ import annotations

import contextlib
import os
import random
import socket
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.programs import find_program
from tests.waiting import PATIENCE_SECONDS, wait_until

APACHE_MODULES = Path("/usr/lib/apache2/modules")
# Between the search for a port and the start of the server nobody else may take it. No connection of
# this machine begins at one below 32768, and each worker of the tests has a hundred for itself.
FIRST_PORT = 20_000
PORTS_OF_A_WORKER = 100


def free_port() -> int:
    """Return a port of loopback that nobody listens on."""
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    first = FIRST_PORT + worker % PORTS_OF_A_WORKER * PORTS_OF_A_WORKER
    # System randomness: that of `random` is seeded alike in all runs.
    for port in random.SystemRandom().sample(range(first, first + PORTS_OF_A_WORKER), PORTS_OF_A_WORKER):
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    pytest.fail("no port is free here")


@dataclass(frozen=True, slots=True)
class Server:
    """A server that runs: where it listens, and how it is told to do something."""

    port: int
    directory: Path
    process: subprocess.Popen[bytes]
    control: tuple[str, ...]

    def exchange(self, request: bytes, *, source: str = "127.0.0.1") -> bytes:
        """Send bytes from an address of loopback, and return all that comes back."""
        with socket.create_connection(
            ("127.0.0.1", self.port), timeout=PATIENCE_SECONDS, source_address=(source, 0)
        ) as connection:
            connection.sendall(request)
            connection.shutdown(socket.SHUT_WR)
            return _read_all(connection)

    def tell(self, word: str) -> None:
        """Run the server's control command: `graceful`, `graceful-stop`."""
        subprocess.run([*self.control, word], check=True, capture_output=True, timeout=PATIENCE_SECONDS)

    def is_up(self) -> bool:
        """Whether the port takes connections."""
        if self.process.poll() is not None:
            pytest.fail(f"the server ended with {self.process.returncode}: {self.complaints()}")
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def complaints(self) -> str:
        """Return what the server says of itself."""
        logs = (self.directory / name for name in ("stderr.txt", "error.log"))
        return "".join(log.read_text(errors="replace") for log in logs if log.exists())


def _read_all(connection: socket.socket) -> bytes:
    """Return what comes until the other side closes; a reset is an end like another."""
    received = b""
    try:
        while part := connection.recv(65536):
            received += part
    except ConnectionResetError:
        pass
    return received


def _start(
    command: list[str], directory: Path, environment: dict[str, str] | None = None
) -> subprocess.Popen[bytes]:
    """Start a program in its directory; what it says goes into `stderr.txt`."""
    with (directory / "stderr.txt").open("ab") as stderr:
        return subprocess.Popen(
            command,
            cwd=directory,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=stderr,
        )


@contextlib.contextmanager
def _running(server: Server) -> Iterator[Server]:
    """Wait until the server is up, and stop it after the test, whatever happens."""
    try:
        wait_until(server.is_up, "the server listens")
        yield server
    finally:
        if server.process.poll() is None:
            server.process.terminate()
            try:
                server.process.wait(PATIENCE_SECONDS)
            finally:
                server.process.kill()


def apache_config(directory: Path, port: int, logs: str) -> str:
    """Return a configuration that needs no file of the system but the modules.

    As root, Apache insists on another user for its children; they read nothing,
    for every answer is made by mod_alias or is an error.
    """
    wanted = ("mpm_event", "authz_core", "alias", "log_config", "unixd")
    modules = [name for name in wanted if (APACHE_MODULES / f"mod_{name}.so").exists()]
    user = "User www-data\nGroup www-data\n" if os.geteuid() == 0 else ""
    load = "".join(f"LoadModule {m}_module {APACHE_MODULES}/mod_{m}.so\n" for m in modules)
    return f"""\
ServerRoot {directory}
DefaultRuntimeDir {directory}
PidFile {directory}/apache.pid
Mutex pthread
{load}{user}Listen 127.0.0.1:{port}
ServerName www.example.com
ErrorLog {directory}/error.log
GracefulShutDownTimeout 5
StartServers 2
Redirect 204 /ok
Redirect 410 /gone
LogFormat "%h %l %u %t \\"%r\\" %>s %b \\"%{{Referer}}i\\" \\"%{{User-Agent}}i\\"" combined
{logs}
"""


@contextlib.contextmanager
def apache(directory: Path, logs: str, environment: dict[str, str]) -> Iterator[Server]:
    """Run Apache with these `CustomLog` lines; they may use the format `combined`."""
    program, port = find_program("apache2", "httpd"), free_port()
    config = directory / "apache.conf"
    config.write_text(apache_config(directory, port, logs))
    control = (program, "-f", str(config), "-k")
    process = _start([program, "-f", str(config), "-DFOREGROUND"], directory, environment)
    with _running(Server(port, directory, process, control)) as server:
        yield server


def nginx_config(directory: Path, port: int, locations: str) -> str:
    """Return a configuration for one process that writes only into its directory."""
    temporary = "\n".join(
        f"    {kind}_temp_path {directory}/{kind};"
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    return f"""\
daemon off;
master_process off;
pid {directory}/nginx.pid;
error_log {directory}/error.log;
events {{}}
http {{
{temporary}
    access_log {directory}/access.log combined;
    server {{
        listen 127.0.0.1:{port};
{locations}
    }}
}}
"""


@contextlib.contextmanager
def nginx(directory: Path, locations: str) -> Iterator[Server]:
    """Run nginx; it writes `access.log` in its default format."""
    program, port = find_program("nginx"), free_port()
    config = directory / "nginx.conf"
    config.write_text(nginx_config(directory, port, locations))
    base = (program, "-p", str(directory), "-c", str(config), "-e", str(directory / "error.log"))
    process = _start(list(base), directory)
    with _running(Server(port, directory, process, (*base, "-s"))) as server:
        yield server
