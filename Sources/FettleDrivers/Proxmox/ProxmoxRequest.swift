/// All that is asked of Proxmox VE's API, below `/api2/json`.
///
/// Source: https://pve.proxmox.com/pve-docs/api-viewer/, held against the API's own sources of 9.2 (qemu-server, pve-manager,
/// pve-ha-manager, pve-access-control).
struct ProxmoxRequest: Sendable, Hashable {
    struct Parameter: Sendable, Hashable {
        var name: String
        var value: String
    }

    var method: APIMethod
    /// Not encoded.
    var path: [String]
    var parameters: [Parameter]

    private init(_ method: APIMethod, _ path: [String], _ parameters: [(String, String)] = []) {
        self.method = method
        self.path = path
        self.parameters = parameters.map { Parameter(name: $0.0, value: $0.1) }
    }

    // MARK: What only reads

    /// What the token itself may do, by path. Anybody may ask that of himself.
    static let permissions = ProxmoxRequest(.get, ["access", "permissions"])
    /// Which nodes there are, and whether they are in the cluster at the moment.
    static let nodes = ProxmoxRequest(.get, ["nodes"])
    /// Every guest of the cluster, with the node that has it. Only those that the token may see (`VM.Audit`).
    static let guests = ProxmoxRequest(.get, ["cluster", "resources"], [("type", "vm")])
    /// Quorum, what the HA manager does with each of its resources, and the mode of each node (`Sys.Audit` on `/`).
    static let highAvailability = ProxmoxRequest(.get, ["cluster", "ha", "status", "current"])
    /// How guests are moved unless somebody says otherwise (`Sys.Audit` on `/`).
    static let options = ProxmoxRequest(.get, ["cluster", "options"])

    /// Processors and memory (`Sys.Audit` on `/nodes/NODE`).
    static func status(of node: String) -> ProxmoxRequest { on(node, ["status"]) }
    /// By the node's own look at its processes (`VM.Audit`).
    static func machines(on node: String) -> ProxmoxRequest { on(node, ["qemu"]) }
    static func containers(on node: String) -> ProxmoxRequest { on(node, ["lxc"]) }
    /// The same of one, with what QEMU itself says of its state.
    static func machine(_ vmid: Int, on node: String) -> ProxmoxRequest {
        on(node, ["qemu", "\(vmid)", "status", "current"])
    }
    /// What is going on (all of it only with `Sys.Audit` on `/nodes/NODE`). Without the limit it tells of 50.
    static func tasks(on node: String) -> ProxmoxRequest {
        on(node, ["tasks"], [("source", "active"), ("limit", "\(ProxmoxTask.most)")])
    }
    static func task(_ task: ProxmoxTask.Name) -> ProxmoxRequest { on(task.node, ["tasks", task.text, "status"]) }
    /// What speaks against moving a machine, by node (`VM.Migrate`).
    static func preconditions(of vmid: Int, on node: String) -> ProxmoxRequest {
        on(node, ["qemu", "\(vmid)", "migrate"])
    }

    // MARK: What acts

    /// Moves a machine, while it runs if it does. Of one that the HA manager keeps, it asks the HA manager to (`VM.Migrate`).
    ///
    /// - Parameter bandwidth: in KiB a second; 0: as the cluster says.
    static func migrate(
        _ vmid: Int, from node: String, to target: String, isRunning: Bool, bandwidth: Int
    ) -> ProxmoxRequest {
        var parameters = [("target", target)]
        if isRunning { parameters.append(("online", "1")) }
        if bandwidth > 0 { parameters.append(("bwlimit", "\(bandwidth)")) }
        return ProxmoxRequest(.post, ["nodes", node, "qemu", "\(vmid)", "migrate"], parameters)
    }

    /// Ends a task; one's own without any right.
    static func stop(_ task: ProxmoxTask.Name) -> ProxmoxRequest {
        ProxmoxRequest(.delete, ["nodes", task.node, "tasks", task.text])
    }

    /// `VM.PowerMgmt`.
    static func start(_ vmid: Int, isContainer: Bool, on node: String) -> ProxmoxRequest {
        ProxmoxRequest(.post, ["nodes", node, isContainer ? "lxc" : "qemu", "\(vmid)", "status", "start"])
    }

    private static func on(
        _ node: String, _ path: [String], _ parameters: [(String, String)] = []
    ) -> ProxmoxRequest {
        ProxmoxRequest(.get, ["nodes", node] + path, parameters)
    }

    /// As it goes behind the address; what a request that acts says goes into its body instead.
    var pathAndQuery: String {
        let path = "/api2/json/" + path.map(PrometheusProbe.encoded).joined(separator: "/")
        guard method == .get, !parameters.isEmpty else { return path }
        return path + "?" + form
    }

    /// `a=b&c=d`, percent-encoded.
    var form: String {
        parameters.map { "\($0.name)=\(PrometheusProbe.encoded($0.value))" }.joined(separator: "&")
    }
}
