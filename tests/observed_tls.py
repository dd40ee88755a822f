"""What sweeps and sessions showed, as values: until the octets are read, so that a test of a check names facts only."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from observed import SEEN, Seen

from scanner.derive import tls_service
from scanner.derive.tls_facts import Sessions, Swept
from scanner.observations.endpoint import Endpoint
from scanner.observations.observation import Observation
from scanner.observations.steps import Reason, Unobserved
from scanner.observations.tls import TlsHellos
from scanner.observations.tls_sessions import TlsSessions as SessionsSeen
from scanner.probes.probe import Probe
from scanner.probes.tls.sessions import TlsSessions
from scanner.probes.tls.sweep import TlsSweep

NO_SESSIONS = Unobserved(Reason.NOT_ASKED, "no whole handshake was made")


@dataclass(frozen=True)
class SeenTls(Seen):
    """What one target showed, with a sweep and sessions at its address whose content `sweeps` says."""

    def of(self, probe: Probe[Any]) -> tuple[Observation, ...]:
        """What this probe saw."""
        if isinstance(probe, TlsSweep | TlsSessions):
            where = Endpoint(probe.host, probe.port, probe.address, probe.source, probe.dial_port)
            kind = TlsHellos if isinstance(probe, TlsSweep) else SessionsSeen
            return (kind(started=SEEN, took_ms=1.0, endpoint=where, sni=probe.sni, starttls=probe.starttls),)
        return super().of(probe)


def sweeps(
    patch: pytest.MonkeyPatch,
    swept: Mapping[str, Swept | Unobserved],
    sessions: Mapping[str, Sessions | Unobserved] | None = None,
) -> None:
    """Let the sweep (and the sessions) at each address have shown this."""
    patch.setattr(tls_service, "swept_of", lambda hellos: swept[hellos.endpoint.address])
    told = sessions or {}
    patch.setattr(tls_service, "sessions_of", lambda seen: told.get(seen.endpoint.address, NO_SESSIONS))
