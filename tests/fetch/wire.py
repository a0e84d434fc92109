"""The wire of stillhere-fetch, written from fetcher.h a second time, and servers that misbehave."""
import http.server
import os
import socket
import struct
import subprocess
import threading
import time
import types

OUTCOMES = ['DONE', 'REFUSED', 'UNREACHABLE', 'TIMEOUT', 'TLS', 'TOO_LARGE', 'BROKEN']
GET, POST, MAIL = 0, 1, 2


def text(value):
    if value is None:
        return struct.pack('>I', 0)
    raw = value if isinstance(value, bytes) else value.encode()
    return struct.pack('>I', len(raw) + 1) + raw + b'\0'


def frame(kind, payload):
    return kind + struct.pack('>I', len(payload)) + payload


class Answer:
    def __init__(self, payload):
        self.id, outcome, self.status, self.date, self.retry = struct.unpack_from('>QBHQQ', payload)
        self.outcome = OUTCOMES[outcome]
        at = 27
        fields = []
        for _ in range(3):
            length, = struct.unpack_from('>I', payload, at)
            fields.append(payload[at + 4:at + 3 + length].decode())
            at += 4 + length
        self.etag, self.modified, self.text = fields
        self.body = payload[at:]

    def __repr__(self):
        return f'{self.outcome} {self.status} {self.text!r} {self.body[:60]!r}'


def request(url, method=GET, id=1, most=65536, deadline_ms=5000, etag=None, modified=None,
            headers=None, body=b'', sender=None, to=(), user=None, password=None):
    return frame(b'q', struct.pack('>QBQI', id, method, most, deadline_ms) + text(url) + text(etag)
                 + text(modified) + text(headers) + text(sender) + text(user) + text(password)
                 + struct.pack('>H', len(to)) + b''.join(text(one) for one in to) + body)


class Fetch:
    """One stillhere-fetch; `before` are words in front of its path (strace)."""

    def __init__(self, program, allowed=(), trust=None, resolver=None, before=(), env=None):
        self.socket, other = socket.socketpair()
        self.process = subprocess.Popen(list(before) + [program], stdin=other, stdout=other,
                                        stderr=None, env=env or {})
        other.close()
        self.socket.settimeout(60)
        payload = text(trust) + text(resolver) + struct.pack('>H', len(allowed))
        for host, port in allowed:
            payload += text(host) + struct.pack('>H', port)
        self.socket.sendall(frame(b'o', payload))
        self.start = self.take()

    def read(self, length):
        data = b''
        while len(data) < length:
            part = self.socket.recv(length - len(data))
            if not part:
                raise EOFError
            data += part
        return data

    def take(self):
        head = self.read(5)
        return head[:1], self.read(struct.unpack('>I', head[1:])[0])

    def answer(self):
        kind, payload = self.take()
        assert kind == b'a', kind
        return Answer(payload)

    def ask(self, url, **more):
        self.socket.sendall(request(url, **more))

    def do(self, url, **more):
        self.ask(url, **more)
        return self.answer()

    def pids(self):
        """The program and its children; with strace in front, strace's child first."""
        found, left = [], [self.process.pid]
        while left:
            pid = left.pop(0)
            found.append(pid)
            with open(f'/proc/{pid}/task/{pid}/children', encoding='ascii') as children:
                left += [int(word) for word in children.read().split()]
        return found

    def close(self):
        self.socket.close()
        return self.process.wait(20)


class Listener:
    """Counts connections and gives each to `talk(connection, number)` in a thread of its own."""

    def __init__(self, talk=None, address='127.0.0.1', port=0, context=None):
        family = socket.AF_INET6 if ':' in address else socket.AF_INET
        self.socket = socket.socket(family)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind((address, port))
        self.socket.listen(64)
        self.port = self.socket.getsockname()[1]
        self.talk, self.context = talk, context
        self.accepted = 0
        self.open = []
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        while True:
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            self.accepted += 1
            self.open.append(connection)
            threading.Thread(target=self.one, args=(connection, self.accepted),
                             daemon=True).start()

    def one(self, connection, number):
        try:
            if self.context:
                connection = self.context.wrap_socket(connection, server_side=True)
            if self.talk:
                self.talk(connection, number)
                connection.close()
        except (OSError, ValueError):
            connection.close()

    def close(self):
        self.socket.close()
        for connection in self.open:
            connection.close()


def head_of(connection):
    """One request's head, as text."""
    data = b''
    while b'\r\n\r\n' not in data:
        part = connection.recv(65536)
        if not part:
            raise ValueError
        data += part
    return data.decode('latin-1')


def says(raw, then=None):
    """A talk that answers each request of a connection with the same bytes."""
    def talk(connection, number):
        head_of(connection)
        connection.sendall(raw)
        if then == 'hang':
            time.sleep(30)
    return talk


class Site:
    """HTTP/1.1 with keep-alive; `answer(handler)` gives (status, headers, body)."""

    def __init__(self, answer, address='127.0.0.1', port=0, context=None,
                 family=socket.AF_INET):
        site = self
        self.accepted, self.seen = 0, []

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = 'HTTP/1.1'
            disable_nagle_algorithm = True

            def setup(self):
                site.accepted += 1
                super().setup()

            def one(self):
                body = self.rfile.read(int(self.headers.get('Content-Length') or 0))
                site.seen.append(types.SimpleNamespace(path=self.path, headers=self.headers,
                                                       body=body))
                status, headers, body = answer(self)
                self.send_response(status)
                for name, value in headers:
                    self.send_header(name, value)
                if status not in (204, 304):
                    self.send_header('Content-Length', str(len(body)))
                self.end_headers()
                if status not in (204, 304):
                    self.wfile.write(body)

            do_GET = do_POST = one

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 128
            address_family = family

            def finish_request(self, request_, client):
                if context:
                    request_ = context.wrap_socket(request_, server_side=True)
                super().finish_request(request_, client)

            def handle_error(self, *_):
                pass

        self.server = Server((address, port), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


def status_of(pid, name):
    with open(f'/proc/{pid}/status', encoding='ascii') as status:
        for line in status:
            if line.startswith(name + ':'):
                return line.split()[1]
    return None


def cpu_ms(pid):
    with open(f'/proc/{pid}/schedstat', encoding='ascii') as stat:
        return int(stat.read().split()[0]) / 1e6


def pss_kib(pid):
    with open(f'/proc/{pid}/smaps_rollup', encoding='ascii') as rollup:
        for line in rollup:
            if line.startswith('Pss:'):
                return int(line.split()[1])
    return os.sysconf('SC_PAGE_SIZE')


class Authority:
    """Certificates for a test: good ones, and each kind of wrong one."""

    def __init__(self, folder):
        from cryptography import x509
        from cryptography.hazmat.primitives import hashes, serialization
        from cryptography.hazmat.primitives.asymmetric import ec
        from cryptography.x509.oid import NameOID
        import datetime
        self.folder = folder
        self.x509, self.hashes, self.serialization, self.ec = x509, hashes, serialization, ec
        self.oid, self.datetime = NameOID.COMMON_NAME, datetime
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(self.oid, 'a test authority')])
        self.path = os.path.join(folder, 'authority.pem')
        with open(self.path, 'wb') as out:
            out.write(self.make(self.key.public_key(), self.name, [], True, 0)
                      .public_bytes(serialization.Encoding.PEM))

    def make(self, public, subject, names, is_authority, age_days, key=None, issuer=None):
        now = self.datetime.datetime.utcnow()
        day = self.datetime.timedelta(days=1)
        builder = (self.x509.CertificateBuilder().subject_name(subject)
                   .issuer_name(issuer or self.name).public_key(public)
                   .serial_number(self.x509.random_serial_number())
                   .not_valid_before(now - (age_days + 2) * day)
                   .not_valid_after(now + (2 - age_days) * day)
                   .add_extension(self.x509.BasicConstraints(is_authority, None), True))
        if names:
            builder = builder.add_extension(self.x509.SubjectAlternativeName(names), False)
        return builder.sign(key or self.key, self.hashes.SHA256())

    def context(self, name, address=None, age_days=0, own=False, **settings):
        """A server's SSLContext with a certificate for name (and an address)."""
        import ipaddress
        import ssl
        key = self.ec.generate_private_key(self.ec.SECP256R1())
        subject = self.x509.Name([self.x509.NameAttribute(self.oid, name)])
        names = [self.x509.DNSName(name)]
        if address:
            names.append(self.x509.IPAddress(ipaddress.ip_address(address)))
        made = self.make(key.public_key(), subject, names, False, age_days,
                         *((key, subject) if own else ()))
        path = os.path.join(self.folder, f'{name}.{age_days}.{own}.pem')
        with open(path, 'wb') as out:
            out.write(key.private_bytes(self.serialization.Encoding.PEM,
                                        self.serialization.PrivateFormat.PKCS8,
                                        self.serialization.NoEncryption()))
            out.write(made.public_bytes(self.serialization.Encoding.PEM))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(path)
        for setting, value in settings.items():
            setattr(context, setting, value)
        self.last = path
        return context
