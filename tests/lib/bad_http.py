"""bad_http: an HTTP(S) server that does what it is told, all the wrong things included.

    def answer(request, reply):
        if request.path == "/a":
            return reply.send(200, b"fine", {"ETag": '"1"'})
        reply.stall()
    with BadHttp(answer) as server:
        ... server.url ... server.requests

`answer` runs in a thread for every request and drives the reply by hand: what it does not send is
not sent. Ready-made answers are below. The server is a thread of the test process and goes with it.
"""
import socket
import ssl
import struct
import threading
import urllib.parse


class Request:
    def __init__(self, method, target, headers, body):
        self.method, self.target, self.headers, self.body = method, target, headers, body
        url = urllib.parse.urlsplit(target)
        self.path = urllib.parse.unquote(url.path)
        self.query = dict(urllib.parse.parse_qsl(url.query, keep_blank_values=True))

    def __repr__(self):
        return f"{self.method} {self.target}"


class Reply:
    def __init__(self, server, sock):
        self._server, self._sock = server, sock
        self.keep = True

    def raw(self, data):
        """These bytes, whatever they are."""
        self._sock.sendall(data)

    def send(self, status, body=b"", headers=None, length=None):
        """A whole answer; `length` lies about its length."""
        body = body.encode() if isinstance(body, str) else body
        lines = [f"HTTP/1.1 {status} Whatever",
                 f"Content-Length: {len(body) if length is None else length}"]
        lines += [f"{k}: {v}" for k, v in (headers or {}).items()]
        self.raw("\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body)
        if length is not None and length != len(body):
            self.close()

    def stall(self):
        """Holds the connection, silently, until the client or the server goes away."""
        self.keep = False
        self._sock.settimeout(0.05)
        while not self._server.stopping.is_set():
            try:
                if self._sock.recv(4096) == b"":
                    return
            except (TimeoutError, ssl.SSLWantReadError):
                continue
            except OSError:
                return

    def trickle(self, data, pause=0.05):
        """One byte at a time."""
        for byte in data:
            if self._server.stopping.wait(pause):
                return
            self.raw(bytes([byte]))

    def pause(self, seconds):
        self._server.stopping.wait(seconds)

    def reset(self):
        """RST instead of FIN: the client's read fails."""
        self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close()

    def close(self):
        self.keep = False


def status(code, body=b"", headers=None):
    return lambda request, reply: reply.send(code, body, headers)


def html(request, reply):
    """What captive portals and proxies answer instead of XML."""
    reply.send(200, "<!DOCTYPE html><html><body>Please sign in</body></html>",
               {"Content-Type": "text/html"})


def stall(request, reply):
    reply.stall()


def reset(request, reply):
    reply.reset()


def cut(body, claimed):
    return lambda request, reply: reply.send(200, body, length=claimed)


def s3_error(code, name, message="no"):
    body = (f'<?xml version="1.0" encoding="UTF-8"?><Error><Code>{name}</Code>'
            f"<Message>{message}</Message><RequestId>1</RequestId></Error>")
    return status(code, body, {"Content-Type": "application/xml"})


def sequence(*answers):
    """The first request gets the first answer, and so on; the last one stays."""
    state = {"next": 0}
    lock = threading.Lock()

    def answer(request, reply):
        with lock:
            number = min(state["next"], len(answers) - 1)
            state["next"] += 1
        return answers[number](request, reply)
    return answer


class BadHttp:
    def __init__(self, answer, certificate=None):
        """`certificate`: (cert, key) paths make it HTTPS; see tls.Authority."""
        self.answer, self.requests, self.errors = answer, [], []
        self.stopping = threading.Event()
        self._context = None
        if certificate is not None:
            self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._context.load_cert_chain(*certificate)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(0.1)
        self.port = self._listener.getsockname()[1]
        self.url = (f"https://localhost:{self.port}" if certificate
                    else f"http://127.0.0.1:{self.port}")
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def _accept(self):
        while not self.stopping.is_set():
            try:
                sock, _ = self._listener.accept()
            except TimeoutError:
                continue
            except OSError:
                return
            thread = threading.Thread(target=self._serve, args=(sock,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _read_request(self, stream):
        line = stream.readline(65536).decode("latin-1").split()
        if len(line) < 2:
            return None
        headers = {}
        while (text := stream.readline(65536).decode("latin-1").strip()) != "":
            name, _, value = text.partition(":")
            headers[name.strip().lower()] = value.strip()
        if headers.get("expect", "").lower() == "100-continue":
            stream.raw_socket.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        return Request(line[0], line[1], headers,
                       stream.read(int(headers.get("content-length", "0"))))

    def _serve(self, sock):
        try:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self._context is not None:
                sock = self._context.wrap_socket(sock, server_side=True)
            with sock, sock.makefile("rb") as stream:
                stream.raw_socket = sock
                while not self.stopping.is_set():
                    request = self._read_request(stream)
                    if request is None:
                        return
                    self.requests.append(request)
                    reply = Reply(self, sock)
                    self.answer(request, reply)
                    if not reply.keep:
                        return
        except (OSError, ValueError) as e:
            # The client's leaving is the purpose of many tests; a fault of `answer` is not.
            self.errors.append(e)

    def stop(self):
        self.stopping.set()
        self._listener.close()
        for thread in self._threads:
            thread.join(5)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()
