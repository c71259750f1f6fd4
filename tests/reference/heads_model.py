#!/usr/bin/env python3
"""Head exchange of PROTOCOL.md section 7, run between two sets of heads.

    heads_model.py            the table of the page: bytes and trips by d
    heads_model.py cells      cells needed per difference
    heads_model.py check      a smaller run that fails when anything differs
                              after the exchange or a figure is not met

Two nodes know 11,000 logs; d heads differ. Every message is really encoded,
and decoded by the other side. Counted are message bodies, type and length, in
both directions, up to the point where both sides know which logs differ: sizes
and tags of the heads themselves (which stand for the 72-byte checkpoint that
comes with the first package) are shown apart. Deterministic; standard library
only. hashlib's SHA-256 stands for the slow one of primitives.py.
"""

import hashlib
import random
import sys

PRIME = 2**32 - 5
CELL = 12
BLOCK = b"sogoc v1 heads".ljust(32, b"\0") + b"\x11" * 32
FIRST_CELLS = 16  # a sender's choice, not part of the format
CELLS_MAX = 16383


def sha(data):
    return hashlib.sha256(BLOCK + data).digest()


def varint(n):
    out = bytearray()
    while n >= 0x80:
        out.append(n & 0x7F | 0x80)
        n >>= 7
    out.append(n)
    return bytes(out)


def read_varint(data, at):
    n = shift = 0
    while True:
        n |= (data[at] & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if data[at - 1] < 0x80:
            return n, at


def message(kind, body):
    return bytes([kind]) + varint(len(body)) + body


# ---------------------------------------------------------------- the tree


def leaf(log, size, root):
    return sha(b"\0" + log + size.to_bytes(8, "big") + root)


def leaf_forked(log):
    return sha(b"\x02" + log)


def nibble(log, n):
    return log[n >> 1] >> 4 if n % 2 == 0 else log[n >> 1] & 15


def tree_hash(items, depth=0):
    """items: sorted (log, leaf). The hash of a set does not depend on where
    its prefix was cut: levels with one child are passed over."""
    if not items:
        return bytes(32)
    if len(items) == 1:
        return items[0][1]
    groups = {}
    while len(groups) < 2:
        groups = {}
        for item in items:
            groups.setdefault(nibble(item[0], depth), []).append(item)
        depth += 1
    bitmap = sum(1 << c for c in groups)
    return sha(b"\x01" + bitmap.to_bytes(2, "big")
               + b"".join(tree_hash(groups[c], depth) for c in sorted(groups)))


# --------------------------------------------------------------- the cells


def mix(x, k):
    z = (x + (k + 1) * 0x9E3779B9) & 0xFFFFFFFF
    z = (z ^ z >> 16) * 0x85EBCA6B & 0xFFFFFFFF
    z = (z ^ z >> 13) * 0xC2B2AE35 & 0xFFFFFFFF
    return z ^ z >> 16


def place(x, k):
    """The cell of log number x in block k: blocks have 1, 2, 4, ... cells."""
    return (1 << k) - 1 + (mix(x, k) >> (32 - k) if k else 0)


def places(x, n):
    k, found = 0, []
    while (1 << k) - 1 < n:
        i = place(x, k)
        if i < n:
            found.append(i)
        k += 1
    return found


def log_number(log):
    return int.from_bytes(log[:4], "big") % PRIME


def value(leaf_hash):
    return int.from_bytes(leaf_hash[:4], "big") % PRIME or 1


def cells_of(pairs, n):
    cells = [[0, 0, 0] for _ in range(n)]
    for x, v in pairs:
        for i in places(x, n):
            c = cells[i]
            c[0] = (c[0] + v) % PRIME
            c[1] = (c[1] + v * x) % PRIME
            c[2] = (c[2] + v * x % PRIME * x) % PRIME
    return cells


def pure(cell):
    """The log number, if exactly one log's value is left in the cell."""
    if not cell[0] or cell[1] * cell[1] % PRIME != cell[0] * cell[2] % PRIME:
        return None
    return cell[1] * pow(cell[0], PRIME - 2, PRIME) % PRIME


def peel(cells):
    """Takes lone logs out until nothing is left. (numbers, all found?)"""
    cells, found = [list(c) for c in cells], {}
    queue = list(range(len(cells)))
    while queue and len(found) <= 4 * len(cells):
        i = queue.pop()
        x = pure(cells[i])
        if x is None or i not in places(x, len(cells)):
            continue
        v = cells[i][0]
        found[x] = (found.get(x, 0) + v) % PRIME
        for j in places(x, len(cells)):
            c = cells[j]
            c[0] = (c[0] - v) % PRIME
            c[1] = (c[1] - v * x) % PRIME
            c[2] = (c[2] - v * x % PRIME * x) % PRIME
            queue.append(j)
    done = not any(any(c) for c in cells)
    return {x for x, v in found.items() if v}, done


def next_cells(cells):
    """How many cells to ask for in all, from the share of empty ones."""
    n = len(cells)
    last = cells[n // 2:]
    empty = sum(not any(c) for c in last)
    if empty * 16 < len(last):
        return min(4 * n, CELLS_MAX)
    # d = m ln(m / empty); ask for 1.6 d, at least a quarter more.
    ratio, ln = len(last) / empty, 0.0
    while ratio > 1.01:
        ratio, ln = ratio / 1.01, ln + 0.00995
    return min(max(int(1.6 * len(last) * ln) + 6, n + n // 4), CELLS_MAX)


# ---------------------------------------------------------------- messages

SAME, HEADS, ASK, INTRODUCE, CELLS, MORE, TREE = 16, 17, 18, 19, 20, 21, 22


def heads_body(width, items, auth=None, judge=None):
    """items: (ref, size, short, tag), sorted. Returns (bytes, apart): apart
    counts the bytes of sizes and tags."""
    flags = (auth is not None) | (judge is not None) << 1 | (width - 1) << 3
    body, last = bytes([flags]) + (auth or b"") + varint(len(items)), 0
    for ref, _, _, _ in items:
        body, last = body + varint(ref - last), ref
    rest = b"".join(varint(size) + varint(short) + tag for _, size, short, tag in items)
    return body + rest + (judge or b""), len(rest)


class Node:
    def __init__(self, heads):
        self.heads = dict(heads)  # log -> (size, root)
        self.claims = {}  # what the peer said: number -> (size, value)
        self.leaves = {log: leaf(log, *head) for log, head in heads.items()}

    def root(self):
        return tree_hash(sorted(self.leaves.items()))[:16]

    def width(self):
        return min(32, 7 + len(self.heads).bit_length())

    def claim(self, log, width):
        size, _ = self.heads[log]
        ref = int.from_bytes(log[:4], "big") >> (32 - width)
        return ref, size, 0, self.leaves[log][:4]

    def list_of(self, logs, width):
        return sorted(self.claim(log, width) for log in logs)

    def pairs(self):
        return [(log_number(log), value(h)) for log, h in self.leaves.items()]

    def take(self, other, logs):
        """Stands for introductions and packages: the larger head wins."""
        for log in logs:
            theirs = other.heads[log]
            if log not in self.heads or theirs[0] > self.heads[log][0]:
                self.heads[log] = theirs
                self.leaves[log] = leaf(log, *theirs)


class Count:
    def __init__(self):
        self.bytes, self.apart, self.trips = 24, 0, 0.5  # root and two tags

    def send(self, kind, body, apart=0):
        self.bytes += len(message(kind, body)) - apart
        self.apart += apart
        self.trips += 0.5


def differing(a, b):
    return sorted(log for log in set(a.heads) | set(b.heads)
                  if a.heads.get(log) != b.heads.get(log))


def ahead(a, b, logs):
    """Those of logs that a knows and b knows less far or not at all."""
    return [log for log in logs if log in a.heads
            and (log not in b.heads or a.heads[log][0] > b.heads[log][0])]


AUTH, JUDGE = bytes(4), bytes(8)


def introductions(count, logs):
    """Unknown logs are introduced by core, size, short, tag: counted apart."""
    if logs:
        count.send(INTRODUCE, bytes(len(logs) * 56), len(logs) * 56)


def with_memory(a, b, changed_a, changed_b):
    """b answers with its changes, a with its own and the judge."""
    count = Count()
    if a.root() == b.root():
        count.send(SAME, b"")
        return count
    known_b = [log for log in changed_b if log in a.heads]
    known_a = [log for log in changed_a if log in b.heads]
    introductions(count, [log for log in changed_b if log not in a.heads])
    count.send(HEADS, *heads_body(b.width(), b.list_of(known_b, b.width()), AUTH))
    introductions(count, [log for log in changed_a if log not in b.heads])
    count.send(HEADS, *heads_body(a.width(), a.list_of(known_a, a.width()),
                                  None, JUDGE))
    count.send(SAME, b"")
    a.take(b, changed_b)
    b.take(a, changed_a)
    return count


def without_memory(a, b):
    """b sends cells, a finds the logs, both tell what they have."""
    count = Count()
    if a.root() == b.root():
        count.send(SAME, b"")
        return count
    n, auth = FIRST_CELLS, AUTH
    by_number = {}
    for log in set(a.heads) | set(b.heads):
        by_number.setdefault(log_number(log), []).append(log)
    start = 0
    while True:
        theirs, own = cells_of(b.pairs(), n), cells_of(a.pairs(), n)
        sent = bytes([auth is not None]) + (auth or b"") + varint(start)
        count.send(CELLS, sent + bytes(CELL * (n - start)))
        start, auth = n, None
        diff = [[(s - t) % PRIME for s, t in zip(c, d)] for c, d in zip(own, theirs)]
        found, done = peel(diff)
        if done:
            break
        if n == CELLS_MAX:
            return tree(a, b, count)
        n = next_cells(diff)
        count.send(MORE, varint(n))
    logs = [log for x in found for log in by_number[x]]
    count.send(HEADS, *heads_body(32, a.list_of([g for g in logs if g in a.heads], 32)))
    asked = [log for log in logs if log not in a.heads]
    if asked:
        refs = sorted(int.from_bytes(log[:4], "big") for log in asked)
        count.send(ASK, heads_body(32, [(r, 0, 0, b"") for r in refs])[0])
        count.trips -= 0.5
    introductions(count, asked + [log for log in logs if log not in b.heads])
    back = [log for log in ahead(b, a, logs) if log in a.heads]
    count.send(HEADS, *heads_body(32, b.list_of(back, 32), None, JUDGE))
    count.send(SAME, b"")
    a.take(b, ahead(b, a, logs))
    b.take(a, ahead(a, b, logs))
    return count


class Under:
    """The logs below each prefix of a node, and their hash."""

    def __init__(self, node):
        self.groups, self.hashes = {"": sorted(node.leaves.items())}, {}

    def logs(self, prefix):
        if prefix not in self.groups:
            upper = self.logs(prefix[:-1])
            for c in "0123456789abcdef":
                self.groups[prefix[:-1] + c] = []
            for item in upper:
                c = "0123456789abcdef"[nibble(item[0], len(prefix) - 1)]
                self.groups[prefix[:-1] + c].append(item)
        return self.groups[prefix]

    def hash(self, prefix):
        if prefix not in self.hashes:
            self.hashes[prefix] = tree_hash(self.logs(prefix))
        return self.hashes[prefix]


LIST_MAX = 4  # logs of a subtree that are named rather than divided; a choice


def tree(a, b, count=None):
    """The walk that always ends: nodes that differ are divided."""
    count = count or Count()
    if a.root() == b.root():
        count.send(SAME, b"")
        return count
    found, todo, sender, receiver, first = [], [""], b, a, True
    under_a, under_b = Under(a), Under(b)
    while todo:
        body, apart = bytes([first]) + (AUTH if first else b""), 0
        nxt, first = [], False
        for prefix in todo:
            under = under_b if sender is b else under_a
            other = under_a if sender is b else under_b
            mine = under.logs(prefix)
            head = bytes([len(prefix)]) + bytes((len(prefix) + 1) // 2)
            if len(mine) <= LIST_MAX:
                body += b"\x01" + head + varint(len(mine)) + bytes(4 * len(mine))
                extra = sum(len(varint(sender.heads[g[0]][0])) + 5 for g in mine)
                body, apart = body + bytes(extra), apart + extra
                found += {g[0] for g in set(mine) ^ set(other.logs(prefix))}
                continue
            body += b"\0" + head + b"\0\0"
            for c in "0123456789abcdef":
                body += bytes(4) if under.logs(prefix + c) else b""
                if under.hash(prefix + c)[:4] != other.hash(prefix + c)[:4]:
                    nxt.append(prefix + c)
        count.send(TREE, body, apart)
        todo, sender, receiver = nxt, receiver, sender
    logs = sorted(set(found))
    count.send(HEADS, *heads_body(32, sender.list_of(
        [g for g in ahead(sender, receiver, logs) if g in receiver.heads], 32), None, JUDGE))
    count.send(SAME, b"")
    a.take(b, ahead(b, a, logs))
    b.take(a, ahead(a, b, logs))
    return count


# --------------------------------------------------------------------- runs


def world(n, d, seed, both=False, unknown=0):
    rng = random.Random(seed)
    base = {rng.randbytes(32): (rng.randrange(1, 5000), rng.randbytes(32))
            for _ in range(n)}
    a, b = dict(base), dict(base)
    changed = rng.sample(sorted(base), d - unknown)
    sides = ([], [])
    for i, log in enumerate(changed):
        side = i % 2 if both else 1
        (a, b)[side][log] = (base[log][0] + rng.randrange(1, 50), rng.randbytes(32))
        sides[side].append(log)
    for i in range(unknown):
        side = i % 2 if both else 1
        log = rng.randbytes(32)
        (a, b)[side][log] = (1, rng.randbytes(32))
        sides[side].append(log)
    return Node(a), Node(b), sides


def run(how, n, d, seed, both=False, unknown=0):
    a, b, sides = world(n, d, seed, both, unknown)
    if how is with_memory:
        count = how(a, b, *sides)
    else:
        count = how(a, b)
    if a.root() != b.root():
        raise SystemExit(f"{how.__name__} d={d} seed={seed}: the roots differ")
    return count


GOAL = {without_memory: {0: 34, 1: 850, 10: 3700, 100: 15000, 1000: 38000},
        with_memory: {0: 48, 1: 52, 10: 82, 100: 320, 1000: 2400}}


def table(n, seeds, ds):
    missed = 0
    print("how             d   bytes mean    max   goal  apart  trips")
    for how in (without_memory, with_memory, tree):
        for d in ds:
            for both in (False, True) if d > 1 else (False,):
                counts = [run(how, n, d, s, both) for s in range(seeds)]
                size = [c.bytes for c in counts]
                goal = GOAL.get(how, {}).get(d, 0)
                worst = max(size)
                print(f"{how.__name__:14} {d:5} {sum(size) / len(size):10.0f} "
                      f"{worst:6} {goal:6} "
                      f"{sum(c.apart for c in counts) / len(counts):6.0f} "
                      f"{max(c.trips for c in counts):5.1f}"
                      f"{'  both sides' if both else ''}")
                missed += goal and worst > goal
    return missed


def cells_needed():
    rng = random.Random(1)
    print("    d  cells/d: least  median  most")
    for d, runs in ((1, 50), (3, 50), (10, 50), (100, 50), (1000, 10)):
        found = []
        for _ in range(runs):
            pairs = [(rng.randrange(PRIME), rng.randrange(1, PRIME)) for _ in range(d)]
            n = d
            while not peel(cells_of(pairs, n))[1]:
                n += max(1, d // 50)
            found.append(n / d)
        found.sort()
        print(f"{d:5} {found[0]:14.2f} {found[runs // 2]:7.2f} {found[-1]:5.2f}")


def main(argv):
    if argv[1:] == ["cells"]:
        return cells_needed()
    if argv[1:] == ["check"]:
        missed = table(11000, 2, (0, 1, 10, 100))
        for seed in range(20):
            for how in (without_memory, with_memory, tree):
                run(how, 200, 12, seed, True, 5)
        print(f"{missed} figures missed")
        return 1 if missed else 0
    return 1 if table(11000, 5, (0, 1, 10, 100, 1000)) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
