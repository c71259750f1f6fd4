#!/usr/bin/env python3
"""Measures what the register finds wrong against what is wrong.

    recall.py MEASURE POPULATION TRUTH

runs MEASURE (build/quality/measure) on POPULATION and compares its findings
with TRUTH; both files in the formats of tools/data/README.md, ours or
anybody's. Prints recall and precision of each kind and exits 1 when a goal is
missed: structural kinds 0.99 and 0.99, duplicates 0.9 and 0.5.

A kind of which the truth has nothing, and the register finds nothing, holds; a
kind that is not measured here (a death, a move ...) is counted and listed. A
field that TRUTH calls incomplete is due in that population, whether or not it
is in ours. Two entries of a third are a pair too, though the truth need not
say so. Lines without person or kind are counted and told.
"""
import json
import subprocess
import sys

STRUCTURAL = ("pin", "incomplete", "mismatch", "mojibake", "nfd")
GOALS = {kind: (0.99, 0.99) for kind in STRUCTURAL} | {"duplicate": (0.9, 0.5)}


def key(row):
    """What makes two findings the same: a pair has no direction."""
    kind = row["kind"]
    person = row["person"].lower()
    if kind == "duplicate":
        return tuple(sorted((person, row["other"].lower())))
    if kind in ("incomplete", "mismatch"):
        return person, row["field"]
    return (person,)


def read(lines):
    """The findings by kind, and how many lines could not be understood."""
    found, odd = {}, 0
    for line in lines:
        if not line.strip():
            continue
        try:
            row = json.loads(line)
            if "kind" not in row and "event" in row:
                continue
            found.setdefault(row["kind"], set()).add(key(row))
        except (ValueError, KeyError, TypeError, AttributeError):
            odd += 1
    return found, odd


def close(pairs):
    """All pairs that follow from PAIRS: entries of one person."""
    parent = {}

    def root(uid):
        while parent.setdefault(uid, uid) != uid:
            uid = parent[uid]
        return uid

    for first, second in pairs:
        parent[root(first)] = root(second)
    persons = {}
    for uid in parent:
        persons.setdefault(root(uid), []).append(uid)
    return {tuple(sorted((first, second))) for uids in persons.values()
            for i, first in enumerate(uids) for second in uids[i + 1:]}


def compare(kind, wrong, said):
    """How many are right, recall and precision."""
    right = len(wrong & said)
    allowed = close(wrong) if kind == "duplicate" else wrong
    recall = right / len(wrong) if wrong else 1.0
    precision = len(allowed & said) / len(said) if said else 1.0
    return right, recall, precision


def report(truth, found):
    """Prints the table; gives how many goals were missed."""
    missed = 0
    print(f"{'kind':12}{'true':>8}{'found':>8}{'right':>8}{'recall':>9}{'precision':>11}  goal")
    for kind, goal in GOALS.items():
        wrong, said = truth.get(kind, set()), found.get(kind, set())
        right, recall, precision = compare(kind, wrong, said)
        holds = recall >= goal[0] and precision >= goal[1]
        missed += not holds
        print(f"{kind:12}{len(wrong):8}{len(said):8}{right:8}{recall:9.4f}{precision:11.4f}"
              f"  {goal[0]}, {goal[1]} {'holds' if holds else 'MISSED'}")
    for kind in sorted(set(truth) - set(GOALS)):
        print(f"{kind:12}{len(truth[kind]):8}  not a finding of one entry: not measured")
    return missed


def main(argv):
    if "--help" in argv:
        sys.stdout.write(__doc__)
        return 0
    if len(argv) != 4:
        sys.stderr.write(__doc__)
        return 2
    with open(argv[3], encoding="utf-8") as file:
        truth, odd = read(file)
    if odd:
        print(f"{odd} lines of {argv[3]} have no person, kind, field or other, and are passed over")
    due = sorted({field for _, field in truth.get("incomplete", set())})
    command = [argv[1]] + (["--due", ",".join(due)] if due else []) + [argv[2]]
    measure = subprocess.run(command, stdout=subprocess.PIPE, check=False, text=True)
    if measure.returncode != 0:
        sys.stderr.write(f"{' '.join(command)}: exit {measure.returncode}\n")
        return 1
    found, _ = read(measure.stdout.split("\n"))
    return 1 if report(truth, found) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
