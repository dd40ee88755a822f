"""The run: what was asked of it, how it ended, and everything a report may read of it."""

import platform
from collections.abc import Iterator
from datetime import datetime
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from scanner import __version__
from scanner.doubt import Doubt
from scanner.estate import UTC_ZONE, Estate, Target
from scanner.findings import Finding
from scanner.journal import AlteredError, Journal, JournalError, Standing, TargetRecord
from scanner.locale.speech import say
from scanner.needs import Setting
from scanner.observations.observation import digest
from scanner.parse.url import UrlError, parse_url
from scanner.profiles import Profile
from scanner.registry import API_VERSION

Moment = Annotated[datetime, msgspec.Meta(tz=True)]
"""With its zone: one without cannot be held against the others, and nobody but a forger stores it."""


class CheckUsed(msgspec.Struct, frozen=True):
    """A check as it was in force: its version and the thresholds it was given."""

    id: str
    version: int
    params: dict[str, object]


class PluginUsed(msgspec.Struct, frozen=True):
    """A distribution that took part besides Pindai itself.

    `digest` is over its installed files, empty for an editable installation; `areas` is how ids of its checks, and kinds of
    its observations, begin.
    """

    distribution: str
    version: str
    digest: str = ""
    areas: tuple[str, ...] = ()


class Tool(msgspec.Struct, frozen=True):
    """What did the looking."""

    pindai: str
    python: str
    tls_library: str
    check_api: int


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that was decided before the first packet; judging again starts from it. Times are aware UTC."""

    run: str
    started: Moment
    tool: Tool
    agent: str
    estate: Estate
    profile: Profile
    resolvers: tuple[str, ...]
    checks: tuple[CheckUsed, ...]
    plugins: tuple[PluginUsed, ...] = ()

    @property
    def setting(self) -> Setting:
        """What needs may look at."""
        return Setting(self.agent, self.estate.redirections, self.estate.ask_issuers)


class Ending(msgspec.Struct, frozen=True, omit_defaults=True):
    """How a run ended. `interrupted` names what stopped it: a signal, the end of the `window`, or that of the
    `authorisation`; `traffic` counts connections and DNS queries by class.

    Of a run that was taken up again, the traffic is that of its last part, and what each target used stands with the
    target; `doubts` and `clock_jump_s` are of all its parts.
    """

    ended: Moment
    interrupted: str = ""
    traffic: dict[str, int] = {}
    refused: dict[str, int] = {}
    """Connections and queries that were asked for and not let out, by class of traffic."""
    doubts: tuple[Doubt, ...] = ()
    """When it was in doubt whether our own network was well, and what came of it."""
    clock_jump_s: float = 0.0
    """The largest jump of this machine's clock while the run went on, in seconds."""


def this_tool() -> Tool:
    """The versions of this program and of what it talks through."""
    from OpenSSL import SSL

    library = SSL.SSLeay_version(SSL.SSLEAY_VERSION).decode("ascii", "replace")
    return Tool(__version__, platform.python_version(), library, API_VERSION)


class Run:
    """The read interface over a journal; reports are functions of it. Everything is read lazily."""

    def __init__(self, journal: Journal) -> None:
        self.journal = journal
        try:
            self.manifest = msgspec.json.decode(journal.manifest, type=Manifest)
        except msgspec.ValidationError as error:
            raise JournalError(
                say("{path}: the manifest cannot be read: {error}", path=journal.path, error=error)
            ) from error
        try:
            for target in self.manifest.estate.targets:
                parse_url(target.url)
        except UrlError as error:
            raise JournalError(
                say("{path}: the manifest has a target that is none: {error}", path=journal.path, error=error)
            ) from error
        zone = self.manifest.estate.time_zone
        try:
            if zone != UTC_ZONE:
                ZoneInfo(zone)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise JournalError(
                say("{path}: the time zone {zone!r} is not known on this machine", path=journal.path, zone=zone)
            ) from error
        self._targets = {target.id: target for target in self.manifest.estate.targets}

    @property
    def id(self) -> str:
        """The run's id."""
        return self.manifest.run

    @property
    def manifest_digest(self) -> str:
        """The digest of the stored manifest."""
        return digest(self.journal.manifest)

    @property
    def ending(self) -> Ending | None:
        """How it ended; None while it runs, or when it was killed."""
        stored = self.journal.end
        try:
            return None if stored is None else msgspec.json.decode(stored, type=Ending)
        except msgspec.MsgspecError as error:
            raise AlteredError(
                say("{path}: how the run ended cannot be read: {error}", path=self.journal.path, error=error)
            ) from error

    @property
    def complete(self) -> bool:
        """Whether every target is done."""
        return len(self.journal.committed()) == len(self._targets)

    def target(self, target_id: str) -> Target:
        """A target by id. Raises AlteredError for one the run was never asked about."""
        try:
            return self._targets[target_id]
        except KeyError:
            raise AlteredError(
                say("{path}: {target_id!r} is no target of this run", path=self.journal.path, target_id=target_id)
            ) from None

    def targets(self) -> Iterator[tuple[Target, TargetRecord | None]]:
        """All targets in the estate's order, each with its record, None when it was never reached."""
        records = {record.id: record for record in self.journal.targets()}
        for target in self.manifest.estate.targets:
            yield target, records.get(target.id)

    def findings(self, target_id: str | None = None) -> Iterator[Finding]:
        """What was concluded, gravest first within a target."""
        return self.journal.findings(target_id)

    def observed(self) -> int:
        """How many targets answered something."""
        return sum(1 for record in self.journal.targets() if record.standing is Standing.OBSERVED)
