"""Records of the register about synthetic citizens, to train a dictionary on.

Each is the envelope and the fields of storage/registry/RECORDS.md in canonical
msgpack, with as much chance in it as reality has: ids, references, keys,
signatures and clocks are random bytes, so that nothing of them is learnt. They
are not meant to pass the register's rules.
"""

import random
import struct

WORK = """Nông dân;Công nhân;Giáo viên;Học sinh;Sinh viên;Buôn bán;Ngư dân;Hưu trí;Nội trợ;
    Lái xe;Kỹ sư;Y sĩ;Bộ đội;Công an;Lao động tự do""".replace("\n    ", "").split(";")
ISSUERS = ["Công an tỉnh Thanh Hóa", "Cục Cảnh sát QLHC về TTXH",
           "Cục Cảnh sát ĐKQL cư trú và DLQG về dân cư", "Bộ Công an"]
CLAUSES = ["NĐ 70/2024 Đ.6", "Luật Căn cước 2023 Đ.24", "Luật Cư trú 2020 Đ.22",
           "Luật Hộ tịch 2014 Đ.15", "NĐ 69/2024 Đ.11", ""]


def integer(n):
    if 0 <= n < 128:
        return bytes([n])
    if -32 <= n < 0:
        return bytes([256 + n])
    for code, form, low, high in ((0xCC, ">B", 0, 2**8), (0xCD, ">H", 0, 2**16),
                                  (0xCE, ">I", 0, 2**32), (0xCF, ">Q", 0, 2**64),
                                  (0xD0, ">b", -2**7, 0), (0xD1, ">h", -2**15, 0)):
        if low <= n < high:
            return bytes([code]) + struct.pack(form, n)
    raise ValueError(n)


def head(n, short, short_max, codes):
    """The head of N bytes or elements: short, or with the first code that fits."""
    if n <= short_max:
        return bytes([short | n])
    code8, code16 = codes
    if code8 is not None and n < 256:
        return bytes([code8, n])
    return bytes([code16]) + struct.pack(">H", n)


def encode(value):
    if value is None:
        return b"\xc0"
    if isinstance(value, int):
        return integer(value)
    if isinstance(value, str):
        text = value.encode()
        return head(len(text), 0xA0, 31, (0xD9, 0xDA)) + text
    if isinstance(value, bytes):
        return head(len(value), 0, -1, (0xC4, 0xC5)) + value
    if isinstance(value, dict):
        items = b"".join(encode(k) + encode(v) for k, v in sorted(value.items()))
        return head(len(value), 0x80, 15, (None, 0xDE)) + items
    items = b"".join(map(encode, value))
    return head(len(value), 0x90, 15, (None, 0xDC)) + items


def day(text):
    """The date of RECORDS of "2024-01-31", or of "1950" alone."""
    return int(text.replace("-", "").ljust(8, "0"))


class Filing:
    """A person and his neighbour, synthetic entries, and what is filed of him."""

    def __init__(self, draw, person, neighbour):
        self.draw, self.person, self.neighbour = draw, person, neighbour
        self.home = int(person["unit"])
        self.subject = bytes.fromhex(person["uid"])
        self.dossier = person.get("dossier", {"captured": "2025-03-14"})

    def uid(self):
        return self.draw.randbytes(16)

    def recent(self):
        return (self.draw.randint(2025, 2027) * 10000 + self.draw.randint(1, 12) * 100
                + self.draw.randint(1, 28))

    def number(self, form):
        return f"{self.draw.randint(1, 9999):04}/{form}"

    def clause(self):
        return self.draw.choice(CLAUSES)

    def kin(self, who):
        """One of the household, else as a form names one: by name, perhaps more."""
        if who in self.person:
            known = self.person[who]
            return [bytes.fromhex(known["uid"]), known["name"], None, None]
        more = self.draw.randrange(4)
        return [None, self.neighbour["name"],
                int(self.neighbour["pin"]) if more == 0 and "pin" in self.neighbour else None,
                self.neighbour.get("old_number") if more == 1 else None]

    def place(self, key):
        unit = self.person.get(key, self.person["unit"])
        return [int(unit), self.draw.choice((None, None, self.person["address"])), None]

    def source(self):
        return self.draw.choice(([1, "", None], [3, self.number("DC02"), self.recent()],
                                 [5, "", self.recent()], [4, "", self.recent()]))


def person(filing):
    entry, draw = filing.person, filing.draw
    body = {3: entry["name"], 4: day(entry.get("birth", "1960")), 5: entry.get("sex", 0),
            6: filing.kin("father"), 7: filing.kin("mother"), 8: "",
            9: filing.place("birth_reg"), 10: filing.place("birth_reg"),
            11: filing.place("hometown"), 12: entry.get("ethnicity", 1), 13: 0,
            14: entry.get("nationality", ["VN"]), 15: draw.randint(0, 4),
            16: entry.get("marital", 1), 22: "", 23: draw.choice(WORK),
            24: entry["address"], 25: filing.home}
    if "phone" in entry:
        body[21] = entry["phone"]
    if "spouse" in entry:
        body[17] = filing.kin("spouse")
    for field in draw.sample((6, 7, 8, 9, 11, 13, 15, 22, 23, 24), draw.choice((0, 0, 2, 4, 6))):
        del body[field]
    if draw.random() < 0.5:
        body[0] = filing.source()
    return 32, body, 0, [4, filing.number("2025"), ""]


def correction(filing):
    whole = person(filing)[1]
    fields = filing.draw.sample(sorted(set(whole) - {0, 25}), filing.draw.choice((1, 1, 2)))
    return 32, {field: whole[field] for field in fields}, len(fields), [
        5, filing.number("DC02"), filing.clause()]


def pin(filing):
    body = {2: 2, 3: int(filing.person.get("pin", 0)), 5: filing.draw.randint(1, 3)}
    if filing.draw.random() < 0.5:
        body[4] = filing.recent()
    return 33, body, 0, [4, filing.number("2025"), ""]


def old_id(filing):
    draw = filing.draw
    return 34, {3: 1, 4: filing.person.get("old_number", "999000001"),
                5: draw.randint(1995, 2015) * 10000 + draw.randint(1, 12) * 100 + 7,
                7: draw.choice(ISSUERS)}, 0, [4, filing.number("2025"), ""]


def residence(filing):
    draw, basis = filing.draw, [9, filing.number("CT01"), filing.clause()]
    if draw.random() < 0.2:
        of = filing.uid()
        return 35, {1: of, 2: 3, 7: filing.recent(), 8: 1}, [of], basis
    body = {2: 2, 3: draw.choice((1, 1, 1, 2, 3)), 4: filing.home,
            5: filing.person["address"], 6: filing.recent() - draw.randrange(40) * 10000,
            8: draw.choice((1, 2, 3, 9)), 9: bytes.fromhex(filing.person["household"])}
    if draw.random() < 0.3:
        body[11] = int(filing.neighbour["unit"])
    return 35, body, 0, basis


def household(filing):
    members = sorted([filing.uid(), [relation, filing.recent(), None]]
                     for relation in range(1, filing.draw.randint(2, 6)))
    return 36, {2: 1, 3: filing.person["file_no"], 4: filing.home,
                5: filing.person["address"], 6: members, 7: filing.recent()}, 0, [
                    9, filing.number("CT01"), ""]


def vital(filing):
    at = filing.recent()
    return 37, {2: filing.draw.choice((1, 2, 2, 3, 5)), 3: at, 4: filing.place("unit"),
                5: filing.number("TLKT-BS"), 6: at}, 1, [15, filing.number("2025"), ""]


def dossier(filing):
    draw, captured = filing.draw, day(filing.dossier["captured"])
    return 38, {2: 1, 3: filing.number("2025"), 4: draw.randint(1, 3),
                5: draw.choice((0, 1, 1, 2, 7, 8)), 6: captured,
                7: [[kind, filing.uid(), captured] for kind in (1, 2, 3)], 8: 1,
                10: filing.recent(), 20: filing.uid()}, 0, [1, filing.number("CC01"), ""]


def dossier_step(filing):
    draw, of, at = filing.draw, filing.uid(), filing.recent()
    step = draw.choice(({2: 2, 11: at}, {2: 3, 12: at}, {2: 4}, {2: 5, 13: at, 14: 3},
                        {2: 6, 13: at, 15: f"{draw.randrange(10**9):09}", 16: at,
                         17: 99991231}, {2: 7}, {2: 8, 18: 1, 19: at}))
    parent = of if draw.random() < 0.3 else filing.uid()
    return 38, {1: of, **step}, [parent], [1, filing.number("CC01"), ""]


def account(filing):
    draw, of, at = filing.draw, filing.uid(), filing.recent()
    basis = [6, filing.number("TK01"), ""]
    if draw.random() < 0.3:
        return 39, {2: 1, 3: 2, 4: at, 8: filing.person.get("phone", "0300000000"),
                    11: filing.uid()}, 0, basis
    step = draw.choice(({2: 2, 5: at}, {2: 3, 6: at}, {2: 4, 7: at}, {2: 5, 9: 3}))
    return 39, {1: of, **step}, [of if draw.random() < 0.3 else filing.uid()], basis


def request(filing):
    return 41, {2: 1, 3: filing.draw.randint(1, 5), 4: filing.recent(),
                5: [filing.uid()]}, 0, [5, filing.number("DC02"), filing.clause()]


def decision(filing):
    draw, body = filing.draw, {3: 1, 4: filing.home}
    if draw.random() < 0.2:
        body = {3: 2, 4: filing.home, 5: "Giấy tờ không khớp với hồ sơ"}
    return 42, body, draw.choice((1, 1, 1, 2, 3)), [
        5, filing.number("DC02"), filing.clause()]


def receipt(filing):
    return 45, {3: [filing.uid()], 4: 2, 5: filing.number("CC02"),
                6: filing.recent()}, 0, [2, filing.number("CC02"), ""]


def access(filing):
    draw = filing.draw
    return 64, {3: draw.choice((1, 1, 1, 5)), 4: draw.randint(1, 8),
                5: filing.number(draw.choice(("2025", "DC02", "CC01"))),
                8: draw.choice((1, 1, 1, 3))}, 0, [0, "", ""]


# How often each is drawn: a dossier is opened once, moved on six times and read
# ten times; the first import brings person, number, residence of everybody.
KINDS = ((person, 7), (correction, 5), (pin, 2), (old_id, 1), (residence, 4),
         (household, 2), (vital, 1), (dossier, 3), (dossier_step, 4), (account, 3),
         (request, 1), (decision, 3), (receipt, 1), (access, 4))


def inner_of(filing, maker, officer=None):
    number, body, parents, basis = maker(filing)
    if isinstance(parents, int):
        parents = sorted(filing.uid() for _ in range(parents))
    return [number, 1, filing.subject, body, parents, basis, filing.recent(),
            officer or filing.draw.randbytes(8), filing.uid()]


def record(draw, entry, neighbour, kinds=KINDS):
    """One record about ENTRY as it is sealed: [inner, outer]."""
    filing = Filing(draw, entry, neighbour)
    makers, weights = zip(*kinds)
    maker = draw.choices(makers, weights)[0]
    inner = inner_of(filing, maker)
    number = inner[0]
    hlc = (1751300000000 + draw.randrange(8 * 10**10)) << 16 | draw.choice((0, 0, 1, 2))
    signed = draw.random() < (0.1 if number == 64 else 0.9)
    home = draw.choice((None, None, None, int(neighbour["unit"])))
    outer = [hlc, draw.randint(-900, 900), draw.choice((0, 2, 2, 2)),
             draw.choice((0, 0, 1)) << 32 | draw.randint(100, 40000), filing.home, home,
             draw.randbytes(64) if signed else None, {}]
    return encode([inner, outer])


def varint(n):
    out = bytearray()
    while n > 127:
        out.append(n & 127 | 128)
        n >>= 7
    return bytes(out + bytes([n]))


# What of these a person's sheet has, and how often; a household's has its one
# record, and the residences of who moved.
SHEET = ((person, 1.0), (pin, 0.95), (residence, 1.0), (old_id, 0.5),
         (correction, 0.2), (vital, 0.05), (dossier, 0.4), (dossier_step, 0.4),
         (account, 0.2))


def sheet(draw, entry, neighbour):
    """The row of a subject in the view as it is compressed: FORMAT.md 12."""
    filing = Filing(draw, entry, neighbour)
    is_household = draw.random() < 0.2
    makers = [household] if is_household else [
        maker for maker, share in SHEET if draw.random() < share]
    officer = draw.randbytes(8)
    inners = [encode(inner_of(filing, maker, officer)) for maker in makers]
    log, index = draw.randint(1, 60), draw.randint(1, 10**6)
    places = b""
    for i, inner in enumerate(inners):
        kind = (b"\x00" + varint(log) + varint(1) + varint(draw.randint(0, 60))
                + bytes([draw.choice((1, 1, 3, 6)), draw.choice((3, 7, 7))]))
        clock = ((1751300000000 + draw.randrange(8 * 10**10)) * 2 if i == 0
                 else draw.choice((600, 6000, 10**8, 10**9)) * draw.randint(2, 90))
        places += (varint(len(inner)) + b"\x01" + (kind if i == 0 else b"\x01")
                   + varint(index * 2 if i == 0 else draw.choice((2, 2, 2, 4, 900)))
                   + varint(clock) + b"\x00")
    birth = struct.pack(">I", day(entry.get("birth", "1960")))
    kin = [bytes.fromhex(entry[who]["uid"]) for who in ("father", "mother", "spouse")
           if who in entry] + [bytes.fromhex(entry["household"])]
    facts = b"\x01" + birth
    if "spouse" in entry:
        facts = b"\x03" + birth + bytes.fromhex(entry["spouse"]["uid"])
    if is_household:
        members = [filing.uid() for _ in range(draw.randint(1, 5))]
        facts, kin = b"\x3c\x01" + varint(len(members)) + b"".join(members), []
    return (filing.subject + facts + varint(len(inners)) + places
            + b"\x01" + struct.pack(">Q", filing.home) + b"\x00"
            + varint(len(kin)) + b"".join(sorted(kin))
            + b"".join(inner[:5] + inner[21:-16] for inner in inners)
            + b"".join(inner[-16:] for inner in inners))


def sheets(seed, entries):
    """A sheet about each of ENTRIES, whose neighbour is the one before."""
    draw = random.Random(seed)
    for i, entry in enumerate(entries):
        yield sheet(draw, entry, entries[i - 1])


def records(seed, entries, kinds=KINDS):
    """A record about each of ENTRIES, whose neighbour is the one before."""
    draw = random.Random(seed)
    for i, entry in enumerate(entries):
        yield record(draw, entry, entries[i - 1], kinds)
