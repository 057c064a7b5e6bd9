internal import FettleModel

/// Turns the tree of `policy.yaml` into a policy: a key that is not there keeps its default.
struct PolicyReader {
    let reading: Reading
    let surroundings: PolicySurroundings
    /// nil: not known, so that what rules select is not checked.
    let fleet: Fleet?

    private var environments: [Environment]? { surroundings.environments }

    static let keys = [
        "version", "classes", "exclude", "dueInDays", "conffiles", "reboot", "rebootDeadline", "lockWait",
        "packageListAge",
        "neverRestart", "limits", "approvals", "waivers", "rolling", "baselines", "obligations", "risk",
        "windows", "withoutWindow", "freezes", "order", "releases", "bake",
        "changes", "promotion", "messages", "identity", "price",
    ]

    func read(_ root: YAMLValue) -> Policy {
        var policy = Policy()
        guard let fields = Fields(root, of: "the policy", keys: Self.keys, reading) else { return policy }
        reading.version(fields, 1, "the policy")
        if let value = fields["classes"] { classes(value, &policy) }
        if let value = fields["exclude"] { policy.exclude = reading.texts(value, "exclude", item: "a package glob") }
        if let value = fields["dueInDays"] { dueInDays(value, &policy) }
        if let value = fields["conffiles"],
            let choice = reading.choice(value, "conffile policy", as: ConffilePolicy.self)
        {
            policy.conffiles = choice
        }
        if let value = fields["reboot"],
            let choice = reading.choice(value, "reboot policy", as: Policy.RebootPolicy.self)
        {
            policy.reboot = choice
        }
        if let value = fields["rebootDeadline"],
            let seconds = reading.seconds(value, "rebootDeadline", in: 10...86_400)
        {
            policy.rebootDeadlineSeconds = seconds
        }
        if let value = fields["lockWait"], let seconds = reading.seconds(value, "lockWait", in: 1...3_600) {
            policy.lockWaitSeconds = seconds
        }
        if let value = fields["packageListAge"],
            let seconds = reading.seconds(value, "packageListAge", in: 3_600...31_536_000)
        {
            policy.listAgeSeconds = seconds
        }
        if let value = fields["neverRestart"] { neverRestart(value, &policy) }
        if let value = fields["limits"] { policy.limits = limits(value) }
        if let value = fields["approvals"] { approvals(value, &policy) }
        if let value = fields["changes"] { policy.changes = ChangePolicyReader(reading: reading).read(value) }
        if let value = fields["promotion"] {
            policy.promotion = PromotionReader(reading: reading, environments: environments).read(value)
        }
        if let value = fields["messages"] {
            policy.messages = MessageReader(reading: reading, environments: environments).read(value)
        }
        if let value = fields["identity"] { policy.identity = IdentityReader(reading: reading).read(value) }
        if let value = fields["bake"] { policy.bake = BakeReader(reading: reading).read(value) }
        if let value = fields["price"] { policy.price = price(value) }
        if let value = fields["risk"] { policy.risk = RiskReader(reading: reading).read(value) }
        let baselines = BaselineReader(reading: reading, environments: environments)
        if let value = fields["rolling"] { policy.rolling = baselines.rolling(value) }
        if let value = fields["baselines"] { policy.baselines = baselines.list(value) }
        if let value = fields["obligations"] { obligations(value, &policy) }
        if let value = fields["waivers"] { waivers(value, &policy) }
        let windows = WindowReader(reading: reading, surroundings: surroundings)
        if let value = fields["windows"] { policy.windows = windows.windows(value) }
        if let value = fields["withoutWindow"],
            let choice = reading.choice(value, "choice for what has no window", as: WithoutWindow.self)
        {
            policy.withoutWindow = choice
        }
        if let value = fields["freezes"] { policy.freezes = windows.freezes(value) }
        rules(fields, &policy)
        return policy
    }

    private func price(_ value: YAMLValue) -> Policy.MachinePrice? {
        let what = "'price'"
        guard let fields = Fields(value, of: what, keys: ["machineHour", "unit"], reading),
            let hour = fields.required("machineHour", of: what, reading, hint: "such as 'machineHour: 0.12'"),
            let unit = fields.required("unit", of: what, reading, hint: "such as 'unit: EUR'"),
            let price = reading.number(hour, "machineHour", in: 0...1e6),
            let name = reading.text(unit, "unit", limit: 32)
        else { return nil }
        return Policy.MachinePrice(perHour: price, unit: name)
    }

    private func rules(_ fields: Fields, _ policy: inout Policy) {
        let known = environments ?? fleet?.environments
        if let value = fields["order"] {
            policy.order = OrderRuleReader(reading: reading, environments: known, fleet: fleet).list(value)
        }
        if let value = fields["releases"] {
            policy.releases = ReleaseRuleReader(reading: reading, environments: known, fleet: fleet).list(value)
        }
    }

    /// A list of classes that are taken now, or a rule for each.
    private func classes(_ value: YAMLValue, _ policy: inout Policy) {
        let reader = BaselineReader(reading: reading, environments: environments)
        guard value.mapping != nil else {
            policy.classes = reader.classList(value)
            return
        }
        policy.classRules = reader.ruleMapping(value)
        policy.classes = UpdateClass.allCases.filter { (policy.classRules[$0] ?? .never) != .never }
    }

    private func obligations(_ value: YAMLValue, _ policy: inout Policy) {
        let outcomes = Outcome.allCases.map(\.rawValue)
        guard let fields = Fields(value, of: "'obligations'", keys: outcomes + ["statement"], reading) else { return }
        for outcome in Outcome.allCases {
            guard let value = fields[outcome.rawValue] else { continue }
            if let days = reading.integer(value, outcome.rawValue, in: 0...3_650) {
                policy.obligations.dueInDays[outcome] = days
            }
        }
        if let value = fields["statement"], let days = reading.integer(value, "statement", in: 1...3_650) {
            policy.obligations.statementInDays = days
        }
    }

    private func dueInDays(_ value: YAMLValue, _ policy: inout Policy) {
        let keys = Outcome.allCases.map(\.rawValue)
        guard let fields = Fields(value, of: "'dueInDays'", keys: keys, reading) else { return }
        for outcome in Outcome.allCases {
            guard let value = fields[outcome.rawValue] else { continue }
            if let days = reading.integer(value, outcome.rawValue, in: 0...3_650) { policy.dueInDays[outcome] = days }
        }
        for (sooner, later) in zip(Outcome.allCases, Outcome.allCases.dropFirst()) {
            guard let first = policy.dueInDays[sooner], let second = policy.dueInDays[later], first > second else {
                continue
            }
            reading.warning(
                "\(sooner.rawValue) is due after \(first) days, later than \(later.rawValue) after \(second)",
                at: fields.keyPlace(fields[sooner.rawValue] == nil ? later.rawValue : sooner.rawValue))
        }
    }

    private func neverRestart(_ value: YAMLValue, _ policy: inout Policy) {
        policy.neverRestart = reading.texts(value, "neverRestart", item: "a service glob")
        // needrestart#340: what is on the default list cuts the way to the host, or everybody's session.
        let missing = ["dbus.service", "systemd-logind.service"].filter { name in
            !policy.neverRestart.contains { Glob($0).matches(name) }
        }
        guard !missing.isEmpty else { return }
        reading.warning(
            "neverRestart doesn't hold \(missing.listed()): restarting it can cut the way to a host", at: value.place)
    }

    private func limits(_ value: YAMLValue) -> PlanLimits {
        var limits = PlanLimits()
        let keys = ["parallelSteps", "failureBudget", "attempts", "quarantineDeadline"]
        guard let fields = Fields(value, of: "'limits'", keys: keys, reading) else { return limits }
        if let value = fields["parallelSteps"], let number = reading.integer(value, "parallelSteps", in: 1...1_000) {
            limits.parallelSteps = number
        }
        if let value = fields["failureBudget"], let number = reading.integer(value, "failureBudget", in: 0...100_000) {
            limits.failureBudget = number
        }
        if let value = fields["attempts"], let number = reading.integer(value, "attempts", in: 1...20) {
            limits.attempts = number
        }
        if let value = fields["quarantineDeadline"],
            let seconds = reading.seconds(value, "quarantineDeadline", in: 60...31_536_000)
        {
            limits.quarantineDeadlineSeconds = seconds
        }
        return limits
    }

    private func waivers(_ value: YAMLValue, _ policy: inout Policy) {
        guard let fields = Fields(value, of: "'waivers'", keys: ["maximumDays"], reading) else { return }
        if let value = fields["maximumDays"], let days = reading.integer(value, "maximumDays", in: 1...3_650) {
            policy.maximumWaiverDays = days
        }
    }

    private func approvals(_ value: YAMLValue, _ policy: inout Policy) {
        guard let entries = value.mapping else {
            reading.problem(
                "approvals must be a mapping, but it is \(value.kindInWords)", at: value.place,
                hint: "such as 'production: {approvals: 2, requesterMayApprove: false}'")
            return
        }
        // The default first: what an environment leaves open comes from it.
        if let entry = entries.first(where: { $0.key == "default" }) {
            policy.defaultApproval = rule(entry.value, over: policy.defaultApproval)
        }
        for entry in entries where entry.key != "default" {
            guard let name = reading.identifier(entry.key, "the name of an environment", at: entry.keyPlace) else {
                continue
            }
            policy.approvals[EnvironmentID(name)] = rule(entry.value, over: policy.defaultApproval)
            guard let environments else { continue }
            guard environments.contains(where: { $0.id.rawValue == name }) else {
                reading.problem(
                    "unknown environment \(name.quoted)", at: entry.keyPlace,
                    hint: Suggestion.hint(
                        for: name, in: environments.map(\.id.rawValue) + ["default"], otherwise: "known environments"))
                continue
            }
        }
        for environment in environments ?? [] where environment.isProtected {
            let own = entries.first { $0.key == environment.id.rawValue }
            guard let place = (own ?? entries.first { $0.key == "default" })?.keyPlace else { continue }
            let rule = policy.approvals[environment.id] ?? policy.defaultApproval
            let name = environment.id.rawValue.quoted
            if rule.approvals == 0 {
                reading.warning("\(name) is protected, but its changes need no approval", at: place)
            } else if rule.approvals == 1, rule.requesterMayApprove {
                reading.warning(
                    "\(name) is protected, but who asks for a change may approve it: nobody else need agree", at: place)
            }
        }
    }

    private func rule(_ value: YAMLValue, over base: ApprovalRule) -> ApprovalRule {
        var rule = base
        let keys = ["approvals", "requesterMayApprove"]
        guard let fields = Fields(value, of: "a rule of approval", keys: keys, reading) else { return rule }
        if let value = fields["approvals"], let number = reading.integer(value, "approvals", in: 0...20) {
            rule.approvals = number
        }
        if let value = fields["requesterMayApprove"], let may = reading.boolean(value, "requesterMayApprove") {
            rule.requesterMayApprove = may
        }
        return rule
    }
}
