"""What the tests of watch share: TAP, a channel, a server that can lie, and one that is a phone."""
import hashlib
import http.server
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..'))
from tap import finish, same, say, until  # noqa: E402,F401

STILLHERE = os.environ['STILLHERE']
T0 = 1790000000  # Monday 21 September 2026, 14:13 UTC
HOUR = 3600


class Answer:
    def __init__(self, done):
        self.code, self.out, self.err = done.returncode, done.stdout, done.stderr

    def json(self):
        return json.loads(self.out)

    def __str__(self):
        return f'exit {self.code}\n{self.out}\n{self.err}'


class Place:
    """A scratch folder; every command runs in it, at a time that the test sets."""

    def __init__(self):
        self.path = tempfile.mkdtemp(prefix='stillhere-watch.')
        os.chmod(self.path, 0o755)
        self.now = T0
        self.env = {**os.environ, 'LC_ALL': 'C.UTF-8', 'HOME': self.path}
        self.env.pop('STILLHERE_HOME', None)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.path, ignore_errors=True)

    def at(self, *names):
        return os.path.join(self.path, *names)

    def argv(self, words):
        return [STILLHERE] + [str(word) for word in words]

    def run(self, *words, now=None):
        env = {**self.env, 'STILLHERE_NOW': str(self.now if now is None else now)}
        return Answer(subprocess.run(self.argv(words), cwd=self.path, env=env, text=True,
                                     stdin=subprocess.DEVNULL, capture_output=True, timeout=120))

    def start(self, *words, now=None, err=None):
        env = dict(self.env)
        if now is not None:
            env['STILLHERE_NOW'] = str(now)
        return subprocess.Popen(self.argv(words), cwd=self.path, env=env,
                                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                stderr=err or subprocess.DEVNULL)

    def channel(self, name):
        done = self.run('-q', 'init', name, '--name', 'Odesa', '--sheet', name + '.sheet')
        assert done.code == 0, str(done)
        return self.at(name)

    def word(self, home, text, *more):
        done = self.run('-C', home, '-q', 'checkin', *more, text)
        assert done.code == 0, str(done)

    def write(self, name, text, mode=0o600):
        with open(self.at(name), 'w', encoding='utf-8') as out:
            out.write(text)
        os.chmod(self.at(name), mode)
        return self.at(name)

    def read(self, name):
        try:
            with open(self.at(name), encoding='utf-8') as source:
                return source.read()
        except FileNotFoundError:
            return ''


class Server:
    """Serves a folder; `twist(path, body)` may lie: bytes, a status, or a function of the handler."""

    def __init__(self, folder):
        self.folder, self.twist, self.log = folder, None, []
        server = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = 'HTTP/1.1'

            def log_message(self, *_):
                pass

            def answer(self, status, body=b'', etag=None):
                self.send_response(status)
                if etag:
                    self.send_header('ETag', etag)
                self.send_header('Content-Length', str(len(body)))
                self.end_headers()
                if status != 304:
                    self.wfile.write(body)

            def do_GET(self):
                path = self.path.lstrip('/')
                asked = self.headers.get('If-None-Match')
                server.log.append((path, asked, self.client_address[1],
                                   self.headers.get('Cache-Control')))
                try:
                    with open(os.path.join(server.folder, path), 'rb') as source:
                        body = source.read()
                except OSError:
                    body = None
                twisted = server.twist(path, body, self) if server.twist else body
                if callable(twisted):
                    return twisted()
                if twisted is None:
                    return self.answer(404)
                if isinstance(twisted, int):
                    return self.answer(twisted)
                etag = '"' + hashlib.sha256(twisted).hexdigest()[:20] + '"'
                return self.answer(304 if asked == etag else 200, twisted, etag)

        self.httpd = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Handler)
        self.httpd.daemon_threads = True
        self.host = f'127.0.0.1:{self.httpd.server_address[1]}'
        self.url = f'http://{self.host}/'
        threading.Thread(target=self.httpd.serve_forever, daemon=True).start()

    def close(self):
        self.httpd.shutdown()
        self.httpd.server_close()


class Phones:
    """An endpoint as ntfy has it: whatever is posted to /NAME rings at NAME."""

    def __init__(self):
        self.rings, self.status = [], 200
        phones = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def log_message(self, *_):
                pass

            def do_POST(self):
                body = self.rfile.read(int(self.headers['Content-Length'])).decode()
                if phones.status == 200:
                    phones.rings.append((self.path.strip('/'), self.headers.get('Title') or '',
                                         body))
                self.send_response(phones.status)
                self.send_header('Content-Length', '0')
                self.end_headers()

        self.httpd = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Handler)
        self.httpd.daemon_threads = True
        self.host = f'127.0.0.1:{self.httpd.server_address[1]}'
        self.url = f'http://{self.host}'
        threading.Thread(target=self.httpd.serve_forever, daemon=True).start()

    def of(self, name):
        return [body for who, _, body in self.rings if who == name]

    def who(self):
        return [who for who, _, _ in self.rings]

    def close(self):
        self.httpd.shutdown()
        self.httpd.server_close()


def code_in(text):
    found = re.search(r'\b[a-z2-7]{26}\b', text)
    return found.group(0) if found else ''
