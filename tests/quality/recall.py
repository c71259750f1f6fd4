#!/usr/bin/env python3
"""Measures what the register finds wrong against what is wrong.

    recall.py MEASURE POPULATION TRUTH

runs MEASURE (build/tests/quality/measure) on POPULATION and compares its
findings with TRUTH; both files in the formats of tools/data/README.md, ours or
anybody's. Prints recall and precision of each kind and exits 1 when a goal is
missed: structural kinds 0.99 and 0.99, duplicates 0.9 and 0.5.
"""
import json
import subprocess
import sys

STRUCTURAL = ("pin", "incomplete", "mismatch", "mojibake", "nfd")
GOALS = {kind: (0.99, 0.99) for kind in STRUCTURAL} | {"duplicate": (0.9, 0.5)}


def key(row):
    """What makes two findings the same: a pair has no direction."""
    kind = row["kind"]
    if kind == "duplicate":
        return tuple(sorted((row["person"], row["other"])))
    if kind in ("incomplete", "mismatch"):
        return row["person"], row["field"]
    return (row["person"],)


def read(lines):
    found = {}
    for line in lines:
        row = json.loads(line)
        found.setdefault(row["kind"], set()).add(key(row))
    return found


def main(argv):
    if len(argv) != 4:
        sys.stderr.write(__doc__)
        return 2
    measure = subprocess.run([argv[1], argv[2]], stdout=subprocess.PIPE, check=True, text=True)
    found = read(measure.stdout.splitlines())
    with open(argv[3], encoding="utf-8") as file:
        truth = read(file)
    missed = 0
    print(f"{'kind':12}{'true':>8}{'found':>8}{'right':>8}{'recall':>9}{'precision':>11}  goal")
    for kind, (least_recall, least_precision) in GOALS.items():
        wrong, said = truth.get(kind, set()), found.get(kind, set())
        right = len(wrong & said)
        recall = right / len(wrong) if wrong else 1.0
        precision = right / len(said) if said else 1.0
        holds = recall >= least_recall and precision >= least_precision
        missed += not holds
        print(f"{kind:12}{len(wrong):8}{len(said):8}{right:8}{recall:9.4f}{precision:11.4f}"
              f"  {least_recall}, {least_precision} {'holds' if holds else 'MISSED'}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
