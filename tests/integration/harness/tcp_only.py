"""A name server behind a line that lets no whole answer through over UDP."""
import select
import socket
import threading

TRUNCATED, RESPONSE = 0x02, 0x80


class TcpOnly:
    """On port 53 of `address`: a question over UDP is answered with its own header, marked as an answer that was cut, and TCP is
    passed on to `server`. `cut` and `passed` count them."""

    def __init__(self, space, server, address="::1", port=53):
        self.server, self.address, self.port, self.cut, self.passed = server, address, port, 0, 0
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self.udp, self.tcp = socket.socket(family, socket.SOCK_DGRAM), socket.socket(family, socket.SOCK_STREAM)
        self.tcp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        for each in (self.udp, self.tcp):
            each.bind((address, port))
        self.tcp.listen(64)
        for work in (self._cut, self._accept):
            threading.Thread(target=work, daemon=True).start()
        space.closers.append(self.close)

    @property
    def endpoint(self):
        return f"[{self.address}]:{self.port}" if ":" in self.address else f"{self.address}:{self.port}"

    def close(self):
        for each in (self.udp, self.tcp):
            try:
                each.shutdown(socket.SHUT_RDWR)  # wakes who waits in it
            except OSError:
                pass
            each.close()

    def _cut(self):
        while True:
            try:
                packet, sender = self.udp.recvfrom(65535)
            except OSError:
                return
            if sender is None or self.udp.fileno() < 0:
                return
            if len(packet) < 12:
                continue
            header = packet[:2] + bytes([packet[2] | RESPONSE | TRUNCATED, 0]) + packet[4:6] + bytes(6)
            end = 12
            while end < len(packet) and packet[end]:
                end += 1 + packet[end]
            self.cut += 1
            self.udp.sendto(header + packet[12:end + 5], sender)

    def _accept(self):
        while True:
            try:
                client, _ = self.tcp.accept()
            except OSError:
                return
            self.passed += 1
            threading.Thread(target=self._pass, args=(client,), daemon=True).start()

    def _pass(self, client):
        with client, socket.create_connection((self.server.address, self.server.port), timeout=10) as server:
            other = {client: server, server: client}
            while True:
                ready, _, _ = select.select([client, server], [], [], 60)
                for each in ready:
                    data = each.recv(65535)
                    if not data:
                        return
                    other[each].sendall(data)
                if not ready:
                    return
