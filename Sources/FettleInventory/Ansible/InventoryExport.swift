public import FettleModel

/// Writes a fleet for other tools.
public enum InventoryExport {
    public enum AnsibleFormat: String, Sendable, CaseIterable {
        case ini, yaml
    }

    /// What was written, and what of the fleet has no place there.
    public struct Export: Sendable, Equatable {
        public var text: String
        /// One sentence each, safe to show.
        public var omissions: [String]
    }

    /// An Ansible inventory: a group for each environment and each group of the fleet; what Ansible has no word for stands in
    /// variables `fettle_…`, which `InventoryImport.ansible` reads back. Labels become variables where their key can be the
    /// name of one, and else stand in `fettle_labels`.
    ///
    /// Every value is quoted so that Ansible takes it for exactly this text: neither a number nor a template.
    public static func ansible(_ fleet: Fleet, format: AnsibleFormat) -> Export {
        let content = AnsibleExport(fleet: fleet, canHoldTemplates: format == .yaml)
        let text =
            switch format {
            case .ini: AnsibleINIWriter(content: content).text
            case .yaml: AnsibleYAMLWriter(content: content).text
            }
        return Export(text: text, omissions: content.omissions)
    }
}

/// What both formats write.
struct AnsibleExport {
    struct Host {
        var name: String
        var variables: [(name: String, value: Value)]
    }

    struct Group {
        var name: String
        var hosts: [String]
        var variables: [(name: String, value: Value)]
    }

    enum Value {
        case text(String)
        case number(Int)
        case texts([(String, String)])
    }

    private(set) var hosts: [Host] = []
    private(set) var groups: [Group] = []
    private(set) var omissions: [String] = []

    /// - Parameter canHoldTemplates: whether the format can mark a text as being no template.
    init(fleet: Fleet, canHoldTemplates: Bool) {
        let reached = fleet.resources.filter { $0.address.transport != .none }
        let names = Set(reached.map(\.id.rawValue))
        let tracked = fleet.resources.filter { $0.address.transport == .none }.map(\.id.rawValue)
        if !tracked.isEmpty {
            omissions.append("not written, because they are tracked only: \(tracked.listed(limit: 50))")
        }
        for resource in reached { add(resource, canHoldTemplates) }
        let groupNames = Set(fleet.groups.map(\.id.rawValue))
        for environment in fleet.environments {
            let id = environment.id.rawValue
            let isTaken = groupNames.contains(id) || names.contains(id) || ["all", "ungrouped"].contains(id)
            let members = reached.filter { $0.environment == environment.id }.map(\.id.rawValue)
            groups.append(
                Group(
                    name: isTaken ? "environment_" + id : id, hosts: members,
                    variables: isTaken ? [("fettle_group_environment", .text(id))] : []))
        }
        for group in fleet.groups { add(group, names) }
    }

    private mutating func add(_ resource: Resource, _ canHoldTemplates: Bool) {
        var variables: [(name: String, value: Value)] = []
        func add(_ name: String, _ text: String?) {
            if let text { variables.append((name, .text(text))) }
        }
        if resource.address.transport == .local {
            add("ansible_connection", "local")
        } else if resource.address.host != resource.id.rawValue {
            add("ansible_host", resource.address.host)
        }
        if let port = resource.address.port { variables.append(("ansible_port", .number(port))) }
        add("ansible_user", resource.address.user)
        add("fettle_environment", resource.environment.rawValue)
        add("fettle_kind", resource.kind == .host ? nil : resource.kind.rawValue)
        add("fettle_service_model", resource.serviceModel == .onPremises ? nil : resource.serviceModel.rawValue)
        add("fettle_criticality", resource.criticality == .medium ? nil : resource.criticality.rawValue)
        add("fettle_exposure", resource.exposure == .internal ? nil : resource.exposure.rawValue)
        var texts = [("fettle_owner", resource.owner), ("fettle_failure_domain", resource.failureDomain)]
            .compactMap { name, text in text.map { (name, $0) } }
        var others: [(String, String)] = []
        for (key, text) in resource.labels.sorted(by: { $0.key < $1.key }) {
            if Self.isVariableName(key) { texts.append((key, text)) } else { others.append((key, text)) }
        }
        func isWritten(_ name: String, _ text: String) -> Bool {
            let isTemplate = ["{{", "{%", "{#"].contains { text.contains($0) }
            guard isTemplate, !canHoldTemplates else { return true }
            omissions.append("\(name.quoted) of \(resource.id.rawValue.quoted) would be a template to Ansible")
            return false
        }
        let unwritten = [
            ("responsibility", resource.responsibility?.isEmpty == false), ("after", !resource.after.isEmpty),
            ("tier", resource.tier != nil),
        ].filter(\.1).map(\.0)
        if !unwritten.isEmpty {
            omissions.append("not written of \(resource.id.rawValue.quoted): \(unwritten.joined(separator: ", "))")
        }
        for (name, text) in texts where isWritten(name, text) { add(name, text) }
        others = others.filter { isWritten($0.0, $0.1) }
        if !others.isEmpty { variables.append(("fettle_labels", .texts(others))) }
        hosts.append(Host(name: resource.id.rawValue, variables: variables))
    }

    private mutating func add(_ group: ResourceGroup, _ names: Set<String>) {
        var name = group.id.rawValue
        if names.contains(name) || ["all", "ungrouped"].contains(name) {
            name = "group_" + name
            omissions.append("the group \(group.id.rawValue.quoted) is written as \(name.quoted): the name is taken")
        }
        let members = group.members.map(\.rawValue).filter(names.contains)
        groups.append(
            Group(
                name: name, hosts: members,
                variables: [
                    ("fettle_group_kind", .text(group.kind.rawValue)),
                    ("fettle_group_minimum_available", minimum(of: group, written: members.count)),
                ]))
        let parts = [
            group.spares == nil ? nil : "spares",
            group.strategy == nil ? nil : "strategy", group.traffic == nil ? nil : "traffic",
            group.machines == nil ? nil : "machines", group.snapshot == nil ? nil : "snapshot",
            group.probes.isEmpty ? nil : "probes", group.groupProbes == nil ? nil : "groupProbes",
            group.after.isEmpty ? nil : "after",
        ].compactMap { $0 }
        guard !parts.isEmpty else { return }
        omissions.append("not written of the group \(group.id.rawValue.quoted): \(parts.joined(separator: ", "))")
    }

    /// Members that are tracked only are not written, and a count of all would be too high for the others: as many of them may
    /// be out as before. A share of fewer lets no more be out.
    private mutating func minimum(of group: ResourceGroup, written: Int) -> Value {
        let missing = group.members.count - written
        var change = ""
        var value: Value
        switch group.minimumAvailable {
        case .percent(let percent): value = .text("\(percent)%")
        case .count(let count):
            value = .number(max(0, count - missing))
            if missing > 0, count > 0 {
                change = ", and minimumAvailable as \(max(0, count - missing)) instead of \(count)"
            }
        }
        if missing > 0 {
            omissions.append(
                "the group \(group.id.rawValue.quoted) is written with \(written) of its \(group.members.count) members"
                    + change)
        }
        return value
    }

    /// Names that a variable may have and that mean nothing to Ansible or Python.
    private static func isVariableName(_ name: String) -> Bool {
        guard let first = name.utf8.first, !YAMLScalar.isDigit(first) else { return false }
        guard name.utf8.allSatisfy({ NameRule.isAlphanumeric($0) || $0 == UInt8(ascii: "_") }) else { return false }
        let isOurs = ["ansible_", "fettle_"].contains { name.hasPrefix($0) }
        return !isOurs && !reserved.contains(name) && !YAMLText.isWordOfYAML(name)
    }

    private static let reserved: Set<String> = [
        "False", "None", "True", "and", "as", "assert", "async", "await", "break", "class", "continue", "def", "del",
        "elif", "else", "except", "finally", "for", "from", "global", "if", "import", "in", "is", "lambda", "nonlocal",
        "not", "or", "pass", "raise", "return", "try", "while", "with", "yield", "action", "any_errors_fatal", "args",
        "become", "become_exe", "become_flags", "become_method", "become_user", "block", "changed_when", "check_mode",
        "collections", "connection", "debugger", "delay", "delegate_facts", "delegate_to", "diff", "environment",
        "fact_path", "failed_when", "force_handlers", "gather_facts", "gather_subset", "gather_timeout", "group_names",
        "groups", "handlers", "hosts", "hostvars", "ignore_errors", "ignore_unreachable", "inventory_dir",
        "inventory_file", "inventory_hostname", "inventory_hostname_short", "listen", "local_action", "loop",
        "loop_control", "max_fail_percentage", "module_defaults", "name", "no_log", "notify", "omit", "order",
        "play_hosts", "playbook_dir", "poll", "port", "post_tasks", "pre_tasks", "register", "remote_user", "retries",
        "role_name", "role_names", "role_path", "roles", "run_once", "serial", "strategy", "tags", "tasks", "throttle",
        "timeout", "until", "vars", "vars_files", "vars_prompt", "when",
    ]
}
