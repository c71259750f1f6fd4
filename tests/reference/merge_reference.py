"""The merge of RECORDS.md sections 4, 7.15, 8 and 12, a second time: from applied records to
cells, states, homes, links, conflicts, rows and roots. Written from domain.md and the page, not
from the C code. Naive on purpose: the page's "order of the fold", step by step over the whole
set. A cell is (type, object, field, element), a conflict (rule, cell). At most 300 lines.
"""
from collections import namedtuple

import applied_reference as applied
from applied_reference import closure, maximal

Setter = namedtuple("Setter", "approved source hlc ref value cell")  # what sets a cell
Cell = namedtuple("Cell", "value flags heads setters", defaults=(None, 0, [], []))
SUBJECT = (0, b"", 0, b"")  # the cell of conflicts that are a whole subject's


class Subject:
    """A person or a household, as the records of one fold have it."""
    def __init__(self, fold, uid, records):
        self.fold, self.uid, self.page, self.facts = fold, uid, fold.page, fold.facts
        self.records = {x.ref: x for x in records}
        self.homes = applied.homes(records, self.facts)
        self.handovers = [x for x in records if x.type == 46 and applied.decides_for(x, self.homes)]
        heads = [h for x in self.handovers for h in x.heads]
        self.praised = {h.ref for h in heads if h.flags & 1}
        self.known = {**applied.as_received(heads), **self.records}
        self.conditions, self.conflicts, self.sets, self.cells = {}, {}, {}, {}
        self.standing, self.refused, self.chosen, self.frozen = [], set(), set(), set()

    def object_of(self, ref):
        return (self.known[ref].type, self.known[ref].key) if ref in self.known else (0, None)

    def value(self, kind, no, key=b""):
        return self.cells.get((kind, key, no, b""), Cell()).value

    def keys(self, kind, state=None):
        return sorted({x.key for x in self.known.values() if x.type == kind
                       and state in (None, self.value(kind, 2, x.key))})

    def contend(self, rule, cell, refs):
        """The condition of a conflict rule holds, if there are contenders."""
        if refs:
            self.conditions.setdefault((rule, cell), set()).update(refs)

    def stands(self, d, later):
        named = [self.records[p] for p in d.parents if p in self.records]
        pairs = [self.fold.subjects.get(x.key, self) for x in named if x.type == 43]
        return (all(applied.is_competent(d, s.homes) for s in [self, *pairs])
                and all(x.officer != d.officer for x in named if x.type != 42)
                and not any(x.body[3] == 6 and d.ref in x.parents for x in later))

    def decide(self):
        """Which decisions stand, what they approve and refuse; who sets what; who is older."""
        def parents(ref):
            return self.known[ref].parents if ref in self.known else self.fold.bridge.get(ref, ())

        before = {q: closure(parents(q), parents) for q in self.known}
        self.order = sorted(self.known.values(), key=lambda x: len(before[x.ref]))
        self.decisions = [x for x in self.order if x.type == 42]
        for d in reversed(self.decisions):
            self.standing += [d] if self.stands(d, self.standing) else []
        for x in [x for x in self.order if x.type != 42]:
            acts = {d.ref: d.body[3] for d in self.standing if d.body[3] < 3 and x.ref in d.parents}
            after = [before[d] for d in acts if acts[d] == 1]
            refused = any(acts[d] == 2 and not any(d in refs for refs in after) for d in acts)
            approved = x.signed and not refused and bool(after or x.ref in self.praised)
            self.refused |= {x.ref} if refused else set()
            last = maximal(acts, lambda a, b: a in before[b])
            self.contend(11, (x.type, x.key, 0, b""), len({acts[d] for d in last}) > 1 and last)
            for cell, told in x.cells.items():
                self.sets.setdefault(cell, {})[x.ref] = Setter(approved, *told, cell)
        self.ancestors = {q: closure(parents(q), lambda p: () if p in self.refused else parents(p))
                          for q in self.known}

    def choices(self, cell, setters):
        """The virtual setters of a cell, from the records that set it."""
        found = [setters[d.body[10]]._replace(approved=True, ref=d.ref) for d in self.standing
                 if d.body[3] == 3 and d.body[10] in set(setters) & set(d.parents)
                 and (d.body[7], d.body.get(9, b"")) == cell[2:]
                 and self.object_of(d.body.get(8)) in (cell[:2], (0, None))]
        apart = {(a.ref, b.ref) for a in found for b in found if a.value != b.value
                 and a.ref not in self.ancestors[b.ref] and b.ref not in self.ancestors[a.ref]}
        self.contend(11, cell, {a for a, b in apart if not any(
            {a, b} <= self.ancestors[c.ref] for c in found)})
        self.chosen |= {x.ref for x in found} - set(dict(apart))
        return [x for x in found if x.ref in self.chosen]

    def is_under(self, x, y):
        """Setter y replaces x: it is a descendant, or a handover has it so (7.15)."""
        q, h = x.ref, y.ref
        told = any(z.hands_over(x.cell, q, h) for z in self.handovers)
        back = any(z.hands_over(x.cell, h, q) for z in self.handovers)
        return q in self.ancestors[h] or told and not back and h not in self.ancestors[q]

    def derive(self, *kinds):
        """What stands in the cells of some types, by the class of the field."""
        states = {(kind, key, 2, b"") for kind in self.page.machines for key in self.keys(kind)}
        for cell in sorted(cell for cell in states.union(self.sets) if cell[0] in kinds):
            merge = self.page.types[cell[0]][cell[2]][3]
            count = {q: x for q, x in self.sets.get(cell, {}).items()
                     if q not in self.refused | self.frozen}
            setters = [*count.values(), *(self.choices(cell, count) if merge != "F" else ())]
            setters = self.legal(cell, setters) if merge == "M" else setters
            heads = among = maximal(setters, self.is_under)
            values, flag = {x.value for x in heads}, 0
            rule = {"I": 5, "V": 16, "S": 16}.get(merge, 0) if len(values) > 1 else 0
            if not setters:
                continue
            if merge == "F":
                among, value = setters, min(setters, key=lambda x: x.ref).value
            elif merge == "M":
                machine = self.page.machines[cell[0]]
                ends = [b for b in values if all(machine.reaches(a, b) for a in values)]
                value, rule = max(ends or values, key=machine.rank), 0 if ends else 18
            elif merge in "CVS":
                value = max(heads, key=lambda x: x[merge == "C":]).value  # C: approved or not
            else:
                approved = maximal([x for x in setters if x.approved], self.is_under)
                common = maximal([x for x in setters if all(self.is_under(x, h) for h in heads)],
                                 self.is_under)
                flag = 4 if not rule and approved and not any(x.approved for x in heads) else 0
                among = next((xs for xs in (() if flag else heads, approved, common)
                              if len({x.value for x in xs}) == 1), ())
                value = among[0].value if among else None
            self.contend(rule, cell, rule and {x.ref for x in heads})
            flag |= any(x.approved for x in among if x.value == value)
            self.cells[cell] = Cell(value, flag, heads, setters)

    def legal(self, cell, setters):
        """The setters of a state that its machine allows, and the decisions that set it."""
        kind, machine, moves, legal = cell[0], self.page.machines[cell[0]], self.page.moves, {}
        opened = {d.ref: {p for p in d.parents if self.object_of(p) == cell[:2]
                          and self.known[p].opens} for d in self.standing}
        wishes = {d.ref: Setter(True, 0, 0, d.ref, moves[d.body[3], kind], cell)
                  for d in self.standing if opened[d.ref] and (d.body[3], kind) in moves}
        wishes.update({x.ref: x for x in setters})
        held = {ref for x in self.handovers for ref in x.body[5]} | set(self.records)
        is_blocked = kind == 38 and ((self.value(32, 4) or 1) % 100 == 0 or any(
            rule == 9 and found[0] != 2 for (rule, _), found in self.conflicts.items()))
        for x in [x for x in self.order if x.ref in wishes]:
            to, can = wishes[x.ref].value, True
            near = maximal(self.ancestors[x.ref] & set(legal), lambda p, q: p in self.ancestors[q])
            undone = opened[x.ref] & self.refused if x.type == 42 and x.body[3] == 2 else ()
            start = ({getattr(self.sets.get(cell, {}).get(p), "value", 0) for p in undone}
                     or {legal[q].value for q in near} or {0})
            is_step = any(to in machine.next(f) for f in start)
            if x.type == 42 and x.ref not in self.chosen:
                can = is_step and ((kind, to) != (35, 2) or 1 in start)
            elif x.type != 42 and x.ref in self.records:
                can = (machine.by(to) & x.roles and not (is_blocked and to in machine.blocked)
                       and (is_step or to in start or not set(x.parents) <= held))
                self.contend(17, cell, not can and [x.ref])
            if can:
                legal[x.ref] = wishes[x.ref]
        return list(legal.values())

    def freeze(self):
        """What is effective after the death sets nothing (C08)."""
        death, at = self.cells.get((37, b"", 2, b""), Cell()), self.sets.get((37, b"", 3, b""), {})
        near = {q for x in death.heads for q in {x.ref} | self.ancestors[x.ref]} & set(at)
        told = [x.ref for x in death.setters if x.value == death.value and x.ref in near]
        days = [at[q].value for q in maximal(told, lambda p, q: p in self.ancestors[q])]
        if death.value in (2, 4):
            self.frozen = {x.ref for x in self.order if x.is_after(days)
                           and self.page.freezes(x, self.known.get(x.key, x))}
        self.contend(8, SUBJECT, self.frozen)

    def settle(self):
        """The home: (unit, pending re-home), by the standing residence (8.3); then conflicts."""
        self.permanent = sorted((k for k in self.keys(35, 2) if self.value(35, 3, k) == 1),
                                key=lambda k: (k in self.records and self.records[k].effective, k))
        last = self.permanent[-1] if self.permanent else b""
        house = self.value(36, 4) or 0
        home, self.is_pending = self.facts.carried(
            self.value(35, 4, last), lambda u: self.value(47, 5, last + u.to_bytes(8, "big")))
        self.units = home or self.value(32, 25) or house, house
        numbers, most = self.keys(33, 2), self.facts.policy(6)
        self.contend(5, (33, b"", 3, b""), len(numbers) > 1 and self.openings(33, *numbers))
        self.contend(7, (35, b"", 0, b""), len(self.permanent) > 1 and self.permanent)
        for key in [key for key in self.keys(43, 1) if (self.value(43, 4, key) or 0) >= most]:
            self.contend(10, (43, key, 0, b""), self.openings(43, key))
        self.contend(13, SUBJECT, self.marked(13))
        self.contend(14, SUBJECT, self.marked(14))
        self.judge(5, 7, 8, 10, 11, 13, 14, 16, 17, 18)

    def openings(self, kind, *keys):
        refs = {x.ref for x in self.order if x.type == kind and x.key in keys} - self.refused
        return {q for q in refs if not any(
            self.object_of(p) == self.object_of(q) for p in self.ancestors[q] & refs)}

    def marked(self, rule):
        """What is late (C13) or forked (C14), but for what is cleared."""
        unit = self.fold.whole.subjects[self.uid].units[0]
        cleared = {p for d in self.standing if (d.body[3], d.body.get(6)) == (5, rule)
                   for p in d.parents}
        return {x.ref for x in self.records.values() if 32 <= x.type <= 48 and all(
            y.branch if rule == 14 else self.facts.is_late(y, unit) for y in x.copies)} - cleared

    def names(self, d):
        """The conflicts that a decision is for (4.1)."""
        rule, words, near = d.body[6], (d.body.get(7, 0), d.body.get(9, b"")), d.body.get(8)
        kind, key = self.object_of(near) if near else (None, b"")
        held = [c for c, refs in self.conditions.items() if (c[0], *c[1][2:]) == (rule, *words)
                and refs & set(d.parents) and (c[1][:2] == (kind, key) or not near and not c[1][1])]
        kinds = [0] if rule in (8, 13, 14) else [kind] if kind else [
            self.known[p].type for p in d.parents if p in self.known]
        return held or [(rule, (n, key, *words)) for n in kinds[:1] if kind != 0]

    def judge(self, *rules):
        """{conflict: (1 open, 2 decided or 3 reopened; contenders)} of some rules."""
        named = [(s, d, s.names(d)) for s in self.fold.subjects.values() for d in s.decisions
                 if d.body[3] in (3, 4, 5) and d.body[6] in rules]
        for c in {c for _, _, conflicts in named for c in conflicts}.union(self.conditions):
            refs = self.conditions.get(c, set())
            said = [(s, d) for s, d, conflicts in named if c in conflicts and (
                s is self or c[0] == 9 and refs and c in s.conditions)]
            last = [d for s, d in said if refs <= set(d.parents) and d in s.standing
                    and (d.body[3] != 3 or d.ref in s.chosen)]
            again = any(refs & set(d.parents) for _, d in said)
            if c[0] in rules and (refs or last):
                self.conflicts[c] = (2 if last else 3 if again else 1), sorted(
                    {p for d in last for p in d.parents} or refs)
                self.fold.doubled |= {self.uid, c[1][1]} if c[0] == 10 and not last else set()

    def rows(self):
        """All but those that would be empty (section 12)."""
        units = self.fold.whole.subjects[self.uid].units
        for (rule, (kind, key, no, e)), (state, refs) in self.conflicts.items():
            if rule != 10:  # a mark shows it
                yield [100, self.uid, bytes([rule, no, kind]) + key + e,
                       units[kind == 36] if rule != 9 else 0, state, {0: refs}]
        is_open = {cell for (rule, cell), found in self.conflicts.items()
                   if rule in (5, 16) and found[0] != 2}
        for kind, key in {self.object_of(ref) for ref in self.known}:
            state, cells = self.value(kind, 2, key) or 0, applied.row_cells(
                (*c[2:], x.value, x.flags | 2 * (c in is_open), sorted(h.ref for h in x.heads))
                for c, x in self.cells.items() if c[:2] == (kind, key) and c[2] != 2)
            if state or cells:
                yield [kind, self.uid, key, units[kind == 36], state, cells]
        if self.keys(32):
            first, vital = self.fold.canonical.get(self.uid, self.uid), self.value(37, 2)
            status = 6 if first != self.uid else {3: 3, 5: 4}.get(vital, 1)
            status = {2: 2, 4: 2, 7: 5}.get(vital, status)
            marks = ((1, self.marked(14)), (2, self.marked(13)), (4, self.frozen),
                     (8, self.is_pending), (16, self.uid in self.fold.doubled))
            cells = {0: first, 1: sum(bit for bit, mark in marks if mark)}
            cells |= {2: key for key in self.permanent[-1:]}
            yield [101, self.uid, b"", units[0], status, cells]


class Fold:
    """All subjects, from the copies that a unit reads; of unit 0, all copies."""
    def __init__(self, page, authority, copies, unit=0, whole=None):
        self.page, self.authority, self.copies = page, authority, copies
        self.facts, self.whole, self.doubled = authority.whole, whole or self, set()
        records = applied.records_of(page, authority, copies, unit)
        self.bridge = authority.bridge_but_for(records)
        self.subjects = {uid: Subject(self, uid, [x for x in records if x.subject == uid])
                         for uid in sorted({x.subject for x in records})}
        for s in self.subjects.values():
            s.decide()
            s.derive(33, 37, 43)  # which no death freezes
        self.link()
        for s in self.subjects.values():
            s.judge(9)
            s.freeze()
            s.derive(32, 34, 35, 36, 38, 39, 40, 41, 47)
            s.settle()

    def link(self):
        """What persons share: duplicates' links, {uid: the uid that goes on} (8.9); C09."""
        everyone, cluster, given = self.subjects.values(), {}, set()
        for s, key in [(s, key) for s in everyone for key in s.keys(43, 2)]:
            joined = cluster.get(s.uid, {s.uid}) | cluster.get(key, {key})
            if len(joined) <= 64:
                cluster.update({uid: joined for uid in joined})
                keeps = {s.known[x.ref].body.get(11) for x in s.cells[43, key, 2, b""].heads
                         if x.value == 2} - {None}
                given |= {uid for keep in keeps for uid in {s.uid, key} - {keep}}
        self.canonical = {uid: min(joined - given or joined) for uid, joined in cluster.items()}
        for number in {key for s in everyone for key in s.keys(33) if any(key)}:
            who = [s for s in everyone if s.value(33, 2, number) and s.value(37, 2) != 7]
            held = [(self.canonical.get(s.uid, s.uid), s.value(33, 2, number)) for s in who]
            if any(x < 3 and (y == 3 or a != b) for a, x in held for b, y in held):
                for s, t in [(s, t) for s in who for t in who]:
                    s.contend(9, (33, number, 0, b""), t.openings(33, number))

    def rows(self):
        """Every unit's, from a fold of what it reads (section 12)."""
        out = self.authority.campaign_rows()
        for unit in {0}.union(*(s.units for s in self.subjects.values())):
            fold = Fold(self.page, self.authority, self.copies, unit, self) if unit else self
            out += [row for s in fold.subjects.values() for row in s.rows() if row[3] == unit]
        return out

    def roots(self, rows):
        """{unit: (root, rows, persons)}, and of all."""
        return {unit: applied.root(self.authority.registry, [
            x for x in rows if unit in (x[3], "all")]) for unit in {"all", *(x[3] for x in rows)}}
