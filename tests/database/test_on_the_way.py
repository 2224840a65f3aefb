"""What lies between a program and its PostgreSQL: Debian's PgBouncer, which is refused with a word, and TLS, which holds."""

import os
import pwd
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from footfall import schema
from footfall.database import Cluster, Store, connect, open_store
from footfall.errors import RoleNotTaken, StoreUnavailable
from server_process import ServerProcess, free_port

ROLES = ("footfall_worker", "footfall_reader", "footfall_ingest", "footfall_admin")


@pytest.fixture(scope="module")
def listening(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a migrated store on a server that listens on an address."""
    cluster, port = Cluster(tmp_path_factory.mktemp("tcp") / "postgres"), free_port()
    cluster.make()
    options = f"-h 127.0.0.1 -p {port} -k {cluster.folder}"
    cluster.run("pg_ctl", "-D", cluster.folder, "-w", "-l", cluster.folder / "log", "-o", options, "start")
    url = f"postgresql://postgres@127.0.0.1:{port}/postgres"
    with connect(url) as owner:
        schema.deploy(owner)
    yield url
    cluster.stop()


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that programs which do not run as root can read."""
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        Path(folder).chmod(0o777)
        yield Path(folder)


def answers(url: str) -> None:
    for _ in range(50):
        try:
            psycopg.connect(url, connect_timeout=2).close()
        except psycopg.OperationalError as error:
            said = error
            time.sleep(0.1)
        else:
            return
    raise said


@pytest.fixture(params=["options refused", "options dropped"])
def pooled(request: pytest.FixtureRequest, listening: str, open_folder: Path) -> Iterator[str]:
    """The URL of the store behind PgBouncer in transaction mode, as it comes, and told to overlook what it does not know."""
    program = shutil.which("pgbouncer") or "/usr/sbin/pgbouncer"
    if not Path(program).exists():
        pytest.skip("PgBouncer is not here: apt-get install pgbouncer")
    port, server = free_port(), psycopg.conninfo.conninfo_to_dict(listening)
    (open_folder / "pgbouncer.ini").write_text(
        f"[databases]\n* = host=127.0.0.1 port={server['port']}\n"
        f"[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\nauth_type = trust\n"
        f"auth_file = {open_folder / 'users'}\npool_mode = transaction\n"
        + ("ignore_startup_parameters = options\n" if request.param == "options dropped" else "")
    )
    (open_folder / "users").write_text("".join(f'"{name}" ""\n' for name in ("postgres", *ROLES)))
    user = pwd.getpwnam("nobody").pw_uid if os.geteuid() == 0 else None
    with subprocess.Popen(
        [program, "-q", open_folder / "pgbouncer.ini"], user=user, cwd="/", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as pooler:
        url = make_conninfo(listening, port=port)
        answers(url)
        yield url
        pooler.terminate()


@pytest.mark.parametrize("role", ROLES)
def test_a_pooler_by_transaction_is_refused_with_a_word(pooled: str, role):
    with pytest.raises(RoleNotTaken, match="is there a pooler in between"), connect(pooled, role):
        pass


def test_so_it_is_when_roles_log_in_by_themselves(pooled: str, listening: str):
    """Then the role is right, and everything else that a connection is told would be missing."""
    with psycopg.connect(listening, autocommit=True) as owner:
        for role in ROLES:
            owner.execute(f"ALTER ROLE {role} LOGIN")
    try:
        for role in ROLES:
            with (
                pytest.raises(RoleNotTaken, match="is there a pooler in between"),
                connect(make_conninfo(pooled, application_name=""), role),
            ):
                pass
    finally:
        with psycopg.connect(listening, autocommit=True) as owner:
            for role in ROLES:
                owner.execute(f"ALTER ROLE {role} NOLOGIN")


@pytest.mark.parametrize("command", [["migrate"], ["check"], ["worker", "--once"], ["tenant", "list"]], ids=" ".join)
def test_a_command_ends_with_it(pooled: str, command: list[str]):
    done = subprocess.run(
        [sys.executable, "-m", "footfall", *command],
        env={**os.environ, "DATABASE_URL": pooled},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.startswith("role_not_taken: ")
    assert done.stderr.count("\n") == 1


def test_a_server_behind_it_is_not_ready_and_says_why(pooled: str):
    with ServerProcess(pooled) as server, pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(f"{server.address}/health/ready", timeout=30)
    assert b'"role_not_taken"' in refused.value.read()


@pytest.fixture
def encrypted(listening: str, open_folder: Path) -> Iterator[tuple[str, Path]]:
    """The store's URL by way of TLS (stunnel speaks PostgreSQL's), with a certificate for localhost; and who signed that."""
    if not shutil.which("stunnel"):
        pytest.skip("stunnel is not here: apt-get install stunnel4")
    key, certificate, port = open_folder / "key.pem", open_folder / "certificate.pem", free_port()
    subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    made = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-days",
        "2",
        "-keyout",
        key,
        "-out",
        certificate,
        *subject,
    ]
    subprocess.run(made, check=True, capture_output=True)
    server = psycopg.conninfo.conninfo_to_dict(listening)
    (open_folder / "stunnel.conf").write_text(
        f"foreground = yes\npid =\n[postgres]\nprotocol = pgsql\naccept = 127.0.0.1:{port}\n"
        f"connect = 127.0.0.1:{server['port']}\n"
        f"cert = {certificate}\nkey = {key}\n"
    )
    with subprocess.Popen(
        ["stunnel", open_folder / "stunnel.conf"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as tunnel:
        url = make_conninfo(listening, host="localhost", port=port, sslmode="verify-full", sslrootcert=str(certificate))
        answers(url)
        yield url, certificate
        tunnel.terminate()


def test_all_goes_over_tls_and_the_name_is_verified(encrypted: tuple[str, Path]):
    url, _ = encrypted
    for role in (None, *ROLES):
        with connect(url, role) as connection:
            assert connection.pgconn.ssl_in_use
    with pytest.raises(StoreUnavailable, match="certificate"):
        open_store(make_conninfo(url, host="127.0.0.1"), Path("nowhere"))
    with pytest.raises(StoreUnavailable, match="certificate"):
        open_store(make_conninfo(url, sslrootcert="system"), Path("nowhere"))


def test_psql_is_one_that_knows_tls_or_it_is_said(encrypted: tuple[str, Path], monkeypatch: pytest.MonkeyPatch):
    url, certificate = encrypted
    # also where the URL does not ask for it: the server has it, and a password would go in the clear
    for one in (url, make_conninfo(url, sslmode="prefer", sslrootcert=str(certificate))):
        if shutil.which("psql"):
            told = subprocess.run([*Store(one).psql(), "-Atc", "SELECT 42"], capture_output=True, text=True, check=True)
            assert told.stdout.strip() == "42"
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(StoreUnavailable, match="apt-get install postgresql-client"):
        Store(url).psql()
