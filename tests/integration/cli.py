"""What the tests of the command sogoc share: a temporary folder to work in, the
command itself, and one sentence when a promise is broken."""

import json
import os
import subprocess
import sys
import tempfile
import unicodedata


class Cli:
    """Called with the source tree and the build tree; the folder goes away."""

    def __init__(self):
        self.root, self.build = sys.argv[1], sys.argv[2]
        self.folder = tempfile.TemporaryDirectory(prefix="sogoc-cli.")
        self.env = {"PATH": self.build + ":" + os.environ["PATH"], "LANG": "C.UTF-8",
                    "HOME": self.folder.name}
        for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "LD_PRELOAD", "TMPDIR"):
            if name in os.environ:
                self.env[name] = os.environ[name]

    def path(self, name):
        return os.path.join(self.folder.name, name)

    def command(self, *words):
        return [os.path.join(self.build, "sogoc"), *words]

    def run(self, *words, code=0, data=b"", env=None):
        """Runs sogoc WORDS; its output. Fails unless it ends with CODE (None: 0 or
        1), and with one line of error if that is an error."""
        done = subprocess.run(self.command(*words), input=data, cwd=self.folder.name,
                              env={**self.env, **(env or {})}, check=False,
                              capture_output=True)
        out, err = done.stdout.decode(), done.stderr.decode()
        demand(done.returncode == code or (code is None and done.returncode in (0, 1)),
               f"sogoc {' '.join(words)}: exit {done.returncode}, not {code}: {out}{err}")
        if code is not None and code > 1:
            lines = err.splitlines()
            demand(lines and all(line.startswith("sogoc: ") for line in lines),
                   f"sogoc {' '.join(words)}: error is {err!r}")
        for text in (out, err):
            demand(unicodedata.is_normalized("NFC", text), f"not NFC: {text!r}")
        self.err = err
        return out

    def rows(self, *words, **how):
        """Runs sogoc WORDS --json; the objects, one a line."""
        return [json.loads(line) for line in
                self.run(*words, "--json", **how).splitlines()]

    def init(self, name, *words):
        """A store in NAME; what init says."""
        return self.rows("init", "--plain", "--dir", name, *words)[0]

    def submit(self, name, *lines):
        """Writes LINES to the store NAME; what submit says."""
        data = "".join(line + "\n" for line in lines).encode()
        return self.rows("submit", "--dir", name, data=data)[-1]


def demand(truth, what):
    if not truth:
        print("FAILED:", what)
        sys.exit(1)
