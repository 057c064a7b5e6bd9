public import FettleModel
import FettleVersions

/// Says of an update on a host whether its baseline, or the policy where none fits, takes it now. Synchronous and pure.
///
/// In this order, and the first that objects decides: deny, hold, pin, allow, class, severity, age, the length of the step. What is
/// exploited does not wait for its class, its severity or its age; denied, held and pinned packages stay as they are even then, and
/// the reason says so.
public struct BaselineJudge: Sendable {
    public let choice: BaselineChoice
    private let policy: Policy

    public init(policy: Policy, resource: Resource, platform: Observed<Platform>) {
        self.policy = policy
        choice = policy.baseline(for: resource, platform: platform)
    }

    private var baseline: Baseline? { choice.baseline }

    /// How reasons name what decides.
    private var authority: String {
        switch choice {
        case .holds(let baseline): "baseline \(baseline.name)"
        case .ambiguous(let baseline, let others):
            "baseline \(baseline.name), though \(others.joined(separator: ", ")) fits as well"
        case .policyAlone, .undecided: "policy"
        }
    }

    public func judge(_ patch: OfferedPatch, at time: Timestamp) -> BaselineJudgement {
        if case .undecided(let reason) = choice { return BaselineJudgement(.held, reason) }
        let objection =
            objectionToNames(patch.names) ?? pinned(patch) ?? notAllowed(patch)
            ?? objectionToClass(patch.updateClass, isExploited: patch.isExploited) ?? tooMild(patch)
            ?? tooYoung(patch, at: time) ?? tooFar(patch)
        return objection
            ?? BaselineJudgement(
                .taken, patch.isExploited ? "taken: exploited, so that it waits for nothing" : "taken by \(authority)")
    }

    /// Denied or held, whatever version is offered; nil if neither.
    public func objectionToNames(_ names: [String]) -> BaselineJudgement? {
        if let glob = baseline?.deny.firstGlob(matchingAnyOf: names) {
            return BaselineJudgement(.denied, "denied by \(authority): \(glob)")
        }
        if let glob = baseline?.hold.firstGlob(matchingAnyOf: names) {
            return BaselineJudgement(.held, "held by \(authority): \(glob)")
        }
        return nil
    }

    /// The version that a source with these names must not go above; the lowest where several pins match, and nil where none does.
    public func pin(of names: [String], manager: PackageManager) -> Baseline.Pin? {
        let order = manager.versionOrder
        return baseline?.pins.filter { pin in [pin.name].firstGlob(matchingAnyOf: names) != nil }
            .min { order.precedes($0.version, $1.version) }
    }

    /// The class alone: for what needs no new version, such as a restart.
    public func objectionToClass(_ updateClass: UpdateClass, isExploited: Bool) -> BaselineJudgement? {
        guard !isExploited, rule(for: updateClass) == .never else { return nil }
        let name = updateClass.rawValue
        let rules = baseline.flatMap(\.classRules) ?? policy.classRules
        let isSaid = rules[updateClass]
        if isSaid == .never { return BaselineJudgement(.denied, "class \(name) never comes: \(authority)") }
        let classes = UpdateClass.allCases.filter { rule(for: $0) != .never }
        let ordered = baseline?.classRules == nil && policy.classRules.isEmpty ? policy.classes : classes
        let list = ordered.map(\.rawValue).joined(separator: ", ")
        return BaselineJudgement(.denied, "class \(name) is not in \(authority) (\(list.isEmpty ? "none" : list))")
    }

    /// How many days an update of the class waits; nil if it never comes.
    public func waitInDays(of updateClass: UpdateClass) -> Int? {
        let age = baseline?.ageInDays[updateClass] ?? 0
        switch rule(for: updateClass) {
        case .now: return age
        case .wait(let days): return max(days, age)
        case .never: return nil
        }
    }

    private func rule(for updateClass: UpdateClass) -> ClassRule {
        guard let rules = baseline?.classRules else { return policy.rule(for: updateClass) }
        return rules[updateClass] ?? .never
    }

    // MARK: What stands in the way of a version

    private func pinned(_ patch: OfferedPatch) -> BaselineJudgement? {
        guard let pin = pin(of: patch.names, manager: patch.manager),
            patch.manager.versionOrder.precedes(pin.version, patch.offered)
        else { return nil }
        let isBelow = patch.manager.versionOrder.precedes(patch.installed, pin.version)
        let way = isBelow ? "; `fettle plan make --only \(patch.source)=\(pin.version)` goes up to it" : ""
        return BaselineJudgement(
            .pinned(at: pin.version), "pinned at \(pin.version) by \(authority), and \(patch.offered) is offered\(way)")
    }

    private func notAllowed(_ patch: OfferedPatch) -> BaselineJudgement? {
        guard let allow = baseline?.allow, allow.firstGlob(matchingAnyOf: patch.names) == nil else { return nil }
        return BaselineJudgement(.denied, "not among what \(authority) allows")
    }

    private func tooMild(_ patch: OfferedPatch) -> BaselineJudgement? {
        guard !patch.isExploited, let least = baseline?.minimumSeverity, let severity = patch.severity, severity < least
        else { return nil }
        return BaselineJudgement(
            .denied, "severity \(severity.rawValue) is below \(least.rawValue), the least of \(authority)")
    }

    private func tooYoung(_ patch: OfferedPatch, at time: Timestamp) -> BaselineJudgement? {
        guard !patch.isExploited, let days = waitInDays(of: patch.updateClass), days > 0 else { return nil }
        let until = patch.knownSince.adding(seconds: days * 86_400)
        guard time < until else { return nil }
        return BaselineJudgement(
            .waits(until: until),
            "waits until \(until.day): known since \(patch.knownSince.day), and class \(patch.updateClass.rawValue) waits "
                + "\(days) days (\(authority))")
    }

    private func tooFar(_ patch: OfferedPatch) -> BaselineJudgement? {
        guard let rule = baseline?.rolling ?? policy.rolling, rule.packages.firstGlob(matchingAnyOf: patch.names) != nil
        else { return nil }
        let hint = "plan a version in between with `--only \(patch.source)=VERSION`"
        switch ReleaseDistance(from: patch.installed, to: patch.offered, manager: patch.manager, step: rule.step) {
        case .steps(let count) where count <= rule.atMost: return nil
        case .steps(let count):
            return BaselineJudgement(
                .held,
                "\(count) \(rule.step.rawValue) steps at once from \(patch.installed) to \(patch.offered), and \(authority) "
                    + "allows \(rule.atMost); \(hint)")
        case .beyond:
            return BaselineJudgement(
                .held,
                "more than a \(rule.step.rawValue) step from \(patch.installed) to \(patch.offered) (\(authority)); \(hint)"
            )
        case .unknown:
            return BaselineJudgement(
                .held,
                "the steps from \(patch.installed) to \(patch.offered) cannot be counted (\(authority)); \(hint)")
        }
    }
}
