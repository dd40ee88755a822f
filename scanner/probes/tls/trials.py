"""The probe that tries known weaknesses: last of all, no more than the proof needs, and only what can apply."""

from collections.abc import Callable

from msgspec.structs import replace

from scanner.cost import Cost
from scanner.derive.tls_facts import Spoken, Swept, TlsVersion
from scanner.derive.tls_fold import swept_of
from scanner.network import NetworkError
from scanner.observations.endpoint import Endpoint
from scanner.observations.steps import Reason, Unobserved
from scanner.observations.tls_trials import TlsTrials as Seen
from scanner.observations.tls_trials import Tried, Weakness
from scanner.probes.probe import Laboratory, Order
from scanner.probes.tls.code_points import Exchange
from scanner.probes.tls.code_points import suite as suite_of
from scanner.probes.tls.service import ServiceProbe
from scanner.probes.tls.starttls import NotOfferedError
from scanner.probes.tls.sweep import TlsSweep
from scanner.probes.tls.trial_bench import VERSIONS, Bench
from scanner.probes.tls.trial_client import SUITES
from scanner.profiles import Profile

MOST_CONNECTIONS = 75
"""STARTTLS 2, Heartbleed 2, early ChangeCipherSpec 2, Ticketbleed 2, padding 4 rounds of 4, ROBOT 4 rounds of 5 in two flows,
and what failed in company once more. A server with ECDHE and authenticated encryption only is asked 3 times."""


class TlsTrials(ServiceProbe[Seen], frozen=True, tag="tls_trials"):
    """What one TLS service does when known weaknesses are tried, after its sweep has told which can apply."""

    order = Order.EXPOSURE
    usual_connections = 3

    @property
    def sweep(self) -> TlsSweep:
        """The sweep that tells what can apply."""
        return replace(TlsSweep.of(self.endpoint, self.starttls), sni=self.sni)

    def ceiling(self, profile: Profile) -> Cost:
        """All trials with all repetitions, and the sweep."""
        return Cost(connections=MOST_CONNECTIONS) + self.sweep.ceiling(profile)

    def first_contact(self) -> tuple[str, Endpoint] | None:
        """Trials, after the sweep."""
        return "trials of known weaknesses of TLS", self.endpoint

    async def observe(self, lab: Laboratory) -> Seen:
        """Make the trials that can apply, one kind after another. Raises ProbeFailedError, StoppedError of the sweep."""
        record = await lab.observe(self.sweep)
        started, ticks = lab.now(), lab.ticks()
        swept = swept_of(record.observation)
        bench = Bench(lab, self.endpoint, self.sni, self.starttls)
        offers: bool | Unobserved | None = None
        tried: list[Tried] = []
        impossible: list[Weakness] = []
        if self.starttls:
            offers = True if isinstance(swept, Swept) and swept.spoken else await self._offers(bench)
        if isinstance(swept, Swept):
            await _Trials(bench, swept, tried, impossible, offers is True).make()
        return Seen(
            started=started,
            took_ms=lab.ticks() - ticks,
            parts=(record.digest,),
            endpoint=self.endpoint,
            sni=self.sni,
            starttls=self.starttls,
            offers=offers,
            tried=tuple(tried),
            impossible=tuple(impossible),
            connections=bench.connections,
            sent_bytes=bench.sent_bytes,
            received_bytes=bench.received_bytes,
            failure=swept if isinstance(swept, Unobserved) else None,
        )

    async def _offers(self, bench: Bench) -> bool | Unobserved:
        """Whether the service begins TLS within its protocol, which the sweep could not tell."""
        try:
            async with bench.connected():
                return True
        except NotOfferedError:
            return False
        except NetworkError as error:
            return error.unobserved


class _Trials:
    """The trials of one service, in the order in which they are made."""

    def __init__(
        self, bench: Bench, swept: Swept, tried: list[Tried], impossible: list[Weakness], within: bool
    ) -> None:
        self._bench = bench
        self._swept = swept
        self._tried = tried
        self._impossible = impossible
        self._within = within

    async def make(self) -> None:
        """All of them."""
        if self._within:
            from scanner.probes.tls.injection import injection

            self._tried += await injection(self._bench)
        await self._heartbleed()
        await self._early_ccs()
        await self._ticketbleed()
        await self._padding()
        await self._robot()

    async def _heartbleed(self) -> None:
        from scanner.probes.tls.heartbleed import heartbleed

        spoken = self._spoken(Weakness.HEARTBLEED, TlsVersion.TLS10)
        if spoken is None:
            return
        if self._swept.heartbeat is False:
            self._impossible.append(Weakness.HEARTBLEED)
            return
        hello = replace(self._bench.hello(spoken, _ours_first(spoken)), heartbeat=True)
        self._take(Weakness.HEARTBLEED, await heartbleed(self._bench, hello))

    async def _early_ccs(self) -> None:
        from scanner.probes.tls.early_ccs import early_ccs

        if (spoken := self._spoken(Weakness.CCS, TlsVersion.SSL3)) is not None:
            self._take(Weakness.CCS, await early_ccs(self._bench, self._bench.hello(spoken, _ours_first(spoken))))

    async def _ticketbleed(self) -> None:
        from scanner.probes.tls.ticketbleed import ticketbleed

        if (spoken := self._spoken(Weakness.TICKETBLEED, TlsVersion.TLS10)) is None:
            return
        suites = _ours_first(spoken)
        if suites[0] not in SUITES:
            why = Unobserved(
                Reason.INCONCLUSIVE, "the service takes no suite with which a ticket could be fetched here"
            )
            self._tried.append(Tried(Weakness.TICKETBLEED, why))
            return
        self._take(Weakness.TICKETBLEED, await ticketbleed(self._bench, self._bench.hello(spoken, suites)))

    async def _padding(self) -> None:
        from scanner.probes.tls.padding import padding

        def can(suite: int) -> bool:
            return suite in SUITES and SUITES[suite].kind == "cbc"

        if (spoken := self._spoken(Weakness.PADDING, TlsVersion.TLS10, _in_blocks)) is None:
            return
        suites = tuple(it for it in SUITES if it in spoken.suites and can(it))
        if not suites:
            why = Unobserved(Reason.INCONCLUSIVE, "the service takes no suite with CBC that is spoken here")
            self._tried.append(Tried(Weakness.PADDING, why))
            return
        self._take(Weakness.PADDING, await padding(self._bench, self._bench.hello(spoken, suites), self._content()))

    async def _robot(self) -> None:
        from scanner.probes.tls.robot import robot

        if (spoken := self._spoken(Weakness.ROBOT, TlsVersion.SSL3, _by_rsa)) is not None:
            # The commonest suites first: what is rare was never the path that others have tried.
            known = (it for it in SUITES if it in spoken.suites)
            suites = tuple(filter(_by_rsa, dict.fromkeys((*known, *spoken.suites))))
            self._take(Weakness.ROBOT, await robot(self._bench, self._bench.hello(spoken, suites)))

    def _take(self, weakness: Weakness, tried: tuple[Tried, ...] | None) -> None:
        if tried is None:
            self._impossible.append(weakness)
        else:
            self._tried += tried

    def _spoken(
        self, weakness: Weakness, oldest: TlsVersion, wanted: Callable[[int], bool] = lambda _: True
    ) -> Spoken | None:
        """The newest version in which a trial can be made; None, and noted why, when there is none."""
        order = list(TlsVersion)
        versions = [it for it in reversed(VERSIONS) if order.index(it) >= order.index(oldest)]
        found = [self._swept.version(it) for it in versions]
        for spoken in found:
            if isinstance(spoken, Spoken) and any(map(wanted, spoken.suites)):
                return spoken
        why = next((it for it in found if isinstance(it, Unobserved)), None)
        why = why or next((it.suites_short for it in found if isinstance(it, Spoken) and it.suites_short), None)
        if why is None:
            self._impossible.append(weakness)
        else:
            self._tried.append(Tried(weakness, why))
        return None

    def _content(self) -> bytes:
        """What a record of the padding trial would carry: a harmless question, for no server takes it that is sound."""
        if self._bench.starttls:
            return b"NOOP\r\n"
        agent = self._bench.lab.profile.agent
        return f"HEAD / HTTP/1.0\r\nHost: {self._bench.endpoint.host}\r\nUser-Agent: {agent}\r\n\r\n".encode()


def _ours_first(spoken: Spoken) -> tuple[int, ...]:
    """The suites that are spoken here, too; where there are none, all of the service's."""
    return tuple(it for it in SUITES if it in spoken.suites) or spoken.suites


def _by_rsa(suite: int) -> bool:
    """Whether the client encrypts with the leaf's key; suites for export may send another one."""
    found = suite_of(suite)
    return found is not None and found.exchange is Exchange.RSA and not found.export


def _in_blocks(suite: int) -> bool:
    found = suite_of(suite)
    return found is not None and found.mode == "CBC"
