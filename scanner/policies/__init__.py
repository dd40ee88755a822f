"""TLS policies: which versions, suites, groups and signatures somebody calls good, as data: one TOML file each.

Every value stands in a block with its origin: which document, where in it, and how sure that is. `python -m scanner.policies`
prints them as a page for people; docs/tls-policies.md is that page. A policy judges nothing here: `scanner.derive.tls_policy`
holds it against what was seen.
"""

import difflib
import functools
import hashlib
import tomllib
from enum import StrEnum
from importlib import resources

import msgspec

from scanner.locale.speech import say

DEFAULT = "pindai-gov"
"""The policy that decides findings where nothing else is set."""
SUFFIX = ".toml"
LEAST_GIVEN_CHARS, MAX_GIVEN_CHARS = 2, 100
"""Of a name that is not there: too short to guess from, and as much as is compared."""


class PolicyError(ValueError):
    """A policy that does not exist or cannot be read; the message says which and what there is."""


class Grade(StrEnum):
    """What a policy thinks of a value, best first. `SILENT`: nothing that was read of it speaks for or against."""

    GOOD = "good"
    SUFFICIENT = "sufficient"
    SILENT = "silent"
    PHASE_OUT = "phase_out"
    INSUFFICIENT = "insufficient"

    @property
    def is_inside(self) -> bool:
        """Whether a service may use it without deviating."""
        return self not in (Grade.PHASE_OUT, Grade.INSUFFICIENT)


class OriginCertainty(StrEnum):
    """How sure it is that a document says so.

    `VERBATIM`: read in its own text or data; `PARAPHRASE`: read in somebody else's words or code that cites it; `MEMORY`: not
    read when this was written; `INFERENCE`: our own choice, with documents behind it.
    """

    VERBATIM = "verbatim"
    PARAPHRASE = "paraphrase"
    MEMORY = "memory"
    INFERENCE = "inference"


class Order(StrEnum):
    """What a policy asks of the order of suites."""

    FREE = "free"
    """Nothing: the client may choose."""
    INSIDE_FIRST = "inside_first"
    """Where suites outside the policy are on, the server chooses, and those inside it come first."""


class Source(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A document: its title and edition, where it is published, and how it was read for these values."""

    title: str
    edition: str
    url: str
    read: str


class Origin(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where a value comes from: keys of the policy's sources, the section or table, and how sure that is."""

    sources: tuple[str, ...]
    place: str
    certainty: OriginCertainty
    note: str = ""


class Rated(msgspec.Struct, frozen=True):
    """A grade with its origin. `named` is whether the policy names the value, or speaks of it among all the rest."""

    grade: Grade
    origin: Origin
    named: bool = True


class Block(msgspec.Struct, frozen=True):
    """Values of one grade and one origin: IANA numbers by name. `versions` are those that suites are meant for."""

    grade: Grade
    origin: Origin
    values: dict[str, int]
    versions: tuple[str, ...] = ()


class VersionBlock(msgspec.Struct, frozen=True):
    """Versions of one grade and one origin, by the names of `TlsVersion`."""

    grade: Grade
    origin: Origin
    values: tuple[str, ...]


class DhRule(msgspec.Struct, frozen=True):
    """What is asked of finite-field groups: the least size in bits, and whether it must be a published one that is graded."""

    min_bits: int
    published_only: bool
    origin: Origin


class KeyRule(msgspec.Struct, frozen=True):
    """The least sizes, in bits, of keys in the server's certificates."""

    rsa_min_bits: int
    ec_min_bits: int
    origin: Origin


class Needs(msgspec.Struct, frozen=True):
    """What a service must have besides."""

    extended_master_secret: bool
    origin: Origin


class Rest(msgspec.Struct, frozen=True):
    """What is thought of everything that no block names."""

    versions: Rated
    suites: Rated
    groups: Rated
    schemes: Rated


class TlsPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """One policy. `edition` changes whenever a value does; `digest` is the SHA-256 of its file, as `sha256:...`."""

    name: str
    edition: str
    title: dict[str, str]
    sources: dict[str, Source]
    order: Order
    order_origin: Origin
    versions: tuple[VersionBlock, ...]
    suites: tuple[Block, ...]
    groups: tuple[Block, ...]
    schemes: tuple[Block, ...]
    rest: Rest
    dh: DhRule
    keys: KeyRule
    needs: Needs
    digest: str
    suite_ratings: dict[tuple[str, int], Rated]
    """By version and number; the same blocks, ready to be looked up. So are the next two."""
    group_ratings: dict[int, Rated]
    scheme_ratings: dict[int, Rated]

    def __str__(self) -> str:
        return f"{self.name} {self.edition}"

    def version(self, version: str) -> Rated:
        """What is thought of a version, by its name in `TlsVersion`."""
        for block in self.versions:
            if version in block.values:
                return Rated(block.grade, block.origin)
        return self.rest.versions

    def suite(self, version: str, suite: int) -> Rated:
        """What is thought of a suite in a version."""
        return self.suite_ratings.get((version, suite), self.rest.suites)

    def group(self, group: int) -> Rated:
        """What is thought of a named group."""
        return self.group_ratings.get(group, self.rest.groups)

    def scheme(self, scheme: int) -> Rated:
        """What is thought of a signature scheme in a handshake."""
        return self.scheme_ratings.get(scheme, self.rest.schemes)


def policy_names() -> tuple[str, ...]:
    """The policies that ship with Pindai, the one that decides first."""
    files = resources.files(__name__).iterdir()
    names = sorted(entry.name.removesuffix(SUFFIX) for entry in files if entry.name.endswith(SUFFIX))
    return (DEFAULT, *(it for it in names if it != DEFAULT))


@functools.cache
def load_policy(name: str) -> TlsPolicy:
    """The policy of this name. Raises PolicyError for one that is not there or is wrong."""
    names = policy_names()
    if name not in names:
        close = _close_to(name, names)
        known = ", ".join(names)
        if close:
            raise PolicyError(
                say(
                    "there is no TLS policy {name!r}; did you mean {close!r}? There are: {known}",
                    name=name,
                    close=close,
                    known=known,
                )
            )
        raise PolicyError(say("there is no TLS policy {name!r}; there are: {known}", name=name, known=known))
    return read_policy((resources.files(__name__) / f"{name}{SUFFIX}").read_bytes(), name)


def _close_to(given: str, names: tuple[str, ...]) -> str | None:
    """The name that is probably meant: the first that begins so, else the first whose first words are nearly these."""
    given = given[:MAX_GIVEN_CHARS].lower()
    if len(given) < LEAST_GIVEN_CHARS:
        return None
    if (begun := next((it for it in names if it.startswith(given)), None)) is not None:
        return begun
    words = given.count("-") + 1
    heads: dict[str, str] = {}
    for name in names:
        heads.setdefault("-".join(name.split("-")[:words]), name)
    if close := difflib.get_close_matches(given, heads, n=1, cutoff=0.75):
        return heads[close[0]]
    return next(iter(difflib.get_close_matches(given, names, n=1)), None)


class _Said(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What every table of a file says of where its values come from."""

    sources: tuple[str, ...]
    place: str
    certainty: OriginCertainty
    note: str = ""

    @property
    def origin(self) -> Origin:
        return Origin(self.sources, self.place, self.certainty, self.note)


class _Block(_Said, frozen=True, forbid_unknown_fields=True, kw_only=True):
    grade: Grade
    values: dict[str, int]
    versions: tuple[str, ...] = ()


class _Versions(_Said, frozen=True, forbid_unknown_fields=True, kw_only=True):
    grade: Grade
    values: tuple[str, ...]


class _Rest(_Said, frozen=True, forbid_unknown_fields=True, kw_only=True):
    grade: Grade


class _Rests(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    versions: _Rest
    suites: _Rest
    groups: _Rest
    schemes: _Rest


class _Origins(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    order: _Said


class _Dh(_Said, frozen=True, forbid_unknown_fields=True, kw_only=True):
    min_bits: int
    published_only: bool


class _Keys(_Said, frozen=True, forbid_unknown_fields=True, kw_only=True):
    rsa_min_bits: int
    ec_min_bits: int


class _Needs(_Said, frozen=True, forbid_unknown_fields=True, kw_only=True):
    extended_master_secret: bool


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    name: str
    edition: str
    order: Order
    title: dict[str, str]
    sources: dict[str, Source]
    origin: _Origins
    versions: tuple[_Versions, ...]
    suites: tuple[_Block, ...]
    groups: tuple[_Block, ...]
    schemes: tuple[_Block, ...] = ()
    rest: _Rests
    dh: _Dh
    keys: _Keys
    needs: _Needs


def read_policy(octets: bytes, name: str) -> TlsPolicy:
    """The policy in the octets of a file. Raises PolicyError, which names the policy and what is wrong."""
    try:
        file = msgspec.convert(tomllib.loads(octets.decode("utf-8")), _File)
        return _policy(file, f"sha256:{hashlib.sha256(octets).hexdigest()}")
    except ValueError as error:  # of bytes, TOML and values alike
        raise PolicyError(say("TLS policy {name!r}: {error}", name=name, error=error)) from error


def _policy(file: _File, digest: str) -> TlsPolicy:
    suites, groups, schemes = (tuple(map(_block, it)) for it in (file.suites, file.groups, file.schemes))
    policy = TlsPolicy(
        name=file.name,
        edition=file.edition,
        title=file.title,
        sources=file.sources,
        order=file.order,
        order_origin=file.origin.order.origin,
        versions=tuple(VersionBlock(it.grade, it.origin, it.values) for it in file.versions),
        suites=suites,
        groups=groups,
        schemes=schemes,
        rest=Rest(*map(_rest, (file.rest.versions, file.rest.suites, file.rest.groups, file.rest.schemes))),
        dh=DhRule(file.dh.min_bits, file.dh.published_only, file.dh.origin),
        keys=KeyRule(file.keys.rsa_min_bits, file.keys.ec_min_bits, file.keys.origin),
        needs=Needs(file.needs.extended_master_secret, file.needs.origin),
        digest=digest,
        suite_ratings=_by_version(suites),
        group_ratings=_by_number(groups),
        scheme_ratings=_by_number(schemes),
    )
    if unknown := {key for it in origins_of(policy) for key in it.sources} - policy.sources.keys():
        raise ValueError(f"no source is called {min(unknown)!r}")
    return policy


def _rest(rest: _Rest) -> Rated:
    return Rated(rest.grade, rest.origin, named=False)


def _block(block: _Block) -> Block:
    return Block(block.grade, block.origin, block.values, block.versions)


def origins_of(policy: TlsPolicy) -> tuple[Origin, ...]:
    """The origin of every block and rule of a policy."""
    rest = policy.rest
    return (
        policy.order_origin,
        *(it.origin for it in policy.versions),
        *(it.origin for it in (*policy.suites, *policy.groups, *policy.schemes)),
        *(it.origin for it in (rest.versions, rest.suites, rest.groups, rest.schemes)),
        *(policy.dh.origin, policy.keys.origin, policy.needs.origin),
    )


def is_from_memory(policy: TlsPolicy) -> bool:
    """Whether all lists of a policy are from memory, so that nothing of it may be quoted."""
    lists: tuple[Block | VersionBlock, ...] = (
        *policy.versions,
        *policy.suites,
        *policy.groups,
        *policy.schemes,
    )
    return all(it.origin.certainty is OriginCertainty.MEMORY for it in lists)


def _by_number(blocks: tuple[Block, ...]) -> dict[int, Rated]:
    found: dict[int, Rated] = {}
    for block in blocks:
        for name, number in block.values.items():
            if found.setdefault(number, rated := Rated(block.grade, block.origin)) is not rated:
                raise ValueError(f"{name} is graded twice")
    return found


def _by_version(blocks: tuple[Block, ...]) -> dict[tuple[str, int], Rated]:
    found: dict[tuple[str, int], Rated] = {}
    for block in blocks:
        if not block.versions:
            raise ValueError("suites are graded without a version")
        for name, number in block.values.items():
            for version in block.versions:
                if found.setdefault((version, number), rated := Rated(block.grade, block.origin)) is not rated:
                    raise ValueError(f"{name} is graded twice in {version}")
    return found
