"""Host names that a service itself shows: in its certificate, where it sends visitors, and what its own name stands for."""

from collections.abc import Iterator

from scanner.derive.service import PresentedLeaf, Walk, home, leaf, resolution, walk_from_plain
from scanner.needs import EstateFact, derived, maybe, parts_of
from scanner.observations.dns import DnsAnswer, Response
from scanner.observations.http import Exchange
from scanner.observations.steps import Reason, Unobserved
from scanner.parse.url import UrlError, host_of
from scanner.probes.http.walks import next_url

CERTIFICATE, REDIRECT, ALIAS = "certificate", "redirect", "alias"
"""Where a name was seen; of several places the first of these is told."""

_answers = parts_of(resolution, DnsAnswer)


@derived(maybe(leaf), maybe(home), maybe(walk_from_plain), maybe(_answers))
def names_seen(
    own: PresentedLeaf | Unobserved,
    exchange: Exchange | Unobserved,
    walk: Walk | Unobserved,
    answers: tuple[DnsAnswer, ...] | Unobserved,
) -> tuple[EstateFact, ...] | Unobserved:
    """Every name but the service's own, each with where it was seen. Wildcards name no host."""
    if isinstance(own, Unobserved) and own.reason is not Reason.NOT_ASKED:
        return own
    if isinstance(exchange, Unobserved):
        return exchange
    if isinstance(own, PresentedLeaf) and not own.names_read:
        return Unobserved(Reason.TOO_LARGE, "the certificate has more names than are read, or some that cannot be read")
    seen: dict[str, str] = {}
    for where, texts in (
        (CERTIFICATE, () if isinstance(own, Unobserved) else own.certificate.dns_names),
        (REDIRECT, _led_to(exchange, walk)),
        (ALIAS, () if isinstance(answers, Unobserved) else _aliases(answers)),
    ):
        for text in texts:
            if (name := _host(text)) is not None:
                seen.setdefault(name, where)
    seen.pop(exchange.endpoint.host, None)
    return tuple(EstateFact(name, (where,)) for name, where in seen.items())


def _host(text: str) -> str | None:
    """The canonical name, None for what names no host: a wildcard, an address, a single label."""
    if "*" in text:
        return None
    try:
        name = host_of(text.removesuffix("."))
    except UrlError:
        return None
    is_address = ":" in name or name.rpartition(".")[2].isdigit()
    return None if is_address or "." not in name else name


def _led_to(exchange: Exchange, walk: Walk | Unobserved) -> Iterator[str]:
    """The hosts that the service's own answer and the walk from plain HTTP led to."""
    try:
        url = next_url(exchange)
    except UrlError:
        url = None
    yield from () if url is None else (url.host,)
    yield from () if isinstance(walk, Unobserved) else (url.host for url in walk.led_to)


def _aliases(answers: tuple[DnsAnswer, ...]) -> Iterator[str]:
    """What CNAME records name."""
    for answer in answers:
        if isinstance(answer.outcome, Response):
            yield from (text for _, rdtype, text in answer.outcome.answers if rdtype == "CNAME")
