"""Configuration: what is right becomes an estate, what is wrong says where and what to do, all of it at once."""

import re
from pathlib import Path

import pki
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scanner.config import (
    estate_of_urls,
    load_anchors,
    load_targets,
    nameserver_of,
    redirections_of,
    without_secrets,
)
from scanner.config_error import ConfigError
from scanner.demo.estate import example_targets
from scanner.estate import AddressPolicy, Category, Kind, Nameserver, Redirection

GOOD = """\
[agency]
name = "Kota Contoh"
time_zone = "Asia/Makassar"

[resolver]
nameservers = ["127.0.0.1:5353"]

[scope]
names = ["*.Contoh.Test", "a.test"]
networks = ["127.0.0.0/8"]

[defaults]
addresses = "all"
unit = "Diskominfo"
contact = "it@contoh.test"
environment = "production"

[[target]]
id = "www"
url = "HTTPS://WWW.Contoh.test"

[[target]]
id = "api"
url = "https://a.test:8443/v1"
http_port = 8080
unit = ""
category = "tinggi"
kinds = ["api"]
addresses = "first"
expect.status = [200, 401]
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "targets.toml"


def problems(file: Path, text: str) -> list[str]:
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as error:
        load_targets(file)
    return [line.replace(f"{file}", "FILE") for line in error.value.problems]


# --- what is right ------------------------------------------------------------------------------------------


def test_a_file_becomes_an_estate(file: Path) -> None:
    file.write_text(GOOD)
    estate = load_targets(file)
    assert (estate.agency, estate.time_zone, estate.source) == ("Kota Contoh", "Asia/Makassar", "targets.toml")
    assert estate.nameservers == (Nameserver("127.0.0.1", 5353),)
    assert estate.scope.names == ("*.contoh.test", "a.test")
    www, api = estate.targets
    assert (www.url, www.http_port, www.unit, www.contact) == (
        "https://www.contoh.test/",
        80,
        "Diskominfo",
        "it@contoh.test",
    )
    assert (www.addresses, www.kinds, www.category) == (AddressPolicy.ALL, (Kind.WEB,), None)
    assert (api.url, api.http_port, api.unit) == ("https://a.test:8443/v1", 8080, "")
    assert (api.addresses, api.kinds, api.category) == (AddressPolicy.FIRST, (Kind.API,), Category.TINGGI)
    assert api.expect.status == (200, 401)


def test_the_example_that_ships_is_right(file: Path) -> None:
    file.write_text(example_targets())
    estate = load_targets(file)
    assert len(estate.targets) >= 10
    assert all(estate.scope.permits_name(target.parsed_url.host) for target in estate.targets)


@pytest.mark.parametrize(
    ("url", "given", "port"),
    [
        ("https://a.test/", "", 80),
        ("https://a.test/", "http_port = false", None),
        ("https://a.test/", "http_port = 8080", 8080),
        ("https://a.test:8443/", "", None),
        ("https://a.test:8443/", "http_port = 80", 80),
        ("http://a.test/", "", None),
    ],
)
def test_where_the_plain_twin_is(file: Path, url: str, given: str, port: int | None) -> None:
    file.write_text(f'[scope]\nnames = ["a.test"]\n[[target]]\nid = "a"\nurl = "{url}"\n{given}\n')
    assert load_targets(file).targets[0].http_port == port


def test_anchors_are_found_beside_the_file(file: Path) -> None:
    root = pki.root()
    (file.parent / "ca.pem").write_text(f"Words before\n{root.pem}\n{root.pem}")
    file.write_text(GOOD + '[trust]\nanchors = ["ca.pem"]\n')
    assert load_targets(file).anchors == (root.der,)


@pytest.mark.parametrize(
    ("given", "asked"), [("", False), ("[pki]\nask_issuers = true\n", True), ("[pki]\nask_issuers = false\n", False)]
)
def test_issuers_of_certificates_are_asked_where_the_file_says_so(file: Path, given: str, asked: bool) -> None:
    file.write_text(GOOD + given)
    assert load_targets(file).ask_issuers is asked


# --- what is wrong ------------------------------------------------------------------------------------------

TARGET = '[scope]\nnames = ["a.test"]\n\n[[target]]\nid = "a"\nurl = "https://a.test/"\n'


@pytest.mark.parametrize(
    ("text", "where", "words"),
    [
        ("[agency\n", "FILE:1", "not valid TOML: Expected .*column 8"),
        (TARGET + 'adresses = "all"\n', "FILE:7: target.1.adresses", "unknown key; did you mean 'addresses'?"),
        (TARGET + "zzz = 1\n", "FILE:7: target.1.zzz", "unknown key; known here: id, url"),
        ('[agenzy]\nname = "x"\n' + TARGET, "FILE:1: agenzy", "unknown key; did you mean 'agency'?"),
        (TARGET + "[agency]\nnam = 1\n", "FILE:8: agency.nam", "did you mean 'name'?"),
        (TARGET + '[agency]\ntime_zone = "Asia/Atlantis"\n', "FILE:8: agency.time_zone", "Asia/Jakarta"),
        (TARGET + '[agency]\ntime_zone = "../../etc/passwd"\n', "FILE:8: agency.time_zone", "Asia/Jakarta"),
        ('[scope]\nnames = ["a.test"]\n[[target]]\nid = "a"\n', "FILE:3: target.1.url", "required"),
        (TARGET.replace("https://a.test/", "a.test"), "FILE:6: target.1.url", "no scheme"),
        (TARGET.replace("https://a.test/", "ftp://a.test/"), "FILE:6: target.1.url", "neither http nor https"),
        (TARGET.replace("//a", "//me:secret@a"), "FILE:6: target.1.url", "user name or password"),
        (TARGET.replace('id = "a"', 'id = "a b"'), "FILE:5: target.1.id", "expected letters, digits"),
        (TARGET.replace('id = "a"', 'id = ""'), "FILE:5: target.1.id", "expected letters"),
        (TARGET.replace('id = "a"', "id = 3"), "FILE:5: target.1.id", "expected text in quotes$"),
        (TARGET + "http_port = 70000\n", "FILE:7: target.1.http_port", "65535"),
        (TARGET + 'category = "sedang"\n', "FILE:7: target.1.category", "expected one of strategis, tinggi, rendah$"),
        (TARGET + "kinds = []\n", "FILE:7: target.1.kinds", 'at least 1 entry such as ."web".$'),
        (TARGET + 'kinds = ["webb"]\n', "FILE:7: target.1.kinds.1", "one of web, api, mail, dns; did you mean 'web'"),
        (TARGET + "expect.status = [20]\n", "FILE:7: target.1.expect.status.1", "status from 100 to 599$"),
        (TARGET + "expect.status = [600]\n", "FILE:7: target.1.expect.status.1", "status from 100 to 599$"),
        (TARGET + 'expect.status = ["ok"]\n', "FILE:7: target.1.expect.status.1", "status from 100 to 599$"),
        (TARGET + "expect.status = [200.5]\n", "FILE:7: target.1.expect.status.1", "status from 100 to 599$"),
        (TARGET + "expect.status = 200\n", "FILE:7: target.1.expect.status", r"expected a list such as \[200\]$"),
        (TARGET + 'kinds = "web"\n', "FILE:7: target.1.kinds", r'expected a list such as \["web"\]$'),
        (TARGET.replace("[[target]]", "[target]"), "FILE:4: target", r"write \[\[target\]\] above each target$"),
        ("agency = 1\n" + TARGET, "FILE:1: agency", "expected a section"),
        (
            TARGET + '[[target]]\nid = "c"\nurl = "HTTPS://A.test:443"\n',
            "FILE:9: target.2.url",
            "'a' and 'c' are both https://a.test/; keep one of them$",
        ),
        (TARGET + 'addresses = "some"\n', "FILE:7: target.1.addresses", "expected one of all, first$"),
        (TARGET.replace("a.test/", "b.test/"), "FILE:6: target.1.url", "outside .scope.; add it to scope.names"),
        (TARGET + '\n[[target]]\nid = "a"\nurl = "https://a.test/"\n', "FILE:9: target.2.id", "already target 1"),
        ('[scope]\nnames = ["a.test"]\n', "FILE", "nothing to scan"),
        ("", "FILE", "nothing to scan"),
        (TARGET + '[resolver]\nnameservers = ["dns.test"]\n', "FILE:8: resolver.nameservers.1", "no IP address"),
        (TARGET.replace('["a.test"]', '["https://a.test"]'), "FILE:2: scope.names.1", "not a host alone"),
        (TARGET + "http_port = true\n", "FILE:7: target.1.http_port", "65535"),
        (TARGET + 'x.y = "z"\n', "FILE:7: target.1.x", "unknown key"),
    ],
)
def test_an_error_names_file_line_and_key(file: Path, text: str, where: str, words: str) -> None:
    (problem,) = problems(file, text)
    assert problem.startswith(f"{where}: ") or (where == "FILE" and problem.startswith("FILE"))
    assert re.search(words, problem), problem


@pytest.mark.parametrize(
    ("network", "words"),
    [
        ("127.0.0.1/8", "127.0.0.1/8 is an address in a network; write 127.0.0.0/8"),
        ("2001:DB8::1/32", "2001:DB8::1/32 is an address in a network; write 2001:db8::/32"),
        ("300.0.0.0/8", "'300.0.0.0/8' is no network; expected one such as 10.0.0.0/8 or 2001:db8::/32"),
        ("a.test", "'a.test' is no network; expected one such as 10.0.0.0/8 or 2001:db8::/32"),
        ("127.0.0.0/33", "'127.0.0.0/33' is no network; expected one such as 10.0.0.0/8 or 2001:db8::/32"),
    ],
)
def test_networks_are_networks(file: Path, network: str, words: str) -> None:
    found = problems(file, TARGET.replace("[[target]]", f'networks = ["{network}"]\n[[target]]'))
    assert found == [f"FILE:4: scope.networks.1: {words}"]


def test_every_bad_entry_of_a_list_is_told(file: Path) -> None:
    text = '[resolver]\nnameservers = ["x", "192.0.2.53", "y"]\n[scope]\nnames = ["a b", "a.test", "*.c/"]\n'
    text += 'networks = ["x", "10.0.0.0/8", "10.0.0.1/8"]\n'
    found = problems(file, text + TARGET.partition("\n\n")[2])
    assert [line.split(": ")[0:3] for line in found] == [
        ["FILE:2", "resolver.nameservers.1", "'x' is no IP address with an optional port"],
        ["FILE:2", "resolver.nameservers.3", "'y' is no IP address with an optional port"],
        ["FILE:4", "scope.names.1", "'a b'"],
        ["FILE:4", "scope.names.3", "'*.c/'"],
        ["FILE:5", "scope.networks.1", "'x' is no network; expected one such as 10.0.0.0/8 or 2001:db8::/32"],
        ["FILE:5", "scope.networks.3", "10.0.0.1/8 is an address in a network; write 10.0.0.0/8"],
    ]


def test_a_byte_order_mark_is_no_part_of_the_file(file: Path) -> None:
    file.write_text(GOOD.replace("\n", "\r\n"), encoding="utf-8-sig", newline="")
    assert len(load_targets(file).targets) == 2


@pytest.mark.parametrize("content", [b"id,url\na,https://a.test/\n", b"PK\x03\x04\xff\xfe"])
def test_a_table_is_no_targets_file(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "targets.csv"
    path.write_bytes(content)
    with pytest.raises(ConfigError, match=r"TOML, not CSV or Excel; begin from targets\.example\.toml$"):
        load_targets(path)
    with pytest.raises(ConfigError) as error:
        load_targets(path.rename(tmp_path / "targets.toml"))
    assert "Excel" not in str(error.value)


def test_every_problem_is_told_at_once(file: Path) -> None:
    text = '[scope]\nname = []\n[[target]]\nid = "a b"\nurl = "x"\n[[target]]\nid = "b"\n'
    found = problems(file, text)
    assert [line.split(": ")[0:2] for line in found] == [
        ["FILE:2", "scope.name"],
        ["FILE:4", "target.1.id"],
        ["FILE:5", "target.1.url"],
        ["FILE:6", "target.2.url"],
    ]


def test_the_line_is_that_of_the_right_target(file: Path) -> None:
    second = TARGET + '\n[[target]]\nurl = "https://a.test/"\n# id = "not this"\nid = "b c"\n'
    assert problems(file, second)[0].startswith("FILE:11: target.2.id")


def test_contradictions_are_told_together(file: Path) -> None:
    text = TARGET + '[[target]]\nid = "a"\nurl = "https://c.test/"\n[[target]]\nid = "d"\nurl = "https://d.test/"\n'
    assert len(problems(file, text)) == 3


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"\xff\xfe", r"not UTF-8 text .byte 0.; save it as UTF-8 \(Notepad: Save as, Encoding: UTF-8\)"),
        (None, "No such file"),
        (b"#" * 16_000_001, "larger than"),
    ],
)
def test_a_file_that_cannot_be_read(file: Path, content: bytes | None, words: str) -> None:
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(ConfigError, match=words):
        load_targets(file)


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="directory"):
        load_targets(tmp_path)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "no PEM certificate"),
        ("-----BEGIN CERTIFICATE-----\nA\n-----END CERTIFICATE-----", "base64"),
    ],
)
def test_anchors_that_are_none(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "ca.pem"
    path.write_text(text)
    with pytest.raises(ConfigError, match=words):
        load_anchors([path])
    with pytest.raises(ConfigError, match="No such file"):
        load_anchors([tmp_path / "none.pem"])


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=200))
def test_no_text_is_anything_but_an_estate_or_a_config_error(
    tmp_path_factory: pytest.TempPathFactory, text: str
) -> None:
    file = tmp_path_factory.mktemp("config") / "targets.toml"
    file.write_text(text, encoding="utf-8", errors="replace")
    try:
        load_targets(file)
    except ConfigError as error:
        assert error.problems  # noqa: PT017 - either way is right, as long as it is one of the two


KEYS = st.sampled_from(
    ["agency", "scope", "target", "defaults", "trust", "resolver", "names", "id", "url", "unit", "x"]
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=8,
)


def _toml(value: object) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key} = {_toml(it)}" for key, it in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_toml, value)) + "]"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int):
        return str(value % 2**63)
    text = str(value).encode("unicode_escape").decode()
    return "'" + re.sub(r"[^ -&(-~]", "", text) + "'"


@settings(max_examples=80, deadline=None)
@given(st.dictionaries(KEYS, VALUES, max_size=4))
def test_no_structure_is_anything_but_an_estate_or_a_config_error(
    tmp_path_factory: pytest.TempPathFactory, data: dict[str, object]
) -> None:
    file = tmp_path_factory.mktemp("config") / "targets.toml"
    file.write_text("".join(f"{key} = {_toml(value)}\n" for key, value in data.items()))
    with pytest.raises(ConfigError) as error:
        load_targets(file)
    assert all(line.startswith(str(file)) for line in error.value.problems)


# --- the command line ---------------------------------------------------------------------------------------


def test_urls_become_an_estate_whose_scope_is_their_hosts() -> None:
    estate = estate_of_urls(["https://localhost:8443", "http://10.0.0.1/x", "https://A.test", "https://a.test/"])
    assert [(it.id, it.url, it.http_port) for it in estate.targets] == [
        ("localhost-8443", "https://localhost:8443/", None),
        ("10.0.0.1", "http://10.0.0.1/x", None),
        ("a.test", "https://a.test/", 80),
    ]
    assert estate.scope.typed == ("localhost", "10.0.0.1", "a.test")
    assert estate.source == "command line"


def test_ids_of_urls_differ() -> None:
    estate = estate_of_urls(["https://a.test/", "http://a.test/", "https://a.test/b", "https://[::1]:8443/"])
    assert [it.id for it in estate.targets] == ["a.test", "a.test-2", "a.test-3", "1-8443"]


def test_urls_that_are_none_are_told_all_at_once() -> None:
    with pytest.raises(ConfigError) as error:
        estate_of_urls(["https://a.test", "ftp://b.test", "https://me:secret@c.test/", "https:///"])
    assert len(error.value.problems) == 3
    assert "secret" not in str(error.value)


@pytest.mark.parametrize(
    ("text", "address", "port"),
    [
        ("192.0.2.53", "192.0.2.53", 53),
        ("192.0.2.53:5353", "192.0.2.53", 5353),
        ("2001:db8::53", "2001:db8::53", 53),
        ("[2001:db8::53]", "2001:db8::53", 53),
        ("[2001:DB8::53]:5353", "2001:db8::53", 5353),
    ],
)
def test_nameservers(text: str, address: str, port: int) -> None:
    server = nameserver_of(text)
    assert server == Nameserver(address, port)
    assert nameserver_of(str(server)) == server


@pytest.mark.parametrize(
    "text", ["", "dns.test", "192.0.2.53:0", "192.0.2.53:65536", "192.0.2.53:", "1.2.3:53", "[::1]x"]
)
def test_what_is_no_nameserver(text: str) -> None:
    with pytest.raises(ValueError, match=re.escape(repr(text))):
        nameserver_of(text)


@pytest.mark.parametrize(
    ("text", "wish"),
    [
        ("a.test:443:127.0.0.1:8443", Redirection("a.test", 443, "127.0.0.1", 8443)),
        ("A.Test:443:127.0.0.1:8443", Redirection("a.test", 443, "127.0.0.1", 8443)),
        ("::127.0.0.1:8443", Redirection("", 0, "127.0.0.1", 8443)),
        (":443:127.0.0.1:8443", Redirection("", 443, "127.0.0.1", 8443)),
        ("a.test::127.0.0.1:8443", Redirection("a.test", 0, "127.0.0.1", 8443)),
        ("a.test:443:127.0.0.1:", Redirection("a.test", 443, "127.0.0.1", 0)),
        ("[2001:db8::1]:443:[::1]:8443", Redirection("2001:db8::1", 443, "::1", 8443)),
    ],
)
def test_connect_to(text: str, wish: Redirection) -> None:
    assert redirections_of([text], []) == (wish,)


@pytest.mark.parametrize(
    ("text", "wish"),
    [
        ("a.test:443:127.0.0.1", Redirection("a.test", 443, "127.0.0.1", 0)),
        ("*:443:127.0.0.1", Redirection("", 443, "127.0.0.1", 0)),
        ("a.test:443:[::1]", Redirection("a.test", 443, "::1", 0)),
    ],
)
def test_resolve(text: str, wish: Redirection) -> None:
    assert redirections_of([], [text]) == (wish,)


@pytest.mark.parametrize(
    "text", ["", "a", "a:b", "a:443:b.test:1", "a:x:127.0.0.1:1", "a:443:127.0.0.1", "a:443:127.0.0.1:1:2", "a:443::1"]
)
def test_what_is_no_connect_to(text: str) -> None:
    with pytest.raises(ConfigError, match=r"--connect-to.*HOST:PORT:ADDRESS:PORT"):
        redirections_of([text], [])


@pytest.mark.parametrize("text", ["a:443", "a:443:b.test", "a:99999:127.0.0.1", "a:-1:127.0.0.1", "a b:443:127.0.0.1"])
def test_what_is_no_resolve(text: str) -> None:
    with pytest.raises(ConfigError, match=r"--resolve.*HOST:PORT:ADDRESS"):
        redirections_of([], [text])


@pytest.mark.parametrize(
    ("scope", "problem"),
    [
        ('networks = ["0.0.0.0/0"]', "wider than any agency's network"),
        ('networks = ["10.0.0.0/7"]', "wider than"),
        ('networks = ["2000::/3"]', "wider than any agency's network"),
        ('names = ["*.id"]', "whole top-level domain"),
    ],
)
def test_a_scope_as_wide_as_the_world_is_a_slip(tmp_path: Path, scope: str, problem: str) -> None:
    path = tmp_path / "targets.toml"
    path.write_text(f'[scope]\n{scope}\n[[target]]\nid = "a"\nurl = "https://a.test/"\n')
    with pytest.raises(ConfigError) as error:
        load_targets(path)
    assert problem in str(error.value)


def test_widths_that_agencies_have_are_fine(tmp_path: Path) -> None:
    path = tmp_path / "targets.toml"
    scope = 'names = ["*.go.id", "a.test"]\nnetworks = ["10.0.0.0/8", "2001:db8::/32"]'
    path.write_text(f'[scope]\n{scope}\n[[target]]\nid = "a"\nurl = "https://a.test/"\n')
    assert load_targets(path).scope.names == ("*.go.id", "a.test")


@pytest.mark.parametrize("url", ["https://h.test/?token=abc123secret", "https://h.test/cb;jsessionid=ABC123"])
def test_a_url_that_carries_a_secret_is_refused_and_not_repeated(url: str) -> None:
    with pytest.raises(ConfigError) as error:
        estate_of_urls([url])
    assert "must not carry" in str(error.value)
    assert "abc123" not in str(error.value).lower()


@pytest.mark.parametrize("text", ["https://admin:hunter2@host.test:99999/", "admin:hunter2@host.test"])
def test_a_password_typed_by_mistake_is_not_printed(text: str) -> None:
    assert "hunter2" not in without_secrets(text)
    assert "host.test" in without_secrets(text)
