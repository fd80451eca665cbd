"""held_proxy: what goes over it can be held back: a server that hangs in the middle of something.

    with HeldProxy("127.0.0.1", port) as proxy:
        proxy.hold(lambda request: request.startswith(b"GET /bucket/"))
        proxy.wait_held()                       # one like that has come, and gets no answer ...
        proxy.release()                         # ... until now
"""
import socket
import threading


class HeldProxy:
    def __init__(self, host, port):
        self.behind = (host, port)
        self.held_back = None
        self.go_on, self.arrived = threading.Event(), threading.Event()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.release()
        self.listener.close()

    def hold(self, which):
        self.arrived.clear()
        self.go_on.clear()
        self.held_back = which

    def wait_held(self, seconds=60):
        assert self.arrived.wait(seconds), "no such request came"

    def release(self):
        self.held_back = None
        self.go_on.set()

    def _accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
                server = socket.create_connection(self.behind)
            except OSError:
                return
            for each in ((client, server, True), (server, client, False)):
                threading.Thread(target=self._pass_on, args=each, daemon=True).start()

    def _pass_on(self, source, to, asks):
        try:
            while data := source.recv(65536):
                which = self.held_back
                if asks and which is not None and which(data):
                    self.arrived.set()
                    self.go_on.wait()
                to.sendall(data)
        except OSError:
            pass
        for each in (source, to):
            try:
                each.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
