"""What the tests of the API share: a caller at one of the two doors who compares
every answer with node/openapi.json. Debian's Python: jsonschema is its package."""

import http.client
import json
import os
import socket

from jsonschema import Draft202012Validator

from cli import demand

LINES = "application/x-ndjson"


class Book:
    """node/openapi.json."""

    def __init__(self, root):
        with open(os.path.join(root, "node", "openapi.json"), encoding="utf-8") as file:
            self.text = json.load(file)
        self.seen = set()
        self.validators = {}

    def calls(self):
        return {(method.upper(), path) for path, calls in self.text["paths"].items()
                for method in calls}

    def resolve(self, node):
        """NODE, or what its $ref names."""
        while "$ref" in node:
            found = self.text
            for part in node["$ref"].removeprefix("#/").split("/"):
                found = found[part]
            node = found
        return node

    def demand_valid(self, schema, value, what):
        key = json.dumps(schema, sort_keys=True)
        if key not in self.validators:
            self.validators[key] = Draft202012Validator(
                {**schema, "components": self.text["components"]})
        errors = [error.message for error in self.validators[key].iter_errors(value)]
        demand(not errors, f"{what}: {errors} in {value}")

    def demand_answer(self, method, path, status, kind, value):
        """An answer that the page does not have, or has otherwise, is a fault."""
        call = self.text["paths"].get(path, {}).get(method.lower())
        if call is None:
            demand(status in (404, 405, 401, 403, 421), f"{method} {path}: {status}")
            return
        what = f"{method} {path} {status}"
        demand(str(status) in call["responses"], f"{what} is not in openapi.json")
        answer = self.resolve(call["responses"][str(status)])
        demand(kind.split(";")[0] in answer["content"], f"{what}: {kind}")
        if kind == "application/json":
            self.demand_valid(answer["content"][kind]["schema"], value, what)
        for line in value if kind == LINES else ():
            self.demand_valid(answer["content"][kind]["schema"], line, what)
        self.seen.add((method, path, status))


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost", timeout=20)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


class Caller:
    """A connection to node I: through the socket, or through loopback."""

    def __init__(self, nodes, i, book, loopback=False, **headers):
        self.book, self.loopback, self.headers = book, loopback, headers
        if loopback:
            host, port = nodes.http(i).split(":")
            self.connection = http.client.HTTPConnection(host, int(port), timeout=20)
        else:
            self.connection = UnixConnection(nodes.path(f"{i}.sock"))

    def close(self):
        self.connection.close()

    def ask(self, method, path, body=None, **headers):
        """(status, answer, headers); the answer is checked."""
        if body is not None and not isinstance(body, (bytes, str)):
            body = json.dumps(body)
        headers = {name.replace("_", "-"): value
                   for name, value in {**self.headers, **headers}.items()}
        if body is not None:
            headers.setdefault("Content-Type", "application/json")
        self.connection.request(method, path, body, headers)
        answer = self.connection.getresponse()
        data = answer.read()
        kind = answer.headers["Content-Type"]
        value = json.loads(data) if kind == "application/json" else data.decode()
        if kind == LINES:
            value = [json.loads(line) for line in data.splitlines()]
        self.book.demand_answer(method, path.split("?")[0], answer.status, kind, value)
        return answer.status, value, answer.headers

    def get(self, path):
        status, value, _ = self.ask("GET", path)
        demand(status == 200, f"GET {path}: {status} {value}")
        return value

    def submit(self, form):
        status, value, _ = self.ask("POST", "/v1/records", form)
        return status, value

    def submit_lines(self, lines):
        """Hands in many at a time: what is said of each."""
        status, value, _ = self.ask("POST", "/v1/records", b"\n".join(lines),
                                    Content_Type=LINES)
        demand(status == 200 and len(value) == len(lines), f"{status} {value}")
        return value
