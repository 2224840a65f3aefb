"""The embedded store: started by the first that needs it, stopped by the last that leaves, however others end."""

import contextlib
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import psutil
import psycopg
import pytest

from footfall.database import EmbeddedStore, Store, open_store
from footfall.errors import StoreUnavailable

OLD_PROGRAMS = Path("/usr/lib/postgresql/15/bin")
HOLD = """
import sys, time
from collections.abc import Iterator
from pathlib import Path
from footfall.database import EmbeddedStore
with EmbeddedStore(Path(sys.argv[1])) as store:
    print(store.url, flush=True)
    time.sleep(600)
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "data"


def answers(url: str) -> bool:
    try:
        psycopg.connect(url, connect_timeout=5).close()
    except psycopg.OperationalError:
        return False
    return True


def another_process(folder: Path) -> tuple[subprocess.Popen, str]:
    process = subprocess.Popen([sys.executable, "-c", HOLD, str(folder)], stdout=subprocess.PIPE, text=True)
    with process.stdout as said:
        return process, said.readline().strip()


def test_a_store_keeps_its_data_and_is_stopped_when_nobody_uses_it(folder: Path) -> None:
    with EmbeddedStore(folder) as store:
        with psycopg.connect(store.url, autocommit=True) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
        assert answers(store.url)
    assert not answers(store.url)
    with EmbeddedStore(folder) as store, psycopg.connect(store.url) as connection:
        assert connection.execute("SELECT answer FROM kept").fetchone() == (42,)


def test_the_last_that_leaves_stops_it_even_when_another_was_killed(folder: Path) -> None:
    killed, url = another_process(folder)
    terminated, same_url = another_process(folder)
    assert url == same_url
    killed.send_signal(signal.SIGKILL)
    killed.wait()
    with EmbeddedStore(folder):
        assert answers(url)
    assert answers(url)  # the second process still uses it
    terminated.terminate()
    terminated.wait()
    with EmbeddedStore(folder):
        pass
    assert not answers(url)


def test_a_store_recovers_from_a_server_that_was_killed(folder: Path) -> None:
    with EmbeddedStore(folder) as store, psycopg.connect(store.url, autocommit=True) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
        postmaster = int((folder / "postgres" / "postmaster.pid").read_text().splitlines()[0])
        os.kill(postmaster, signal.SIGKILL)
    for _ in range(50):  # its children notice
        if not answers(store.url):
            break
        time.sleep(0.1)
    with EmbeddedStore(folder) as store, psycopg.connect(store.url) as connection:
        assert connection.execute("SELECT answer FROM kept").fetchone() == (42,)


def test_a_folder_without_a_store_is_not_silently_filled(folder: Path) -> None:
    with pytest.raises(StoreUnavailable, match="there is no store"):
        open_store("", folder)
    assert not folder.exists()


def test_a_server_that_does_not_answer_is_told_at_once(folder: Path) -> None:
    with pytest.raises(StoreUnavailable, match="does not answer"):
        open_store("postgresql://nobody@127.0.0.1:1/none", folder)


def test_a_server_named_by_its_url_is_left_as_it_is(server: str, folder: Path) -> None:
    with open_store(server, folder) as store:
        assert type(store) is Store
    assert answers(server)
    assert not folder.exists()


def test_nothing_that_travels_is_logged(folder: Path) -> None:
    """An address in a statement that fails must not reach the disk by way of the log."""
    with EmbeddedStore(folder) as store:
        with psycopg.connect(store.url, autocommit=True) as connection, pytest.raises(psycopg.errors.InvalidTextRepresentation):
            connection.execute("SELECT %s::text::int", ("canary 198.51.100.77",))
    assert "canary" not in (folder / "postgres" / "log").read_text()


def pid_file(folder: Path) -> Path:
    return folder / "postgres" / "postmaster.pid"


@pytest.fixture(scope="module")
def left(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str]]:
    """A store whose server was killed; the lines of the file that it left behind."""
    folder = tmp_path_factory.mktemp("left") / "data"
    with EmbeddedStore(folder) as store:
        with psycopg.connect(store.url, autocommit=True) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
        lines = pid_file(folder).read_text().splitlines()
        kill_all(int(lines[0]))
    return folder, lines


def socket_lock(folder: Path) -> Path:
    return folder / "postgres" / ".s.PGSQL.5432.lock"


def kill_all(postmaster: int) -> None:
    with contextlib.suppress(psutil.NoSuchProcess):
        process = psutil.Process(postmaster)
        everybody = [process, *process.children(recursive=True)]
        for one in everybody:
            with contextlib.suppress(psutil.NoSuchProcess):
                one.kill()
        psutil.wait_procs(everybody, timeout=20)


def answer_of(folder: Path) -> int:
    with EmbeddedStore(folder) as store, psycopg.connect(store.url) as connection:
        return connection.execute("SELECT answer FROM kept").fetchone()[0]


@contextlib.contextmanager
def sleeping(user: int | None) -> Iterator[subprocess.Popen]:
    """A stranger; as the user that PostgreSQL runs as, where that is another one, it has the number that keeps PostgreSQL out."""
    process = subprocess.Popen(["sleep", "600"], user=user)
    try:
        yield process
        assert process.poll() is None, "a stranger was harmed"
    finally:
        process.kill()
        process.wait()


@pytest.mark.parametrize("whose", ["ours", "PostgreSQL's"])
def test_the_number_of_another_process_keeps_no_store_shut_and_harms_nobody(left: tuple[Path, list[str]], whose: str) -> None:
    folder, lines = left
    user = (folder / "postgres").stat().st_uid if whose == "PostgreSQL's" else None
    with sleeping(user) as stranger:
        pid_file(folder).write_text("\n".join([str(stranger.pid), *lines[1:]]) + "\n")
        # the socket is locked by a file of the same kind
        socket_lock(folder).write_text("\n".join([str(stranger.pid), *lines[1:]]) + "\n")
        assert answer_of(folder) == 42


def test_neither_does_that_of_a_process_that_has_ended(left: tuple[Path, list[str]]) -> None:
    folder, lines = left
    zombie = subprocess.Popen(["true"])
    time.sleep(0.2)  # nobody has asked how it ended
    pid_file(folder).write_text("\n".join([str(zombie.pid), *lines[1:]]) + "\n")
    assert answer_of(folder) == 42
    zombie.wait()


def test_neither_does_that_of_another_stores_server(left: tuple[Path, list[str]], tmp_path: Path) -> None:
    folder, lines = left
    with EmbeddedStore(tmp_path / "other") as other:
        others = pid_file(tmp_path / "other").read_text().splitlines()
        pid_file(folder).write_text("\n".join([others[0], *lines[1:]]) + "\n")
        assert answer_of(folder) == 42
        assert answers(other.url)


@pytest.mark.parametrize("part", ["", "17\n", "no number\n" * 8])
def test_neither_does_a_file_of_which_only_a_part_was_written(left: tuple[Path, list[str]], part: str) -> None:
    folder, _ = left
    pid_file(folder).write_text(part)
    assert answer_of(folder) == 42


def test_it_comes_back_at_once_however_often_everything_is_killed(folder: Path) -> None:
    for _ in range(2):
        user, url = another_process(folder)
        postmaster = int(pid_file(folder).read_text().splitlines()[0])
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("CREATE TABLE IF NOT EXISTS kept AS SELECT 42 AS answer")
        user.kill()
        os.kill(postmaster, signal.SIGKILL)  # its children notice in a while
        user.wait()
        assert answer_of(folder) == 42


def test_a_password_is_in_no_command_that_others_can_see() -> None:
    store = Store("postgresql://ann:s3cret@db.example:5432/footfall?sslmode=verify-full")
    assert not any("s3cret" in part for part in store.psql())
    assert "sslmode=verify-full" in store.psql()[1]
    assert store.password == "s3cret"
    assert Store("postgresql://db.example/footfall").password == ""


@pytest.mark.parametrize(
    "wrong", ["postgresqll://ann:s3cret@db/x", "ann:s3cret@db", "postgresql://ann:s3cret@db:port/x", "host=db password='s3cret"]
)
def test_a_url_of_the_wrong_form_is_said_without_the_password(wrong: str, folder: Path) -> None:
    with pytest.raises(StoreUnavailable) as refused:
        open_store(wrong, folder)
    assert "s3cret" not in str(refused.value)
    assert "DATABASE_URL" in str(refused.value)


def test_a_server_of_former_times_is_told_so_in_one_line(tmp_path: Path) -> None:
    """Debian's own, where it is installed."""
    if not OLD_PROGRAMS.exists():
        pytest.skip("PostgreSQL 15 is not here: apt-get install postgresql-15")
    user = pwd.getpwnam("postgres").pw_uid if os.geteuid() == 0 else None
    folder = Path(tempfile.mkdtemp(dir="/tmp"))
    if user is not None:
        os.chown(folder, user, -1)
    run = partial(subprocess.run, check=True, user=user, capture_output=True, cwd="/")
    run([OLD_PROGRAMS / "initdb", "-A", "trust", "-U", "postgres", "-D", folder / "old"])
    run([OLD_PROGRAMS / "pg_ctl", "-w", "-D", folder / "old", "-o", f"-h '' -k {folder}", "-l", folder / "log", "start"])
    try:
        with pytest.raises(StoreUnavailable, match=r"^PostgreSQL 16 or later is needed, this is 15\.\d+$"):
            open_store(f"postgresql://postgres@/postgres?host={folder}", tmp_path)
    finally:
        run([OLD_PROGRAMS / "pg_ctl", "-D", folder / "old", "-m", "immediate", "stop"])
        shutil.rmtree(folder)


as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root needs somebody else to run PostgreSQL")


@as_root
def test_root_changes_nothing_outside_of_the_store(tmp_path: Path) -> None:
    """Neither the folders above it, though closed to who runs PostgreSQL, nor the list of users."""
    (tmp_path / "closed").mkdir(mode=0o700)
    above = [tmp_path / "closed", *tmp_path.parents]
    before = [(path.stat().st_mode, path.stat().st_uid) for path in above], Path("/etc/passwd").read_text()
    with EmbeddedStore(tmp_path / "closed" / "data") as store, psycopg.connect(store.url) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
        owner = (tmp_path / "closed" / "data" / "postgres").stat().st_uid
        assert owner != 0
        assert pwd.getpwuid(owner)
    assert ([(path.stat().st_mode, path.stat().st_uid) for path in above], Path("/etc/passwd").read_text()) == before


@as_root
@pytest.mark.parametrize(("user", "said"), [("nobody-here", "does not know"), ("root", "names root")])
def test_who_runs_it_has_to_be_somebody(folder: Path, user: str, said: str) -> None:
    with pytest.raises(StoreUnavailable, match=said):
        EmbeddedStore(folder, user)


@as_root
def test_a_folder_of_somebody_else_is_told_at_once_with_the_line_to_run(left: tuple[Path, list[str]], tmp_path: Path) -> None:
    cluster = tmp_path / "data" / "postgres"
    shutil.copytree(left[0] / "postgres", cluster, ignore=lambda *_: [".s.PGSQL.5432"])
    shutil.chown(cluster, "root")
    with pytest.raises(StoreUnavailable, match=f"chown -R [a-z]+ {cluster}"):
        EmbeddedStore(tmp_path / "data")
    (tmp_path / "data" / "postgres").chmod(0o755)
    os.chown(cluster / "PG_VERSION", 1234, -1)
    with pytest.raises(StoreUnavailable, match=f"chown -R [a-z]+ {cluster}"):
        EmbeddedStore(tmp_path / "data")


def test_a_store_that_is_open_to_others_is_told_with_the_line_to_run(left: tuple[Path, list[str]]) -> None:
    folder, _ = left
    (folder / "postgres").chmod(0o755)
    try:
        with pytest.raises(StoreUnavailable, match=f"chmod 700 {folder / 'postgres'}"):
            EmbeddedStore(folder)
    finally:
        (folder / "postgres").chmod(0o700)


def test_a_start_that_fails_says_what_the_server_said(left: tuple[Path, list[str]]) -> None:
    folder, _ = left
    configuration = folder / "postgres" / "postgresql.conf"
    before = configuration.read_text()
    configuration.write_text(before + "\nshared_buffers = nonsense\n")
    try:
        with pytest.raises(StoreUnavailable, match=r"did not start: .*errors"):
            EmbeddedStore(folder)
    finally:
        configuration.write_text(before)
    assert answer_of(folder) == 42
