"""What an answer names as its software: known names only, and never more than it says."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.check_docs.docstring import SOFTWARE
from scanner.derive.software import software_of
from scanner.parse.http_head import parse_head


def named(*lines: str) -> frozenset[str]:
    return software_of(parse_head("\r\n".join(["HTTP/1.1 200 OK", *lines, "", ""]).encode("latin-1")))


@pytest.mark.parametrize(
    ("lines", "software"),
    [
        ([], set()),
        (["Server: nginx"], {"nginx"}),
        (["server: nginx/1.24.0 (Ubuntu)"], {"nginx"}),
        (["Server: openresty/1.21"], {"nginx"}),
        (["Server: Apache"], {"Apache"}),
        (["Server: Apache/2.4.57 (Debian)"], {"Apache"}),
        (["Server: Apache-Coyote/1.1"], {"Tomcat"}),
        (["Server: Apache Tomcat/9"], {"Tomcat"}),
        (["Server: ApacheBench"], set()),
        (["Server: Microsoft-IIS/10.0", "X-Powered-By: ASP.NET"], {"IIS", "ASP.NET"}),
        (["Server: not nginx"], set()),
        (["Server: cloudflare"], set()),
        (["X-Powered-By: PHP/8.2.1", "Server: nginx"], {"PHP", "nginx"}),
        (["Set-Cookie: laravel_session=x; path=/", "Set-Cookie: XSRF-TOKEN=y"], {"Laravel"}),
        (["Set-Cookie: ci_session=x"], {"CodeIgniter"}),
        (["Set-Cookie: my_ci_session=x"], set()),
        (["Set-Cookie: PHPSESSID=x"], {"PHP"}),
        (["Set-Cookie: session=laravel_session"], set()),
        (["Set-Cookie: a\x01=b"], set()),
    ],
)
def test_known_names_name_software(lines: list[str], software: set[str]) -> None:
    assert named(*lines) == software


@given(st.lists(st.sampled_from(["Server", "X-Powered-By", "Set-Cookie"]), max_size=4), st.binary(max_size=80))
def test_whatever_is_sent_only_known_software_comes_of_it(names: list[str], value: bytes) -> None:
    lines = b"".join(name.encode() + b": " + value + b"\r\n" for name in names)
    assert software_of(parse_head(b"HTTP/1.1 200 OK\r\n" + lines + b"\r\n")) <= set(SOFTWARE)
