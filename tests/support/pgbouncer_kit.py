"""A real PgBouncer between the journal and the tests' server, which lends a connection for one transaction at a time."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest

from support.postgres_kit import PostgresServer

#: Few, so that clients share them from the first moment on.
SERVER_CONNECTIONS = 3
_CONFIGURATION = """
[databases]
* = host={host} port=5432 user=postgres

[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = {connections}
max_client_conn = 200
logfile = {folder}/log
pidfile = {folder}/pid
"""


def program() -> str:
    """Give the path of PgBouncer; skip the test on a machine that has none, but fail where everything must be there."""
    found = shutil.which("pgbouncer", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
    if found is None:
        if os.environ.get("CI"):
            pytest.fail("expected pgbouncer on this machine: apt-get install pgbouncer")
        pytest.skip("pgbouncer is not installed: apt-get install pgbouncer")
    return found


class Pooler:
    """A running PgBouncer."""

    def __init__(self, port: int) -> None:
        self._port = port

    def through(self, url: str) -> str:
        """Give the address by which a database of the tests' server is reached through the pooler."""
        return f"postgresql://postgres@127.0.0.1:{self._port}{urlsplit(url).path}"


@contextmanager
def pooling(server: PostgresServer) -> Iterator[Pooler]:
    """Start PgBouncer on this machine's own address, as the user whose server it is, and stop it at the end."""
    host = Path(urlsplit(server.url("postgres")).query.removeprefix("host="))
    folder = Path(tempfile.mkdtemp(prefix="rakpool-"))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    (folder / "pgbouncer.ini").write_text(
        _CONFIGURATION.format(host=host, port=port, folder=folder, connections=SERVER_CONNECTIONS)
    )
    arguments = [program(), "-q"]
    if os.geteuid() == 0:
        # Not on every platform.
        import pwd

        # It refuses to run as root, and the server's socket is its owner's.
        owner = host.stat().st_uid
        os.chown(folder, owner, -1)
        os.chown(folder / "pgbouncer.ini", owner, -1)
        arguments += ["-u", pwd.getpwuid(owner).pw_name]
    process = subprocess.Popen([*arguments, str(folder / "pgbouncer.ini")], stderr=subprocess.DEVNULL)
    pooler = Pooler(port)
    try:
        _wait_for(pooler.through(server.url("postgres")), folder / "log")
        yield pooler
    finally:
        process.terminate()
        process.wait(30)
        shutil.rmtree(folder, ignore_errors=True)


def _wait_for(url: str, log: Path) -> None:
    for _ in range(100):
        try:
            psycopg.connect(url).close()
        except psycopg.OperationalError:
            time.sleep(0.1)
        else:
            return
    pytest.fail(f"PgBouncer did not answer: {log.read_text() if log.exists() else 'it wrote no log'}")
