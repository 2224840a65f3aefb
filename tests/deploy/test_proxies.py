"""nginx and Caddy with the files that are published, in front of a real Footfall: what a visitor sends and gets through them."""

import json
import shutil
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
from proxy import HOST, Caddy, Certificate, Nginx, Proxy, Visitor

from footfall.auth import add_account, add_key, set_role
from footfall.database import Connection, connect
from server_process import ServerProcess, free_port
from site_under_test import HUMAN, Site

PAGE = f"https://{HOST}"
OURS = {"X_Footfall_Request": "1", "Content_Type": "application/json"}
PASSWORD = "a good long one"
# all visitors here are of this machine: of it, only where the proxy connects from is trusted
SETTINGS = {"FOOTFALL_CLIENT_ADDRESS_HEADER": "X-Forwarded-For", "FOOTFALL_TRUSTED_PROXIES": "127.0.0.1/32"}


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return Certificate(tmp_path_factory.mktemp("certificate"))


@pytest.fixture(scope="module")
def footfall(module_url: str) -> Iterator[ServerProcess]:
    with ServerProcess(module_url, FOOTFALL_PUBLIC_URL=PAGE, **SETTINGS) as server:
        yield server


@pytest.fixture(scope="module")
def without_public_url(module_url: str) -> Iterator[ServerProcess]:
    """Whose pages may ask goes by the host of each request."""
    with ServerProcess(module_url, **SETTINGS) as server:
        yield server


@pytest.fixture(scope="module", params=[Nginx, Caddy])
def kind(request: pytest.FixtureRequest) -> type[Proxy]:
    if not shutil.which(request.param.program, path="/usr/sbin:/usr/bin"):
        pytest.skip(f"needs Debian's {request.param.package}: `make servers`")
    return request.param


@pytest.fixture(scope="module")
def proxy(
    kind: type[Proxy], footfall: ServerProcess, certificate: Certificate, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Proxy]:
    with kind(tmp_path_factory.mktemp("proxy"), certificate, footfall.address) as proxy:
        yield proxy


@pytest.fixture
def worker(module_url: str) -> Iterator[Connection]:
    with connect(module_url, "footfall_worker") as connection:
        yield connection


@pytest.fixture
def site(worker: Connection) -> Site:
    return Site.another(worker)


@pytest.fixture
def key(site: Site) -> str:
    return add_key(site.connection, site.tenant_id, "write", "pages")[1]


def visitors(site: Site) -> list[str]:
    """Whose the events are that landed, in their order."""
    found = "SELECT visitor_id FROM raw.site_tracking_events_r WHERE tenant_hk = %s ORDER BY raw_event_id"
    return [visitor for (visitor,) in site.rows(found, site.tenant_hk)]


def view(name: str) -> dict[str, str]:
    return {"event_id": name, "evt_type": "page_view", "page_url": "https://acme.example/"}


def sign_in(visitor: Visitor, email: str, page: str):
    return visitor.ask("POST", "/api/session", json.dumps({"email": email, "password": PASSWORD}), Origin=page, **OURS)


@pytest.fixture
def ann(site: Site) -> str:
    """An owner of the site."""
    email = f"ann@{site.tenant_id}.example"
    add_account(site.connection, email, "Ann", PASSWORD)
    set_role(site.connection, email, site.tenant_id, "owner")
    return email


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion")
def test_all_is_encrypted_and_who_comes_plainly_is_sent_there(proxy: Proxy) -> None:
    answer, said = proxy.visitor().ask("GET", "/health/ready")
    assert (answer.status, json.loads(said)["status"]) == (200, "ready")
    assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"
    plainly, _ = proxy.visitor_without_tls().ask("GET", "/guide/?q=1")
    assert plainly.status in (301, 308)
    assert plainly.headers["Location"].startswith(PAGE)
    assert plainly.headers["Location"].endswith("/guide/?q=1")
    outdated = ssl.create_default_context(cafile=proxy.certificate.file)
    outdated.set_ciphers("ALL:@SECLEVEL=0")
    outdated.minimum_version, outdated.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
    with pytest.raises(ssl.SSLError):
        Visitor(proxy.port, "127.0.0.1", outdated).ask("GET", "/health/ready")


def test_another_host_is_not_answered(proxy: Proxy) -> None:
    trusting = ssl.create_default_context()
    trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE
    with pytest.raises(ssl.SSLError):
        Visitor(proxy.port, "127.0.0.1", trusting).ask("GET", "/", host="other.example")


def test_who_came_is_who_connected_whatever_they_say(proxy: Proxy, footfall: ServerProcess, site: Site, key: str) -> None:
    directly = Visitor(int(footfall.address.rsplit(":", 1)[1]), "127.0.0.2", None)
    browser = {"User_Agent": HUMAN}
    spoofed = {**browser, "X_Forwarded_For": "6.6.6.6", "X_Real_IP": "6.6.6.6", "Forwarded": "for=6.6.6.6"}
    assert directly.beacon(key, view("directly"), **browser) == 202
    assert proxy.visitor("127.0.0.2").beacon(key, view("through the proxy"), **browser) == 202
    assert proxy.visitor("127.0.0.2").beacon(key, view("with another's address"), **spoofed) == 202
    assert proxy.visitor("127.0.0.3").beacon(key, view("somebody else"), **spoofed) == 202
    # one within a network that is trusted, such as a colleague in the office
    assert proxy.visitor("127.0.0.1").beacon(key, view("from within"), **browser) == 202
    assert proxy.visitor("127.0.0.1").beacon(key, view("from within, with another's address"), **spoofed) == 202
    one, same, still_the_same, other, within, same_within = visitors(site)
    assert one == same == still_the_same
    assert within == same_within
    assert len({one, other, within}) == 3


def test_a_beacon_lands_and_is_loaded(proxy: Proxy, site: Site, key: str) -> None:
    assert proxy.visitor().beacon(key, view("beacon"), Origin="https://acme.example", User_Agent=HUMAN) == 202
    site.load()
    assert site.rows("SELECT fate FROM raw.site_tracking_events_v WHERE tenant_hk = %s", site.tenant_hk) == [("loaded",)]


def test_what_is_too_large_is_refused_by_footfall_which_says_why(proxy: Proxy, key: str) -> None:
    for _ in range(10):
        answer, said = proxy.visitor().ask("POST", f"/api/tracking/events?key={key}", " " * 1_100_000, Content_Type="text/plain")
        # Footfall answers without reading on; a proxy that is still sending may see the closed connection before the answer
        if answer.status != 502:
            break
    assert answer.status == 413
    assert json.loads(said)["debug_info"]["error"] == "body_too_large"


def test_people_sign_in_with_a_cookie_for_this_host_alone(proxy: Proxy, ann: str) -> None:
    answer, said = sign_in(proxy.visitor(), ann, PAGE)
    assert answer.status == 200, said
    cookies = answer.headers.get_all("Set-Cookie")
    assert all(cookie.startswith("__Host-") and "Secure" in cookie and "HttpOnly" in cookie for cookie in cookies)
    cookie = "; ".join(cookie.partition(";")[0] for cookie in cookies)
    answer, said = proxy.visitor().ask("GET", "/api/session", Cookie=cookie, **OURS)
    assert json.loads(said)["data"]["email"] == ann
    forged, _ = sign_in(proxy.visitor(), ann, "https://evil.example")
    assert forged.status == 403


def test_the_host_is_passed_on(
    kind: type[Proxy], without_public_url: ServerProcess, certificate: Certificate, ann: str, tmp_path: Path
) -> None:
    with kind(tmp_path, certificate, without_public_url.address) as proxy:
        answer, said = sign_in(proxy.visitor(), ann, PAGE)
    assert answer.status == 200, said


def test_events_are_seen_while_their_stream_is_open(proxy: Proxy, site: Site, key: str) -> None:
    reading = add_key(site.connection, site.tenant_id, "read", "live")[1]
    with proxy.visitor().asking("GET", f"/api/analytics/realtime/stream?key={reading}") as stream:
        assert stream.headers["Content-Type"].startswith("text/event-stream")
        assert stream.readline().startswith(b"retry:")
        # a proxy that gathers would have shown this first line only after the stream's end: what comes now would not be in it
        assert proxy.visitor().beacon(key, view("live"), User_Agent=HUMAN) == 202
        site.load()
        assert any(line.startswith(b"data:") and b"acme.example" in line for line in iter(stream.readline, b""))


def test_no_address_is_written_even_when_something_fails(
    kind: type[Proxy], proxy: Proxy, certificate: Certificate, key: str, tmp_path: Path
) -> None:
    said_of_itself = {"X_Forwarded_For": "198.51.100.77"}
    assert proxy.visitor("127.0.0.9").beacon(key, view("well"), **said_of_itself) == 202
    nobody = f"http://127.0.0.1:{free_port()}"
    with kind(tmp_path, certificate, nobody) as in_vain:
        assert in_vain.visitor("127.0.0.9").beacon(key, view("in vain"), **said_of_itself) == 502
    logged = proxy.logged() + in_vain.logged()
    assert "127.0.0.9" not in logged
    assert "198.51.100.77" not in logged
