import FettleTestSupport
import Foundation
import Testing

/// An OIDC issuer on this machine: https, a discovery document, keys that are changed, and tokens of all sorts. In Python, and signed by
/// openssl: it shares no code with who checks its tokens.
final class TokenIssuer {
    /// Where the system keeps whom curl believes.
    static let authorities = "/etc/ssl/certs/ca-certificates.crt"
    static let canBeTrusted =
        geteuid() == 0
        && ["/usr/bin/unshare", "/usr/bin/openssl", "/usr/bin/curl", authorities]
            .allSatisfy { FileManager.default.fileExists(atPath: $0) }

    let port: Int
    let folder: TestFolder
    private let server: Process

    /// `/token?alg=…&kid=…` and any claim by its name; `/keys?set=…` says which keys are told from then on.
    private static let script = #"""
        import base64, hashlib, hmac, http.server, json, re, ssl, subprocess, sys, time, urllib.parse
        folder = sys.argv[1]
        def run(*words, data=b""):
            return subprocess.run(words, input=data, capture_output=True, check=True).stdout
        def b64(data):
            return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
        def make(kid, *words):
            run("openssl", "genpkey", *words, "-out", f"{folder}/{kid}.key")
            run("openssl", "pkey", "-in", f"{folder}/{kid}.key", "-pubout", "-out", f"{folder}/{kid}.pub")
        for kid in ("rsa-1", "rsa-2"):
            make(kid, "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048")
        make("ed-1", "-algorithm", "ED25519")
        run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=localhost", "-addext",
            "subjectAltName=DNS:localhost", "-keyout", f"{folder}/tls.key", "-out", f"{folder}/tls.pem")
        def jwk(kid):
            der = run("openssl", "pkey", "-pubin", "-in", f"{folder}/{kid}.pub", "-outform", "DER")
            if kid.startswith("ed"):
                return {"kty": "OKP", "crv": "Ed25519", "kid": kid, "use": "sig", "x": b64(der[-32:])}
            text = run("openssl", "rsa", "-pubin", "-in", f"{folder}/{kid}.pub", "-modulus", "-noout").decode()
            n = bytes.fromhex(text.strip().split("=")[1])
            return {"kty": "RSA", "kid": kid, "use": "sig", "alg": "RS256", "n": b64(n), "e": "AQAB"}
        told = ["rsa-1", "ed-1"]
        def sign(alg, kid, signed):
            if alg == "RS256":
                return run("openssl", "dgst", "-sha256", "-sign", f"{folder}/{kid}.key", data=signed)
            if alg == "EdDSA":
                with open(f"{folder}/signed", "wb") as file:
                    file.write(signed)
                return run("openssl", "pkeyutl", "-sign", "-rawin", "-inkey", f"{folder}/{kid}.key", "-in",
                           f"{folder}/signed")
            if alg == "HS256":
                # The public key as a shared secret: whoever confuses the two lets anybody in.
                return hmac.new(open(f"{folder}/{kid}.pub", "rb").read(), signed, hashlib.sha256).digest()
            return b""
        class Issuer(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                global told
                here = urllib.parse.urlsplit(self.path)
                asked = dict(urllib.parse.parse_qsl(here.query))
                base = f"https://localhost:{self.server.server_address[1]}"
                if here.path == "/.well-known/openid-configuration":
                    return self.say({"issuer": base, "jwks_uri": base + "/certs",
                                     "id_token_signing_alg_values_supported": ["RS256", "EdDSA"]})
                if here.path == "/certs":
                    return self.say({"keys": [jwk(kid) for kid in told]})
                if here.path == "/keys":
                    told = [kid for kid in asked.get("set", "").split(",") if kid]
                    return self.say({})
                alg, kid = asked.pop("alg"), asked.pop("kid")
                key = asked.pop("by", kid)
                claims = {"iss": base, "aud": "fettle", "exp": int(time.time()) + 300, "iat": int(time.time()),
                          "groups": ["ops"]}
                for name, value in asked.items():
                    claims[name] = int(value) if re.fullmatch("-?[0-9]+", value) else value
                signed = (b64(json.dumps({"alg": alg, "kid": kid, "typ": "JWT"}).encode()) + "."
                          + b64(json.dumps(claims).encode()))
                self.say({"id_token": signed + "." + b64(sign(alg, key, signed.encode()))})
            def say(self, value):
                body = json.dumps(value).encode()
                self.send_response(200)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)
            def log_message(self, *words):
                pass
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Issuer)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(f"{folder}/tls.pem", f"{folder}/tls.key")
        server.socket = context.wrap_socket(server.socket, server_side=True)
        print(server.server_address[1], flush=True)
        server.serve_forever()
        """#

    init(in folder: TestFolder) throws {
        self.folder = folder
        try folder.write(Self.script, to: "issuer/issuer.py")
        server = Process()
        server.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        server.arguments = ["python3", folder.file("issuer/issuer.py").path, folder.file("issuer").path]
        let output = Pipe()
        server.standardOutput = output
        server.standardInput = FileHandle.nullDevice
        try server.run()
        let line = String(decoding: output.fileHandleForReading.availableData, as: UTF8.self)
        port = try #require(Int(line.trimmingCharacters(in: .whitespacesAndNewlines)), "the issuer did not start")
    }

    var authority: String { folder.file("issuer/tls.pem").path }

    func get(_ path: String) throws -> [String: Any] {
        try IssuerWorld.get("https://localhost:\(port)\(path)", authority: authority)
    }

    func token(_ alg: String, _ kid: String, _ claims: String = "sub=zoe") throws -> String {
        try #require(try get("/token?alg=\(alg)&kid=\(kid)&\(claims)")["id_token"] as? String)
    }

    /// Which keys it tells from now on.
    func tell(_ keys: String...) throws { _ = try get("/keys?set=\(keys.joined(separator: ","))") }

    func stop() { server.end() }
}
