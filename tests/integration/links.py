"""Links between nodes that can be cut: a listener in front of each address that is
dialled, which carries bytes both ways, holds them back or hangs up."""

import select
import socket
import threading

CHUNK = 65536


class Link(threading.Thread):
    """Carries connections to port TO; `port` is dialled instead."""

    def __init__(self, to):
        super().__init__(daemon=True)
        self.to, self.is_cut, self.is_held, self.is_over = to, False, False, False
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.listener.setblocking(False)
        self.port = self.listener.getsockname()[1]
        self.ends = {}  # socket: the one that it leads to
        self.cuts = 0
        self.start()

    def cut(self):
        """Hangs up, and refuses whoever comes."""
        self.is_cut = True
        self.cuts += 1

    def hold(self):
        """Carries nothing, and says nothing of it."""
        self.is_held = True
        self.cuts += 1

    def mend(self):
        self.is_cut = self.is_held = False

    def end(self):
        self.is_over = True
        self.join()
        self.hang_up()
        self.listener.close()

    def hang_up(self):
        for each in self.ends:
            each.close()
        self.ends = {}

    def drop(self, one):
        other = self.ends.pop(one, None)
        one.close()
        if other is not None:
            self.ends.pop(other, None)
            other.close()

    def greet(self):
        caller, _ = self.listener.accept()
        if self.is_cut:
            caller.close()
            return
        try:
            called = socket.create_connection(("127.0.0.1", self.to), timeout=2)
        except OSError:
            caller.close()
            return
        for each in (caller, called):
            each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            each.settimeout(5)
        self.ends[caller], self.ends[called] = called, caller

    def carry(self, one):
        try:
            data = one.recv(CHUNK)
            if data:
                self.ends[one].sendall(data)
                return
        except OSError:
            pass
        self.drop(one)

    def run(self):
        while not self.is_over:
            if self.is_cut:
                self.hang_up()
            watched = [self.listener] + ([] if self.is_held else list(self.ends))
            for one in select.select(watched, [], [], 0.05)[0]:
                if one is self.listener:
                    self.greet()
                elif one in self.ends:
                    self.carry(one)
