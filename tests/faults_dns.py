"""Faults of name servers: answers that lead astray, do not end, or are not what was asked for.

Entered into `NAME_FAULTS` when this module is imported; a name's first label selects one.
"""

import struct

import dns.edns
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset
from faults import IN_SCOPE, METADATA, NOISE, Asked, Reply, Slow, alias_record, first_label, records, response_with

PUBLIC = "192.0.2.1"
"""An address for documentation (RFC 5737): nobody is there."""


def _elsewhere(asked: Asked, label: bytes = b"elsewhere", zone: str = "outside.invalid.") -> dns.name.Name:
    return dns.name.Name((label, *dns.name.from_text(zone).labels))


def _alias(asked: Asked, target: dns.name.Name, address: str | None) -> dns.message.Message:
    response = response_with(asked, dns.rcode.NOERROR)
    response.answer.append(alias_record(asked.name, target))
    if address is not None and asked.rdtype == ("AAAA" if ":" in address else "A"):
        response.answer.append(dns.rrset.from_text(target, 0, "IN", asked.rdtype, address))
    return response


@first_label("cname-outside")
def _cname_outside(asked: Asked) -> Reply:
    """An alias of a name outside the scope, which is 127.0.0.1."""
    return _alias(asked, _elsewhere(asked), IN_SCOPE)


@first_label("cname-metadata")
def _cname_metadata(asked: Asked) -> Reply:
    """An alias of a name outside the scope, which is the metadata service."""
    return _alias(asked, _elsewhere(asked), METADATA)


@first_label("cname-nowhere")
def _cname_nowhere(asked: Asked) -> Reply:
    """NXDOMAIN with an alias: the name exists, what it points at does not (RFC 2308 2.1)."""
    response = _alias(asked, _elsewhere(asked), None)
    response.set_rcode(dns.rcode.NXDOMAIN)
    return response


@first_label("cname-self")
def _cname_self(asked: Asked) -> Reply:
    """An alias of itself."""
    return _alias(asked, asked.name, None)


@first_label("metadata")
def _metadata(asked: Asked) -> Reply:
    """The metadata service, plainly and mapped into IPv6."""
    return records(asked, A=(METADATA,), AAAA=(f"::ffff:{METADATA}", f"64:ff9b::{METADATA}"))


@first_label("mapped-loopback")
def _mapped_loopback(asked: Asked) -> Reply:
    """127.0.0.1 mapped into IPv6, and no IPv4 address."""
    return records(asked, AAAA=("::ffff:127.0.0.1",))


@first_label("public-to-private")
def _public_to_private(asked: Asked) -> Reply:
    """A public address, and on the next question a private one."""
    return records(asked, A=("10.0.0.1" if asked.times_before else PUBLIC,))


@first_label("unspecified")
def _unspecified(asked: Asked) -> Reply:
    """0.0.0.0 and ::, which some systems take for themselves."""
    return records(asked, A=("0.0.0.0",), AAAA=("::",))


@first_label("broadcast")
def _broadcast(asked: Asked) -> Reply:
    """Broadcast, multicast and reserved addresses."""
    return records(asked, A=("255.255.255.255", "224.0.0.1", "240.0.0.1"), AAAA=("ff02::1",))


@first_label("records-500")
def _records_500(asked: Asked) -> Reply:
    """500 addresses: more than are kept."""
    return records(asked, A=tuple(f"127.0.{2 + host // 250}.{1 + host % 250}" for host in range(500)))


@first_label("huge-additional")
def _huge_additional(asked: Asked) -> Reply:
    """A good answer with 60 KB of TXT records nobody asked for."""
    if not asked.over_tcp:
        return _cut(asked)
    response = records(asked, A=(IN_SCOPE,))
    text = " ".join([f'"{"x" * 250}"'] * 20)
    response.additional.append(
        dns.rrset.from_text(asked.name, 0, "IN", "TXT", *(f'"{number}" {text}' for number in range(12)))
    )
    return response


def _cut(asked: Asked) -> dns.message.Message:
    response = response_with(asked, dns.rcode.NOERROR)
    response.flags |= dns.flags.TC
    return response


def _header(asked: Asked, flags: int = 0x8580, answers: int = 1) -> bytes:
    """A header for one question, then the question as it was asked."""
    question = asked.query.question[0]
    return (
        struct.pack(">6H", asked.query.id, flags, 1, answers, 0, 0)
        + question.name.to_wire()
        + struct.pack(">HH", question.rdtype, question.rdclass)
    )


@first_label("pointer-loop")
def _pointer_loop(asked: Asked) -> Reply:
    """An answer whose owner is a compression pointer to itself."""
    header = _header(asked)
    return header + struct.pack(">HHHIH", 0xC000 | len(header), 1, 1, 0, 4) + bytes((127, 0, 0, 1))


@first_label("pointer-beyond")
def _pointer_beyond(asked: Asked) -> Reply:
    """An answer whose owner is a compression pointer beyond the message."""
    return _header(asked) + struct.pack(">HHHIH", 0xFFFF, 1, 1, 0, 4) + bytes((127, 0, 0, 1))


@first_label("record-cut")
def _record_cut(asked: Asked) -> Reply:
    """An answer that ends in the middle of its record."""
    return _header(asked) + struct.pack(">HHHIH", 0xC00C, 1, 1, 0, 4) + bytes((127, 0))


@first_label("count-lies")
def _count_lies(asked: Asked) -> Reply:
    """A header that announces 65,535 answers, and none."""
    return _header(asked, answers=65535)


@first_label("other-question")
def _other_question(asked: Asked) -> Reply:
    """A good answer to another question, under the right id."""
    response = records(asked, A=(IN_SCOPE,))
    response.question = [dns.rrset.RRset(_elsewhere(asked), 1, dns.rdatatype.A)]
    return response


@first_label("no-question")
def _no_question(asked: Asked) -> Reply:
    """A good answer without the question."""
    response = records(asked, A=(IN_SCOPE,))
    response.question = []
    return response


@first_label("other-owner")
def _other_owner(asked: Asked) -> Reply:
    """The right question, and an address of another name."""
    response = response_with(asked, dns.rcode.NOERROR)
    if asked.rdtype == "A":
        response.answer.append(dns.rrset.from_text(_elsewhere(asked), 0, "IN", "A", IN_SCOPE))
    return response


@first_label("a-for-aaaa")
def _a_for_aaaa(asked: Asked) -> Reply:
    """A TXT record, whatever was asked for."""
    response = response_with(asked, dns.rcode.NOERROR)
    response.answer.append(dns.rrset.from_text(asked.name, 0, "IN", "TXT", '"\\027[31m=cmd()<b>"'))
    return response


@first_label("query-bit")
def _query_bit(asked: Asked) -> Reply:
    """The query itself, sent back."""
    return asked.query


@first_label("tcp-hang")
def _tcp_hang(asked: Asked) -> Reply:
    """TC over UDP, and silence over TCP."""
    return None if asked.over_tcp else _cut(asked)


@first_label("tcp-garbage")
def _tcp_garbage(asked: Asked) -> Reply:
    """TC over UDP, and noise over TCP."""
    return NOISE[:300] if asked.over_tcp else _cut(asked)


@first_label("tcp-truncated")
def _tcp_truncated(asked: Asked) -> Reply:
    """TC over UDP, and TC over TCP as well."""
    return _cut(asked)


@first_label("tcp-short")
def _tcp_short(asked: Asked) -> Reply:
    """TC over UDP, and three octets over TCP."""
    return asked.query.id.to_bytes(2, "big") + b"\x80" if asked.over_tcp else _cut(asked)


@first_label("tcp-drip")
def _tcp_drip(asked: Asked) -> Reply:
    """TC over UDP, and over TCP one octet every 0.2 seconds."""
    return Slow(records(asked, A=(IN_SCOPE,)).to_wire()) if asked.over_tcp else _cut(asked)


@first_label("ede-blocked")
def _ede_blocked(asked: Asked) -> Reply:
    """An address made up by a filter, which says so (RFC 8914 4.16) in escape sequences."""
    response = records(asked, A=(IN_SCOPE,))
    response.use_edns(0, options=[dns.edns.EDEOption(15, "\x1b[31mblocked\u202e")])
    return response


@first_label("servfail-then-ok")
def _servfail_then_ok(asked: Asked) -> Reply:
    """SERVFAIL for the first question of each type, an address for the next."""
    return records(asked, A=(IN_SCOPE,)) if asked.times_before else response_with(asked, dns.rcode.SERVFAIL)


@first_label("silent-then-ok")
def _silent_then_ok(asked: Asked) -> Reply:
    """No answer to the first question of each type, an address for the next."""
    return records(asked, A=(IN_SCOPE,)) if asked.times_before else None


@first_label("referral")
def _referral(asked: Asked) -> Reply:
    """A referral to another name server: no authority, no recursion, no answer."""
    response = dns.message.make_response(asked.query)
    response.authority.append(dns.rrset.from_text("test.", 0, "IN", "NS", "ns.outside.invalid."))
    return response


@first_label("formerr")
def _formerr(asked: Asked) -> Reply:
    """FORMERR, as a server that does not know EDNS says."""
    return response_with(asked, dns.rcode.FORMERR)


@first_label("rcode-badvers")
def _badvers(asked: Asked) -> Reply:
    """BADVERS, an extended response code."""
    response = response_with(asked, dns.rcode.NOERROR)
    response.use_edns(0)
    response.set_rcode(dns.rcode.BADVERS)
    return response


@first_label("rcode-unknown")
def _rcode_unknown(asked: Asked) -> Reply:
    """A response code that nobody has defined."""
    return _header(asked, flags=0x858D, answers=0)


@first_label("half-broken")
def _half_broken(asked: Asked) -> Reply:
    """127.0.0.1 for IPv4, SERVFAIL for IPv6."""
    return records(asked, A=(IN_SCOPE,)) if asked.rdtype == "A" else response_with(asked, dns.rcode.SERVFAIL)
