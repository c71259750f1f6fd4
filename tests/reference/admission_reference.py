"""Which copies count: RECORDS.md sections 3, 6 and 10, a second time.

From the entries of a cut, all at once: the authority's state, and of each copy
of a record of the register whether it is admitted. This is the step before the
merge (merge_reference.py). Written from the page and not from the C code.
Rotations of the root are not read (the histories have none); signatures are
not verified here: the verdict comes with the copy.
"""

import datetime
import re
import unicodedata

import sogoc_reference as s
from applied_reference import (DAY_MS, RIGHT, VIETNAM_MS, WRONG, records_of, day_of,
                               decides_for, first_day, homes, inner_bytes, key_id, last_day,
                               number_of, purpose_hash, vietnam_day)

FIRST_DAY = 20191201
VIETNAMESE = set("ÀÁÂÃÈÉÊÌÍÒÓÔÕÙÚÝ")


class Copy:
    """One entry of the cut as the file says it; PARTS are filled in later."""

    def __init__(self, log, index, branch, entry_kind, signature, readers, payload):
        self.log, self.index, self.branch = log, index, branch
        self.entry_kind, self.signature = entry_kind, signature
        self.readers, self.payload = readers, payload
        self.inner = self.outer = self.id = None

    def place(self):
        return (self.log.id, self.index)

    def is_statement(self):
        return self.inner is not None and self.inner[0] < 30 and self.entry_kind == 2


class Log:
    def __init__(self, ident, node, kind, held):
        self.id, self.node, self.kind, self.held = ident, node, kind, held


class Statement:
    def __init__(self, copy):
        self.type, _, self.subject, self.body = copy.inner[:4]
        self.effective, self.id = copy.inner[6], copy.id
        self.places = [copy.place()]

    def order(self):
        return (self.body[0], self.id)


class Facts:
    """What a set of statements allows: at a position, or in the whole cut."""

    def __init__(self, authority, statements):
        self.slots, self.blocks, self.authority = {}, [], authority
        floor = [x.body[1] for x in statements if x.type == 5]
        genesis = authority.genesis
        if not floor and genesis:
            day = day_of(first_day(genesis.effective)) - datetime.date(1970, 1, 1)
            floor = [day.days * DAY_MS - VIETNAM_MS]
        self.floor = max(floor, default=0)
        for x in sorted(statements, key=Statement.order):
            if x.type == 18:
                self.blocks.append(x)
            else:
                self.slots[x.type, x.subject] = x.body
        self.as_of = vietnam_day(self.floor)

    def number(self, kind, n):
        return self.slots.get((kind, bytes(8) + n.to_bytes(8, "big")))

    def policy(self, n):
        """Of a policy of 6.11 that the merge uses: the value in force."""
        return (self.number(21, n) or {2: {5: 45, 6: 700}[n]})[2]

    def expired(self, until):
        return self.as_of >= until

    def node_role(self, key):
        body = self.slots.get((6, key[:16]))
        if body:
            return None if self.expired(body[5]) else body[3]
        genesis = self.authority.genesis
        return 1 if genesis and genesis.body[5] == key else None

    def grant(self, officer):
        return self.slots.get((8, bytes(8) + officer))

    def above(self, unit):
        """The unit and what is above it; 0 is above all."""
        out = []
        while unit and unit not in out:
            out.append(unit)
            unit = (self.number(12, unit) or {4: 0})[4]
        return out + [0]

    def successions(self, unit):
        """[(unit, share)] that a unit goes into, up to the as-of day."""
        body = self.number(13, unit)
        known = body and all(self.number(12, u) for u in [unit] + [to for to, _ in body[2]])
        return body[2] if known and body[3] <= self.as_of else []

    def carried(self, unit, chosen):
        """(unit, is pending) after its successions; CHOSEN says the part of a split."""
        seen = set()
        while unit and unit not in seen and self.successions(unit):
            seen.add(unit)
            parts = [to for to, share in self.successions(unit) if share == 2]
            to = chosen(unit) if parts else self.successions(unit)[0][0]
            if parts and to not in parts:
                return unit, True
            unit = to
        return unit, False

    def is_late(self, copy, unit):
        """By the old node, after a rehome of the unit, or of one above, cut it over (6.6)."""
        acts = [x for x in self.authority.valid if x.type == 14
                and set(x.body[1]) & set(self.above(unit))]
        for x in sorted(acts, key=Statement.order, reverse=True):
            if copy.log.node == x.body[3]:
                return False
            if copy.log.node == x.body[2]:
                return copy.index >= {c[0]: c[1] for c in x.body[4]}.get(copy.log.id, 0)
        return False

    def covers(self, officer, unit):
        grant = self.grant(officer)
        return bool(grant) and any(u in grant[3] for u in self.above(unit))

    def has_code(self, table, code, first, last):
        for part in range(256):
            body = self.slots.get((15, bytes(8) + (table << 8 | part).to_bytes(8, "big")))
            for row in body[3] if body else ():
                if row[0] == code and row[1] <= last and (row[4] is None or first < row[4]):
                    return True
        return False

    def unit_valid(self, unit, first, last):
        first, last = max(first, FIRST_DAY), max(last, FIRST_DAY)
        for _ in range(4):
            body = self.number(12, unit)
            if not body:
                return False
            first = max(first, unit % 10 ** 8)
            if body[5] is not None and body[5] <= last:
                last = number_of(day_of(body[5]) - datetime.timedelta(1))
            if first > last:
                return False
            unit = body[4]
            if unit == 0:
                return True
        return False


class Authority:
    """The authority's state of a cut (section 6)."""

    def __init__(self, registry, logs, copies):
        self.registry, self.logs, self.genesis = registry, logs, None
        found, zero = {}, bytes(32)
        for c in copies:
            if not c.is_statement() or c.payload is None:
                continue
            if c.id in found:
                found[c.id].places.append(c.place())
                found[c.id].signed |= c.signature == RIGHT
                found[c.id].nodes.add(c.log.node)
                continue
            x = found[c.id] = Statement(c)
            x.signed, x.officer, x.nodes = c.signature == RIGHT, c.inner[7], {c.log.node}
            if x.type == 1 and x.signed and registry == purpose_hash(
                    "sogoc v1 registry", zero, inner_bytes(c.payload, c.inner)):
                self.genesis = x
        self.valid = self._valid(list(found.values()))
        self.whole = Facts(self, self.valid)
        self.cuts = self._cuts()
        self.erased, self.bridge = {}, {}
        for x in self.valid:
            for log, index, ref, parents in x.body[4] if x.type == 19 else ():
                self.erased.setdefault((log, index), ref)
                self.bridge[ref] = parents
        self.ranges = [x.body for x in self.valid if x.type == 22]
        self.changes = sorted((self.whole.number(20, 1) or {}).get(2, []), key=lambda c: -c[1])
        self.generations = self._generations()
        self.at_cache = {}

    def _valid(self, statements):
        if not self.genesis:
            return []
        root = key_id(self.registry, s.KEY_ROOT, self.genesis.body[3][0])
        signed = [x for x in statements if x is self.genesis
                  or x.signed and x.officer == root and x.type != 1]
        nodes, before = {self.genesis.body[5]}, 0
        while before != len(nodes):
            before = len(nodes)
            nodes |= {x.body[2] for x in signed
                      if x.type == 6 and x.body[3] == 1 and x.nodes & nodes}
        return [x for x in signed if x.nodes & nodes]

    def _cuts(self):
        lifted = {ref for x in self.valid if x.type == 10 for ref in x.body[1]}
        return [x for x in self.valid if x.type in (7, 9)
                and not (x.body[2] == 1 and x.id[:16] in lifted)]

    def bridge_but_for(self, records):
        """Parents of what is erased, and not applied by another copy."""
        refs = {x.ref for x in records}
        return {ref: parents for ref, parents in self.bridge.items() if ref not in refs}

    def _generations(self):
        """{generation: [(log, prefixes listed)]}; the log's own size is open."""
        out = {}
        for log in self.logs:
            if self.genesis and (log.id, 1) in self.genesis.places:
                out.setdefault(0, []).append((log, {}))
        of_log = {x.body[2]: x.body[1] for x in self.valid
                  if x.type == 2 and (x.body[2], 1) in x.places}
        for x in self.valid:
            if x.type == 2 and (x.body[2], 1) in x.places:
                listed = {log: size for log, size, _ in x.body[3]}
                log = next(y for y in self.logs if y.id == x.body[2])
                if all(of_log.get(y, 0) < x.body[1] for y in listed):
                    out.setdefault(x.body[1], []).append((log, listed))
        return out

    def at(self, position):
        """The facts at a position; None when it is ahead of the cut."""
        if position not in self.at_cache:
            self.at_cache[position] = self._at(position >> 32, position & 0xFFFFFFFF)
        return self.at_cache[position]

    def _at(self, generation, size):
        held = {log.id: log.held for log in self.logs}
        prefixes = []
        for log, listed in self.generations.get(generation, ()):
            prefixes += [(log.id, size)] + list(listed.items())
        if not prefixes or any(held.get(log, 0) < n for log, n in prefixes):
            return None
        return Facts(self, [x for x in self.valid if any(
            place[0] == log and place[1] < n for place in x.places for log, n in prefixes)])

    @staticmethod
    def _stands(copy, prefixes):
        """Below the size that a cut lets stand; a test's root begins with the
        branch that it is of."""
        for log, size, root, *_ in prefixes:
            if log == copy.log.id:
                return copy.index < size and copy.branch in (0, int.from_bytes(root[:4], "big"))
        return False

    def above_cut(self, copy):
        """Of its node, of its officer."""
        return tuple(any(x.body[1] == who and not self._stands(copy, x.body[3])
                         for x in self.cuts if x.type == kind)
                     for kind, who in ((7, copy.log.node), (9, copy.inner[7])))

    def endorsed_range(self, copy):
        return any(b[1] == copy.log.id and b[2] <= copy.index and self._stands(
            copy, [(b[1], b[3], b[4])]) and b.get(5, copy.inner[7]) == copy.inner[7]
            for b in self.ranges)

    def campaign_rows(self):
        """A row of every campaign: its fields 3 to 12 that stand (6.8, 12)."""
        out = {}
        for x in sorted((x for x in self.valid if x.type == 17), key=Statement.order):
            before, fixed = out.get(x.subject, ({2: 0}, {}))
            mine = {no: x.body[no] for no in (3, 4, 5, 6, 7, 8, 12)}
            if x.body[2] in (before[2] or 1, before[2] + 1) and (not fixed or mine == fixed):
                out[x.subject] = x.body, fixed or (mine if x.body[2] >= 2 else {})
        return [[17, uid, b"", 0, body[2], {no: [0, v] for no, v in body.items() if 3 <= no <= 12}]
                for uid, (body, _) in out.items()]

    def severity(self, rule, legacy, effective):
        day = first_day(effective)
        for no, start, until, severity in self.changes:
            if no == rule and start <= day and (until is None or day < until):
                return 1 if legacy and severity == 5 else severity
        start = {1: 20160101, 4: 20160101, 11: 20240701}.get(rule, 0)
        return 0 if day < start else 1 if legacy and rule not in (4, 5, 16) else 5


# ------------------------------------------------------- rules that reject


def bad_name(part):
    if part == "":
        return False
    text = unicodedata.normalize("NFC", part)
    words = re.split(r"[ \u2019-]", text)
    if text != part or not all(words) or "Ð" in text or "ð" in text:
        return True
    for x in "".join(words):
        kind = unicodedata.category(x)
        good = (kind[0] == "L" or kind in ("Mn", "Mc")) and (
            x in "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
            or "\u00c0" <= x <= "\u024f" or "\u0300" <= x <= "\u036f"
            or "\u1e00" <= x <= "\u1eff")
        if not good or "\u00c0" <= x <= "\u00ff" and x.upper() not in VIETNAMESE:
            return True
    return bool(re.search("[ae][àáãâêùõ]|oâ", text.lower()))


def codes_of(t, v):
    """The (table, code) pairs inside a value of type t; countries are 11."""
    if v is None:
        return
    if t.kind == "code":
        yield ("", "form", "ethnic", "religion", "blood", "marital", "relation",
               "unit_kind", "reject").index(t.table), v
    elif t.kind == "str" and t.low == t.high == 2:
        yield 11, v.encode()[0] << 8 | v.encode()[1]
    elif t.kind == "array":
        for x in v:
            yield from codes_of(t.of[0], x)
    elif t.kind == "tuple":
        for u, x in zip(t.of, v):
            yield from codes_of(u, x)


class Admission:
    """Standings of the register's copies, but for endorses (the merge's)."""

    def __init__(self, authority, page):
        self.authority, self.page = authority, page

    def refused_by(self, copy, at):
        kind, _, _, body, parents, _, effective, officer, _ = copy.inner
        own = body.get(0, [2])[0]
        per = {no: src[0] for no, src in body.get(30, [])}
        for rule in (1, 4, 5, 6, 7, 8, 11, 16):
            for no, value in body.items():
                if value is None or "V%02d" % rule not in self.page.rules[kind].get(no, ""):
                    continue
                if (self.authority.severity(rule, per.get(no, own) == 1, effective) == 5
                        and self.breaks(rule, copy, at, no, value)):
                    return rule
        return 0

    def breaks(self, rule, copy, at, no, value):
        kind, _, _, body, parents, _, effective, officer, _ = copy.inner
        first, last = first_day(effective), last_day(effective)
        t = self.page.types[kind][no][1]
        if rule == 1:
            return kind == 33 and value != 0 and (
                value // 10 ** 9 != 999 if self.authority.genesis.body[7] else
                value // 10 ** 9 == 999 or not any(
                    at.has_code(x, value // 10 ** 9, first, last) for x in (9, 10)))
        if rule == 4 and kind == 33:
            return (no == 3 and value == 0 and body.get(2) == 2
                    or no == 5 and value == 3 and not self.leased(copy, at))
        if rule == 5 and no == {32: 4, 37: 3}[kind]:
            return value < 19000000 or first_day(value) > last
        if rule == 6:
            return (kind, no) in ((32, 3), (32, 8)) and any(
                bad_name(x) for x in ([value] if isinstance(value, str) else value))
        if rule == 7:
            return kind >= 32 and any(
                not (code == 0 and table in (2, 3, 4, 5, 6)
                     or at.has_code(table, code, first, last))
                for table, code in codes_of(t, value))
        if rule == 8:
            return self.bad_unit(copy, at, no, value)
        if rule == 11 and kind == 38 and 1 not in body:
            if no == 5:
                return value not in {1: (0,), 2: range(1, 8), 3: (8, 9)}[body[4]]
            return no == 8 and value == 2 and body.get(9) is None
        return rule == 16 and kind == 42 and no == 4 and not at.covers(officer, value)

    def leased(self, copy, at):
        body = copy.inner[3]
        number, day = body[3], body.get(4)
        for x in at.blocks:
            b, serial = x.body, number % 10 ** 6
            if not b[3] <= serial <= b[4] or b[2] != number // 10 ** 9:
                continue
            # The smaller order's block has what two of different nodes share.
            if x.id[:16] == body.get(6):
                return b[1] == copy.log.node and day is not None and day <= b[5]
            if any(y.id[:16] == body.get(6) and y.body[1] != b[1] for y in at.blocks):
                return False
        return False

    def bad_unit(self, copy, at, no, value):
        kind, _, _, body, _, _, effective, _, _ = copy.inner
        last = max(last_day(effective), FIRST_DAY)
        defined = lambda u: at.number(12, u) and u % 10 ** 8 <= last
        if kind == 47:
            if no == 4:
                return not defined(value)
            edges = (at.number(13, body[4]) or {2: []})[2]
            return [value, 2] not in edges
        unit = value[0] if isinstance(value, list) else value
        if unit is None:
            return False
        if kind == 32 and isinstance(value, list):
            return not defined(unit)
        day = body.get({35: 6, 37: 3}.get(kind)) or effective
        return not at.unit_valid(unit, first_day(day), last_day(day))

    def judge(self, copy):
        """(admitted, above a cut): A01 to A14 but for the endorses."""
        if copy.payload is None or copy.inner is None or copy.place() in self.authority.erased:
            return False, False
        kind, officer, log = copy.inner[0], copy.inner[7], copy.log
        audit = kind in (64, 65, 66)
        if (self.page.fit([copy.inner, copy.outer]) or copy.entry_kind != 3
                or log.kind != (2 if audit else 1) or kind < 32):
            return False, False
        at = self.authority.at(copy.outer[3])
        role = at and at.node_role(log.node)
        if not role or role > 3 and not audit and not (role == 5 and kind == 44):
            return False, False
        grant = at.grant(officer)
        over = {copy.outer[4], copy.outer[4] if copy.outer[5] is None else copy.outer[5]}
        if (not grant or not grant[2] & self.page.signers[kind] or at.expired(grant[5])
                or not any(at.covers(officer, u) for u in over)):
            return False, False
        above = any(self.authority.above_cut(copy)) and not self.authority.endorsed_range(copy)
        if (copy.signature == WRONG or self.page.must_sign[kind] and copy.outer[6] is None
                or self.refused_by(copy, at)):
            return False, False
        return not above, any(self.authority.above_cut(copy))


def judge_all(authority, page, copies):
    """[(copy, admitted, above a cut)] of the register's copies; an endorse that stands by
    itself, below every cut, admits what is above one (section 3)."""
    admission = Admission(authority, page)
    judged = [(c, *admission.judge(c)) for c in copies if c.inner and c.inner[0] >= 32]
    records, yes, no = records_of(page, authority, [c for c, ok, _ in judged if ok]), {}, set()
    clean = {c.id[:16] for c, ok, above in judged if ok and not above}
    for x in records:
        if x.type == 48 and x.ref in clean and decides_for(x, homes(
                [y for y in records if y.subject == x.subject], authority.whole)):
            for p in x.parents:
                no.add(p) if x.body[3] == 2 else yes.setdefault(p, set()).add(x.officer)
    return [(c, (ok or above and yes.get(c.id[:16], set()) - {c.inner[7]})
             and not (above and c.id[:16] in no), above) for c, ok, above in judged]
