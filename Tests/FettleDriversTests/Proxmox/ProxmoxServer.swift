import FettleTestSupport
import Foundation

/// A node of Proxmox VE behind TLS, written from the documentation of its API: two nodes, one machine, which a task moves. What is asked of
/// nodes with other names is answered badly, each in its own way.
final class ProxmoxServer: Sendable {
    static let token = "fettle@pve!patching=0f0e0d0c-1111-2222-3333-444455556666"

    private static let program = #"""
        import json, os, ssl, sys, threading, time, urllib.parse
        from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
        place = {101: 'pve1'}
        tasks = {}
        lock = threading.Lock()
        def guests(node):
            return [{'vmid': v, 'name': 'web-1', 'status': 'running', 'cpus': 2, 'maxmem': 2 << 30}
                    for v, n in place.items() if n == node]
        class Handler(BaseHTTPRequestHandler):
            protocol_version = 'HTTP/1.1'
            def log_message(self, *arguments): pass
            def say(self, status, reason, body, length=True):
                self.send_response(status, reason)
                self.send_header('Content-Type', 'application/json;charset=UTF-8')
                if length: self.send_header('Content-Length', str(len(body)))
                self.end_headers()
                self.wfile.write(body)
            def data(self, value): self.say(200, 'OK', json.dumps({'data': value}).encode())
            def answer(self):
                length = int(self.headers.get('Content-Length') or 0)
                form = urllib.parse.parse_qs(self.rfile.read(length).decode())
                url = urllib.parse.urlsplit(self.path)
                sent = self.headers.get('Authorization', '')
                with lock, open('requests', 'a') as file: file.write(self.command + ' ' + self.path + '\n')
                if sent != 'PVEAPIToken=' + sys.argv[1]: return self.say(401, 'No ticket', b'')
                path = [urllib.parse.unquote(p) for p in url.path.split('/')[3:]]
                with lock: self.route(path, form)
            do_GET = do_POST = do_DELETE = answer
            def route(self, path, form):
                if path == ['access', 'permissions']:
                    return self.data({'/': {'Sys.Audit': 1}, '/nodes': {'Sys.Audit': 1},
                                      '/vms': {'VM.Audit': 1, 'VM.Migrate': 1}})
                if path == ['nodes']: return self.data([{'node': n, 'status': 'online'} for n in ('pve1', 'pve2')])
                if path == ['cluster', 'resources']:
                    return self.data([{'type': 'qemu', 'vmid': v, 'node': n, 'name': 'web-1', 'status': 'running'}
                                      for v, n in place.items()])
                if path == ['cluster', 'options']: return self.data({'migration': {'type': 'secure'}})
                if path[0] == 'cluster':
                    return self.data([{'type': 'quorum', 'id': 'quorum', 'node': 'pve1', 'status': 'OK', 'quorate': 1}])
                node, rest = path[1], path[2:]
                if node in ('pve1', 'pve2'): return self.node(node, rest, form)
                if node == 'echo': return self.say(500, 'no: ' + self.headers['Authorization'], b'')
                if node == 'away': return self.redirect()
                if node == 'cut':
                    self.send_response(200, 'OK')
                    self.send_header('Content-Length', '1000')
                    self.end_headers()
                    self.wfile.write(b'{"data":')
                    self.close_connection = True
                    return
                if node == 'pieces':
                    self.send_response(200, 'OK')
                    self.send_header('Transfer-Encoding', 'chunked')
                    self.end_headers()
                    for part in (b'{"data"', b':[]}'): self.wfile.write(b'%x\r\n%s\r\n' % (len(part), part))
                    self.wfile.write(b'0\r\n\r\n')
                    return
                if node == 'flood':
                    self.send_response(200, 'OK')
                    self.end_headers()
                    self.close_connection = True
                    try:
                        while True: self.wfile.write(b' ' * 65536)
                    except OSError: return
                self.say(500, 'no such node', b'{"data":null}')
            def redirect(self):
                self.send_response(302, 'Found')
                self.send_header('Location', 'https://localhost:1/')
                self.send_header('Content-Length', '0')
                self.end_headers()
            def node(self, node, rest, form):
                if rest == ['status']:
                    return self.data({'memory': {'total': 32 << 30}, 'cpuinfo': {'cpus': 16}, 'pveversion': 'x'})
                if rest == ['qemu']: return self.data(guests(node))
                if rest == ['lxc'] or rest == ['tasks']: return self.data([])
                if rest[:1] == ['tasks']:
                    return self.data({'status': 'stopped', 'exitstatus': 'OK', 'upid': rest[1]})
                if rest == ['qemu', '101', 'status', 'current']:
                    return self.data({'status': 'running', 'qmpstatus': 'running', 'vmid': 101})
                if rest == ['qemu', '101', 'migrate'] and self.command == 'GET':
                    return self.data({'running': 1, 'allowed_nodes': ['pve1', 'pve2'], 'local_disks': [],
                                      'local_resources': [], 'mapped-resources': []})
                if rest == ['qemu', '101', 'migrate']:
                    place[101] = form['target'][0]
                    return self.data('UPID:%s:0000A1B2:00000001:65000000:qmigrate:101:fettle@pve!patching:' % node)
                self.say(501, 'Method not implemented', b'')
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
        server = try PythonServer(encrypted: Self.program, [Self.token])
    }

    func file(_ name: String) -> String { server.directory.appending(path: name).path }

    func port() async throws -> Int { try await server.port() }

    /// Each request's line, in their order.
    var requests: [String] {
        let text = (try? String(contentsOfFile: file("requests"), encoding: .utf8)) ?? ""
        return text.split(separator: "\n").map(String.init)
    }
}
