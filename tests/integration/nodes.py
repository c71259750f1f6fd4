"""What the tests of the daemon share: a registry's nodes, each a directory, a
configuration and, while it runs, a process. Calls sogocd, sogoc and found."""

import hashlib
import json
import os
import signal
import subprocess
import sys
import time

from cli import Cli, demand

sys.path.append(os.path.join(os.path.dirname(__file__), "../../tools"))
from ports import free_port  # noqa: E402


class Nodes(Cli):
    """The nodes of a new registry, 0, 1, ... or those of NAMES; the first is the
    authority's. With CITIZENS there are officers too, and forms. Use with `with`: no
    daemon outlives the test."""

    compact = "1 s"  # after an erasure

    def __init__(self, count, citizens=0, names=None):
        super().__init__()
        self.names = names or list(range(count))
        self.count = count
        self.ports = {i: free_port() for i in self.names}
        self.doors = {i: free_port() for i in self.names}
        self.daemons = {i: None for i in self.names}
        self.also = {}     # by node: what it has in its environment besides
        self.through = {}  # (who dials, whom): the port of a link between them
        self.found(citizens)
        for i in self.names:
            self.configure(i, [self.names[0]] if i != self.names[0] else [])

    def found(self, citizens):
        """Makes the directories 0, 1, ...: all at once, their root key forgotten."""
        subprocess.run([os.path.join(self.build, "found"), self.folder.name, str(self.count),
                        *([str(citizens)] if citizens else [])], check=True)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        for daemon in self.daemons.values():
            if daemon is not None:
                daemon.kill()
                daemon.wait()

    def http(self, i):
        """Where node I listens for browsers."""
        return f"127.0.0.1:{self.doors[i]}"

    def configure(self, i, peers, *more):
        """Writes the configuration of node I, which dials PEERS."""
        lines = [f"directory = {self.path(str(i))}", f"listen = 127.0.0.1:{self.ports[i]}",
                 f"socket = {self.path(f'{i}.sock')}", f"http = {self.http(i)}",
                 "interval = 1 s", f"compact = {self.compact}", "log = debug", *more]
        for peer in peers:
            port = self.through.get((i, peer), self.ports[peer])
            lines += [f"[peer nút {peer}]", f"address = 127.0.0.1:{port}"]
        with open(self.path(f"{i}.conf"), "w", encoding="utf-8") as file:
            file.write("\n".join(lines) + "\n")

    def forms(self):
        """What the citizens hand in, as the API takes it."""
        with open(self.path("forms.jsonl"), encoding="utf-8") as file:
            return [json.loads(line) for line in file]

    def sogocd(self, *words):
        return [os.path.join(self.build, "sogocd"), *words]

    def start(self, *which, until="listening on"):
        """Starts daemons and waits until each has said UNTIL: before it runs a
        signal ends it like any young process."""
        before = {i: self.said(i).count(until) for i in which or self.names}
        for i in which or self.names:
            with open(self.path(f"{i}.err"), "a", encoding="utf-8") as err:
                self.daemons[i] = subprocess.Popen(
                    self.sogocd("-f", self.path(f"{i}.conf")), stderr=err,
                    env={**self.env, **self.also.get(i, {})})
        for i, count in before.items():
            self.wait_until_said(i, until, count + 1)

    def stop(self, *which):
        """Ends daemons as an administrator does; each says goodbye with 0."""
        for i in which or self.names:
            self.daemons[i].send_signal(signal.SIGTERM)
        for i in which or self.names:
            code = self.daemons[i].wait(20)
            demand(code == 0, f"node {i} ended with {code}: {self.said(i)[-2000:]}")
            self.daemons[i] = None

    def kill(self, i):
        """kill -9."""
        self.daemons[i].kill()
        self.daemons[i].wait()
        self.daemons[i] = None

    def said(self, i):
        if not os.path.exists(self.path(f"{i}.err")):
            return ""
        with open(self.path(f"{i}.err"), encoding="utf-8") as file:
            return file.read()

    def wait_until_said(self, i, text, count=1):
        """Waits until node I has said TEXT COUNT times, half a minute at most."""
        deadline = time.monotonic() + 30
        while self.said(i).count(text) < count:
            demand(time.monotonic() < deadline, f"node {i} never said {text!r}: {self.said(i)}")
            time.sleep(0.02)

    def logs(self, i):
        """What stopped node I holds, by log id of records: entries, signed size, absent."""
        return {row["id"]: (row["held"], row["signed"], row["absent"])
                for row in self.rows("logs", "--dir", str(i)) if row["kind"] == "records"}

    def demand_equal(self, logs=None):
        """All stopped nodes hold the same bytes of all logs, one of each node where
        LOGS does not say how many, and they verify."""
        for i in self.names:
            verdict = self.rows("verify", "--dir", str(i))[-1]
            # And each node that ran has an audit of its own.
            demand(verdict["verdict"] == "intact" and
                   verdict["logs"] == (logs or self.count) + self.count,
                   f"node {i}: {verdict}")
        for log in self.logs(self.names[0]):
            told = {hashlib.sha256(self.run("log", "export", log, "--dir", str(i)).encode())
                    .digest() for i in self.names}
            demand(len(told) == 1, f"log {log} is not the same everywhere")

    def run_until_equal(self, seconds):
        """Runs all daemons until they hold the same; they are stopped then."""
        deadline = time.monotonic() + seconds
        while True:
            self.start()
            time.sleep(1.5)
            self.stop()
            held = [self.logs(i) for i in self.names]
            if all(logs == held[0] for logs in held):
                return held[0]
            demand(time.monotonic() < deadline, f"not equal after {seconds} s: {held}")
