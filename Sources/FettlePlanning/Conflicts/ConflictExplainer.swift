import FettleModel

/// Finds out what of an input that was refused contradicts what, by planning again without parts of it.
public enum ConflictExplainer {
    /// More plans than this are not made for one answer.
    static let mostPlans = 400

    /// - Returns: nil if no demand is at fault (a selection that is out of date, a name that does not exist), so that there is nothing
    ///   to weigh; or if the answer would take too many plans.
    public static func explain(_ input: PlanningInput, _ refusal: PlanningRefusal) -> Conflict? {
        var search = Search(input: input)
        let everything = input.demands(of: groupsInQuestion(refusal, input))
        // Whatever is still refused when all of that is dropped is no matter of demands.
        guard search.isPossible(without: everything), let conflict = search.smallest(among: everything) else {
            return nil
        }
        let options = conflict.compactMap { search.option(for: $0) }
        guard search.plans < Self.mostPlans else { return nil }
        return Conflict(demands: conflict.map { .init(demand: $0, words: $0.words(in: input)) }, options: options)
    }

    /// In a large fleet only what the refusal names and what it shares members or an order with; nil: all groups.
    private static func groupsInQuestion(_ refusal: PlanningRefusal, _ input: PlanningInput) -> Set<GroupID>? {
        guard input.fleet.groups.count > 50 else { return nil }
        var named: Set<GroupID> = []
        for problem in refusal.problems.prefix(20) {
            switch problem.place {
            case .group(let id): named.insert(id)
            case .resource(let id): named.formUnion(input.fleet.groups(of: id).map(\.id))
            case .plan: break
            }
        }
        for group in input.fleet.groups where named.contains(group.id) { named.formUnion(group.after) }
        return named
    }

    private struct Search {
        let input: PlanningInput
        var plans = 0
        private var known: [Set<Demand>: Bool] = [:]

        init(input: PlanningInput) { self.input = input }

        mutating func isPossible(without dropped: some Sequence<Demand>) -> Bool {
            let dropped = Set(dropped)
            if let answer = known[dropped] { return answer }
            let answer = report(dropped.reduce(input) { $1.dropped(from: $0) }) != nil
            known[dropped] = answer
            return answer
        }

        private mutating func report(_ input: PlanningInput) -> PlanReport? {
            guard plans < ConflictExplainer.mostPlans else { return nil }
            plans += 1
            return (try? Planner.plan(input))?.1
        }

        /// QuickXplain (Junker, AAAI 2004, https://cdn.aaai.org/AAAI/2004/AAAI04-027.pdf): halves what is in question, so that a small
        /// conflict among many demands takes few plans.
        mutating func smallest(among all: [Demand]) -> [Demand]? {
            guard !isPossible(without: []) else { return nil }
            let found = Set(explain(kept: [], isKeptNew: false, all, all: all))
            return all.filter(found.contains)
        }

        private mutating func explain(
            kept: [Demand], isKeptNew: Bool, _ open: [Demand], all: [Demand]
        ) -> [Demand] {
            let dropped = Set(all).subtracting(kept)
            if isKeptNew, !isPossible(without: dropped) { return [] }
            if open.count <= 1 { return open }
            let (first, second) = (Array(open.prefix(open.count / 2)), Array(open.dropFirst(open.count / 2)))
            let fromSecond = explain(kept: kept + first, isKeptNew: !first.isEmpty, second, all: all)
            let fromFirst = explain(kept: kept + fromSecond, isKeptNew: !fromSecond.isEmpty, first, all: all)
            return fromFirst + fromSecond
        }

        /// The least that helps by itself; nil if nothing short of giving up other demands too does.
        mutating func option(for demand: Demand) -> Conflict.Option? {
            let found: (change: String, report: PlanReport)?
            switch demand {
            case .minimum(let id): found = lowerMinimum(of: id)
            case .strategy(let id): found = moreAtOnce(in: id)
            case .windows: found = longerWindows()
            case .parallelSteps: found = moreSteps()
            case .groupOrder, .environmentOrder:
                found = report(demand.dropped(from: input)).map { ("give up that \(demand.words(in: input))", $0) }
            }
            return found.map { Conflict.Option(demand: demand, change: $0.change, duration: $0.report.duration) }
        }

        private mutating func lowerMinimum(of id: GroupID) -> (String, PlanReport)? {
            guard let group = input.fleet.group(id) else { return nil }
            let minimum = StrategyPass.minimum(of: group)
            let found = least(1, minimum) { input, less in
                input.changeGroup(id) {
                    $0.minimumAvailable = .count(minimum - less)
                    $0.kind = $0.kind.withoutQuorum
                }
            }
            return found.map { ("lower minimumAvailable of group \(id) from \(minimum) to \(minimum - $0)", $1) }
        }

        private mutating func moreAtOnce(in id: GroupID) -> (String, PlanReport)? {
            let size = input.fleet.group(id)?.members.count ?? 0
            let found = least(1, max(1, size)) { input, most in
                input.changeGroup(id) { $0.strategy = $0.rolling(most) }
            }
            return found.map { ("let group \(id) roll with maxUnavailable \($0)", $1) }
        }

        /// To the minute, and up to 30 days.
        private mutating func longerWindows() -> (String, PlanReport)? {
            let found = least(1, 43_200) { input, minutes in
                input.windows = input.windows.lengthened(bySeconds: minutes * 60)
            }
            return found.map { ("let the maintenance windows be \($0) min longer", $1) }
        }

        private mutating func moreSteps() -> (String, PlanReport)? {
            let now = input.policy.limits.parallelSteps
            let found = least(now + 1, max(now + 1, input.selection.hosts.count * 2)) { input, most in
                input.policy.limits.parallelSteps = most
            }
            return found.map { ("allow \($0) steps at the same time instead of \(now)", $1) }
        }

        /// The smallest number in the range with which there is a plan, if more of it never hurts.
        private mutating func least(
            _ low: Int, _ high: Int, _ change: (inout PlanningInput, Int) -> Void
        ) -> (Int, PlanReport)? {
            guard low <= high else { return nil }
            func changed(_ value: Int) -> PlanningInput {
                var input = input
                change(&input, value)
                return input
            }
            var (low, high) = (low, high)
            guard var best = report(changed(high)) else { return nil }
            while low < high {
                let middle = low + (high - low) / 2
                if let found = report(changed(middle)) {
                    best = found
                    high = middle
                } else {
                    low = middle + 1
                }
            }
            return (high, best)
        }
    }
}
