"""The primitives that sogoc's formats stand on, written from their standards.

Slow and plain on purpose: an auditor can read this in an hour, and it shares
not a line with the C code. Nothing here is constant-time; do not use it with
real secrets. Standard library only; of hashlib only BLAKE2b is used.
"""

import hashlib
import struct

# --------------------------------------------------------- SHA-256, SHA-512
# FIPS 180-4, one construction with words of 32 and of 64 bits. The constants
# are the first bits of the fractional parts of the cube and square roots of the
# first primes; they are computed, not typed.


def _primes(n):
    found = []
    k = 2
    while len(found) < n:
        if all(k % p for p in found):
            found.append(k)
        k += 1
    return found


def _root_bits(n, power, bits):
    """The first fractional bits of the power-th root of n."""
    target = n << (bits * power)
    low, high = 0, 1 << (bits + 16)
    while low < high:
        middle = (low + high + 1) // 2
        if middle**power <= target:
            low = middle
        else:
            high = middle - 1
    return low & ((1 << bits) - 1)


class _Sha2:
    def __init__(self, bits, rounds, small0, small1, big0, big1):
        self.bits, self.rounds = bits, rounds
        self.mask = (1 << bits) - 1
        self.small0, self.small1, self.big0, self.big1 = small0, small1, big0, big1
        self.k = [_root_bits(p, 3, bits) for p in _primes(rounds)]
        self.h = [_root_bits(p, 2, bits) for p in _primes(8)]
        self.words = ">16" + ("I" if bits == 32 else "Q")

    def _mix(self, x, turns):
        """Two rotations and a third, or a shift where it is negative."""
        out = 0
        for n in turns:
            out ^= x >> -n if n < 0 else x >> n | x << (self.bits - n)
        return out & self.mask

    def _block(self, state, block):
        w, mask = list(struct.unpack(self.words, block)), self.mask
        for t in range(16, self.rounds):
            w.append((w[t - 16] + self._mix(w[t - 15], self.small0) + w[t - 7]
                      + self._mix(w[t - 2], self.small1)) & mask)
        a, b, c, d, e, f, g, h = state
        for t in range(self.rounds):
            t1 = (h + self._mix(e, self.big1) + ((e & f) ^ (~e & g)) + self.k[t] + w[t])
            t2 = self._mix(a, self.big0) + ((a & b) ^ (a & c) ^ (b & c))
            a, b, c, d, e, f, g, h = (t1 + t2) & mask, a, b, c, (d + t1) & mask, e, f, g
        return [(x + y) & mask for x, y in zip(state, (a, b, c, d, e, f, g, h))]

    def digest(self, data):
        state, data, size = list(self.h), bytes(data), 2 * self.bits
        padded = data + b"\x80" + bytes(-(len(data) + 1 + size // 8) % size)
        padded += (8 * len(data)).to_bytes(size // 8, "big")
        for at in range(0, len(padded), size):
            state = self._block(state, padded[at:at + size])
        return b"".join(x.to_bytes(self.bits // 8, "big") for x in state)


_SHA256 = _Sha2(32, 64, (7, 18, -3), (17, 19, -10), (2, 13, 22), (6, 11, 25))
_SHA512 = _Sha2(64, 80, (1, 8, -7), (19, 61, -6), (28, 34, 39), (14, 18, 41))
_M32 = (1 << 32) - 1
_M64 = (1 << 64) - 1


def sha256(data):
    return _SHA256.digest(data)


def sha512(data):
    return _SHA512.digest(data)


def _rotr64(x, n):
    return ((x >> n) | (x << (64 - n))) & _M64


def blake2b(size, data, key=b""):
    """RFC 7693."""
    return hashlib.blake2b(data, digest_size=size, key=key).digest()


# ---------------------------------------------------- Ed25519 and X25519
# RFC 8032 in extended coordinates; RFC 7748's ladder.

_P = 2**255 - 19
_Q = 2**252 + 27742317777372353535851937790883648493
_D = -121665 * pow(121666, _P - 2, _P) % _P
_SQRT_M1 = pow(2, (_P - 1) // 4, _P)


def _point_add(p, q):
    a = (p[1] - p[0]) * (q[1] - q[0]) % _P
    b = (p[1] + p[0]) * (q[1] + q[0]) % _P
    c = 2 * p[3] * q[3] * _D % _P
    d = 2 * p[2] * q[2] % _P
    e, f, g, h = b - a, d - c, d + c, b + a
    return (e * f % _P, g * h % _P, f * g % _P, e * h % _P)


def _point_mul(s, p):
    q = (0, 1, 1, 0)
    while s > 0:
        if s & 1:
            q = _point_add(q, p)
        p = _point_add(p, p)
        s >>= 1
    return q


def _point_equal(p, q):
    return ((p[0] * q[2] - q[0] * p[2]) % _P == 0
            and (p[1] * q[2] - q[1] * p[2]) % _P == 0)


def _recover_x(y, sign):
    if y >= _P:
        return None
    x2 = (y * y - 1) * pow(_D * y * y + 1, _P - 2, _P) % _P
    if x2 == 0:
        return None if sign else 0
    x = pow(x2, (_P + 3) // 8, _P)
    if (x * x - x2) % _P:
        x = x * _SQRT_M1 % _P
    if (x * x - x2) % _P:
        return None
    return _P - x if x & 1 != sign else x


_BY = 4 * pow(5, _P - 2, _P) % _P
_BX = _recover_x(_BY, 0)
_BASE = (_BX, _BY, 1, _BX * _BY % _P)


def _compress(p):
    z = pow(p[2], _P - 2, _P)
    x, y = p[0] * z % _P, p[1] * z % _P
    return (y | ((x & 1) << 255)).to_bytes(32, "little")


def _decompress(b):
    y = int.from_bytes(b, "little")
    sign, y = y >> 255, y & ((1 << 255) - 1)
    x = _recover_x(y, sign)
    return None if x is None else (x, y, 1, x * y % _P)


def _expand(seed):
    h = sha512(seed)
    a = int.from_bytes(h[:32], "little") & ((1 << 254) - 8) | (1 << 254)
    return a, h[32:]


def ed25519_public(seed):
    return _compress(_point_mul(_expand(seed)[0], _BASE))


def ed25519_sign(seed, message):
    a, prefix = _expand(seed)
    public = _compress(_point_mul(a, _BASE))
    r = int.from_bytes(sha512(prefix + message), "little") % _Q
    big_r = _compress(_point_mul(r, _BASE))
    h = int.from_bytes(sha512(big_r + public + message), "little") % _Q
    return big_r + ((r + h * a) % _Q).to_bytes(32, "little")


def ed25519_verify(public, message, signature):
    """Cofactorless; refuses non-canonical S, A and R, small-order A and R."""
    if len(public) != 32 or len(signature) != 64:
        return False
    a, r = _decompress(public), _decompress(signature[:32])
    s = int.from_bytes(signature[32:], "little")
    if a is None or r is None or s >= _Q:
        return False
    neutral = (0, 1, 1, 0)
    if any(_point_equal(_point_mul(8, point), neutral) for point in (a, r)):
        return False
    h = int.from_bytes(sha512(signature[:32] + public + message), "little") % _Q
    return _point_equal(_point_mul(s, _BASE), _point_add(r, _point_mul(h, a)))


def x25519(scalar, u=(9).to_bytes(32, "little")):
    k = int.from_bytes(scalar, "little") & ((1 << 254) - 8) | (1 << 254)
    x1 = int.from_bytes(u, "little") & ((1 << 255) - 1)
    x2, z2, x3, z3, swap = 1, 0, x1, 1, 0
    for t in reversed(range(255)):
        bit = (k >> t) & 1
        if swap ^ bit:
            x2, x3, z2, z3 = x3, x2, z3, z2
        swap = bit
        a, b, c, d = x2 + z2, x2 - z2, x3 + z3, x3 - z3
        da, cb = d * a % _P, c * b % _P
        x3, z3 = (da + cb) ** 2 % _P, x1 * (da - cb) ** 2 % _P
        aa, bb = a * a % _P, b * b % _P
        x2, z2 = aa * bb % _P, (aa - bb) * (aa + 121665 * (aa - bb)) % _P
    if swap:
        x2, z2 = x3, z3
    return (x2 * pow(z2, _P - 2, _P) % _P).to_bytes(32, "little")


# ------------------------------------- ChaCha20, Salsa20, Poly1305 and AEAD

_SIGMA = struct.unpack("<4I", b"expand 32-byte k")


def _rotl(x, n):
    return ((x << n) | (x >> (32 - n))) & _M32


def _chacha_rounds(s):
    for _ in range(10):
        for a, b, c, d in ((0, 4, 8, 12), (1, 5, 9, 13), (2, 6, 10, 14), (3, 7, 11, 15),
                           (0, 5, 10, 15), (1, 6, 11, 12), (2, 7, 8, 13), (3, 4, 9, 14)):
            s[a] = (s[a] + s[b]) & _M32
            s[d] = _rotl(s[d] ^ s[a], 16)
            s[c] = (s[c] + s[d]) & _M32
            s[b] = _rotl(s[b] ^ s[c], 12)
            s[a] = (s[a] + s[b]) & _M32
            s[d] = _rotl(s[d] ^ s[a], 8)
            s[c] = (s[c] + s[d]) & _M32
            s[b] = _rotl(s[b] ^ s[c], 7)
    return s


def _salsa_rounds(s):
    for _ in range(10):
        for a, b, c, d in ((0, 4, 8, 12), (5, 9, 13, 1), (10, 14, 2, 6), (15, 3, 7, 11),
                           (0, 1, 2, 3), (5, 6, 7, 4), (10, 11, 8, 9), (15, 12, 13, 14)):
            s[b] ^= _rotl((s[a] + s[d]) & _M32, 7)
            s[c] ^= _rotl((s[b] + s[a]) & _M32, 9)
            s[d] ^= _rotl((s[c] + s[b]) & _M32, 13)
            s[a] ^= _rotl((s[d] + s[c]) & _M32, 18)
    return s


def chacha20(key, nonce, counter, data):
    out = bytearray()
    for n, at in enumerate(range(0, len(data), 64)):
        start = list(_SIGMA) + list(struct.unpack("<8I", key))
        start += [(counter + n) & _M32] + list(struct.unpack("<3I", nonce))
        mixed = _chacha_rounds(list(start))
        block = struct.pack("<16I", *((x + y) & _M32 for x, y in zip(start, mixed)))
        out += bytes(x ^ y for x, y in zip(data[at:at + 64], block))
    return bytes(out)


def hchacha20(key, nonce16):
    s = list(_SIGMA) + list(struct.unpack("<8I", key)) + list(struct.unpack("<4I", nonce16))
    s = _chacha_rounds(s)
    return struct.pack("<8I", *(s[:4] + s[12:]))


def _salsa_matrix(key, nonce16):
    k, n = struct.unpack("<8I", key), struct.unpack("<4I", nonce16)
    return [_SIGMA[0], *k[:4], _SIGMA[1], *n, _SIGMA[2], *k[4:], _SIGMA[3]]


def hsalsa20(key, nonce16):
    s = _salsa_rounds(_salsa_matrix(key, nonce16))
    return struct.pack("<8I", *(s[i] for i in (0, 5, 10, 15, 6, 7, 8, 9)))


def xsalsa20(key, nonce24, size):
    sub, out = hsalsa20(key, nonce24[:16]), b""
    for counter in range((size + 63) // 64):
        start = _salsa_matrix(sub, nonce24[16:] + struct.pack("<Q", counter))
        mixed = _salsa_rounds(list(start))
        out += struct.pack("<16I", *((x + y) & _M32 for x, y in zip(start, mixed)))
    return out[:size]


def poly1305(key, data):
    r = int.from_bytes(key[:16], "little") & 0x0FFFFFFC0FFFFFFC0FFFFFFC0FFFFFFF
    total = 0
    for at in range(0, len(data), 16):
        total = (total + int.from_bytes(data[at:at + 16] + b"\x01", "little")) * r % (2**130 - 5)
    total += int.from_bytes(key[16:32], "little")
    return (total & ((1 << 128) - 1)).to_bytes(16, "little")


def _pad16(data):
    return data + bytes(-len(data) % 16)


def _aead_tag(key, nonce, ciphertext, ad):
    one_time = chacha20(key, nonce, 0, bytes(32))
    lengths = struct.pack("<QQ", len(ad), len(ciphertext))
    return poly1305(one_time, _pad16(ad) + _pad16(ciphertext) + lengths)


def xchacha20poly1305_seal(key, nonce24, plaintext, ad):
    sub, nonce = hchacha20(key, nonce24[:16]), bytes(4) + nonce24[16:]
    ciphertext = chacha20(sub, nonce, 1, plaintext)
    return ciphertext + _aead_tag(sub, nonce, ciphertext, ad)


def xchacha20poly1305_open(key, nonce24, sealed, ad):
    sub, nonce = hchacha20(key, nonce24[:16]), bytes(4) + nonce24[16:]
    ciphertext, tag = sealed[:-16], sealed[-16:]
    if _aead_tag(sub, nonce, ciphertext, ad) != tag:
        return None
    return chacha20(sub, nonce, 1, ciphertext)


def box_seal(recipient, ephemeral_secret, plaintext):
    """libsodium's crypto_box_seal, with a given ephemeral key."""
    ephemeral = x25519(ephemeral_secret)
    nonce = blake2b(24, ephemeral + recipient)
    key = hsalsa20(x25519(ephemeral_secret, recipient), bytes(16))
    stream = xsalsa20(key, nonce, 32 + len(plaintext))
    ciphertext = bytes(x ^ y for x, y in zip(plaintext, stream[32:]))
    return ephemeral + poly1305(stream[:32], ciphertext) + ciphertext


# ------------------------------------------------------------- Argon2id
# RFC 9106, one lane.


def _argon2_hash(size, data):
    head = struct.pack("<I", size)
    if size <= 64:
        return blake2b(size, head + data)
    v = blake2b(64, head + data)
    out = v[:32]
    while size - len(out) > 64:
        v = blake2b(64, v)
        out += v[:32]
    return out + blake2b(size - len(out), v)


def _argon2_mix(v, a, b, c, d):
    for first, second in ((32, 24), (16, 63)):
        v[a] = (v[a] + v[b] + 2 * (v[a] & _M32) * (v[b] & _M32)) & _M64
        v[d] = _rotr64(v[d] ^ v[a], first)
        v[c] = (v[c] + v[d] + 2 * (v[c] & _M32) * (v[d] & _M32)) & _M64
        v[b] = _rotr64(v[b] ^ v[c], second)


def _argon2_round(block, where):
    v = [block[i] for i in where]
    for quad in ((0, 4, 8, 12), (1, 5, 9, 13), (2, 6, 10, 14), (3, 7, 11, 15),
                 (0, 5, 10, 15), (1, 6, 11, 12), (2, 7, 8, 13), (3, 4, 9, 14)):
        _argon2_mix(v, *quad)
    for i, value in zip(where, v):
        block[i] = value


def _argon2_compress(x, y):
    r = [p ^ q for p, q in zip(x, y)]
    z = list(r)
    for row in range(8):
        _argon2_round(z, range(16 * row, 16 * row + 16))
    for column in range(8):
        _argon2_round(z, [2 * column + 16 * i + j for i in range(8) for j in (0, 1)])
    return [p ^ q for p, q in zip(r, z)]


def argon2id(password, salt, passes, memory_kib, size=32):
    blocks = max(memory_kib // 4 * 4, 8)
    segment = blocks // 4
    seed = struct.pack("<6I", 1, size, memory_kib, passes, 0x13, 2)
    for part in (password, salt, b"", b""):
        seed += struct.pack("<I", len(part)) + part
    h0 = blake2b(64, seed)
    memory = [None] * blocks
    for i in (0, 1):
        raw = _argon2_hash(1024, h0 + struct.pack("<II", i, 0))
        memory[i] = list(struct.unpack("<128Q", raw))
    zero = [0] * 128
    for turn in range(passes):
        for part in range(4):
            addresses, counter = None, 0
            independent = turn == 0 and part < 2
            for i in range(segment):
                at = part * segment + i
                if independent and (i % 128 == 0):
                    counter += 1
                    inputs = [turn, 0, part, blocks, passes, 2, counter] + [0] * 121
                    addresses = _argon2_compress(zero, _argon2_compress(zero, inputs))
                if turn == 0 and at < 2:
                    continue
                previous = memory[at - 1]
                j1 = (addresses[i % 128] if independent else previous[0]) & _M32
                if turn == 0:
                    area, start = at - 1, 0
                else:
                    area, start = blocks - segment + i - 1, (part + 1) * segment
                relative = area - 1 - ((area * ((j1 * j1) >> 32)) >> 32)
                other = memory[(start + relative) % blocks]
                made = _argon2_compress(previous, other)
                if turn > 0:
                    made = [p ^ q for p, q in zip(made, memory[at])]
                memory[at] = made
    return _argon2_hash(size, struct.pack("<128Q", *memory[-1]))
