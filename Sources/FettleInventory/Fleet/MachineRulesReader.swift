internal import FettleModel

/// Reads `machines` of a pool of hypervisors: how they are moved, and which need not be.
struct MachineRulesReader {
    let reading: Reading

    static let keys = [
        "driver", "destination", "sharedDirectories", "bandwidth", "timeLimit", "whenTooSlow", "encrypted",
        "processorsPerCore", "reservedMemory", "mostMemory", "mayStay", "apart", "api",
    ]
    /// That can move machines; `FettleDrivers` brings it.
    static let drivers = ["libvirt", "proxmox", cloud, center]
    /// Of these, those that ask what manages the hypervisors, and not the hypervisors themselves: by where that is.
    static let managed: [String: MachineAPIReader.Place] = ["proxmox": .members, cloud: .cloud, center: .center]
    /// Of these, that of one cloud behind one Keystone.
    static let cloud = "openstack"
    /// Of these, that of VMware's vCenter.
    static let center = "vcenter"
    /// Of lists of machines and directories.
    private static let longestList = 1_000

    func read(_ value: YAMLValue, of group: ResourceGroup) -> MachineRules? {
        guard let fields = Fields(value, of: "'machines'", keys: Self.keys, reading) else { return nil }
        if group.kind != .hypervisorPool {
            reading.problem(
                "'machines' is for pools of hypervisors", at: value.place, hint: "such as 'kind: hypervisorPool'")
        }
        let driver = fields.required("driver", of: "'machines'", reading, hint: "such as libvirt").flatMap {
            reading.driver($0, in: Self.drivers, doing: "moves machines")
        }
        guard let driver else { return nil }
        var rules = MachineRules(driver: driver)
        if let text = fields["destination"].flatMap(destination) { rules.destination = text }
        if let value = fields["sharedDirectories"] { rules.sharedDirectories = Set(directories(value)).sorted() }
        set(&rules.bandwidthMebibytes, fields, "bandwidth", 0...1_000_000)
        if let value = fields["timeLimit"], let seconds = reading.seconds(value, "timeLimit", in: 1...86_400) {
            rules.timeLimitSeconds = seconds
        }
        if let value = fields["whenTooSlow"],
            let choice = reading.choice(value, "whenTooSlow", as: MachineRules.TooSlow.self)
        {
            rules.whenTooSlow = choice
        }
        if let value = fields["encrypted"], let flag = reading.boolean(value, "encrypted") { rules.isEncrypted = flag }
        set(&rules.processorsPerCore, fields, "processorsPerCore", 1...1_000)
        set(&rules.reservedMebibytes, fields, "reservedMemory", 0...1_000_000_000)
        if let value = fields["mostMemory"] {
            rules.mostMebibytes = reading.integer(value, "mostMemory", in: 0...1_000_000_000)
        }
        if let value = fields["mayStay"] { rules.mayStay = Set(names(value, "mayStay")).sorted() }
        if let value = fields["apart"] { rules.apart = apart(value) }
        if let value = fields["api"] {
            rules.api = MachineAPIReader(reading: reading, place: Self.managed[driver] ?? .members).read(value)
        }
        check(rules, fields, at: value.place)
        return rules
    }

    /// What a driver has no use for is told: it would be believed to hold.
    private func check(_ rules: MachineRules, _ fields: Fields, at place: Place) {
        guard let manager = Self.managed[rules.driver] else {
            if fields["api"] != nil {
                reading.problem(
                    "\(rules.driver.quoted) asks no API: it asks the hypervisors themselves", at: fields.keyPlace("api")
                )
            }
            return
        }
        let example: String
        let unused: [(key: String, reason: String)]
        switch manager {
        case .members:
            example = "token: {file: pve.token}"
            unused = [
                ("destination", "its nodes know each other"), ("sharedDirectories", "it knows which storage is shared"),
            ]
        case .cloud:
            example = "url: \(manager.example), token: {file: openstack.credential}"
            unused = [
                ("destination", "its hosts know each other"), ("bandwidth", "nova.conf says it"),
                ("encrypted", "nova.conf says it, and its API does not tell"),
            ]
        case .center:
            example = "url: \(manager.example), token: {file: vcenter.credential}"
            unused = [
                ("destination", "its hosts know each other"), ("sharedDirectories", "it knows which storage is shared"),
                ("bandwidth", "vCenter says it"), ("encrypted", "each machine's own options say it"),
            ]
        }
        if fields["api"] == nil {
            reading.problem("\(rules.driver.quoted) needs 'api'", at: place, hint: "such as 'api: {\(example)}'")
        }
        for (key, reason) in unused where fields[key] != nil {
            reading.problem("\(rules.driver.quoted) takes no '\(key)': \(reason)", at: fields.keyPlace(key))
        }
        if rules.whenTooSlow == .postCopy {
            reading.problem(
                "\(rules.driver.quoted) cannot do 'postCopy'", at: fields.keyPlace("whenTooSlow"), hint: "take 'abort'")
        }
    }

    private func set(_ number: inout Int, _ fields: Fields, _ key: String, _ range: ClosedRange<Int>) {
        guard let value = fields[key], let read = reading.integer(value, key, in: range) else { return }
        number = read
    }

    /// It becomes an argument of the hypervisor's own program: nothing that could be taken for an option or for two arguments.
    private func destination(_ value: YAMLValue) -> String? {
        guard let text = reading.text(value, "the destination", limit: 512) else { return nil }
        let plain = text.replacing("{host}", with: "h").utf8
        let isAddress =
            text.contains("{host}") && plain.first.map(NameRule.isAlphanumeric) == true
            && plain.allSatisfy { NameRule.isAlphanumeric($0) || "+-._:/@".utf8.contains($0) }
        guard isAddress else {
            reading.problem(
                "\(text.quoted) cannot be a destination", at: value.place,
                hint: "such as qemu+tls://{host}/system, of letters, digits and + - . _ : / @; {host} stands for the "
                    + "other hypervisor's host")
            return nil
        }
        return text
    }

    private func directories(_ value: YAMLValue) -> [String] {
        (reading.list(value, "sharedDirectories", limit: Self.longestList) ?? []).compactMap { item in
            guard let text = reading.text(item, "a directory", limit: 512) else { return nil }
            let parts = text.split(separator: "/", omittingEmptySubsequences: false).dropFirst()
            guard text.hasPrefix("/"), text.utf8.count > 1, !parts.contains(""), !parts.contains(".."),
                !parts.contains(".")
            else {
                reading.problem(
                    "\(text.quoted) is no absolute path of a directory", at: item.place,
                    hint: "such as /var/lib/libvirt/images; not the root, and without // . ..")
                return nil
            }
            return text
        }
    }

    /// As hypervisors name their machines.
    private func names(_ value: YAMLValue, _ key: String) -> [String] {
        (reading.list(value, key, limit: Self.longestList) ?? []).compactMap { reading.text($0, "a machine's name") }
    }

    private func apart(_ value: YAMLValue) -> [[String]] {
        (reading.list(value, "apart", limit: Self.longestList) ?? []).compactMap { item in
            let names = Set(names(item, "machines that are kept apart")).sorted()
            guard names.count > 1 else {
                if item.sequence != nil {
                    reading.problem("one machine alone is kept apart from nothing", at: item.place)
                }
                return nil
            }
            return names
        }
    }
}
