"""The trust anchors that were in force when the scan ran, kept so that a path can be walked again."""

from scanner.observations.observation import Observation
from scanner.observations.steps import Replay


class TrustStore(Observation, frozen=True, tag="trust_store"):
    """A named set of trust anchors, DER."""

    name: str
    version: str
    anchors: tuple[bytes, ...]

    @property
    def replay(self) -> Replay:
        """The certificates themselves are kept."""
        return Replay.DERIVED
