import FettleTestSupport
import Foundation

/// Keystone and Nova behind TLS, written from the documentation of their APIs: two hosts, one server, which a live migration moves. What
/// is asked of servers with other ids is answered badly, each in its own way.
final class CloudServer: Sendable {
    static let secret = "s3cr3t-of-the-credential"
    static let credential = "0f0e0d0c111122223333444455556666:\(secret)"
    /// By what it is asked of them.
    static let (echo, away, cut, flood) = (
        PretendCloud.id(601), PretendCloud.id(602), PretendCloud.id(603), PretendCloud.id(604)
    )

    private static let program = #"""
        import json, os, ssl, sys, threading
        from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
        from urllib.parse import parse_qs, unquote, urlsplit
        secret, echo, away, cut, flood = sys.argv[1:]
        ID = '00000000-0000-4000-8000-%012d'
        SERVER = ID % 1
        services = {'cmp1': {'id': ID % 901, 'status': 'enabled', 'disabled_reason': None},
                    'cmp2': {'id': ID % 902, 'status': 'enabled', 'disabled_reason': None}}
        place = {'host': 'cmp1', 'task': None, 'next': None}
        tokens, lock = [], threading.Lock()
        class Handler(BaseHTTPRequestHandler):
            protocol_version = 'HTTP/1.1'
            def log_message(self, *arguments): pass
            def say(self, status, value, headers=()):
                body = b'' if value is None else json.dumps(value).encode()
                self.send_response(status)
                for name, text in headers: self.send_header(name, text)
                self.send_header('Content-Length', str(len(body)))
                self.end_headers()
                self.wfile.write(body)
            def fault(self, status, name, words): self.say(status, {name: {'code': status, 'message': words}})
            def answer(self):
                body = self.rfile.read(int(self.headers.get('Content-Length') or 0)).decode()
                url = urlsplit(self.path)
                path = [unquote(p) for p in url.path.split('/')[1:]]
                with lock, open('requests', 'a') as file: file.write(self.command + ' ' + self.path + '\n')
                with lock:
                    if path == ['v3', 'auth', 'tokens']: return self.sign_in(json.loads(body))
                    if os.path.exists('forget'):
                        os.remove('forget')
                        tokens.append('another')
                    if self.headers.get('X-Auth-Token') not in tokens[-1:]:
                        return self.fault(401, 'error', 'The request you have made requires authentication.')
                    if self.headers.get('OpenStack-API-Version') != 'compute 2.87':
                        return self.fault(406, 'x', 'no such version')
                    self.route(path[1:], parse_qs(url.query), json.loads(body) if body else None)
            do_GET = do_POST = do_PUT = do_DELETE = answer
            def sign_in(self, body):
                credential = body['auth']['identity'].get('application_credential', {})
                if credential.get('secret') != secret or self.headers.get('Content-Type') != 'application/json':
                    return self.fault(401, 'error', 'not ' + str(credential.get('secret')))
                tokens.append('gAAAA-token-%d' % (len(tokens) + 1))
                nova = 'https://localhost:%d/v2.1' % self.server.server_address[1]
                catalog = [{'type': 'compute', 'endpoints': [{'interface': 'public', 'region': 'One', 'url': nova + '/'}]}]
                self.say(201, {'token': {'catalog': catalog}}, [('X-Subject-Token', tokens[-1])])
            def entry(self):
                return {'id': SERVER, 'name': 'web-1', 'status': 'ACTIVE', 'OS-EXT-SRV-ATTR:host': place['host'],
                        'OS-EXT-STS:vm_state': 'active', 'OS-EXT-STS:task_state': place['task'],
                        'OS-EXT-STS:power_state': 1, 'image': '', 'config_drive': '',
                        'flavor': {'vcpus': 2, 'ram': 2048, 'disk': 0, 'ephemeral': 0, 'swap': 0, 'extra_specs': {}}}
            def route(self, path, query, body):
                if path == ['os-services']:
                    return self.say(200, {'services': [dict(s, host=h, binary='nova-compute', state='up')
                                                       for h, s in services.items()]})
                if path[0] == 'os-services':
                    for service in services.values():
                        if service['id'] == path[1]:
                            service.update(status=body['status'], disabled_reason=body.get('disabled_reason'))
                    return self.say(200, {'service': {}})
                if path == ['os-hypervisors', 'detail']:
                    return self.say(200, {'hypervisors': [{'id': s['id'], 'service': {'host': h}, 'vcpus': 16,
                                                           'memory_mb': 32768} for h, s in services.items()]})
                if path == ['servers', 'detail']:
                    if place['next'] and place['task']: place.update(host=place['next'], task=None)
                    found = [self.entry()] if query.get('host', [place['host']]) == [place['host']] else []
                    return self.say(200, {'servers': found})
                if path == ['servers', SERVER, 'action']:
                    place.update(task='migrating', next=body['os-migrateLive']['host'])
                    return self.say(202, None, [('X-Openstack-Request-Id', 'req-' + ID % 7)])
                if path == ['servers', SERVER, 'migrations']: return self.say(200, {'migrations': []})
                if path == ['servers', echo]:
                    return self.fault(500, 'computeFault', 'no: ' + self.headers['X-Auth-Token'] + ' ' + secret)
                if path == ['servers', away]: return self.say(302, None, [('Location', 'https://localhost:1/')])
                if path == ['servers', cut]:
                    self.send_response(200)
                    self.send_header('Content-Length', '1000')
                    self.end_headers()
                    self.wfile.write(b'{"server":')
                    self.close_connection = True
                    return
                if path == ['servers', flood]:
                    self.send_response(200)
                    self.end_headers()
                    self.close_connection = True
                    try:
                        while True: self.wfile.write(b' ' * 65536)
                    except OSError: return
                self.fault(404, 'itemNotFound', 'The resource could not be found.')
        server = ThreadingHTTPServer(('127.0.0.1', 0), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain('node.pem', 'node.key')
        server.socket = context.wrap_socket(server.socket, server_side=True)
        with open('port.new', 'w') as file: file.write(str(server.server_address[1]))
        os.rename('port.new', 'port')
        server.serve_forever()
        """#

    private let server: PythonServer

    init() throws {
        server = try PythonServer(
            encrypted: Self.program, [Self.secret, Self.echo, Self.away, Self.cut, Self.flood])
    }

    func file(_ name: String) -> String { server.directory.appending(path: name).path }

    func port() async throws -> Int { try await server.port() }

    /// What it has given so far lets nobody in any more.
    func forgetTokens() { _ = FileManager.default.createFile(atPath: file("forget"), contents: nil) }

    /// Each request's line, in their order.
    var requests: [String] {
        let text = (try? String(contentsOfFile: file("requests"), encoding: .utf8)) ?? ""
        return text.split(separator: "\n").map(String.init)
    }
}
