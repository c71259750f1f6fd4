"""A registry that is founded and joined by the commands that a person would type."""

import os
import subprocess
import time

from cli import demand
from nodes import Nodes

UNITS = {1: "Tỉnh Thanh Hóa", 2: "Thành phố Thanh Hóa", 3: "Huyện Mường Lát",
         4: "Huyện Hoằng Hóa", 5: "Huyện Quan Hóa", 6: "Huyện Quan Sơn"}
ROLES = {1: "central"}


class Registry(Nodes):
    """Node 0 is the authority's, 1 the centre's, the others' are districts'."""

    def found(self, citizens):
        with open(self.path("node.pass"), "w", encoding="utf-8") as file:
            file.write("câu mật khẩu của một nút\n")
        os.chmod(self.path("node.pass"), 0o600)
        self.rows("init", "--authority", "Sổ thử Thanh Hóa", "--test", "--next", "next",
                  "--plain", "--dir", "0")
        self.id = self.run("nodes", "--id", "--dir", "0").strip()
        for i in range(1, 5):
            self.join(i)

    def authority(self, *words, **how):
        return self.rows(*words, "--dir", "0", **how)

    def join(self, i):
        """Node I asks, the authority looks, hears the key id and answers."""
        sealed = ["--node-passphrase-file", "node.pass"] if i == 2 else []
        asked = self.rows("join", "--registry", self.id, "--unit", UNITS[i], "--role",
                          ROLES.get(i, "district"), "--dir", str(i), *sealed)[0]
        shown = self.rows("admit", f"{i}/request", "--dir", "0")[0]
        demand(shown["key_id"] == asked["key_id"] and shown["unit"] == asked["unit"],
               f"{shown} is not what was asked: {asked}")
        told = self.authority("admit", f"{i}/request", "--key", asked["key_id"],
                              "--out", f"{i}.answer")[0]
        demand(told["scopes"] >= 1, f"{UNITS[i]} reads nothing: {told}")
        self.rows("join", "--take", f"{i}.answer", "--dir", str(i))

    def configure(self, i, peers, *more):
        sealed = [f"passphrase = {self.path('node.pass')}"] if i == 2 else []
        super().configure(i, peers, *sealed, *more)

    def submit(self, name, *lines):
        """The keys of node 2 are under a passphrase."""
        data = "".join(line + "\n" for line in lines).encode()
        return self.rows("submit", "--node-passphrase-file", "node.pass", "--dir", name,
                         data=data)[-1]

    def logs(self, i):
        return {row["id"]: (row["held"], row["signed"], row["absent"])
                for row in self.rows("logs", "--dir", str(i),
                                     "--node-passphrase-file", "node.pass")
                if row["kind"] == "records"}

    def nodes(self, i):
        """Who is admitted, as node I has heard: state by key id."""
        return {row["key_id"]: row["state"] for row in
                self.rows("nodes", "--dir", str(i), "--node-passphrase-file", "node.pass")}

    def key_id(self, i):
        return self.rows("admit", f"{i}/request", "--dir", "0")[0]["key_id"]

    def run_until_equal_among(self, which, seconds):
        """As run_until_equal, of some nodes."""
        deadline = time.monotonic() + seconds
        while True:
            self.start(*which)
            time.sleep(1.5)
            self.stop(*which)
            held = [self.logs(i) for i in which]
            if all(logs == held[0] for logs in held):
                return held[0]
            demand(time.monotonic() < deadline, f"not equal after {seconds} s: {held}")

    def employ(self, i, label, roles):
        """An officer whose key lies at node I, for its unit."""
        key = self.rows("officer", "new", label, "--plain", "--dir", str(i))[0]["key"]
        self.authority("officer", "add", key, UNITS[i], "--roles", roles, "--label", label)

    def write(self, *at):
        """Citizens of node 3's district: the same forms are handed in at the nodes AT.
        All but node 2 become equal."""
        which = (0, 1, 3, 4)
        self.employ(3, "cb-0001", "capture")
        self.employ(3, "cb-0002", "approve")
        self.run_until_equal_among(which, 60)
        with open(self.path("forms.jsonl"), "wb") as out:
            subprocess.run(self.command("synth", "1500", "--day", "2025-02-01", "--within",
                                        UNITS[3], "--no-cards", "--forms", "--officer",
                                        "cb-0001", "--approver", "cb-0002", "--dir", "3"),
                           cwd=self.folder.name, env=self.env, stdout=out, check=True)
        self.start(*which)
        for i in at:
            self.run("hand-in", "forms.jsonl", "--socket", f"{i}.sock")
        self.stop(*which)
        self.run_until_equal_among(which, 60)
