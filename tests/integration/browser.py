"""Headless Chromium for tests, spoken to over a pipe (Chrome DevTools Protocol),
so that no port is open and nothing but Debian's package is needed."""

import json
import os
import subprocess
import time

from cli import demand


class Browser:
    """One page. Everything that goes wrong in it is gathered in `troubles`."""

    def __init__(self, folder):
        to_read, to_write = os.pipe()
        from_read, from_write = os.pipe()
        self.process = subprocess.Popen(
            ["bash", "-c", f'exec "$@" 3<&{to_read} 4>&{from_write}', "-",
             "chromium", "--headless=new", "--remote-debugging-pipe", "--no-sandbox",
             "--accept-lang=vi-VN", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
             "--disable-background-networking", "--disable-component-update",
             f"--user-data-dir={folder}", "about:blank"],
            pass_fds=(to_read, from_write), env={**os.environ, "HOME": folder},
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(to_read)
        os.close(from_write)
        self.out, self.data = to_write, b""
        self.inp = from_read
        self.number = 0
        self.session = None
        self.troubles = []
        page = next(target for target in self.call("Target.getTargets")["targetInfos"]
                    if target["type"] == "page")
        self.session = self.call("Target.attachToTarget", targetId=page["targetId"],
                                 flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log"):
            self.call(f"{domain}.enable")

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.process.kill()
        self.process.wait()
        os.close(self.out)
        os.close(self.inp)

    def hear(self):
        """The next message."""
        while b"\0" not in self.data:
            more = os.read(self.inp, 1 << 20)
            demand(more != b"", "chromium has ended")
            self.data += more
        message, _, self.data = self.data.partition(b"\0")
        message = json.loads(message)
        method, params = message.get("method"), message.get("params", {})
        if method == "Runtime.exceptionThrown":
            self.troubles.append(params["exceptionDetails"])
        if method == "Log.entryAdded" and params["entry"]["level"] == "error":
            self.troubles.append(params["entry"])
        return message

    def call(self, method, **params):
        self.number += 1
        text = {"id": self.number, "method": method, "params": params}
        if self.session is not None:
            text["sessionId"] = self.session
        os.write(self.out, json.dumps(text).encode() + b"\0")
        while True:
            message = self.hear()
            if message.get("id") == self.number:
                demand("error" not in message, f"{method}: {message}")
                return message["result"]

    def run(self, script):
        """What SCRIPT, an expression, is in the page."""
        got = self.call("Runtime.evaluate", expression=script, awaitPromise=True,
                        returnByValue=True)
        demand("exceptionDetails" not in got, f"{script}: {got}")
        return got["result"].get("value")

    def go(self, address):
        self.call("Page.navigate", url=address)

    def wait(self, script, seconds=20):
        """Waits until SCRIPT is true in the page; what it is then."""
        deadline = time.monotonic() + seconds
        while True:
            value = self.run(script)
            if value:
                return value
            demand(time.monotonic() < deadline,
                   f"never: {script}; the page: {self.run('document.body.innerText')}")
            time.sleep(0.1)
