"""What an applied record says: RECORDS.md sections 2 and 7, a second time, and the tables,
homes and forms that the merge (merge_reference.py) stands on.

Nothing here weighs one record against another but for their homes: a record,
a head of a handover, a date, a table of the page, the bytes of a row. Written
from the page, whose tables it reads, and not from the C code. Standard library
only; SHA-256 is hashlib's, for there are many ids.
"""

import datetime
import functools
import hashlib
import re

import records_reference as r
import sogoc_reference as s

RIGHT, WRONG = 1, 2  # of signatures
DAY_MS, VIETNAM_MS = 86400000, 7 * 3600000
WITH_OF = (35, 38, 39, 40, 41)
once = functools.cached_property


def purpose_hash(purpose, registry, data):
    return hashlib.sha256(s.purpose_block(purpose, registry) + data).digest()


def key_id(registry, kind, public):
    return purpose_hash("sogoc v1 key id", registry, bytes([kind]) + public)[:8]


def first_day(date):
    """The first day that a date may mean."""
    return date + (0 if date // 100 % 100 else 100) + (0 if date % 100 else 1)


def last_day(date):
    year, month = date // 10000, date // 100 % 100 or 12
    if date % 100:
        return date
    after = datetime.date(year + month // 12, month % 12 + 1, 1)
    return number_of(after - datetime.timedelta(1))


def day_of(number):
    return datetime.date(number // 10000, number // 100 % 100, number % 100)


def number_of(day):
    return day.year * 10000 + day.month * 100 + day.day


def vietnam_day(ms):
    days = (ms + VIETNAM_MS) // DAY_MS
    return number_of(datetime.date(1970, 1, 1) + datetime.timedelta(days))


def inner_bytes(payload, inner):
    """The bytes that the id covers: the first member of the payload."""
    return payload[1:1 + len(r.encode(inner))]


def closure(start, step):
    """All that is reached from some things; step says what is next to one."""
    out, todo = set(), list(start)
    while todo:
        x = todo.pop()
        if x not in out:
            out.add(x)
            todo += step(x)
    return out


def maximal(things, is_under):
    """Those that are under no other."""
    return [x for x in things if not any(is_under(x, y) for y in things)]


def plain(value):
    """A value that can be compared and be in a set: arrays are tuples."""
    return tuple(map(plain, value)) if isinstance(value, list) else value


def cells_of(page, kind, key, no, ref, told):
    """{(type, object, field, element): (source class, hlc, ref, value)} of a field."""
    source, hlc, value = told
    merge = page.types[kind][no][3]
    if merge in "KXA":
        return {}
    return {(kind, key, no, e): (source, hlc, ref, v)
            for e, v in (value if merge == "S" else [(b"", value)])}


class Record:
    """An applied record; its outer part is the standing copy's."""

    def __init__(self, page, authority, copies):
        self.page, self.whole, self.copies = page, authority.whole, copies
        first = min(copies, key=lambda c: (c.outer[0], *c.place()))
        self.ref = first.id[:16]
        (self.type, _, self.subject, body, self.parents, _, self.effective, self.officer,
         _) = first.inner
        self.body = {no: plain(value) for no, value in body.items()}
        self.signed = any(c.signature == RIGHT for c in copies)
        self.facts = authority.at(first.outer[3])
        in_time = first.outer[0] >> 16 <= authority.whole.floor + authority.whole.policy(5) * DAY_MS
        self.hlc = first.outer[0] if in_time else 0
        self.opens = 1 not in self.body if self.type in WITH_OF else not self.parents
        roles = (self.facts.grant(self.officer) or {2: 0})[2]
        self.roles = 7 if roles & 4 else 3 if roles & 2 else roles & 1  # j may what a may, a what c

    @once
    def key(self):
        """The object's key (section 7)."""
        b = self.body
        if self.type in WITH_OF:
            return b.get(1, self.ref)
        if self.type == 34:
            return bytes([b[3]]) + b[4].encode().ljust(12, b"\0") + (b[5] or 0).to_bytes(4, "big")
        return {33: lambda: b[3].to_bytes(8, "big"), 43: lambda: b[3],
                47: lambda: b[3] + b[4].to_bytes(8, "big")}.get(self.type, bytes)()

    def source(self, no):
        return dict(self.body.get(30, [])).get(no, self.body.get(0, [2]))[0]

    @once
    def cells(self):
        opening = {2: 1} if self.type == 43 and self.opens else {}  # of a pair: state 1 (8.9)
        return {cell: told for no, value in {**self.body, **opening}.items()
                for cell, told in cells_of(self.page, self.type, self.key, no, self.ref, (
                    self.source(no), self.hlc, value)).items()}

    @once
    def heads(self):
        """What a handover says, head by head (7.15)."""
        return [Head(self.page, head, plain(value))
                for head, value in zip(self.body[6], r.decode(self.body[7]))]

    def is_after(self, days):
        """Its day is after each of some days, whatever day they mean; no days, not after."""
        return bool(days) and all(
            day and first_day(self.effective) > last_day(day) for day in days)

    def hands_over(self, cell, q, h):
        """This handover covers q and has h as a head of a cell, none that only stands."""
        heads = {x.ref for x in self.heads if cell in x.cells and not x.flags & 4}
        return h in heads and q in self.body[5] and q not in heads


class Head:
    """What a handover says of one field of one record."""

    def __init__(self, page, head, value):
        self.type, self.key, self.no, self.ref, self.flags, source, hlc = head
        self.value, self.keep = value if (self.type, self.no) == (43, 2) else (value, None)
        self.cells = cells_of(page, self.type, self.key, self.no, self.ref,
                              (source, hlc, self.value))


class Received:
    """A record that handovers alone tell of: the first of them tells a field."""

    signed, parents = True, ()

    def __init__(self, heads):
        self.type, self.key, self.ref = heads[0].type, heads[0].key, heads[0].ref
        self.opens = self.type == 43 or self.ref == self.key
        told = {(h.type, h.key, h.no): h for h in reversed(heads)}
        self.cells = {cell: x for h in told.values() for cell, x in h.cells.items()}
        self.body = {11: next((h.keep for h in heads if h.keep), None)}
        self.is_frozen = any(h.flags & 2 for h in heads)

    def is_after(self, _):
        """As the handovers say."""
        return self.is_frozen


def as_received(heads):
    """{ref: Received}."""
    return {ref: Received([h for h in heads if h.ref == ref]) for ref in {h.ref for h in heads}}


def records_of(page, authority, copies, unit=0):
    """The applied records, from the admitted copies; of a unit, from those that it reads."""
    groups = {}
    for c in copies if unit == 0 else [c for c in copies if unit in c.readers]:
        groups.setdefault(c.id, []).append(c)
    records = [Record(page, authority, group) for group in groups.values()]
    return sorted(records, key=lambda x: x.ref)


def row_cells(cells):
    """The cells of a row (section 12), from (field, element, value, flags, contenders)."""
    out = {}
    for no, e, value, flags, refs in sorted(cells, key=lambda c: c[:2]):
        if e and value is not None:
            out.setdefault(no, [0, []])[1].append([e, flags, value])
        elif not e and (value is not None or flags & 6):
            out[no] = [flags, value] + [refs] * bool(flags & 6)
    return out


def root(registry, rows):
    """(state root in hex, rows, persons) of some rows (section 12)."""
    hashes = [purpose_hash("sogoc v1 state row", registry, r.encode(row)) for row in rows]
    return (r.state_root(hashes).hex(), len(rows),
            sum(row[0] == 101 and row[4] in (1, 3, 4) for row in rows))


# --------------------------------------- homes and competence (section 4)


def homes(records, facts):
    """homes(s), from what the applied records of one subject say."""
    said = [(x.type, x.key, no, v) for x in records if x.type in (32, 35, 36)
            for no, v in x.body.items()]
    said += [(h.type, h.key, h.no, h.value) for x in records if x.type == 46 for h in x.heads]
    permanent = {key for kind, key, no, v in said if (kind, no, v) == (35, 3, 1)}
    units = {v for kind, key, no, v in said if (kind, no) in ((32, 25), (36, 4))
             or kind == 35 and no in (4, 11) and key in permanent}
    return closure(units - {None}, lambda unit: [to for to, _ in facts.successions(unit)])


def is_competent(d, homes_known):
    """The unit that a decision is made for is a home or above one; C07, C09 and C11 are the
    superior's."""
    unit = d.body[4]
    if d.body.get(6) in (7, 9, 11) and unit // 10 ** 13 > 1:
        return False
    return not homes_known or any(unit in d.whole.above(h) for h in homes_known)


def decides_for(x, homes_known):
    """The officer of a handover or an endorse is granted one of the homes."""
    return not homes_known or any(x.facts.covers(x.officer, h) for h in homes_known)


# ------------------------------------------------- the tables of the page


class Machine:
    """A state machine of section 8, as the page's table has it."""

    def __init__(self, table, blocked):
        self.table, self.blocked = table, blocked

    def next(self, state):
        return self.table[state][0]

    def rank(self, state):
        """Of equal ranks the larger number."""
        return self.table[state][1], state

    def by(self, state):
        """Bits of the roles that may write it."""
        return self.table.get(state, ((), 0, 0))[2]

    def reaches(self, a, b):
        """State b can be reached from a in any number of steps."""
        return b in closure([a], self.next)


def machines(text):
    """{type: {state: (next, rank, bits of the roles that may write it)}}: section 8."""
    of_name = {"Person": 37, "PIN": 33, "Residence": 35, "Household": 36, "Dossier": 38,
               "Account": 39, "Exclusion": 40, "Request": 41, "Duplicate": 43}
    out = {}
    for m in re.finditer(r"^### 8\.\d ([A-Za-z]+)", text, re.M):
        rows = text[m.end():].split("| - |", 1)[1].split("\n\n", 1)[0].splitlines()
        cells = [[c.strip() for c in row.split("|")] for row in rows[1:]]
        table = {int(c[1]): (list(map(int, c[3].split())), int(c[4]), sum(
            {"c": 1, "a": 2, "j": 4}.get(x, 0) for x in c[5].split())) for c in cells}
        first = rows[0].split("|")[1]
        section = text[m.end():].split("\n### ", 1)[0]
        blocked = re.search(r"\*\*blocked states\*\*: ([\d ]+)", section)
        out[of_name[m[1]]] = Machine({0: (list(map(int, first.split())), 0, 0), **table},
                                     set(map(int, blocked[1].split())) if blocked else set())
    return out


def moves(text):
    """{(act, type): the state that a decision sets}: section 8.10."""
    table = text[text.index("### 8.10 "):].split("| decision |", 1)[1].split("\n\n", 1)[0]
    head, _, *rows = [[cell.strip() for cell in row.split("|")] for row in table.splitlines()]
    types = [int(cell.split()[0]) for cell in head if cell]
    return {(int(row[1].split()[0]), kind): int(cell) for row in rows
            for kind, cell in zip(types, row[2:]) if cell}


# The table of section 4, Freeze.
FROZEN = re.compile(r"^\| (\d+) [a-z]+ \| (?:if it sets a field of class (?P<merge>[A-Z])|"
                    r"unless field (?P<field>\d+)(?P<whose> of its opening)? is "
                    r"(?P<spared>[\d ]+?)) \|$", re.M)


class Page(r.Page):
    """The page's tables, with the rules of each field and who may sign."""

    def __init__(self, text):
        self.rules, self.signers, self.must_sign = {}, {}, {}
        super().__init__(text)
        self.moves = moves(text)
        self.frozen = {int(m[1]): m for m in FROZEN.finditer(text)}
        self.machines = machines(text)
        for m in re.finditer(r"^\| (\d+) \| [a-z_]+ \| (?:plain|sealed)[a-z, ]* \| ([^|]*) "
                             r"\| (yes|no) \|", text, re.M):
            bits = re.findall(r"\b\d+\b", m[2])
            self.signers[int(m[1])] = sum(map(int, bits))
            self.must_sign[int(m[1])] = m[3] == "yes"
        for m in r.HEADING.finditer(text):
            block = text[m.end():].split("| no | field |", 1)[1].split("\n\n", 1)[0]
            rows = [re.split(r"(?<!\\)\|", x)[1:-1] for x in block.splitlines()[2:]]
            self.rules[int(m[1])] = {int(c[0]): c[5] for c in rows}

    def freezes(self, x, opening):
        """A death freezes such a record when it is later; what handovers tell of, by type."""
        row = self.frozen.get(x.type)
        if not row or isinstance(x, Received):
            return bool(row)
        if row["merge"]:
            return any(self.types[x.type][no][3] == row["merge"] for no in x.body)
        said = (opening if row["whose"] else x).body.get(int(row["field"]))
        return str(said) not in row["spared"].split()
