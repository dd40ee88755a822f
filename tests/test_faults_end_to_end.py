"""What the real engine says about every broken and hostile server and name server that the fault harness has.

Each gives `unknown` with its reason, or a finding, never `error`, and what was gathered before the fault is still judged.
"""

import asyncio
import contextlib
import gc
import threading
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping
from ipaddress import ip_address, ip_network
from pathlib import Path

import dns.message
import faults
import msgspec
import pytest
from every_fault import BEHAVIOURS, NAME_FAULTS
from faults import Behaviour, FaultyNameserver, Reader, Serve, Served, in_thread
from faults_http import LOCATIONS
from scanned import SHORT, Scanned, hasty, scanned, web_target

from scanner.engine import JUDGED_HERE
from scanner.estate import AddressPolicy, Kind, Target
from scanner.findings import State
from scanner.network import READ_AHEAD_BYTES
from scanner.observations.dns import DnsAnswer
from scanner.observations.endpoint import Addresses, Resolution
from scanner.observations.http import Answer, Body, Exchange, Handshake
from scanner.observations.steps import Reason, Unobserved
from scanner.registry import discover

UPTIME = "uptime.reachable"
REDIRECT = "web.https.redirect"
HSTS = "web.hsts.policy"
CERTIFICATE = {
    "tls.certificate.chain": ("pass trusted",),
    "tls.certificate.expiry": ("fail ends_soon",),  # the harness's certificate lives for a day
    "tls.certificate.name": ("pass match",),
}
"""What the certificate checks say of a server whose handshake was in order, whatever it did afterwards."""

# `redirect` is what is said of the behaviour at a plain-HTTP target, `hsts` at an HTTPS one; `uptime` is the same for
# both. Several lines of one check stand with a comma between them, and some have a name of their own (SHORTHAND).
HTTP_FAULTS = """
behaviour                              uptime                         redirect                hsts
refused                                fail no_answer refused         unknown refused         -
reset                                  fail no_answer reset           unknown reset           unknown reset
silent                                 fail no_answer timeout         unknown timeout         unknown timeout
connection_closed_before_answer        fail no_answer closed          unknown closed          unknown closed

endless_headers                        unknown too_large              unknown too_large       unknown too_large
huge_header_line                       unknown too_large              unknown too_large       unknown too_large
many_headers                           unknown too_large              unknown too_large       unknown too_large
status_100_flood                       unknown too_large              unknown too_large       unknown too_large
body_1gb                               pass answers                   fail serves_content     fail missing
endless_chunked                        pass answers                   fail serves_content     fail missing
gzip_bomb                              pass answers                   fail serves_content     fail missing

slow_drip                              fail no_answer timeout         unknown timeout         unknown timeout
slow_body_drip                         pass answers                   fail serves_content     fail missing

redirect_loop                          pass answers                   fail not_to_https       fail missing
redirect_ping_pong                     pass answers                   fail not_to_https       fail missing
redirect_long_chain                    pass answers                   fail not_to_https       fail missing
redirect_out_of_scope                  pass answers                   fail other_host         fail missing
redirect_to_weird_url_javascript       pass answers                   unknown bad_url         fail missing
redirect_to_weird_url_scheme_relative  pass answers                   fail not_to_https       fail missing
redirect_to_weird_url_userinfo         pass answers                   fail other_host         fail missing
redirect_to_weird_url_decimal_ip       pass answers                   fail not_to_https       fail missing

content_length_too_long                pass answers                   fail serves_content     fail missing
content_length_too_short               pass answers                   fail serves_content     fail missing
content_length_negative                pass answers                   fail serves_content     fail missing
two_different_content_lengths          fail no_answer protocol_error  unknown protocol_error  unknown protocol_error
closed_mid_headers                     fail no_answer closed          unknown closed          unknown closed
closed_mid_body                        pass answers                   fail serves_content     fail missing
bad_chunk_size                         pass answers                   fail serves_content     fail missing
empty_answer                           pass answers                   fail serves_content     fail missing
garbage_after_close                    pass answers                   fail serves_content     fail missing

malformed_header_no_colon              pass answers                   fail serves_content     own host
malformed_header_space_before_colon    pass answers                   fail serves_content     own host
malformed_header_obs_fold              pass answers                   fail serves_content     own host
malformed_header_nul                   fail no_answer protocol_error  unknown protocol_error  unknown protocol_error
malformed_header_bare_lf               pass answers                   fail serves_content     own host
malformed_header_non_ascii             pass answers                   fail serves_content     own host
malformed_header_lines                 fail no_answer protocol_error  unknown protocol_error  unknown protocol_error
header_injection_bytes                 pass answers                   fail serves_content     fail missing
answers_change_each_request            pass answers                   fail serves_content     own host

bad_status_line                        fail no_answer protocol_error  unknown protocol_error  unknown protocol_error
no_status_line                         fail no_answer protocol_error  unknown protocol_error  unknown protocol_error
http2_preface_answer                   fail no_answer protocol_error  unknown protocol_error  unknown protocol_error

length_and_chunked                     pass answers                   fail serves_content     own host
length_not_a_number                    pass answers                   fail serves_content     own host
length_overflowing                     pass answers                   fail serves_content     own host
length_listed                          pass answers                   fail serves_content     own host
chunk_size_negative                    pass answers                   fail serves_content     own host
chunk_size_overflowing                 pass answers                   fail serves_content     own host
chunk_size_hex_prefix                  pass answers                   fail serves_content     own host
chunk_extension_huge                   pass answers                   fail serves_content     own host
chunks_of_one_byte                     pass answers                   fail serves_content     own host
trailers_flood                         pass answers                   fail serves_content     own host
transfer_coding_unknown                pass answers                   fail serves_content     own host
chunked_twice                          pass answers                   fail serves_content     own host
bodies_glued                           pass answers                   fail serves_content     own host
informational_then_nothing             fail no_answer closed          unknown closed          unknown closed
informational_then_answer              pass answers                   fail serves_content     own host
switching_protocols                    fail no_answer protocol_error  unknown protocol_error  unknown protocol_error
no_content_with_body                   pass answers                   fail serves_content     own host
not_modified_unasked                   pass answers                   unknown inconclusive    own host
status_0                               fail no_answer protocol_error  unknown protocol_error  unknown protocol_error
status_099                             fail no_answer protocol_error  unknown protocol_error  unknown protocol_error
status_600                             fail wrong_status              unknown inconclusive    own host
status_999                             fail wrong_status              unknown inconclusive    own host
status_1000                            fail no_answer protocol_error  unknown protocol_error  unknown protocol_error
status_451                             pass answers                   unknown inconclusive    own host
reason_phrase_60k                      pass answers                   fail serves_content     own host
reason_phrase_hostile                  pass answers                   fail serves_content     own host
field_name_60k                         pass answers                   fail serves_content     own host
cookies_10k                            unknown too_large              unknown too_large       unknown too_large
cookies_1000                           pass answers                   fail serves_content     own host
cookie_100k                            unknown too_large              unknown too_large       unknown too_large
cookies_hostile                        pass answers                   fail serves_content     own host
field_ansi                             pass answers                   fail serves_content     own host
field_bidi                             pass answers                   fail serves_content     own host
hsts_twice                             pass answers                   fail serves_content     fail no_subdomains, fail short
hsts_overflowing                       pass answers                   fail serves_content     own host
hsts_hostile                           pass answers                   fail serves_content     fail invalid
hsts_60k                               pass answers                   fail serves_content     fail invalid
content_type_hostile                   pass answers                   fail serves_content     own host
fields_without_end                     fail no_answer closed          unknown closed          unknown closed
http_09                                fail no_answer protocol_error  unknown protocol_error  unknown protocol_error
http_10_keep_alive                     pass answers                   fail serves_content     own host
http_20_line                           pass answers                   fail serves_content     own host
http_3_line                            fail no_answer protocol_error  unknown protocol_error  unknown protocol_error
http_client_preface                    fail no_answer protocol_error  unknown protocol_error  unknown protocol_error
rtsp_answer                            fail no_answer protocol_error  unknown protocol_error  unknown protocol_error
icy_answer                             fail no_answer protocol_error  unknown protocol_error  unknown protocol_error
banner_ssh                             fail no_answer protocol_error  unknown protocol_error  unknown protocol_error
banner_smtp                            fail no_answer protocol_error  unknown protocol_error  unknown protocol_error
banner_ftp                             fail no_answer protocol_error  unknown protocol_error  unknown protocol_error
tls_alert_in_plain                     fail no_answer protocol_error  unknown protocol_error  unknown protocol_error
line_ends_only                         fail no_answer protocol_error  unknown protocol_error  unknown protocol_error
nul_bytes_only                         fail no_answer protocol_error  unknown protocol_error  unknown protocol_error
gzip_nested                            pass answers                   fail serves_content     own host
gzip_nested_one_named                  pass answers                   fail serves_content     own host
gzip_truncated                         pass answers                   fail serves_content     own host
gzip_claimed_but_plain                 pass answers                   fail serves_content     own host
gzip_unclaimed                         pass answers                   fail serves_content     own host
gzip_trailing_garbage                  pass answers                   fail serves_content     own host
gzip_many_members                      pass answers                   fail serves_content     own host
gzip_empty                             pass answers                   fail serves_content     own host
gzip_bad_checksum                      pass answers                   fail serves_content     own host
deflate                                pass answers                   fail serves_content     own host
deflate_raw                            pass answers                   fail serves_content     own host
br_claimed                             pass answers                   fail serves_content     own host
zstd_claimed                           pass answers                   fail serves_content     own host
coding_unknown                         pass answers                   fail serves_content     own host
location_empty                         pass answers                   fail not_to_https       fail missing
location_missing                       pass answers                   unknown inconclusive    fail missing
location_twice                         pass answers                   unknown bad_url         fail missing
location_64k                           pass answers                   unknown bad_url         fail missing
location_relative_weird                pass answers                   fail not_to_https       fail missing
location_fragment_only                 pass answers                   fail not_to_https       fail missing
meta_refresh_only                      pass answers                   fail serves_content     own host
refresh_field                          pass answers                   fail serves_content     own host
status_300                             pass answers                   unknown inconclusive    own host
status_304_location                    pass answers                   unknown inconclusive    own host
status_305                             pass answers                   unknown inconclusive    own host
status_201_location                    pass answers                   fail serves_content     own host
redirect_to_metadata                   pass answers                   fail not_to_https       fail missing
redirect_to_metadata_ipv6              pass answers                   fail not_to_https       fail missing
redirect_to_metadata_decimal           pass answers                   fail not_to_https       fail missing
redirect_to_octal_ip                   pass answers                   fail not_to_https       fail missing
redirect_to_hex_ip                     pass answers                   fail not_to_https       fail missing
redirect_to_short_ip                   pass answers                   fail not_to_https       fail missing
redirect_to_full_width_ip              pass answers                   fail not_to_https       fail missing
redirect_to_any_address                pass answers                   fail not_to_https       fail missing
redirect_to_ipv6_zone                  pass answers                   unknown bad_url         fail missing
redirect_to_idn                        pass answers                   fail other_host         fail missing
redirect_to_idn_dot                    pass answers                   fail other_host         fail missing
redirect_to_trailing_dot               pass answers                   fail other_host         fail missing
redirect_to_backslash                  pass answers                   fail other_host         fail missing
redirect_to_backslash_userinfo         pass answers                   fail other_host         fail missing
redirect_to_tab_inside                 pass answers                   fail other_host         fail missing
redirect_to_userinfo_at_signs          pass answers                   fail other_host         fail missing
redirect_to_port_garbage               pass answers                   unknown bad_url         fail missing
redirect_to_port_zero                  pass answers                   unknown bad_url         fail missing
redirect_to_other_port                 pass answers                   fail not_to_https       fail missing
redirect_to_data                       pass answers                   unknown bad_url         fail missing
redirect_to_file                       pass answers                   unknown bad_url         fail missing
redirect_to_gopher                     pass answers                   unknown bad_url         fail missing
redirect_to_ansi                       pass answers                   fail other_host         fail missing
redirect_to_percent_host               pass answers                   fail other_host         fail missing
redirect_to_host_missing               pass answers                   unknown bad_url         fail missing
redirect_to_non_utf8                   pass answers                   fail other_host         fail missing
head_pause_in_the_middle               fail no_answer timeout         unknown timeout         unknown timeout
one_byte_then_nothing                  fail no_answer timeout         unknown timeout         unknown timeout
body_never_begins                      pass answers                   fail serves_content     own host
chunk_drip                             pass answers                   fail serves_content     own host
slow_close                             pass answers                   fail serves_content     own host
complete_but_open                      pass answers                   fail serves_content     own host
informational_drip                     fail no_answer timeout         unknown timeout         unknown timeout
reset_mid_body                         pass answers                   fail serves_content     own host
reset_after_request                    fail no_answer reset           unknown reset           unknown reset
answers_before_request                 pass answers                   fail serves_content     own host
echoes_request                         pass answers                   fail serves_content     own host
endless_redirect_locations             pass answers                   fail not_to_https       fail missing
ok_then_forbidden_then_broken          pass answers                   fail serves_content     own host
hsts_every_other_time                  pass answers                   fail serves_content     own host
broken_then_ok                         pass answers_again             unknown inconclusive    fail missing
empty_then_ok                          pass answers_again             unknown closed          unknown closed
redirect_target_alternating            pass answers                   fail other_host         fail missing
always_forbidden                       unknown blocked                unknown blocked         own host
always_too_many_requests               unknown blocked                unknown blocked         unknown blocked
always_unavailable                     fail wrong_status              unknown blocked         unknown blocked
always_broken                          fail wrong_status              unknown inconclusive    own host
longer_each_time                       pass answers                   fail serves_content     own host
"""

# `others` is what HSTS and the three certificate checks say: without TLS there is nothing for them to look at.
TLS_FAULTS = """
behaviour                         uptime                  others
half_handshake_close              fail no_answer closed   unknown closed
half_handshake_hang               fail no_answer timeout  unknown timeout
tls_garbage                       fail no_answer not_tls  unknown not_tls
tls_plain_http_400                fail no_answer not_tls  unknown not_tls
tls_alert                         unknown tls_alert       unknown tls_alert
tls_alert_after_hello             unknown tls_alert       unknown tls_alert

tls_never_answers                 fail no_answer timeout  unknown timeout
tls_closed_after_client_hello     fail no_answer closed   unknown closed
tls_reset_after_client_hello      fail no_answer reset    unknown reset
tls_closed_after_server_hello     fail no_answer closed   unknown closed
tls_server_hello_drip             fail no_answer timeout  unknown timeout
tls_server_hello_twice            unknown tls_failed      unknown tls_failed
tls_version_unknown               unknown tls_failed      unknown tls_failed
tls_ssl_3                         unknown tls_failed      unknown tls_failed
tls_cipher_not_offered            unknown tls_failed      unknown tls_failed
tls_hello_retry_twice             unknown tls_failed      unknown tls_failed
tls_content_before_handshake      unknown tls_failed      unknown tls_failed
tls_content_after_server_hello    unknown tls_failed      unknown tls_failed
tls_banner_ssh                    fail no_answer not_tls  unknown not_tls
tls_banner_smtp                   fail no_answer not_tls  unknown not_tls
tls_record_too_long               fail no_answer not_tls  unknown not_tls
tls_record_type_unknown           unknown tls_failed      unknown tls_failed
tls_record_header_only            fail no_answer timeout  unknown timeout
tls_empty_records_flood           unknown tls_failed      unknown tls_failed
tls_warnings_flood                unknown tls_alert       unknown tls_alert
tls_alert_unrecognized_name       unknown tls_alert       unknown tls_alert
tls_alert_protocol_version        unknown tls_alert       unknown tls_alert
tls_alert_unknown                 unknown tls_failed      unknown tls_failed
tls_close_notify_at_once          unknown tls_failed      unknown tls_failed
tls_message_of_16_mib             unknown tls_failed      unknown tls_failed
tls_certificate_cut               fail no_answer closed   unknown closed
tls_certificate_drip              fail no_answer timeout  unknown timeout
tls_certificate_list_empty        unknown tls_failed      unknown tls_failed
tls_certificate_garbage           unknown tls_failed      unknown tls_failed
tls_certificate_nested            unknown tls_failed      unknown tls_failed
tls_record_altered_13             unknown tls_failed      unknown tls_failed
certificate_subject_invalid_utf8  unknown tls_failed      unknown tls_failed
certificate_time_of_letters       unknown tls_failed      unknown tls_failed
"""

# Servers whose TLS can be judged at least in part. `nothing` differs from what is said of a server in order (IN_ORDER).
PARTLY_IN_ORDER = """
behaviour                             what differs
tls_wrong_key_12                      uptime+chain+name+hsts unknown tls_failed
tls_wrong_key_13                      uptime+chain+name+hsts unknown tls_failed
tls_finished_wrong                    uptime+chain+name+hsts unknown tls_failed
tls_client_certificate_12             uptime+chain+name+hsts unknown tls_alert
tls_client_certificate_13             uptime+hsts unknown tls_alert
tls_10_only                           nothing
tls_11_only                           nothing
tls_records_of_one_byte               nothing
tls_renegotiation_asked               nothing
tls_closed_without_notify             nothing
tls_own_records                       nothing
tls_key_update_flood                  uptime+hsts unknown too_large
tls_key_update_requests_flood         uptime+hsts unknown too_large
tls_tickets_flood                     uptime+hsts unknown too_large
tls_empty_content_flood               uptime+hsts unknown tls_failed
tls_alert_for_answer                  uptime+hsts unknown tls_alert
tls_notify_for_answer                 uptime fail no_answer closed; hsts unknown closed
tls_handshake_again                   uptime+hsts unknown tls_failed
tls_certificate_request_late          uptime+hsts unknown tls_failed
tls_plain_text_after_handshake        uptime+hsts unknown tls_failed
tls_body_altered                      nothing
tls_head_byte_by_byte                 nothing
tls_key_update_then_answer            nothing
certificate_subject_controls          nothing
certificate_subject_ansi              nothing
certificate_subject_bidi              nothing
certificate_subject_html              nothing
certificate_subject_formula           nothing
certificate_subject_nul               nothing
certificate_subject_bad_printable     nothing
certificate_subject_universal_string  nothing
certificate_subject_64k               nothing
certificate_subject_127_attributes    nothing
certificate_subject_1000_attributes   chain+expiry+name unknown protocol_error; hsts not accepted
certificate_subject_empty             nothing
certificate_names_3000                nothing
certificate_names_6000                name unknown too_large; hsts not accepted
certificate_names_none                name fail no_names; hsts not accepted
certificate_names_empty               name fail no_names; hsts not accepted
certificate_names_other               name fail mismatch; hsts not accepted
certificate_names_ansi                name fail mismatch; hsts not accepted
certificate_names_bidi                name fail mismatch; hsts not accepted
certificate_names_html                name fail mismatch; hsts not accepted
certificate_names_nul                 name fail mismatch; hsts not accepted
certificate_names_star                name fail mismatch; hsts not accepted
certificate_names_20k                 name fail mismatch; hsts not accepted
certificate_names_bad_address         name fail no_names; hsts not accepted
certificate_issuer_newline            chain fail missing_issuer; hsts not accepted
certificate_issuer_bidi               chain fail missing_issuer; hsts not accepted
certificate_issuer_url_hostile        chain fail missing_issuer; hsts not accepted
certificate_issuer_url_metadata       chain fail missing_issuer_fetchable; hsts not accepted
certificate_chain_of_100              chain fail unneeded, pass trusted
certificate_chain_of_itself           nothing
certificate_chain_with_root           chain fail root_sent, pass trusted
certificate_chain_path_length         chain fail path_length; hsts not accepted
certificate_chain_garbage_after       chain fail unneeded, pass trusted
certificate_self_signed               chain fail self_signed; hsts not accepted
certificate_authority_as_leaf         nothing
certificate_signature_wrong           chain fail bad_signature; hsts not accepted
certificate_expired                   expiry fail expired; hsts not accepted
certificate_not_yet_valid             expiry fail not_yet_valid; hsts not accepted
certificate_year_9999                 expiry pass in_time
certificate_year_1950                 expiry fail expired; hsts not accepted
certificate_validity_reversed         expiry fail expired; hsts not accepted
certificate_serial_negative           nothing
certificate_serial_zero               nothing
certificate_serial_1000_octets        nothing
certificate_extension_nested          nothing
certificate_extension_critical        chain fail unknown_critical; hsts not accepted
certificate_extensions_200            chain+expiry+name unknown protocol_error; hsts not accepted
certificate_key_ed25519               key fail not_for_browsers, pass strong; hsts not accepted
certificate_key_p521                  key fail not_for_browsers, pass strong; hsts not accepted
certificate_key_rsa1024               key fail weak
certificate_names_unreadable          uptime+hsts unknown tls_failed; chain fail malformed; name unknown inconclusive
certificate_extension_twice           uptime+name+hsts unknown tls_failed; chain fail malformed
certificate_constraints_nested        uptime+name+hsts unknown tls_failed; chain fail malformed
certificate_time_month_13             uptime+hsts unknown tls_alert; chain+expiry+name unknown protocol_error
certificate_alternating               name fail mismatch; hsts not accepted
"""

# A name server's fault at an HTTPS service in good order; `others` as above, and CERTIFICATE where it says `judged`.
DNS_FAULTS = """
fault              uptime                  others
ok                 pass answers            judged
truncated          pass answers            judged
rebinding          pass answers            judged
nodata             fail no_name            unknown no_address
nxdomain           fail no_name            unknown no_address
servfail           unknown dns_servfail    unknown dns_servfail
refused            unknown dns_refused     unknown dns_refused
timeout            unknown dns_timeout     unknown dns_timeout
wrong-id           unknown dns_timeout     unknown dns_timeout
garbage            unknown dns_malformed   unknown dns_malformed
cname-loop         unknown dns_loop        unknown dns_loop
cname-long         unknown dns_loop        unknown dns_loop
private            unknown out_of_scope    unknown out_of_scope
many               fail no_answer refused  unknown refused

cname-outside      pass answers            judged
cname-metadata     unknown out_of_scope    unknown out_of_scope
cname-nowhere      fail no_name            unknown no_address
cname-self         unknown dns_loop        unknown dns_loop
metadata           unknown out_of_scope    unknown out_of_scope
mapped-loopback    pass answers            judged
public-to-private  unknown out_of_scope    unknown out_of_scope
unspecified        unknown out_of_scope    unknown out_of_scope
broadcast          unknown out_of_scope    unknown out_of_scope
records-500        fail no_answer refused  unknown refused
huge-additional    pass answers            judged
pointer-loop       unknown dns_malformed   unknown dns_malformed
pointer-beyond     unknown dns_malformed   unknown dns_malformed
record-cut         unknown dns_malformed   unknown dns_malformed
count-lies         unknown dns_malformed   unknown dns_malformed
other-question     unknown dns_malformed   unknown dns_malformed
no-question        unknown dns_malformed   unknown dns_malformed
other-owner        fail no_name            unknown no_address
a-for-aaaa         fail no_name            unknown no_address
query-bit          unknown dns_timeout     unknown dns_timeout
tcp-hang           unknown dns_timeout     unknown dns_timeout
tcp-garbage        unknown dns_malformed   unknown dns_malformed
tcp-truncated      unknown dns_malformed   unknown dns_malformed
tcp-short          unknown dns_malformed   unknown dns_malformed
tcp-drip           unknown dns_timeout     unknown dns_timeout
ede-blocked        unknown dns_refused     unknown dns_refused
servfail-then-ok   unknown dns_servfail    unknown dns_servfail
silent-then-ok     pass answers            judged
referral           unknown dns_refused     unknown dns_refused
formerr            unknown dns_malformed   unknown dns_malformed
rcode-badvers      unknown dns_malformed   unknown dns_malformed
rcode-unknown      unknown dns_malformed   unknown dns_malformed
half-broken        pass answers            judged
"""

# How a walk that begins at plain HTTP and is led to HTTPS at once goes on when the HTTPS side behaves like this.
ONWARD = """
behaviour                              redirect
malformed_header_obs_fold              pass to_https
redirect_loop                          pass to_https, unknown redirect_loop
redirect_ping_pong                     pass to_https, unknown redirect_loop
redirect_long_chain                    pass to_https, unknown redirect_limit
redirect_out_of_scope                  pass to_https, unknown out_of_scope
redirect_to_weird_url_scheme_relative  pass to_https, unknown out_of_scope
redirect_to_weird_url_userinfo         pass to_https, unknown out_of_scope
redirect_to_weird_url_javascript       pass to_https, unknown bad_url
redirect_to_weird_url_decimal_ip       fail back_to_http, pass to_https
silent                                 pass to_https, unknown timeout
reset                                  pass to_https, unknown reset
bad_status_line                        pass to_https, unknown protocol_error
"""

OUTSIDE = ("pass to_https", "unknown out_of_scope")
DOWN = ("fail back_to_http", "pass to_https")
NOWHERE = ("pass to_https", "unknown bad_url")
ONWARD_TO: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys([name for name, url in LOCATIONS.items() if url.startswith(b"http:")], DOWN),
    **dict.fromkeys(["ipv6_zone", "port_garbage", "port_zero", "data", "file", "gopher", "host_missing"], NOWHERE),
}
"""The same for the redirects of LOCATIONS, by name; OUTSIDE for the others."""

Said = Mapping[str, tuple[str, ...]]
SHORTHAND: Mapping[str, tuple[str, ...]] = {
    "own host": ("fail no_subdomains", "pass set"),
    "not accepted": ("fail no_subdomains", "unknown inconclusive"),
}
COLUMNS = {
    "uptime": UPTIME,
    "chain": "tls.certificate.chain",
    "expiry": "tls.certificate.expiry",
    "name": "tls.certificate.name",
    "hsts": HSTS,
    "key": "tls.certificate.key",
}
IN_ORDER: Said = {UPTIME: ("pass answers",), HSTS: SHORTHAND["own host"], **CERTIFICATE}


def rows(table: str) -> dict[str, list[tuple[str, ...]]]:
    """A table's rows by their first column; columns are two or more spaces apart."""
    _, *lines = filter(None, table.splitlines())
    cells = [[cell.strip() for cell in line.split("  ") if cell] for line in lines]
    return {name: [told(cell) for cell in others] for name, *others in cells}


def told(cell: str) -> tuple[str, ...]:
    """What a cell says of one check."""
    return SHORTHAND.get(cell) or tuple(cell.split(", "))


def _expected() -> dict[str, Said]:
    """What each behaviour makes the checks say: behaviour -> check -> lines."""
    expected: dict[str, Said] = {}
    for name, (uptime, redirect, hsts) in rows(HTTP_FAULTS).items():
        expected[name] = {UPTIME: uptime, REDIRECT: redirect}
        if hsts != ("-",):
            expected[f"{name}+tls"] = {UPTIME: uptime, HSTS: hsts, **CERTIFICATE}
    for name, (uptime, others) in rows(TLS_FAULTS).items():
        expected[name] = {UPTIME: uptime, HSTS: others, **dict.fromkeys(CERTIFICATE, others)}
    for name, cell in (line.split(maxsplit=1) for line in PARTLY_IN_ORDER.splitlines()[2:]):
        differences = [] if cell == "nothing" else cell.split("; ")
        words = (it.partition(" ") for it in differences)
        expected[name] = {
            **IN_ORDER,
            **{COLUMNS[column]: told(said) for columns, _, said in words for column in columns.split("+")},
        }
    return expected


EXPECTED = _expected()


def label(behaviour: Behaviour) -> str:
    """The behaviour's name as a label of a host name."""
    return behaviour.name.replace("_", "-").replace("+", "-")


def target_of(behaviour: Behaviour, served: Served) -> Target:
    return web_target(label(behaviour), served.port, scheme=behaviour.scheme)


def assert_said(scan: Scanned, target: str, expected: Said) -> None:
    """Every check said something, none of it is our fault, and the checks that matter said what is expected."""
    said = scan.said(target)
    assert said.keys() == {check.id for check in discover().values() if Kind.WEB in check.kinds}
    assert [it for it in scan.findings(target) if it.state is State.ERROR] == []
    assert {check: said[check] for check in expected} == expected


def assert_nothing_said_of_tls(scan: Scanned, target: str) -> None:
    """Plain HTTP has neither certificate nor HSTS policy, to praise or to blame."""
    concluded = {it.check for it in scan.findings(target) if it.state in (State.PASS, State.FAIL)}
    assert not {it for it in concluded if it == HSTS or it.startswith("tls.")}


def test_every_fault_of_the_harness_has_its_row() -> None:
    assert EXPECTED.keys() == BEHAVIOURS.keys()
    assert rows(DNS_FAULTS).keys() == NAME_FAULTS.keys()


def test_there_are_at_least_sixty_behaviours_beside_their_twins() -> None:
    assert len({name.removesuffix("+tls") for name in BEHAVIOURS}) >= 60


# One target at a time -----------------------------------------------------------------------------------


ALONE = [name for name, behaviour in BEHAVIOURS.items() if behaviour.serve.__module__ == "faults"]
"""Scanned one by one, too; the others all together, which is quicker."""


@pytest.mark.parametrize("name", ALONE)
def test_fault(name: str, tmp_path: Path) -> None:
    behaviour = BEHAVIOURS[name]
    with faults.serving_in_thread(behaviour) as served:
        target = target_of(behaviour, served)
        with scanned(tmp_path, [target], hosts={target.id: served.address}) as scan:
            assert_said(scan, target.id, EXPECTED[name])
            if behaviour.scheme == "http":
                assert_nothing_said_of_tls(scan, target.id)
            assert scan.connected == {(served.address, served.port)}


@pytest.mark.parametrize("layer", ["", "+tls"])
@pytest.mark.parametrize("name", ["body_1gb", "gzip_bomb", "endless_chunked", "endless_headers", "many_headers"])
def test_what_is_read_is_bounded(name: str, layer: str, tmp_path: Path) -> None:
    caps = hasty().caps
    behaviour = BEHAVIOURS[name + layer]
    with faults.serving_in_thread(behaviour) as served:
        target = target_of(behaviour, served)
        with scanned(tmp_path, [target], hosts={target.id: served.address}) as scan:
            exchanges = scan.observations(target.id, Exchange)
            assert exchanges
            for exchange in exchanges:
                assert reason_of(exchange) is Reason.TOO_LARGE
                if isinstance(exchange.answer, Answer):
                    body = exchange.answer.body
                    assert isinstance(body, Body)
                    assert body.length <= caps.body_bytes
                    # What a single read brings is counted whole, and how much that is, is bounded too.
                    assert body.wire_bytes <= caps.wire_body_bytes + 2 * READ_AHEAD_BYTES
            largest = max(len(scan.journal.stored(digest) or b"") for digest in scan.journal.filed(target.id).values())
            assert largest < 2 * caps.body_bytes


def reason_of(exchange: Exchange) -> Reason | None:
    """Why reading stopped where it did."""
    answer = exchange.answer
    if isinstance(answer, Unobserved):
        return answer.reason
    return answer.body.reason if isinstance(answer.body, Unobserved) else answer.body.ended


# Nothing gathered is lost -------------------------------------------------------------------------------


def saying(*lines: bytes, body: bytes = faults.BODY) -> Serve:
    """A server that sends a head with these lines, then these octets, and closes."""

    async def serve(reader: Reader, writer: asyncio.StreamWriter) -> None:
        await faults.answer(reader, writer, faults.head(*lines) + body)

    return serve


async def stalling(reader: Reader, writer: asyncio.StreamWriter) -> None:
    """A server that sends its head and a part of the body, and then nothing."""
    await faults.answer(reader, writer, faults.head(faults.HSTS, b"Content-Length: 1000") + faults.BODY)
    await reader.departure()


BODIES_CUT: Mapping[str, tuple[Serve, Reason]] = {
    "too-short": (saying(faults.HSTS, b"Content-Length: 1000"), Reason.CLOSED),
    "mid-chunk": (saying(faults.HSTS, b"Transfer-Encoding: chunked", body=b"1000\r\n" + faults.BODY), Reason.CLOSED),
    "bad-chunk": (
        saying(faults.HSTS, b"Transfer-Encoding: chunked", body=b"2\r\nok\r\nzz\r\n"),
        Reason.PROTOCOL_ERROR,
    ),
    "bad-gzip": (saying(faults.HSTS, b"Content-Encoding: gzip", body=faults.NOISE), Reason.PROTOCOL_ERROR),
    "too-long": (saying(faults.HSTS, body=bytes(3 << 20)), Reason.TOO_LARGE),
    "stalled": (stalling, Reason.TIMEOUT),
}


@pytest.mark.parametrize("name", BODIES_CUT)
def test_the_head_is_judged_when_the_body_is_cut(name: str, tmp_path: Path) -> None:
    serve, reason = BODIES_CUT[name]
    with (
        faults.serving_in_thread(Behaviour(name, serve, tls=True)) as served,
        scanned(tmp_path, [web_target(name, served.port)], hosts={name: served.address}) as scan,
    ):
        assert_said(scan, name, {UPTIME: ("pass answers",), HSTS: ("fail no_subdomains", "pass set"), **CERTIFICATE})
        (exchange,) = scan.observations(name, Exchange)
        assert reason_of(exchange) is reason


@pytest.mark.parametrize("name", ["http2_preface_answer+tls", "bad_status_line+tls", "reset+tls"])
def test_the_certificate_outlives_the_answer(name: str, tmp_path: Path) -> None:
    behaviour = BEHAVIOURS[name]
    with faults.serving_in_thread(behaviour) as served:
        target = target_of(behaviour, served)
        with scanned(tmp_path, [target], hosts={target.id: served.address}) as scan:
            first, second = scan.observations(target.id, Exchange)
            for exchange in (first, second):
                assert isinstance(exchange.tls, Handshake)
                assert len(exchange.tls.chain) == 1
                assert isinstance(exchange.answer, Unobserved)
            stored = set(scan.journal.filed(target.id).values())
            for finding in scan.findings(target.id):
                if finding.state in (State.PASS, State.FAIL):
                    assert finding.evidence
                    assert set(finding.evidence) <= stored


# Names --------------------------------------------------------------------------------------------------


def said_of_name(fault: str) -> Said:
    """What a name server's fault makes the checks say."""
    uptime, others = rows(DNS_FAULTS)[fault]
    judged = {HSTS: SHORTHAND["own host"], **CERTIFICATE}
    unseen = {HSTS: others, **dict.fromkeys(CERTIFICATE, others)}
    return {UPTIME: uptime, **(judged if others == ("judged",) else unseen)}


@pytest.mark.parametrize("fault", [name for name, fault in NAME_FAULTS.items() if fault.__module__ == "faults"])
def test_name_fault(fault: str, tmp_path: Path) -> None:
    _, others = rows(DNS_FAULTS)[fault]
    expected = said_of_name(fault)
    with (
        faults.serving_in_thread(BEHAVIOURS["malformed_header_obs_fold+tls"]) as served,
        in_thread(FaultyNameserver()) as nameserver,
        scanned(tmp_path, [web_target(fault, served.port)], nameserver=nameserver) as scan,
    ):
        assert_said(scan, fault, expected)
        resolver = (nameserver.address, nameserver.port)
        reached = {address for address, _ in scan.connected - {resolver}}
        if others == ("judged",):
            assert reached == {served.address}
        elif fault != "many":
            assert reached == set()
        assert len(scan.observations(fault, Resolution)) == 1
        asked = [it.rdtype for it in scan.observations(fault, DnsAnswer) if it.rdtype != "CAA"]
        assert sorted(it for it in asked if it != "HTTPS") == ["A", "AAAA"]
        assert asked.count("HTTPS") <= 1  # for the encrypted hello, where there is an address


def test_all_name_faults_at_once(tmp_path: Path) -> None:
    """One name server, one good service, and every fault: none changes what is said of another, none leads outside."""
    with (
        faults.serving_in_thread(BEHAVIOURS["malformed_header_obs_fold+tls"]) as served,
        in_thread(FaultyNameserver()) as nameserver,
    ):
        targets = [web_target(fault, served.port) for fault in NAME_FAULTS]
        profile = hasty(msgspec.structs.replace(SHORT, dns_s=1.0))
        with scanned(tmp_path, targets, nameserver=nameserver, profile=profile) as scan:
            said = {fault: scan.said(fault) for fault in NAME_FAULTS}
            expected = {fault: said_of_name(fault) for fault in NAME_FAULTS}
            assert {fault: {check: said[fault][check] for check in expected[fault]} for fault in said} == expected
            assert not [it for it in scan.findings() if it.state is State.ERROR]
            reached = {ip_address(address) for address, _ in scan.connected}
            assert all(getattr(it, "ipv4_mapped", None) or it in ip_network("127.0.0.0/8") for it in reached)


def test_many_addresses_are_tried_up_to_the_cap(tmp_path: Path) -> None:
    profile = hasty()
    with in_thread(FaultyNameserver()) as nameserver:
        target = web_target("many", 9, addresses=AddressPolicy.ALL)
        with scanned(tmp_path, [target], nameserver=nameserver, profile=profile) as scan:
            assert_said(scan, "many", {UPTIME: ("fail no_answer refused",)})
            reached = {address for address, port in scan.connected if port == 9}
            assert len(reached) == profile.caps.addresses
            assert all(address.startswith("127.0.1.") for address in reached)


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_name_that_now_points_at_the_metadata_service_is_not_connected_to(scheme: str, tmp_path: Path) -> None:
    """DNS rebinding: the name was good when it was asked for the first time, which is before the scan."""
    with in_thread(FaultyNameserver()) as nameserver:
        nameserver.reply(dns.message.make_query("rebinding.fault.test", "A").to_wire())
        with scanned(tmp_path, [web_target("rebinding", 80, scheme=scheme)], nameserver=nameserver) as scan:
            assert_said(scan, "rebinding", {UPTIME: ("unknown out_of_scope",)})
            (resolution,) = scan.observations("rebinding", Resolution)
            assert isinstance(resolution.outcome, Addresses)
            assert resolution.outcome.addresses == (faults.METADATA,)
            for exchange in scan.observations("rebinding", Exchange):
                assert isinstance(exchange.connect, Unobserved)
                assert exchange.connect.reason is Reason.OUT_OF_SCOPE
            assert scan.connected == {(nameserver.address, nameserver.port)}


def test_a_name_is_resolved_once_a_scan(tmp_path: Path) -> None:
    """DNS rebinding during the scan: every connection goes where the first answer led, and nobody asks again."""
    behaviour = BEHAVIOURS["redirect_long_chain+tls"]
    with faults.serving_in_thread(behaviour) as served, in_thread(FaultyNameserver()) as nameserver:
        home = f"https://rebinding.fault.test:{served.port}/"
        with faults.serving_in_thread(Behaviour("plain", leading_to(home), tls=False)) as plain:
            target = web_target("rebinding", served.port, http_port=plain.port)
            with scanned(tmp_path, [target], nameserver=nameserver) as scan:
                assert_said(scan, "rebinding", {REDIRECT: ("pass to_https", "unknown redirect_limit")})
                asked = {(nameserver.address, nameserver.port)}
                assert scan.connected - asked == {(served.address, served.port), (plain.address, plain.port)}


# Redirects ----------------------------------------------------------------------------------------------


def leading_to(location: str) -> Serve:
    """A server that redirects everybody there."""

    async def serve(reader: Reader, writer: asyncio.StreamWriter) -> None:
        await reader.request()
        await faults.redirect(writer, location.encode())

    return serve


@contextlib.contextmanager
def service(behaviour: Behaviour) -> Iterator[tuple[Target, tuple[Served, Served]]]:
    """An HTTPS service that behaves like this, and its plain-HTTP port that leads to it."""
    name = label(behaviour)
    with faults.serving_in_thread(behaviour) as secure:
        home = f"https://{name}.fault.test:{secure.port}/"
        with faults.serving_in_thread(Behaviour("plain", leading_to(home), tls=False)) as plain:
            yield web_target(name, secure.port, http_port=plain.port), (secure, plain)


@pytest.mark.parametrize("name", rows(ONWARD))
def test_walk_from_plain_http(name: str, tmp_path: Path) -> None:
    (expected,) = rows(ONWARD)[name]
    with (
        service(BEHAVIOURS[f"{name}+tls"]) as (target, both),
        scanned(tmp_path, [target], hosts={target.id: both[0].address}) as scan,
    ):
        assert_said(scan, target.id, {REDIRECT: expected, **CERTIFICATE})
        # Neither a connection nor a question to a resolver went anywhere else.
        assert scan.connected == {(served.address, served.port) for served in both}
        assert scan.observations(target.id, DnsAnswer) == ()
        hosts = {it.endpoint.host for it in scan.observations(target.id, Exchange)}
        assert hosts == {f"{target.id}.fault.test"}


def test_no_spelling_of_a_redirect_leads_outside(tmp_path: Path) -> None:
    """Plain HTTP leads to HTTPS, and HTTPS anywhere: no connection and no question goes there, however it is written."""
    with contextlib.ExitStack() as stack:
        services = {
            location: stack.enter_context(service(BEHAVIOURS[f"redirect_to_{location}+tls"])) for location in LOCATIONS
        }
        targets = [target for target, _ in services.values()]
        hosts = {target.id: both[0].address for target, both in services.values()}
        scan = stack.enter_context(scanned(tmp_path, targets, hosts=hosts))
        said = {location: scan.said(target.id)[REDIRECT] for location, (target, _) in services.items()}
        assert said == {location: ONWARD_TO.get(location, OUTSIDE) for location in LOCATIONS}
        assert scan.connected == {(it.address, it.port) for _, both in services.values() for it in both}
        assert not [it for target in targets for it in scan.observations(target.id, DnsAnswer)]


def test_a_closed_plain_port_beside_a_working_service_is_a_pass(tmp_path: Path) -> None:
    """The other side of `refused`: there is a service, and it is closed where it should be."""
    refusing = BEHAVIOURS["refused"]
    with faults.serving_in_thread(BEHAVIOURS["reset+tls"]) as served, faults.serving_in_thread(refusing) as plain:
        target = web_target("half", served.port, http_port=plain.port)
        with scanned(tmp_path, [target], hosts={"half": served.address}) as scan:
            assert_said(scan, "half", {REDIRECT: ("pass closed",), **CERTIFICATE})


def test_a_machine_that_refuses_everything_gets_no_pass(tmp_path: Path) -> None:
    refusing = BEHAVIOURS["refused"]
    with faults.serving_in_thread(refusing) as served, faults.serving_in_thread(refusing) as plain:
        target = web_target("down", served.port, http_port=plain.port)
        with scanned(tmp_path, [target], hosts={"down": served.address}) as scan:
            assert_said(scan, "down", {UPTIME: ("fail no_answer refused",), REDIRECT: ("unknown refused",)})
            assert not [it for it in scan.findings("down") if it.state is State.PASS]


# All at once --------------------------------------------------------------------------------------------


@contextlib.asynccontextmanager
async def serving_all() -> AsyncIterator[dict[str, Served]]:
    """Every behaviour at an address of its own."""
    async with contextlib.AsyncExitStack() as stack:
        yield {
            name: await stack.enter_async_context(
                faults.serving(behaviour, f"127.66.{number // 250}.{number % 250 + 1}")
            )
            for number, (name, behaviour) in enumerate(BEHAVIOURS.items())
        }


def open_descriptors() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


READ_BY_SWEEPS = frozenset(
    {
        *("tls_certificate_garbage", "tls_certificate_nested", "certificate_subject_invalid_utf8"),
        *("certificate_time_of_letters", "certificate_names_unreadable", "certificate_extension_twice"),
        *("certificate_constraints_nested", "certificate_alternating"),
    }
)
"""Certificates that OpenSSL refuses, or that differ from connection to connection: with all checks a sweep shows them."""


def alone(name: str) -> dict[str, tuple[str, ...]]:
    """What is said of a fault by checks that more observations do not change."""
    expected = EXPECTED[name]
    more = name in READ_BY_SWEEPS
    return {check: lines for check, lines in expected.items() if not (more and check.startswith("tls.certificate."))}


def test_all_faults_at_once(tmp_path: Path) -> None:
    """Every fault is a target of one scan, and none of them changes what is said of another, or is left behind."""
    threads, descriptors = threading.active_count(), open_descriptors()
    patient = msgspec.structs.replace(SHORT, tls_s=3.0, answer_s=2.5, body_s=2.5, exchange_s=20.0)
    with in_thread(serving_all()) as all_served:
        targets = {name: target_of(BEHAVIOURS[name], served) for name, served in all_served.items()}
        assert len(targets) > JUDGED_HERE  # so that the judge works beside the collector, in a process of its own
        hosts = {target.id: all_served[name].address for name, target in targets.items()}
        with scanned(tmp_path, list(targets.values()), hosts=hosts, profile=hasty(patient)) as scan:
            records = [record.id for record in scan.journal.targets()]
            assert sorted(records) == sorted(target.id for target in targets.values())
            said = {name: scan.said(target.id) for name, target in targets.items()}
            wrong = {
                name: {check: (lines, said[name].get(check)) for check, lines in expected.items()}
                for name, expected in ((name, alone(name)) for name in EXPECTED)
                if {check: said[name].get(check) for check in expected} != expected
            }
            assert wrong == {}, "\n".join(f"{k} {v}" for k, v in wrong.items())
            for target in targets.values():
                found = scan.findings(target.id)
                assert {it.check for it in found} == {it.id for it in discover().values() if Kind.WEB in it.kinds}
                assert len({it.fingerprint for it in found}) == len(found)
            every = Counter((it.target, it.check, it.subject) for it in scan.findings())
            assert max(every.values()) == 1
            assert not [it for it in scan.findings() if it.state is State.ERROR]
            assert scan.connected == {(served.address, served.port) for served in all_served.values()}
    gc.collect()
    assert (threading.active_count(), open_descriptors()) == (threads, descriptors)
