"""Nothing outside the scope is ever contacted: hostile redirects, name servers and wishes, through the real engine.

Whatever is outside listens too, so that going there would succeed and be seen: by Python's audit hook in the scan, and by
who listens there. Every table of hostile places is used a second time with a scope that is wide enough, to show that each
of them does lead outside where nobody stops it.
"""

import asyncio
import contextlib
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import dns.message
import dns.name
import dns.rdatatype
import dns.rrset
import faults
import msgspec
import pytest
from commandline import CommandLine, served
from faults import BEHAVIOURS, Behaviour, FaultyNameserver, in_thread, serving_in_thread
from scanned import Scanned, hasty, performed, web_target

from scanner.cli.estates import Assignment
from scanner.cost import Cost, Traffic
from scanner.estate import AddressPolicy, Estate, Nameserver, Target
from scanner.findings import State
from scanner.journal import Journal
from scanner.observations.http import Exchange, RedirectChain
from scanner.observations.steps import Reason, Unobserved
from scanner.probes.trust import certificates_in
from scanner.profiles import OurSide, Profile
from scanner.registry import discover
from scanner.run import Run
from scanner.scope import Scope
from scanner.surroundings import look_around

UPTIME, REDIRECT = "uptime.reachable", "web.https.redirect"
HERE, BESIDE, OUTSIDE = "127.0.0.1", "127.0.0.2", "127.9.9.9"
NARROW = Scope(names=("*.fault.test",), networks=("127.0.0.1/32", "127.0.0.2/32"))
WIDE = Scope(names=("fault.test", "*.fault.test", "*.test"), networks=("127.0.0.0/8",))


class Site:
    """A server that leads away whoever asks for a path it knows, and remembers what it was asked for."""

    def __init__(self, leads: Mapping[str, bytes] | None = None) -> None:
        self.leads = leads or {}
        self.asked: list[str] = []

    async def serve(self, reader: faults.Reader, writer: asyncio.StreamWriter) -> None:
        request = await reader.request()
        self.asked.append(request.target)
        if (location := self.leads.get(request.target)) is None:
            await faults.say(writer, faults.whole())
        else:
            await faults.redirect(writer, location)

    def serving(
        self, address: str = HERE, port: int = 0, *, tls: bool = False
    ) -> contextlib.AbstractContextManager[faults.Served]:
        return serving_in_thread(Behaviour("site", self.serve, tls=tls), address, port)


@contextlib.contextmanager
def scan_of(
    folder: Path,
    targets: Sequence[Target],
    scope: Scope,
    *,
    hosts: Mapping[str, str] = {},
    nameserver: FaultyNameserver | None = None,
    profile: Profile | None = None,
    **fields: Any,
) -> Iterator[Scanned]:
    """A finished scan of these targets within this scope; `hosts` is name -> address, as a hosts file has them."""
    nameservers = () if nameserver is None else (Nameserver(nameserver.address, nameserver.port),)
    anchors = certificates_in(faults.ca_pem().encode())
    estate = Estate(
        targets=tuple(targets), scope=scope, nameservers=nameservers, anchors=anchors, source="test", **fields
    )
    (folder / "hosts").write_text("".join(f"{address} {name}\n" for name, address in hosts.items()))
    surroundings = look_around(estate, folder / "hosts")
    with performed(folder, Assignment(estate, profile or hasty(), tuple(discover().values()), surroundings)) as scan:
        yield scan


# --- redirects --------------------------------------------------------------------------------------------------------

# Where {p} is the port: all these are https://127.9.9.9:{p}/, in every way a browser would read it.
OUTSIDE_SPELLINGS = {
    "plain": "https://127.9.9.9:{p}/",
    "scheme-relative": "//127.9.9.9:{p}/",
    "many-slashes": "https://///127.9.9.9:{p}/",
    "backslashes": r"https:\\127.9.9.9:{p}\x",
    "backslashes-relative": r"\\127.9.9.9:{p}",
    "slash-backslash": r"/\127.9.9.9:{p}/",
    "userinfo": "https://inside.fault.test@127.9.9.9:{p}/",
    "userinfo-with-port": "https://127.0.0.1:{p}@127.9.9.9:{p}/",
    "userinfo-twice": "https://a@inside.fault.test@127.9.9.9:{p}/",
    "userinfo-encoded": "https://inside.fault.test%2f@127.9.9.9:{p}/",
    "backslash-ends-the-host": r"https://127.9.9.9:{p}\@inside.fault.test/",
    "fragment-ends-the-host": "https://127.9.9.9:{p}#@inside.fault.test/",
    "query-ends-the-host": "https://127.9.9.9:{p}?@inside.fault.test/",
    "decimal": "https://2131298569:{p}/",
    "hexadecimal": "https://0x7f090909:{p}/",
    "octal": "https://0177.011.011.011:{p}/",
    "mixed": "https://0x7F.9.0x909:{p}/",
    "short": "https://127.9.2313:{p}/",
    "shorter": "https://127.592137:{p}/",
    "mapped": "https://[::ffff:127.9.9.9]:{p}/",
    "mapped-hexadecimal": "https://[0:0:0:0:0:FFFF:7f09:909]:{p}/",
    "trailing-dot": "https://127.9.9.9.:{p}/",
    "percent-encoded": "https://%31%32%37.9.9.9:{p}/",
    "full-width": "https://\uff11\uff12\uff17.9.9.9:{p}/",
    "ideographic-dots": "https://127\u30029\u30029\u30029:{p}/",
    "tab-inside": "https://127.9.\t9.9:{p}/",
    "upper-case-scheme": "HTTPS://127.9.9.9:{p}/",
    "port-with-zeros": "https://127.9.9.9:000{p}/",
    "another-name": "https://outside.test:{p}/",
    "upper-case": "https://OUTSIDE.TEST:{p}/",
    "name-with-dot": "https://outside.test.:{p}/",
    "name-encoded": "https://%6futside.test:{p}/",
    "above-the-wildcard": "https://fault.test:{p}/",
    "no-label-before": "https://evilfault.test:{p}/",
    "scope-as-prefix": "https://inside.fault.test.outside.test:{p}/",
    "international": "https://b\u00fccher.test:{p}/",
    "international-a-label": "https://xn--bcher-kva.test:{p}/",
    "international-encoded": "https://b%C3%BCcher.test:{p}/",
    "inside-by-name": "https://trap.fault.test:{p}/",  # a name of the scope, at an address outside of it
    "inside-by-name-mapped": "https://trap-mapped.fault.test:{p}/",
}
# What no scope lets pass, with the reason; and what no browser reads as a URL.
NOWHERE = {
    "metadata": ("http://169.254.169.254/latest/meta-data/", Reason.OUT_OF_SCOPE),
    "metadata-decimal": ("https://2852039166/", Reason.OUT_OF_SCOPE),
    "metadata-mapped": ("https://[::ffff:a9fe:a9fe]/", Reason.OUT_OF_SCOPE),
    "metadata-nat64": ("https://[64:ff9b::a9fe:a9fe]/", Reason.OUT_OF_SCOPE),
    "metadata-6to4": ("https://[2002:a9fe:a9fe::1]/", Reason.OUT_OF_SCOPE),
    "metadata-link-local": ("https://[fe80::1]/", Reason.OUT_OF_SCOPE),
    "metadata-by-name": ("https://trap-metadata.fault.test:{p}/", Reason.OUT_OF_SCOPE),
    "metadata-by-name-6": ("https://trap-metadata6.fault.test:{p}/", Reason.OUT_OF_SCOPE),
    "private-by-name": ("https://private.fault.test:{p}/", Reason.OUT_OF_SCOPE),
    "private-mapped-by-name": ("https://private-mapped.fault.test:{p}/", Reason.OUT_OF_SCOPE),
    "unspecified": ("https://0.0.0.0:{p}/", Reason.OUT_OF_SCOPE),
    "unspecified-6": ("https://[::]:{p}/", Reason.OUT_OF_SCOPE),
    "zone": ("https://[fe80::1%25lo]/", Reason.BAD_URL),
    "nul": ("https://127.9.9.9%00.fault.test:{p}/", Reason.BAD_URL),
    "space": ("https://127.9.9.9 .fault.test:{p}/", Reason.BAD_URL),
    "five-numbers": ("https://127.9.9.9.9:{p}/", Reason.BAD_URL),
    "octal-that-is-none": ("https://0128.9.9.9:{p}/", Reason.BAD_URL),
    "broken-punycode": ("https://xn--a.fault.test:{p}/", Reason.BAD_URL),
    "javascript": ("javascript:alert(1)", Reason.BAD_URL),
    "file": ("file:///etc/passwd", Reason.BAD_URL),
    "gopher": ("gopher://127.9.9.9:{p}/", Reason.BAD_URL),
}
# These stay inside however odd they look, and are followed.
INSIDE_SPELLINGS = {
    "beside": "https://127.0.0.2:{p}/",
    "beside-decimal": "https://2130706434:{p}/",
    "beside-mapped": "https://[::ffff:127.0.0.2]:{p}/",
    "beside-by-name": "https://INSIDE.fault.test.:{p}/",
    "beside-encoded": "https://insid%65.fault.test:{p}/",
    "userinfo-outside": "https://127.9.9.9:{p}@inside.fault.test:{p}/",
    "international-inside": "https://b\u00fccher.fault.test:{p}/",
    "international-inside-a-label": "https://xn--bcher-kva.fault.test:{p}/",
    "relative-that-looks-absolute": "https:127.9.9.9:{p}/",
    "path-that-looks-like-a-host": "/127.9.9.9:{p}/",
}
HOSTS = {
    "outside.test": OUTSIDE,
    "fault.test": OUTSIDE,
    "evilfault.test": OUTSIDE,
    "inside.fault.test.outside.test": OUTSIDE,
    "bücher.test": OUTSIDE,
    "trap.fault.test": OUTSIDE,
    "trap-mapped.fault.test": f"::ffff:{OUTSIDE}",
    "inside.fault.test": BESIDE,
    "bücher.fault.test": BESIDE,
    "trap-metadata.fault.test": "169.254.169.254",
    "trap-metadata6.fault.test": "fd00:ec2::254",
    "private.fault.test": "10.0.0.1",
    "private-mapped.fault.test": "::ffff:10.0.0.1",
}
ALL_SPELLINGS = OUTSIDE_SPELLINGS | {name: location for name, (location, _) in NOWHERE.items()} | INSIDE_SPELLINGS
NARROW_BUT_FOR_ADDRESSES = msgspec.structs.replace(NARROW, names=(*NARROW.names, "127.0.0.2"))


class Led(msgspec.Struct, frozen=True):
    """A scan of one service for each location, which answers with it; and who was asked for what outside."""

    scan: Scanned
    port: int
    plain_port: int
    outside: tuple[str, ...]


@contextlib.contextmanager
def led_astray(folder: Path, locations: Mapping[str, str], scope: Scope) -> Iterator[Led]:
    outside, own, plain = Site(), Site(), Site()
    with ExitStack() as stack:
        secured = stack.enter_context(own.serving(tls=True))
        port = secured.port
        stack.enter_context(Site().serving(BESIDE, port, tls=True))
        stack.enter_context(outside.serving(OUTSIDE, port, tls=True))
        first = stack.enter_context(plain.serving())
        own.leads = {f"/{name}": location.format(p=port).encode() for name, location in locations.items()}
        plain.leads = {f"/{name}": f"https://{name}.fault.test:{port}/{name}".encode() for name in locations}
        targets = [web_target(name, port, path=f"/{name}", http_port=first.port) for name in locations]
        hosts = HOSTS | {f"{name}.fault.test": HERE for name in locations}
        scan = stack.enter_context(scan_of(folder, targets, scope, hosts=hosts))
        yield Led(scan, port, first.port, tuple(outside.asked))


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Led]:
    with led_astray(tmp_path_factory.mktemp("guarded"), ALL_SPELLINGS, NARROW) as led:
        yield led


@pytest.fixture(scope="module")
def unguarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Led]:
    with led_astray(tmp_path_factory.mktemp("unguarded"), OUTSIDE_SPELLINGS, WIDE) as led:
        yield led


def walk_of(led: Led, name: str) -> RedirectChain:
    """The walk from plain HTTP, which is the one a redirect check goes."""
    (walk,) = (it for it in led.scan.observations(name, RedirectChain) if it.urls[0].startswith("http:"))
    return walk


def test_packets_go_to_the_scope_and_nowhere_else(guarded: Led) -> None:
    assert guarded.scan.connected == {(HERE, guarded.port), (HERE, guarded.plain_port), (BESIDE, guarded.port)}
    assert guarded.outside == ()


@pytest.mark.parametrize("name", OUTSIDE_SPELLINGS)
def test_a_redirect_that_leads_outside_is_unknown(name: str, guarded: Led) -> None:
    assert guarded.scan.said(name)[REDIRECT] == ("pass to_https", "unknown out_of_scope")
    assert {it.state for it in guarded.scan.findings(name)} <= {
        State.PASS,
        State.FAIL,
        State.UNKNOWN,
        State.NOT_APPLICABLE,
    }
    assert guarded.scan.said(name)[UPTIME] == ("pass answers",), "the service itself is inside, and was seen"


@pytest.mark.parametrize("name", OUTSIDE_SPELLINGS)
def test_the_same_redirect_is_followed_where_the_scope_allows_it(name: str, unguarded: Led) -> None:
    walk = walk_of(unguarded, name)
    assert walk.ended is None
    assert len(walk.urls) == 3
    assert (OUTSIDE, unguarded.port) in unguarded.scan.connected
    assert len(unguarded.outside) >= len(OUTSIDE_SPELLINGS)


@pytest.mark.parametrize("name", NOWHERE)
def test_a_redirect_to_where_nobody_may_go_is_unknown(name: str, guarded: Led) -> None:
    (said,) = (it for it in guarded.scan.said(name)[REDIRECT] if it != "pass to_https")
    downgraded = ALL_SPELLINGS[name].startswith("http:")  # seen in the Location itself
    assert said == ("fail back_to_http" if downgraded else f"unknown {NOWHERE[name][1]}")


@pytest.mark.parametrize("name", INSIDE_SPELLINGS)
def test_odd_spellings_of_what_is_inside_are_followed(name: str, guarded: Led) -> None:
    walk = walk_of(guarded, name)
    assert walk.ended is None
    assert len(walk.urls) == 3
    assert guarded.scan.said(name)[REDIRECT] == ("pass to_https",)


def test_what_was_refused_is_counted_and_what_was_sent_adds_up(guarded: Led) -> None:
    """Refusals by the name cost the gate nothing; those by the address are its own, and are counted."""
    by_address = [name for name in ALL_SPELLINGS if "by-name" in name and not name.startswith("beside")]
    assert len(by_address) == 6
    assert guarded.scan.ending.refused == {"probe": len(by_address)}
    told = Counter[str]()
    for record in guarded.scan.journal.targets():
        for contact in record.contacted:
            told[contact.traffic] += contact.times
            assert (contact.address, contact.port) in guarded.scan.connected
        assert record.used.connections == sum(it.times for it in record.contacted if it.traffic is Traffic.PROBE)
    assert told == guarded.scan.ending.traffic


# --- name servers -----------------------------------------------------------------------------------------------------

Answers = Mapping[str, tuple[str, ...]]


class Scripted(FaultyNameserver):
    """A name server that gives each name its answers in turn, the last one ever after; `alias` answers with a CNAME."""

    def __init__(self, script: Mapping[str, Sequence[Answers]]) -> None:
        super().__init__()
        self.script = script
        self.questions: Counter[tuple[str, str]] = Counter()

    def reply(self, wire: bytes, *, over_tcp: bool = False) -> bytes | None:
        query = dns.message.from_wire(wire)
        name, rdtype = query.question[0].name, dns.rdatatype.to_text(query.question[0].rdtype)
        host = name.to_text(omit_final_dot=True)
        turns = self.script.get(host, ({},))  # of the names above those of the script there is nothing
        answers = turns[min(self.questions[host, rdtype], len(turns) - 1)]
        self.questions[host, rdtype] += 1
        response = dns.message.make_response(query)
        response.flags |= dns.flags.AA
        for alias in answers.get("CNAME", ()):
            response.answer.append(faults.alias_record(name, dns.name.from_text(alias)))
            name = dns.name.from_text(alias)
        if texts := answers.get(rdtype):
            response.answer.append(dns.rrset.from_text(name, 0, "IN", rdtype, *texts))
        return response.to_wire(max_size=65535)


NEVER: dict[str, Answers] = {
    "metadata": {"A": ("169.254.169.254",)},
    "metadata-mapped": {"AAAA": ("::ffff:169.254.169.254",)},
    "metadata-compatible": {"AAAA": ("::169.254.169.254",)},
    "metadata-nat64": {"AAAA": ("64:ff9b::169.254.169.254",)},
    "metadata-nat64-local": {"AAAA": ("64:ff9b:1::a9fe:a9fe",)},
    "metadata-6to4": {"AAAA": ("2002:a9fe:a9fe::1",)},
    "metadata-isatap": {"AAAA": ("2001:db8::5efe:a9fe:a9fe",)},
    "metadata-aws-6": {"AAAA": ("fd00:ec2::254",)},
    "metadata-alibaba": {"A": ("100.100.100.200",)},
    "private": {"A": ("10.0.0.1", "172.16.0.1", "192.168.0.1", "100.64.0.1")},
    "private-mapped": {"AAAA": ("::ffff:10.0.0.1",)},
    "private-nat64": {"AAAA": ("64:ff9b::10.0.0.1",)},
    "private-6to4": {"AAAA": ("2002:a00:1::1",)},
    "private-6": {"AAAA": ("fd12::1", "fe80::1", "::1")},
    "outside-loopback": {"A": (OUTSIDE,)},
    "outside-mapped": {"AAAA": (f"::ffff:{OUTSIDE}",)},
    "alias-to-loopback": {"CNAME": ("deep.outside.test",), "A": (OUTSIDE,)},
    "alias-to-metadata": {"CNAME": ("a.outside.test", "b.outside.test"), "A": ("169.254.169.254",)},
    "alias-to-private": {"CNAME": ("inside.fault.test",), "A": ("10.0.0.1",)},
    "nobody": {"A": ("0.0.0.0", "255.255.255.255", "224.0.0.1"), "AAAA": ("::", "ff02::1")},
}


def test_names_that_resolve_to_nowhere_are_contacted_nowhere(tmp_path: Path) -> None:
    outside = Site()
    with (
        in_thread(Scripted({f"{name}.fault.test": [answers] for name, answers in NEVER.items()})) as nameserver,
        outside.serving(OUTSIDE) as there,
        scan_of(
            tmp_path,
            [
                Target(id=f"{name}-{policy}", url=f"http://{name}.fault.test:{there.port}/", addresses=policy)
                for name in NEVER
                for policy in AddressPolicy
            ],
            NARROW,
            nameserver=nameserver,
        ) as scan,
    ):
        assert scan.connected == {(nameserver.address, nameserver.port)}
        assert outside.asked == []
        said = [scan.said(target) for target in scan.journal.committed()]
        by_dns = {line for checks in said for name in ("dns.resolves", "dns.caa") for line in checks.get(name, ())}
        assert by_dns == {"pass resolves", "fail missing"}
        others = {
            line for checks in said for name, lines in checks.items() if not name.startswith("dns.") for line in lines
        }
        assert others == {"unknown out_of_scope", "unknown not_asked", "not_applicable not_applicable"}
        assert scan.ending.refused["probe"] > 0
        assert scan.ending.traffic == {"dns": 3 * len(NEVER) + 2}  # A, AAAA, CAA, and the CAA of both names above


def test_an_alias_in_the_scope_does_not_open_what_it_points_at(tmp_path: Path) -> None:
    """The name asked for is what the scope is about; where its alias is, the address decides, and it may be inside."""
    alias: Answers = {"CNAME": ("host.outside.test",), "A": (HERE,)}
    with (
        in_thread(Scripted({"www.fault.test": [alias]})) as nameserver,
        Site().serving() as at,
        scan_of(tmp_path, [web_target("www", at.port, scheme="http")], NARROW, nameserver=nameserver) as scan,
    ):
        assert scan.said("www")[UPTIME] == ("pass answers",)
        assert scan.connected == {(nameserver.address, nameserver.port), (HERE, at.port)}


REBINDING: dict[str, list[Answers]] = {
    # A different answer for A and AAAA: the one inside is looked at, the other is left out.
    "two-kinds": [{"A": (HERE,), "AAAA": ("::ffff:10.0.0.1",)}],
    "two-kinds-nat64": [{"A": (HERE,), "AAAA": ("64:ff9b::a9fe:a9fe",)}],
    "two-kinds-outside": [{"A": (HERE,), "AAAA": (f"::ffff:{OUTSIDE}",)}],
    "two-of-one-kind": [{"A": (HERE, OUTSIDE)}],
    # Another answer each time: the name is asked once, and stays where it was.
    "then-outside": [{"A": (HERE,)}, {"A": (OUTSIDE,)}],
    "then-private-then-metadata": [{"A": (HERE,)}, {"A": ("10.0.0.1",)}, {"A": ("169.254.169.254",)}],
}


@pytest.mark.parametrize("policy", AddressPolicy)
def test_a_name_that_is_bound_anew_stays_where_it_was(policy: AddressPolicy, tmp_path: Path) -> None:
    """Each service redirects to itself on another path: the second hop is where a second lookup would be used."""
    first, outside = Site({"/": b"/again"}), Site()
    with (
        in_thread(Scripted({f"{name}.fault.test": turns for name, turns in REBINDING.items()})) as nameserver,
        Site().serving(tls=True) as at,
        outside.serving(OUTSIDE, at.port, tls=True),
        first.serving() as plain,
    ):
        targets = [web_target(name, at.port, http_port=plain.port, addresses=policy) for name in REBINDING]
        with scan_of(tmp_path, targets, NARROW, nameserver=nameserver) as scan:
            resolver = (nameserver.address, nameserver.port)
            assert scan.connected == {resolver, (HERE, at.port), (HERE, plain.port)}
            assert outside.asked == []
            assert first.asked.count("/again") >= len(REBINDING)
            assert set(nameserver.questions.values()) == {1}
            for name in REBINDING:
                half = policy is AddressPolicy.ALL and name.startswith("two-")
                assert scan.said(name)[UPTIME] == ("unknown out_of_scope" if half else "pass answers",)
                for seen in scan.observations(name, Exchange):
                    if seen.endpoint.address != HERE:
                        assert isinstance(seen.connect, Unobserved)
                        assert seen.connect.reason is Reason.OUT_OF_SCOPE


def test_another_name_of_the_scope_is_judged_by_its_own_address(tmp_path: Path) -> None:
    """First wave inside, then a redirect to a sister name that was bound to the metadata service meanwhile."""
    script: dict[str, list[Answers]] = {
        "www.fault.test": [{"A": (HERE,)}],
        "sister.fault.test": [{"A": ("169.254.169.254",), "AAAA": ("64:ff9b::a9fe:a9fe",)}, {"A": (HERE,)}],
    }
    to_sister = Site()
    with in_thread(Scripted(script)) as nameserver, Site().serving(tls=True) as at, to_sister.serving() as plain:
        to_sister.leads = {"/": f"https://sister.fault.test:{at.port}/".encode()}
        targets = [web_target("www", at.port, http_port=plain.port)]
        with scan_of(tmp_path, targets, NARROW, nameserver=nameserver) as scan:
            assert scan.connected == {(nameserver.address, nameserver.port), (HERE, at.port), (HERE, plain.port)}
            assert scan.said("www")[UPTIME] == ("pass answers",)
            assert scan.said("www")[REDIRECT] == ("fail other_host",), "which the Location itself shows"
            assert scan.ending.refused == {"probe": 1}


# --- who else is asked ------------------------------------------------------------------------------------------------


def test_hosts_that_are_asked_whether_our_side_is_well_are_a_class_of_their_own(tmp_path: Path) -> None:
    """Egress: only what the configuration names, apart from the scope, and counted apart."""
    doubting = msgspec.structs.replace(hasty(), our_side=OurSide(share=0.5, among=6, pause_s=0.05, patience_s=0.05))
    asked = Site()
    with serving_in_thread(BEHAVIOURS["refused"]) as nobody, asked.serving("127.0.0.3") as there:
        targets = [web_target(f"t{number}", nobody.port, scheme="http") for number in range(6)]
        hosts = {f"{it.id}.fault.test": HERE for it in targets}
        references = (there.url(),)
        with scan_of(tmp_path, targets, NARROW, hosts=hosts, references=references, profile=doubting) as scan:
            assert scan.connected == {(HERE, nobody.port), ("127.0.0.3", there.port)}
            assert scan.ending.traffic["egress"] == 2, "once for each of two looks"
            assert {it.traffic for record in scan.journal.targets() for it in record.contacted} == {Traffic.PROBE}
    assert asked.asked == [], "the connection is all there is to it"


# --- the real command -------------------------------------------------------------------------------------------------

WITNESS = """
import json, os, sys

def _note(event, arguments):
    if event in ("socket.connect", "socket.sendto") and isinstance(arguments[1], tuple):
        with open(NOTES, "a") as notes:
            notes.write(json.dumps(list(arguments[1][:2])) + "\\n")

NOTES = os.path.join(os.path.dirname(__file__), "notes.jsonl")
sys.addaudithook(_note)
"""


@pytest.fixture
def pindai(tmp_path: Path) -> CommandLine:
    (tmp_path / "ca.pem").write_text(faults.ca_pem(), "ascii")
    (tmp_path / "sitecustomize.py").write_text(WITNESS)
    (tmp_path / "notes.jsonl").touch()
    return CommandLine(tmp_path)


def contacted(pindai: CommandLine) -> Counter[tuple[str, int]]:
    """Every place a process of the command connected to or sent a datagram to, and how often."""
    lines = (pindai.folder / "notes.jsonl").read_text().splitlines()
    return Counter((address, port) for address, port in map(json.loads, lines))


METADATA_SPELLINGS = [
    "169.254.169.254",
    "2852039166",
    "0xa9fea9fe",
    "0251.0376.0251.0376",
    "169.254.43518",
    "169.254.169.254.",
    "[::ffff:169.254.169.254]",
    "[64:ff9b::a9fe:a9fe]",
    "[2002:a9fe:a9fe::]",
    "[fe80::1]",
    "%31%36%39.254.169.254",
    "\uff11\uff16\uff19.254.169.254",
]


@pytest.mark.parametrize("option", ["typed", "--connect-to", "--resolve"])
def test_nobody_can_wish_for_the_metadata_service(option: str, pindai: CommandLine) -> None:
    wishes = {
        "--connect-to": "www.fault.test:80:169.254.169.254:80",
        "--resolve": "www.fault.test:80:169.254.169.254",
    }
    (pindai.folder / "quick.toml").write_text('based_on = "default"\n[pace]\nretry_pause_s = 0.1\n')
    quick = ("--only", "uptime.reachable", "--profile", "quick.toml")
    if option == "typed":
        done = pindai("scan", *(f"http://{host}/" for host in METADATA_SPELLINGS), *quick)
    else:
        done = pindai("scan", "http://www.fault.test/", *quick, option, wishes[option])
    assert contacted(pindai) == Counter()
    assert done.code in (2, 3), done
    assert "pass" not in done.out


def test_a_typed_name_may_be_private_and_never_the_metadata_service(pindai: CommandLine) -> None:
    script: dict[str, list[Answers]] = {
        "own.fault.test": [{"A": (BESIDE,)}],
        "meta.fault.test": [{"A": ("169.254.169.254",), "AAAA": ("::ffff:169.254.169.254",)}],
    }
    with in_thread(Scripted(script)) as nameserver, served("empty_answer", BESIDE) as at:
        urls = [f"http://{name}:{at.port}/" for name in script]
        words = (
            "--only",
            "uptime.reachable",
            "--nameserver",
            f"{nameserver.address}:{nameserver.port}",
            "--format",
            "json",
        )
        done = pindai("scan", *urls, "--profile", "local", *words)
        assert set(contacted(pindai)) == {(nameserver.address, nameserver.port), (BESIDE, at.port)}
    said = {it["target"]: (it["state"], it.get("reason")) for it in json.loads(done.out)["findings"]}
    assert sorted(state for state, _ in said.values()) == ["pass", "unknown"]
    assert ("unknown", "out_of_scope") in said.values()


def test_a_name_in_a_file_may_be_private_only_where_the_file_says_so(pindai: CommandLine) -> None:
    with served("empty_answer") as at:
        target = f'[[target]]\nid = "own"\nurl = "http://localhost:{at.port}/"\n'
        words = ("--only", "uptime.reachable", "--profile", "local", "--format", "json")
        (pindai.folder / "targets.toml").write_text(f'[scope]\nnames = ["localhost"]\n{target}')
        closed = json.loads(pindai("scan", *words).out)
        assert contacted(pindai) == Counter()
        (pindai.folder / "targets.toml").write_text(
            f'[scope]\nnames = ["localhost"]\nnetworks = ["127.0.0.0/8"]\n{target}'
        )
        opened = json.loads(pindai("scan", *words).out)
        assert set(contacted(pindai)) == {(HERE, at.port)}
    assert [(it["state"], it["reason"]) for it in closed["findings"]] == [("unknown", "out_of_scope")]
    assert [it["state"] for it in opened["findings"]] == ["pass"]


def test_what_is_sent_is_logged_by_target_and_adds_up(pindai: CommandLine) -> None:
    """Three accounts of one scan agree: what Python saw, what each target was charged, and the sum at the end."""
    names = ["ok", "truncated", "servfail", "nxdomain", "private", "half-broken"]
    with (
        in_thread(FaultyNameserver()) as nameserver,
        served("redirect_out_of_scope+tls") as secure,
        served("empty_answer") as plain,
    ):
        tables = "".join(
            f'[[target]]\nid = "{name}"\nurl = "https://{name}.fault.test:{secure.port}/"\nhttp_port = {plain.port}\n'
            for name in names
        )
        (pindai.folder / "targets.toml").write_text(
            f'[resolver]\nnameservers = ["127.0.0.1:{nameserver.port}"]\n'
            f'[scope]\nnames = ["*.fault.test"]\nnetworks = ["127.0.0.0/8"]\n{tables}'
        )
        done = pindai("scan", "--profile", "local", "--ca", "ca.pem", "--min-coverage", "0")
        assert done.code in (0, 1), done
    seen = contacted(pindai)
    with Journal.open(pindai.journals()[-1]) as journal:
        told, by_class, used = Counter[tuple[str, int]](), Counter[str](), Cost()
        for record in journal.targets():
            used += record.used
            for contact in record.contacted:
                told[contact.address, contact.port] += contact.times
                by_class[contact.traffic] += contact.times
        ending = Run(journal).ending
        assert ending is not None
        assert told == seen
        assert by_class == ending.traffic
        assert (by_class["probe"], by_class["dns"]) == (used.connections, used.queries)
        assert set(ending.traffic) == {"probe", "dns"}
        assert ending.refused["probe"] > 0, "private.fault.test was asked for, and is outside"
