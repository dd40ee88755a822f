"""Looking at this machine: what the kernel's tables mean, and that looking changes nothing."""

import os
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner import machine
from scanner.machine import Folder, ipv4_defaults, ipv6_defaults, state_folder

HEAD4 = "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT\n"
ANY6 = "0" * 32


def route4(interface: str = "eth0", destination: str = "00000000", flags: str = "0003", mask: str = "00000000") -> str:
    return f"{interface}\t{destination}\t010200C0\t{flags}\t0\t0\t0\t{mask}\t0\t0\t0\n"


def route6(interface: str = "eth0", destination: str = ANY6, length: str = "00", flags: str = "00000003") -> str:
    return f"{destination} {length} {ANY6} 00 {ANY6} 00000400 00000003 00000000 {flags}     {interface}\n"


@pytest.mark.parametrize(
    ("text", "interfaces"),
    [
        (HEAD4 + route4(), ("eth0",)),
        (HEAD4 + route4() + route4() + route4("wg0"), ("eth0", "wg0")),
        (HEAD4 + route4(destination="000200C0", mask="00FFFFFF"), ()),
        (HEAD4 + route4(mask="00000080"), ()),  # 0.0.0.0/1, as tunnels set it
        (HEAD4 + route4(flags="0000"), ()),
        (HEAD4 + route4(flags="0203"), ()),  # reject
        (HEAD4 + route4(flags="zz"), ()),
        (HEAD4, ()),
        ("", ()),
    ],
)
def test_ipv4_routes(text: str, interfaces: tuple[str, ...]) -> None:
    assert ipv4_defaults(text) == interfaces


@pytest.mark.parametrize(
    ("text", "interfaces"),
    [
        (route6(), ("eth0",)),
        (route6() + route6("wg0"), ("eth0", "wg0")),
        (route6("lo", flags="00200200"), ()),  # the unreachable route of a kernel without any
        (route6(destination="fd" + "0" * 30, length="40"), ()),
        (route6(length="01"), ()),
        ("", ()),
    ],
)
def test_ipv6_routes(text: str, interfaces: tuple[str, ...]) -> None:
    assert ipv6_defaults(text) == interfaces


@given(st.text())
def test_tables_of_any_text_are_read_without_a_fuss(text: str) -> None:
    assert isinstance(ipv4_defaults(text), tuple)
    assert isinstance(ipv6_defaults(text), tuple)


def test_a_table_that_is_not_there_is_not_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "IPV4_ROUTES", tmp_path / "route")
    monkeypatch.setattr(machine, "IPV6_ROUTES", tmp_path / "ipv6_route")
    assert machine.default_routes(4) is None
    assert machine.default_routes(6) is None
    (tmp_path / "route").write_text(HEAD4)
    assert machine.default_routes(4) == ()
    assert machine.default_routes(6) == ()  # this kernel has no IPv6


# --- the state folder -------------------------------------------------------------------------------------------------


def test_a_folder_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    seen = state_folder(tmp_path / "a" / "b")
    assert (seen.exists, seen.writable, seen.is_folder) == (False, True, True)
    assert seen.free_mib is not None
    assert list(tmp_path.iterdir()) == []


def test_runs_are_counted_with_what_belongs_to_them(tmp_path: Path) -> None:
    (tmp_path / "runs").mkdir()
    for name, size in (("a.journal", machine.MIB), ("a.journal-wal", 1), ("b.journal", 0), ("note.txt", 9_000_000)):
        (tmp_path / "runs" / name).write_bytes(bytes(size))
    (tmp_path / "runs" / "c.journal").symlink_to("/etc/passwd")
    seen = state_folder(tmp_path)
    assert (seen.runs, seen.runs_mib) == (2, 2)


@pytest.mark.parametrize("mode", [0o700, 0o755])
def test_the_mode_is_seen(mode: int, tmp_path: Path) -> None:
    tmp_path.chmod(mode)
    seen = state_folder(tmp_path)
    assert (seen.exists, seen.mode, seen.ours) == (True, mode, True)


@pytest.mark.parametrize("kind", ["file", "dangling"])
def test_what_is_no_folder(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "state"
    if kind == "file":
        path.write_text("")
    else:
        path.symlink_to(tmp_path / "nowhere")
    seen = state_folder(path)
    assert seen.exists
    assert not seen.is_folder


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    try:
        assert not state_folder(tmp_path).writable
        assert not state_folder(tmp_path / "below").writable
    finally:
        tmp_path.chmod(0o700)


def test_a_folder_by_default_is_fine() -> None:
    assert Folder(exists=True).writable


# --- the rest ---------------------------------------------------------------------------------------------------------


def test_tls_is_what_a_handshake_can_begin_with() -> None:
    seen = machine.tls()
    assert seen.library.startswith("OpenSSL ")
    assert {"TLS 1.2", "TLS 1.3"} <= set(seen.versions)


@pytest.mark.parametrize(
    ("version", "day"),
    [
        ("2024.7.4", date(2024, 7, 4)),
        ("2026.10.18.1", date(2026, 10, 18)),
        ("2024.13.4", None),
        ("2024.2", None),
        ("1.0", None),
        ("", None),
    ],
)
def test_the_day_of_the_anchors_is_their_version(
    version: str, day: date | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(machine, "version_of", lambda _: version)
    assert machine.anchors_date() == day


def test_versions() -> None:
    assert machine.version_of("certifi")
    assert machine.version_of("pindai-has-no-such-distribution") == ""
    assert machine.has_module("json")
    assert not machine.has_module("no_such_module")


@pytest.mark.parametrize(("mode", "private"), [(0o600, True), (0o400, True), (0o640, False), (0o604, False)])
def test_a_file_is_private_when_only_its_owner_may_read_it(mode: int, private: bool, tmp_path: Path) -> None:
    path = tmp_path / "key"
    path.write_text("x")
    path.chmod(mode)
    assert machine.file_is_private(path) is private


@pytest.mark.parametrize("name", ["nothing", ".", "a\0b"])
def test_what_is_no_file_is_not_private_but_unknown(name: str, tmp_path: Path) -> None:
    assert machine.file_is_private(tmp_path / name) is None


def test_the_limit_of_open_files_is_a_number_or_none() -> None:
    limit = machine.open_files_limit()
    assert limit is None or limit > 0


def test_the_clock_is_only_read() -> None:
    """Whatever it says; that it can be asked by anybody, without setting anything, is the point."""
    seen = machine.kernel_clock()
    assert seen is None or seen.most_off_s >= 0
