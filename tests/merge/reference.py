#!/usr/bin/env python3
"""Histories for the reference: reads them, prints what the reference makes of them.

    reference.py PAGE FILE    rows and roots of every history of a file

And what of the page a history goes through, so that a run can say what it has
tried: nothing here is part of the merge.
"""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "reference"))

import admission_reference as adm  # noqa: E402
import applied_reference as applied  # noqa: E402
import merge_reference as merge  # noqa: E402
import records_reference as r  # noqa: E402

SHOWN = (5, 7, 8, 9, 10, 11, 13, 14, 16, 17, 18)  # the rules that open a conflict
MARKS = (1, 2, 4, 8, 16)


class Histories:
    """A file of histories (history.h says how it is written)."""

    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, size):
        self.at += size
        return self.data[self.at - size:self.at]

    def uint(self, size):
        return int.from_bytes(self.take(size), "big")

    def history(self):
        """(number, registry id, logs, copies) of the next one; head: its bytes before copies."""
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
            c.id = applied.purpose_hash("sogoc v1 record", registry,
                                    applied.inner_bytes(payload, c.inner))
        except (r.Refused, TypeError, ValueError):
            c.inner = None


class Answer:
    """What the reference says of one history."""

    def __init__(self, page, registry, logs, copies):
        self.page, self.copies = page, copies
        self.authority = adm.Authority(registry, logs, copies)
        self.judged = adm.judge_all(self.authority, page, copies)
        self.fold = merge.Fold(page, self.authority, [c for c, ok, _ in self.judged if ok])
        self.rows = self.fold.rows()

    def lines(self):
        """As merge_replay prints them: whether each copy counts, every row, every root."""
        good = {id(c) for c, ok, _ in self.judged if ok}
        out = ["copies " + "".join("s" if c.is_statement() else "A" if id(c) in good else "-"
                                   for c in self.copies)]
        out += ["row " + r.encode(row).hex() for row in self.rows]
        return out + [f"root {unit} {root} {rows} {persons}" for unit, (root, rows, persons)
                      in self.fold.roots(self.rows).items()]

    def cover(self):
        """What of the page this history goes through."""
        out = set()
        for s in self.fold.subjects.values():
            out |= {f"C{rule:02} {('', 'open', 'decided', 'reopened')[state]}"
                    for (rule, _), (state, _) in s.conflicts.items()}
            out |= {f"act {d.body[3]}" for d in s.standing}
            out |= {"handover"} if set(s.known) - set(s.records) else set()
            out |= {"refused"} if s.refused else set()
            out |= {"approved"} if any(x.approved for xs in s.sets.values()
                                       for x in xs.values()) else set()
            out |= {"bridge"} if any(p in self.authority.bridge for x in s.records.values()
                                     for p in x.parents) else set()
            for cell, found in s.cells.items():
                values = len({x.value for x in found.heads})
                kept = {"C02": len(found.heads) < len(found.setters), "pending": found.flags & 4,
                        "C04": len(found.heads) > values,
                        "C06": values > 1 and self.page.types[cell[0]][cell[2]][3] == "C"}
                out |= {word for word, is_so in kept.items() if is_so and cell[2] != 2}
            out |= {f"edge {kind} {a} {b}" for kind, a, b in self.edges(s)}
        return sorted(out | self.cover_rows() | self.cover_copies())

    def edges(self, s):
        """The steps of machines that own records and decisions take: (type, from, to)."""
        for cell, found in s.cells.items():
            legal = {x.ref: x.value for x in found.setters if cell[2] == 2}
            for x, to in [(s.records[ref], to) for ref, to in legal.items()
                          if ref in s.records and ref not in s.chosen]:
                near = applied.maximal(s.ancestors[x.ref] & set(legal),
                                   lambda p, q: p in s.ancestors[q])
                undone = [p for p in x.parents if x.type == 42 and x.body[3] == 2
                          and p in s.refused & set(s.sets.get(cell, ())) and s.known[p].opens]
                start = ({s.sets[cell][p].value for p in undone}
                         or {legal[q] for q in near} or {0})
                for a in start:
                    if to in self.page.machines[cell[0]].next(a):
                        yield cell[0], a, to

    def cover_rows(self):
        out = set()
        for _, _, _, _, state, cells in [row for row in self.rows if row[0] == 101]:
            out |= {f"status {state}"} | {f"mark {bit}" for bit in MARKS if cells[1] & bit}
        return out

    def cover_copies(self):
        slots = [(x.type, x.subject) for x in self.authority.valid
                 if x.type in (6, 8, 11, 12, 13, 15, 16, 20, 21)]
        ids = [c.id for c, ok, _ in self.judged if ok]
        kept = {"C01": len(set(ids)) < len(ids), "C15": len(set(slots)) < len(slots),
                "C12": any(above and not ok for _, ok, above in self.judged),
                "endorsed": any(above and ok for _, ok, above in self.judged)}
        return {word for word, is_so in kept.items() if is_so}


def due(page):
    """All that histories must go through."""
    out = {f"C{n:02} {w}" for n in SHOWN for w in ("open", "decided", "reopened")}
    out |= {"C01", "C02", "C04", "C06", "C12", "C15", "pending", "refused", "approved",
            "bridge", "endorsed", "handover"}
    out |= {f"act {n}" for n in range(1, 10)} | {f"status {n}" for n in range(1, 7)}
    out |= {f"mark {bit}" for bit in MARKS}
    out |= {f"edge {kind} {a} {b}" for kind, machine in page.machines.items()
            for a in machine.table for b in machine.next(a) if (kind, b) != (43, 1) or a == 0}
    return sorted(out)  # a pair goes back to 1 by a reopen, which sets nothing


def main(argv):
    if len(argv) != 3:
        print(__doc__, file=sys.stderr)
        return 2
    with open(argv[1], encoding="utf-8") as f:
        page = applied.Page(f.read())
    with open(argv[2], "rb") as f:
        source = Histories(f.read())
    if source.take(8) != b"sogochs1":
        print("not a file of histories", file=sys.stderr)
        return 1
    while source.at < len(source.data):
        number, registry, logs, copies = source.history()
        print(f"history {number}")
        print("\n".join(Answer(page, registry, logs, copies).lines()))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
