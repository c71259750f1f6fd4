#!/usr/bin/env python3
"""Verifies what `sogoc log export` and `sogoc prove` print, without sogoc.

usage: verify_export.py EXPORT [PROOF...] [--key HEX]

EXPORT is the output of `sogoc log export`; PROOFs are tlog-proofs of entries of
that log. Checked, from storage/FORMAT.md alone: the signed note (form, key id,
Ed25519), the log id from the core in entry 0, every header, the hash of every
payload that is there, the Merkle root over all leaves, and of each proof its
form, its note, its path, and that its header is the export's.

  --key HEX  the node key, as you know it from elsewhere; without it the log's
             own word is taken for who its writer is

Exit: 0 all of it holds, 1 it does not, 2 wrong usage. Standard library and
primitives.py only.
"""

import base64
import binascii
import json
import re
import sys

from primitives import ed25519_verify, sha256

HEADER_SIZE = 46
PAYLOAD_SIZE_MAX = 65536


class Wrong(Exception):
    """What does not hold, in one line."""


def demand(truth, what):
    if not truth:
        raise Wrong(what)


def purpose_hash(purpose, registry, data):
    return sha256(purpose.encode().ljust(32, b"\0") + registry + data)


def unbase64(text, what):
    """Decodes the one base64 of some bytes."""
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise Wrong(f"{what}: no base64") from None
    demand(base64.b64encode(data) == (text if isinstance(text, bytes) else text.encode()),
           f"{what}: not canonical base64")
    return data


def decimal(text, what):
    demand(re.fullmatch(rb"0|[1-9][0-9]{0,19}", text), f"{what}: no canonical number")
    return int(text)


# ------------------------------------------------------------------ note


class Note:
    """A signed note of ours: exactly five lines, the last one the writer's."""

    def __init__(self, note):
        lines = note.split(b"\n")
        demand(len(lines) == 6 and lines[5] == b"" and lines[3] == b"",
               "note: not five lines")
        match = re.fullmatch(rb"sogoc/v1/([0-9a-f]{64})/([0-9a-f]{64})", lines[0])
        demand(match, "note: origin")
        self.origin = lines[0]
        self.registry, self.log = (bytes.fromhex(g.decode()) for g in match.groups())
        self.size = decimal(lines[1], "note: size")
        demand(1 <= self.size < 1 << 64, "note: size")
        self.root = unbase64(lines[2], "note: root")
        demand(len(self.root) == 32, "note: root")
        self.text = b"\n".join(lines[:3]) + b"\n"
        prefix = "— ".encode() + self.origin + b" "
        demand(lines[4].startswith(prefix), "note: signature line")
        signed = unbase64(lines[4][len(prefix):], "note: signature")
        demand(len(signed) == 68, "note: signature")
        self.key_id, self.signature = signed[:4], signed[4:]

    def verify(self, node_key):
        key_id = sha256(self.origin + b"\n\x01" + node_key)[:4]
        demand(self.key_id == key_id, "note: another key")
        demand(ed25519_verify(node_key, self.text, self.signature),
               "note: the signature does not verify")


# ------------------------------------------------------------------ tree


def leaf_hash(header):
    return sha256(b"\0" + header)


def node_hash(left, right):
    return sha256(b"\1" + left + right)


def root_of(leaves):
    """RFC 6962, 2.1: the largest power of two below the size goes left."""
    if len(leaves) == 1:
        return leaves[0]
    k = 1 << ((len(leaves) - 1).bit_length() - 1)
    return node_hash(root_of(leaves[:k]), root_of(leaves[k:]))


def root_from_path(leaf, index, size, path):
    """RFC 9162, 2.1.3.2."""
    demand(index < size, "proof: index beyond the size")
    fn, sn, root = index, size - 1, leaf
    for sibling in path:
        demand(sn > 0, "proof: the path is too long")
        if fn & 1 or fn == sn:
            root = node_hash(sibling, root)
            while not fn & 1 and fn > 0:
                fn, sn = fn >> 1, sn >> 1
        else:
            root = node_hash(root, sibling)
        fn, sn = fn >> 1, sn >> 1
    demand(sn == 0, "proof: the path is too short")
    return root


# ---------------------------------------------------------------- entries


class Header:
    def __init__(self, data, index):
        demand(len(data) == HEADER_SIZE, f"entry {index}: header size")
        self.bytes = data
        self.kind = data[1]
        self.key_entry = int.from_bytes(data[2:10], "big")
        self.length = int.from_bytes(data[10:14], "big")
        self.payload_hash = data[14:]
        demand(data[0] == 1, f"entry {index}: version")
        demand(self.kind <= 15, f"entry {index}: kind")
        demand((self.kind == 0) == (index == 0), f"entry {index}: opening")
        if self.kind <= 2:
            demand(self.key_entry == 0, f"entry {index}: key entry")
        if self.kind == 3:
            demand(1 <= self.key_entry < index, f"entry {index}: key entry")
        demand(1 <= self.length <= PAYLOAD_SIZE_MAX, f"entry {index}: length")


def check_entry(line, index, registry):
    """Returns the header and the payload, None where it is not there."""
    at = line.get("index")
    demand(line.get("type") == "entry" and type(at) is int and at == index,
           f"entry {index}: it is not the next line")
    header = Header(unbase64(line["header"], f"entry {index}: header"), index)
    demand(line["state"] in ("present", "not held", "erased"), f"entry {index}: state")
    if line["payload"] is None:
        demand(line["state"] != "present", f"entry {index}: payload missing")
        return header, None
    demand(line["state"] == "present", f"entry {index}: payload of nothing")
    payload = unbase64(line["payload"], f"entry {index}: payload")
    demand(len(payload) == header.length, f"entry {index}: length")
    demand(purpose_hash("sogoc v1 payload", registry, payload) == header.payload_hash,
           f"entry {index}: payload hash")
    return header, payload


def check_opening(payload, log, registry, node_key):
    demand(payload is not None, "opening: payload missing")
    demand(len(payload) in (51, 123) and payload[0] == 1, "opening: form")
    core = payload[1:50]
    demand(payload[50] == (len(payload) == 123), "opening: predecessor")
    demand(core[:32] == node_key, "opening: another node key")
    demand(core[32] in (1, 2), "opening: kind of log")
    demand(purpose_hash("sogoc v1 log", registry, core) == log,
           "opening: the core does not give the log id")


# ------------------------------------------------------------------ export


class Export:
    """An export that has been verified: registry, log, key, headers."""

    def __init__(self, lines, key=None):
        head = json.loads(next(lines))
        demand(head.get("type") == "export", "export: it does not begin as one")
        note = Note(head["note"].encode())
        self.node_key = bytes.fromhex(head["node_key"])
        demand(key is None or key == self.node_key, "export: another node key")
        demand((head["registry"], head["log"], head["size"]) ==
               (note.registry.hex(), note.log.hex(), note.size),
               "export: the first line and its note differ")
        note.verify(self.node_key)
        self.log, self.headers, payloads = note.log, [], 0
        for index in range(note.size):
            line = next(lines, None)
            demand(line is not None, f"entry {index}: missing")
            header, payload = check_entry(json.loads(line), index, note.registry)
            if index == 0:
                check_opening(payload, note.log, note.registry, self.node_key)
            self.headers.append(header.bytes)
            payloads += payload is not None
        demand(next(lines, None) is None, "export: something follows")
        demand(root_of([leaf_hash(h) for h in self.headers]) == note.root,
               "export: the leaves do not give the signed root")
        self.payloads = payloads

    def check_proof(self, text):
        index, header = check_proof(text, self.log, self.node_key)
        demand(index < len(self.headers) and self.headers[index] == header,
               "proof: the export has another entry there")
        return index


def check_proof(text, log, node_key):
    """Verifies a tlog-proof; returns its index and header."""
    lines = text.split(b"\n")
    demand(lines[0] == b"c2sp.org/tlog-proof@v1", "proof: first line")
    demand(len(lines) > 3 and lines[1].startswith(b"extra "), "proof: extra")
    header = unbase64(lines[1][6:], "proof: extra")
    demand(lines[2].startswith(b"index "), "proof: index")
    index = decimal(lines[2][6:], "proof: index")
    Header(header, index)
    demand(b"" in lines[3:], "proof: no end of the path")
    end = lines.index(b"", 3)
    path = [unbase64(line, "proof: path") for line in lines[3:end]]
    demand(len(path) <= 64 and all(len(h) == 32 for h in path), "proof: path")
    note = Note(b"\n".join(lines[end + 1:]))
    demand(note.log == log, "proof: another log")
    demand(root_from_path(leaf_hash(header), index, note.size, path) == note.root,
           "proof: the path does not lead to the signed root")
    note.verify(node_key)
    return index, header


def main(argv):
    key = None
    if "--help" in argv:
        print(__doc__.strip())
        return 0
    if "--key" in argv:
        at = argv.index("--key")
        key = bytes.fromhex(argv[at + 1])
        argv = argv[:at] + argv[at + 2:]
    if not argv:
        print("verify_export.py: which export? see --help", file=sys.stderr)
        return 2
    name = argv[0]
    try:
        with open(name, encoding="utf-8") as lines:
            export = Export(lines, key)
        for name in argv[1:]:
            with open(name, "rb") as proof:
                export.check_proof(proof.read())
    except (Wrong, KeyError, TypeError, AttributeError, ValueError, StopIteration) as wrong:
        print(f"{name}: {wrong if isinstance(wrong, Wrong) else 'no export'}")
        return 1
    print(f"holds: log {export.log.hex()}, {len(export.headers)} entries, "
          f"{export.payloads} payloads, {len(argv) - 1} proofs")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
