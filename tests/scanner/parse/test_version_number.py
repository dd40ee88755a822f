"""Version numbers in header values: what is one, and what only looks so."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.parse.version_number import version_in


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("nginx/1.18.0 (Ubuntu)", "nginx/1.18.0"),
        ("Apache/2", "Apache/2"),
        ("Apache/2.4.41 (Ubuntu) OpenSSL/1.1.1f", "Apache/2.4.41"),
        ("PHP/8.3.0-dev", "PHP/8.3.0-dev"),
        ("Microsoft-IIS/10.0", "Microsoft-IIS/10.0"),
        ("Jetty(9.4.43.v20210629)", "9.4.43.v20210629"),
        ("4.0.30319", "4.0.30319"),
        ("JBoss-EAP/7", "JBoss-EAP/7"),
        ("nginx", None),
        ("", None),
        ("cloudflare", None),
        ("ECS (nyb/1D2E)", None),
        ("10.0.0.1", None),
        ("10.0.0.1:8080", None),
        ("web01", None),
        ("HTTP2", None),
    ],
)
def test_versions(value: str, expected: str | None) -> None:
    assert version_in(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"), [("Drupal 10", "10"), ("Drupal", None), ("web01", None), ("5", "5"), ("10.0.0.1", None)]
)
def test_a_number_alone_counts_where_the_field_is_about_one_product(value: str, expected: str | None) -> None:
    assert version_in(value, bare=True) == expected


@given(st.text(max_size=200), st.booleans())
def test_what_is_found_stands_in_the_value(value: str, bare: bool) -> None:
    found = version_in(value, bare=bare)
    assert found is None or (found in value and any(char.isdigit() for char in found))
