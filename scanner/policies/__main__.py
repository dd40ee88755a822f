"""`python -m scanner.policies > docs/tls-policies.md`: the TLS policies as a page for people, from the data alone."""

import sys
import textwrap
from collections.abc import Iterable, Iterator

from scanner.policies import Block, Grade, Order, Origin, OriginCertainty, TlsPolicy, load_policy, policy_names

GRADES = {
    Grade.GOOD: "good",
    Grade.SUFFICIENT: "sufficient",
    Grade.SILENT: "not mentioned",
    Grade.PHASE_OUT: "phase out",
    Grade.INSUFFICIENT: "insufficient",
}
ORDERS = {
    Order.FREE: "The client may choose.",
    Order.INSIDE_FIRST: "Where suites outside the policy are on, the server chooses, and those inside come first.",
}
CERTAINTIES = {
    OriginCertainty.VERBATIM: "read in the document's own text or data",
    OriginCertainty.PARAPHRASE: "read in somebody else's words, or in code that cites the document",
    OriginCertainty.MEMORY: "not read when this was written; not to be quoted",
    OriginCertainty.INFERENCE: "our own choice, with the documents named behind it",
}


def page() -> str:
    """The whole page, Markdown."""
    return "\n".join(_lines(list(map(load_policy, policy_names())))) + "\n"


def _lines(policies: list[TlsPolicy]) -> Iterator[str]:
    yield "# TLS policies"
    yield ""
    yield "<!-- Made by `python -m scanner.policies > docs/tls-policies.md`; a test fails when it is older than the data. -->"
    yield ""
    yield from _prose(
        "A TLS policy is data: which versions, cipher suites, groups and signatures somebody recommends, each value with the "
        "document that it comes from and how sure that is. The policy that decides findings is a threshold of the checks "
        "`tls.cipher.policy`, `tls.cipher.order`, `tls.group.policy` and `tls.signature.algorithms` (`policy`), and is "
        f"`{policies[0].name}` unless set. Others may be asked for beside it with `--tls-policy` (of `pindai scan`, "
        "`pindai report` and `pindai inspect tls`): the same stored observations are held against them, and that decides "
        "nothing. It is shown in the terminal and in result.json (of `pindai inspect tls`: in its table and its JSON), not "
        "on HTML pages. A deviation is no statement that a document is broken, and none is no statement that it is met."
    )
    yield ""
    yield "```toml"
    yield '[params."tls.cipher.policy"]'
    yield 'policy = "mozilla-intermediate"'
    yield "```"
    yield ""
    yield "| policy | edition | file's SHA-256 begins |"
    yield "| --- | --- | --- |"
    for it in policies:
        yield f"| [`{it.name}`](#{it.name}) | {it.edition} | `{it.digest.removeprefix('sha256:')[:16]}` |"
    yield ""
    yield from _prose(
        "Grades: *good* and *sufficient* are inside a policy; *phase out* and *insufficient* are outside; *not mentioned* is "
        "neither for nor against, and no deviation. How sure a value is:"
    )
    yield ""
    yield from (f"- *{it}*: {CERTAINTIES[it]}." for it in OriginCertainty)
    for policy in policies:
        yield ""
        yield from _policy(policy)


def _policy(policy: TlsPolicy) -> Iterator[str]:
    yield f"## {policy.name}"
    yield ""
    yield from _prose(f"{policy.title['en']}, edition {policy.edition}.")
    yield ""
    yield "| source | document | edition | how it was read |"
    yield "| --- | --- | --- | --- |"
    for key, it in policy.sources.items():
        yield f"| {key} | [{it.title}]({it.url}) | {it.edition} | {it.read} |"
    yield ""
    rest = policy.rest
    yield "| versions | grade | from |"
    yield "| --- | --- | --- |"
    for block in policy.versions:
        yield f"| {', '.join(block.values)} | {GRADES[block.grade]} | {_from(block.origin)} |"
    yield f"| all others | {GRADES[rest.versions.grade]} | {_from(rest.versions.origin)} |"
    for title, blocks, others in (
        ("suites", policy.suites, rest.suites),
        ("groups", policy.groups, rest.groups),
        ("signatures in handshakes", policy.schemes, rest.schemes),
    ):
        yield ""
        yield f"| {title} | grade | from |"
        yield "| --- | --- | --- |"
        yield from map(_row, blocks)
        yield f"| all others | {GRADES[others.grade]} | {_from(others.origin)} |"
    yield ""
    yield "| besides | value | from |"
    yield "| --- | --- | --- |"
    yield f"| order of suites | {ORDERS[policy.order]} | {_from(policy.order_origin)} |"
    field = f"at least {policy.dh.min_bits} bits" + (", published groups only" if policy.dh.published_only else "")
    yield f"| finite-field groups | {field} | {_from(policy.dh.origin)} |"
    keys = f"RSA at least {policy.keys.rsa_min_bits} bits, curves at least {policy.keys.ec_min_bits}"
    yield f"| keys of certificates | {keys} | {_from(policy.keys.origin)} |"
    needed = "needed" if policy.needs.extended_master_secret else "not asked for"
    yield f"| extended master secret | {needed} | {_from(policy.needs.origin)} |"


def _row(block: Block) -> str:
    where = f"{', '.join(block.versions)}: " if block.versions else ""
    names = ", ".join(f"`{it}`" for it in block.values)
    return f"| {where}{names} | {GRADES[block.grade]} | {_from(block.origin)} |"


def _from(origin: Origin) -> str:
    note = f"; {origin.note}" if origin.note else ""
    return f"{', '.join(origin.sources)}: {origin.place} (*{origin.certainty}*){note}"


def _prose(text: str) -> Iterable[str]:
    return textwrap.wrap(text, 120, break_long_words=False, break_on_hyphens=False)


if __name__ == "__main__":
    sys.stdout.write(page())
