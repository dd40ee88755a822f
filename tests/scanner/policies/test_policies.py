"""TLS policies: every value is one that there is, says where it comes from, and stands on a page that is not stale."""

import subprocess
import sys
from pathlib import Path

import pytest

from scanner.config import load_targets
from scanner.config_error import ConfigError
from scanner.derive.tls_facts import TlsVersion
from scanner.policies import (
    DEFAULT,
    Grade,
    Order,
    OriginCertainty,
    PolicyError,
    TlsPolicy,
    load_policy,
    origins_of,
    policy_names,
    read_policy,
)
from scanner.probes.tls.code_points import (
    Suite,
    group_name,
    signature_scheme_name,
    suite,
    suite_name,
)

ROOT = Path(__file__).parents[3]
POLICIES = {name: load_policy(name) for name in policy_names()}
EDITIONS = {
    "pindai-gov": ("2026.11", "dab2b8edf89f7a4d"),
    "bsi-tr-02102-2-2026": ("2026-01", "b32fc6f25fef0de3"),
    "mozilla-intermediate": ("6.0", "2d70372c4fe0a235"),
    "mozilla-modern": ("6.0", "ec899645ee2cf940"),
    "ncsc-nl-2025": ("2025-05", "cd8852c380e01924"),
    "nist-sp800-52r2": ("2019-08", "5d96a919c768a408"),
}
"""A file that changed wants another edition (`6.0-2` where the document is the same), and, where the default one judges
otherwise then, a higher version of the checks that hold services against it."""
every_policy = pytest.mark.parametrize("policy", POLICIES.values(), ids=str)


def test_the_policies_are_those_that_were_asked_for() -> None:
    assert set(POLICIES) == set(EDITIONS)
    assert policy_names()[0] == DEFAULT == "pindai-gov"


@every_policy
def test_no_value_changes_within_an_edition(policy: TlsPolicy) -> None:
    assert (policy.edition, policy.digest.removeprefix("sha256:")[:16]) == EDITIONS[policy.name]


@every_policy
def test_every_value_is_one_that_there_is(policy: TlsPolicy) -> None:
    for blocks, name_of in (
        (policy.suites, suite_name),
        (policy.groups, group_name),
        (policy.schemes, signature_scheme_name),
    ):
        for block in blocks:
            assert {name: name_of(number) for name, number in block.values.items()} == {it: it for it in block.values}
    assert {it for block in policy.versions for it in block.values} <= set(TlsVersion)
    assert {it for block in policy.suites for it in block.versions} <= set(TlsVersion)


WIRE = {"TLSv1.0": 0x0301, "TLSv1.1": 0x0302, "TLSv1.2": 0x0303, "TLSv1.3": 0x0304}


@every_policy
def test_every_suite_is_graded_in_a_version_that_can_choose_it(policy: TlsPolicy) -> None:
    for version, number in policy.suite_ratings:
        found = suite(number)
        assert found is not None
        assert found.usable_in(WIRE[version]), f"{found.name} in {version}"
        assert not found.signalling


@every_policy
def test_every_value_says_where_it_comes_from(policy: TlsPolicy) -> None:
    used = set()
    for origin in origins_of(policy):
        assert origin.place
        assert origin.sources
        used |= set(origin.sources)
        read = " ".join(policy.sources[it].read for it in origin.sources)
        if origin.certainty is OriginCertainty.VERBATIM:
            assert "not read itself" not in read
            assert "from memory" not in read
            assert "not at hand" not in read
    assert used == policy.sources.keys()
    assert policy.title.keys() == {"en", "id"}
    assert all(it.url.startswith("https://") and it.read for it in policy.sources.values())


@every_policy
def test_what_is_broken_is_inside_no_policy(policy: TlsPolicy) -> None:
    for version in ("TLSv1.2", "TLSv1.3"):
        for number in range(0x10000):
            found = suite(number)
            if found is not None and _is_broken(found):
                assert not policy.suite(version, number).grade.is_inside, found.name


def _is_broken(found: Suite) -> bool:
    return (
        found.cipher in {"NULL", "RC4", "DES", "3DES", "RC2"} or found.anonymous or found.export or found.mac == "MD5"
    )


@pytest.mark.parametrize(
    ("name", "version", "number", "grade"),
    [
        ("pindai-gov", "TLSv1.3", 0x1301, Grade.GOOD),
        ("pindai-gov", "TLSv1.2", 0xC02F, Grade.GOOD),
        ("pindai-gov", "TLSv1.2", 0x009E, Grade.PHASE_OUT),
        ("pindai-gov", "TLSv1.2", 0xC013, Grade.PHASE_OUT),
        ("pindai-gov", "TLSv1.2", 0x002F, Grade.INSUFFICIENT),
        ("pindai-gov", "TLSv1.2", 0x009C, Grade.INSUFFICIENT),
        ("pindai-gov", "TLSv1.2", 0x1301, Grade.INSUFFICIENT),  # it is of another version
        ("mozilla-intermediate", "TLSv1.2", 0xCCA8, Grade.GOOD),
        ("mozilla-intermediate", "TLSv1.2", 0x009E, Grade.INSUFFICIENT),  # since guideline 5.8
        ("mozilla-modern", "TLSv1.2", 0xC02F, Grade.INSUFFICIENT),
        ("ncsc-nl-2025", "TLSv1.3", 0x1301, Grade.SUFFICIENT),
        ("ncsc-nl-2025", "TLSv1.3", 0x1302, Grade.GOOD),
        ("ncsc-nl-2025", "TLSv1.2", 0xC027, Grade.PHASE_OUT),
        ("ncsc-nl-2025", "TLSv1.2", 0xC013, Grade.INSUFFICIENT),
        ("bsi-tr-02102-2-2026", "TLSv1.2", 0xC027, Grade.GOOD),
        ("bsi-tr-02102-2-2026", "TLSv1.2", 0xCCA8, Grade.INSUFFICIENT),
        ("nist-sp800-52r2", "TLSv1.2", 0xC013, Grade.GOOD),
        ("nist-sp800-52r2", "TLSv1.2", 0x009C, Grade.INSUFFICIENT),
    ],
)
def test_the_grade_of_a_suite(name: str, version: str, number: int, grade: Grade) -> None:
    assert POLICIES[name].suite(version, number).grade is grade


@pytest.mark.parametrize(
    ("name", "number", "grade"),
    [
        ("pindai-gov", 29, Grade.GOOD),
        ("pindai-gov", 0x11EC, Grade.GOOD),
        ("pindai-gov", 30, Grade.SUFFICIENT),
        ("pindai-gov", 21, Grade.PHASE_OUT),
        ("pindai-gov", 22, Grade.INSUFFICIENT),
        ("pindai-gov", 513, Grade.SILENT),
        ("mozilla-modern", 30, Grade.INSUFFICIENT),
        ("ncsc-nl-2025", 0x11EC, Grade.SILENT),
        ("ncsc-nl-2025", 256, Grade.INSUFFICIENT),
        ("ncsc-nl-2025", 257, Grade.PHASE_OUT),
        ("bsi-tr-02102-2-2026", 29, Grade.INSUFFICIENT),
        ("nist-sp800-52r2", 29, Grade.SILENT),
    ],
)
def test_the_grade_of_a_group(name: str, number: int, grade: Grade) -> None:
    assert POLICIES[name].group(number).grade is grade


def test_the_default_policy_requires_tls12_and_wants_tls13() -> None:
    policy = POLICIES[DEFAULT]
    grades = {it: policy.version(it).grade for it in TlsVersion}
    assert grades == dict.fromkeys(TlsVersion, Grade.INSUFFICIENT) | {
        TlsVersion.TLS12: Grade.SUFFICIENT,
        TlsVersion.TLS13: Grade.GOOD,
    }
    assert policy.dh.min_bits == 2048
    assert policy.order is Order.INSIDE_FIRST


def test_what_no_block_names_is_told_apart() -> None:
    policy = POLICIES["mozilla-intermediate"]
    assert policy.group(29).named
    assert not policy.group(30).named


# Files ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("mozilla", r"there is no TLS policy 'mozilla'; .*pindai-gov, bsi-tr-02102-2-2026, mozilla-intermediate"),
        ("mozilla-moderm", r"did you mean 'mozilla-modern'\?"),
        ("", "there is no TLS policy ''"),
        ("../pindai-gov", "there is no TLS policy"),
    ],
)
def test_a_name_that_nobody_has(name: str, expected: str) -> None:
    with pytest.raises(PolicyError, match=expected):
        load_policy(name)


WHOLE = (ROOT / "scanner/policies/mozilla-modern.toml").read_text("utf-8")


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ('order = "free"', 'order = "any"', "any"),
        ('grade = "good"', 'grade = "best"', "best"),
        ('certainty = "verbatim"', 'certainty = "sure"', "sure"),
        ('sources = ["mozilla"]', 'sources = ["somebody"]', "no source is called 'somebody'"),
        ("x25519 = 0x001D", "x25519 = 0x001D\nagain = 0x001D", "again is graded twice"),
        ("TLS_AES_128_GCM_SHA256 = 0x1301", "TLS_A = 0x1301\nTLS_B = 0x1301", "TLS_B is graded twice in TLSv1.3"),
        ('versions = ["TLSv1.3"]', "versions = []", "without a version"),
        ("[needs]", "[wants]", "wants"),
        ("name =", "name", "mozilla-modern"),
        ("[rest.groups]", "[rest.curves]", "curves"),
    ],
)
def test_what_is_wrong_in_a_file_is_told(old: str, new: str, expected: str) -> None:
    assert old in WHOLE
    with pytest.raises(PolicyError, match="TLS policy 'mozilla-modern'") as caught:
        read_policy(WHOLE.replace(old, new, 1).encode(), "mozilla-modern")
    assert expected in str(caught.value)


def test_the_page_is_that_of_the_data() -> None:
    """Mend with: python -m scanner.policies > docs/tls-policies.md."""
    ran = subprocess.run(
        [sys.executable, "-m", "scanner.policies"], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert (ROOT / "docs/tls-policies.md").read_text("utf-8") == ran.stdout


def test_policies_are_read_without_anything_heavy() -> None:
    code = (
        "import sys; from scanner.policies import *; [load_policy(it) for it in policy_names()]; "
        "print(*{it.partition('.')[0] for it in sys.modules} & {'httpx', 'OpenSSL', 'cryptography', 'dns', 'jinja2'})"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert ran.stdout.split() == []


# In a targets file -----------------------------------------------------------------------------------------------------

TARGETS = """\
[scope]
names = ["www.example.test"]
[[target]]
id = "a"
url = "https://www.example.test/"
[params."tls.cipher.policy"]
policy = POLICY
[params."tls.protocol.obsolete"]
min_tls = LEAST
"""


@pytest.mark.parametrize(
    ("policy", "least", "problems"),
    [
        ('"mozilla-modern"', '"TLS1.3"', ()),
        ('"mozilla-moderm"', '"TLS1.3"', ("targets.toml:7: ", "did you mean 'mozilla-modern'?")),
        ("3", '"TLS1.3"', ("targets.toml:7: ", "expected text in quotes")),
        ('"mozilla-modern"', '"TLS1"', ("targets.toml:9: ", "expected TLS1.0, TLS1.1, TLS1.2, TLS1.3")),
    ],
)
def test_a_policy_in_a_targets_file(policy: str, least: str, problems: tuple[str, ...], tmp_path: Path) -> None:
    path = tmp_path / "targets.toml"
    path.write_text(TARGETS.replace("POLICY", policy).replace("LEAST", least), "utf-8")
    if not problems:
        assert load_targets(path).params["tls.cipher.policy"] == {"policy": "mozilla-modern"}
        return
    with pytest.raises(ConfigError) as caught:
        load_targets(path)
    assert all(it in str(caught.value) for it in problems)
