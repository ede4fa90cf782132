"""A small SMTP server on a free port, as strict as a test wants it."""

import socket
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager


class MailServer(socketserver.ThreadingTCPServer):
    """mails: what was taken, headers and body. answers: SMTP verb -> the line to answer instead of "250 ok"."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, answers: dict[str, str]):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.mails: list[str] = []
        self.said: list[str] = []
        self.answers = answers

    @property
    def port(self) -> int:
        return self.server_address[1]


class _Handler(socketserver.StreamRequestHandler):
    server: MailServer

    def handle(self) -> None:
        self._answer("220 test")
        while line := self.rfile.readline():
            text = line.decode().strip()
            self.server.said.append(text)
            verb = text.split(" ")[0].upper()
            if verb in self.server.answers:
                self._answer(self.server.answers[verb])
            elif verb == "EHLO":
                self._answer("250-test")
                self._answer("250 AUTH PLAIN LOGIN")
            elif verb == "AUTH":
                self._answer("235 welcome")
            elif verb == "DATA":
                self._answer("354 go on")
                self.server.mails.append(self._data())
                self._answer("250 taken")
            elif verb == "QUIT":
                self._answer("221 bye")
                return
            else:
                self._answer("250 ok")

    def _data(self) -> str:
        lines = []
        while (line := self.rfile.readline()) not in (b".\r\n", b""):
            lines.append(line.decode())
        return "".join(lines)

    def _answer(self, text: str) -> None:
        self.wfile.write(f"{text}\r\n".encode())


@contextmanager
def mail_server(**answers: str) -> Iterator[MailServer]:
    """Runs within the block."""
    with MailServer(answers) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join(5)


@contextmanager
def silent_server() -> Iterator[int]:
    """A port that takes connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening.getsockname()[1]
