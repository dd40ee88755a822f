"""Alt-Svc: the forms that RFC 7838 shows, and whatever a stranger writes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.parse.alt_svc import DAY_S, MAX_ALTERNATIVES, Alternative, parse_alt_svc


@pytest.mark.parametrize(
    ("values", "found"),
    [
        ((), ()),
        (('h3=":443"',), (Alternative("h3", "", 443),)),
        (
            ('h2="alt.example.com:8000", h2=":443"',),
            (Alternative("h2", "alt.example.com", 8000), Alternative("h2", "", 443)),
        ),
        (('h3=":443"; ma=3600; persist=1',), (Alternative("h3", "", 443, 3600),)),
        (
            ('h3=":443"; ma="60",h3-29=":443"; ma=0',),
            (Alternative("h3", "", 443, 60), Alternative("h3-29", "", 443, 0)),
        ),
        (('h3=":443";v="46,43"; ma=5',), (Alternative("h3", "", 443, 5),)),
        (('h3="[2001:DB8::1]:8443"',), (Alternative("h3", "2001:db8::1", 8443),)),
        (('w%3Dx%3Ay#z=":443"',), (Alternative("w%3Dx%3Ay#z", "", 443),)),
        (('h2=":443"', 'h3=":444"'), (Alternative("h2", "", 443), Alternative("h3", "", 444))),
        (("clear",), ()),
        (('h3=":443"', " clear "), ()),
        (('h3=":0", h3=":65536", h3="443", h3="a b:443"',), ()),
        (("h3=:443",), ()),
        (('h3=":443',), ()),
        (('h3=":443" oops',), ()),
        (('h3=":443"; ma=soon',), (Alternative("h3", "", 443, DAY_S),)),
        (('h2=":443", oops, h3=":443"',), (Alternative("h2", "", 443),)),
    ],
)
def test_alternatives(values: tuple[str, ...], found: tuple[Alternative, ...]) -> None:
    assert parse_alt_svc(values) == found


@given(st.lists(st.text(max_size=200) | st.text('h3=":1443; ma\\,', max_size=200), max_size=3))
def test_whatever_a_stranger_writes(values: list[str]) -> None:
    for it in parse_alt_svc(values):
        assert it.protocol
        assert 0 < it.port < 65_536
        assert it.max_age_s >= 0


def test_there_is_a_most() -> None:
    assert len(parse_alt_svc(['h3=":443",' * 200] * 3)) == MAX_ALTERNATIVES
