import FettleModel

/// What members could go back to is kept while all are watched; then it goes, one step for each member.
enum Keeping {
    /// - Parameters:
    ///   - seconds: how long all are watched.
    ///   - estimate: of one removal.
    ///   - discard: the removal of what a host keeps, by its place; nil: it keeps nothing.
    static func addSteps(
        of group: GroupWork, _ places: [Int], seconds: Int, estimate: DurationEstimate, _ layout: WaveLayout,
        _ priors: DurationPriors, _ steps: inout [GroupStep], discard: (HostWork) -> StepAction?
    ) {
        let known = Set(
            steps.compactMap { step in
                switch step.action {
                case .discardKept, .discardSnapshot: step.host
                default: nil
                }
            })
        let removals = places.compactMap { place -> (place: Int, action: StepAction)? in
            guard !known.contains(place), let action = discard(layout.hosts[place]) else { return nil }
            return (place, action)
        }
        guard !removals.isEmpty else { return }
        // However short: nothing is removed before it was seen once more that all are well, also those who are only restarted and keep
        // nothing.
        steps.append(Bakes.step(group, name: "keep", seconds: max(1, seconds), places, holds: [], layout, priors))
        // Nor before all other watches have spoken of whom it would go back for.
        let follows = steps.indices.filter { steps[$0].group == group.group.id && steps[$0].isWatch }
        for (place, action) in removals {
            steps.append(
                GroupStep(
                    group: group.group.id, name: "discard-\(layout.hosts[place].id)", action: action,
                    estimate: estimate, host: place, behind: places, follows: follows,
                    rollbackClass: .irreversible))
        }
    }
}
