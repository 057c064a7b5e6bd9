/// How changes are handled beyond the number of approvals by environment: `changes` in `policy.yaml`.
public struct ChangePolicy: Codable, Sendable, Equatable {
    /// Who is meant by the name of a team, sorted; owners of resources may be teams as well as people.
    public var teams: [String: [String]]
    /// In the order of the file; all that apply to a plan add up.
    public var rules: [ApprovalCondition]
    /// What is allowed beforehand, as changes of the kind standard.
    public var templates: [ChangeTemplate]
    public var emergency: EmergencyRule
    /// How long a change waits to be started before it is over, in seconds; nil: for ever.
    public var expiresAfterSeconds: Int?

    public init(
        teams: [String: [String]] = [:], rules: [ApprovalCondition] = [], templates: [ChangeTemplate] = [],
        emergency: EmergencyRule = EmergencyRule(), expiresAfterSeconds: Int? = nil
    ) {
        self.teams = teams
        self.rules = rules
        self.templates = templates
        self.emergency = emergency
        self.expiresAfterSeconds = expiresAfterSeconds
    }

    /// Whether who has to agree depends on what a plan's patches are expected to cost.
    public var goesByLoss: Bool { rules.contains { $0.lossPerDay != nil } }

    /// What holds for changes of the kind emergency.
    public struct EmergencyRule: Codable, Sendable, Equatable {
        /// At most so many approvals are demanded, whatever the environment demands.
        public var approvals: Int
        /// How long after its run's end it has to be reviewed, in seconds. While one is overdue no other is taken.
        public var reviewWithinSeconds: Int

        public init(approvals: Int = 1, reviewWithinSeconds: Int = 432_000) {
            self.approvals = approvals
            self.reviewWithinSeconds = reviewWithinSeconds
        }
    }
}

/// Approvals that are demanded of a plan on which all that is named here is true.
public struct ApprovalCondition: Codable, Sendable, Equatable {
    /// How changes name it.
    public var name: String
    /// Globs over environments; empty: in every environment.
    public var environments: [String]
    /// Globs over groups that are touched; empty: whatever groups.
    public var groups: [String]
    /// At least so many hosts; nil: however many.
    public var hosts: Int?
    /// At least such a share of a group's members may be out at once, in percent; nil: whatever share.
    public var sharePercent: Int?
    /// Only plans with a step that cannot be taken back.
    public var irreversible: Bool
    /// Only plans that reboot a host.
    public var reboots: Bool
    /// Only plans with a host that is at least as critical; nil: whatever hosts.
    public var criticality: Resource.Criticality?
    /// Only plans whose patches cost at least that, expected a day in the unit of `risk` (docs/risk.md); nil: whatever they cost.
    public var lossPerDay: Double?
    /// At least so many approvals in all; nil: as many as the environments demand.
    public var approvals: Int?
    /// People or teams, one of whom has to approve; empty: nobody in particular.
    public var from: [String]
    /// Whether an owner of each changed resource has to have a say.
    public var owners: Bool

    public init(
        name: String, environments: [String] = [], groups: [String] = [], hosts: Int? = nil, sharePercent: Int? = nil,
        irreversible: Bool = false, reboots: Bool = false, criticality: Resource.Criticality? = nil,
        lossPerDay: Double? = nil, approvals: Int? = nil, from: [String] = [], owners: Bool = false
    ) {
        self.name = name
        self.environments = environments
        self.groups = groups
        self.hosts = hosts
        self.sharePercent = sharePercent
        self.irreversible = irreversible
        self.reboots = reboots
        self.criticality = criticality
        self.lossPerDay = lossPerDay
        self.approvals = approvals
        self.from = from
        self.owners = owners
    }
}

/// Changes that are allowed beforehand, within limits.
public struct ChangeTemplate: Codable, Sendable, Equatable {
    public var name: String
    /// Globs over environments: every changed host is in one of them.
    public var environments: [String]
    /// Globs over groups: no other group is touched; empty: whatever groups.
    public var groups: [String]
    /// At most so many hosts.
    public var hosts: Int
    /// Globs over packages: no other is changed; empty: whatever packages.
    public var packages: [String]
    public var mayReboot: Bool
    /// What is still demanded besides.
    public var approvals: Int

    public init(
        name: String, environments: [String], groups: [String] = [], hosts: Int, packages: [String] = [],
        mayReboot: Bool = false, approvals: Int = 0
    ) {
        self.name = name
        self.environments = environments
        self.groups = groups
        self.hosts = hosts
        self.packages = packages
        self.mayReboot = mayReboot
        self.approvals = approvals
    }

    /// Every limit that a plan goes beyond; empty: it is what was allowed. What cannot be taken back never is.
    ///
    /// - Parameters:
    ///   - plan: what would be done.
    ///   - fleet: tells in which environments the machines are that go down with a host.
    public func objections(to plan: Plan, fleet: Fleet?) -> [String] {
        let resources = Dictionary((fleet?.resources ?? []).map { ($0.id, $0) }) { first, _ in first }
        let radius = BlastRadius(plan)
        var objections: [String] = []
        let others = plan.environmentsTouched(resources).map(\.rawValue).filter { !Self.matches($0, environments) }
        if !others.isEmpty { objections.append("it changes hosts of \(others.sorted().joined(separator: ", "))") }
        if !groups.isEmpty {
            let others = radius.groups.map(\.rawValue).filter { !Self.matches($0, groups) }
            if !others.isEmpty { objections.append("it touches \(others.joined(separator: ", "))") }
        }
        if radius.hosts > hosts {
            objections.append(
                "it changes \(Self.count(radius.hosts, "host")), and \(hosts) \(hosts == 1 ? "is" : "are") the most")
        }
        if radius.reboots > 0, !mayReboot {
            objections.append("it reboots \(Self.count(radius.reboots, "host"))")
        }
        if radius.irreversibleSteps > 0 {
            objections.append("\(Self.count(radius.irreversibleSteps, "step")) of it cannot be taken back")
        }
        if !packages.isEmpty {
            let others = plan.changedPackages.filter { !Self.matches($0, packages) }
            if !others.isEmpty {
                let more = others.count > 3 ? " and \(others.count - 3) more" : ""
                objections.append("it changes \(others.prefix(3).joined(separator: ", "))\(more)")
            }
        }
        return objections
    }

    private static func matches(_ name: String, _ globs: [String]) -> Bool { globs.contains { Glob($0).matches(name) } }

    private static func count(_ number: Int, _ noun: String) -> String { "\(number) \(noun)\(number == 1 ? "" : "s")" }
}

extension Plan {
    /// The names of all packages that its steps change on the way forward, sorted.
    public var changedPackages: [String] {
        var names: Set<String> = []
        for step in steps {
            if case .changePackages(let transaction) = step.action { names.formUnion(transaction.changes.map(\.name)) }
        }
        return names.sorted()
    }
}
