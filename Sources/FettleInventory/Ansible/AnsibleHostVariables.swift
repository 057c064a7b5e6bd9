internal import FettleModel

/// One host's variables being turned into a resource: what is used is taken out, the rest becomes labels or warnings.
struct AnsibleHostVariables {
    private var values: [String: AnsibleVariable]
    private let host: String
    private let origin: AnsibleOrigin
    private(set) var problems: [InventoryProblem] = []
    private(set) var warnings: [InventoryProblem] = []
    private(set) var leftOut: [LeftOut] = []

    /// A variable that is not taken: the same for many hosts when it comes from their group.
    struct LeftOut: Hashable {
        var name: String
        var reason: String
        var origin: AnsibleOrigin
    }

    /// Labels are shown in reports: what looks like a secret must not become one.
    private static let secretWords = [
        "password", "passwd", "passphrase", "secret", "token", "private_key", "api_key", "apikey", "credential",
        "_pass",
    ]

    init(_ values: [String: AnsibleVariable], host: String, origin: AnsibleOrigin) {
        self.values = values
        self.host = host
        self.origin = origin
    }

    func text(_ name: String) -> String? { values[name]?.scalar?.text }

    mutating func take(_ name: String) -> (text: String, origin: AnsibleOrigin)? {
        guard let variable = values.removeValue(forKey: name), let scalar = variable.scalar else { return nil }
        return (scalar.text, variable.origin)
    }

    /// - Returns: nil where anything is wrong, which is in `problems` then, all of it.
    mutating func resource(id: ResourceID, environment: EnvironmentID, path: String) -> Resource? {
        var resource = Resource(id: id, address: address(), environment: environment)
        resource.kind = choice("fettle_kind") ?? .host
        resource.serviceModel = choice("fettle_service_model") ?? .onPremises
        resource.criticality = choice("fettle_criticality") ?? .medium
        resource.exposure = choice("fettle_exposure") ?? .internal
        resource.owner = line("fettle_owner")
        resource.failureDomain = line("fettle_failure_domain")
        resource.labels = labels()
        return problems.isEmpty ? resource : nil
    }

    // MARK: Address

    /// From `ansible_connection`, `ansible_host`, `ansible_port` and `ansible_user`, under their old names too.
    private mutating func address() -> ResourceAddress {
        let given = first(["ansible_host", "ansible_ssh_host"])
        let port = first(["ansible_port", "ansible_ssh_port"])
        let user = first(["ansible_user", "ansible_ssh_user"])
        if let (connection, origin) = take("ansible_connection") {
            let kind = connection.split(separator: ".").last.map(String.init) ?? connection
            switch kind {
            case "local": return .local
            case "ssh", "smart", "paramiko", "paramiko_ssh", "libssh": break
            default:
                warnings.append(
                    origin.problem("\(host.quoted) is reached by \(connection.quoted), not by ssh: tracked only"))
                return ResourceAddress(transport: .none)
            }
        }
        // Each part where it is said: one may be the host's own, and another its group's.
        let (name, place) = given ?? (host, origin)
        tell(AddressSyntax.hostProblem(name), of: name, at: place)
        if let (text, origin) = user { tell(AddressSyntax.userProblem(text), of: text, at: origin) }
        if let (text, origin) = port {
            let problem = Int(text).map(AddressSyntax.portProblem)
            let noNumber = AddressSyntax.Problem(
                message: "\(text.quoted) is no port", hint: "a number from 1 to 65535")
            tell(problem ?? noNumber, of: text, at: origin)
        }
        return .ssh(name, port: port.flatMap { Int($0.text) }, user: user?.text)
    }

    private mutating func tell(_ problem: AddressSyntax.Problem?, of text: String, at origin: AnsibleOrigin) {
        guard let problem else { return }
        let hint = text.contains("{{") ? "templates are not evaluated: write it out" : problem.hint
        problems.append(origin.problem(problem.message, hint: hint))
    }

    private mutating func first(_ names: [String]) -> (text: String, origin: AnsibleOrigin)? {
        var result: (text: String, origin: AnsibleOrigin)?
        for name in names {
            let value = take(name)
            result = result ?? value
        }
        return result
    }

    // MARK: Settings

    private mutating func choice<Choice: RawRepresentable & CaseIterable>(_ name: String) -> Choice?
    where Choice.RawValue == String {
        guard let (text, origin) = take(name) else { return nil }
        if let choice = Choice(rawValue: text) { return choice }
        problems.append(
            origin.problem(
                "unknown \(name) \(text.quoted)",
                hint: Suggestion.hint(for: text, in: Choice.allCases.map(\.rawValue), otherwise: "one of")))
        return nil
    }

    private mutating func line(_ name: String) -> String? {
        guard let (text, origin) = take(name) else { return nil }
        guard isLabel(text) else {
            problems.append(origin.problem("\(name) must be one line of at most 256 bytes"))
            return nil
        }
        return text
    }

    private func isLabel(_ text: String) -> Bool { !text.isEmpty && text.utf8.count <= 256 && text.isPlainLine }

    // MARK: Labels

    /// Scalars become labels; what doesn't is told by its name, never with its value: it may be a secret.
    private mutating func labels() -> [String: String] {
        var labels: [String: String] = [:]
        if let exact = values.removeValue(forKey: "fettle_labels") {
            for entry in exact.value.mapping ?? [] {
                guard let scalar = entry.value.scalar, NameRule.isLabelKey(entry.key), isLabel(scalar.text) else {
                    leaveOut(exact, "fettle_labels", "\(entry.key.quoted) in it cannot be a label")
                    continue
                }
                labels[entry.key] = scalar.text
            }
        }
        for (name, variable) in values.sorted(by: { $0.key < $1.key }) {
            if name.hasPrefix("ansible_") {
                leaveOut(variable, name, "it is for Ansible alone; ssh takes such things from your ssh_config")
            } else if Self.secretWords.contains(where: name.lowercased().contains) {
                leaveOut(variable, name, "it looks like a secret")
            } else if case .tagged(let tag) = variable.value.content {
                leaveOut(variable, name, "it has the tag \(tag.quoted)")
            } else if let scalar = variable.scalar {
                guard NameRule.isLabelKey(name), isLabel(scalar.text) else {
                    leaveOut(variable, name, "its name or its text cannot be a label's")
                    continue
                }
                if scalar.text.contains("{{") || scalar.text.contains("{%") {
                    leaveOut(variable, name, "it is a template, and templates are not evaluated")
                } else {
                    labels[name] = scalar.text
                }
            } else if !variable.value.isNull {
                leaveOut(variable, name, "it is \(variable.value.kindInWords)")
            }
        }
        return labels
    }

    private mutating func leaveOut(_ variable: AnsibleVariable, _ name: String, _ reason: String) {
        leftOut.append(LeftOut(name: name, reason: reason, origin: variable.origin))
    }
}
