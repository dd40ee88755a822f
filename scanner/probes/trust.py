"""The trust anchors in force on this machine, as an observation like any other."""

import base64
import re

from scanner.observations.trust import TrustStore
from scanner.probes.probe import Laboratory, Probe

MOZILLA = "mozilla"
OPERATOR = "operator"

_PEM = re.compile(rb"-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]+)-----END CERTIFICATE-----")


def certificates_in(pem: bytes) -> tuple[bytes, ...]:
    """The certificates of a PEM file, DER, in its order. Raises ValueError for base64 that is none."""
    return tuple(base64.b64decode(b"".join(body.split()), validate=True) for body in _PEM.findall(pem))


class TrustAnchors(Probe[TrustStore], frozen=True, tag="trust_anchors"):
    """A named store: `mozilla` (the certifi package) or `operator` (anchors the operator named)."""

    store: str

    shared = True

    def is_answered_by(self, observation: TrustStore) -> bool:
        """The same store."""
        return observation.name == self.store

    async def observe(self, lab: Laboratory) -> TrustStore:
        """Read the store; no network is involved."""
        started, ticks = lab.now(), lab.ticks()
        if self.store == OPERATOR:
            version, anchors = "", lab.surroundings.anchors
        else:
            import certifi

            version = certifi.__version__
            anchors = certificates_in(certifi.contents().encode("ascii", "replace"))
        return TrustStore(
            started=started,
            took_ms=lab.ticks() - ticks,
            name=self.store,
            version=f"certifi {version}" if version else "--ca, [trust]",
            anchors=anchors,
        )
