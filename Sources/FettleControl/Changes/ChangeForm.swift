import FettleModel

/// What a change is asked for as: its kind with what that demands, worked out once, when it is submitted.
struct ChangeForm {
    let kind: Change.Kind
    let template: ChangeTemplate?
    let rule: ApprovalRule
    let policy: ChangePolicy

    /// - Throws: `invalid` for a template that there is not, `blocked` for a plan beyond its template.
    init(
        _ plan: Plan, kind: Change.Kind, template name: String?, policy: Policy, fleet: Fleet?,
        expectedLoss: Double?
    ) throws(ControlError) {
        self.kind = kind
        self.policy = policy.changes
        template = try Self.template(name, kind, policy.changes)
        if let template {
            let objections = template.objections(to: plan, fleet: fleet)
            guard objections.isEmpty else {
                throw ControlError(
                    .blocked,
                    "\(plan.id) is beyond what '\(template.name)' allows beforehand:\n  "
                        + objections.joined(separator: "\n  "),
                    hint: "`fettle change submit \(plan.id) --kind normal` asks people")
            }
        }
        rule = policy.approvalRule(for: plan, kind: kind, template: template, fleet: fleet, expectedLoss: expectedLoss)
    }

    private static func template(
        _ name: String?, _ kind: Change.Kind, _ policy: ChangePolicy
    ) throws(ControlError) -> ChangeTemplate? {
        let known = policy.templates.map(\.name).joined(separator: ", ")
        let hint = known.isEmpty ? "policy.yaml has none: `changes.templates`" : "--template takes: \(known)"
        switch (kind, name) {
        case (.standard, let name?):
            guard let template = policy.templates.first(where: { $0.name == name }) else {
                throw ControlError(.invalid, "policy.yaml has no template '\(name)'", hint: hint)
            }
            return template
        case (.standard, nil):
            throw ControlError(.invalid, "a standard change follows a template", hint: hint)
        case (_, _?):
            throw ControlError(
                .invalid, "only a standard change follows a template", hint: "--kind standard, or no --template")
        case (_, nil): return nil
        }
    }

    /// The change, handed in and assessed: the plan was proven, and is within its limits.
    func change(
        _ id: ChangeID, _ plan: StageReference, reason: String, by person: Person, at time: Timestamp,
        promotion: ChangePromotion?
    ) throws(ControlError) -> Change {
        var change = Change(
            id: id, plan: plan, kind: kind, reason: reason, requestedBy: person, requestedAt: time, rule: rule)
        change.preparation = .new
        change.template = template?.name
        change.promotion = promotion
        change.expiresAt = policy.expiresAfterSeconds.map { time.adding(seconds: $0) }
        if kind == .emergency { change.mustBeReviewed = true }
        try change.take(.submit, at: time)
        try change.take(.assessed, at: time)
        return change
    }
}

extension Change {
    /// As `apply`, with what control tells of refusals.
    mutating func take(_ act: ChangeAct, at time: Timestamp, runEnd: RunEnd? = nil) throws(ControlError) {
        do throws(ChangeRefusal) {
            try apply(act, at: time, runEnd: runEnd)
        } catch {
            throw ControlError(error)
        }
    }

    /// That it was approved once; whether time has run out since then does not stop what has begun.
    func requireStarted() throws(ControlError) {
        do throws(ChangeRefusal) {
            var timeless = self
            timeless.expiresAt = nil
            timeless.schedule = nil
            try timeless.requireApproved(at: requestedAt)
        } catch {
            throw ControlError(error)
        }
    }
}

extension ControlError {
    init(_ refusal: ChangeRefusal) {
        let code: Code =
            switch refusal.code {
            case .blocked: .blocked
            case .conflict: .conflict
            case .drift: .drift
            case .invalid: .invalid
            }
        self.init(code, refusal.message, hint: refusal.hint)
    }
}
