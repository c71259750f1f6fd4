"""Records of the register, invented, for the training of a dictionary.

Each is the envelope and the fields of storage/registry/RECORDS.md in canonical
msgpack, with as much chance in it as reality has: ids, references, keys,
signatures and clocks are random bytes, so that nothing of them is learnt. They
are not meant to pass the register's rules.
"""

import pathlib
import struct

UNITS = pathlib.Path(__file__).resolve().parent.parent / "storage/registry/data/units.txt"

FAMILY = """Nguyễn Trần Lê Phạm Hoàng Huỳnh Phan Vũ Võ Đặng Bùi Đỗ Hồ Ngô Dương Lý Hà
    Trịnh Trương Đinh Mai Cao Lưu Lương Đào Tạ Lâm Tô Đoàn Phùng Quách""".split()
MIDDLE = (["Văn", "Hữu", "Đức", "Công", "Quang", "Minh", "Xuân", "Ngọc", "Đình", "Bá"],
          ["Thị", "Thị", "Thị", "Ngọc", "Thu", "Thanh", "Hồng", "Kim", "Phương", "Bích"])
GIVEN = ("""Hùng Dũng Tuấn Sơn Nam Long Thắng Hải Bình Cường Đạt Khánh Phúc Tùng Hiếu Trung
    Thành Quân Việt Kiên Huy Hoàng Mạnh An Tâm Đông""".split(),
         """Lan Hương Hoa Mai Thảo Trang Linh Hạnh Nga Thủy Yến Nhung Phượng Hiền Ngân Huệ
    Loan Oanh Vân Tuyết Dung Hằng Tâm Xuân Hà Lý""".split())
WORK = """Nông dân;Công nhân;Giáo viên;Học sinh;Sinh viên;Buôn bán;Ngư dân;Hưu trí;Nội trợ;
    Lái xe;Kỹ sư;Y sĩ;Bộ đội;Công an;Lao động tự do""".replace("\n    ", "").split(";")
WARD = ["Thôn", "Xóm", "Tổ dân phố", "Bản", "Ấp", "Khu phố", "Số nhà"]
ISSUER = ["Công an tỉnh Thanh Hóa", "Cục Cảnh sát QLHC về TTXH",
          "Cục Cảnh sát ĐKQL cư trú và DLQG về dân cư", "Bộ Công an"]
CLAUSE = ["NĐ 70/2024 Đ.6", "Luật Căn cước 2023 Đ.24", "Luật Cư trú 2020 Đ.22",
          "Luật Hộ tịch 2014 Đ.15", "NĐ 69/2024 Đ.11", ""]

CAMPAIGN = bytes(range(16))  # stands for one of few: learnt as no real one is


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


def communes():
    """The pilot province's communes: all of any time, those of today."""
    every, today = [], []
    for line in UNITS.read_text().splitlines():
        fields = line.split("\t")
        if fields[0] == "unit" and fields[1].startswith("3"):
            every.append(int(fields[1]))
            if fields[2] == "0":
                today.append(int(fields[1]))
    return every, today


class Office:
    """Draws what a commune's office writes."""

    every, today = communes()

    def __init__(self, draw):
        self.draw = draw
        self.home = draw.choice(self.today)

    def unit(self):
        return self.draw.choice(self.every)

    def date(self, low, high):
        year, month, day = (self.draw.randint(low, high), self.draw.randint(1, 12),
                            self.draw.randint(1, 28))
        return year * 10000 + month * 100 + day

    def recent(self):
        return self.date(2025, 2027)

    def uid(self):
        return self.draw.randbytes(16)

    def name(self, sex):
        middle = self.draw.choice(MIDDLE[sex])
        if self.draw.random() < 0.2:
            middle += " " + self.draw.choice(GIVEN[sex])
        return [self.draw.choice(FAMILY), middle, self.draw.choice(GIVEN[sex])]

    def pin(self, sex):
        return (self.draw.choice((38, 38, 38, 1, 36, 999)) * 10**9 + sex * 10**8
                + self.draw.randrange(10**8))

    def kin(self, sex):
        shape = self.draw.randrange(4)
        return [self.uid() if shape == 0 else None, self.name(sex),
                self.pin(sex) if shape == 1 else None,
                f"{self.draw.randrange(10**9):09}" if shape == 2 else None]

    def address(self):
        return f"{self.draw.choice(WARD)} {self.draw.randint(1, 30)}"

    def place(self):
        return [self.unit(), self.draw.choice((None, None, self.address())), None]

    def number(self, form):
        return f"{self.draw.randint(1, 9999):04}/{form}"

    def source(self):
        return self.draw.choice(([1, "", None], [3, self.number("DC02"), self.recent()],
                                 [5, "", self.recent()], [4, "", self.recent()]))


def person(office):
    draw, sex = office.draw, office.draw.randrange(2)
    born = office.place()
    body = {3: office.name(sex), 4: office.date(1935, 2025), 5: sex + 1,
            6: office.kin(0), 7: office.kin(1), 8: "", 9: born,
            10: draw.choice((born, born, born, office.place())),
            11: draw.choice((born, born, office.place())),
            12: draw.choice((1, 1, 1, 1, 2, 3, 22)), 13: draw.choice((0, 0, 0, 1, 2)),
            14: ["VN"], 15: draw.randint(0, 4), 16: draw.randint(1, 4),
            21: f"0{draw.choice('3789')}{draw.randrange(10**8):08}", 22: "",
            23: draw.choice(WORK), 24: office.address(), 25: office.home}
    if draw.random() < 0.5:
        body[17] = office.kin(1 - sex)
    for field in draw.sample(sorted(body), draw.randint(0, 6)):
        if field not in (3, 4, 5, 25):
            del body[field]
    if draw.random() < 0.6:
        body[0] = office.source()
    return 32, body, 0, [4, office.number("2025"), ""]


def correction(office):
    whole = person(office)[1]
    fields = office.draw.sample(sorted(set(whole) - {0, 25}), office.draw.choice((1, 1, 2)))
    body = {field: whole[field] for field in fields}
    return 32, body, len(fields), [5, office.number("DC02"), office.draw.choice(CLAUSE)]


def pin(office):
    body = {2: 2, 3: office.pin(office.draw.randrange(4)), 5: office.draw.randint(1, 3)}
    if office.draw.random() < 0.5:
        body[4] = office.recent()
    return 33, body, 0, [4, office.number("2025"), ""]


def old_id(office):
    draw = office.draw
    kind = draw.choice((1, 1, 3))
    digits = 9 if kind == 1 else 12
    return 34, {3: kind, 4: f"{draw.randrange(10**digits):0{digits}}",
                5: office.date(1995, 2024), 7: draw.choice(ISSUER)}, 0, [
                    4, office.number("2025"), ""]


def residence(office):
    draw = office.draw
    body = {2: 2, 3: draw.choice((1, 1, 1, 2, 3)), 4: office.home, 5: office.address(),
            6: office.date(1960, 2026), 8: draw.choice((1, 2, 3, 9)), 9: office.uid()}
    if draw.random() < 0.3:
        body[11] = office.unit()
    if draw.random() < 0.2:
        return 35, {1: office.uid(), 2: 3, 7: office.recent(), 8: 1}, 1, [
            9, office.number("CT01"), draw.choice(CLAUSE)]
    return 35, body, 0, [9, office.number("CT01"), draw.choice(CLAUSE)]


def household(office):
    draw, day = office.draw, office.date(1990, 2026)
    members = sorted([office.uid(), [relation, day, None]]
                     for relation in range(1, draw.randint(2, 6)))
    return 36, {2: 1, 3: f"{draw.randrange(10**9):09}", 4: office.home,
                5: office.address(), 6: members, 7: day}, 0, [
                    9, office.number("CT01"), ""]


def vital(office):
    day = office.recent()
    return 37, {2: office.draw.choice((1, 2, 2, 3, 5)), 3: day, 4: office.place(),
                5: office.number("TLKT-BS"), 6: day}, 1, [15, office.number("2025"), ""]


def dossier(office):
    draw, day = office.draw, office.recent()
    return 38, {2: 1, 3: office.number("2025"), 4: draw.randint(1, 3),
                5: draw.choice((0, 1, 1, 2, 7, 8)), 6: day,
                7: [[kind, office.uid(), day] for kind in (1, 2, 3)], 8: 1,
                10: office.recent(), 20: CAMPAIGN}, 0, [1, office.number("CC01"), ""]


def dossier_step(office):
    draw, day = office.draw, office.recent()
    step = draw.choice(({2: 2, 11: day}, {2: 3, 12: day}, {2: 4}, {2: 5, 13: day, 14: 3},
                        {2: 6, 13: day, 15: f"{draw.randrange(10**9):09}", 16: day,
                         17: 99991231}, {2: 7}, {2: 8, 18: 1, 19: day}))
    return 38, {1: office.uid(), **step}, 1, [1, office.number("CC01"), ""]


def account(office):
    draw, day = office.draw, office.recent()
    if draw.random() < 0.3:
        return 39, {2: 1, 3: 2, 4: day, 8: f"09{draw.randrange(10**8):08}",
                    11: CAMPAIGN}, 0, [6, office.number("TK01"), ""]
    step = draw.choice(({2: 2, 5: day}, {2: 3, 6: day}, {2: 4, 7: day}, {2: 5, 9: 3}))
    return 39, {1: office.uid(), **step}, 1, [6, office.number("TK01"), ""]


def request(office):
    return 41, {2: 1, 3: office.draw.randint(1, 5), 4: office.recent(),
                5: [office.uid()]}, 0, [5, office.number("DC02"),
                                        office.draw.choice(CLAUSE)]


def decision(office):
    draw = office.draw
    body = {3: 1, 4: office.home}
    if draw.random() < 0.2:
        body = {3: 2, 4: office.home, 5: "Giấy tờ không khớp với hồ sơ"}
    return 42, body, draw.choice((1, 1, 1, 2, 3)), [
        5, office.number("DC02"), draw.choice(CLAUSE)]


def receipt(office):
    return 45, {3: [office.uid()], 4: 2, 5: office.number("CC02"),
                6: office.recent()}, 0, [2, office.number("CC02"), ""]


def access(office):
    draw = office.draw
    return 64, {3: draw.choice((1, 1, 1, 5)), 4: draw.randint(1, 8),
                5: office.number(draw.choice(("2025", "DC02", "CC01"))),
                8: draw.choice((1, 1, 1, 3))}, 0, [0, "", ""]


# How often each is drawn: a dossier is opened once, moved on six times and read
# ten times; the first import brings person, number, residence of everybody.
KINDS = ((person, 6), (correction, 5), (pin, 2), (old_id, 1), (residence, 4),
         (household, 2), (vital, 1), (dossier, 3), (dossier_step, 4), (account, 3),
         (request, 1), (decision, 3), (receipt, 1), (access, 4))


def record(draw):
    """One record as it is sealed: [inner, outer]."""
    office = Office(draw)
    kinds, weights = zip(*KINDS)
    make = draw.choices(kinds, weights)[0]
    number, body, parents, basis = make(office)
    inner = [number, 1, office.uid(), body, sorted(office.uid() for _ in range(parents)),
             basis, office.recent(), draw.randbytes(8), office.uid()]
    hlc = (1751300000000 + draw.randrange(8 * 10**10)) << 16 | draw.choice((0, 0, 1, 2))
    signed = draw.random() < (0.1 if number == 64 else 0.9)
    outer = [hlc, draw.randint(-900, 900), draw.choice((0, 2, 2, 2)),
             draw.choice((0, 0, 1)) << 32 | draw.randint(100, 40000), office.home,
             draw.choice((None, None, None, office.unit())),
             draw.randbytes(64) if signed else None, {}]
    return encode([inner, outer])
