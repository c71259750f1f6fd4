#!/usr/bin/env python3
"""Rows and roots of RECORDS.md sections 4, 8.3 and 12, a second time.

    state_reference.py PAGE FILE    reads histories (tests/merge/history.h says
                                    how they are written), prints their rows
                                    and roots

On top of merge_reference.py: homes, clusters, conflicts, rows. Every unit's
rows come from a fold of its own over all that the unit reads.
"""

import struct
import sys

import admission_reference as adm
import records_reference as r
from admission_reference import Record, asked_once, once
from merge_reference import NIL, Subject


class Person(Subject):
    """A subject with its home, its conflicts and its rows."""

    @once
    def blocked(self):
        """States of a dossier that a person in C09, or without a day of birth, may not reach."""
        birth = self.value(32, b"", 4)
        shared = [(9, 0, 33, key, b"") for key in self.fold.same_pin
                  if self in self.fold.same_pin[key][0]]
        if birth and birth % 100 == 0 or any(
                self.judge(k, {k: self.fold.same_pin[k[3]][1]})[0] != 2 for k in shared):
            return {(38, n) for n in (4, 6, 7, 8, 9, 11, 13)}
        return set()

    def keys(self, kind):
        held = {x.key for x in self.of_type(kind)}
        return sorted(held | {h[1] for hs in self.heads.values() for h, _ in hs if h[0] == kind})

    @once
    def permanent(self):
        """The open ones, the standing one last."""
        found = [k for k in self.keys(35) if self.value(35, k, 3) == 1 and self.state(35, k) == 2]
        return sorted(found, key=lambda k: (
            self.records[k].effective if k in self.records else 0, k))

    @once
    def home(self):
        """(unit, pending re-home)."""
        unit = self.permanent and self.value(35, self.permanent[-1], 4)
        if not unit:
            here = self.value(32, b"", 25) or (self.value(36, b"", 4) if self.keys(36) else 0)
            return here or 0, False
        seen = set()
        while unit not in seen and self.fold.edges(unit):
            seen.add(unit)
            parts = [to for to, share in self.fold.edges(unit) if share == 2]
            to = self.fold.edges(unit)[0][0] if not parts else self.value(
                47, self.permanent[-1] + unit.to_bytes(8, "big"), 5)
            if parts and to not in parts:
                return unit, True
            unit = to
        return unit, False

    def openings(self, kind, key):
        refs = {x.ref for x in self.of_type(kind) if x.key == key and not self.refused(x.ref)}
        refs |= {q for q, hs in self.heads.items() if hs[0][0][:2] == [kind, key]
                 and not self.refused(q)}
        return sorted(q for q in refs if not self.ancestors(q) & refs)

    def decision_keys(self, d, conditions):
        """The conflicts that a decision of act 3, 4 or 5 is for."""
        b = d.body
        plain = (b.get(6), b.get(7, 0), b.get(9, b""))
        target = self.object_of(b[8]) if 8 in b else (None, b"")
        fit = [k for k in conditions if (k[0], k[1], k[4]) == plain and (
            k[3] == b"" and 8 not in b or (k[2], k[3]) == target)]
        named = [k for k in fit if set(conditions[k]) & set(d.parents)]
        if named or target == (0, None):
            return named
        kind = target[0] or next(filter(None, (self.object_of(p)[0] for p in d.parents)), 0)
        if plain[0] in (8, 13, 14):
            kind = 0
        elif kind == 0:
            return []
        return [(plain[0], plain[1], kind, target[1], plain[2])]

    def judge(self, key, conditions):
        """(state, contenders) of a conflict; state 0: there is none."""
        contenders = conditions.get(key, [])
        subjects = self.fold.same_pin[key[3]][0] if key[0] == 9 and contenders else [self]
        applied = [(x, d) for x in subjects for d in x.of_type(42) if d.body[3] in (3, 4, 5)
                   and key in x.decision_keys(d, conditions)]
        covering = [d for x, d in applied if set(contenders) <= set(d.parents) and x.stands(
            d.ref) and (d.body[3] != 3 or d.ref in x.choices(x.object_of(d.body[10])[0])[0])]
        if covering:
            return 2, sorted({p for d in covering for p in d.parents})
        again = any(set(contenders) & set(d.parents) for _, d in applied)
        return (3 if again else 1) if contenders else 0, sorted(contenders)

    @once
    def conflicts(self):
        """{(rule, field, type, object, element): (state, contenders)}."""
        c = {}
        for kind, key, no, e in self.cells:
            _, _, refs, rule = self.cell(kind, key, no, e)
            if rule:
                c[rule, no, kind, key, e] = refs
        for kind in self.fold.page.machines:
            for key in self.keys(kind):
                _, illegal, heads, (_, is_torn) = self.machine(kind, key)
                c[17, 2, kind, key, b""] = illegal
                c[18, 2, kind, key, b""] = heads if is_torn else ()
        active = [k for k in self.keys(33) if self.state(33, k) == 2]
        if len(active) > 1:
            c[5, 3, 33, b"", b""] = [q for k in active for q in self.openings(33, k)]
        c[7, 0, 35, b"", b""] = self.permanent[:] if len(self.permanent) > 1 else ()
        every = list(self.records) + list(self.heads)
        c[8, 0, 0, b"", b""] = [q for q in every if self.frozen(q)]
        for key, (who, refs) in self.fold.same_pin.items():
            if self in who:
                c[9, 0, 33, key, b""] = refs
        least = (self.fold.authority.whole.number(21, 6) or {2: 700})[2]
        for key in self.keys(43):
            if self.state(43, key) == 1 and (self.value(43, key, 4) or 0) >= least:
                c[10, 0, 43, key, b""] = self.openings(43, key)
        for kind in self.fold.page.types:
            for cell, refs in self.choices(kind)[1].items():
                c[11, cell[2], *cell[:2], cell[3]] = refs
        for ref in every:
            rulings = [d for d in self.rulings(ref)]
            last = [d for d in rulings if not any(
                d.ref in self.ancestors(x.ref, True) for x in rulings)]
            if len({d.body[3] for d in last}) > 1:
                c.setdefault((11, 0, *self.object_of(ref), b""), []).extend(d.ref for d in last)
        for rule in (13, 14):
            c[rule, 0, 0, b"", b""] = self.marked(rule)
        c = {k: sorted(set(refs)) for k, refs in c.items() if refs}
        also = [k for d in self.of_type(42) if d.body[3] in (3, 4, 5)
                for k in self.decision_keys(d, c) if k not in c]
        found = {k: self.judge(k, c) for k in list(c) + also}
        return {k: v for k, v in found.items() if v[0]}

    def marked(self, rule):
        cleared = {p for d in self.standing(5) if d.body.get(6) == rule for p in d.parents}
        return [x.ref for x in self.of_type(*range(32, 49)) if x.ref not in cleared and all(
            y.branch if rule == 14 else self.fold.is_late(y, self.fold.unit_of(self.uid))
            for y in x.copies)]

    @once
    def house(self):
        return (self.value(36, b"", 4) or 0) if self.keys(36) else 0

    @once
    def rows(self):
        """[(what tells the row's unit: 9 the centre, 36 the household, 32 the home, row
        without its unit)]."""
        out = []
        for k, (state, refs) in self.conflicts.items():
            if k[0] not in (5, 7, 8, 9, 11, 13, 14, 16, 17, 18):
                continue  # C10 is shown by the mark
            out.append((9 if k[0] == 9 else 36 if k[2] == 36 else 32, [
                100, self.uid, bytes(k[:3]) + k[3] + k[4], state, {0: refs}]))
        for kind in [k for k in self.fold.page.types if 32 <= k <= 47]:
            for key in self.keys(kind):
                state = self.state(kind, key) if kind in self.fold.page.machines else 0
                cells = self.row_cells(kind, key)
                if state or cells:
                    out.append((36 if kind == 36 else 32, [kind, self.uid, key, state, cells]))
        if self.keys(32):
            out.append((32, self.status()))
        return out

    def status(self):
        marks = 1 * bool(self.marked(14)) | 2 * bool(self.marked(13)) | 8 * self.home[1]
        marks |= 4 * any(self.frozen(q) for q in list(self.records) + list(self.heads))
        marks |= 16 * (self.uid in self.fold.doubled)
        first, vital = self.fold.canonical.get(self.uid, self.uid), self.state(37, b"")
        status = 5 if vital == 7 else 2 if self.dead else 6 if first != self.uid else {
            3: 3, 5: 4}.get(vital, 1)
        cells = {0: first, 1: marks, **({2: self.permanent[-1]} if self.permanent else {})}
        return [101, self.uid, b"", status, cells]

    def kept(self, ref):
        """The uid that a decision or a head of a pair in state *same* keeps."""
        if ref in self.records:
            return self.records[ref].body.get(11)
        return next((v[1] for h, v in self.heads[ref] if h[0] == 43 and h[2] == 2), None)

    def row_cells(self, kind, key):
        out = {}
        for no in sorted({c[2] for c in self.cells if c[:2] == (kind, key)}):
            elements = sorted(c[3] for c in self.cells if c[:3] == (kind, key, no))
            shown = []
            for e in elements:
                value, flags, refs, rule = self.cell(kind, key, no, e)
                if rule and self.conflicts[rule, no, kind, key, e][0] != 2:
                    flags |= 2
                if e and value != NIL:
                    shown.append([e, int(flags), r.decode(value)])
                elif not e and (value != NIL or flags & 6):
                    out[no] = [int(flags), r.decode(value)] + [sorted(refs)] * bool(flags & 6)
            if shown:
                out[no] = [0, shown]
        return out


class Fold:
    """The fold of the copies that a unit reads (0: all)."""

    def __init__(self, history, unit):
        self.page, self.authority, self.unit_of = history.page, history.authority, history.unit_of
        self.whole, copies, self.met = history.authority.whole, {}, set()
        for c, admitted, _ in history.judged:
            if admitted and (unit == 0 or unit in c.readers):
                copies.setdefault(c.id, []).append(c)
        self.records = {i[:16]: Record(g, self.authority) for i, g in copies.items()}
        self.of_subject = {}
        for x in self.records.values():
            self.of_subject.setdefault(x.subject, []).append(x)
        self.subjects = {uid: Person(self, uid, xs) for uid, xs in self.of_subject.items()}

    @asked_once
    def homes(self, uid):
        """homes(s) of section 4: all that anybody said."""
        said = []
        for x in self.of_subject.get(uid, ()):
            if x.type in (32, 35, 36):
                said += [(x.type, x.key, no, v) for no, v in x.body.items()]
            if x.type == 46:
                said += [(*h[:3], v) for h, v in zip(x.body[6], r.decode(x.body[7]))]
        permanent = {key for kind, key, no, v in said if (kind, no, v) == (35, 3, 1)}
        todo = [v for kind, key, no, v in said if v is not None and (
            kind == 35 and key in permanent and no in (4, 11) or (kind, no) in ((32, 25), (36, 4)))]
        homes = set()
        while todo:
            unit = todo.pop()
            if unit not in homes:
                homes.add(unit)
                todo += [to for to, _ in self.edges(unit)]
        return homes

    def edges(self, unit):
        body = self.whole.number(13, unit)
        known = body and all(self.whole.number(12, u) for u in [unit] + [to for to, _ in body[2]])
        return body[2] if known and body[3] <= self.whole.as_of else []

    def is_home(self, uid, unit):
        homes = self.homes(uid)
        return not homes or any(unit in self.whole.above(h) for h in homes)

    def is_late(self, copy, unit):
        acts = [x for x in self.authority.valid if x.type == 14
                and set(x.body[1]) & set(self.whole.above(unit))]
        for x in sorted(acts, key=lambda x: x.order(), reverse=True):
            if copy.log.node == x.body[3]:
                return False
            if copy.log.node == x.body[2]:
                return copy.index >= {c[0]: c[1] for c in x.body[4]}.get(copy.log.id, 0)
        return False

    @once
    def canonical(self):
        """{uid: the uid that goes on} of all linked persons (8.9)."""
        pairs = [(uid, key, s) for uid, s in sorted(self.subjects.items())
                 for key in s.keys(43) if s.state(43, key) == 2]
        group, given = {}, set()
        for a, b, s in pairs:
            joined = group.get(a, {a}) | group.get(b, {b})
            if len(joined) <= 64:
                group.update({uid: joined for uid in joined})
                given |= {x for ref, v in s.machine(43, b)[2].items() if v == 2 for x in (a, b)
                          if x != s.kept(ref) and s.kept(ref)}
        return {uid: min(members - given or members) for uid, members in group.items()}

    @once
    def same_pin(self):
        """C09: {number: (holders, contenders)}."""
        holders = {}
        for uid, s in self.subjects.items():
            for key in s.keys(33):
                if any(key) and s.state(33, key) and s.state(37, b"") != 7:
                    holders.setdefault(key, []).append((self.canonical.get(uid, uid), s))
        out = {}
        for key, who in holders.items():
            states = [(first, s.state(33, key)) for first, s in who]
            if any(x < 3 and (y == 3 or a != b) for a, x in states for b, y in states):
                out[key] = [s for _, s in who], sorted(
                    q for _, s in who for q in s.openings(33, key))
        return out

    @once
    def doubled(self):
        """Persons of an open C10."""
        return {uid for s in self.subjects.values() for k, v in s.conflicts.items()
                if k[0] == 10 and v[0] != 2 for uid in (s.uid, k[3])}


class History:
    """Rows and roots of one cut."""

    def __init__(self, page, registry, logs, copies):
        self.page, self.registry = page, registry
        self.authority, self.copies = adm.Authority(registry, logs, copies), copies
        admission = adm.Admission(self.authority, page)
        self.judged = [(c, *admission.judge(c)) for c in copies
                       if c.inner is not None and c.inner[0] >= 32]
        self.endorse(Fold(self, 0))
        self.whole = Fold(self, 0)

    def endorse(self, fold):
        """Section 3: by endorses of what is applied without them, below every cut."""
        yes, no = {}, set()
        clean = {c.id[:16] for c, ok, above in self.judged if ok and not above}
        for e in fold.records.values():
            homes = fold.homes(e.subject)
            if e.type == 48 and e.ref in clean and (not homes or any(
                    e.facts.covers(e.officer, h) for h in homes)):
                for p in e.parents:
                    no.add(p) if e.body[3] == 2 else yes.setdefault(p, set()).add(e.officer)
        self.judged = [(c, (ok or above and yes.get(c.id[:16], set()) - {c.inner[7]})
                        and not (above and c.id[:16] in no), above)
                       for c, ok, above in self.judged]

    def unit_of(self, uid, tag=32):
        x = self.whole.subjects[uid]
        return {9: 0, 36: x.house, 32: x.home[0]}[tag]

    def rows(self):
        out = [[17, uid, b"", 0, state, {no: [0, v] for no, v in cells.items()}]
               for uid, state, cells in self.authority.campaigns()]
        subjects = self.whole.subjects
        units = {self.unit_of(uid, tag) for uid in subjects for tag in (9, 32, 36)}
        for unit in units:
            fold = Fold(self, unit) if unit else self.whole
            for uid, subject in fold.subjects.items():
                out += [row[:3] + [unit] + row[3:] for tag, row in subject.rows
                        if self.unit_of(uid, tag) == unit]
        return sorted(map(r.encode, out))

    def report(self):
        """Lines: every row, then unit, root, rows and persons of every unit and in all."""
        good = {id(c) for c, ok, _ in self.judged if ok}
        lines = ["copies " + "".join("s" if c.is_statement() else "A" if id(c) in good else "-"
                                     for c in self.copies)]
        sums = {}
        for data in self.rows():
            kind, _, _, unit, state, _ = r.decode(data)
            lines.append("row " + data.hex())
            digest = adm.purpose_hash("sogoc v1 state row", self.registry, data)
            for key in (str(unit), "all"):
                one = sums.setdefault(key, [0, 0, 0])
                one[0] = (one[0] + int.from_bytes(digest, "big")) % (1 << 256)
                one[1] += 1
                one[2] += kind == 101 and state in (1, 3, 4)
        for key, (root, rows, persons) in sorted(sums.items()):
            lines.append(f"root {key} {root:064x} {rows} {persons}")
        return lines + self.cover(lines)

    def cover(self, lines):
        """What of the page this history goes through, one line each."""
        out, whole = set(), self.whole
        for x in whole.subjects.values():
            for k, (state, _) in x.conflicts.items():
                out.add(f"C{k[0]:02} {('', 'open', 'decided', 'reopened')[state]}")
            out |= {f"act {d.body[3]}" for d in x.standing(*range(1, 10))}
            out |= {"handover"} if x.heads else set()
            for cell, setters in x.cells.items():
                heads = x.maximal(cell, setters)
                values = len({h.value for h in heads})
                merge = self.page.types[cell[0]][cell[2]][3]
                out |= {"C02"} if len(heads) < len(setters) else set()
                out |= {"C04"} if len(heads) > values else set()
                out |= {"C06"} if merge == "C" and values > 1 else set()
                out |= {"pending"} if x.cell(*cell)[1] & 4 else set()
            out |= {"refused"} if any(x.refused(q) for q in x.records) else set()
            out |= {"approved"} if any(x.approved(q) for q in x.records) else set()
            out |= {"bridge"} if any(p in self.authority.bridge for q in x.records
                                     for p in x.records[q].parents) else set()
        for line in lines:
            row = r.decode(bytes.fromhex(line[4:])) if line.startswith("row") else [0]
            if row[0] == 101:
                out.add(f"status {row[4]}")
                out |= {f"mark {bit}" for bit in (1, 2, 4, 8, 16) if row[5][1] & bit}
        valid = [(x.type, x.subject) for x in self.authority.valid if x.type in (
            6, 8, 11, 12, 13, 15, 16, 20, 21)]
        out |= {"C15"} if len(set(valid)) < len(valid) else set()
        out |= {"C12"} if any(above and not ok for _, ok, above in self.judged) else set()
        out |= {"endorsed"} if any(above and ok for _, ok, above in self.judged) else set()
        ids = [c.id for c, ok, _ in self.judged if ok]
        out |= {"C01"} if len(set(ids)) < len(ids) else set()
        out |= {f"edge {kind} {a} {b}" for kind, a, b in whole.met}
        return sorted("cover " + x for x in out)

    @staticmethod
    def due(page):
        """All that histories must go through."""
        out = {f"C{n:02} {w}" for n in (5, 7, 8, 9, 10, 11, 13, 14, 16, 17, 18)
               for w in ("open", "decided", "reopened")}
        out |= {"C01", "C02", "C04", "C06", "C12", "C15", "pending", "refused", "approved",
                "bridge", "endorsed", "handover"}
        out |= {f"act {n}" for n in range(1, 10)} | {f"status {n}" for n in range(1, 7)}
        out |= {f"mark {bit}" for bit in (1, 2, 4, 8, 16)}
        out |= {f"edge {kind} {a} {b}" for kind, table in page.machines.items()
                for a in table for b in table[a][0] if (kind, b) != (43, 1) or a == 0}
        return sorted(out)  # a pair goes back to 1 by a reopen, which sets nothing


class Input:
    """The file of histories."""

    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, size):
        self.at += size
        return self.data[self.at - size:self.at]

    def uint(self, size):
        return int.from_bytes(self.take(size), "big")

    def history(self):
        start = self.at
        number, registry = self.uint(4), self.take(32)
        logs = [adm.Log(self.take(32), self.take(32), self.uint(1), self.uint(8))
                for _ in range(self.uint(4))]
        copies, self.head = [], self.data[start:self.at]
        for _ in range(self.uint(4)):
            start = self.at
            log, index, branch = logs[self.uint(4)], self.uint(8), self.uint(4)
            entry_kind, is_held, signature = self.uint(1), self.uint(1), self.uint(1)
            readers = {self.uint(8) for _ in range(self.uint(1))}
            payload = self.take(self.uint(4))
            c = adm.Copy(log, index, branch, entry_kind, signature, readers,
                         payload if is_held else None)
            c.raw = self.data[start:self.at]
            copies.append(c)
            self.read(c, payload, registry)
        return number, registry, logs, copies

    @staticmethod
    def read(c, payload, registry):
        try:
            c.inner, c.outer = r.decode(payload)
            c.id = adm.purpose_hash("sogoc v1 record", registry,
                                    adm.inner_bytes(payload, c.inner))
        except (r.Refused, TypeError, ValueError):
            c.inner = None


def main(argv):
    if len(argv) != 3:
        print(__doc__, file=sys.stderr)
        return 2
    with open(argv[1], encoding="utf-8") as f:
        page = adm.Page(f.read())
    with open(argv[2], "rb") as f:
        source = Input(f.read())
    if source.take(8) != b"sogochs1":
        print("not a file of histories", file=sys.stderr)
        return 1
    print("\n".join("due " + x for x in History.due(page)))
    while source.at < len(source.data):
        number, registry, logs, copies = source.history()
        print(f"history {number}")
        print("\n".join(History(page, registry, logs, copies).report()))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
