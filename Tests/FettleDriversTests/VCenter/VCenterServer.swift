import FettleTestSupport
import Foundation

/// A vCenter behind TLS, written from the documentation of the Virtual Infrastructure JSON API: a cluster of two hosts, one machine, which
/// a relocation moves.
final class VCenterServer: Sendable {
    static let password = "s3cr3t-of-the-account"
    static let credential = "fettle@vsphere.local:\(password)"

    private static let program = #"""
        import json, os, ssl, sys, threading
        from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
        password = sys.argv[1]
        def ref(kind, value): return {'_typeName': 'ManagedObjectReference', 'type': kind, 'value': value}
        def refs(*all): return {'_typeName': 'ArrayOfManagedObjectReference', '_value': list(all)}
        def box(kind, value): return {'_typeName': kind, '_value': value}
        place, hosts = {'host': 'host-1'}, {'host-1': {'kept': False}, 'host-2': {'kept': False}}
        tasks, sessions, lock = {}, [], threading.Lock()
        def add(kind, entity, **more):
            name = 'task-%d' % (len(tasks) + 1)
            tasks[name] = dict(more, kind=kind, entity=entity, looks=0)
            return ref('Task', name)
        def recent(entity): return refs(*[ref('Task', n) for n, t in tasks.items() if t['entity'] == entity])
        def entering(host):
            return any(t['kind'].endswith('enterMaintenanceMode') and t['entity'] == host and not hosts[host]['kept']
                       for t in tasks.values())
        def state(task):
            if task['kind'] == 'VirtualMachine.relocate' and task['looks'] < 2: return 'running'
            if task['kind'].endswith('enterMaintenanceMode') and not hosts[task['entity']]['kept']: return 'running'
            return 'success'
        def settle():
            for task in tasks.values():
                task['looks'] += 1
                if task['kind'] == 'VirtualMachine.relocate' and task['looks'] == 2: place['host'] = task['to']
            for name in hosts:
                if entering(name) and place['host'] != name: hosts[name]['kept'] = True
        def fields(kind, value):
            if value == 'group-d1': return {'childEntity': refs(ref('Datacenter', 'datacenter-1'))}
            if value == 'datacenter-1': return {'hostFolder': ref('Folder', 'group-h1')}
            if value == 'group-h1': return {'childEntity': refs(ref('ClusterComputeResource', 'domain-c1'))}
            if value == 'domain-c1':
                return {'host': refs(*[ref('HostSystem', n) for n in hosts]),
                        'configurationEx': {'_typeName': 'ClusterConfigInfoEx',
                                            'drsConfig': {'_typeName': 'ClusterDrsConfigInfo', 'enabled': False}}}
            if value in hosts:
                return {'name': box('string', 'esx%s.example' % value[-1]), 'parent': ref('ClusterComputeResource', 'domain-c1'),
                        'runtime.connectionState': box('HostSystemConnectionState', 'connected'),
                        'runtime.powerState': box('HostSystemPowerState', 'poweredOn'),
                        'runtime.inMaintenanceMode': box('boolean', hosts[value]['kept']),
                        'summary.hardware.memorySize': box('long', 64 << 30),
                        'summary.hardware.numCpuCores': box('short', 16), 'recentTask': recent(value),
                        'vm': refs(*([ref('VirtualMachine', 'vm-1')] if place['host'] == value else []))}
            if value == 'vm-1':
                return {'name': box('string', 'web-1'), 'runtime.host': ref('HostSystem', place['host']),
                        'runtime.powerState': box('VirtualMachinePowerState', 'poweredOn'),
                        'runtime.connectionState': box('VirtualMachineConnectionState', 'connected'),
                        'summary.config.memorySizeMB': box('int', 2048), 'summary.config.numCpu': box('int', 2),
                        'recentTask': recent('vm-1')}
            if value in tasks:
                task = tasks[value]
                return {'info.descriptionId': box('string', task['kind']), 'info.state': box('TaskInfoState', state(task)),
                        'info.result': {'_typeName': 'ArrayOfCheckResult', '_value': [{'_typeName': 'CheckResult'}]}}
            return None
        class Handler(BaseHTTPRequestHandler):
            protocol_version = 'HTTP/1.1'
            def log_message(self, *arguments): pass
            def say(self, status, value, headers=()):
                body = b'' if value is None else json.dumps(value).encode()
                self.send_response(status)
                for name, text in headers: self.send_header(name, text)
                self.send_header('Content-Type', 'application/json')
                self.send_header('Content-Length', str(len(body)))
                self.end_headers()
                self.wfile.write(body)
            def fault(self, kind, words):
                self.say(500, {'_typeName': kind, 'faultMessage': [{'_typeName': 'LocalizableMessage', 'key': 'k', 'message': words}]})
            def answer(self):
                body = self.rfile.read(int(self.headers.get('Content-Length') or 0)).decode()
                with lock:
                    with open('requests', 'a') as file: file.write(self.command + ' ' + self.path + '\n')
                    self.route(self.path.split('/'), json.loads(body) if body else {})
            do_GET = do_POST = answer
            def route(self, path, body):
                if path[:4] != ['', 'sdk', 'vim25', '8.0.1.0'] or len(path) != 7: return self.say(404, None)
                kind, value, member = path[4:]
                if member == 'content':
                    services = {'rootFolder': ref('Folder', 'group-d1'), 'about': {'apiType': 'VirtualCenter'},
                                'propertyCollector': ref('PropertyCollector', 'propertyCollector'),
                                'sessionManager': ref('SessionManager', 'SessionManager'),
                                'authorizationManager': ref('AuthorizationManager', 'AuthorizationManager'),
                                'vmProvisioningChecker': ref('VirtualMachineProvisioningChecker', 'ProvChecker')}
                    return self.say(200, services)
                if member == 'Login':
                    if body.get('password') != password or self.headers.get('Content-Type') != 'application/json':
                        return self.fault('InvalidLogin', 'not ' + str(body.get('password')))
                    sessions.append('session-%d' % (len(sessions) + 1))
                    return self.say(200, {'_typeName': 'UserSession', 'key': 'key-%d' % len(sessions)},
                                    [('vmware-api-session-id', sessions[-1])])
                if os.path.exists('forget'):
                    os.remove('forget')
                    sessions.append('another')
                if self.headers.get('vmware-api-session-id') not in sessions[-1:]:
                    return self.fault('NotAuthenticated', 'The session is not authenticated.')
                if member == 'Logout': return self.say(204, None)
                if member == 'RetrievePropertiesEx': return self.retrieve(body['specSet'][0])
                if member == 'HasPrivilegeOnEntities':
                    granted = [{'privId': p, 'isGranted': True} for p in body['privId']]
                    return self.say(200, [{'entity': e, 'privAvailability': granted} for e in body['entity']])
                if member == 'CheckRelocate_Task': return self.say(200, add('check', 'none'))
                if member == 'RelocateVM_Task':
                    return self.say(200, add('VirtualMachine.relocate', value, to=body['spec']['host']['value']))
                if member == 'EnterMaintenanceMode_Task': return self.say(200, add('HostSystem.enterMaintenanceMode', value))
                if member == 'ExitMaintenanceMode_Task':
                    hosts[value]['kept'] = False
                    for task in tasks.values(): task['kind'] = task['kind'].replace('enter', 'entered')
                    return self.say(200, add('HostSystem.exitMaintenanceMode', value))
                if value == 'echo': return self.fault('Bad', 'no: ' + self.headers['vmware-api-session-id'] + ' ' + password)
                if value == 'away': return self.say(302, None, [('Location', 'https://localhost:1/')])
                if value == 'cut':
                    self.send_response(200)
                    self.send_header('Content-Length', '1000')
                    self.end_headers()
                    self.wfile.write(b'{"objects":')
                    self.close_connection = True
                    return
                if value == 'flood':
                    self.send_response(200)
                    self.end_headers()
                    self.close_connection = True
                    try:
                        while True: self.wfile.write(b' ' * 65536)
                    except OSError: return
                self.fault('ManagedObjectNotFound', 'The object has already been deleted')
            def retrieve(self, spec):
                settle()
                paths = {p['type']: p['pathSet'] for p in spec['propSet']}
                start = spec['objectSet'][0]
                ways = {w['name']: w for w in start['selectSet']}
                found, seen = [], set()
                def visit(kind, value, names):
                    own = fields(kind, value)
                    if value in seen or own is None: return
                    seen.add(value)
                    if kind in paths:
                        shown = [{'_typeName': 'DynamicProperty', 'name': p, 'val': own[p]} for p in paths[kind] if p in own]
                        found.append({'_typeName': 'ObjectContent', 'obj': ref(kind, value), 'propSet': shown})
                    for name in names:
                        way = ways[name]
                        if way['type'] != kind and not (way['type'] == 'ComputeResource' and kind.startswith('Cluster')): continue
                        target = own.get(way['path'])
                        if target is None: continue
                        for other in target.get('_value', [target]):
                            visit(other['type'], other['value'], [s['name'] for s in way['selectSet']])
                visit(start['obj']['type'], start['obj']['value'], list(ways))
                self.say(200, {'_typeName': 'RetrieveResult', 'objects': found})
        server = ThreadingHTTPServer(('127.0.0.1', 0), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain('node.pem', 'node.key')
        server.socket = context.wrap_socket(server.socket, server_side=True)
        with open('port.new', 'w') as file: file.write(str(server.server_address[1]))
        os.rename('port.new', 'port')
        server.serve_forever()
        """#

    private let server: PythonServer

    init() throws { server = try PythonServer(encrypted: Self.program, [Self.password]) }

    func file(_ name: String) -> String { server.directory.appending(path: name).path }

    func port() async throws -> Int { try await server.port() }

    /// What it has given so far lets nobody in any more.
    func forgetSessions() { _ = FileManager.default.createFile(atPath: file("forget"), contents: nil) }

    /// Each request's line, in their order.
    var requests: [String] {
        let text = (try? String(contentsOfFile: file("requests"), encoding: .utf8)) ?? ""
        return text.split(separator: "\n").map(String.init)
    }
}
