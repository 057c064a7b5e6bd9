/// Reads Ansible's YAML inventories
/// ([format](https://docs.ansible.com/ansible/latest/collections/ansible/builtin/yaml_inventory.html)).
struct AnsibleYAMLReader {
    let reading: Reading

    func read(_ input: InputText, into inventory: inout AnsibleInventory) {
        guard let root = YAMLDocument.read(input, reading, as: .ansible), !root.isNull else { return }
        guard let groups = root.mapping else {
            reading.problem("an inventory must be a mapping of groups, but it is \(root.kindInWords)", at: root.place)
            return
        }
        if let plugin = groups.first(where: { $0.key == "plugin" }) {
            reading.problem(
                "this is the configuration of an inventory plugin, not an inventory", at: plugin.keyPlace,
                hint: "run 'ansible-inventory -i <this file> --list --yaml' and import what it prints")
            return
        }
        for entry in groups { group(entry, into: &inventory) }
    }

    private func group(_ entry: YAMLEntry, into inventory: inout AnsibleInventory) {
        guard isName(entry, "a group") else { return }
        inventory.addGroup(entry.key)
        if entry.value.isNull { return }
        guard let parts = entry.value.mapping else {
            reading.problem(
                "the group \(entry.key.quoted) must be a mapping, but it is \(entry.value.kindInWords)",
                at: entry.value.place, hint: "with the keys hosts, vars and children")
            return
        }
        for part in parts {
            switch part.key {
            case "hosts": hosts(part.value, group: entry.key, into: &inventory)
            case "vars":
                for (name, value) in variables(part.value) { inventory.set(name, to: value, group: entry.key) }
            case "children": children(part.value, group: entry.key, into: &inventory)
            default:
                reading.warning(
                    "\(part.key.quoted) in the group \(entry.key.quoted) is not taken", at: part.keyPlace,
                    hint: Suggestion.hint(for: part.key, in: ["hosts", "vars", "children"], otherwise: "known keys"))
            }
        }
    }

    private func hosts(_ value: YAMLValue, group: String, into inventory: inout AnsibleInventory) {
        var entries = value.mapping ?? []
        if let scalar = value.scalar, scalar.kind == .text {
            entries = [YAMLEntry(key: scalar.text, keyPlace: value.place, value: null(at: value.place))]
        } else if value.mapping == nil, !value.isNull {
            reading.problem(
                "hosts must be a mapping, but it is \(value.kindInWords)", at: value.place,
                hint: "each host is a key: write 'web-1:'")
            return
        }
        for entry in entries {
            guard isName(entry, "a host") else { continue }
            let names: [String]
            do { names = try AnsibleHostPattern.expand(entry.key) } catch {
                reading.problem(error.message, at: entry.keyPlace)
                continue
            }
            let variables = variables(entry.value)
            for name in names {
                inventory.addHost(name, to: group, at: AnsibleOrigin(file: reading.file, place: entry.keyPlace))
                for (key, value) in variables { inventory.set(key, to: value, host: name) }
            }
        }
    }

    private func children(_ value: YAMLValue, group: String, into inventory: inout AnsibleInventory) {
        guard let entries = value.mapping else {
            if !value.isNull {
                reading.problem(
                    "children must be a mapping, but it is \(value.kindInWords)", at: value.place,
                    hint: "each group is a key: write 'web:'")
            }
            return
        }
        for entry in entries {
            self.group(entry, into: &inventory)
            inventory.addChild(
                entry.key, to: group, at: AnsibleOrigin(file: reading.file, place: entry.keyPlace))
        }
    }

    /// The variables of a mapping; also of a whole file in `group_vars` or `host_vars`.
    func variables(_ value: YAMLValue) -> [(String, AnsibleVariable)] {
        guard let entries = value.mapping else {
            if !value.isNull {
                reading.problem("variables must be a mapping, but it is \(value.kindInWords)", at: value.place)
            }
            return []
        }
        return entries.map { ($0.key, AnsibleVariable(value: $0.value, file: reading.file)) }
    }

    private func isName(_ entry: YAMLEntry, _ what: String) -> Bool {
        guard !entry.key.isEmpty, entry.key.isPlainLine else {
            reading.problem("\(entry.key.quoted) is no name of \(what)", at: entry.keyPlace)
            return false
        }
        return true
    }

    private func null(at place: Place) -> YAMLValue {
        YAMLValue(content: .scalar(YAMLScalar(text: "", isPlain: true)), place: place)
    }
}
