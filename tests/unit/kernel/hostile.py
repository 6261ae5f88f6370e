"""The corpus of hostile values: data only, each with the error that must refuse it."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Mapping

from crossdock.kernel import errors, limits

Refused = type[errors.BadInput]


def nested(levels: int) -> bytes:
    """Write that many arrays inside each other."""
    return b"[" * levels + b"]" * levels


def with_keys(count: int) -> bytes:
    """Write an object of that many members."""
    return b"{" + b",".join(b'"k%d":"a:b"' % number for number in range(count)) + b"}"


def of_size(size_bytes: int) -> bytes:
    """Write a string that is that long, quotes included."""
    return b'"' + b"x" * (size_bytes - 2) + b'"'


#: V3 and the JSON half of V1: raw message -> what refuses it.
JSON: Mapping[str, tuple[bytes, Refused]] = {
    "nothing": (b"", errors.NotJson),
    "only blanks": (b" \n\t", errors.NotJson),
    "cut short": (b'{"a":[1,2', errors.NotJson),
    "cut in a text": (b'{"a":"b', errors.NotJson),
    "cut in an escape": (b'{"a":"\\u00', errors.NotJson),
    "cut behind a good pair": (b'{"a":"\\ud83d\\ude00', errors.NotJson),
    "trailing data": (b'{"a":1} x', errors.NotJson),
    "two values": (b"{}{}", errors.NotJson),
    "trailing zero byte": (b"{}\x00", errors.NotJson),
    "trailing comma": (b"[1,]", errors.NotJson),
    "comment": (b"/* hello */ 1", errors.NotJson),
    "single quotes": (b"{'a':1}", errors.NotJson),
    "key that is no text": (b"{1:1}", errors.NotJson),
    "Python's True": (b'{"a":True}', errors.NotJson),
    "leading zero": (b"01", errors.NotJson),
    "plus sign": (b"+1", errors.NotJson),
    "no digit before the point": (b".5", errors.NotJson),
    "no digit after the point": (b"1.", errors.NotJson),
    "underscore in a number": (b"1_000", errors.NotJson),
    "full-width digits": ("１２".encode(), errors.NotJson),  # noqa: RUF001
    "unknown escape": (b'"\\x41"', errors.NotJson),
    "blank that is not JSON's": ("\u00a01".encode(), errors.NotJson),
    "NaN": (b'{"a":NaN}', errors.NumberOutOfRange),
    "Infinity": (b"[Infinity]", errors.NumberOutOfRange),
    "minus Infinity": (b"[-Infinity]", errors.NumberOutOfRange),
    "number past any float": (b'{"a":1e400}', errors.NumberOutOfRange),
    "number that jsonb expands": (b'{"a":1e100000}', errors.NumberOutOfRange),
    "exponent past the cap": (b'{"a":1E+31}', errors.NumberOutOfRange),
    "exponent below the cap": (b'{"a":1e-31}', errors.NumberOutOfRange),
    "zero with a huge exponent": (b"0e99999999999", errors.NumberOutOfRange),
    "fraction of 5,000 digits": (b"0." + b"1" * 5_000, errors.NumberOutOfRange),
    "whole number of 5,000 digits": (b'{"a":' + b"1" * 5_000 + b"}", errors.NumberOutOfRange),
    "whole number of 31 digits": (b'{"a":1' + b"0" * 30 + b"}", errors.NumberOutOfRange),
    "one past 64 bits": (b'{"a":[9223372036854775808]}', errors.NumberOutOfRange),
    "one below 64 bits": (b'{"a":[-9223372036854775809]}', errors.NumberOutOfRange),
    "same, among parcel numbers": (
        b'["00340434161094042557", "00340434161094042557",9223372036854775808]',
        errors.NumberOutOfRange,
    ),
    "duplicate key": (b'{"a":1,"a":1}', errors.DuplicateKey),
    "duplicate key, deep": (b'[{"b":[{"a":1,"c":{},"a":1}]}]', errors.DuplicateKey),
    "duplicate key, spelt differently": (b'{"a":1,"\\u0061":2}', errors.DuplicateKey),
    "duplicate empty key": (b'{"":1,"":2}', errors.DuplicateKey),
    "duplicate key with quotes in it": (b'{"\\"":1,"\\u0022":2}', errors.DuplicateKey),
    "duplicate hidden by an escaped quote": (
        b'{"a":"\\u0022\\u0022","a":"\\"\\""}',
        errors.DuplicateKey,
    ),
    "duplicate beside an escaped backslash": (
        b'{"a":"\\\\u0022","a":"\\\\u0022"}',
        errors.DuplicateKey,
    ),
    "NUL": (b'{"a":"x\\u0000y"}', errors.ForbiddenCharacter),
    "NUL in a key": (b'{"a\\u0000":1}', errors.ForbiddenCharacter),
    "NUL behind an escaped backslash": (b'"\\\\\\u0000"', errors.ForbiddenCharacter),
    "raw control character": (b'"a\x01b"', errors.ForbiddenCharacter),
    "raw line break in a text": (b'"a\nb"', errors.ForbiddenCharacter),
    "high surrogate alone": (b'{"a":"\\ud800"}', errors.ForbiddenCharacter),
    "high surrogate before a letter": (b'{"a":"\\uD800abcdefgh"}', errors.ForbiddenCharacter),
    "two high surrogates": (b'"\\ud800\\ud800"', errors.ForbiddenCharacter),
    "low surrogate alone": (b'["\\udc00"]', errors.ForbiddenCharacter),
    "byte order mark": (b"\xef\xbb\xbf{}", errors.UnsupportedEncoding),
    "UTF-16 with mark": ('{"a":1}'.encode("utf-16"), errors.UnsupportedEncoding),
    "UTF-16, little end first": ('{"a":1}'.encode("utf-16-le"), errors.UnsupportedEncoding),
    "UTF-16, big end first": ('{"a":1}'.encode("utf-16-be"), errors.UnsupportedEncoding),
    "UTF-32": ('{"a":1}'.encode("utf-32-le"), errors.UnsupportedEncoding),
    "UTF-32 with mark": ('{"a":1}'.encode("utf-32"), errors.UnsupportedEncoding),
    "Latin-1": ('{"a":"é"}'.encode("latin-1"), errors.UnsupportedEncoding),
    "overlong UTF-8": (b'"\xc0\x80"', errors.UnsupportedEncoding),
    "surrogate in UTF-8": (b'"\xed\xa0\x80"', errors.UnsupportedEncoding),
    "200,000 open brackets": (b"[" * 200_000, errors.TooDeep),
    "100,000 arrays inside each other": (nested(100_000), errors.TooDeep),
    "one level too deep": (nested(limits.MESSAGE_DEPTH_MAX + 1), errors.TooDeep),
    "objects one level too deep": (
        b'{"a":' * limits.MESSAGE_DEPTH_MAX + b"{}" + b"}" * limits.MESSAGE_DEPTH_MAX,
        errors.TooDeep,
    ),
    "one key too many": (with_keys(limits.MESSAGE_KEYS_MAX + 1), errors.TooManyKeys),
    "one byte too long": (of_size(limits.MESSAGE_BYTES_MAX + 1), errors.TooLarge),
    "V5: XML": (b'<?xml version="1.0"?><order/>', errors.UnsupportedFormat),
    "V5: XML that asks for a file": (
        b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/hostname">]><x>&e;</x>',
        errors.UnsupportedFormat,
    ),
    "V5: XML behind blanks": (b"\r\n  <order/>", errors.UnsupportedFormat),
    "V7: X12": (b"ISA*00*          *00*  ~", errors.UnsupportedFormat),
    "V7: EDIFACT": (b"UNB+UNOC:3+A+B+260101:1200+1'", errors.UnsupportedFormat),
    "V7: EDIFACT with its own signs": (b"UNA:+.? 'UNB+UNOC:3'", errors.UnsupportedFormat),
    "V13: a ZIP archive": (b"PK\x03\x04\x14\x00", errors.UnsupportedFormat),
    "V4: gzip that nobody declared": (gzip.compress(b"{}"), errors.UnsupportedFormat),
}

#: What looks like one of the above and is fine.
HONEST_JSON: Mapping[str, bytes] = {
    "null": b"null",
    "minus zero": b"-0",
    "blanks around": b' \r\n\t{ "a" : [ 1 , 2 ] } \n',
    "largest whole numbers": b"[9223372036854775807,-9223372036854775808]",
    "exponent at the caps": b"[1e30,1E-30,-2.5e+2]",
    "digits in text": b'{"sscc":"00340434161094042557","n":"SSCC 00340434161094042557"}',
    "exponent in text": b'{"a":"1e999999","b":"NaN"}',
    "same key in two objects": b'[{"a":1},{"a":1},{"b":{"a":1}}]',
    "keys that differ by case": b'{"a":1,"A":2}',
    "quotes in text": b'{"a":"\\"\\u0022","b":"\\\\\\"","c":"\\\\u0022"}',
    "escaped backslash before u0000": b'"\\\\u0000"',
    "escaped slash": b'"\\/"',
    "pair of surrogates": b'"\\ud83d\\ude00"',
    "escaped line break": b'"a\\nb\\u000a"',
    "colons in text": b'{"t":"2026-01-01T10:00:00Z"}',
    "brackets in text": b'"' + b"[{" * 100 + b'"',
    "as deep as allowed": nested(limits.MESSAGE_DEPTH_MAX),
    "wide but not deep": b"[" + b"[],{}," * 500 + b"1]",
    "as many keys as allowed": with_keys(limits.MESSAGE_KEYS_MAX),
    "as long as allowed": of_size(limits.MESSAGE_BYTES_MAX),
    "many languages": '{"a":"Čeština, 日本語, עברית, 😀"}'.encode(),
}

#: V10: what an order line might call an item -> the fault that is named.
IDENTIFIERS_REFUSED: Mapping[str, str] = {
    "": "empty",
    "x" * (limits.IDENTIFIER_LENGTH_MAX + 1): "too-long",
    "\u0410BC": "not-ascii",  # Cyrillic A
    "85123\uff21": "not-ascii",  # full-width A, an NFKC twin
    "cafe\u0301": "not-ascii",
    "caf\u00e9": "not-ascii",
    "85123\u200bA": "invisible",  # zero-width space
    "85123\u200dA": "invisible",  # zero-width joiner
    "\ufeff85123A": "invisible",
    "85123\u00adA": "invisible",  # soft hyphen
    "85123\u00a0A": "invisible",  # no-break space
    "\u202e85123A": "direction-override",
    "85123\u2066A": "direction-override",
    "85123\u200fA": "direction-override",
    "85123A\x00": "nul",
    "85123A\x1b[2J": "control",
    "85123\tA": "control",
    "85123A\x7f": "control",
    "85123A\x9b": "control",
    "85123A\n": "line-break",
    "85123A\r": "line-break",
    "85123A\u2028": "line-break",
    "85123A\ud800": "lone-surrogate",
    "85123A\uffff": "non-character",
    "85123A ": "space-at-end",
    " 85123A": "space-at-end",
    " ": "space-at-end",
    "BANK  CHARGES": "double-space",
    "a'b": "character",
    'a"b': "character",
    "a;b": "character",
    "a<b": "character",
    "a|b": "character",
    "a\\b": "character",
    "a%00": "character",
    "a`b": "character",
    "${a}": "character",
    "=1+1": "first-character",
    "+1": "first-character",
    "-1": "first-character",
    "@a": "first-character",
    "../etc/passwd": "first-character",
    "/etc/passwd": "first-character",
}

IDENTIFIERS_TAKEN = [
    "85123A",
    "gift_0001_20",
    "BANK CHARGES",
    "m",
    "POST",
    "#1001",
    "SO-100234/1",
    "00340434161094042557",
    "(01)09501101530003(10)AB",
    "550e8400-e29b-41d4-a716-446655440000",
    "urn:epc:id:sgtin:0614141.812345.6789",
    "x" * limits.IDENTIFIER_LENGTH_MAX,
]

#: V10, V11 in text for people: text -> fault.
TEXTS_REFUSED: Mapping[str, str] = {
    "x" * (limits.TEXT_LENGTH_MAX + 1): "too-long",
    "a\x00b": "nul",
    "a\x1b[31mb": "control",
    "a\x07b": "control",
    "a\x9bb": "control",
    "a\rb": "line-break",
    "a\x85b": "line-break",
    "a\u2028b": "line-break",
    "a\u2029b": "line-break",
    "invoice\u202efdp.exe": "direction-override",
    "a\u2067b": "direction-override",
    "a\ud800b": "lone-surrogate",
    "a\ufeffb": "invisible",
    "a\uffffb": "non-character",
    "cafe\u0301": "not-normal-form-c",
}

TEXTS_TAKEN = [
    "",
    "WHITE HANGING HEART T-LIGHT HOLDER",
    "Leave at dock 4\n\tring twice",
    "Żółć, Ñandú, 日本語, עברית, हिन्दी",
    "family \U0001f468\u200d\U0001f469\u200d\U0001f467",
    "می\u200cخواهم",  # noqa: RUF001
    "x" * limits.TEXT_LENGTH_MAX,
]

#: V8: cell -> what the spreadsheet gets.
CELLS: Mapping[str, str] = {
    "": "",
    "WHITE MUG": "WHITE MUG",
    "gift_0001_20": "gift_0001_20",
    "a-b=c+d@e": "a-b=c+d@e",
    "-5": "-5",
    "-12.50": "-12.50",
    "+3": "+3",
    "1,5": "1,5",
    "=1+1": "'=1+1",
    "+49 30 1234": "'+49 30 1234",
    "-2+3": "'-2+3",
    "@SUM(A1)": "'@SUM(A1)",
    "\t=1": "'\t'=1",
    "\r=1": "'\r'=1",
    "\n=1": "'\n'=1",
    "  =1": "  '=1",
    '"=1': "\"'=1",
    'a";=1': "a\";'=1",
    "a;=1": "a;'=1",
    "a, -b": "a, '-b",
    "'=1": "''=1",
    "\uff1d1": "'\uff1d1",
    "=cmd|' /C calc'!A0": "'=cmd|' /C calc'!A0",
}

#: V11: values that would do something elsewhere, if they were not only shown.
INJECTIONS = [
    "x'; DROP TABLE orders; --",
    "ok\n2026-01-01 INFO user=admin logged in",
    "ok\r\nSet-Cookie: a=b",
    "\x1b]0;owned\x07",
    "\x1b[2J\x1b[H",
    "a\x00b",
    "a\u2028b\u2029c\x85d",
    "\u202eevil",
    "*)(uid=*))(|(uid=*",
    "{{7*7}}${7*7}<%= 7*7 %>",
    "../../../etc/passwd",
    "<script>alert(1)</script>",
    "\ud800",
]

_BLANKS = b" " * 10_000_000
_DEFLATER = zlib.compressobj(wbits=-15)

#: V4: (body, Content-Encoding) -> what refuses it, when at most a megabyte may come out.
COMPRESSED: Mapping[str, tuple[bytes, str, Refused]] = {
    "bomb in gzip": (gzip.compress(_BLANKS), "gzip", errors.InflatesTooFar),
    "bomb in deflate": (zlib.compress(_BLANKS), "deflate", errors.InflatesTooFar),
    "small but past the ratio": (gzip.compress(b" " * 300_000), "gzip", errors.InflatesTooFar),
    "many members": (gzip.compress(b"x") * 1_000, "gzip", errors.InflatesTooFar),
    "many empty members": (gzip.compress(b"") * 1_000, "gzip", errors.InflatesTooFar),
    "bomb in the second member": (
        gzip.compress(b"{}") + gzip.compress(_BLANKS),
        "gzip",
        errors.InflatesTooFar,
    ),
    "stacked": (gzip.compress(gzip.compress(b"{}")), "gzip, gzip", errors.UnsupportedEncoding),
    "br": (b"\x0b\x01\x80{}\x03", "br", errors.UnsupportedEncoding),
    "zstd": (b"\x28\xb5\x2f\xfd", "zstd", errors.UnsupportedEncoding),
    "compress": (b"\x1f\x9d", "compress", errors.UnsupportedEncoding),
    "unknown name": (b"{}", "x\r\ny", errors.UnsupportedEncoding),
    "not gzip": (b'{"a":1}', "gzip", errors.NotCompressed),
    "not deflate": (b'{"a":1}', "deflate", errors.NotCompressed),
    "deflate without its frame": (
        _DEFLATER.compress(b"{}") + _DEFLATER.flush(),
        "deflate",
        errors.NotCompressed,
    ),
    "cut short": (gzip.compress(b'{"a":1}')[:-1], "gzip", errors.NotCompressed),
    "wrong checksum": (gzip.compress(b"{}")[:-8] + bytes(8), "gzip", errors.NotCompressed),
    "bytes behind gzip": (gzip.compress(b"{}") + b"{}", "gzip", errors.NotCompressed),
    "bytes behind deflate": (zlib.compress(b"{}") + b"{}", "deflate", errors.NotCompressed),
    "empty": (b"", "gzip", errors.NotCompressed),
    "plain and too long": (bytes(1_000_001), "identity", errors.TooLarge),
}
