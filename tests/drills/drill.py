"""What the drills share: a registry whose nodes have names, and a person at their
keyboards: each command is printed before it runs, as it is typed, with what it says."""

import os
import shlex
import subprocess
import sys
import time

sys.path.append(os.path.join(os.path.dirname(__file__), "../integration"))
from cli import demand  # noqa: E402
from nodes import Nodes, free_port  # noqa: E402

DAY = 86400
UNITS = {"centre": "Tỉnh Thanh Hóa", "muong-lat": "Huyện Mường Lát",
         "quan-hoa": "Huyện Quan Hóa", "hoang-hoa": "Huyện Hoằng Hóa",
         "muong-lat-2": "Huyện Mường Lát"}
SHOWN = 12  # lines of what a command says


class Drill(Nodes):
    """A registry: the authority's node, the centre's, and the DISTRICTS', each with two
    officers. All dial the authority, the districts the centre too."""

    def __init__(self, *districts):
        self.programs = {}  # by node: another than sogocd
        self.days = 0  # by which the clocks of all machines were moved
        names = ["authority", "centre", *districts]
        super().__init__(len(names), names=names)
        self.env["PATH"] = self.build + ":" + self.env["PATH"]
        for name in names[1:]:
            self.link(name)

    def link(self, name):
        """NAME dials as it does on a good day."""
        self.configure(name, ["authority"] if name == "centre" else ["authority", "centre"])

    def sogocd(self, *words):
        """The daemon of the configuration that WORDS end with."""
        name = os.path.basename(words[-1]).removesuffix(".conf")
        return [os.path.join(self.build, self.programs.get(name, "sogocd")), *words]

    # --- The person --------------------------------------------------------------

    def say(self, text):
        print(f"\n# {text}", flush=True)

    def type(self, line, code=0, shown=SHOWN):
        """Runs LINE as a shell does; what it said, which is printed. It ends with CODE."""
        print(f"$ {line}", flush=True)
        self.set_clock()
        done = subprocess.run(["bash", "-c", line], cwd=self.folder.name, env=self.env,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, check=False)
        said = done.stdout.decode()
        lines = said.splitlines()
        for each in lines[:shown]:
            print(f"  {each}")
        if len(lines) > shown:
            print(f"  ... {len(lines) - shown} lines more")
        demand(code is None or done.returncode == code,
               f"{line}: exit {done.returncode}, not {code}: {said}")
        return said

    def begin(self, *names):
        """Starts daemons."""
        for name in names:
            program = os.path.basename(self.programs.get(name, "sogocd"))
            print(f"$ {program} -f {name}.conf &", flush=True)
        self.start(*names)

    def end(self, *names):
        """Stops daemons, as systemd does."""
        for name in names:
            print(f"$ kill {self.daemons[name].pid}  # sogocd of {name}", flush=True)
        self.stop(*names)

    def set_clock(self):
        if self.days:
            self.env["LD_PRELOAD"] = f"{self.build}/tests/libmishap.so"
            self.env["MISHAP_CLOCK"] = str(int(time.time()) + self.days * DAY)

    def pass_days(self, days):
        """DAYS go by: the clocks of all machines; daemons that run are started anew."""
        running = [name for name in self.names if self.daemons[name] is not None]
        if running:
            self.stop(*running)
        self.days += days
        if running:
            self.start(*running)

    def start(self, *names, **how):
        self.set_clock()
        super().start(*names, **how)

    # --- The registry ------------------------------------------------------------

    def found(self, citizens):
        """As test_joining does, whose subject it is."""
        self.rows("init", "--authority", "Sổ diễn tập", "--test", "--next", "next", "--plain",
                  "--dir", "authority")
        self.id = self.run("nodes", "--id", "--dir", "authority").strip()
        self.keys = {}
        for name in self.names[1:]:
            self.join(name)

    def join(self, name, is_typed=False):
        """Office NAME asks, is heard on the phone, and gets its answer."""
        role = "central" if name == "centre" else "district"
        ask = ["join", "--registry", self.id, "--unit", UNITS[name], "--role", role, "--dir", name]
        self.do(ask, is_typed)
        asked = self.rows("admit", f"{name}/request", "--dir", "authority")[0]
        self.keys[name] = asked["key_id"]
        self.do(["admit", f"{name}/request", "--key", asked["key_id"], "--out",
                 f"{name}.answer", "--dir", "authority"], is_typed)
        self.do(["join", "--take", f"{name}.answer", "--dir", name], is_typed)
        for each in ("capture", "approve") if role == "district" else ():
            self.employ(name, each, each)

    def do(self, words, is_typed):
        if is_typed:
            self.type(shlex.join(["sogoc", *words]))
        else:
            self.run(*words)

    def add(self, name):
        """Another node, a district's."""
        self.names.append(name)
        self.ports[name], self.doors[name] = free_port(), free_port()
        self.daemons[name] = None
        self.join(name, is_typed=True)
        self.link(name)

    def employ(self, name, who, *roles):
        """An officer of district NAME, whom the authority grants ROLES; his label."""
        label = f"{name}-{who}"
        key = self.rows("officer", "new", label, "--plain", "--dir", name)[0]["key"]
        self.rows("officer", "add", key, UNITS[name], "--roles", ",".join(roles), "--label",
                  label, "--dir", "authority")
        return label

    # --- Its citizens ------------------------------------------------------------

    def invent(self, name, seed, count=1500, officer=None):
        """Forms about citizens of district NAME, invented and signed by its officers, or
        by OFFICER alone: the file; how many."""
        file = f"{name}-{seed}.jsonl"
        with open(self.path(file), "wb") as out:
            subprocess.run(
                self.command("synth", str(count), "--seed", str(seed), "--day", "2025-02-01",
                             "--within", UNITS[name], "--no-cards", "--forms", "--officer",
                             officer or f"{name}-capture", "--approver",
                             officer or f"{name}-approve", "--dir", name),
                cwd=self.folder.name, env=self.env, stdout=out, check=True)
        with open(self.path(file), "rb") as lines:
            n = sum(1 for _ in lines)
        demand(n > 0, f"no citizen of {name}")
        return file, n

    def register(self, name, seed, code=0, **how):
        """The officers of NAME hand in their forms; how many."""
        file, n = self.invent(name, seed, **how)
        self.type(f"sogoc hand-in {file} --socket {name}.sock", code=code)
        return n

    # --- What is so --------------------------------------------------------------

    def cut(self, name):
        """What running node NAME holds of logs of records: (size, root) by id."""
        return {row["log"]: (row["size"], row["root"])
                for row in self.rows("cut", "--socket", f"{name}.sock")}

    def state(self, name, victim):
        """How stopped node NAME has heard of node VICTIM."""
        return next(row["state"] for row in self.rows("nodes", "--dir", name)
                    if row["key_id"] == self.keys[victim])

    def own(self, name):
        """The id of the log of records that stopped node NAME writes."""
        return next(row["id"] for row in self.rows("logs", "--dir", name)
                    if row["kind"] == "records" and row["flags"].startswith("o") and
                    "c" not in row["flags"])

    def roots(self, name):
        """(persons, state root) by unit and of "all", as running node NAME counts: none
        while it makes its register for the first time."""
        asked = ("cut", "--roots", "--socket", f"{name}.sock")
        if subprocess.run(self.command(*asked), cwd=self.folder.name, env=self.env, check=False,
                          capture_output=True).returncode == 3:
            return {"all": (0, None)}
        whole, *units = self.rows(*asked)
        return {"all": (whole["persons"], whole["root"]),
                **{row["unit"]: (row["persons"], row["root"]) for row in units}}

    def wait(self, what, is_so, seconds=60):
        deadline = time.monotonic() + seconds
        while not is_so():
            demand(time.monotonic() < deadline, f"not in {seconds} s: {what}")
            time.sleep(0.1)

    def wait_equal(self, *names):
        """Running nodes come to hold the same of all logs."""
        def is_so():
            cuts = [self.cut(name) for name in names]
            return cuts[0] and all(cut == cuts[0] for cut in cuts)
        self.wait(f"{', '.join(names)} hold the same", is_so)

    def wait_counted(self, name, persons):
        """District NAME and the centre count the same in all units that it can read,
        PERSONS at least."""
        def is_so():
            own, centre = self.roots(name), self.roots("centre")
            mine = {key: row for key, row in own.items()
                    if key != "all" and row[1] is not None}
            return mine and all(centre.get(key) == row for key, row in mine.items()) and \
                sum(row[0] for row in mine.values()) >= persons
        self.wait(f"{name} and the centre count the same", is_so)

    def verify(self, name):
        """Stopped node NAME is intact."""
        verdict = self.rows("verify", "--dir", name)[-1]
        demand(verdict["verdict"] == "intact", f"{name}: {verdict}")
