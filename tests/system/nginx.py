# SPDX-License-Identifier: ISC
"""nginx with TLS before the stand-in server, certificates for it, and a proxy to it."""

import os
import pathlib
import re
import socket
import socketserver
import subprocess
import threading

from harness import dated, free_port, wait_for

# One line per request that nginx answered.
FIELDS = ["connection", "protocol", "tls", "port", "verify", "serial", "status", "encoding"]


def openssl(*arguments, made=None):
    """made: with the clock put to then, as FAKETIME has it: "-2d"."""
    done = subprocess.run(["openssl", *map(str, arguments)], text=True, capture_output=True,
                          env={**os.environ, **(dated(made) if made else {})})
    assert done.returncode == 0, done.stderr
    return done.stdout


class Authority:
    """A certificate authority of one's own, by the openssl command line; issuer: it is an intermediate one."""

    def __init__(self, folder, name, issuer=None):
        self.folder = pathlib.Path(folder) / name
        self.folder.mkdir()
        if issuer:
            self.cert, self.key = issuer.issue(name, "basicConstraints=critical,CA:TRUE\nkeyUsage=keyCertSign,cRLSign")
            return
        self.cert, self.key = self.folder / "ca.pem", self.folder / "ca.key"
        make_key(self.key)
        openssl("req", "-x509", "-new", "-key", self.key, "-subj", f"/CN={name}", "-days", 2,
                "-addext", "keyUsage=critical,keyCertSign,cRLSign", "-out", self.cert)

    def issue(self, name, extensions="", days=2, serial=None, key=("ec", "pkcs8"), made=None):
        """Paths of a certificate and its key; made: when, if not now."""
        cert, keyfile, request, extension_file = (self.folder / f"{name}.{end}" for end in ("pem", "key", "csr", "ext"))
        make_key(keyfile, *key)
        extension_file.write_text(extensions + "\n")
        openssl("req", "-new", "-key", keyfile, "-subj", f"/CN={name}", "-out", request)
        openssl("x509", "-req", "-in", request, "-CA", self.cert, "-CAkey", self.key, "-days", days, "-out", cert,
                "-extfile", extension_file, *(["-set_serial", serial] if serial is not None else ["-CAcreateserial"]), made=made)
        return cert, keyfile

    def revocations(self, *certificates, until="20991231235959Z"):
        """A revocation list with these certificates, as PEM."""
        config, index, output = (self.folder / name for name in ("ca.conf", "index", "crl.pem"))
        config.write_text(f"[ca]\ndefault_ca = this\n[this]\ndatabase = {index}\ndefault_md = sha256\n")
        index.write_text("")
        options = ["-config", config, "-cert", self.cert, "-keyfile", self.key]
        for certificate in certificates:
            openssl("ca", *options, "-revoke", certificate)
        openssl("ca", *options, "-gencrl", "-crl_lastupdate", "20200101000000Z", "-crl_nextupdate", until, "-out", output)
        return output.read_text()

    def server(self, name="server", hosts="IP:127.0.0.1,DNS:localhost", **options):
        return self.issue(name, f"subjectAltName={hosts}", **options)


# The first line of a PEM file tells its format.
FORMATS = {("rsa", "pkcs1"): "BEGIN RSA PRIVATE KEY", ("ec", "sec1"): "BEGIN EC PRIVATE KEY",
           ("rsa", "pkcs8"): "BEGIN PRIVATE KEY", ("ec", "pkcs8"): "BEGIN PRIVATE KEY"}


def make_key(path, kind="ec", form="pkcs8"):
    algorithm = ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"] if kind == "ec" else ["-algorithm", "RSA"]
    openssl("genpkey", *algorithm, "-out", path)
    if form != "pkcs8":
        path.write_text(openssl("pkey", "-in", path, "-traditional"))
    path.chmod(0o600)
    assert FORMATS[kind, form] in path.read_text().splitlines()[0]


class Nginx:
    """nginx on a port of its own, all its files in one folder; ends with its parent."""

    def __init__(self, folder, upstream, cert, key, **settings):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir()
        self.upstream = upstream
        self.port = free_port()
        self.url = f"https://127.0.0.1:{self.port}"
        self.config, self.access, self.errors = (self.folder / name for name in ("nginx.conf", "access.log", "error.log"))
        self.configure(cert, key, **settings)
        self.process = subprocess.Popen(
            ["setpriv", "--pdeathsig", "TERM", "/usr/sbin/nginx", "-p", str(self.folder), "-c", str(self.config)],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_for(lambda: self.process.poll() is not None or is_listening(self.port), 10, "nginx")
        assert self.process.poll() is None, self.errors.read_text()

    def configure(self, cert, key, server="", protocols="TLSv1.2 TLSv1.3", http2=True):
        temporary = "".join(f"  {name}_temp_path {self.folder}/{name};\n"
                            for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        log = " ".join(f"${name}" for name in ("connection", "server_protocol", "ssl_protocol", "remote_port",
                                               "ssl_client_verify", "ssl_client_serial", "status",
                                               "sent_http_content_encoding"))
        self.config.write_text(
            f"daemon off;\nworker_processes 1;\npid {self.folder}/pid;\nerror_log {self.errors} info;\n"
            + ("user root;\n" if os.geteuid() == 0 else "")
            + f"events {{ worker_connections 256; }}\nhttp {{\n{temporary}"
            f"  log_format seen '{log}';\n  access_log {self.access} seen;\n"
            f"  server {{\n    listen 127.0.0.1:{self.port} ssl{' http2' if http2 else ''};\n"
            f"    ssl_certificate {cert};\n    ssl_certificate_key {key};\n    ssl_protocols {protocols};\n    {server}\n"
            f"    location / {{\n      proxy_pass {self.upstream};\n      proxy_http_version 1.1;\n"
            f"      proxy_set_header Connection '';\n"
            f"      proxy_set_header x-fake-client-verify $ssl_client_verify;\n"
            f"      proxy_set_header x-fake-http $server_protocol;\n    }}\n  }}\n}}\n")

    def reload(self, cert, key, **settings):
        """Returns when a new worker has taken over."""
        before = self.workers()
        self.configure(cert, key, **settings)
        self.process.send_signal(1)
        wait_for(lambda: self.workers() and not self.workers() & before, 10, "nginx's new worker")

    def workers(self):
        children = pathlib.Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        return {int(pid) for pid in children}

    def requests(self):
        if not self.access.exists():
            return []
        return [dict(zip(FIELDS, line.split(" "))) for line in self.access.read_text().splitlines()]

    def stop(self):
        self.process.terminate()
        self.process.wait(30)


def is_listening(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


class Proxy:
    """An HTTP proxy for CONNECT alone, that keeps all it sees."""

    def __init__(self, answer=None):
        self.answer = answer  # in the place of a tunnel
        self.targets = []
        self.ports = set()    # from which it went on
        self.wire = bytearray()
        proxy = self

        class Handler(socketserver.BaseRequestHandler):
            def handle(self):
                proxy.handle(self.request)

        class Server(socketserver.ThreadingTCPServer):
            daemon_threads = True
            block_on_close = False

        self.server = Server(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True)
        self.thread.start()

    def handle(self, client):
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            data = client.recv(1)
            if not data:
                return
            head += data
        self.wire += head
        target = re.match(rb"CONNECT ([^ ]+) ", head)
        self.targets.append(target.group(1).decode() if target else head.decode())
        if self.answer or not target:
            client.sendall((self.answer or "HTTP/1.1 405 Only CONNECT\r\nContent-Length: 0\r\n\r\n").encode())
            return
        host, port = self.targets[-1].rsplit(":", 1)
        with socket.create_connection((host, int(port))) as server:
            self.ports.add(str(server.getsockname()[1]))
            client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            back = threading.Thread(target=self.pump, args=(server, client), daemon=True)
            back.start()
            self.pump(client, server)
            back.join(5)

    def pump(self, source, sink):
        try:
            while data := source.recv(65536):
                self.wire += data
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def stop(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join(5)
