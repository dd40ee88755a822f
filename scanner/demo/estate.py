"""The demo estate: the services of an invented city, raised on loopback in a fraction of a second.

`targets.example.toml` describes the same services for the scanner; `_recipes`, `_secure_site` and
`_plain_site` say what is wrong with each. Every service has an address of its own, so one port number a
kind is enough.
"""

import asyncio
import errno
import socket
import ssl
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import ExitStack, asynccontextmanager, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import dns.name
import dns.zone
import msgspec

from scanner.demo.authority import AGENCY, Authority, Recipe, Sent, found_authority
from scanner.demo.nameserver import NameServer, serve_tcp, serve_udp
from scanner.demo.services import Reply, Site, always, moved, page, pages, redirect, serve_http
from scanner.locale.speech import reason_of, say

ZONE = "contoh.test"
NAMESERVER = "127.77.0.53"
ADDRESSES: Mapping[str, tuple[str, ...]] = {
    "www": ("127.77.0.10", "127.77.0.11"),
    "perizinan": ("127.77.0.20",),
    "api.perizinan": ("127.77.0.21",),
    "arsip": ("127.77.0.30",),
    "lapor": ("127.77.0.31",),
    "sso": ("127.77.0.40",),
    "surat": ("127.77.0.41",),
    "layanan": ("127.77.0.42",),
    "jdih": ("127.77.0.60",),
    "statistik": ("127.77.0.61",),
    "satu": ("127.77.0.70",),
    "dua": ("127.77.0.80", "127.77.0.81"),
    "ppid": ("127.77.0.90",),
    "pki": ("127.77.0.100",),
}
"""Where each service answers. Nothing listens for `ppid`; `pki` hands out the intermediate, by plain HTTP."""
WITH_HTTPS = tuple(label for label in ADDRESSES if label not in {"ppid", "pki"})

OLD = frozenset({"arsip"})
"""Services whose TLS nobody has touched for ten years."""

TITLES: Mapping[str, str] = {
    "www": "Portal Resmi",
    "perizinan": "Perizinan Daring",
    "arsip": "Arsip Daerah",
    "lapor": "Layanan Pengaduan",
    "surat": "Persuratan Elektronik",
    "layanan": "Layanan Publik",
    "jdih": "Jaringan Dokumentasi dan Informasi Hukum",
    "statistik": "Statistik Sektoral",
    "satu": "Satu Data Kota Contoh",
    "dua": "Antrean Daring",
}

SERVER = "contoh-web"
WAF = "contoh-waf"
HSTS_YEAR = ("Strict-Transport-Security", "max-age=31536000; includeSubDomains")
HSTS_DAY = ("Strict-Transport-Security", "max-age=86400; includeSubDomains")
CAREFUL = (
    ("X-Content-Type-Options", "nosniff"),
    (
        "Content-Security-Policy",
        "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    ),
    ("Referrer-Policy", "strict-origin-when-cross-origin"),
)
BLOCKED = page(
    "Request Rejected",
    "The requested URL was rejected. Please consult with your administrator. Your support ID is: 77000000000",
    status=403,
    headers=(("Cache-Control", "no-store"),),
)
BACKLOG = 128
BIND_ATTEMPTS = 20


class DemoError(OSError):
    """The demo estate cannot be raised here; the message says which address or file, and what to do."""

    def __str__(self) -> str:
        return self.strerror or say("the demo estate cannot be raised")


class Ports(msgspec.Struct, frozen=True):
    """One port number for each kind of server; 0 lets the system choose one that is free."""

    https: int = 8443
    http: int = 8080
    dns: int = 5353

    @classmethod
    def ephemeral(cls) -> "Ports":
        """Free ports, chosen when the sockets are bound, so that estates side by side never race for one."""
        return cls(https=0, http=0, dns=0)


USUAL_PORTS = (Ports(), Ports(https=18443, http=18080, dns=15353), Ports(https=28443, http=28080, dns=25353))
"""Tried one after the other when no ports are asked for."""


class DemoEstate(msgspec.Struct, frozen=True):
    """A running estate, and what a client needs to use it."""

    directory: Path
    ca_pem: bytes
    ports: Ports
    """The ports really bound, also when ephemeral ones were asked for."""
    now: datetime
    """The moment the certificates were made for."""

    @property
    def ca_path(self) -> Path:
        """The file of `ca_pem`."""
        return self.directory / "ca.pem"

    @property
    def nameserver(self) -> tuple[str, int]:
        """Address and port of the name server, over UDP and TCP."""
        return NAMESERVER, self.ports.dns

    @property
    def targets_toml(self) -> str:
        """The example targets file, with this estate's ports."""
        return example_targets(self.ports)

    def write_files(self, folder: Path) -> Path:
        """The estate's targets file, which is returned, and its official list of services, which the targets file names."""
        services = Path(__file__).with_name("population.toml")
        (folder / services.name).write_bytes(services.read_bytes())
        targets = folder / "targets.toml"
        left_out = f'# [population]\n# file = "{services.name}"'
        targets.write_text(self.targets_toml.replace(left_out, left_out.replace("# ", "")), "utf-8")
        return targets


def example_targets(ports: Ports | None = None) -> str:
    """The text of `targets.example.toml`, with `ports` in the place of the usual ones."""
    beside = Path(__file__).with_name("targets.example.toml")  # in a wheel
    text = (beside if beside.exists() else Path(__file__).parents[2] / beside.name).read_text("utf-8")
    usual, wanted = Ports(), ports or Ports()
    return (
        text.replace(f"{NAMESERVER}:{usual.dns}", f"{NAMESERVER}:{wanted.dns}")
        .replace(f".{ZONE}:{usual.https}/", f".{ZONE}:{wanted.https}/")
        .replace(f"http_port = {usual.http}", f"http_port = {wanted.http}")
    )


@asynccontextmanager
async def raise_estate(
    directory: Path, *, ports: Ports | None = None, now: datetime | None = None
) -> AsyncIterator[DemoEstate]:
    """The whole estate, running in this event loop while the context lasts; `ca.pem` is left in `directory`.

    Without `ports`, on the first of `USUAL_PORTS` that are free.

    Raises DemoError when an address is taken or the directory cannot be written.
    """
    now = (now or datetime.now(UTC)).replace(microsecond=0)
    with ExitStack() as stack:
        sockets = _bind_first(USUAL_PORTS if ports is None else (ports,), stack)
        authority = found_authority(now, f"{_origin('http', 'pki', sockets.ports)}/antara.cer")
        contexts = _write_and_load(authority, directory)
        serving = asyncio.create_task(_serve(sockets, contexts, authority))
        try:
            yield DemoEstate(directory, authority.root_pem, sockets.ports, now)
        finally:
            serving.cancel()
            await asyncio.wait([serving])
            if not serving.cancelled():
                serving.result()  # one of our servers crashed: say so


@contextmanager
def estate_in_thread(
    directory: Path, *, ports: Ports | None = None, now: datetime | None = None
) -> Iterator[DemoEstate]:
    """The estate for a synchronous caller: its event loop runs in a thread that ends with the context."""
    loop = asyncio.SelectorEventLoop()
    stop = asyncio.Event()
    raised: Future[DemoEstate] = Future()

    async def stay() -> None:
        async with raise_estate(directory, ports=ports, now=now) as estate:
            raised.set_result(estate)
            await stop.wait()

    def run() -> None:
        with asyncio.Runner(loop_factory=lambda: loop) as runner:
            runner.run(stay())

    with ThreadPoolExecutor(1, thread_name_prefix="pindai-demo") as pool:
        ended = pool.submit(run)
        either: tuple[Future[Any], ...] = (raised, ended)
        try:
            wait(either, return_when=FIRST_COMPLETED)
            if ended.done():
                ended.result()  # it could not be raised
            yield raised.result()
        finally:
            with suppress(RuntimeError):  # the loop is closed when it could not be raised
                loop.call_soon_threadsafe(stop.set)
        ended.result()


class _Sockets(msgspec.Struct, frozen=True):
    """Bound, non-blocking sockets: the web servers' by address."""

    https: Mapping[str, socket.socket]
    http: Mapping[str, socket.socket]
    dns_tcp: socket.socket
    dns_udp: socket.socket
    ports: Ports


def _bind_first(choices: Sequence[Ports], stack: ExitStack) -> _Sockets:
    """Every socket of the estate, on the first of these ports of which none is taken. Raises the first refusal."""
    refusal: DemoError | None = None
    for ports in choices:
        with ExitStack() as undo:
            try:
                sockets = _bind(ports, undo)
            except DemoError as error:
                refusal = refusal or error
                if error.errno != errno.EADDRINUSE:
                    break
                continue
            stack.enter_context(undo.pop_all())
            return sockets
    assert refusal is not None
    raise refusal


def _bind(ports: Ports, stack: ExitStack) -> _Sockets:
    """Every socket of the estate, on the ports wanted; `stack` closes them."""
    secure = [address for label in WITH_HTTPS for address in ADDRESSES[label]]
    plain = [*secure, *ADDRESSES["pki"]]
    https, https_port = _bind_together([(a, socket.SOCK_STREAM) for a in secure], ports.https, stack)
    http, http_port = _bind_together([(a, socket.SOCK_STREAM) for a in plain], ports.http, stack)
    names, dns_port = _bind_together(
        [(NAMESERVER, socket.SOCK_STREAM), (NAMESERVER, socket.SOCK_DGRAM)], ports.dns, stack
    )
    return _Sockets(
        https=dict(zip(secure, https, strict=True)),
        http=dict(zip(plain, http, strict=True)),
        dns_tcp=names[0],
        dns_udp=names[1],
        ports=Ports(https=https_port, http=http_port, dns=dns_port),
    )


def _bind_together(
    places: Sequence[tuple[str, socket.SocketKind]], port: int, stack: ExitStack
) -> tuple[list[socket.socket], int]:
    """Sockets for all `places` on one port number; with port 0, the first free on every one of them."""
    attempt = 1
    while True:
        with ExitStack() as undo:
            number = port
            sockets: list[socket.socket] = []
            place = ""
            try:
                for address, kind in places:
                    place = f"{address}:{number}"
                    sock = undo.enter_context(socket.socket(socket.AF_INET, kind))
                    sock.setblocking(False)
                    # For TCP: not to wait out TIME_WAIT. For UDP: to share port 5353 with a multicast DNS
                    # responder on the wildcard address; the more specific address receives the datagrams.
                    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                    sock.bind((address, number))
                    if kind is socket.SOCK_STREAM:
                        sock.listen(BACKLOG)
                    number = sock.getsockname()[1]
                    sockets.append(sock)
            except OSError as error:
                if port != 0 or error.errno != errno.EADDRINUSE or attempt == BIND_ATTEMPTS:
                    raise _bind_error(error, place) from error
                attempt += 1
                continue
            stack.enter_context(undo.pop_all())
            return sockets, number


def _bind_error(error: OSError, place: str) -> DemoError:
    match error.errno:
        case errno.EADDRINUSE:
            port = place.rpartition(":")[2]
            advice = say(
                "another program, perhaps another demo, is using it; stop that (ss -ltnup 'sport = :{port}' shows it)",
                port=port,
            )
        case errno.EADDRNOTAVAIL:
            advice = say("this system has no such loopback address; Linux has all of 127.0.0.0/8, others need an alias")
        case code:
            advice = reason_of(error) if code else str(error)
    return DemoError(error.errno, say("the demo cannot listen on {place}: {advice}", place=place, advice=advice))


def _write_and_load(authority: Authority, directory: Path) -> dict[str, ssl.SSLContext]:
    """Write `ca.pem`; a TLS context for each address that answers HTTPS, its keys off the disk again."""
    contexts: dict[str, ssl.SSLContext] = {}
    try:
        directory.mkdir(parents=True, exist_ok=True)
        (directory / "ca.pem").write_bytes(authority.root_pem)
        for label in WITH_HTTPS:
            recipes = _recipes(label)
            made = {
                it: authority.issue(it).server_context(directory, old=label in OLD) for it in dict.fromkeys(recipes)
            }
            contexts |= {address: made[it] for address, it in zip(ADDRESSES[label], recipes, strict=True)}
    except OSError as error:
        message = say(
            "cannot write the demo's files in {directory}: {reason}", directory=directory, reason=reason_of(error)
        )
        raise DemoError(error.errno, message) from error
    return contexts


async def _serve(sockets: _Sockets, contexts: Mapping[str, ssl.SSLContext], authority: Authority) -> None:
    """Run every server of the estate until cancelled."""
    intermediate = Reply(200, authority.intermediate_der, content_type="application/pkix-cert")
    nameserver = NameServer(_zone(), frozenset({dns.name.from_text(f"hilang.{ZONE}")}))
    async with asyncio.TaskGroup() as servers:
        servers.create_task(serve_udp(sockets.dns_udp, nameserver))
        servers.create_task(serve_tcp(sockets.dns_tcp, nameserver))
        for label, addresses in ADDRESSES.items():
            server = WAF if label == "sso" else SERVER
            for address in addresses:
                if address in sockets.http:
                    plain = _plain_site(label, sockets.ports, intermediate)
                    servers.create_task(serve_http(sockets.http[address], plain, server=server))
                if address in sockets.https:
                    secure = _secure_site(label, sockets.ports)
                    servers.create_task(
                        serve_http(sockets.https[address], secure, server=server, tls=contexts[address])
                    )


def _recipes(label: str) -> tuple[Recipe, ...]:
    """What the certificate at each address of a service is made from, and so what is wrong with it."""
    good = Recipe((f"{label}.{ZONE}",))
    expired = msgspec.structs.replace(good, left=timedelta(days=-2))
    match label:
        case "arsip":
            return (expired,)
        case "lapor":
            return (msgspec.structs.replace(good, left=timedelta(days=10)),)
        case "surat":
            return (msgspec.structs.replace(good, self_signed=True),)
        case "layanan":
            return (Recipe((f"web-bersama.{ZONE}",)),)
        case "api.perizinan":
            return (msgspec.structs.replace(good, sent=Sent.NOTHING),)
        case "jdih":
            return (msgspec.structs.replace(good, sent=Sent.ROOT_THEN_INTERMEDIATE),)
        case "statistik":
            return (msgspec.structs.replace(good, sent=Sent.INTERMEDIATE_AND_ROOT),)
        case "dua":
            return (good, expired)
        case _:
            return (good,) * len(ADDRESSES[label])


def _secure_site(label: str, ports: Ports) -> Site:
    """What a service answers over HTTPS."""
    headers = (HSTS_YEAR, *CAREFUL)
    match label:
        case "sso":
            return always(BLOCKED)
        case "api.perizinan":
            izin = Reply(200, b'{"layanan": "perizinan", "versi": 1, "izin": []}\n', "application/json")
            missing = Reply(404, b'{"galat": "tidak ditemukan"}\n', "application/json")
            return pages({"/": izin, "/v1/izin": izin}, missing=missing, headers=CAREFUL[:1])
        case "perizinan":
            return pages({"/": _home(label, "ci_session=nilai-palsu; Path=/")}, headers=(HSTS_DAY, *CAREFUL))
        case "satu":
            back = moved(f"{_origin('http', label, ports)}/beranda", status=302)
            return pages({"/": back, "/beranda": _home(label)}, headers=headers)
        case "www":
            cookie = "PHPSESSID=nilai-palsu; Path=/; Secure; HttpOnly; SameSite=Lax"
            return pages({"/": _home(label, cookie)}, headers=headers)
        case _:
            return pages({"/": _home(label)}, headers=headers)


def _plain_site(label: str, ports: Ports, intermediate: Reply) -> Site:
    """What a service answers over plain HTTP: a redirect to HTTPS, unless that is its fault."""
    origin = _origin("https", label, ports)
    match label:
        case "sso":
            return always(BLOCKED)
        case "perizinan":
            return pages({"/": _home(label, "ci_session=nilai-palsu; Path=/")}, headers=CAREFUL)
        case "satu":
            return pages({"/": moved(f"{origin}/"), "/beranda": _home(label)}, headers=CAREFUL)
        case "pki":
            return pages({"/antara.cer": intermediate})
        case _:
            return redirect(origin)


def _home(label: str, cookie: str | None = None) -> Reply:
    cookies = (("Set-Cookie", cookie),) if cookie else ()
    return page(TITLES[label], f"Contoh layanan {AGENCY}. Semua isi halaman ini rekaan.", headers=cookies)


def _origin(scheme: str, label: str, ports: Ports) -> str:
    port, usual = (ports.https, 443) if scheme == "https" else (ports.http, 80)
    return f"{scheme}://{label}.{ZONE}" + ("" if port == usual else f":{port}")


def _zone() -> dns.zone.Zone:
    """The zone: `layanan` is an alias, `putar` leads back to itself, `panjang` outgrows a datagram."""
    lines = [
        f"@ 300 IN SOA ns.{ZONE}. hostmaster.{ZONE}. 2026010101 3600 600 86400 60",
        f"@ 300 IN NS ns.{ZONE}.",
        "@ 300 IN MX 0 .",
        '@ 300 IN TXT "v=spf1 -all"',
        f'@ 300 IN CAA 0 issue "pki.{ZONE}"',
        f"ns 300 IN A {NAMESERVER}",
        f"layanan 300 IN CNAME web-bersama.{ZONE}.",
        "enam 300 IN AAAA 2001:db8:77::10",
        f"putar 300 IN CNAME putar2.{ZONE}.",
        f"putar2 300 IN CNAME putar.{ZONE}.",
        *(f'panjang 300 IN TXT "{number:02d} {"." * 200}"' for number in range(12)),
    ]
    for label, addresses in ADDRESSES.items():
        owner = "web-bersama" if label == "layanan" else label
        lines += [f"{owner} 300 IN A {address}" for address in addresses]
    return dns.zone.from_text("\n".join(lines), origin=ZONE, relativize=False)
