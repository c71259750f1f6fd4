"""What tools/quickstart shows: a registry of five nodes on this machine's loopback,
founded by the commands that a person types, with invented citizens. Calls sogoc
and sogocd, which lie in the tree that it is given; nothing leaves the machine."""

import argparse
import contextlib
import datetime
import hashlib
import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from ports import free_port

CAMPAIGN = "Cao điểm cấp thẻ căn cước"
REFERENCE = "20250201"
DAY = "2025-02-01"  # as of which the citizens live: the districts still exist
CITIZENS = 160000   # of the province, of whom those of three districts are taken
LEAST = 30000       # so many at least, of three districts
NEWCOMERS = 5000    # likewise, enrolled while the links are cut
EVERYBODY, LATER = "1", "2"  # two populations; no number is in both
INTERRUPTS = (signal.SIGINT, signal.SIGTERM)
UNITS = Path(__file__).resolve().parents[1] / "storage/registry/data/units.txt"
PATIENCE = 300      # seconds, for what takes a moment

# Folder, unit, role, its name in English and Vietnamese.
NODES = [
    ("authority", None, "authority", "authority", "cơ quan quản lý"),
    ("central", "Tỉnh Thanh Hóa", "central", "centre", "trung tâm"),
    ("thanh-hoa", "Thành phố Thanh Hóa", "district", "TP Thanh Hóa", "TP Thanh Hóa"),
    ("muong-lat", "Huyện Mường Lát", "district", "Mường Lát", "Mường Lát"),
    ("hoang-hoa", "Huyện Hoằng Hóa", "district", "Hoằng Hóa", "Hoằng Hóa"),
]


class Broken(Exception):
    """What was promised is not so; says what."""


class Screen:
    """What the person sees, in one of two languages."""

    def __init__(self, lang):
        self.vi = lang == "vi"
        self.tty = sys.stdout.isatty()
        self.began = time.monotonic()
        self.told = -1

    def text(self, en, vi):
        return vi if self.vi else en

    def say(self, en="", vi=""):
        """A line; an empty one if there is nothing to say."""
        print("  " + self.text(en, vi) if en else "", flush=True)

    def heading(self, en, vi):
        seconds = time.monotonic() - self.began
        print(f"\n== {self.text(en, vi)}  [{seconds:.0f} s]", flush=True)

    def bar(self, share, what):
        """Draws how far it is: over itself on a terminal, else a line a quarter."""
        quarter = int(share * 4)
        if not self.tty and (quarter == self.told or 0 < share < 1 and quarter == 0):
            return
        self.told = quarter if share < 1 else -1
        full = int(share * 30)
        line = f"  [{'#' * full}{'.' * (30 - full)}] {share:4.0%}  {what}"
        print(("\r" if self.tty else "") + line, end="" if self.tty and share < 1 else "\n",
              flush=True)

    def verdict(self, row):
        word = row["verdict"]
        return {"holds": "đúng", "does not hold": "không đúng"}[word] if self.vi else word

    def day(self, ymd):
        """A day as people write it."""
        year, month, day = ymd // 10000, ymd // 100 % 100, ymd % 100
        return self.text(f"{year}-{month:02}-{day:02}", f"{day}/{month}/{year}")

    def number(self, value):
        return f"{value:,}".replace(",", "." if self.vi else ",")

    def table(self, head, rows, left=False):
        """Columns: the first to the left, the others to the right unless LEFT."""
        widths = [max(len(str(row[i])) for row in [head, *rows]) for i in range(len(head))]
        for row in [head, ["-" * width for width in widths], *rows]:
            cells = [str(cell).ljust(width) if left else str(cell).rjust(width)
                     for cell, width in zip(row, widths)]
            cells[0] = str(row[0]).ljust(widths[0])
            print("  " + "  ".join(cells).rstrip(), flush=True)


class Node:
    """One node: its folder, its configuration, its process."""

    def __init__(self, registry, i):
        self.name, self.unit, self.role, en, vi = NODES[i]
        self.title, self.label = registry.screen.text(en, vi), vi
        self.registry = registry
        self.dir = registry.folder / self.name
        self.socket = registry.run_folder / f"{i}.sock"
        self.config = registry.folder / f"{self.name}.conf"
        self.log = registry.folder / f"{self.name}.log"
        self.port, self.door = free_port(), free_port()
        self.process = None
        self.own = None  # the id of its log

    def configure(self, peers):
        lines = [f"# {self.title}", f"directory = {self.dir}",
                 f"listen = 127.0.0.1:{self.port}", f"http = 127.0.0.1:{self.door}",
                 f"socket = {self.socket}", "interval = 1 s"]
        for peer in peers:
            lines += [f"[peer {peer.title}]", f"address = 127.0.0.1:{peer.port}"]
        self.config.write_text("\n".join(lines) + "\n", encoding="utf-8")

    def start(self):
        with open(self.log, "a", encoding="utf-8") as log:
            self.process = subprocess.Popen(
                [self.registry.tree / "sogocd", "-f", self.config], stderr=log,
                stdin=subprocess.DEVNULL, start_new_session=True)
        wait_until(self.is_serving, f"sogocd of {self.name}: see {self.log}")

    def stop(self):
        """As an administrator stops it; it says goodbye with 0."""
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(PATIENCE)
        if code != 0:
            raise Broken(f"sogocd of {self.name} ended with {code}: see {self.log}")

    def is_serving(self):
        if self.process.poll() is not None:
            raise Broken(f"sogocd of {self.name} ended:\n" + self.log.read_text("utf-8"))
        with contextlib.suppress(OSError, http.client.HTTPException):
            return self.get("/v1/health")["status"] == "ok"
        return False

    def listens(self):
        """How often it has said that it listens."""
        return self.log.read_text("utf-8").count("listening on")

    def ask(self, method, path, body=None):
        """Asks the API (node/API.md) over the node's socket: status and answer."""
        connection = http.client.HTTPConnection("localhost", timeout=30)
        connection.sock = socket.socket(socket.AF_UNIX)
        with contextlib.closing(connection):
            connection.sock.settimeout(30)
            connection.sock.connect(str(self.socket))
            connection.request(method, path, None if body is None else json.dumps(body),
                               {} if body is None else {"Content-Type": "application/json"})
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())

    def get(self, path):
        status, value = self.ask("GET", path)
        if status != 200:
            raise Broken(f"{self.name}: GET {path}: {status} {value}")
        return value

    def post(self, path, body):
        status, value = self.ask("POST", path, body)
        if status not in (200, 201):
            raise Broken(f"{self.name}: POST {path}: {status} {value}")
        return value

    def has_counted(self):
        """Its register is made of all that it holds, signatures checked."""
        status = self.get("/v1/register")
        return (status["applied"] == status["held"] == status["verified"] and
                status["to_fold"] == 0 and not status["building"])

    def roots(self):
        """The state roots of the units that it can compute, by unit."""
        return {row["unit"]: row["root"] for row in self.get("/v1/roots")["units"]
                if row["root"] is not None}

    def pages(self, path, member):
        """All rows of a list that comes in pages."""
        rows, after = [], ""
        while True:
            value = self.get(path + after)
            rows += value[member]
            if "after" not in value:
                return rows
            after = f"?after={value['after']}"

    def cut(self):
        """Size and root of every log that it holds, by id."""
        return {row["log"]: (row["size"], row["root"])
                for row in self.pages("/v1/cut", "cut")}

    def connections(self):
        return sum(peer["connected"] for peer in self.get("/v1/peers")["peers"])


class Registry:
    """All nodes, and what is done with them."""

    def __init__(self, tree, folder, screen):
        self.tree, self.folder, self.screen = tree, folder, screen
        self.run_folder = Path(tempfile.mkdtemp(prefix="sogoc-", dir="/tmp"))
        self.nodes = [Node(self, i) for i in range(len(NODES))]
        self.authority, self.central, *self.districts = self.nodes
        self.children = []
        self.is_shown = False  # all there is
        self.pair = None       # see make_pair
        self.pair_home = self.districts[1]
        self.judge = f"{self.pair_home.name}-adjudicate"

    def end(self):
        """Ends every process that was begun here, and waits for it."""
        running = [node.process for node in self.nodes if node.process is not None]
        running += self.children
        for process in running:
            if process.poll() is None:
                process.terminate()
        for process in running:
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        shutil.rmtree(self.run_folder, ignore_errors=True)

    def sogoc(self, *words, code=0):
        """Runs a command; its rows."""
        done = subprocess.run([self.tree / "sogoc", *words, "--json"], cwd=self.folder,
                              capture_output=True, stdin=subprocess.DEVNULL, check=False)
        if done.returncode != code:
            raise Broken(f"sogoc {' '.join(map(str, words))}: exit {done.returncode}: "
                         f"{done.stderr.decode()}{done.stdout.decode()[-2000:]}")
        return [json.loads(line) for line in done.stdout.splitlines()]

    def show(self, *words):
        """Shows a command as a person types it, once for all that are alike."""
        self.screen.say(f"$ sogoc {' '.join(words)}", f"$ sogoc {' '.join(words)}")

    def found(self):
        self.show("init", "--authority", "'Sổ thử Thanh Hóa'", "--test", "--next", "...")
        told = self.sogoc("init", "--authority", "Sổ thử Thanh Hóa", "--test", "--plain",
                          "--next", "next", "--dir", "authority")[0]
        self.id = told["registry"]
        self.show("join", "--registry", self.id[:8] + "...", "--unit", "'Huyện Mường Lát'")
        self.show("admit", "request", "--key", "...", "   (" + self.screen.text(
            "read over the phone", "đọc qua điện thoại") + ")")
        self.show("officer", "add", "...", "'Huyện Mường Lát'", "--roles", "capture")
        self.show("campaign", "create", "'Tỉnh Thanh Hóa'", "--title", f"'{CAMPAIGN}'", "...")
        for node in self.nodes[1:]:
            self.join(node)
        self.announce()
        for node in self.nodes:
            log = self.sogoc("logs", "--dir", node.name)
            node.own = next(row["id"] for row in log if "o" in row["flags"])

    def join(self, node):
        before = self.communes() if node is self.pair_home else []
        asked = self.sogoc("join", "--registry", self.id, "--unit", node.unit, "--role",
                           node.role, "--dir", node.name)[0]
        self.sogoc("admit", f"{node.name}/request", "--key", asked["key_id"], "--label",
                   node.label, "--out", f"{node.name}.answer", "--dir", "authority")
        self.sogoc("join", "--take", f"{node.name}.answer", "--dir", node.name)
        if node in self.districts:
            self.sogoc("scope", "issue", *former_communes(node.unit), "--to", asked["key_id"],
                       "--dir", "authority")
        for role in ("capture", "approve") if node in self.districts else ():
            label = f"{node.name}-{role}"
            key = self.sogoc("officer", "new", label, "--plain", "--dir", node.name)[0]["key"]
            self.sogoc("officer", "add", key, node.unit, "--roles", role, "--label", label,
                       "--dir", "authority")
        if node is self.pair_home:
            self.appoint(node, set(self.communes()) - set(before))

    def communes(self):
        """The communes that somebody can read the records of."""
        return [str(row["unit"]) for row in self.sogoc("scope", "list", "--dir", "authority")
                if str(row["unit"]).startswith("3") and row["nodes"] > 0]

    def appoint(self, node, communes):
        """Who decides conflicts in what the communes of a district have come to be."""
        key = self.sogoc("officer", "new", self.judge, "--plain", "--dir", node.name)[0]["key"]
        self.sogoc("officer", "add", key, *communes, "--roles", "adjudicate", "--label",
                   self.judge, "--dir", "authority")

    def announce(self):
        """A campaign that runs: cards for who is 14 or older on the day of reference."""
        days = [(datetime.date.today() + datetime.timedelta(days=more)).strftime("%Y%m%d")
                for more in (30, 60)]
        self.sogoc("campaign", "create", "Tỉnh Thanh Hóa", "--title", CAMPAIGN, "--reference",
                   REFERENCE, "--committed", days[0], "--mandated", days[1], "--dir",
                   "authority")
        self.sogoc("campaign", "freeze", "--dir", "authority")
        self.sogoc("campaign", "freeze", "--next", "--dir", "authority")

    def peers(self, node):
        """Whom a node dials: districts the centre, and all the authority."""
        return {"authority": [], "central": [self.authority]}.get(
            node.role, [self.central, self.authority])

    def start(self):
        for node in self.nodes:
            node.configure(self.peers(node))
            node.start()

    def link(self, peers_of):
        """As administrators do it: new configurations, and SIGHUP."""
        before = {node: node.listens() for node in self.nodes}
        for node in self.nodes:
            node.configure(peers_of(node))
            node.process.send_signal(signal.SIGHUP)
        wait_until(lambda: all(node.listens() > before[node] and node.is_serving()
                               for node in self.nodes), "all nodes read their configuration")

    def cuts(self):
        return [node.cut() for node in self.nodes]

    def are_equal(self):
        """Every node holds every log, to the same size, under the same root."""
        cuts = self.cuts()
        return len(cuts[0]) >= len(NODES) and all(cut == cuts[0] for cut in cuts)

    def converge(self, what):
        """Shows how the nodes become equal, from what each says it holds."""
        since = time.monotonic()
        while True:
            cuts = self.cuts()
            most = {}
            for cut in cuts:
                for log, (size, _) in cut.items():
                    most[log] = max(most.get(log, 0), size)
            held = sum(size for cut in cuts for size, _ in cut.values())
            wanted = len(cuts) * sum(most.values())
            equal = len(most) >= len(NODES) and all(cut == cuts[0] for cut in cuts)
            share = 1 if equal else min(held / wanted, 0.999)
            self.screen.bar(share, f"{self.screen.number(held)} / "
                                   f"{self.screen.number(wanted)} {what}")
            if equal:
                return time.monotonic() - since
            if time.monotonic() - since > PATIENCE:
                raise Broken(f"the nodes did not become equal in {PATIENCE} s: {cuts}")
            time.sleep(0.2)

    def invent(self, count, seed):
        """Invents citizens and what their districts write about them: (persons,
        forms) by district."""
        told = {}
        for node in self.districts:
            words = ["synth", str(count), "--seed", seed, "--day", DAY, "--within", node.unit,
                     "--no-cards"]
            persons = self.lines(*words)
            forms = self.lines(*words, "--forms", "--officer", f"{node.name}-capture",
                               "--approver", f"{node.name}-approve", "--dir", node.name,
                               into=self.folder / f"{node.name}.forms")
            told[node] = (persons, forms)
        return told

    def lines(self, *words, into=None):
        """How many lines a command prints, into a file or nowhere."""
        path = into or self.folder / "lines"
        with open(path, "wb") as file:
            subprocess.run([self.tree / "sogoc", *words], cwd=self.folder, stdout=file,
                           stdin=subprocess.DEVNULL, check=True)
        with open(path, "rb") as file:
            count = sum(1 for _ in file)
        if into is None:
            path.unlink()
        return count

    def hand_in(self, told):
        """Each district hands its forms in at its own node, all at once."""
        before = {node: node.cut()[node.own][0] for node in told}
        wanted = sum(forms for _, forms in told.values())
        running = {node: subprocess.Popen(
            [self.tree / "sogoc", "hand-in", f"{node.name}.forms", "--socket", node.socket,
             "--wait", "60", "--json"], cwd=self.folder, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT) for node in told}
        self.children += running.values()
        while any(process.poll() is None for process in running.values()):
            done = sum(node.cut()[node.own][0] - before[node] for node in told)
            self.screen.bar(min(done / wanted, 0.999), self.screen.number(done))
            time.sleep(0.3)
        for node, process in running.items():
            out = process.stdout.read().decode()
            last = json.loads(out.splitlines()[-1]) if process.returncode == 0 else None
            if last is None or last["filed"] != told[node][1]:
                raise Broken(f"{node.name}: not all forms were filed: {out[-2000:]}")
        self.screen.bar(1, self.screen.number(wanted))

    def count(self):
        """Waits until every node's register is made of all that it holds."""
        wait_until(lambda: all(node.has_counted() for node in self.nodes),
                   "the registers are made of what the logs have")

    def correct(self, node, pair, capture, birth):
        """An officer of NODE corrects the birth date of a citizen, as JSON over the API,
        signed with the key that he unlocks for it; the record's id."""
        node.post("/v1/unlock", {"officer": f"{node.name}-capture"})
        kept = node.post("/v1/records", {
            "capture": capture, "home": pair.commune, "record": {
                "type": "person", "subject": pair.subject, "body": {"birth": birth},
                "parents": [pair.parent], "effective": int(DAY.replace("-", "")),
                "basis": {"form": 5, "document": "DC02/2025/17", "clause": ""},
                "submit": os.urandom(16).hex()}})
        node.post("/v1/lock", {})
        return kept["id"][:32]

    def make_pair(self):
        """The same birth date, corrected in two districts that do not hear each other."""
        home, other = self.pair_home, self.districts[0]
        pair = Pair(home, other, find_enrolment(home, self.folder / f"{home.name}.forms"))
        elsewhere = find_enrolment(other, self.folder / f"{other.name}.forms")["capture"]
        day = pair.birth % 100
        pair.record = self.correct(home, pair, pair.commune,
                                   pair.birth + (1 if day < 28 else -1))
        self.correct(other, pair, elsewhere, pair.birth + (2 if day < 27 else -2))
        self.pair = pair

    def waiting(self):
        """The conflict of that pair, as its home's node lists it; the centre knows it too."""
        def look(node):
            for unit in node.get("/v1/conflicts")["units"]:
                for row in node.get(f"/v1/conflicts?unit={unit['unit']}")["conflicts"]:
                    if row["subject"] == self.pair.subject:
                        return {**row, "unit": unit["unit"], "name": unit["name"]}
            return None
        found, centre = look(self.pair.home), look(self.central)
        if found is None or found != centre:
            raise Broken(f"the conflict does not wait where it should: {found} {centre}")
        return found

    def decide(self, waiting):
        """The officer of the home commune says which of the two stands; all hear it."""
        told = self.sogoc("decide", waiting["subject"], "--choose", self.pair.record, "--reason",
                          "theo giấy khai sinh", "--officer", self.judge, "--socket",
                          self.pair_home.socket)
        if len(told) != 1:
            raise Broken(f"the decision was not filed: {told}")
        wait_until(self.are_equal, "the decision is everywhere")
        self.count()
        for node in (self.pair_home, self.central):
            rows = node.get(f"/v1/conflicts?unit={waiting['unit']}&state=decided")["conflicts"]
            if [row["subject"] for row in rows] != [waiting["subject"]]:
                raise Broken(f"{node.name}: it is not decided: {rows}")
        self.district_root(self.pair_home)

    def district_root(self, node):
        """The sum of the state roots of the units that a district can read: roots are sums
        (RECORDS.md 12). Its own register and the centre's must give the same."""
        told = {}

        def are_equal():
            told["own"], told["centre"] = node.roots(), self.central.roots()
            return told["own"] and all(told["centre"].get(unit) == root
                                       for unit, root in told["own"].items())
        wait_until(are_equal, f"{node.name} and the centre have the same state roots")
        return sum(int(root, 16) for root in told["own"].values()) % 2**256


class Pair:
    """A correction made twice, apart: at a citizen's home and elsewhere."""

    def __init__(self, home, other, enrolment):
        self.home, self.other = home, other
        self.subject, self.parent = enrolment["subject"], enrolment["id"]
        self.commune, self.birth = enrolment["capture"], enrolment["birth"]
        self.record = None  # what the home commune says


def find_enrolment(node, forms):
    """Somebody of whom NODE has filed one record about himself and no later one: his
    uid, that record's id and birth date, and where it was captured."""
    seen = {}
    for line in forms.open(encoding="utf-8"):
        form = json.loads(line)
        record = node.post("/v1/form", {"inner": form["inner"]})["record"]
        if record["type"] == "person":
            seen.setdefault(record["subject"], []).append((form, record))
        if len(seen) > 20:
            break
    for records in seen.values():
        form, record = records[0]
        if len(records) > 1 or record["parents"] or record["body"]["birth"] % 100 == 0 or \
                record["basis"]["form"] == 20:
            continue
        told = node.post("/v1/form", {"record": record})
        return {"subject": record["subject"], "id": told["id"][:32],
                "capture": form["capture"], "birth": record["body"]["birth"]}
    raise Broken(f"{node.name}: nobody was enrolled")


def former_communes(district):
    """The communes that DISTRICT had on the day that the citizens are of: what is written
    there is sealed for them."""
    rows = [line.split("\t") for line in UNITS.read_text("utf-8").splitlines()]
    units = [row for row in rows if row[0] == "unit"]
    day = DAY.replace("-", "")
    keys = {row[1] for row in units if row[7] == district}
    return [row[1] for row in units if row[4] in keys and row[1][-8:] <= day and
            (row[2] == "0" or row[2] > day)]


def wait_until(is_so, what):
    deadline = time.monotonic() + PATIENCE
    while not is_so():
        if time.monotonic() > deadline:
            raise Broken(f"not in {PATIENCE} s: {what}")
        time.sleep(0.05)


def fingerprint(cut):
    """One short word for all sizes and roots of a cut: equal cuts, equal words."""
    text = "".join(f"{log} {size} {root}\n" for log, (size, root) in sorted(cut.items()))
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def show_nodes(registry):
    """A table of the nodes: what each wrote, what it holds, what it lacks."""
    screen = registry.screen
    cuts = registry.cuts()
    most = {}
    for cut in cuts:
        for log, (size, _) in cut.items():
            most[log] = max(most.get(log, 0), size)
    rows = []
    for node, cut in zip(registry.nodes, cuts):
        held = sum(size for size, _ in cut.values())
        rows.append([node.title, screen.number(cut[node.own][0]), screen.number(held),
                     screen.number(sum(most.values()) - held), node.connections(),
                     fingerprint(cut)])
    screen.table([screen.text("node", "nút"), screen.text("written", "đã ghi"),
                  screen.text("held", "đang giữ"), screen.text("lag", "còn thiếu"),
                  screen.text("links", "kết nối"),
                  screen.text("fingerprint", "dấu kiểm")], rows)
    return len({row[-1] for row in rows}) == 1


def show_founding(registry):
    screen = registry.screen
    screen.heading("A registry is founded: authority, centre, three districts",
                   "Lập sổ: cơ quan quản lý, trung tâm và ba đơn vị cấp huyện")
    registry.found()
    registry.start()
    registry.converge(screen.text("entries", "mục"))
    screen.say("Five nodes run on this machine and know of each other. Each has its own "
               "keys;", "Năm nút đang chạy trên máy này và nhận ra nhau. Mỗi nút có khóa "
               "riêng;")
    screen.say("two officers in each district may capture and approve there, nowhere else.",
               "mỗi huyện có hai cán bộ được thu nhận và duyệt tại đó, không ở nơi khác.")


def show_citizens(registry):
    screen = registry.screen
    screen.heading("Citizens are registered, each in their own district",
                   "Đăng ký công dân, mỗi người tại huyện của mình")
    told = registry.invent(CITIZENS, EVERYBODY)
    persons = sum(count for count, _ in told.values())
    if persons < LEAST:
        raise Broken(f"only {persons} citizens")
    screen.say(f"{screen.number(persons)} citizens, invented; nobody here is a real person. "
               "Every form is", f"{screen.number(persons)} công dân giả định, không có ai là "
               "người thật. Mỗi biểu mẫu")
    screen.say("signed by an officer, and answered when it is safe on the disk.",
               "do một cán bộ ký, và chỉ được trả lời khi đã an toàn trên đĩa.")
    registry.hand_in(told)
    screen.table([screen.text("district", "đơn vị"), screen.text("citizens", "công dân"),
                  screen.text("signed records", "bản ghi đã ký")],
                 [[node.title, screen.number(count), screen.number(forms)]
                  for node, (count, forms) in told.items()])
    screen.say("Meanwhile the nodes tell each other:", "Đồng thời các nút báo cho nhau:")
    registry.converge(screen.text("entries", "mục"))


def show_partition(registry):
    screen = registry.screen
    screen.heading("All links are cut; work goes on", "Cắt mọi đường truyền; công việc vẫn "
                   "tiếp tục")
    registry.link(lambda node: [])
    wait_until(lambda: not any(node.connections() for node in registry.nodes),
               "the links are cut")
    told = registry.invent(NEWCOMERS, LATER)
    registry.hand_in(told)
    registry.make_pair()
    persons = sum(count for count, _ in told.values())
    screen.say(f"{screen.number(persons)} more citizens were enrolled, and data corrected, in "
               "three districts", f"Thêm {screen.number(persons)} công dân được đăng ký, dữ "
               "liệu được chỉnh sửa, tại ba huyện")
    screen.say("that heard nothing of each other:", "hoàn toàn không nghe được nhau:")
    if show_nodes(registry):
        raise Broken("the nodes are equal though the links are cut")


def show_healing(registry):
    screen = registry.screen
    screen.heading("The links are back", "Nối lại đường truyền")
    registry.link(registry.peers)
    seconds = registry.converge(screen.text("entries", "mục"))
    if not show_nodes(registry):
        raise Broken("the nodes are not equal")
    screen.say(f"Equal everywhere after {seconds:.1f} s: every node holds every log to the "
               "same size, under", f"Sau {seconds:.1f} giây mọi nơi như nhau: nút nào cũng giữ "
               "mọi nhật ký, cùng kích")
    screen.say("the same signed root. The fingerprint is one word for all of these.",
               "thước và cùng gốc cây đã ký. Dấu kiểm tóm lại tất cả trong một từ.")


def show_proof(registry):
    screen = registry.screen
    node = registry.districts[1]
    screen.heading("One record, proved", "Chứng minh một bản ghi")
    index = node.cut()[node.own][0] - 1
    registry.central.stop()  # the command reads the disk itself
    registry.sogoc("prove", node.own, str(index), "--out", "record.tlog-proof", "--dir",
                   "central")
    held = registry.sogoc("check-proof", "record.tlog-proof", "--dir", "central")[-1]
    text = (registry.folder / "record.tlog-proof").read_text("utf-8")
    (registry.folder / "false.tlog-proof").write_text(
        text.replace(f"index {index}\n", f"index {index - 1}\n"), encoding="utf-8")
    false = registry.sogoc("check-proof", "false.tlog-proof", "--dir", "central",
                           code=1)[-1]
    registry.central.start()
    screen.say(f"Entry {screen.number(index)} of {node.title}, proved by what the centre "
               "holds:", f"Mục {screen.number(index)} của {node.title}, chứng minh bằng bản "
               "của trung tâm:")
    screen.say(f"  sogoc check-proof record.tlog-proof   {screen.verdict(held)}",
               f"  sogoc check-proof record.tlog-proof   {screen.verdict(held)}")
    screen.say("The same proof, said to be of another entry:",
               "Vẫn bằng chứng ấy nhưng nói là của mục khác:")
    screen.say(f"  sogoc check-proof false.tlog-proof    {screen.verdict(false)}",
               f"  sogoc check-proof false.tlog-proof    {screen.verdict(false)}")


def show_slip(registry):
    screen = registry.screen
    node = registry.districts[1]
    screen.heading("The slip that a citizen takes home", "Phiếu người dân mang về")
    slip = node.get(f"/v1/slip?index={node.cut()[node.own][0] - 1}")["slip"]
    public = registry.folder / "public"  # all that a citizen needs: the authority's key
    public.mkdir()
    shutil.copy(node.dir / "chain", public)
    paper = registry.folder / "paper.txt"
    paper.write_text(slip + "\n", encoding="utf-8")
    told = registry.sogoc("slip", "--check", "paper.txt", "--dir", "public")[0]
    paper.write_text(slip[:-1] + ("A" if slip[-1] != "A" else "B") + "\n", encoding="utf-8")
    false = registry.sogoc("slip", "--check", "paper.txt", "--dir", "public", code=1)[0]
    screen.say(f"{slip[:64]}...", f"{slip[:64]}...")
    screen.say("No name and no number is in it. Checked with the authority's public key alone: "
               f"{screen.verdict(told)}.", "Không có họ tên, không có số. Kiểm tra chỉ bằng khóa "
               f"công khai của cơ quan: {screen.verdict(told)}.")
    screen.say(f"With one character changed: {screen.verdict(false)}.",
               f"Sửa một ký tự: {screen.verdict(false)}.")


def show_campaign(registry):
    """What each district has done, counted at the centre; and that the districts count
    the same, row for row, from what they can read."""
    screen = registry.screen
    screen.heading("The campaign, by district", "Chiến dịch, theo từng huyện")
    registry.count()
    told = registry.central.get("/v1/campaign?level=3")
    offices = {row["label"]: row for row in told["offices"]}
    rows = []
    for node in registry.districts:
        funnel = offices[node.label]["funnel"]
        rows.append([node.title, *(screen.number(funnel[name]) for name in (
            "eligible", "excluded", "captured", "remaining")),
            screen.number(offices[node.label]["lag"]),
            f"{registry.district_root(node):064x}"[:12]])
    screen.table([screen.text("district", "đơn vị"), screen.text("eligible", "thuộc diện"),
                  screen.text("excluded", "loại trừ"), screen.text("captured", "đã thu nhận"),
                  screen.text("remaining", "còn lại"), screen.text("lag", "chưa nhận"),
                  screen.text("state root", "gốc trạng thái")], rows)
    if sum(row["funnel"]["eligible"] for row in told["offices"]) == 0:
        raise Broken("nobody is eligible")
    screen.say("Eligible: 14 years or older on 1 February 2025, at home there. Remaining: "
               "nothing is", "Thuộc diện: từ đủ 14 tuổi vào ngày 1/2/2025, thường trú tại đó. "
               "Còn lại: chưa thu nhận")
    screen.say("captured yet. Counted by the centre; each district, from the records it can "
               "read, has", "gì. Số liệu do trung tâm đếm; từng huyện, từ những bản ghi huyện "
               "đọc được, có cùng")
    screen.say("the same state root at this cut: equal everywhere.",
               "gốc trạng thái ở lát cắt này: mọi nơi như nhau.")


def show_conflict(registry):
    """The pair that was made apart waits at its home commune, and is decided there."""
    screen, pair = registry.screen, registry.pair
    screen.heading("One birth date, changed in two places",
                   "Một ngày sinh, sửa ở hai nơi")
    waiting = registry.waiting()
    home = waiting["name"]
    screen.say(f"While the links were cut, {pair.home.title} and {pair.other.title} each "
               "corrected the birth", f"Khi mất đường truyền, {pair.home.title} và "
               f"{pair.other.title} đều sửa ngày sinh của")
    screen.say(f"date of citizen {waiting['subject'][:8]}. Nobody wins by chance: it waits at "
               f"{home},", f"công dân {waiting['subject'][:8]}. Không ai thắng nhờ may rủi: "
               f"việc chờ {home}")
    screen.say(f"to be decided until {screen.day(waiting['due'])}:",
               f"quyết định, hạn {screen.day(waiting['due'])}:")
    screen.say(f"  {waiting['rule']}: {waiting['en']}", f"  {waiting['rule']}: {waiting['vi']}")
    registry.show("decide", waiting["subject"][:8], "--choose", pair.record[:8], "--officer",
                  registry.judge, "...")
    registry.decide(waiting)
    screen.say("Decided by the officer of that commune, signed, and heard by the centre; the "
               "two records", "Cán bộ của xã ấy đã quyết định, đã ký, và trung tâm đã nhận; "
               "hai bản ghi cũ")
    screen.say("stay in the log. The centre and the district have the same state root again.",
               "vẫn còn nguyên trong nhật ký. Gốc trạng thái ở trung tâm và ở huyện lại bằng "
               "nhau.")


def show_next(registry):
    screen = registry.screen
    screen.heading("What to try next", "Thử tiếp")
    screen.table([screen.text("node", "nút"), screen.text("page", "trang"),
                  screen.text("socket", "socket")],
                 [[node.title, f"http://127.0.0.1:{node.door}/", node.socket]
                  for node in registry.nodes], left=True)
    example, sogoc = registry.districts[1], registry.tree / "sogoc"
    screen.say()
    screen.say("A page asks for the token of its node, such as:",
               "Trang hỏi mã truy cập của nút, ví dụ:")
    screen.say(f"  $ cat {example.dir}/token", f"  $ cat {example.dir}/token")
    for en, vi, line in (
            ("How far is each commune?", "Từng xã làm đến đâu?",
             f"{sogoc} campaign --by commune --socket {registry.central.socket}"),
            ("What waits for a decision, and how good is the register?",
             "Việc gì đang chờ quyết định, sổ tốt đến đâu?",
             f"{sogoc} conflicts --socket {registry.central.socket}"),
            ("", "", f"{sogoc} quality --socket {registry.central.socket}"),
            ("What is a figure computed from? Watch it change.",
             "Số liệu tính từ đâu? Xem nó thay đổi.",
             f"{sogoc} cut --roots --socket {example.socket}"),
            ("", "", f"curl -N --unix-socket {example.socket} http://localhost/v1/follow"),
            ("Pull the plug of a node, and start it again.",
             "Rút điện một nút, rồi chạy lại.", f"kill -9 {example.process.pid}"),
            ("", "", f"{registry.tree}/sogocd -f {example.config}")):
        if en:
            screen.say(en, vi)
        screen.say(f"  $ {line}", f"  $ {line}")


def show_all(registry, once):
    screen = registry.screen
    for show in (show_founding, show_citizens, show_partition, show_healing, show_campaign,
                 show_conflict, show_proof, show_slip):
        show(registry)
    if once:
        return
    show_next(registry)
    screen.say()
    registry.is_shown = True
    screen.say("All nodes stay up until Ctrl-C.", "Mọi nút tiếp tục chạy đến khi bấm Ctrl-C.")
    while True:
        time.sleep(3600)


def language():
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        if os.environ.get(name):
            return "vi" if os.environ[name].startswith("vi") else "en"
    return "en"


def interrupt(*_):
    """Ends it once; what is cleaned up then is not interrupted."""
    for number in INTERRUPTS:
        signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("tree", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--once", action="store_true")
    parser.add_argument("--lang", choices=("vi", "en"), default=language())
    asked = parser.parse_args()
    for number in INTERRUPTS:
        signal.signal(number, interrupt)
    registry = Registry(asked.tree, asked.folder, Screen(asked.lang))
    try:
        show_all(registry, asked.once)
    except Broken as broken:
        print(f"quickstart: {broken}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 0 if registry.is_shown else 130
    finally:
        registry.end()
    return 0


if __name__ == "__main__":
    sys.exit(main())
