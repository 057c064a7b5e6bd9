internal import Foundation

/// All that is asked of vCenter: the Web Services API over JSON, as vCenter 8.0 Update 1 and later answer it.
///
/// Source: https://developer.broadcom.com/xapis/virtual-infrastructure-json-api/latest/
struct VIRequest: Sendable, Hashable {
    /// The first that speaks JSON; later ones take it too.
    static let release = "8.0.1.0"
    var method: APIMethod
    var object: VIReference
    /// A property, or what is to be done.
    var member: String
    /// In JSON; nil: none.
    var body: String?

    private init(_ method: APIMethod, _ object: VIReference, _ member: String, body: [String: Any]? = nil) {
        self.method = method
        self.object = object
        self.member = member
        if let body,
            let data = try? JSONSerialization.data(
                withJSONObject: body, options: [.sortedKeys, .withoutEscapingSlashes])
        {
            self.body = String(decoding: data, as: UTF8.self)
        }
    }

    /// As it goes behind vCenter's address. No part of it has a sign that would have to be encoded.
    var path: String { "/sdk/vim25/\(Self.release)/\(object.type)/\(object.value)/\(member)" }

    /// Whether it can change anything.
    var isRead: Bool {
        method == .get
            || ["RetrievePropertiesEx", "ContinueRetrievePropertiesEx", "HasPrivilegeOnEntities"].contains(member)
    }

    // MARK: What only reads

    /// Answered without a session.
    static func content(of instance: VIReference) -> VIRequest { VIRequest(.get, instance, "content") }

    /// Properties of objects, and of those that are found from them (`System.Read`, `System.View`).
    static func retrieve(_ query: VIQuery, from collector: VIReference) -> VIRequest {
        VIRequest(
            .post, collector, "RetrievePropertiesEx",
            body: [
                "specSet": [query.json],
                "options": ["_typeName": "RetrieveOptions", "maxObjects": query.pageSize] as [String: Any],
            ])
    }

    static func retrieve(after token: String, from collector: VIReference) -> VIRequest {
        VIRequest(.post, collector, "ContinueRetrievePropertiesEx", body: ["token": token])
    }

    /// `System.Read`.
    static func privileges(
        _ names: [String], on entity: VIReference, ofSession key: String, from manager: VIReference
    ) -> VIRequest {
        VIRequest(
            .post, manager, "HasPrivilegeOnEntities",
            body: ["entity": [entity.json], "sessionId": key, "privId": names])
    }

    /// What speaks against a move at this moment, as a task (`System.View`).
    static func checkRelocation(
        of machine: VIReference, to host: VIReference, by checker: VIReference
    ) -> VIRequest {
        VIRequest(
            .post, checker, "CheckRelocate_Task", body: ["vm": machine.json, "spec": placement(host)])
    }

    // MARK: What acts

    /// To that host, in the same resource pool, on the same storage, while it runs (`Resource.HotMigrate`).
    static func relocate(_ machine: VIReference, to host: VIReference) -> VIRequest {
        VIRequest(
            .post, machine, "RelocateVM_Task", body: ["spec": placement(host), "priority": "highPriority"])
    }

    private static func placement(_ host: VIReference) -> [String: Any] {
        ["_typeName": "VirtualMachineRelocateSpec", "host": host.json]
    }

    /// Nothing is powered on there or moved there from now on; it is in maintenance as soon as nothing runs there
    /// (`Host.Config.Maintenance`). What is shut off stays where it is. Of vSAN so much is kept reachable as vCenter does by itself.
    static func enterMaintenance(_ host: VIReference, seconds: Int) -> VIRequest {
        VIRequest(
            .post, host, "EnterMaintenanceMode_Task",
            body: [
                "timeout": seconds, "evacuatePoweredOffVms": false,
                "maintenanceSpec": [
                    "_typeName": "HostMaintenanceSpec",
                    "vsanMode": [
                        "_typeName": "VsanHostDecommissionMode", "objectAction": "ensureObjectAccessibility",
                    ],
                ] as [String: Any],
            ])
    }

    static func exitMaintenance(_ host: VIReference, seconds: Int) -> VIRequest {
        VIRequest(.post, host, "ExitMaintenanceMode_Task", body: ["timeout": seconds])
    }

    /// `Global.CancelTask` for what another session has begun.
    static func cancel(_ task: VIReference) -> VIRequest { VIRequest(.post, task, "CancelTask") }

    /// Asks the guest to shut itself down, by its VMware Tools (`VirtualMachine.Interact.PowerOff`). It is answered before that is done.
    static func shutDown(_ machine: VIReference) -> VIRequest { VIRequest(.post, machine, "ShutdownGuest") }

    /// Where it is (`VirtualMachine.Interact.PowerOn`).
    static func powerOn(_ machine: VIReference) -> VIRequest { VIRequest(.post, machine, "PowerOnVM_Task", body: [:]) }

    static func signOut(_ manager: VIReference) -> VIRequest { VIRequest(.post, manager, "Logout") }
}

/// Which properties of which objects are wanted (`PropertyFilterSpec`).
struct VIQuery: Sendable {
    /// A way from one object to others, and from those further on by the ways named.
    struct Way: Sendable {
        var name: String
        var type: String
        var path: String
        var further: [String] = []

        var json: [String: Any] {
            [
                "_typeName": "TraversalSpec", "name": name, "type": type, "path": path, "skip": false,
                "selectSet": further.map { ["_typeName": "SelectionSpec", "name": $0] },
            ]
        }
    }

    var start: VIReference
    /// By kind of object.
    var properties: [String: [String]]
    var ways: [Way] = []
    /// Objects of one answer: so many that it stays well below `APIExchange.answerLimit`.
    var pageSize = 500

    var json: [String: Any] {
        [
            "_typeName": "PropertyFilterSpec",
            "propSet": properties.sorted { $0.key < $1.key }.map { type, paths -> [String: Any] in
                ["_typeName": "PropertySpec", "type": type, "all": false, "pathSet": paths]
            },
            "objectSet": [
                [
                    "_typeName": "ObjectSpec", "obj": start.json, "skip": false, "selectSet": ways.map(\.json),
                ] as [String: Any]
            ],
        ]
    }
}
