internal import Foundation

/// All that is asked of Nova's API, below the endpoint of the catalog.
///
/// Source: https://docs.openstack.org/api-ref/compute/, held against Nova's own sources of 2026 (nova/api/openstack/compute).
struct NovaRequest: Sendable, Hashable {
    /// The last one in which Nova tells what a hypervisor has (2.88 moves that to Placement), with what else is needed here: ids of
    /// services (2.53), a named destination that the scheduler judges (2.30, without `force` from 2.68), moves that are called off
    /// while they wait (2.65), servers of cells that do not answer (2.69), why an action failed (2.84). Of Ussuri and later.
    static let microversion = "2.87"
    /// Servers of one answer; Nova gives no more by itself.
    static let pageSize = 500

    struct Parameter: Sendable, Hashable {
        var name: String
        var value: String
    }

    var method: APIMethod
    /// Not encoded.
    var path: [String]
    var parameters: [Parameter]
    /// In JSON; nil: none.
    var body: String?

    private init(
        _ method: APIMethod, _ path: [String], _ parameters: [(String, String)] = [], body: [String: Any]? = nil
    ) {
        self.method = method
        self.path = path
        self.parameters = parameters.map { Parameter(name: $0.0, value: $0.1) }
        if let body, let data = try? JSONSerialization.data(withJSONObject: body, options: [.sortedKeys]) {
            self.body = String(decoding: data, as: UTF8.self)
        }
    }

    // MARK: What only reads

    /// `os_compute_api:os-services:list`.
    static let services = NovaRequest(.get, ["os-services"], [("binary", "nova-compute")])

    /// What each hypervisor has (`os_compute_api:os-hypervisors:list-detail`).
    static func hypervisors(after marker: String?) -> NovaRequest {
        NovaRequest(.get, ["os-hypervisors", "detail"], page(marker))
    }

    /// Of all projects (`os_compute_api:servers:detail:get_all_tenants`). Who may not filter by the host
    /// (`os_compute_api:servers:allow_all_filters`) is told of all.
    static func servers(on host: String, after marker: String?) -> NovaRequest {
        NovaRequest(.get, ["servers", "detail"], [("all_tenants", "True"), ("host", host)] + page(marker))
    }

    /// Of all projects, wherever they are. Nova takes the name for a regular expression.
    static func servers(named name: String, after marker: String?) -> NovaRequest {
        var pattern = ""
        for character in name {
            let isPlain = character.isLetter || character.isNumber || !character.isASCII
            pattern += isPlain ? String(character) : "\\\(character)"
        }
        return NovaRequest(
            .get, ["servers", "detail"], [("all_tenants", "True"), ("name", "^\(pattern)$")] + page(marker))
    }

    /// `os_compute_api:servers:show`.
    static func server(_ id: String) -> NovaRequest { NovaRequest(.get, ["servers", id]) }
    /// Live migrations that are under way (`os_compute_api:servers:migrations:index`).
    static func migrations(of id: String) -> NovaRequest { NovaRequest(.get, ["servers", id, "migrations"]) }
    /// Asked of the hypervisor at that moment; `409` where it does not run (`os_compute_api:os-server-diagnostics`). Nova calls the rest of
    /// the answer nothing to build on: only `state` is read.
    static func diagnostics(of id: String) -> NovaRequest { NovaRequest(.get, ["servers", id, "diagnostics"]) }
    /// What came of a request (`os_compute_api:os-instance-actions:show`, with the words `…:events:details`).
    static func action(_ request: String, of id: String) -> NovaRequest {
        NovaRequest(.get, ["servers", id, "os-instance-actions", request])
    }
    /// Of all projects, for an administrator (`os_compute_api:os-server-groups:index:all_projects`).
    static func groups(from offset: Int) -> NovaRequest {
        NovaRequest(
            .get, ["os-server-groups"], [("all_projects", "True"), ("limit", "\(pageSize)"), ("offset", "\(offset)")])
    }

    private static func page(_ marker: String?) -> [(String, String)] {
        [("limit", "\(pageSize)")] + (marker.map { [("marker", $0)] } ?? [])
    }

    // MARK: What acts

    /// To that host, if the scheduler finds it fit; disks that are not shared are copied
    /// (`os_compute_api:os-migrate-server:migrate_live:host`).
    static func migrate(_ id: String, to host: String) -> NovaRequest {
        NovaRequest(
            .post, ["servers", id, "action"],
            body: ["os-migrateLive": ["host": host, "block_migration": "auto"] as [String: Any]])
    }

    /// `os_compute_api:servers:migrations:delete`.
    static func abort(_ migration: Int, of id: String) -> NovaRequest {
        NovaRequest(.delete, ["servers", id, "migrations", "\(migration)"])
    }

    /// `os_compute_api:servers:start`.
    static func start(_ id: String) -> NovaRequest {
        NovaRequest(.post, ["servers", id, "action"], body: ["os-start": NSNull()])
    }

    /// The scheduler gives a host nothing more (`os_compute_api:os-services:update`).
    static func disable(service: String, because reason: String) -> NovaRequest {
        NovaRequest(.put, ["os-services", service], body: ["status": "disabled", "disabled_reason": reason])
    }

    static func enable(service: String) -> NovaRequest {
        NovaRequest(.put, ["os-services", service], body: ["status": "enabled"])
    }

    /// As it goes behind the endpoint.
    var pathAndQuery: String {
        let path = "/" + path.map(PrometheusProbe.encoded).joined(separator: "/")
        guard !parameters.isEmpty else { return path }
        return path + "?"
            + parameters.map { "\($0.name)=\(PrometheusProbe.encoded($0.value))" }.joined(separator: "&")
    }
}
