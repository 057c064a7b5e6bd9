"""A real issuer of id tokens, Canaille, as an organisation would run it; and a client that logs a person in there. Run by the Python
that Canaille is installed for. Only its commands and its pages are used.

    canaille.py serve FOLDER [PORT]      with keys of its own, made at each start; prints its port once it answers
    canaille.py token FOLDER PORT CLIENT what CLIENT gets for Zoe by the authorization code flow with PKCE
"""
import base64
import hashlib
import html.parser
import http.cookiejar
import json
import os
import pathlib
import secrets
import socket
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

CANAILLE = pathlib.Path(sys.executable).parent / "canaille"
PASSWORD, SECRET, CALLBACK = "correct horse", "s3cret of the client", "https://localhost:1/callback"
# What each client's tokens are signed by, and for whom they are.
CLIENTS = {"fettle": ("RS256", "fettle"), "edwards": ("EdDSA", "fettle"), "longer": ("RS512", "fettle"), "other": ("RS256", "other")}


def canaille(folder, *words):
    environment = {**os.environ, "CANAILLE_CONFIG": str(folder / "config.toml")}
    done = subprocess.run([CANAILLE, *words], env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"canaille {' '.join(words)}: {done.stdout}{done.stderr}")
    return done.stdout


def key(folder, kind):
    made = json.loads(canaille(folder, "jwk", "create", kind))
    return "{" + ", ".join(f'{name} = "{value}"' for name, value in made.items() if isinstance(value, str)) + "}"


def set_up(folder, port):
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=localhost", "-addext",
         "subjectAltName=DNS:localhost", "-keyout", folder / "tls.key", "-out", folder / "tls.pem"], check=True, capture_output=True)
    (folder / "secret").write_text(secrets.token_hex(16))
    configure(folder, port)
    canaille(folder, "install")
    canaille(folder, "create", "user", "--user-name", "zoe", "--password", PASSWORD, "--family-name", "Zed",
             "--formatted-name", "Zoe Zed", "--emails", "zoe@example.org")
    canaille(folder, "create", "group", "--display-name", "ops", "--members", "zoe")
    for name, (algorithm, audience) in CLIENTS.items():
        # It can name none that is not there yet, such as itself.
        known = [] if name == audience else ["--audience", audience]
        canaille(folder, "create", "client", "--client-id", name, "--client-secret", SECRET, "--client-name", name,
                 "--client-uri", "https://localhost", "--redirect-uris", CALLBACK, "--grant-types", "authorization_code",
                 "--response-types", "code", "--scope", "openid profile groups",
                 "--token-endpoint-auth-method", "client_secret_basic", "--id-token-signed-response-alg", algorithm, *known)
        if not known:
            canaille(folder, "set", "client", name, "--audience", audience)


def configure(folder, port):
    (folder / "config.toml").write_text(f"""
SECRET_KEY = "{(folder / 'secret').read_text()}"
SERVER_NAME = "localhost:{port}"
[CANAILLE]
JAVASCRIPT = false
HTMX = false
[CANAILLE_SQL]
DATABASE_URI = "sqlite:///{folder / 'canaille.db'}"
""")
    keys = ", ".join(key(folder, kind) for kind in ("rsa", "okp"))
    with open(folder / "config.toml", "a", encoding="utf-8") as file:
        file.write(f"[CANAILLE_OIDC]\nACTIVE_JWKS = [{keys}]\n")


def free_port():
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def serve(folder, port=None):
    if port is None:
        port = free_port()
        set_up(folder, port)
    else:
        configure(folder, port)
    with open(folder / "log", "a", encoding="utf-8") as log:
        server = subprocess.Popen(
            [CANAILLE, "run", "--bind", f"localhost:{port}", "--certfile", folder / "tls.pem", "--keyfile", folder / "tls.key"],
            env={**os.environ, "CANAILLE_CONFIG": str(folder / "config.toml")}, stdout=log, stderr=log)
    try:
        for _ in range(600):
            try:
                Browser(folder).open(f"https://localhost:{port}/.well-known/openid-configuration")
                break
            except urllib.error.URLError:
                time.sleep(0.1)
        print(port, flush=True)
        # Whoever started it closes this when it is needed no more.
        sys.stdin.read()
    finally:
        server.terminate()
        server.wait()


class Callback(Exception):
    """The issuer sends the browser back to the client."""


class Redirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, req, fp, code, msg, headers, newurl):
        if newurl.startswith(CALLBACK):
            raise Callback(newurl)
        return super().redirect_request(req, fp, code, msg, headers, newurl)


class Forms(html.parser.HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.forms = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        attributes = dict(attrs)
        if tag == "form":
            self.forms.append((attributes.get("action"), {}))
        elif tag in ("input", "button") and self.forms and "name" in attributes:
            self.forms[-1][1].setdefault(attributes["name"], attributes.get("value") or "")


class Browser:
    def __init__(self, folder):
        context = ssl.create_default_context(cafile=str(folder / "tls.pem"))
        self.opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context),
            urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()), Redirects())

    def open(self, address, fields=None, headers=None):
        body = None if fields is None else urllib.parse.urlencode(fields).encode()
        request = urllib.request.Request(address, body, {"Referer": address, **(headers or {})})
        with self.opener.open(request, timeout=30) as answer:
            return answer.geturl(), answer.read().decode()


def token(folder, port, client):
    base, browser = f"https://localhost:{port}", Browser(folder)
    verifier = secrets.token_urlsafe(48)
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    asked = {"response_type": "code", "client_id": client, "redirect_uri": CALLBACK, "scope": "openid profile groups",
             "state": secrets.token_hex(8), "nonce": secrets.token_hex(8), "code_challenge": challenge,
             "code_challenge_method": "S256"}
    try:
        address, text = browser.open(f"{base}/oauth/authorize?{urllib.parse.urlencode(asked)}")
        for _ in range(5):
            action, fields = [form for form in Forms(text).forms if form[1]][-1]
            fields.update({name: value for name, value in (("login", "zoe"), ("password", PASSWORD)) if name in fields})
            address, text = browser.open(urllib.parse.urljoin(address, action or address), fields)
        sys.exit(f"nobody came back from {address}: {text}")
    except Callback as back:
        answer = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(str(back)).query))
    if answer.get("state") != asked["state"]:
        sys.exit(f"another's answer: {answer}")
    credentials = base64.b64encode(f"{client}:{urllib.parse.quote(SECRET)}".encode()).decode()
    _, text = browser.open(
        f"{base}/oauth/token",
        {"grant_type": "authorization_code", "code": answer["code"], "redirect_uri": CALLBACK, "code_verifier": verifier},
        {"Authorization": f"Basic {credentials}"})
    print(json.loads(text)["id_token"])


if __name__ == "__main__":
    command, place, *rest = sys.argv[1:]
    {"serve": serve, "token": token}[command](pathlib.Path(place), *(int(word) if word.isdigit() else word for word in rest))
