import FettleModel

extension PlanDifference {
    /// For people: what is the same on several resources is said once.
    ///
    /// - Parameter limit: how many lines of one kind at most.
    public func lines(limit: Int = 40) -> [String] {
        guard !isEmpty else {
            return [
                "\(from) and \(to) would do the same\(sameDigest ? "" : "; their digests differ, so neither is approved by votes for the other")."
            ]
        }
        return Kind.allCases.flatMap { kind -> [String] in
            let told = grouped(kind)
            guard !told.isEmpty else { return [] }
            let more = told.count > limit ? ["  … and \(PlanWords.number(told.count - limit)) more"] : []
            return [kind.title] + told.prefix(limit).map { "  \($0)" } + more
        }
    }

    private struct Same: Hashable {
        var subject: String
        var before: String?
        var after: String?
    }

    private func grouped(_ kind: Kind) -> [String] {
        var places: [Same: Int] = [:]
        var lots: [(same: Same, resources: [String])] = []
        for entry in entries where entry.kind == kind {
            // Where a step was added or is gone, its name says no more than its resource does.
            let isStep = [.step, .wayBack, .target].contains(kind) && (entry.before == nil || entry.after == nil)
            // Of long forms and of figures that follow from others it is said that they differ: the JSON has both.
            let isShort = kind == .duration || entry.subject.hasSuffix("what it does")
            let same = Same(
                subject: entry.subject, before: isStep || isShort ? entry.before.map { _ in "" } : entry.before,
                after: isStep || isShort ? entry.after.map { _ in "" } : entry.after)
            if let place = places[same] {
                lots[place].resources += entry.resource.map { [$0.rawValue] } ?? []
            } else {
                places[same] = lots.count
                lots.append((same, entry.resource.map { [$0.rawValue] } ?? []))
            }
        }
        return lots.map { same, resources in Self.line(kind, same, resources) }
    }

    private static func line(_ kind: Kind, _ same: Same, _ resources: [String]) -> String {
        let at = resources.isEmpty ? "" : PlanWords.list(resources)
        let subject = kind == .target && same.subject == "target" ? "" : same.subject
        let what =
            switch (same.before, same.after) {
            case (nil, let after?):
                after.isEmpty || kind == .group || kind == .window ? "added" : "added: \(short(after))"
            case (let before?, nil):
                before.isEmpty || kind == .group || kind == .window ? "no longer" : "no longer: \(short(before))"
            case (""?, ""?): "differs"
            case (let before?, let after?): "\(short(after)) instead of \(short(before))"
            case (nil, nil): ""
            }
        return [subject, what].filter { !$0.isEmpty }.joined(separator: ": ") + (at.isEmpty ? "" : " (\(at))")
    }

    /// A lane of a thousand hosts is no sentence: the JSON has all of it.
    private static func short(_ text: String) -> String { text.clipped(to: 160) }
}

extension PlanDifference.Kind {
    fileprivate var title: String {
        switch self {
        case .environment: "Environments"
        case .target: "Resources"
        case .version: "Versions"
        case .group: "Groups"
        case .limit: "Limits"
        case .window: "Windows"
        case .order: "Order"
        case .step: "Steps"
        case .wayBack: "The way back"
        case .pointOfNoReturn: "Point of no return"
        case .duration: "Durations"
        }
    }
}
