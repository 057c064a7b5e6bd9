import FettleInventory
import FettleModel
import Foundation
import Testing

@Suite("A fleet is exported to Ansible")
struct AnsibleExportTests {
    private static let fleet = Fleet(
        environments: [Environment(id: "dev", isProtected: false), Environment(id: "production", isProtected: true)],
        resources: [
            Resource(id: "here", address: .local, environment: "dev", labels: ["role": "web"]),
            Resource(
                id: "db-1", kind: .database, address: .ssh("10.0.0.5", port: 22, user: "ops"),
                environment: "production",
                criticality: .high, labels: ["a/b": "c", "count": "12", "when": "x"], owner: "it's \"us\""),
            Resource(id: "mail", address: ResourceAddress(transport: .none), environment: "dev"),
        ].sorted { $0.id < $1.id },
        groups: [
            ResourceGroup(
                id: "db", kind: .cluster, members: ["db-1", "mail"], minimumAvailable: .percent(50), after: ["x"])
        ])

    @Test func asINI() {
        let export = InventoryExport.ansible(Self.fleet, format: .ini)
        #expect(
            export.text == #"""
                # Written by Fettle.
                # not written, because they are tracked only: 'mail'
                # the group 'db' is written with 1 of its 2 members
                # not written of the group 'db': after

                db-1 ansible_host='"10.0.0.5"' ansible_port=22 ansible_user=ops fettle_environment=production fettle_kind=database fettle_criticality=high fettle_owner='"it'"'"'s \"us\""' count='"12"' fettle_labels='{"a/b": "c", "when": "x"}'
                here ansible_connection=local fettle_environment=dev role=web

                [dev]
                here

                [production]
                db-1

                [db]
                db-1

                [db:vars]
                fettle_group_kind="cluster"
                fettle_group_minimum_available="50%"

                """#)
        #expect(export.omissions.count == 3)
    }

    @Test func asYAML() {
        let export = InventoryExport.ansible(Self.fleet, format: .yaml)
        #expect(
            export.text == #"""
                # Written by Fettle.
                # not written, because they are tracked only: 'mail'
                # the group 'db' is written with 1 of its 2 members
                # not written of the group 'db': after
                all:
                  hosts:
                    db-1:
                      ansible_host: "10.0.0.5"
                      ansible_port: 22
                      ansible_user: ops
                      fettle_environment: production
                      fettle_kind: database
                      fettle_criticality: high
                      fettle_owner: "it's \"us\""
                      count: "12"
                      fettle_labels:
                        a/b: c
                        when: x
                    here:
                      ansible_connection: local
                      fettle_environment: dev
                      role: web
                  children:
                    dev:
                      hosts:
                        here:
                    production:
                      hosts:
                        db-1:
                    db:
                      hosts:
                        db-1:
                      vars:
                        fettle_group_kind: cluster
                        fettle_group_minimum_available: "50%"

                """#)
    }

    /// What Ansible can hold comes back as it was.
    @Test(arguments: 0..<30 as Range<UInt64>, [InventoryExport.AnsibleFormat.ini, .yaml])
    func whatIsExportedIsImportedAgain(_ seed: UInt64, _ format: InventoryExport.AnsibleFormat) throws {
        var random = SplitMix(seed: seed)
        var fleet = AnsibleExportTests.withoutTemplates(RandomFleet.make(&random))
        for index in fleet.groups.indices {
            fleet.groups[index].strategy = nil
            fleet.groups[index].traffic = nil
            fleet.groups[index].machines = nil
            fleet.groups[index].probes = []
            fleet.groups[index].groupProbes = nil
            fleet.groups[index].after = []
        }
        let folder = try TestFolder(["i.\(format)": InventoryExport.ansible(fleet, format: format).text])
        let options = InventoryImport.Options(environments: fleet.environments)
        #expect(try InventoryImport.ansible(path: folder.file("i.\(format)"), options: options).fleet == fleet)
    }

    @Test func templatesDoNotGetOut() {
        var fleet = Self.fleet
        fleet.resources[1].labels = ["x": "{{ lookup('pipe', 'id') }}", "y/z": "{% raw %}"]
        let ini = InventoryExport.ansible(fleet, format: .ini)
        #expect(!ini.text.split(separator: "\n").contains { !$0.hasPrefix("#") && $0.contains("lookup") })
        #expect(ini.omissions.contains("'x' of 'here' would be a template to Ansible"))
        let yaml = InventoryExport.ansible(fleet, format: .yaml).text
        #expect(yaml.contains("      x: !unsafe \"{{ lookup('pipe', 'id') }}\"\n"))
        #expect(yaml.contains("        y/z: !unsafe \"{% raw %}\"\n"))
    }

    @Test func namesThatAnsibleKeepsForItselfAreAvoided() throws {
        let fleet = Fleet(
            environments: [Environment(id: "production", isProtected: true)],
            resources: [Resource(id: "web", address: .ssh("web"), environment: "production")],
            groups: ["all", "production", "web"].map {
                ResourceGroup(id: GroupID($0), members: ["web"], minimumAvailable: .count(0))
            })
        let export = InventoryExport.ansible(fleet, format: .ini)
        for name in ["[environment_production]", "[group_all]", "[production]", "[group_web]"] {
            #expect(export.text.contains("\n\(name)\n"))
        }
        #expect(export.omissions.count == 2)
        let folder = try TestFolder(["hosts": export.text])
        let read = try InventoryImport.ansible(path: folder.file("hosts")).fleet
        #expect(read.groups.map(\.id.rawValue) == ["group_all", "group_web", "production"])
        #expect(read.resources == fleet.resources)
    }

    static func withoutTemplates(_ fleet: Fleet) -> Fleet {
        func isTemplate(_ text: String) -> Bool { text.contains("{{") || text.contains("{%") }
        var fleet = fleet
        for index in fleet.resources.indices {
            fleet.resources[index].labels = fleet.resources[index].labels.filter { !isTemplate($0.value) }
            fleet.resources[index].owner = fleet.resources[index].owner.map { isTemplate($0) ? "x" : $0 }
            fleet.resources[index].failureDomain = fleet.resources[index].failureDomain.map {
                isTemplate($0) ? "y" : $0
            }
        }
        return fleet
    }
}

/// What Ansible itself says about the same files.
@Suite("Ansible and we read inventories alike", .enabled(if: AnsibleView.isAvailable, "ansible-inventory"))
struct AnsibleAgreementTests {
    @Test func anImportedInventory() throws {
        let folder = try TestFolder(
            AnsibleImportTests.files.filter { !$0.key.contains("vault") && !$0.key.contains("host_vars") })
        let fleet = try InventoryImport.ansible(path: folder.file("hosts")).fleet
        try compare(fleet, AnsibleView(path: folder.file("hosts")), names: ["2001-db8--7": "2001:db8::7"])
    }

    @Test(arguments: 0..<4 as Range<UInt64>, [InventoryExport.AnsibleFormat.ini, .yaml])
    func anExportedFleet(_ seed: UInt64, _ format: InventoryExport.AnsibleFormat) throws {
        var random = SplitMix(seed: seed)
        let fleet = AnsibleExportTests.withoutTemplates(RandomFleet.make(&random))
        let folder = try TestFolder(["i.\(format)": InventoryExport.ansible(fleet, format: format).text])
        let view = try AnsibleView(path: folder.file("i.\(format)"))
        try compare(fleet, view, names: [:])
        for environment in fleet.environments {
            let members = fleet.resources.filter { $0.environment == environment.id }.map(\.id.rawValue)
            #expect(view.members(environment.id.rawValue) == Set(members))
        }
    }

    private func compare(_ fleet: Fleet, _ view: AnsibleView, names: [String: String]) throws {
        #expect(view.hosts == Set(fleet.resources.map { names[$0.id.rawValue] ?? $0.id.rawValue }))
        for resource in fleet.resources {
            let name = names[resource.id.rawValue] ?? resource.id.rawValue
            let variables = try #require(view.variables[name], "\(name)")
            if resource.address.transport == .ssh {
                let host = ["ansible_host", "ansible_ssh_host"].compactMap { variables[$0] }.first ?? name
                #expect(host == resource.address.host)
                let port = ["ansible_port", "ansible_ssh_port"].compactMap { variables[$0] }.first
                #expect(port == resource.address.port.map { "\($0)" })
            }
            for (key, text) in resource.labels {
                let theirs = variables[key] ?? variables["fettle_labels.\(key)"]
                #expect(theirs == text, "\(name): \(key)")
            }
        }
        for group in fleet.groups where group.members.allSatisfy({ names[$0.rawValue] == nil }) {
            #expect(view.members(group.id.rawValue) == Set(group.members.map(\.rawValue)))
        }
    }
}

/// The answer of `ansible-inventory --list`, which is on the PATH or where `FETTLE_ANSIBLE_INVENTORY` says.
struct AnsibleView {
    private(set) var hosts: Set<String> = []
    private(set) var variables: [String: [String: String]] = [:]
    private var groups: [String: (hosts: [String], children: [String])] = [:]

    private static let program =
        ProcessInfo.processInfo.environment["FETTLE_ANSIBLE_INVENTORY"] ?? "ansible-inventory"
    static let isAvailable = (try? ToolRun.run([program, "--version"]))?.status == 0

    init(path: String) throws {
        let (status, output) = try ToolRun.run([Self.program, "-i", path, "--list"])
        try #require(status == 0)
        let root = try #require(try JSONSerialization.jsonObject(with: output) as? [String: Any])
        let meta = (root["_meta"] as? [String: Any])?["hostvars"] as? [String: [String: Any]] ?? [:]
        variables = meta.mapValues { Self.texts($0, prefix: "") }
        for (name, value) in root where name != "_meta" {
            let group = value as? [String: Any] ?? [:]
            groups[name] = (group["hosts"] as? [String] ?? [], group["children"] as? [String] ?? [])
        }
        hosts = members("all")
    }

    func members(_ group: String) -> Set<String> {
        guard let group = groups[group] else { return [] }
        return group.children.reduce(into: Set(group.hosts)) { $0.formUnion(members($1)) }
    }

    private static func texts(_ values: [String: Any], prefix: String) -> [String: String] {
        var texts: [String: String] = [:]
        for (key, value) in values {
            switch value {
            case let text as String: texts[prefix + key] = text
            case let number as NSNumber: texts[prefix + key] = number.stringValue
            case let nested as [String: Any]:
                // Text marked as no template.
                if let text = nested["__ansible_unsafe"] as? String { texts[prefix + key] = text }
                texts.merge(Self.texts(nested, prefix: prefix + key + ".")) { first, _ in first }
            default: break
            }
        }
        return texts
    }
}

extension AnsibleExportTests {
    /// A count is of all members, and those that are tracked only are not written.
    @Test(
        arguments: [
            (Quantity.count(4), ", and minimumAvailable as 2 instead of 4", Quantity.count(2)),
            (.count(1), ", and minimumAvailable as 0 instead of 1", .count(0)), (.count(0), "", .count(0)),
            (.percent(75), "", .percent(75)),
        ], [InventoryExport.AnsibleFormat.ini, .yaml])
    func aMinimumFitsTheMembersThatAreWritten(
        _ sample: (minimum: Quantity, words: String, written: Quantity), _ format: InventoryExport.AnsibleFormat
    ) throws {
        let reached = (1...3).map {
            Resource(id: ResourceID("web-\($0)"), address: .ssh("web-\($0)"), environment: "dev")
        }
        let tracked = (4...5).map {
            Resource(id: ResourceID("web-\($0)"), address: ResourceAddress(transport: .none), environment: "dev")
        }
        let group = ResourceGroup(
            id: "web", members: (reached + tracked).map(\.id), spares: ["web-3"], minimumAvailable: sample.minimum,
            groupProbes: [Probe(name: "a", check: .tcp(port: 80))])
        let fleet = Fleet(
            environments: [Environment(id: "dev", isProtected: false)], resources: reached + tracked, groups: [group])
        let export = InventoryExport.ansible(fleet, format: format)
        #expect(export.omissions.contains("the group 'web' is written with 3 of its 5 members\(sample.words)"))
        #expect(export.omissions.contains("not written of the group 'web': spares, groupProbes"))
        let folder = try TestFolder(["i.\(format)": export.text])
        let read = try InventoryImport.ansible(path: folder.file("i.\(format)")).fleet
        #expect(read.group("web")?.minimumAvailable == sample.written)
        #expect(read.group("web")?.members == reached.map(\.id))
        #expect(try FleetFile.parse(FleetWriter().text(read)).fleet == read)
    }

    @Test func whoIsResponsibleHasNoPlaceThereAndIsToldAsLeftOut() {
        let resource = Resource(
            id: "here", address: .local, environment: "dev", responsibility: Responsibility(owner: "web team"))
        let fleet = Fleet(environments: [Environment(id: "dev", isProtected: false)], resources: [resource], groups: [])
        #expect(
            InventoryExport.ansible(fleet, format: .yaml).omissions == ["not written of 'here': responsibility"])
    }
}
