/// An Ansible inventory as its files say it, before precedence: the sum of all its sources.
struct AnsibleInventory {
    private(set) var hosts: [String: AnsibleHost] = [:]
    private(set) var groups: [String: AnsibleGroup] = [:]

    init() {
        groups["all"] = AnsibleGroup()
    }

    mutating func addHost(_ name: String, to group: String, at origin: AnsibleOrigin) {
        hosts[name, default: AnsibleHost(origin: origin)].groups.insert(group)
        addGroup(group)
        groups[group]?.hosts.insert(name)
    }

    mutating func addGroup(_ name: String) {
        if groups[name] == nil { groups[name] = AnsibleGroup() }
    }

    mutating func addChild(_ child: String, to parent: String, at origin: AnsibleOrigin) {
        addGroup(child)
        addGroup(parent)
        if groups[parent]?.children[child] == nil { groups[parent]?.children[child] = origin }
    }

    mutating func set(_ variable: String, to value: AnsibleVariable, host: String) {
        hosts[host]?.variables[variable] = value
    }

    mutating func set(_ variable: String, to value: AnsibleVariable, group: String) {
        addGroup(group)
        groups[group]?.variables[variable] = value
    }

    mutating func setFromDirectory(_ variable: String, to value: AnsibleVariable, host: String) {
        hosts[host]?.fileVariables[variable] = value
    }

    mutating func setFromDirectory(_ variable: String, to value: AnsibleVariable, group: String) {
        groups[group]?.fileVariables[variable] = value
    }
}

struct AnsibleHost {
    var origin: AnsibleOrigin
    var groups: Set<String> = []
    var variables: [String: AnsibleVariable] = [:]
    /// From `host_vars`: these win.
    var fileVariables: [String: AnsibleVariable] = [:]
}

struct AnsibleGroup {
    var hosts: Set<String> = []
    var children: [String: AnsibleOrigin] = [:]
    var variables: [String: AnsibleVariable] = [:]
    /// From `group_vars`: these win.
    var fileVariables: [String: AnsibleVariable] = [:]

    var priority: Int {
        let value = fileVariables["ansible_group_priority"] ?? variables["ansible_group_priority"]
        return value?.scalar.flatMap { Int($0.text) } ?? 1
    }
}

/// A place in one of the files.
struct AnsibleOrigin: Hashable {
    var file: String
    var place: Place

    func problem(_ message: String, hint: String? = nil) -> InventoryProblem {
        InventoryProblem(file: file, line: place.line, column: place.column, message: message, hint: hint)
    }
}

struct AnsibleVariable {
    var value: YAMLValue
    var file: String

    var origin: AnsibleOrigin { AnsibleOrigin(file: file, place: value.place) }
    var scalar: YAMLScalar? { value.scalar.flatMap { $0.kind == .null ? nil : $0 } }
}

extension AnsibleInventory {
    /// How deep each group lies below `all`, by its longest way; cycles are told.
    func depths(_ problems: inout [InventoryProblem]) -> [String: Int] {
        var depths: [String: Int] = [:]
        var waiting: [String: Int] = [:]
        for group in groups.values {
            for child in group.children.keys { waiting[child, default: 0] += 1 }
        }
        // Groups in no other group are children of `all`.
        var ready = groups.keys.filter { waiting[$0, default: 0] == 0 }.sorted()
        for name in ready { depths[name] = name == "all" ? 0 : 1 }
        while let name = ready.popLast() {
            for child in groups[name]?.children.keys.sorted() ?? [] {
                depths[child] = max(depths[child] ?? 0, (depths[name] ?? 0) + 1)
                waiting[child, default: 1] -= 1
                if waiting[child] == 0 { ready.append(child) }
            }
        }
        let stuck = waiting.filter { $0.value > 0 }.keys.sorted()
        if let first = stuck.first {
            let origin = groups.values.compactMap { $0.children[first] }.min { $0.place.line < $1.place.line }
            let message = "groups are children of each other: \(stuck.listed())"
            problems.append((origin ?? AnsibleOrigin(file: "", place: .start)).problem(message, hint: "remove one"))
        }
        return depths
    }

    /// All hosts below each group, its children's too. Only for groups without cycles.
    func members(depths: [String: Int]) -> [String: Set<String>] {
        var members: [String: Set<String>] = [:]
        for name in groups.keys.sorted(by: { (depths[$0] ?? 0, $0) > (depths[$1] ?? 0, $1) }) {
            guard let group = groups[name] else { continue }
            members[name] = group.children.keys.reduce(into: group.hosts) { $0.formUnion(members[$1] ?? []) }
        }
        return members
    }
}
