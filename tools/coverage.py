"""Counts the branches and lines of one folder that a build's tests have run.

usage: coverage.py SOURCE_DIR BUILD_DIR FOLDER

BUILD_DIR was built by gcc with -DSG_COVERAGE=ON, and its tests have run. A file
that several objects contain (an inline function) counts once: what any of them
has run is run. The failing side of SG_ASSERT is not counted: no input reaches
it. Prints a row for each file and each thing not run; exit 1 if there is any.
"""
import gzip
import json
import os
import subprocess
import sys
import tempfile

ASSERT = "SG_ASSERT("


def reports(source, build):
    """Yields what gcov says of every object that has run."""
    data = [
        os.path.join(folder, name)
        for folder, _, names in os.walk(build)
        for name in names
        if name.endswith(".gcda")
    ]
    with tempfile.TemporaryDirectory() as out:
        for path in data:
            subprocess.run(
                ["gcov", "--branch-probabilities", "--json-format", path],
                cwd=out, check=True, stdout=subprocess.DEVNULL)
            for name in os.listdir(out):
                with gzip.open(os.path.join(out, name)) as file:
                    yield from json.load(file)["files"]
                os.remove(os.path.join(out, name))


def locate(source, build, name):
    """The path of NAME in the sources: rings see them through links."""
    for base in (source, build):
        path = os.path.realpath(os.path.join(base, name))
        if os.path.isfile(path):
            return os.path.relpath(path, source)
    # -ffile-prefix-map calls the build tree "build", whatever it is called
    return locate(source, build, name[len("build/"):]) if name.startswith(
        "build/") else None


def count(source, build, folder):
    """{path: ({line: count}, {(line, place in it): count})}"""
    found = {}
    for file in reports(source, build):
        path = locate(source, build, file["file"])
        if path is None or os.path.dirname(path) != folder:
            continue
        lines, branches = found.setdefault(path, ({}, {}))
        for line in file["lines"]:
            number = line["line_number"]
            lines[number] = lines.get(number, 0) + line["count"]
            for place, branch in enumerate(line["branches"]):
                key = (number, place)
                branches[key] = branches.get(key, 0) + branch["count"]
    return found


def uncounted(text, key):
    return ASSERT in text[key[0] - 1]


def report(source, path, lines, branches):
    """Prints the row of PATH. Returns its counts, and what was not run."""
    with open(os.path.join(source, path), encoding="utf-8") as file:
        text = file.read().split("\n")
    branches = {key: value for key, value in branches.items()
                if not uncounted(text, key)}
    print("%-36s %14s %14s" % (path, *(
        "%d of %d" % (sum(map(bool, what.values())), len(what))
        for what in (lines, branches))))
    missing = {number for number, value in lines.items() if not value}
    missing |= {key[0] for key, value in branches.items() if not value}
    return len(lines), len(branches), [
        "%s:%d: %s" % (path, number, text[number - 1].strip())
        for number in sorted(missing)]


def main():
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    source, build = (os.path.realpath(path) for path in sys.argv[1:3])
    folder = sys.argv[3].rstrip("/")
    found = count(source, build, folder)
    missing = [
        "%s/%s: by no test" % (folder, name)
        for name in sorted(os.listdir(os.path.join(source, folder)))
        if name.endswith(".c") and folder + "/" + name not in found]
    n_lines = n_branches = 0
    print("%-36s %14s %14s" % ("file", "lines run", "branches run"))
    for path in sorted(found):
        lines, branches, more = report(source, path, *found[path])
        n_lines += lines
        n_branches += branches
        missing += more
    for line in missing:
        print("not run: " + line)
    print("%s: %d lines, %d branches; not wholly run: %d" %
          (folder, n_lines, n_branches, len(missing)))
    sys.exit(1 if missing else 0)


if __name__ == "__main__":
    main()
