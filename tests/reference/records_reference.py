#!/usr/bin/env python3
"""storage/registry/RECORDS.md, a second time, in plain Python.

    records_reference.py check PAGE     check the page's tables and examples
    records_reference.py fill PAGE      write the recomputed examples into it
    records_reference.py examples       print them
    records_reference.py sizes          measure typical records (needs zstd)

The field tables are read from the page itself: every example must fit them.
Written from the page and not from the C code. Standard library only.
"""

import os
import random
import re
import subprocess
import sys
import tempfile
import unicodedata

import primitives as p
import sogoc_reference as s

PAYLOAD_MAX, DEPTH_MAX = 65536, 16

# ------------------------------------------------------ canonical msgpack


def _head(n, fix, fix_max, codes):
    """The shortest head for a length; codes is ((limit, code, width), …)."""
    if fix is not None and n <= fix_max:
        return bytes([fix | n])
    for limit, code, width in codes:
        if n < limit:
            return bytes([code]) + n.to_bytes(width, "big")
    raise ValueError("too long")


def encode(v):
    """None, int, str, bytes, list or tuple, dict with uint keys."""
    if v is None:
        return b"\xc0"
    if isinstance(v, bool):
        raise TypeError("0 and 1 serve")
    if isinstance(v, int):
        if v >= 0:
            return _head(v, 0, 127, ((1 << 8, 0xCC, 1), (1 << 16, 0xCD, 2),
                                     (1 << 32, 0xCE, 4), (1 << 64, 0xCF, 8)))
        if v >= -32:
            return bytes([v & 0xFF])
        for code, width in ((0xD0, 1), (0xD1, 2), (0xD2, 4), (0xD3, 8)):
            if v >= -(1 << 8 * width - 1):
                return bytes([code]) + v.to_bytes(width, "big", signed=True)
        raise ValueError("too small")
    if isinstance(v, str):
        b = v.encode()
        return _head(len(b), 0xA0, 31, ((1 << 8, 0xD9, 1), (1 << 16, 0xDA, 2))) + b
    if isinstance(v, (bytes, bytearray)):
        return _head(len(v), None, 0, ((1 << 8, 0xC4, 1), (1 << 16, 0xC5, 2))) + v
    if isinstance(v, (list, tuple)):
        return (_head(len(v), 0x90, 15, ((1 << 16, 0xDC, 2),))
                + b"".join(encode(x) for x in v))
    if isinstance(v, dict):
        return (_head(len(v), 0x80, 15, ((1 << 16, 0xDE, 2),))
                + b"".join(encode(k) + encode(v[k]) for k in sorted(v)))
    raise TypeError(type(v))


class Refused(Exception):
    pass


COMBINING = re.compile("m" * 31)


def combines(x):
    return unicodedata.category(x)[0] == "M" or "\u1160" <= x <= "\u11ff"


class _Reader:
    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, n):
        if self.at + n > len(self.data):
            raise Refused("the bytes end too early")
        self.at += n
        return self.data[self.at - n:self.at]

    def uint(self, width):
        return int.from_bytes(self.take(width), "big")

    def value(self, depth):
        c = self.uint(1)
        if c < 0x80:
            return c
        if c >= 0xE0:
            return c - 256
        if c == 0xC0:
            return None
        if 0xCC <= c <= 0xCF:
            return self.uint(1 << c - 0xCC)
        if 0xD0 <= c <= 0xD3:
            return int.from_bytes(self.take(1 << c - 0xD0), "big", signed=True)
        if c & 0xE0 == 0xA0 or c in (0xD9, 0xDA):
            n = c & 31 if c < 0xC0 else self.uint(c - 0xD8)
            text = self.take(n).decode("utf-8", "strict")
            if unicodedata.normalize("NFC", text) != text:
                raise Refused("not NFC")
            if any(unicodedata.category(x) in ("Cc", "Cn") for x in text):
                raise Refused("a control or unassigned character")
            if COMBINING.search("".join("m" if combines(x) else "." for x in text)):
                raise Refused("too many marks in a row")
            return text
        if c in (0xC4, 0xC5):
            return bytes(self.take(self.uint(c - 0xC3)))
        if depth >= DEPTH_MAX:
            raise Refused("too deep")
        if c & 0xF0 == 0x90 or c == 0xDC:
            n = c & 15 if c < 0xC0 else self.uint(2)
            return [self.value(depth + 1) for _ in range(n)]
        if c & 0xF0 == 0x80 or c == 0xDE:
            n, out, last = (c & 15 if c < 0xC0 else self.uint(2)), {}, -1
            for _ in range(n):
                key = self.value(depth + 1)
                if not isinstance(key, int) or key <= last:
                    raise Refused("map keys do not ascend")
                out[key], last = self.value(depth + 1), key
            return out
        raise Refused(f"form {c:02x} is not allowed")


def decode(data):
    if len(data) > PAYLOAD_MAX:
        raise Refused("too long")
    reader = _Reader(data)
    value = reader.value(0)
    if reader.at != len(data):
        raise Refused("bytes are left over")
    if encode(value) != data:
        raise Refused("not the canonical encoding")
    return value


# ------------------------------------------------- the tables of the page

TOKEN = re.compile(r"\s*([\[\](),?]|\.\.|[a-z_]+|\d+)")
BIN = {"uid": 16, "ref": 16, "hash": 32, "log": 32, "key": 32, "sig": 64, "keyid": 8}
TUPLES = {"name": "(str 0..48, str 0..96, str 1..96)",
          "place": "(unit?, str? 0..160, str? 2..2)",
          "kin": "(uid?, name?, pin?, str? 0..12)",
          "src": "(uint 0..5, str 0..64, day?)"}
WORDS = {"uint", "str", "bin", "date", "day", "ms", "unit", "code", "pin"}
CODE_TABLES = {"ethnic", "religion", "blood", "marital", "relation", "unit_kind",
               "reject"}
CLASSES = {"I", "C", "V", "S", "M", "K", "F", "X", "A"}


class Type:
    """A parsed cell of the `type` column: kind, range, members, nullable."""

    def __init__(self, kind):
        self.kind, self.low, self.high, self.of, self.null = kind, None, None, None, 0
        self.table, self.by = None, 1


def parse_type(text):
    tokens = TOKEN.findall(text)
    if "".join(tokens) != re.sub(r"\s", "", text):
        raise ValueError(f"type {text!r}")
    out = _parse(tokens)
    if tokens:
        raise ValueError(f"type {text!r}: left over {tokens}")
    return out


def _range(tokens, t):
    if tokens and tokens[0].isdigit():
        t.low = t.high = int(tokens.pop(0))
        if tokens and tokens[0] == "..":
            tokens.pop(0)
            t.high = int(tokens.pop(0))


def _parse(tokens):
    word = tokens.pop(0)
    if word == "[":
        t = Type("array")
        t.of = [_parse(tokens)]
        if tokens.pop(0) != "]":
            raise ValueError("]")
        _range(tokens, t)
        if t.low is None:
            raise ValueError("an array without a limit")
    elif word == "(":
        t = Type("tuple")
        t.of = [_parse(tokens)]
        while tokens[0] == ",":
            tokens.pop(0)
            t.of.append(_parse(tokens))
        if tokens.pop(0) != ")":
            raise ValueError(")")
    elif word in BIN:
        t = Type("bin")
        t.low = t.high = BIN[word]
    elif word in TUPLES:
        t = parse_type(TUPLES[word])
    elif word in WORDS:
        t = Type(word)
        if word == "code":
            t.table = tokens.pop(0)
            if t.table not in CODE_TABLES:
                raise ValueError(f"code table {t.table}")
    else:
        raise ValueError(f"unknown word {word}")
    if tokens and tokens[0] == "?":
        tokens.pop(0)
        t.null = 1
    if t.kind in ("uint", "str", "bin") and t.low is None:
        _range(tokens, t)
    if t.kind in ("str", "bin") and t.low is None:
        raise ValueError(f"{t.kind} without a limit")
    return t


def good_date(n, whole):
    y, m, d = n // 10000, n // 100 % 100, n % 100
    if not 1 <= y <= 9999 or m > 12 or (m == 0 and d):
        return False
    if whole and not (m and d):
        return False
    leap = y % 4 == 0 and (y % 100 != 0 or y % 400 == 0)
    days = (31, 29 if leap else 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
    return d <= (days[m - 1] if m else 0)


def good_unit(n):
    if n == 0:
        return True
    return 1 <= n // 10 ** 13 <= 3 and good_date(n % 10 ** 8, True)


def ascends(values, n):
    keys = [v[:n] if isinstance(v, list) else v for v in values]
    return all(a < b for a, b in zip(keys, keys[1:]))


def fits(t, v):
    if v is None:
        return bool(t.null)
    if t.kind in ("array", "tuple"):
        if not isinstance(v, list):
            return False
        if t.kind == "tuple":
            return len(v) == len(t.of) and all(map(fits, t.of, v))
        return (t.low <= len(v) <= t.high and all(fits(t.of[0], x) for x in v)
                and ascends(v, t.by))
    if t.kind == "str":
        return isinstance(v, str) and t.low <= len(v.encode()) <= t.high
    if t.kind == "bin":
        return isinstance(v, bytes) and t.low <= len(v) <= t.high
    if not isinstance(v, int) or v < 0:
        return False
    if t.kind in ("date", "day"):
        return good_date(v, t.kind == "day")
    if t.kind == "unit":
        return good_unit(v)
    if t.kind == "pin":
        return v < 10 ** 12
    if t.kind == "code":
        return v < 65536
    return t.low is None or t.low <= v <= t.high


HEADING = re.compile(r"^#### (\d+) ([a-z_]+)$", re.M)
COMMON = range(32, 49)


class Page:
    """The tables of RECORDS.md: {type: {no: (name, Type, need, merge)}}."""

    def __init__(self, text):
        self.wrong, self.types, self.names = [], {}, {}
        rules = set(re.findall(r"^\| ([VC]\d\d) \|", text, re.M))
        summary = dict((int(a), b) for a, b in re.findall(
            r"^\| (\d+) \| ([a-z_]+) \| (?:plain|sealed)", text, re.M))
        common = self._table(text[text.index("## 7. "):], "common", rules)
        for m in HEADING.finditer(text):
            number, name = int(m[1]), m[2]
            fields = self._table(text[m.end():], name, rules)
            if summary.get(number) != name:
                self.wrong.append(f"{number} {name}: not so in section 5")
            if number in COMMON:
                twice = set(common) & set(fields) - {2}
                if twice:
                    self.wrong.append(f"{name}: {twice} are common fields")
                fields = {**common, **fields}
            if number in self.types:
                self.wrong.append(f"{number}: two tables")
            self.types[number], self.names[number] = fields, name
        for number in set(summary) - set(self.types):
            self.wrong.append(f"{number} {summary[number]}: no table")

    def _table(self, text, name, rules):
        lines = text[text.index("| no | field | type |"):].split("\n\n", 1)[0].splitlines()
        fields, last = {}, -1
        for line in lines[2:]:
            cell = [c.strip() for c in re.split(r"(?<!\\)\|", line)[1:-1]]
            try:
                no, field, kind, need, merge, used, notes = cell
                no, kind = int(no), parse_type(kind)
                by = re.match(r"\*by (\d)\*", notes)
                kind.by = int(by[1]) if by else 1
            except ValueError as e:
                self.wrong.append(f"{name}: {line}: {e}")
                continue
            if no <= last:
                self.wrong.append(f"{name}: {no} does not ascend")
            if merge not in CLASSES or need not in ("", "o", "a"):
                self.wrong.append(f"{name}: {field}: class or need")
            for rule in used.split():
                if rule not in rules:
                    self.wrong.append(f"{name}: {field}: rule {rule} is not defined")
            fields[no], last = (field, kind, need, merge), no
        return fields

    @staticmethod
    def decides(body, parents):
        needs = {3: {6, 7, 10}, 4: {6}, 5: {6}, 7: {11}, 9: {12}}
        act = body.get(3)
        return (parents and needs.get(act, set()) <= set(body)
                and (act not in (2, 6, 8) or body.get(5)))

    @staticmethod
    def subject_fits(kind, subject, body, officer):
        """But for types 8 and 11, whose key ids the examples show."""
        def number(n):
            return bytes(8) + n.to_bytes(8, "big")
        field = {2: 1, 12: 1, 13: 1, 16: 1, 20: 1, 21: 1}
        due = {6: body.get(2), 7: body.get(1), 22: body.get(1), 30: body.get(0)}
        if kind in (1, 3, 4, 5, 10):
            return subject == bytes(16)
        if kind in field:
            return subject == number(body[field[kind]])
        if kind in due:
            return subject == due[kind][:16]
        if kind == 15:
            return subject == number(body[1] << 8 | body[2])
        if kind in (9, 65, 66):
            return subject == bytes(8) + {9: body.get(1), 65: officer, 66: body.get(3)}[kind]
        return kind != 43 or subject < body[3]

    def hands_over(self, body):
        try:
            values = decode(body[7])
        except Refused:
            return False
        if not isinstance(values, list) or len(values) != len(body[6]):
            return False
        pair = parse_type("(uint 1..31, uid?)")
        for head, value in zip(body[6], values):
            kind, no = head[0], head[2]
            _, t, _, merge = self.types.get(kind, {}).get(no, ("", pair, "", "M"))
            if (kind, no) != (43, 2) and no not in self.types.get(kind, {}):
                return False
            if (kind, no) == (43, 2):
                t = pair
            if not (value is None and merge in "ICV" or fits(t, value)):
                return False
        return True

    def fit(self, record):
        """Why the record does not fit, or None."""
        inner, outer = record
        kind, schema, subject, body, parents, basis, effective, officer, submit = inner
        if kind not in self.types or schema != 1:
            return "unknown type"
        shape = parse_type("(uint 1..65535, uint 1..65535, uid, [ref] 0..16, "
                           "(uint 0..255, str 0..64, str 0..64), date, keyid, bin 16)")
        if not fits(shape, [kind, schema, subject, parents, basis, effective, officer,
                            submit]) or parents != sorted(set(parents)):
            return "inner"
        if not fits(parse_type("(uint, uint 0..2, uint, unit, unit?, sig?)"),
                    outer[:1] + outer[2:7]) or outer[4] == outer[5] or outer[7]:
            return "outer"
        if body.get(0) == [2, "", None] or kind == 42 and not self.decides(body, parents):
            return "not the one way to write it, or an act lacks its fields"
        fields = self.types[kind]
        for no, value in body.items():
            if no not in fields:
                return f"field {no} is not known"
            name, t, _, merge = fields[no]
            if value is None and not (t.null or merge in "ICV") or value is not None and not fits(t, value):
                return f"{name}: {value!r}"
        if kind == 37 and body.get(3) not in (None, effective):
            return "effective is not the day of the event"
        if not self.subject_fits(kind, subject, body, officer):
            return "subject"
        if kind == 46 and not self.hands_over(body):
            return "the values are not those of the heads"
        if kind in COMMON and (1 in body and kind not in (35, 38, 39, 40, 41)
                               or 2 in body and kind not in (33, *range(35, 42))):
            return "of or state"
        opening = kind not in COMMON or (
            1 not in body if kind in (35, 38, 39, 40, 41) else not parents)
        for no, (name, _, need, merge) in fields.items():
            if not opening and no in body and (merge == "F" or merge == "K" and need != "a"):
                return f"{name} in an amendment"
            if need == "a" and no not in body or need == "o" and opening and no not in body:
                return f"{name} is missing"
        return None


# ---------------------------------------------------------------- records

CAPTURE, APPROVE, ADJUDICATE, AUDIT, ADMINISTER = 1, 2, 4, 8, 16


def unit(level, code, valid_from):
    return level * 10 ** 13 + code * 10 ** 8 + valid_from


def inner(kind, subject, body, effective, officer, submit, parents=(),
          basis=(0, "", ""), schema=1):
    return encode([kind, schema, subject, body, sorted(parents), list(basis),
                   effective, officer, submit])


def record_id(registry, inner_bytes):
    return s.purpose_hash("sogoc v1 record", registry, inner_bytes)


def record(registry, inner_bytes, seed, hlc, position, capture, home=None,
           offset=0, trust=2):
    """[inner, outer] with the signature of seed, or none if seed is None."""
    ident = record_id(registry, inner_bytes)
    sig = seed and s.purpose_sign(seed, "sogoc v1 record sig", registry, ident)
    outer = encode([hlc, offset, trust, position, capture, home, sig, {}])
    return b"\x92" + inner_bytes + outer


TONES = {"\u0300": "1", "\u0301": "2", "\u0309": "3", "\u0303": "4", "\u0323": "5"}
VOWELS = set("aeiouyăâêôơư")


def matching_key(name):
    words = []
    for word in " ".join(x for x in name if x).lower().replace("ð", "đ").split(" "):
        letters = unicodedata.normalize("NFD", word)
        tone = next((TONES[x] for x in letters if x in TONES), "")
        word = unicodedata.normalize("NFC", "".join(x for x in letters if x not in TONES))
        if word.endswith("y") and not VOWELS & set(word[:-1]):
            word = word[:-1] + "i"
        words.append(word + tone)
    return " ".join(words)


def row_hash(registry, row):
    return s.purpose_hash("sogoc v1 state row", registry, row)


def state_root(hashes):
    total = sum(int.from_bytes(h, "big") for h in hashes) % (1 << 256)
    return total.to_bytes(32, "big")


# --------------------------------------------------------------- examples

ROOT, NEXT, AFTER, NODE, OFFICER, APPROVER = (
    bytes([b]) * 32 for b in (10, 11, 12, 1, 4, 5))
HOME = unit(3, 14758, 20250701)
PROVINCE = unit(1, 38, 20191201)
TO = unit(3, 14797, 20250701)
BEFORE = unit(3, 14755, 20191201)
HLC = 1751416200000 << 16


def examples():
    out, zero = {}, bytes(32)
    root, node = p.ed25519_public(ROOT), p.ed25519_public(NODE)
    commitment = s.purpose_hash("sogoc v1 key id", zero,
                                bytes([s.KEY_ROOT]) + p.ed25519_public(NEXT))
    first = inner(1, bytes(16), {0: 1, 1: 1, 2: "Sổ gốc thử nghiệm", 3: [root],
                                 4: commitment, 5: node, 6: 1, 7: 1, 8: PROVINCE},
                  20250701, bytes(8), b"\xa1" * 16, basis=(22, "", ""))
    registry = out["registry-id"] = s.purpose_hash("sogoc v1 registry", zero, first)
    out["genesis"] = record(registry, first, ROOT, HLC, 0, 0)
    root_id = s.key_id(registry, s.KEY_ROOT, root)
    officer = p.ed25519_public(OFFICER)
    officer_id = s.key_id(registry, s.KEY_OFFICER, officer)
    approver_id = s.key_id(registry, s.KEY_OFFICER, p.ed25519_public(APPROVER))

    out["officer-grant"] = record(
        registry, inner(8, bytes(8) + officer_id,
                        {0: 2, 1: officer, 2: CAPTURE, 3: [HOME], 4: 20250701,
                         5: 20300701, 6: "CB-0147"},
                        20250701, root_id, b"\xa2" * 16), ROOT, HLC + 1, 2, 0)

    log = s.log_id(registry, s.log_core(node, s.RECORDS, b"\xee" * 16))
    size, tree = 3, b"\xbb" * 32
    sig = p.ed25519_sign(NODE, s.note_text(registry, log, size, tree).encode())
    out["revocation"] = record(
        registry, inner(7, node[:16], {0: 3, 1: node, 2: 3, 3: [[log, size, tree, sig]],
                                       4: 2, 5: "mất máy tính xách tay"},
                        20250801, root_id, b"\xa3" * 16), ROOT, HLC + 2, 3, 0)

    person = b"\xc1" * 16
    body = {0: [3, "", None],
            3: ["Nguyễn", "Thị", "Hoa"], 4: 19880315, 5: 2,
            6: [None, ["Nguyễn", "Văn", "Bình"], None, None],
            7: [None, ["Lê", "Thị", "Mai"], None, None],
            8: "", 9: [BEFORE, None, None], 10: [BEFORE, None, None],
            11: [BEFORE, "Thôn 4", None], 12: 1, 13: 0, 14: ["VN"], 15: 4, 16: 2,
            17: [b"\xc2" * 16, ["Trần", "Hữu", "Nam"], 999088012345, None],
            21: "0900000147", 22: "", 23: "Nông dân", 24: "Thôn 7", 25: HOME}
    first = out["enrolment-inner"] = inner(32, person, body, 20250702, officer_id,
                                           b"\xa4" * 16, basis=(4, "0147/2025", ""))
    ident = out["enrolment-id"] = record_id(registry, first)
    position = 40
    out["enrolment"] = record(registry, first, OFFICER, HLC + 65536 * 5000, position, HOME)

    second = inner(32, person, {3: ["Nguyễn", "Thị", "Hòa"]}, 20250703, officer_id,
                   b"\xa5" * 16, [ident[:16]], (5, "22/DC02", "NĐ 70/2024 Đ.6"))
    corrected = record_id(registry, second)
    out["correction"] = record(registry, second, OFFICER, HLC + 65536 * 90000000,
                               position, HOME, offset=-140)
    ruling = inner(42, person, {3: 1, 4: HOME}, 20250704, approver_id, b"\xa6" * 16,
                   [ident[:16], corrected[:16]], (5, "22/DC02", "NĐ 70/2024 Đ.6"))
    out["decision"] = record(registry, ruling, APPROVER, HLC + 65536 * 170000000,
                             position, HOME)

    new, inside = p.ed25519_public(NEXT), None
    after = s.purpose_hash("sogoc v1 key id", zero,
                           bytes([s.KEY_ROOT]) + p.ed25519_public(AFTER))
    for proof in (bytes(64), None):
        if proof is None:
            proof = s.purpose_sign(NEXT, "sogoc v1 record sig", registry,
                                   record_id(registry, inside))
        inside = inner(4, bytes(16), {0: 4, 1: 1, 2: new, 3: [[log, size, tree]],
                                      4: proof, 5: 1, 6: after}, 20260701, root_id, b"\xa8" * 16)
    out["root-rotation"] = record(registry, inside, ROOT, HLC + 3, 4, 0)

    hlcs = [HLC + 65536 * 5000, HLC + 65536 * 90000000]
    heads = [[32, b"", no, ident[:16], 1, 3, hlcs[0]] for no in body if no not in (0, 3)]
    heads.append([32, b"", 3, corrected[:16], 1, 2, hlcs[1]])
    heads.sort()
    values = [["Nguyễn", "Thị", "Hòa"] if h[2] == 3 else body[h[2]] for h in heads]
    given = inner(46, person, {3: HOME, 4: TO, 5: sorted((ident[:16], corrected[:16],
                  record_id(registry, ruling)[:16])), 6: heads, 7: encode(values), 8: [],
                               9: HOME}, 20260105, approver_id, b"\xa9" * 16)
    out["handover"] = record(registry, given, APPROVER, HLC + 65536 * 16000000000, position,
                             HOME, TO)
    read = inner(64, person, {3: 1, 4: 2, 5: "22/DC02", 8: 1}, 20250704, officer_id,
                 b"\xaa" * 16)
    out["access"] = record(registry, read, None, HLC + 65536 * 169000000, position, HOME)

    names = (["Nguyễn", "Thị", "Hòa"], ["NGUYỄN", "THỊ", "HOÀ"], ["Ðỗ", "Mỹ", "Lý"],
             ["Hơ", "", "Giàng"], ["", "", "Thúy"])
    out["matching-keys"] = "".join(f"{' '.join(filter(None, n))} = {matching_key(n)}\n"
                                   for n in names)

    later = inner(99, person, {3: "một loại sau này", 40: [1, [2, 3]]}, 20270101,
                  officer_id, b"\xa7" * 16, schema=3)
    out["unknown-type"] = record(registry, later, None, HLC + 65536 * 47000000000,
                                 position, HOME, trust=0)

    cells = {no: [1, v] for no, v in body.items() if no not in (0, 3)}
    cells[3] = [1, ["Nguyễn", "Thị", "Hòa"]]
    rows = [encode([32, person, b"", HOME, 0, cells]),
            encode([101, person, b"", HOME, 1, {0: person, 1: 0}])]
    out["state-row-person"], out["state-row-status"] = rows
    out["state-row-hash"] = row_hash(registry, rows[0])
    out["state-root"] = state_root([row_hash(registry, r) for r in rows])
    return out


RECORDS = ("genesis", "officer-grant", "revocation", "enrolment", "correction",
           "decision", "root-rotation", "handover", "access")


def check(path):
    with open(path, encoding="utf-8") as f:
        page = Page(f.read())
    made = examples()
    wrong = list(page.wrong)
    for name in RECORDS:
        why = page.fit(decode(made[name]))
        if why:
            wrong.append(f"example {name}: {why}")
    if page.fit(decode(made["unknown-type"])) != "unknown type":
        wrong.append("example unknown-type is known")
    for name in ("enrolment-inner", "state-row-person", "state-row-status"):
        decode(made[name])
    for line in wrong:
        print(f"{path}: {line}")
    fields = sum(len(t) for t in page.types.values())
    print(f"{path}: {len(page.types)} types, {fields} fields, {len(wrong)} wrong")
    return len(wrong) + s.check_page(path, made)


# ------------------------------------------------------------------ sizes

HO = "Nguyễn Trần Lê Phạm Hoàng Vũ Phan Trương Bùi Đặng Đỗ Ngô Hồ Dương Hà Lý Trịnh".split()
DEM = ("Văn Hữu Đức Công Quang Minh".split(), "Thị Ngọc Thu Thanh Hồng Kim".split())
TEN = ("Hùng Dũng Tuấn Sơn Nam Long Thắng Hải Bình Cường Đạt Khánh".split(),
       "Lan Hương Hoa Mai Thảo Trang Linh Hạnh Nga Thủy Yến Nhung".split())
WORK = "Nông dân;Công nhân;Giáo viên;Học sinh;Buôn bán;Ngư dân;Hưu trí".split(";")


def synthetic(r, enrolment):
    """One signed record; what is random in reality is random here."""
    communes = [unit(3, 14755 + 3 * i, 20191201) for i in range(559)]
    today = [unit(3, 14758 + 7 * i, 20250701) for i in range(166)]

    def some_name(sex):
        return [r.choice(HO), r.choice(DEM[sex]), r.choice(TEN[sex])]

    def some_day(low, high):
        return r.randint(low, high) * 10000 + r.randint(1, 12) * 100 + r.randint(1, 28)

    sex, home = r.randrange(2), r.choice(today)
    body = {3: some_name(sex)}
    parents, basis = [r.randbytes(16)], [5, f"{r.randint(1, 999)}/DC02", "NĐ 70/2024 Đ.6"]
    if enrolment:
        birth, where = r.choice(communes), r.choice(communes)
        born = some_day(1935, 2020)
        body = {0: [3, "", None],
                3: body[3], 4: born, 5: sex + 1,
                6: [None, some_name(0), None, None], 7: [None, some_name(1), None, None],
                8: "", 9: [birth, None, None], 10: [birth, None, None],
                11: [where, f"Thôn {r.randint(1, 15)}", None], 12: r.choice((1, 1, 1, 2, 3)),
                13: 0, 14: ["VN"], 15: r.randint(0, 4), 16: 2,
                17: [r.randbytes(16), some_name(1 - sex),
                     999000000000 + (1 - sex) * 10 ** 8 + r.randrange(10 ** 8), None],
                21: f"09{r.randrange(10 ** 8):08}", 22: "", 23: r.choice(WORK),
                24: f"Thôn {r.randint(1, 15)}", 25: home}
        parents, basis = [], [4, f"{r.randint(1, 9999):04}/2025", ""]
    i = inner(32, r.randbytes(16), body, some_day(2025, 2026), r.randbytes(8),
              r.randbytes(16), parents, basis)
    hlc = (1751416200000 + r.randrange(3 * 10 ** 10)) << 16
    outer = encode([hlc, r.randint(-900, 900), 2, r.randint(2000, 2400), home, None,
                    r.randbytes(64), {}])
    return i, outer


def sizes():
    r = random.Random(7)
    print("record | fields | inner | outer | payload | compressed | sealed | message | disk")
    with tempfile.TemporaryDirectory() as tmp:
        os.mkdir(tmp + "/train")
        for i in range(6000):
            with open(f"{tmp}/train/{i}", "wb") as f:
                f.write(b"\x92" + b"".join(synthetic(r, i % 2)))
        subprocess.run(["zstd", "-q", "--train", "-r", tmp + "/train", "--maxdict=16384",
                        "-o", tmp + "/dict"], check=True, stderr=subprocess.DEVNULL)
        for name, enrolment in (("enrolment", 1), ("correction", 0)):
            folder = f"{tmp}/{name}"
            os.mkdir(folder)
            os.mkdir(folder + ".zst")
            total = [0] * 8
            count = 500
            for i in range(count):
                a, b = synthetic(r, enrolment)
                with open(f"{folder}/{i}", "wb") as f:
                    f.write(b"\x92" + a + b)
                total[0] += len(decode(a)[3])
                total[1] += len(a)
                total[2] += len(b)
                total[3] += 1 + len(a) + len(b)
            subprocess.run(["zstd", "-q", "-3", "-r", folder, "-D", tmp + "/dict",
                            "--no-check", "--no-content-size", "--no-dictID",
                            "--output-dir-flat", folder + ".zst"], check=True)
            for i in range(count):
                n = os.path.getsize(f"{folder}.zst/{i}.zst") - 4
                sealed = 8 + (1 + n + 1 + 15) // 16 * 16 + 16
                for k, v in ((4, n), (5, sealed), (6, sealed + 14), (7, (sealed + 56) / .97)):
                    total[k] += v
            print(name, "|", " | ".join(f"{t / count:.0f}" for t in total))
    return 0


def main(argv):
    if len(argv) == 2 and argv[1] == "sizes":
        return sizes()
    if len(argv) == 3 and argv[1] == "check":
        return 1 if check(argv[2]) else 0
    if len(argv) < 2 or argv[1] not in ("fill", "examples"):
        print(__doc__, file=sys.stderr)
        return 2
    return s.main(argv, examples)


if __name__ == "__main__":
    sys.exit(main(sys.argv))
