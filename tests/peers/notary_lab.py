"""Notary's own server, signer and client on 127.0.0.1, in memory, stopped by process id at the end.

A GUN is one repository on the server; tests share a server and take a GUN each. What the helpers
give are the bytes as they went over the wire.
"""
import base64
import contextlib
import hashlib
import http.client
import http.server
import json
import os
import re
import shutil
import socket
import ssl
import subprocess
import threading
import time

import peer  # noqa: F401
import story

CLIENT, SERVER, SIGNER = "/usr/bin/notary", "/usr/bin/notary-server", "/usr/bin/notary-signer"
PASSPHRASE = "a passphrase of the lab"
ROLES = ("ROOT", "TARGETS", "SNAPSHOT", "DELEGATION")
PATIENCE = 20


def need():
    for program in (CLIENT, SERVER, SIGNER):
        if not os.access(program, os.X_OK):
            story.missing(f"no {program} on this machine (package notary)")


def version():
    """Debian's build does not say it itself."""
    said = subprocess.run(["dpkg-query", "-W", "-f", "${Version}", "notary"], capture_output=True,
                          text=True, check=True).stdout
    return re.match(r"[0-9.]+", said)[0]


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def openssl(*words):
    subprocess.run(["openssl", *map(str, words)], check=True, capture_output=True, timeout=60)


class Certificates:
    """A CA, and a certificate for 127.0.0.1 that serves and asks, made for this run."""

    def __init__(self, folder):
        folder.mkdir(mode=0o700)
        self.ca, self.cert, self.key = (folder / name for name in ("ca.pem", "cert.pem", "key.pem"))
        request, ca_key, extra = folder / "request.pem", folder / "ca-key.pem", folder / "extensions"
        extra.write_text("subjectAltName=IP:127.0.0.1,DNS:localhost\n"
                         "extendedKeyUsage=serverAuth,clientAuth\n")
        new = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
        openssl("req", "-x509", *new, "-keyout", ca_key, "-out", self.ca, "-days", 2,
                "-subj", "/CN=the CA of the lab")
        openssl("req", *new, "-keyout", self.key, "-out", request, "-subj", "/CN=localhost")
        openssl("x509", "-req", "-in", request, "-CA", self.ca, "-CAkey", ca_key, "-days", 2,
                "-CAcreateserial", "-extfile", extra, "-out", self.cert)


class Lab:
    """What runs: `with Lab(folder) as lab`. signer: server keys at a notary-signer; tls: https."""

    def __init__(self, folder, signer=False, tls=False):
        self.folder, self.with_signer, self.with_tls = folder, signer, tls
        self.port = free_port()
        self.url = f"http{'s' if tls else ''}://127.0.0.1:{self.port}"
        self.stack = contextlib.ExitStack()

    def __enter__(self):
        need()
        self.folder.mkdir(mode=0o700, exist_ok=True)
        with self.stack:
            if self.with_signer or self.with_tls:
                self.tls = Certificates(self.folder / "tls")
            trust = self.start_signer() if self.with_signer else {"type": "local"}
            server = {"http_addr": f"127.0.0.1:{self.port}"}
            if self.with_tls:
                server |= {"tls_key_file": str(self.tls.key), "tls_cert_file": str(self.tls.cert)}
            self.start(SERVER, {"server": server, "trust_service": trust,
                                "storage": {"backend": "memory"}, "logging": {"level": "warn"}})
            self.wait(self.healthy)
            self.stack = self.stack.pop_all()
        return self

    def __exit__(self, *_):
        self.stack.close()

    def start_signer(self):
        port = free_port()
        self.start(SIGNER, {"server": {"grpc_addr": f"127.0.0.1:{port}",
                                       "tls_cert_file": str(self.tls.cert),
                                       "tls_key_file": str(self.tls.key),
                                       "client_ca_file": str(self.tls.ca)},
                            "storage": {"backend": "memory"}, "logging": {"level": "warn"}})
        self.wait(lambda: self.listens(port))
        return {"type": "remote", "hostname": "127.0.0.1", "port": str(port),
                "key_algorithm": "ecdsa", "tls_ca_file": str(self.tls.ca),
                "tls_client_cert": str(self.tls.cert), "tls_client_key": str(self.tls.key)}

    def start(self, program, settings):
        name = os.path.basename(program)
        config = self.folder / f"{name}.json"
        config.write_text(json.dumps(settings))
        log = self.stack.enter_context(open(self.folder / f"{name}.log", "wb"))
        process = subprocess.Popen([program, "-config", config], stdin=subprocess.DEVNULL, stdout=log,
                                   stderr=log, env={"PATH": os.environ["PATH"]})
        self.stack.callback(self.stop, process)

    @staticmethod
    def stop(process):
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def wait(self, ready):
        until = time.monotonic() + PATIENCE
        while not ready():
            if time.monotonic() > until:
                logs = "".join(path.read_text() for path in self.folder.glob("*.log"))
                raise AssertionError(f"the lab does not start: {logs}")
            time.sleep(0.02)

    @staticmethod
    def listens(port):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return True
        return False

    def healthy(self):
        with contextlib.suppress(OSError, http.client.HTTPException):
            return self.request("GET", "/_notary_server/health")[0] == 200
        return False

    # The wire

    def request(self, method, path, body=None, headers=None):
        if self.with_tls:
            context = ssl.create_default_context(cafile=str(self.tls.ca))
            link = http.client.HTTPSConnection("127.0.0.1", self.port, timeout=30, context=context)
        else:
            link = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        with contextlib.closing(link):
            link.request(method, path, body=body, headers=headers or {})
            answer = link.getresponse()
            return answer.status, answer.read()

    def get(self, gun, name):
        return self.request("GET", f"/v2/{gun}/_trust/tuf/{name}")

    def key(self, gun, role):
        """The server's key as it gives it. Before the first root each question makes another."""
        status, body = self.get(gun, f"{role}.key")
        assert status == 200, body
        return body

    def publish(self, gun, files):
        """files: role name -> bytes. Gives the status and what the server says."""
        bound = "a-boundary-that-no-metadata-has"
        parts = [b'--%s\r\nContent-Disposition: form-data; name="files"; filename="%s"\r\n'
                 b"Content-Type: application/octet-stream\r\n\r\n%s\r\n"
                 % (bound.encode(), role.encode(), data) for role, data in files.items()]
        status, body = self.request(
            "POST", f"/v2/{gun}/_trust/tuf/", b"".join(parts) + b"--%s--\r\n" % bound.encode(),
            {"Content-Type": f"multipart/form-data; boundary={bound}"})
        return status, body.decode()

    def delete(self, gun):
        return self.request("DELETE", f"/v2/{gun}/_trust/tuf/")[0]

    def seen(self, gun):
        """What a client gets that goes by hashes: role name -> bytes. KeyError: what it misses."""
        found = {}

        def fetch(role, name, hashes=None):
            status, data = self.get(gun, name)
            if status != 200:
                raise KeyError(f"{name}: {status} {data[:200]!r}")
            if hashes:
                assert base64.b64encode(hashlib.sha256(data).digest()).decode() == hashes["sha256"]
            found[role] = data
            return json.loads(data)["signed"]

        def by_hash(role, hashes):
            return fetch(role, f"{role}.{base64.b64decode(hashes['sha256']).hex()}.json", hashes)

        meta = fetch("timestamp", "timestamp.json")["meta"]
        meta = by_hash("snapshot", meta["snapshot"]["hashes"])["meta"]
        for role, facts in meta.items():
            by_hash(role, facts["hashes"])
        return found


def names(files):
    """Files by role as a server names them for clients: by hash, root and timestamp plainly too."""
    found = {f"{role}.{hashlib.sha256(data).hexdigest()}.json": data for role, data in files.items()}
    return {**found, "root.json": files["root"], "timestamp.json": files["timestamp"]}


def altered(files):
    """role, and the names of these files as they are with this one altered; for each role."""
    for role, data in files.items():
        other = data.replace(b'"expires":"20', b'"expires":"21')
        assert other != data
        yield role, {**names(files), f"{role}.json": other,
                     f"{role}.{hashlib.sha256(data).hexdigest()}.json": other}


class Mirror:
    """A server that only hands out what it is given, whatever that is: name -> bytes. tls: the
    Certificates that it has, if it is to speak https."""

    def __init__(self, gun, files, tls=None):
        self.prefix, self.files = f"/v2/{gun}/_trust/tuf/", files
        self.with_tls, self.tls = tls is not None, tls

    def __enter__(self):
        mirror = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                found = mirror.files.get(self.path.removeprefix(mirror.prefix))
                data = b"{}" if self.path == "/v2/" else found
                self.send_response(404 if data is None else 200)
                self.send_header("Content-Length", str(len(data or b"")))
                self.end_headers()
                self.wfile.write(data or b"")

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        if self.with_tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(self.tls.cert, self.tls.key)
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.port = self.server.server_address[1]
        self.url = f"http{'s' if self.with_tls else ''}://127.0.0.1:{self.port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()


class Said:
    def __init__(self, words, done):
        self.words, self.status = words, done.returncode
        self.out, self.err = done.stdout.decode(), done.stderr.decode()

    def __str__(self):
        return f"notary {' '.join(self.words)}\nstatus {self.status}\n-- out\n{self.out}\n-- err\n{self.err}"


class Client:
    """A `notary` with a trust folder of its own."""

    def __init__(self, lab, folder):
        self.lab, self.folder = lab, folder
        folder.mkdir(mode=0o700, exist_ok=True)
        self.env = {"PATH": os.environ["PATH"], "HOME": str(folder), "TZ": "UTC",
                    "PCSCLITE_CSOCK_NAME": str(folder / "no-smart-cards")}
        self.env.update({f"NOTARY_{role}_PASSPHRASE": PASSPHRASE for role in ROLES})

    def command(self, words):
        """The whole argument vector."""
        line = [CLIENT, "-s", self.lab.url, "-d", str(self.folder)]
        if self.lab.with_tls:
            line += ["--tlscacert", str(self.lab.tls.ca)]
        return line + words

    def run(self, *words, stdin=b""):
        words = [str(word) for word in words]
        return Said(words, subprocess.run(self.command(words), input=stdin, env=self.env, timeout=60,
                                          cwd=self.folder, capture_output=True, check=False))

    def good(self, *words, **options):
        said = self.run(*words, **options)
        if said.status:
            raise AssertionError(str(said))
        return said

    def targets(self, gun, *options):
        """What `list` shows: name -> (sha256 in hex, length, role). AssertionError: it refuses."""
        rows = [line.split() for line in self.good("list", gun, *options).out.splitlines()]
        return {row[0]: (row[1], int(row[2]), row[3])
                for row in rows if len(row) == 4 and re.fullmatch("[0-9a-f]{64}", row[1])}

    def metadata(self, gun):
        """Where it keeps what it read last."""
        return self.folder / "tuf" / gun / "metadata"

    def forget(self, gun):
        shutil.rmtree(self.folder / "tuf" / gun, ignore_errors=True)
