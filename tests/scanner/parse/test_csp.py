"""Content-Security-Policy: how policies are read, and whom frame-ancestors lets in."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.parse.csp import MAX_POLICIES, Ancestors, ancestors_of, framing_by_sources, parse_policy, policies_of
from scanner.parse.frame_options import Framing


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", {}),
        (" ; ;", {}),
        ("default-src 'self'", {"default-src": ("'self'",)}),
        ("\tDefault-SRC\t'self'\f  a.test ;", {"default-src": ("'self'", "a.test")}),
        ("a b; a c", {"a": ("b",)}),  # the first counts
        ("sandbox", {"sandbox": ()}),
        ("a b; ä c; d é", {"a": ("b",)}),
    ],
)
def test_policy(text: str, expected: dict[str, tuple[str, ...]]) -> None:
    assert dict(parse_policy(text).directives) == expected


def test_policies_of_several_fields_and_lists_come_in_order() -> None:
    found = policies_of(["a 1, b 2", "", "c 3"])
    assert [dict(policy.directives) for policy in found] == [{"a": ("1",)}, {"b": ("2",)}, {"c": ("3",)}]


def test_policies_are_bounded() -> None:
    assert len(policies_of([f"a {number}" for number in range(3 * MAX_POLICIES)])) == MAX_POLICIES


@pytest.mark.parametrize(
    ("sources", "expected"),
    [
        ("", Framing.NOBODY),
        ("'none'", Framing.NOBODY),
        ("'self'", Framing.SAME_ORIGIN),
        ("'SELF' 'none'", Framing.SAME_ORIGIN),
        ("'self' https://a.test", Framing.NAMED),
        ("none", Framing.NAMED),  # a host of that name, without quotes
        ("a.test", Framing.NAMED),
        ("*.a.test:8443", Framing.NAMED),
        ("https://*.go.id", Framing.NAMED),
        ("*", Framing.ANYBODY),
        ("'none' *", Framing.ANYBODY),
        ("https://*", Framing.ANYBODY),
        ("*:443", Framing.ANYBODY),
        ("*:*", Framing.ANYBODY),
        ("https:", Framing.ANYBODY),
        ("HTTP:", Framing.ANYBODY),
        ("wss:", Framing.ANYBODY),
        ("*.com", Framing.ANYBODY),
        ("data:", Framing.NOBODY),
        ("ftp://a.test", Framing.NOBODY),
        ("'unsafe-inline'", Framing.NOBODY),
        ("a..test", Framing.NOBODY),
        ("https://", Framing.NOBODY),
    ],
)
def test_sources(sources: str, expected: Framing) -> None:
    assert framing_by_sources(sources.split()) is expected


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([], None),
        (["default-src 'none'"], None),
        (["frame-ancestors *"], Ancestors(Framing.ANYBODY, ("*",))),
        (["frame-ancestors *", "frame-ancestors a.test"], Ancestors(Framing.NAMED, ("a.test",))),
        (["frame-ancestors *; frame-ancestors 'none'"], Ancestors(Framing.ANYBODY, ("*",))),
        (["frame-ancestors 'self', frame-ancestors"], Ancestors(Framing.NOBODY, ())),
    ],
)
def test_ancestors(values: list[str], expected: Ancestors | None) -> None:
    assert ancestors_of(policies_of(values)) == expected


@given(st.lists(st.text(max_size=80), max_size=5))
def test_any_fields_can_be_read(values: list[str]) -> None:
    for policy in policies_of(values):
        assert policy.directives
        assert all(name == name.lower() and name for name in policy.directives)
    assert ancestors_of(policies_of([f"frame-ancestors {value}" for value in values])) is None or values


@given(st.lists(st.sampled_from(["*", "'self'", "a.test", "'none'", "https:", "x"]), max_size=5))
def test_one_more_source_never_closes_what_was_open(sources: list[str]) -> None:
    order = (Framing.NOBODY, Framing.SAME_ORIGIN, Framing.NAMED, Framing.ANYBODY)
    before = order.index(framing_by_sources(sources))
    assert all(order.index(framing_by_sources([*sources, more])) >= before for more in ("*", "'self'", "b.test"))
