"""Where a download may lead, and where it may take our bearer."""

import socket

import pytest

from tests.adapters.scripted_server import Reply, free, scripted
from zoomguard.adapters.hosts import Hosts
from zoomguard.adapters.http import Http
from zoomguard.domain.errors import OutsideFailed, SettingsWrong

HOSTS = Hosts(("zoom.us",), ("cloudfront.net",), sandbox=False)
SANDBOX = Hosts(("127.0.0.1:8001",), ("127.0.0.1:8002",), sandbox=True)


@pytest.mark.parametrize("url", ["https://zoom.us/rec/download/x", "https://US06web.Zoom.us:443/rec?a=b"])
def test_the_bearer_goes_to_listed_hosts_and_all_below_them(url: str) -> None:
    assert HOSTS.may_carry_bearer(url) and HOSTS.may_follow(url)


def test_a_content_network_is_followed_without_the_bearer() -> None:
    url = "https://d1.cloudfront.net/file?Signature=x"
    assert HOSTS.may_follow(url) and not HOSTS.may_carry_bearer(url)


@pytest.mark.parametrize(
    "url",
    [
        "http://zoom.us/",
        "ftp://zoom.us/",
        "file:///etc/passwd",
        "https://evilzoom.us/",
        "https://zoom.us.evil.example/",
        "https://zoom.us./",
        "https://zoom.us@evil.example/",
        "https://evil.example@zoom.us/",
        "https://a:b@zoom.us/",
        "https://zoom.us\\@evil.example/",
        "https://evil.example\\.zoom.us/",
        "https://evil.example#.zoom.us/",
        "https://evil.example?.zoom.us/",
        "https://zoom.us:8443/",
        "https://zoom.us:/",
        "https://.zoom.us/",
        "https://zoom..us/",
        "https://zoom.us /",
        "https://zoom.us/\nHost: evil",
        "https://zoöm.us/",
        "https://127.0.0.1/",
        "https://2130706433/",
        "https://0x7f.1/",
        "https://127.1/",
        "https://[::1]/",
        "https://[::ffff:127.0.0.1]/",
        "https://169.254.169.254/latest/meta-data",
        "//zoom.us/",
        "",
    ],
)
def test_everything_else_is_refused(url: str) -> None:
    assert not HOSTS.may_follow(url) and not HOSTS.may_carry_bearer(url)


def test_a_sandbox_reaches_its_listed_ports_and_no_other() -> None:
    assert SANDBOX.may_carry_bearer("http://127.0.0.1:8001/a")
    assert SANDBOX.may_follow("http://127.0.0.1:8002/a")
    assert not SANDBOX.may_carry_bearer("http://127.0.0.1:8002/a")
    for url in (
        "http://127.0.0.1:8003/",
        "http://127.0.0.1/",
        "http://localhost:8001/",
        "http://2130706433:8001/",
    ):
        assert not SANDBOX.may_follow(url)


@pytest.mark.parametrize(
    ("entry", "sandbox"),
    [
        ("127.0.0.1:8001", False),
        ("127.0.0.1", True),
        ("us", False),
        ("*.zoom.us", False),
        (".zoom.us", False),
        ("https://zoom.us", False),
        ("zoom.us.", False),
        ("zoom.us:0", True),
        ("zoom.us:0443", True),
        ("", True),
    ],
)
def test_an_entry_of_another_form_stops_the_start(entry: str, sandbox: bool) -> None:
    with pytest.raises(SettingsWrong):
        Hosts(("zoom.us",), (entry,), sandbox)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.0.0.1",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "224.0.0.1",
        "255.255.255.255",
        "::1",
        "::",
        "fe80::1%eth0",
        "fd00::1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "64:ff9b::7f00:1",
        "2002:7f00:1::",
        "ff02::1",
        "name",
    ],
)
def test_an_address_that_is_not_global_is_never_connected_to(address: str) -> None:
    assert not HOSTS.admits("zoom.us", 443, address)
    assert not SANDBOX.admits("zoom.us", 443, address)


def test_global_addresses_and_listed_loopback_are_connected_to() -> None:
    for address in ("170.114.52.2", "2606:4700::1", "64:ff9b::aa72:3402"):
        assert HOSTS.admits("zoom.us", 443, address)
    assert SANDBOX.admits("127.0.0.1", 8001, "127.0.0.1")
    assert not SANDBOX.admits("127.0.0.1", 8001, "10.0.0.1")


def test_a_name_is_looked_up_once_and_that_very_address_is_used() -> None:
    looked_up: list[str] = []

    def resolve(host: str, port: int) -> tuple[str, ...]:
        looked_up.append(host)
        return ("10.0.0.1", "127.0.0.1") if len(looked_up) == 1 else ("10.0.0.1",)

    with scripted(lambda asked: Reply(body=b"yes")) as server:
        place = f"files.college.example:{server.port}"
        hosts = Hosts((place,), (), sandbox=True)
        stream = Http(free, admits=hosts.admits, resolve=resolve).stream(f"http://{place}/", {})
        buffer = bytearray(10)
        assert stream.read_into(memoryview(buffer)) == 3
        assert (server.asked[0].headers["Host"], looked_up) == (place, ["files.college.example"])


def test_a_name_that_leads_inside_is_refused_before_anything_is_sent() -> None:
    with scripted(lambda asked: Reply()) as server:
        http = Http(free, admits=HOSTS.admits, resolve=lambda host, port: ("127.0.0.1",))
        with pytest.raises(OutsideFailed) as caught:
            http.stream(f"http://zoom.us:{server.port}/?token=hunter-2", {})
        assert (caught.value.code, caught.value.permanent, server.asked) == ("HOST_REFUSED", True, [])
        assert "hunter" not in caught.value.message and caught.value.__context__ is None


def test_a_name_that_does_not_exist_is_unreachable() -> None:
    def resolve(host: str, port: int) -> tuple[str, ...]:
        raise socket.gaierror(-2, "Name or service not known")

    with pytest.raises(OutsideFailed) as caught:
        Http(free, admits=HOSTS.admits, resolve=resolve).stream("https://zoom.us/", {})
    assert caught.value.code == "UNREACHABLE"
