"""The farm's certificates: a root, an intermediate, and a leaf for each kind of key; made once, written when asked for."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path

import pki
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, rsa
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509 import ocsp

NAME = "farm.test"
DAY = timedelta(days=1)
NOW = datetime.now(UTC).replace(microsecond=0)

MAKERS = {
    "rsa": lambda: rsa.generate_private_key(65537, 2048),
    "rsa1024": lambda: rsa.generate_private_key(65537, 1024),
    "rsa4096": lambda: rsa.generate_private_key(65537, 4096),
    "ec": lambda: ec.generate_private_key(ec.SECP256R1()),
    "p384": lambda: ec.generate_private_key(ec.SECP384R1()),
    "dsa": lambda: dsa.generate_private_key(1024),
    "ed25519": lambda: pki.key("ed25519", "farm"),
}


class Authority:
    """Root and intermediate, and what they issue. A kind is that of the key, with what follows a `+` changed.

    `rsa`, `ec`, `p384`, `ed25519`, `dsa`, `rsa1024`; `+alone` sends no intermediate, `+root` the root besides, `+long` has
    one intermediate more, `+other` is for another name.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        between = {"not_before": NOW - 30 * DAY, "not_after": NOW + 400 * DAY}
        self.root = pki.root("Farm Root", **between)
        self.upper = pki.intermediate(self.root, "Farm Intermediate", **between)
        self.lower = pki.intermediate(self.upper, "Farm Lower", **between)
        # libraries before 1.0.2 refuse a chain with keys on curves: what they are given is RSA all the way
        self.rsa_root = pki.root("Farm RSA Root", key=pki.key("rsa", "farm root"), **between)
        self.rsa_upper = pki.intermediate(
            self.rsa_root, "Farm RSA Intermediate", key=pki.key("rsa", "farm upper"), **between
        )
        self._sent: dict[str, tuple[pki.Entity, ...]] = {}

    def sent(self, kind: str) -> tuple[pki.Entity, ...]:
        """The chain of a kind, leaf first."""
        if kind not in self._sent:
            key, _, more = kind.partition("+")
            old = key.startswith("rsa") or key == "dsa"
            root, upper = (self.rsa_root, self.rsa_upper) if old else (self.root, self.upper)
            issuer = self.lower if more == "long" else upper
            names = ("lain.test",) if more == "other" else (NAME, f"*.{NAME}")
            own = MAKERS[key]()
            leaf = pki.leaf(issuer, names, (), key=own, not_before=NOW - DAY, not_after=NOW + 90 * DAY)
            rest = {"alone": (), "root": (upper, root), "long": (self.lower, self.upper)}.get(more, (upper,))
            self._sent[kind] = (leaf, *rest)
        return self._sent[kind]

    def ders(self, kind: str) -> tuple[bytes, ...]:
        """The chain of a kind, as octets."""
        return tuple(it.der for it in self.sent(kind))

    @cached_property
    def root_file(self) -> Path:
        """The root, PEM."""
        return self._file("root.pem", self.root.pem)

    @cached_property
    def staple_file(self) -> Path:
        """A good OCSP response for the RSA leaf, DER."""
        builder = ocsp.OCSPResponseBuilder().add_response(
            self.sent("rsa")[0].certificate,
            self.rsa_upper.certificate,
            hashes.SHA256(),
            ocsp.OCSPCertStatus.GOOD,
            NOW - DAY,
            NOW + DAY,
            None,
            None,
        )
        builder = builder.responder_id(ocsp.OCSPResponderEncoding.HASH, self.rsa_upper.certificate)
        assert isinstance(self.rsa_upper.key, rsa.RSAPrivateKey)
        path = self.directory / "staple.der"
        path.write_bytes(builder.sign(self.rsa_upper.key, hashes.SHA256()).public_bytes(serialization.Encoding.DER))
        return path

    def split(self, kind: str) -> tuple[Path, Path]:
        """The leaf and what else is sent, as two files."""
        leaf, *rest = self.sent(kind)
        return self._file(f"{kind}-leaf.pem", leaf.pem), self._file(f"{kind}-rest.pem", _pem(rest))

    def pkcs8(self, kind: str) -> Path:
        """The key as PKCS#8, which NSS wants."""
        return self._file(f"{kind}.pkcs8", self.sent(kind)[0].key_pem)

    def pkcs12(self, kind: str) -> bytes:
        """The chain and its key, password `farm`."""
        leaf, *rest = self.sent(kind)
        encryption = serialization.BestAvailableEncryption(b"farm")
        others = [it.certificate for it in rest]
        return pkcs12.serialize_key_and_certificates(b"farm", leaf.key, leaf.certificate, others, encryption)  # type: ignore[arg-type]

    def _file(self, name: str, text: str) -> Path:
        path = self.directory / name
        if not path.exists():
            path.write_text(text, "ascii")
            path.chmod(0o644)
        return path


def _pem(entities: Sequence[pki.Entity]) -> str:
    return "".join(it.pem for it in entities)


def written(authority: Authority, kind: str) -> tuple[Path, Path]:
    """The chain and the key of a kind as PEM files; the key in the form that old libraries read too."""
    sent = authority.sent(kind)
    form = (
        serialization.PrivateFormat.PKCS8 if kind.startswith("ed") else serialization.PrivateFormat.TraditionalOpenSSL
    )
    key = sent[0].key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()).decode()
    return authority._file(f"{kind}.pem", _pem(sent)), authority._file(f"{kind}.key", key)
