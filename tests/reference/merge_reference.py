"""The merge of RECORDS.md sections 4 and 8, a second time: what stands of one
subject, from the set of all its applied records at once. Written from
domain.md and the page, not from the C code; homes, conflicts and rows are
state_reference.py's. Naive on purpose: every question is asked of the whole
set, nothing is kept from one set to the next.
"""

import admission_reference as adm
import records_reference as r
from admission_reference import asked_once, once

NIL = r.encode(None)
MOVES = {(1, 35): 2, (1, 38): 2, (1, 40): 2, (1, 41): 3, (2, 35): 4, (2, 38): 5,
         (2, 40): 3, (2, 41): 4, (7, 43): 2, (8, 43): 3, (9, 43): 4}


class Setter:
    """What sets one cell: a record, a choice (its ref the decision's), a head."""

    def __init__(self, ref, value, approved, source, hlc):
        self.ref, self.value, self.approved = ref, value, approved
        self.tie = (approved, source, hlc, ref)


class Subject:
    def __init__(self, fold, uid, records):
        self.fold, self.uid = fold, uid
        self.records = {x.ref: x for x in records}
        self.heads, self.handed, self.iced, self.covered = {}, set(), set(), set()
        homes = fold.homes(uid)
        self.handovers = [x for x in records if x.type == 46 and (not homes or any(
            x.facts.covers(x.officer, h) for h in homes | {0}))]
        for x in sorted(self.handovers, key=lambda x: x.ref):
            self.covered |= set(x.body[5])
            for head, value in zip(x.body[6], r.decode(x.body[7])):
                self.handed |= {head[3]} if head[4] & 1 else set()
                self.iced |= {head[3]} if head[4] & 2 else set()
                known = self.heads.setdefault(head[3], [])
                if not any(h[:3] == head[:3] for h, _ in known):
                    known.append((head, value))
        self.heads = {ref: hs for ref, hs in self.heads.items() if ref not in self.records}

    def of_type(self, *types):
        return [x for x in self.records.values() if x.type in types]

    # ---- ancestry, decisions (section 4)

    @asked_once
    def ancestors(self, ref, raw=False):
        out, todo = set(), list(self.records[ref].parents if ref in self.records else ())
        while todo:
            p = todo.pop()
            if p in out:
                continue
            out.add(p)
            if p in self.records:
                todo += self.records[p].parents if raw or not self.refused(p) else ()
            elif p not in self.fold.records:
                todo += self.fold.authority.bridge.get(p, ())
        return out

    @asked_once
    def stands(self, ref):
        d = self.records[ref]
        if d.body.get(6) in (7, 9, 11) and d.body[4] // 10 ** 13 > 1:
            return False
        named = [self.records[p] for p in d.parents if p in self.records]
        others = [x.body[3] for x in named if x.type == 43]
        return (all(self.fold.is_home(uid, d.body[4]) for uid in [self.uid] + others)
                and not any(x.officer == d.officer for x in named if x.type != 42)
                and not any(ref in x.parents and self.stands(x.ref)
                            for x in self.of_type(42) if x.body[3] == 6))

    def standing(self, *acts):
        return [x for x in self.of_type(42) if x.body[3] in acts and self.stands(x.ref)]

    def rulings(self, ref):
        is_one = ref in self.heads or ref in self.records and self.records[ref].type != 42
        return [d for d in self.standing(1, 2) if ref in d.parents] if is_one else []

    @asked_once
    def refused(self, ref):
        rulings = self.rulings(ref)
        return any(b.body[3] == 2 and not any(
            a.body[3] == 1 and b.ref in self.ancestors(a.ref, True) for a in rulings)
            for b in rulings)

    def approved(self, ref):
        signed = ref in self.heads or self.records[ref].signed
        return signed and not self.refused(ref) and (
            ref in self.handed or any(d.body[3] == 1 for d in self.rulings(ref)))

    @asked_once
    def choice(self, ref):
        """The cell, the value, source class and hlc that a choice sets; or None."""
        b, x = self.records[ref].body, self.records.get(self.records[ref].body[10])
        if not self.stands(ref) or b[10] not in self.records[ref].parents or not self.counts(b[10]):
            return None
        if x is None:
            found = [(h, v) for h, v in self.heads[b[10]] if h[2] == b[7]]
            kind, key, _, _, _, source, hlc = found[0][0] if found else [0] * 7
            body = {b[7]: found[0][1]} if found else {}
        else:
            kind, key, source, hlc = x.type, x.key, x.source(b[7]), x.hlc
            body = {**x.body, 2: x.state} if x.state else x.body
        merge = "M" if b[7] == 2 else self.fold.page.types.get(kind, {}).get(b[7], "XXXX")[3]
        target = self.object_of(b.get(8))
        if b[7] not in body or merge in "KFXA" or target not in ((kind, key), (0, None)):
            return None
        if merge != "S":
            return None if 9 in b else ((kind, key, b[7], b""), r.encode(body[b[7]]), source, hlc)
        rest = {e[0]: e[1] for e in body[b[7]]}
        return ((kind, key, b[7], b[9]), r.encode(rest[b[9]]), source,
                hlc) if b.get(9) in rest else None

    @asked_once
    def choices(self, kind):
        """Those that set, of objects of a type; and the C11 among them: {cell: refs}."""
        valid = {d.ref: self.choice(d.ref) for d in self.standing(3)
                 if self.object_of(d.body[10])[0] == kind and self.choice(d.ref)}
        differ, torn = set(), {}
        for a in valid:
            for b in valid:
                if valid[a][0] == valid[b][0] and valid[a][1] != valid[b][1] and not (
                        a in self.ancestors(b) or b in self.ancestors(a)):
                    differ.add(a)
                    if not any({a, b} <= self.ancestors(c) for c in valid
                               if valid[c][0] == valid[a][0]):
                        torn.setdefault(valid[a][0], set()).add(a)
        return {d: v for d, v in valid.items() if d not in differ}, torn

    def object_of(self, ref):
        """(type, key) of what a ref names, if it is held."""
        if ref in self.records:
            return self.records[ref].type, self.records[ref].key
        return next(((h[0], h[1]) for h, _ in self.heads.get(ref, ())), (0, None))

    # ---- cells

    def counts(self, ref):
        return (ref in self.heads or ref in self.records) and not (
            self.refused(ref) or self.frozen(ref))

    @asked_once
    def frozen(self, ref):
        if ref in self.heads:
            return ref in self.iced and self.heads[ref][0][0][0] in (
                32, 35, 38, 39, 40) and self.dead
        x = self.records[ref]
        reason = [x] + [self.records[k] for k in [x.key] if k in self.records]
        kept = {38: x.state in (10, 12), 39: x.state in (5, 6), 35: x.state == 3,
                40: any(y.body.get(4) == 3 for y in reason if y.type == 40),
                32: not any(no in x.body for no in range(3, 8))}.get(x.type, True)
        return not kept and self.dead and bool(self.death_days) and all(
            d and adm.first_day(x.effective) > adm.last_day(d) for d in self.death_days)

    @once
    def dead(self):
        return self.state(37, b"") in (2, 4)

    @once
    def death_days(self):
        legal, _, heads, _ = self.machine(37, b"")
        near = set(heads).union(*(self.ancestors(h) for h in heads))
        near = {q for q in near & set(legal) if legal[q] == self.state(37, b"")}
        days = {q: self.records[q].body[3] for q in near & set(self.records)
                if self.records[q].type == 37 and 3 in self.records[q].body}
        days.update({q: v for q in near & set(self.heads) for h, v in self.heads[q]
                     if h[:3] == [37, b"", 3]})
        return [v for ref, v in days.items() if not any(ref in self.ancestors(q) for q in days)]

    @once
    def cells(self):
        """{(type, object, field, element): setters}."""
        out = {}
        for x in self.records.values():
            for no, value in x.body.items():
                merge = self.fold.page.types[x.type][no][3]
                if merge in "ICVSF" and x.type != 42 and self.counts(x.ref):
                    for key, v in value if merge == "S" else [(b"", value)]:
                        out.setdefault((x.type, x.key, no, key), []).append(Setter(
                            x.ref, r.encode(v), self.approved(x.ref), x.source(no), x.hlc))
        for ref, heads in self.heads.items():
            for (kind, key, no, _, _, source, hlc), value in heads if self.counts(ref) else ():
                if no != 2:
                    is_set = self.fold.page.types[kind][no][3] == "S"
                    for e, v in value if is_set else [(b"", value)]:
                        out.setdefault((kind, key, no, e), []).append(Setter(
                            ref, r.encode(v), self.approved(ref), source, hlc))
        for kind in self.fold.page.types:
            for ref, (cell, value, source, hlc) in self.choices(kind)[0].items():
                if cell[2] != 2:
                    out.setdefault(cell, []).append(Setter(ref, value, True, source, hlc))
        return out

    def claims(self, cell, q, h):
        """A handover has q as an ancestor of its head h of this cell."""
        for x in self.handovers:
            loose = {y[3] for y, v in zip(x.body[6], r.decode(x.body[7])) if not y[4] & 4
                     and tuple(y[:3]) == cell[:3] and (not cell[3] or cell[3] in dict(v))}
            if h in loose and q in x.body[5] and q not in loose:
                return True
        return False

    def is_under(self, cell, q, h):
        return q in self.ancestors(h) or (self.claims(cell, q, h) and not (
            q != h and h in self.ancestors(q)) and not self.claims(cell, h, q))

    def maximal(self, cell, setters):
        return [x for x in setters if not any(
            y is not x and self.is_under(cell, x.ref, y.ref) for y in setters)]

    @asked_once
    def cell(self, kind, key, no, element=b""):
        """(value, flag 1 or 4 or both, contenders, rule of a conflict or 0)."""
        cell, merge = (kind, key, no, element), self.fold.page.types[kind][no][3]
        heads = self.maximal(cell, setters := self.cells.get(cell, []))
        if not setters:
            return NIL, 0, [], 0
        if merge == "F":
            first = min(setters, key=lambda x: x.ref)
            return first.value, any(x.approved for x in setters if x.value == first.value), [], 0
        if merge in "CVS":
            best = max(heads, key=lambda x: x.tie[merge == "C":], default=None)
            differ = merge != "C" and len({x.value for x in heads}) > 1
            return (best.value, any(x.approved for x in heads if x.value == best.value),
                    [x.ref for x in heads], 16 if differ else 0) if best else (NIL, 0, [], 0)
        blessed = self.maximal(cell, [x for x in setters if x.approved])
        common = self.maximal(cell, [x for x in setters if heads and all(
            self.is_under(cell, x.ref, h.ref) for h in heads)])
        values = {x.value for x in heads}
        if len(values) == 1 and (not blessed or any(x.approved for x in heads)):
            return heads[0].value, any(x.approved for x in heads), [], 0
        value, flag = NIL, 0
        for group in (blessed, common):
            if len({x.value for x in group}) == 1:
                value, flag = group[0].value, any(x.approved for x in group)
                break
        return (value, *((flag | 4, [x.ref for x in heads], 0) if len(values) == 1 else
                         (flag, [x.ref for x in heads], 5)))

    def value(self, kind, key, no):
        return r.decode(self.cell(kind, key, no)[0])

    # ---- machines (section 8)

    @asked_once
    def machine(self, kind, key):
        """(legal setters {ref: state}, illegal ones, heads {ref: state}, stands)."""
        table, own, moved, cell = self.fold.page.machines[kind], {}, {}, (kind, key, 2, b"")
        for x in self.of_type(kind):
            if x.key == key and self.counts(x.ref) and x.state is not None:
                own[x.ref] = x.state
        given = {ref: v if kind != 43 else v[0] for ref, heads in self.heads.items()
                 for h, v in heads if h[:3] == [kind, key, 2]}
        legal = {ref: v for ref, v in given.items() if self.counts(ref)}
        legal.update({ref: r.decode(c[1]) for ref, c in self.choices(kind)[0].items()
                      if c[0] == cell})
        for d in self.standing(1, 2, 7, 8, 9):
            opened = [p for p in d.parents if self.object_of(p) == (kind, key) and (
                p in self.heads and (kind == 43 or p == key)
                or p in self.records and self.records[p].opens)]
            if opened and (d.body[3], kind) in MOVES:
                moved[d.ref] = MOVES[d.body[3], kind], opened
        illegal, todo = set(), set(own) | set(moved)
        while todo:
            ref = min(q for q in todo if not self.ancestors(q) & todo - {q})
            todo.remove(ref)
            before = self.ancestors(ref) & set(legal)
            start = {legal[q] for q in before if not any(
                q in self.ancestors(p) for p in before)} or {0}
            if ref in moved:
                to, opened = moved[ref]
                if self.records[ref].body[3] == 2 and any(self.refused(p) for p in opened):
                    start = {given.get(p) or p in self.records and self.records[p].state
                             or 0 for p in opened if self.refused(p)}
                if any(to in table[f][0] for f in start) and (
                        kind != 35 or to != 2 or 1 in start):
                    legal[ref] = to
                    self.fold.met |= {(kind, f, to) for f in start if to in table[f][0]}
                continue
            x, to = self.records[ref], own[ref]
            is_held = set(x.parents) <= set(self.records) | self.covered
            can = 7 if x.roles & 4 else 3 if x.roles & 2 else x.roles & 1
            by = table.get(to, ((), 0, 0))[2]
            if by & can and not (kind == 38 and (38, to) in self.blocked) and (
                    not is_held or any(to == f or to in table[f][0] for f in start)):
                legal[ref] = to
                self.fold.met |= {(kind, f, to) for f in start if to in table[f][0]}
            else:
                illegal.add(ref)
        heads = {q: v for q, v in legal.items() if not any(
            p != q and self.is_under(cell, q, p) for p in legal)}
        states = set(heads.values())
        ends = [b for b in states if all(adm.reaches(table, a, b) for a in states)]
        best = max(ends or states, key=lambda b: (table[b][1], b), default=0)
        return legal, illegal, heads, (best, bool(states and not ends))

    def state(self, kind, key):
        return self.machine(kind, key)[3][0]
