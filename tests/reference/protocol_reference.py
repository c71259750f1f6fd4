#!/usr/bin/env python3
"""The wire and the bundles of replication/PROTOCOL.md, in plain Python.

    protocol_reference.py check PAGE       recompute every example of the page
    protocol_reference.py fill PAGE        write the recomputed examples into it
    protocol_reference.py examples         print them
    protocol_reference.py noise FILE       run the XX handshakes of a vector file
    protocol_reference.py sizes            bytes per record and per reconnect

Written from the page and not from the C code. Standard library only.
"""

import json
import sys

import heads_model as h
import primitives as p
import records_reference as r
import sogoc_reference as s

u16 = lambda n: n.to_bytes(2, "big")
u32, u64, varint = s.u32, s.u64, s.varint
message = h.message

# -------------------------------------------------------------------- Noise


class Cipher:
    def __init__(self, key=None):
        self.key, self.n = key, 0

    def seal(self, ad, plain):
        if self.key is None:
            return plain
        nonce = bytes(4) + self.n.to_bytes(8, "little")
        self.n += 1
        out = p.chacha20(self.key, nonce, 1, plain)
        return out + p._aead_tag(self.key, nonce, out, ad)


def hmac(key, data):
    key = key.ljust(64, b"\0")
    inner = p.sha256(bytes(k ^ 0x36 for k in key) + data)
    return p.sha256(bytes(k ^ 0x5C for k in key) + inner)


def hkdf(ck, data):
    t = hmac(ck, data)
    one = hmac(t, b"\1")
    return one, hmac(t, one + b"\2")


def noise_xx(prologue, i_s, i_e, r_s, r_e, payloads):
    """Both sides at once, with given ephemeral keys. (messages, hash, ciphers)"""
    name = b"Noise_XX_25519_ChaChaPoly_SHA256"
    state = {"h": name, "ck": name}
    cipher = Cipher()

    def mix_hash(data):
        state["h"] = p.sha256(state["h"] + data)

    def mix_key(dh):
        nonlocal cipher
        state["ck"], key = hkdf(state["ck"], dh)
        cipher = Cipher(key)

    def put(data):
        out = cipher.seal(state["h"], data)
        mix_hash(out)
        return out

    def clear(data):
        mix_hash(data)
        return data

    mix_hash(prologue)
    pub = p.x25519
    one = clear(pub(i_e)) + put(payloads[0])
    two = clear(pub(r_e))
    mix_key(pub(i_e, pub(r_e)))
    two += put(pub(r_s))
    mix_key(pub(i_e, pub(r_s)))
    two += put(payloads[1])
    three = put(pub(i_s))
    mix_key(pub(r_e, pub(i_s)))
    three += put(payloads[2])
    k1, k2 = hkdf(state["ck"], b"")
    return [one, two, three], state["h"], (Cipher(k1), Cipher(k2))


def noise_file(path):
    with open(path, encoding="utf-8") as f:
        vectors = json.load(f)["vectors"]
    ran = wrong = 0
    for v in vectors:
        if v["protocol_name"] != "Noise_XX_25519_ChaChaPoly_SHA256":
            continue
        x = bytes.fromhex
        payloads = [x(m["payload"]) for m in v["messages"]]
        made, digest, (c1, c2) = noise_xx(
            x(v["init_prologue"]), x(v["init_static"]), x(v["init_ephemeral"]),
            x(v["resp_static"]), x(v["resp_ephemeral"]), payloads)
        for i in range(3, len(payloads)):
            made.append((c1 if i % 2 == 0 else c2).seal(b"", payloads[i]))
        good = made == [x(m["ciphertext"]) for m in v["messages"]]
        good = good and digest == x(v["handshake_hash"])
        ran, wrong = ran + 1, wrong + (not good)
    print(f"{ran} handshakes, {wrong} differ")
    return 0 if ran and not wrong else 1


# ------------------------------------------------- hello, certificate, frame

MAGIC = b"sogoc\0"
GO_ON, OTHER_MAJOR = 0, 1


def hello(major=1, word=GO_ON):
    return MAGIC + bytes([major, word])


def prologue(registry, major=1):
    return b"sogoc replication" + bytes([major]) + registry


def frame(noise_message):
    return u16(len(noise_message)) + noise_message


def certificate(registry, root_seed, role, generation, epochs, serial, unit,
                node_key, transport_key, start, end):
    body = (bytes([1, role, generation, epochs]) + u32(serial) + u64(unit)
            + node_key + transport_key + u32(start) + u32(end))
    return body + s.purpose_sign(root_seed, "sogoc v1 certificate", registry, body)


def handshake_payload(cert, tag, flags=0, root=None, generation=0, minor=0, features=1):
    form = 1 if cert else 2
    body = bytes([form, minor]) + u32(features) + bytes([flags, generation]) + tag
    if cert:
        body += cert[:48] + cert[80:]
    return body + (root or b"")


# --------------------------------------------------------------------- trees


def cover(b, n):
    """The ranges right of b in the tree of n leaves, nearest first."""
    out = []
    while b < n:
        end = min(b + (b & -b), n) if b else n
        out.append((b, end))
        b = end
    return out


def frontier_ranges(n):
    out, at = [], 0
    for bit in reversed(range(n.bit_length())):
        if n >> bit & 1:
            out.append((at, at + (1 << bit)))
            at += 1 << bit
    return out


def fold(parts, lo, hi):
    """The hash of [lo, hi) from parts {range: hash}, or None."""
    if (lo, hi) in parts:
        return parts[lo, hi]
    if hi - lo < 2:
        return None
    k = 1 << (hi - lo - 1).bit_length() - 1
    left, right = fold(parts, lo, lo + k), fold(parts, lo + k, hi)
    return s.node_hash(left, right) if left and right else None


def hashes(leaves, ranges):
    return b"".join(s.tree_root(leaves[a:b]) for a, b in ranges)


def package_nodes(a, b, n, fresh):
    """Which nodes a package [a, b) toward size n carries."""
    if fresh or a == 0:
        return cover(b, n)
    end = next(hi for lo, hi in cover(a, n) if b <= hi)
    return cover(b, end)


# ------------------------------------------------------------------ messages

(CHAIN, REVOKED, READY, JOIN, JOINED) = range(1, 6)
(CLOSE, PING, PONG) = range(8, 11)
(SAME, HEADS, ASK, INTRODUCE, CELLS, MORE, TREE, ROOT, PROVE, PROOF, MINE) = range(16, 27)
AUTHORITY = 28
(WANT, PACKAGE, STORED, STOP, CREDIT) = range(32, 37)
(SUBSCRIBE, COSIGNATURE, HOLDING, FORK, BRANCHES, STATEMENT, MANIFEST) = range(48, 55)


def want(items):
    out = b""
    for number, log, flags, first, to in items:
        out += varint(number) + log[:16] + bytes([flags]) + varint(first) + varint(to)
    return out


def package(number, first, entries, leaves=None, n=None, signature=None, fresh=False,
            log=None, payloads_only=False):
    """entries: (state, kind, key entry, payload, payload hash, order)."""
    flags = bool(signature) | fresh << 1 | payloads_only << 2
    out = varint(number) + (log[:16] if number == 0 else b"") + bytes([flags])
    out += varint(first) + varint(len(entries))
    if signature:
        out += varint(n) + signature
    i = 0
    while i < len(entries):
        run = 1
        while i + run < len(entries) and entries[i + run][:2] == entries[i][:2]:
            run += 1
        out += varint((run - 1) * 64 + entries[i][0] * 16 + entries[i][1])
        i += run
    keyed = [e for e in entries if e[1] >= s.SEALED]
    if keyed:
        table = sorted({e[2] for e in keyed})
        out += varint(len(table)) + varint(table[0])
        out += b"".join(varint(y - x - 1) for x, y in zip(table, table[1:]))
        if len(table) > 1:
            out += bytes(table.index(e[2]) for e in keyed)
    out += b"".join(varint(len(e[3])) for e in entries)
    if not payloads_only:
        out += hashes(leaves, package_nodes(first, first + len(entries), n, fresh))
    for state, _, _, payload, payload_hash, order in entries:
        out += payload if state == 0 else payload_hash + (order or b"")
    return out


def checkpoint(seed, registry, log, leaves):
    root = s.tree_root(leaves)
    text = s.note_text(registry, log, len(leaves), root)
    return root, p.ed25519_sign(seed, text.encode())


def proof_body(log, m, leaves, signature):
    n = len(leaves)
    return (log[:16] + varint(m) + varint(n) + signature
            + hashes(leaves, frontier_ranges(m)) + hashes(leaves, cover(m, n)))


def fork_proof(registry, core, small, large):
    """small, large: (size, root, signature, leaves)."""
    if (small[0], small[1]) > (large[0], large[1]):
        small, large = large, small
    out = b"\x01" + registry + core
    for size, root, signature, _ in (small, large):
        out += u64(size) + root + signature
    if small[0] < large[0]:
        out += hashes(large[3], frontier_ranges(small[0]) + cover(small[0], large[0]))
    return out


def fork_verify(proof):
    """Section 12, step by step. True only for two words of one key."""
    if len(proof) < 290 or proof[0] != 1:
        return False
    registry, core, rest = proof[1:33], proof[33:82], proof[82:]
    log, signed = s.log_id(registry, core), []
    for at in (0, 104):
        size, root = int.from_bytes(rest[at:at + 8], "big"), rest[at + 8:at + 40]
        text = s.note_text(registry, log, size, root).encode()
        if size == 0 or not p.ed25519_verify(core[:32], text, rest[at + 40:at + 104]):
            return False
        signed.append((size, root))
    (m, small), (n, large) = signed
    nodes = rest[208:]
    if m == n:
        return small < large and not nodes
    ranges = frontier_ranges(m) + cover(m, n) if m < n else []
    if not ranges or len(nodes) != 32 * len(ranges):
        return False
    parts = {at: nodes[32 * i:32 * i + 32] for i, at in enumerate(ranges)}
    return fold(parts, 0, n) == large and fold(parts, 0, m) != small


def cosignature(seed, seconds, note_text):
    text = f"cosignature/v1\ntime {seconds}\n{note_text}"
    return u64(seconds) + p.ed25519_sign(seed, text.encode())


def holding(seed, registry, log, held, root, absent, seconds):
    body = (b"\x01" + log + u64(held) + root + u64(absent) + u64(seconds)
            + p.ed25519_public(seed))
    return body + s.purpose_sign(seed, "sogoc v1 holding", registry, body)


def statement(seed, registry, unit, position, logs, cut_root, state_root, rules,
              rows, persons, quarantined, seconds):
    body = (b"\x01" + u64(unit) + u64(position) + u32(logs) + cut_root + state_root
            + u32(rules) + u64(rows) + u64(persons) + u64(quarantined) + u64(seconds)
            + p.ed25519_public(seed))
    return body + s.purpose_sign(seed, "sogoc v1 statement", registry, body)


def join_request(seed, registry, role, unit, transport_key, nonce):
    body = (bytes([1, role]) + u64(unit) + p.ed25519_public(seed) + transport_key + nonce)
    return body + s.purpose_sign(seed, "sogoc v1 request", registry, body)


# ------------------------------------------------------------------- bundles


def bundle_header(registry, kind, exponent, bundle_id, part, parts, pieces, boxes):
    out = (b"sogocbdl" + bytes([1, kind, exponent, 0]) + registry[:8] + bundle_id
           + u16(part) + u16(parts) + u32(pieces) + u16(len(boxes))
           + b"".join(sorted(boxes)))
    return out + s.purpose_hash("sogoc v1 bundle", registry, out)


def bundle_piece(key, header, number, exponent, messages):
    size = 1 << exponent
    plain = u32(len(messages)) + messages
    if len(plain) > size - 16:
        raise ValueError("too much for one piece")
    nonce = header[20:36] + u32(int.from_bytes(header[36:38], "big")) + u32(number)
    return p.xchacha20poly1305_seal(key, nonce, plain.ljust(size - 16, b"\0"), header[-32:])


def manifest(seed, registry, cert, seconds, answers, header):
    body = cert + u64(seconds) + answers
    return body + s.purpose_sign(seed, "sogoc v1 bundle", registry, header[-32:] + body)


# ------------------------------------------------------------------ examples


class World:
    """Node A (district), node B (centre) and A's log of FORMAT.md."""

    def __init__(self):
        self.registry = b"\x11" * 32
        self.root_seed, self.seed_a, self.seed_b = b"\x07" * 32, b"\x01" * 32, b"\x02" * 32
        self.transport_a, self.transport_b = b"\x41" * 32, b"\x42" * 32
        self.node_a, self.node_b = map(p.ed25519_public, (self.seed_a, self.seed_b))
        self.cert_a = certificate(self.registry, self.root_seed, 3, 0, 16, 2, 20038020190101,
                                  self.node_a, p.x25519(self.transport_a), 20230101, 20271231)
        self.cert_b = certificate(self.registry, self.root_seed, 2, 0, 16, 1, 0,
                                  self.node_b, p.x25519(self.transport_b), 20230101, 20271231)
        made = s.examples()
        self.core, self.log = made["log-core"], made["log-id"]
        raw = [(s.OPENING, 0, made["opening-first"]), (s.CONTENT_KEY, 0, made["content-key"]),
               (s.SEALED, 1, made["seal-payload"])]
        self.entries = [(0, kind, key, payload, None, None) for kind, key, payload in raw]
        self.leaves = [s.leaf_hash(s.header(self.registry, *e)) for e in raw]
        self.root, self.signature = checkpoint(self.seed_a, self.registry, self.log, self.leaves)
        other = s.header(self.registry, s.SEALED, 1, b"\x99" * 40)
        self.fork_leaves = self.leaves[:2] + [s.leaf_hash(other)] * 3
        self.key_b = s.key_id(self.registry, s.KEY_NODE, self.node_b)
        self.second_core = s.log_core(self.node_b, s.RECORDS, b"\xdd" * 16)
        self.second_log = s.log_id(self.registry, self.second_core)

    def handshake(self):
        heads = sorted([(self.log, h.leaf(self.log, 3, self.root))])
        root = h.tree_hash(heads)[:16]
        payloads = [b"", handshake_payload(self.cert_b, b"\xb0" * 4),
                    handshake_payload(self.cert_a, b"\xa0" * 4, 1, root)]
        return payloads, noise_xx(prologue(self.registry), self.transport_a, b"\x51" * 32,
                                  self.transport_b, b"\x52" * 32, payloads)


def session_examples(w, out):
    out["hello"] = hello()
    out["hello-other-major"] = hello(1, OTHER_MAJOR)
    out["prologue"] = prologue(w.registry)
    out["certificate"] = w.cert_a
    payloads, (noise, digest, (to_b, to_a)) = w.handshake()
    out["payload-2"], out["payload-3"] = payloads[1:]
    for i in range(3):
        out[f"noise-{i + 1}"] = frame(noise[i])
    out["handshake-hash"] = digest
    out["frame-ready-same"] = frame(to_a.seal(b"", message(READY, b"") + message(SAME, b"")))
    out["frame-close"] = frame(to_b.seal(b"", message(CLOSE, b"\0")))
    made = r.examples()
    links = [made["genesis"], made["root-rotation"]]
    out["message-chain"] = message(CHAIN, b"\xff" + b"".join(
        varint(len(link)) + link for link in links))
    out["message-revoked"] = message(REVOKED, made["revocation"])
    request = out["join-request"] = join_request(
        w.seed_a, w.registry, 3, 20038020190101, p.x25519(w.transport_a), b"\x77" * 16)
    out["admission"] = b"sogocadm\1" + w.registry + w.cert_a + b"\xff" + \
        varint(len(links[0])) + links[0]
    mac = s.purpose_blake2b(32, b"\x88" * 16 + bytes(16), "sogoc v1 invite", w.registry, digest + request)
    out["message-join"] = message(JOIN, request + mac)
    out["message-joined"] = message(JOINED, b"\1" + w.cert_a)
    out["message-ping"] = message(PING, b"\1\2\3\4")


def head_examples(w, out):
    two = h.Node({w.log: (3, w.root), w.second_log: (1, b"\xcc" * 32)})
    out["head-leaf"] = two.leaves[w.log]
    out["head-leaf-forked"] = h.leaf_forked(w.log)
    out["head-node"] = h.tree_hash(sorted(two.leaves.items()))
    out["message-root"] = message(ROOT, two.root() + b"\0\0\0\0")
    width = two.width()
    item = two.list_of([w.log], width)
    judge = h.cells_of(two.pairs(), 1)[0]
    out["message-heads"] = message(HEADS, h.heads_body(
        width, item, bytes(4), b"".join(u32(c) for c in judge[:2]))[0])
    out["message-ask"] = message(ASK, bytes([31]) + varint(1) + varint(
        int.from_bytes(w.second_log[:4], "big")))
    out["message-introduce"] = message(INTRODUCE, w.second_core + varint(1) + varint(0)
                                       + two.leaves[w.second_log][:4])
    cells = h.cells_of(two.pairs(), 7)
    out["message-cells"] = message(CELLS, b"\1" + bytes(4) + varint(0) + b"".join(
        u32(x) for c in cells for x in c))
    out["message-more"] = message(MORE, varint(64))
    logs = sorted(two.leaves.items())
    bitmap = sum(1 << h.nibble(log, 0) for log, _ in logs)
    out["message-tree"] = message(TREE, b"\0" + b"\0\0" + u16(bitmap)
                                  + b"".join(x[:4] for _, x in logs))
    out["message-mine"] = message(MINE, b"\0" + s.purpose_hash(
        "sogoc v1 heads", w.registry, b"\3" + two.leaves[w.log])[:8])
    out["message-authority"] = message(AUTHORITY, w.cert_b + w.second_core[32:] + varint(1)
                                       + varint(0) + two.leaves[w.second_log][:4])


def data_examples(w, out):
    out["message-want"] = message(WANT, want([(1, w.log, 0, 0, 0)]))
    out["message-package"] = message(PACKAGE, package(1, 0, w.entries, w.leaves, 3, w.signature,
                                                      True))
    out["message-push"] = message(PACKAGE, package(0, 2, w.entries[2:], w.leaves, 3, w.signature,
                                                   True, w.log))
    gone = [w.entries[0], w.entries[1], (2, s.SEALED, 1, w.entries[2][3], s.purpose_hash(
        "sogoc v1 payload", w.registry, w.entries[2][3]), b"\x5a" * 16)]
    out["message-package-erased"] = message(PACKAGE, package(
        1, 1, gone[1:], w.leaves, 3, w.signature, True))
    out["message-stored"] = message(STORED, varint(1) + varint(3))
    out["message-stop"] = message(STOP, varint(1) + b"\1")
    out["message-credit"] = message(CREDIT, varint(524288))
    out["message-prove"] = message(PROVE, w.log[:16] + varint(2))
    out["message-proof"] = message(PROOF, proof_body(w.log, 2, w.leaves, w.signature))


def statement_examples(w, out):
    out["message-subscribe"] = message(SUBSCRIBE, b"\2\0" + s.key_id(
        w.registry, s.KEY_SCOPE, p.x25519(b"\x33" * 32)))
    text = s.note_text(w.registry, w.log, 3, w.root)
    seen = out["cosignature"] = cosignature(w.seed_b, 1687046400, text)
    out["message-cosignature"] = message(COSIGNATURE, w.log[:16] + varint(3) + w.key_b + seen)
    full = out["holding"] = holding(w.seed_b, w.registry, w.log, 3, w.root, 0, 1687046400)
    out["message-holding"] = message(HOLDING, w.log[:16] + varint(3) + varint(0)
                                     + u64(1687046400) + w.key_b + full[-64:])
    small = (3, w.root, w.signature, w.leaves)
    same = checkpoint(w.seed_a, w.registry, w.log, w.fork_leaves[:3])
    far = checkpoint(w.seed_a, w.registry, w.log, w.fork_leaves)
    out["fork-equal"] = fork_proof(w.registry, w.core, small, (3, *same, w.fork_leaves[:3]))
    out["fork-unequal"] = fork_proof(w.registry, w.core, small, (5, *far, w.fork_leaves))
    out["message-branches"] = message(BRANCHES, w.log[:16] + b"\2" + b"".join(
        varint(n) + varint(0) + root + x for n, root, x in ((3, w.root, w.signature), (5, *far))))
    cut = h.tree_hash([(w.log, h.leaf(w.log, 3, w.root))])
    out["statement"] = statement(w.seed_b, w.registry, 0, 5, 1, cut, b"\xab" * 32, 1, 9, 1, 0,
                                 1687046400)


def bundle_examples(w, out):
    key, bundle_id = b"\x66" * 32, b"\xb1" * 16
    boxes = [p.box_seal(p.x25519(w.transport_b), b"\x44" * 32, key)]
    header = out["bundle-header"] = bundle_header(w.registry, 2, 12, bundle_id, 1, 1, 1, boxes)
    body = out["bundle-manifest"] = message(MANIFEST, manifest(
        w.seed_a, w.registry, w.cert_a, 1687046400, bytes(16), header))
    piece = bundle_piece(key, header, 0, 12, body)
    out["bundle-piece-ends"] = piece[:32] + piece[-32:]


def examples():
    w, out = World(), {}
    session_examples(w, out)
    head_examples(w, out)
    data_examples(w, out)
    statement_examples(w, out)
    bundle_examples(w, out)
    self_test(w, out)
    return out


def self_test(w, out):
    """What must hold whatever the examples' bytes are."""
    assert len(w.cert_a) == 152 and len(out["hello"]) == 8
    for name in ("fork-equal", "fork-unequal"):
        proof = out[name]
        assert fork_verify(proof)
        for at in range(0, len(proof), 7):
            bad = proof[:at] + bytes([proof[at] ^ 1]) + proof[at + 1:]
            assert not fork_verify(bad), (name, at)
    far = checkpoint(w.seed_a, w.registry, w.log, w.leaves + w.leaves[:2])
    honest = fork_proof(w.registry, w.core, (3, w.root, w.signature, w.leaves),
                        (5, *far, w.leaves + w.leaves[:2]))
    assert not fork_verify(honest), "two honest checkpoints are no fork"
    for n in range(1, 40):
        leaves = [bytes([i]) * 32 for i in range(n)]
        root = s.tree_root(leaves)
        for m in range(n + 1):
            ranges = frontier_ranges(m) + cover(m, n)
            parts = {(a, b): s.tree_root(leaves[a:b]) for a, b in ranges}
            assert fold(parts, 0, n) == root, (m, n)


# --------------------------------------------------------------------- sizes


def sizes():
    """What the page says about bytes, counted on encoded messages."""
    w = World()
    _, (noise, _, _) = w.handshake()
    hand = 16 + sum(2 + len(m) for m in noise)
    idle = hand + len(session_frames(2, 2)) + len(session_frames(3))
    print(f"handshake {hand}, reconnect with nothing to say {idle}")
    for size in (139, 235):
        total = 0
        for k in range(64):
            entries = [(0, s.SEALED, (1, 40)[i % 2], bytes(size), None, None)
                       for i in range(256)]
            first = k == 0
            n = 64 * 256
            nodes = len(package_nodes(k * 256, k * 256 + 256, n, first))
            body = package(1, k * 256, entries, payloads_only=True)
            body += bytes(32 * nodes + (64 + 3) * first)
            total += sealed_size(len(message(PACKAGE, body)))
        total += sealed_size(20) * 16  # stored, credit
        print(f"payload {size}: bulk {total / 64 / 256:.1f} bytes a record")
        body = package(0, 5000, [(0, s.SEALED, 1, bytes(size), None, None)],
                       payloads_only=True, log=bytes(16)) + bytes(64 + 2)
        one = sealed_size(len(message(PACKAGE, body)))
        print(f"payload {size}: one new record {one}, its stored {sealed_size(21)}")
    return 0


def session_frames(*lengths):
    return bytes(2 + 16 + sum(lengths))


def sealed_size(n):
    """Bytes on the wire of n plaintext bytes."""
    return n + 18 * -(-n // 65519)


def main(argv):
    if len(argv) == 3 and argv[1] == "noise":
        return noise_file(argv[2])
    if argv[1:] == ["sizes"]:
        return sizes()
    return s.main(argv, examples)


if __name__ == "__main__":
    sys.exit(main(sys.argv))
