/// What somebody does with a change.
public enum ChangeAct: Codable, Sendable, Equatable {
    /// It is handed in.
    case submit
    /// The plan was proven safe, and within the limits of its kind: people may be asked.
    case assessed
    /// - `digest`: of the plan that the voter had before them.
    case vote(by: Person, approves: Bool, digest: Digest, note: String)
    case withdraw(by: Person)
    /// - `window`: nil: whenever somebody starts it.
    case schedule(by: Person, window: TimeWindow?)
    /// A run is made of it; `digest`: of the plan that is kept now.
    case begin(run: RunID, digest: Digest)
    case review(by: Person, text: String)
}

/// Why a change does not take an act.
public struct ChangeRefusal: Error, Sendable, Equatable {
    public var code: Code
    public var message: String
    /// What to do about it; empty if there is nothing to say.
    public var hint: String

    public init(_ code: Code, _ message: String, hint: String = "") {
        self.code = code
        self.message = message
        self.hint = hint
    }

    public enum Code: String, Sendable, CaseIterable {
        /// This person may not, or not yet.
        case blocked
        /// It is no longer, or not yet, in a phase that takes this.
        case conflict
        /// It is about another plan.
        case drift
        case invalid
    }
}

/// The phases of a change, in the words of ITIL as ServiceNow names them
/// (https://www.servicenow.com/docs/bundle/zurich-it-service-management/page/product/change-management/concept/c_ChangeStateModel.html).
public enum ChangePhase: String, Codable, Sendable, CaseIterable {
    case new, assess, authorise, scheduled, implement, review, closed, cancelled
}

extension Change {
    /// How its run ended, as far as that is known.
    public enum RunEnd: Codable, Sendable, Equatable {
        case succeeded, otherwise
    }

    /// Follows from what is written in it.
    ///
    /// - Parameters:
    ///   - time: now, by which it may have expired.
    ///   - end: how its run ended; nil: there is none, or it goes on.
    public func phase(at time: Timestamp, runEnd end: RunEnd? = nil) -> ChangePhase {
        if let preparation { return preparation == .new ? .new : .assess }
        if run != nil {
            guard let end else { return .implement }
            return review == nil && needsReview(end) ? .review : .closed
        }
        switch state {
        case .rejected, .withdrawn: return .cancelled
        case .awaitingApproval: return isExpired(at: time) ? .cancelled : .authorise
        case .approved: return isExpired(at: time) ? .cancelled : .scheduled
        }
    }

    /// Whoever goes past the usual approvals, or ends otherwise than planned, is asked afterwards.
    public func needsReview(_ end: RunEnd) -> Bool { mustBeReviewed == true || end == .otherwise }

    public func isExpired(at time: Timestamp) -> Bool {
        guard run == nil else { return false }
        return [expiresAt, schedule?.closesAt].compactMap { $0 }.contains { $0 <= time }
    }

    // MARK: Who has agreed

    /// The names of those whose approval counts: of exactly this digest, each once, without the requester unless the rule says so.
    public var approvers: Set<String> {
        var approving: [Person] = []
        for vote in votes where vote.approves && vote.digest == plan.digest {
            let isOthers = !vote.isOwnChange && !vote.person.isSame(as: requestedBy)
            guard rule.requesterMayApprove || isOthers, !approving.contains(where: vote.person.isSame) else { continue }
            approving.append(vote.person)
        }
        return Set(approving.map(\.name))
    }

    /// It may be carried out, or is, and nobody but who asked for it has agreed.
    public var isAgreedByNobodyElse: Bool {
        state == .approved
            && !votes.contains { $0.approves && $0.digest == plan.digest && !$0.person.isSame(as: requestedBy) }
    }

    public var missingApprovals: Int { max(0, rule.approvals - approvers.count) }

    /// Of whom an agreement is still missing.
    public var openDemands: [ApprovalRule.Demand] {
        let agreed = Set(approvers.map { $0.lowercased() })
        return (rule.demands ?? []).filter { demand in
            let people = Set(demand.people.map { $0.lowercased() })
            let asked = demand.askingAgrees && people.contains(requestedBy.name.lowercased())
            return !asked && agreed.isDisjoint(with: people)
        }
    }

    // MARK: Acts

    /// Does one thing, or refuses it and stays as it is: the one place that decides.
    ///
    /// - Parameters:
    ///   - act: what is done, and by whom.
    ///   - time: when it is done.
    ///   - end: how its run ended; nil: there is none, or it goes on.
    public mutating func apply(
        _ act: ChangeAct, at time: Timestamp, runEnd end: RunEnd? = nil
    ) throws(ChangeRefusal) {
        let phase = phase(at: time, runEnd: end)
        switch act {
        case .submit:
            try require(phase == .new, "it was submitted already")
            preparation = .assess
        case .assessed:
            try require(phase == .assess, "it is not being assessed")
            preparation = nil
        case .vote(let person, let approves, let digest, let note):
            try vote(person, approves, digest, note, phase, at: time)
        case .withdraw(let person):
            try withdraw(person, phase, at: time)
        case .schedule(let person, let window):
            try schedule(person, window, phase, at: time)
        case .begin(let run, let digest):
            try require(
                phase == .authorise || phase == .scheduled || phase == .implement || phase == .cancelled,
                "it is \(words(phase))")
            try begin(run, digest, at: time)
        case .review(let person, let text):
            try review(person, text, phase, at: time)
        }
    }

    private func require(_ holds: Bool, _ words: String) throws(ChangeRefusal) {
        guard holds else {
            throw ChangeRefusal(.conflict, "change \(id): \(words)", hint: "`fettle change show \(id)`")
        }
    }

    private mutating func vote(
        _ person: Person, _ approves: Bool, _ digest: Digest, _ note: String, _ phase: ChangePhase, at time: Timestamp
    ) throws(ChangeRefusal) {
        // Whoever sees a danger in what is approved can stop it until it is begun.
        let stops = phase == .scheduled && !approves
        guard phase == .authorise || stops else {
            throw ChangeRefusal(
                .conflict, "change \(id) is \(words(phase)); it takes no more votes",
                hint: phase == .scheduled
                    ? "`fettle run start \(id)` carries it out, `fettle change reject \(id)` stops it"
                    : "`fettle change show \(id)`")
        }
        guard digest == plan.digest else {
            throw ChangeRefusal(
                .drift, "change \(id) is for the plan with digest \(plan.digest.short)…, not \(digest.short)…",
                hint: "look again: `fettle change show \(id)`")
        }
        guard !votes.contains(where: { $0.person.isSame(as: person) }) else {
            throw ChangeRefusal(
                .conflict, "\(person) has already voted on change \(id)",
                hint: stops
                    ? "another person: `fettle change reject \(id)`; or \(requestedBy) withdraws it"
                    : "another person: `fettle change approve \(id)`")
        }
        let isOwn = person.isSame(as: requestedBy)
        if isOwn, approves, !rule.requesterMayApprove {
            throw ChangeRefusal(
                .blocked, "\(person) asked for change \(id) and may not approve it: another person has to",
                hint:
                    "`fettle change approve \(id)` by somebody else; or `approvals.<environment>.requesterMayApprove` in "
                    + "policy.yaml, before the change is submitted")
        }
        votes.append(
            Vote(person: person, approves: approves, digest: digest, at: time, note: note, isOwnChange: isOwn))
    }

    private mutating func withdraw(
        _ person: Person, _ phase: ChangePhase, at time: Timestamp
    ) throws(ChangeRefusal) {
        guard person.isSame(as: requestedBy) else {
            throw ChangeRefusal(.blocked, "only \(requestedBy), who asked for change \(id), can withdraw it")
        }
        if let run {
            throw ChangeRefusal(
                .conflict, "change \(id) is already carried out by \(run)",
                hint: "`fettle run abort \(run)` stops it and brings back what is out")
        }
        try require([.new, .assess, .authorise, .scheduled].contains(phase), "it is \(words(phase))")
        withdrawnAt = time
    }

    private mutating func schedule(
        _ person: Person, _ window: TimeWindow?, _ phase: ChangePhase, at time: Timestamp
    ) throws(ChangeRefusal) {
        guard person.isSame(as: requestedBy) else {
            throw ChangeRefusal(
                .blocked, "only \(requestedBy), who asked for change \(id), says when it is carried out")
        }
        try require(phase == .authorise || phase == .scheduled, "it is \(words(phase)) and cannot be scheduled")
        // Those who agreed have agreed to that time.
        try require(votes.isEmpty || schedule == window, "somebody has voted on it as it is scheduled")
        if let window {
            guard window.opensAt < window.closesAt, time < window.closesAt else {
                throw ChangeRefusal(
                    .invalid, "\(window.opensAt) to \(window.closesAt) is over, or ends before it begins")
            }
        }
        schedule = window
    }

    /// A start that died before it made its run left that run's name here: it may be named anew. That a run which is there is not
    /// made twice is looked after by who makes it.
    private mutating func begin(
        _ run: RunID, _ digest: Digest, at time: Timestamp
    ) throws(ChangeRefusal) {
        try requireApproved(at: time)
        guard digest == plan.digest else {
            throw ChangeRefusal(
                .drift, "the plan that is kept has digest \(digest.short)…, change \(id) is for \(plan.digest.short)…")
        }
        if let schedule, time < schedule.opensAt {
            throw ChangeRefusal(
                .blocked, "change \(id) is scheduled for \(schedule.opensAt) to \(schedule.closesAt)",
                hint: "start it then")
        }
        self.run = run
    }

    /// - Throws: `blocked` if it may not run as far as people are concerned.
    public func requireApproved(at time: Timestamp) throws(ChangeRefusal) {
        var unstarted = self
        unstarted.run = nil
        let phase = unstarted.phase(at: time)
        if phase == .scheduled, state == .approved { return }
        guard state == .awaitingApproval, phase != .cancelled else {
            throw ChangeRefusal(
                .blocked, "change \(id) is \(words(phase))",
                hint: "`fettle plan make` makes a new plan, `fettle change submit` asks for it")
        }
        var missing: [String] = []
        if missingApprovals > 0 { missing.append("\(missingApprovals) approval\(missingApprovals > 1 ? "s" : "")") }
        missing += openDemands.map { "that of the \($0.what) (\($0.people.joined(separator: ", ")))" }
        throw ChangeRefusal(
            .blocked, "change \(id) is \(words(phase))",
            hint: "\(missing.joined(separator: ", ")) missing: `fettle change approve \(id)`")
    }

    private mutating func review(
        _ person: Person, _ text: String, _ phase: ChangePhase, at time: Timestamp
    ) throws(ChangeRefusal) {
        try require(phase == .review, "it is \(words(phase)), and there is nothing to review")
        guard !person.isSame(as: requestedBy) else {
            throw ChangeRefusal(
                .blocked, "\(person) asked for change \(id): another person has to review it",
                hint: "`fettle change review \(id) --note '…'` by somebody else")
        }
        review = Review(by: person, at: time, text: text)
    }

    /// As a sentence says it.
    public func words(_ phase: ChangePhase) -> String {
        switch phase {
        case .implement: phase.words + (run.map { " by \($0)" } ?? "")
        case .cancelled:
            switch state {
            case .rejected: "rejected"
            case .withdrawn: "withdrawn"
            case .awaitingApproval, .approved: "expired"
            }
        case .new, .assess, .authorise, .scheduled, .review, .closed: phase.words
        }
    }
}

extension ChangePhase {
    /// As people are told it, everywhere with the same words.
    public var words: String {
        switch self {
        case .new: "new"
        case .assess: "being assessed"
        case .authorise: "awaiting approval"
        case .scheduled: "approved"
        case .implement: "carried out"
        case .review: "to be reviewed"
        case .closed: "closed"
        case .cancelled: "cancelled"
        }
    }
}
