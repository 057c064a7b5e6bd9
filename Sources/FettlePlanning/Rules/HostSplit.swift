import FettleModel

/// Whether one host's changes must be made in several transactions with reboots between, and in which.
///
/// What is built from one source goes together. What no rule speaks of goes with the first part: it may be what that part needs,
/// and the later ones find it there. Each part is rehearsed by the package manager before it is made, as every transaction is.
struct HostSplit {
    private let host: HostChanges
    private let rules: ReleaseRules
    private let isAffected: (Int) -> Bool

    /// "All of these first, then a reboot, then all of those."
    private struct Barrier {
        var rule: String
        /// Places in the host's changes. Empty: they are made already, and a reboot is pending for them.
        var before: Set<Int>
        var after: Set<Int>
        var words: String
    }

    /// - Parameter isAffected: whether the rule at this place, one that names packages, speaks of this host's changes.
    init(_ host: HostChanges, rules: ReleaseRules, isAffected: @escaping (Int) -> Bool) {
        self.host = host
        self.rules = rules
        self.isAffected = isAffected
    }

    var result: Result<[HostPart], ReleaseJudgement.Refusal> {
        let whole = HostPart(changes: host.changes.sortedByName(), rebootBefore: false)
        do throws(ReleaseJudgement.Refusal) {
            var barriers: [Barrier] = []
            for (place, rule) in rules.rules.enumerated() where !rule.rebootBetween.isEmpty {
                if rule.packages.isEmpty || isAffected(place) { barriers += try self.barriers(rule) }
            }
            guard let first = barriers.first else { return .success([whole]) }
            guard rules.policy.reboot != .never else {
                throw refusal(
                    first.rule, "needs a \(first.words), and the policy says 'reboot: never': let it be ifRequired")
            }
            return .success(parts(barriers, levels: try levels(barriers)))
        } catch {
            return .failure(error)
        }
    }

    private func refusal(_ rule: String, _ words: String) -> ReleaseJudgement.Refusal {
        ReleaseJudgement.Refusal(
            resource: host.resource, rule: rule, subject: nil,
            message: "the rule '\(rule)' on \(host.resource) \(words)")
    }

    // MARK: Barriers

    private func barriers(_ rule: ReleaseRule) throws(ReleaseJudgement.Refusal) -> [Barrier] {
        let sets = try changes(rule)
        var barriers: [Barrier] = []
        for (place, after) in sets.enumerated() where !after.isEmpty {
            // Up to the nearest one before that has something to change; and those whose reboot is still due.
            for before in (0..<place).reversed() {
                let isPending = sets[before].isEmpty && isRebootPending(for: Glob(rule.rebootBetween[before]))
                guard !sets[before].isEmpty || isPending else { continue }
                barriers.append(
                    Barrier(
                        rule: rule.name, before: sets[before], after: after,
                        words: "reboot between \(rule.rebootBetween[before]) and \(rule.rebootBetween[place])"))
                if !isPending { break }
            }
        }
        return barriers
    }

    /// By entry of `rebootBetween`, the changes that it speaks of and those of the same sources.
    private func changes(_ rule: ReleaseRule) throws(ReleaseJudgement.Refusal) -> [Set<Int>] {
        let globs = rule.rebootBetween.map { Glob($0) }
        var entryOf: [Int: Int] = [:]
        var entryOfSource: [String: (entry: Int, name: String)] = [:]
        for (place, change) in host.changes.enumerated() {
            guard let entry = globs.firstIndex(where: { rules.states.matches($0, change.name, on: host.resource) })
            else {
                continue
            }
            entryOf[place] = entry
            guard let source = rules.states.source(of: change.name, on: host.resource) else { continue }
            if let known = entryOfSource[source], known.entry != entry {
                throw refusal(
                    rule.name,
                    "wants a reboot between \(known.name) and \(change.name), which are both built from \(source) and go together"
                )
            }
            entryOfSource[source] = (entry, change.name)
        }
        var sets: [Set<Int>] = Array(repeating: [], count: globs.count)
        for (place, change) in host.changes.enumerated() {
            let source = rules.states.source(of: change.name, on: host.resource)
            if let entry = entryOf[place] ?? source.flatMap({ entryOfSource[$0]?.entry }) { sets[entry].insert(place) }
        }
        return sets
    }

    private func isRebootPending(for glob: Glob) -> Bool {
        guard let required = rules.states.facts(of: host.resource)?.rebootRequired.value, required.isRequired else {
            return false
        }
        return required.packages.contains { rules.states.matches(glob, $0, on: host.resource) }
    }

    // MARK: Parts

    /// In which part each change is made, from 0. Each round lifts what stands behind a barrier; where it doesn't settle, barriers
    /// stand in a circle.
    private func levels(_ barriers: [Barrier]) throws(ReleaseJudgement.Refusal) -> [Int] {
        var levels = Array(repeating: 0, count: host.changes.count)
        for _ in 0...barriers.count {
            var isSettled = true
            for barrier in barriers {
                guard let highest = barrier.before.map({ levels[$0] }).max() else { continue }
                for place in barrier.after where levels[place] <= highest {
                    levels[place] = highest + 1
                    isSettled = false
                }
            }
            if isSettled { return levels }
        }
        let names = Set(barriers.map { "'\($0.rule)'" }).sorted().joined(separator: ", ")
        throw refusal(barriers[0].rule, "cannot be kept: the reboots of \(names) contradict each other")
    }

    private func parts(_ barriers: [Barrier], levels: [Int]) -> [HostPart] {
        (0...(levels.max() ?? 0)).map { level in
            let places = Set(levels.indices.filter { levels[$0] == level })
            let before = barriers.filter { !$0.after.isDisjoint(with: places) && (level > 0 || $0.before.isEmpty) }
            let words = Set(before.map { "rule '\($0.rule)': \($0.words)" }).sorted()
            return HostPart(
                changes: places.map { host.changes[$0] }.sortedByName(), rebootBefore: !before.isEmpty,
                because: words.isEmpty ? nil : words.joined(separator: "; "))
        }
    }
}

extension [PackageChange] {
    fileprivate func sortedByName() -> [PackageChange] {
        sorted { ($0.name, $0.architecture) < ($1.name, $1.architecture) }
    }
}
