#!/usr/bin/env python3
"""The formats of storage/FORMAT.md, a second time, in plain Python.

    sogoc_reference.py check PAGE       recompute every example of the page
    sogoc_reference.py fill PAGE        write the recomputed examples into it
    sogoc_reference.py examples         print them

Written from the page and not from the C code, so that a mistake in one of the
two shows. Standard library only.
"""

import base64
import re
import struct
import sys

import primitives as p

# ------------------------------------------------------------ conventions


def purpose_block(purpose, registry):
    return purpose.encode().ljust(32, b"\0") + registry


def purpose_hash(purpose, registry, data):
    return p.sha256(purpose_block(purpose, registry) + data)


def purpose_sign(seed, purpose, registry, data):
    return p.ed25519_sign(seed, purpose_block(purpose, registry) + data)


def purpose_blake2b(size, key, purpose, registry, data):
    return p.blake2b(size, purpose_block(purpose, registry) + data, key)


def varint(n):
    out = bytearray()
    while n >= 0x80:
        out.append(n & 0x7F | 0x80)
        n >>= 7
    out.append(n)
    return bytes(out)


def u32(n):
    return struct.pack(">I", n)


def u64(n):
    return struct.pack(">Q", n)


KEY_NODE, KEY_TRANSPORT, KEY_SCOPE, KEY_OFFICER, KEY_ROOT, KEY_VIEW = range(1, 7)


def key_id(registry, kind, public):
    return purpose_hash("sogoc v1 key id", registry, bytes([kind]) + public)[:8]


# ------------------------------------------------------------ log, entry

OPENING, CONTENT_KEY, PLAIN, SEALED = range(4)
RECORDS, AUDIT = 1, 2


def log_core(node_key, kind, epoch):
    return node_key + bytes([kind]) + epoch


def log_id(registry, core):
    return purpose_hash("sogoc v1 log", registry, core)


def opening(core, follows=None):
    if follows is None:
        return b"\x01" + core + b"\0"
    before, size, root = follows
    return b"\x01" + core + b"\x01" + before + u64(size) + root


def short_header(kind, key_entry, length):
    return bytes([1, kind]) + u64(key_entry) + u32(length)


def header(registry, kind, key_entry, payload):
    return (short_header(kind, key_entry, len(payload))
            + purpose_hash("sogoc v1 payload", registry, payload))


def leaf_hash(head):
    return p.sha256(b"\0" + head)


def node_hash(left, right):
    return p.sha256(b"\x01" + left + right)


# ------------------------------------------------------------------- tree


def tree_root(leaves):
    if not leaves:
        return p.sha256(b"")
    if len(leaves) == 1:
        return leaves[0]
    k = 1
    while 2 * k < len(leaves):
        k *= 2
    return node_hash(tree_root(leaves[:k]), tree_root(leaves[k:]))


def inclusion_path(index, leaves):
    if len(leaves) == 1:
        return []
    k = 1
    while 2 * k < len(leaves):
        k *= 2
    if index < k:
        return inclusion_path(index, leaves[:k]) + [tree_root(leaves[k:])]
    return inclusion_path(index - k, leaves[k:]) + [tree_root(leaves[:k])]


def inclusion_root(index, size, leaf, path):
    """The root that the path implies, or None (RFC 9162, 2.1.3.2)."""
    if index >= size:
        return None
    fn, sn, r = index, size - 1, leaf
    for sibling in path:
        if sn == 0:
            return None
        if fn & 1 or fn == sn:
            r = node_hash(sibling, r)
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            r = node_hash(r, sibling)
        fn, sn = fn >> 1, sn >> 1
    return r if sn == 0 else None


def frontier(leaves):
    out, at = [], 0
    for bit in reversed(range(len(leaves).bit_length())):
        if len(leaves) >> bit & 1:
            out.append(tree_root(leaves[at:at + (1 << bit)]))
            at += 1 << bit
    return out


# ------------------------------------------------------------- checkpoint


def origin(registry, log):
    return f"sogoc/v1/{registry.hex()}/{log.hex()}"


def note_text(registry, log, size, root):
    return f"{origin(registry, log)}\n{size}\n{base64.b64encode(root).decode()}\n"


def note_key_hash(name, kind, public):
    return p.sha256(name.encode() + b"\n" + bytes([kind]) + public)[:4]


def signed_note(text, public, signature):
    name = text.split("\n", 1)[0]
    blob = base64.b64encode(note_key_hash(name, 1, public) + signature).decode()
    return f"{text}\n— {name} {blob}\n"


def tlog_proof(head, index, path, note):
    lines = ["c2sp.org/tlog-proof@v1",
             "extra " + base64.b64encode(head).decode(), f"index {index}"]
    lines += [base64.b64encode(h).decode() for h in path]
    return "\n".join(lines) + "\n\n" + note


# ------------------------------------------------------------ seal, keys


def pad(plain):
    plain += b"\x80"
    return plain + bytes(-len(plain) % 16)


def seal(registry, log, index, key, key_entry, form, body):
    keys = purpose_blake2b(64, key, "sogoc v1 seal", registry, log)
    padded = pad(bytes([form]) + body)
    salt = p.blake2b(32, b"\0" + log + u64(index) + padded, keys[32:])[:8]
    nonce = p.blake2b(24, b"\x01" + log + u64(index) + salt, keys[32:])
    short = short_header(SEALED, key_entry, 8 + len(padded) + 16)
    return padded, salt + p.xchacha20poly1305_seal(keys[:32], nonce, padded,
                                                   registry + log + short)


def content_key(registry, log, period, key, scopes, ephemeral):
    check = purpose_blake2b(32, key, "sogoc v1 key check", registry, log)
    wraps = sorted((key_id(registry, KEY_SCOPE, s), p.box_seal(s, ephemeral, key))
                   for s in scopes)
    return (bytes([1, 0]) + u32(period) + check + bytes([len(wraps)])
            + b"".join(i + box for i, box in wraps))


def key_file(kind, registry, secret, public, wrap=None):
    head = b"sogockey" + bytes([1, kind, 1 if wrap else 0, 0])
    if wrap:
        passphrase, passes, memory, salt, nonce = wrap
        head += u32(passes) + u32(memory) + salt + nonce + registry + public
        key = p.argon2id(passphrase, salt, passes, memory)
        return head + p.xchacha20poly1305_seal(key, nonce, secret, head)
    head += bytes(4 + 4 + 16 + 24) + registry + public + secret
    return head + purpose_hash("sogoc v1 key file", registry, head)[:16]


def highwater_slot(sequence, registry, fingerprint, database, logs):
    body = b"sogochw1" + u64(sequence) + registry + fingerprint + database
    body += bytes([len(logs)])
    for kind, log, size, root, signature in logs:
        body += bytes([kind]) + log + u64(size) + root + signature
    body = body.ljust(992, b"\0")
    return body + purpose_hash("sogoc v1 highwater", registry, body)


# --------------------------------------------------------------- examples


def examples():
    """Every example of FORMAT.md by name: bytes for hex, str for text."""
    registry, seed, epoch = b"\x11" * 32, b"\x01" * 32, b"\xee" * 16
    public = p.ed25519_public(seed)
    out = {}
    core = out["log-core"] = log_core(public, RECORDS, epoch)
    log = out["log-id"] = log_id(registry, core)
    first = out["opening-first"] = opening(core)
    out["opening-follows"] = opening(log_core(public, RECORDS, b"\xef" * 16),
                                     (log, 3, b"\xaa" * 32))
    scope = p.x25519(b"\x33" * 32)
    key = b"\x22" * 32
    wrapped = out["content-key"] = content_key(registry, log, 202306, key, [scope],
                                               b"\x44" * 32)
    out["seal-plaintext"], sealed = seal(registry, log, 2, key, 1, 0,
                                         "Nguyễn Thị Hoa".encode())
    out["seal-payload"] = sealed
    out["seal-compressed"] = seal(registry, log, 3, key, 1, 1, bytes.fromhex(
        "00008d000020e1bb8d6303fcb2478561a3a429feb40b"))[1]
    heads = [header(registry, OPENING, 0, first), header(registry, CONTENT_KEY, 0, wrapped),
             header(registry, SEALED, 1, sealed)]
    leaves = [leaf_hash(h) for h in heads]
    out["entry-header"], out["entry-leaf"] = heads[2], leaves[2]
    root = tree_root(leaves)
    text = note_text(registry, log, 3, root)
    signature = p.ed25519_sign(seed, text.encode())
    note = out["checkpoint-note"] = signed_note(text, public, signature)
    out["checkpoint"] = u64(3) + signature
    out["inclusion-proof"] = tlog_proof(heads[2], 2, inclusion_path(2, leaves), note)
    out["highwater-slot"] = highwater_slot(7, registry, b"\xfa" * 32, b"\xdb" * 16,
                                           [(RECORDS, log, 3, root, signature)])
    out["key-file-plain"] = key_file(KEY_NODE, registry, seed, public)
    out["key-file-wrapped"] = key_file(KEY_NODE, registry, seed, public, (
        "số gốc".encode(), 1, 8, b"\x55" * 16, b"\x66" * 24))
    out["entry-row"] = (varint(1) + varint(2) + bytes([SEALED]) + varint(1)
                        + leaves[2] + sealed)
    out["log-row"] = (b"\x01" + core + b"\x01\0" + u64(3) + u64(0) + u64(0) + u64(5)
                      + u64(3) + root + signature + b"".join(frontier(leaves)))
    return out


# ------------------------------------------------------------ the page

BLOCK = re.compile(r"^```(hex|text) ([a-z0-9-]+)\n(.*?)^```$", re.M | re.S)


def render(value):
    if isinstance(value, str):
        return value
    digits = value.hex()
    return "".join(digits[i:i + 64] + "\n" for i in range(0, len(digits), 64))


def parse(kind, body):
    if kind == "text":
        return body
    return bytes.fromhex("".join(line.split(";")[0] for line in body.splitlines()))


def check_page(path, made):
    """Compares the page's blocks with what was made; the number that differ."""
    with open(path, encoding="utf-8") as f:
        blocks = {m[2]: parse(m[1], m[3]) for m in BLOCK.finditer(f.read())}
    wrong = 0
    for name in sorted(set(blocks) | set(made)):
        if name not in made:
            print(f"{path}: {name}: no reference computes it")
        elif name not in blocks:
            print(f"{path}: {name}: computed, but not in the page")
        elif blocks[name] != made[name]:
            print(f"{path}: {name}: differs")
        else:
            continue
        wrong += 1
    print(f"{path}: {len(blocks) - wrong} examples agree, {wrong} do not")
    return wrong


def fill_page(path, made):
    with open(path, encoding="utf-8") as f:
        text = f.read()
    text = BLOCK.sub(lambda m: f"```{m[1]} {m[2]}\n{render(made[m[2]])}```"
                     if m[2] in made else m[0], text)
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)


def main(argv, made):
    if len(argv) == 3 and argv[1] == "check":
        return 1 if check_page(argv[2], made()) else 0
    if len(argv) == 3 and argv[1] == "fill":
        fill_page(argv[2], made())
        return 0
    if len(argv) == 2 and argv[1] == "examples":
        for name, value in made().items():
            kind = "text" if isinstance(value, str) else "hex"
            print(f"```{kind} {name}\n{render(value)}```")
        return 0
    print(__doc__, file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv, examples))
