"""What a row of the truth table says: how a server is started, and everything that is true of its TLS."""

from dataclasses import dataclass, field
from typing import Any

SERVER, CLIENT, UNKNOWN = "server", "client", "unknown"


@dataclass(frozen=True)
class Speaks:
    """One version: its suites and groups in the server's order where `preference` (`group_preference`) is SERVER.

    `dh` are (bits, name of a published group or None). `schemes` are signature schemes of ServerKeyExchange as numbers,
    None where the row does not say. A reason in `short` names a list that cannot be known to be whole.
    """

    suites: tuple[str, ...]
    preference: str = CLIENT
    groups: tuple[str, ...] = ()
    group_preference: str = UNKNOWN
    groups_ordered: bool = True
    dh: frozenset[tuple[int, str | None]] = frozenset()
    schemes: frozenset[int] | None = None
    extensions: frozenset[int] | None = None
    chains: frozenset[str] | None = None
    compression: frozenset[int] = frozenset({0})


@dataclass(frozen=True)
class Row:
    """A server and the truth about it. `source` says where the truth is from when it is not the configuration alone.

    `None` in one of the flags means that the question does not arise; `...` that the row does not say.
    """

    name: str
    stack: str
    speaks: dict[str, Speaks]
    setup: dict[str, Any] = field(default_factory=dict)
    chains: tuple[str, ...] = ("rsa",)
    oddities: frozenset[str] = frozenset()
    undetermined: frozenset[str] = frozenset()
    failure: str | None = None
    fallback_scsv: Any = ...
    secure_renegotiation: Any = ...
    extended_master_secret: Any = ...
    encrypt_then_mac: Any = ...
    heartbeat: Any = False
    staples: Any = False
    client_certificate: bool = False
    for_no_name: Any = ...
    for_unknown_name: Any = ...
    sessions: dict[str, Any] = field(default_factory=dict)
    trials: dict[str, str] = field(default_factory=dict)
    starttls: str = ""
    source: str = ""

    def __str__(self) -> str:
        return self.name
