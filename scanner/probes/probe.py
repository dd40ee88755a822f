"""The probe: a value whose equality is the de-duplication key, and the laboratory it observes in."""

from abc import abstractmethod
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from enum import IntEnum
from types import MappingProxyType
from typing import ClassVar, Generic, NamedTuple, Protocol, TypeVar

import msgspec

from scanner.cost import Cost
from scanner.estate import Redirection
from scanner.network import Budget, Gate
from scanner.observations.endpoint import Endpoint
from scanner.observations.observation import Observation
from scanner.observations.steps import Unobserved
from scanner.profiles import Profile
from scanner.redaction import NOTHING_KNOWN, Blackout, redact_text
from scanner.secrets import Credentials

O_co = TypeVar("O_co", bound=Observation, covariant=True)
O = TypeVar("O", bound=Observation)  # noqa: E741 - an observation


class Order(IntEnum):
    """When a probe runs: harmless first, what a nervous firewall may take for an attack last."""

    BASELINE = 0
    CONTEXT = 1
    ENUMERATION = 2
    """Many short connections, each harmless."""
    EXPOSURE = 3


class Record(NamedTuple, Generic[O_co]):
    """An observation as probes see it (not yet redacted), and the digest under which it is stored."""

    observation: O_co
    digest: str


class Laboratory(Protocol):
    """What a probe may use while it observes.

    `gate` is the only way to the network, `budget` what is left of the target's ceiling, `profile` pace, time-outs and
    caps, `surroundings` what is known of this machine before the scan starts.
    """

    gate: Gate
    budget: Budget
    profile: Profile
    surroundings: "Surroundings"

    @property
    def now(self) -> Callable[[], datetime]:
        """The time, aware UTC."""

    @property
    def ticks(self) -> Callable[[], float]:
        """A steady clock in milliseconds, for durations."""

    @property
    def pause(self) -> Callable[[float], Awaitable[None]]:
        """Wait for so many seconds without holding a slot."""

    async def observe(self, probe: "Probe[O]") -> Record[O]:
        """The record of another probe; asked once, however many wait for it. Raises ProbeFailedError, StoppedError."""


class Surroundings(msgspec.Struct, frozen=True):
    """What was read from this machine once, at the start: hosts file, resolvers, trust stores, the operator's wishes.

    `credentials` are by target id and never stored or printed; `known` is what to black out of everything that is.
    """

    hosts: dict[str, tuple[str, ...]]
    resolvers: tuple[tuple[str, int], ...]
    redirections: tuple[Redirection, ...] = ()
    anchors: tuple[bytes, ...] = ()
    credentials: Mapping[str, Credentials] = MappingProxyType({})
    known: Blackout = NOTHING_KNOWN


class ProbeFailedError(Exception):
    """A probe that another probe waits for crashed: our fault."""


class StoppedError(Exception):
    """The target is left alone: what a probe waits for is not asked any more; `unobserved` says why."""

    def __init__(self, why: Unobserved) -> None:
        self.unobserved = why
        super().__init__(f"{why.reason}: {why.detail}")


class Probe(
    msgspec.Struct, Generic[O], frozen=True, kw_only=True, tag_field="probe", omit_defaults=True, cache_hash=True
):
    """One network fact to be seen. Everything that changes the answer is a field.

    `ceiling` is the most it may cost by itself; `shared` probes are the same for all targets and asked once a run.
    """

    order: ClassVar[Order] = Order.BASELINE
    shared: ClassVar[bool] = False
    usual_connections: ClassVar[int] = 1
    """Connections it makes to a usual service itself; its ceiling is for the strangest."""

    @abstractmethod
    async def observe(self, lab: Laboratory) -> O:
        """See it. Network failures are part of the observation; only our own faults are raised."""

    def is_answered_by(self, observation: O) -> bool:  # noqa: ARG002 - most say more than this
        """Whether a stored observation is the answer to this very question: evidence may have been filed elsewhere since."""
        return True

    def is_made_of(self, observation: O, parts: Sequence[Observation]) -> bool:  # noqa: ARG002 - composites say more
        """Whether a composite's stored parts are those its own questions have."""
        return True

    def ceiling(self, profile: Profile) -> Cost:  # noqa: ARG002 - probes that follow links look at its caps
        """The most connections, requests and queries this probe causes, those of probes it awaits included."""
        return Cost()

    def first_contact(self) -> tuple[str, Endpoint] | None:
        """What the plan lists of it, in words, and where that goes; None for what asks by way of other probes only.

        Exchanges are listed without it.
        """
        return None

    @property
    def key(self) -> str:
        """The text an observation is filed under; secrets in it are blacked out as in the observation itself."""
        return redact_text(_encoder.encode(self).decode())[0]

    def __str__(self) -> str:
        return self.key


_encoder = msgspec.json.Encoder(order="deterministic")
