/// Which baseline holds for a host.
public enum BaselineChoice: Sendable, Equatable {
    /// None fits: the policy's own rules hold.
    case policyAlone
    case holds(Baseline)
    /// Several fit and none is more specific than all others: the first of them in the file holds until somebody decides.
    case ambiguous(Baseline, with: [String])
    /// What decides is not observed: nothing may be taken before it is.
    case undecided(reason: String)

    public var baseline: Baseline? {
        switch self {
        case .holds(let baseline), .ambiguous(let baseline, _): baseline
        case .policyAlone, .undecided: nil
        }
    }
}

extension Policy {
    /// The most specific baseline that fits. One is more specific than another if it is at least as narrow in its platform and in
    /// its environment, and narrower in one of them; a longer pattern is narrower, and no pattern is the widest.
    public func baseline(for resource: Resource, platform: Observed<Platform>) -> BaselineChoice {
        let fitting = baselines.filter { $0.environmentFit(resource.environment) != nil }
        if let reason = platform.reasonMissing, fitting.contains(where: { !$0.platforms.isEmpty }) {
            return .undecided(reason: "its platform is not observed, and baselines go by it: \(reason)")
        }
        var candidates: [(baseline: Baseline, platform: Int, environment: Int)] = []
        for baseline in fitting {
            guard let environment = baseline.environmentFit(resource.environment),
                let platform = baseline.platformFit(platform.value)
            else { continue }
            candidates.append((baseline, platform, environment))
        }
        guard !candidates.isEmpty else { return .policyAlone }
        // Those that no other outdoes.
        let best = candidates.filter { one in
            !candidates.contains { other in
                other.platform >= one.platform && other.environment >= one.environment
                    && (other.platform, other.environment) != (one.platform, one.environment)
            }
        }
        guard let first = best.first else { return .policyAlone }
        guard best.count > 1 else { return .holds(first.baseline) }
        return .ambiguous(first.baseline, with: best.dropFirst().map(\.baseline.name))
    }
}

extension Baseline {
    /// How narrowly it fits: bytes of the longest pattern that are no star, and one; 0 where it names none; nil if it does not fit.
    func environmentFit(_ environment: EnvironmentID) -> Int? {
        Self.fit(environments, [environment.rawValue])
    }

    func platformFit(_ platform: Platform?) -> Int? { Self.fit(platforms, platform?.baselineNames ?? []) }

    private static func fit(_ patterns: [String], _ names: [String]) -> Int? {
        guard !patterns.isEmpty else { return 0 }
        return patterns.filter { pattern in
            let glob = Glob(pattern)
            return names.contains { glob.matches($0) }
        }.map { pattern in 1 + pattern.utf8.count { $0 != UInt8(ascii: "*") } }.max()
    }
}

extension Platform {
    /// What the patterns of baselines are held against: `debian:12`, `debian:bookworm`, `debian`.
    public var baselineNames: [String] {
        [version, codename].filter { !$0.isEmpty }.map { "\(distribution):\($0)" } + [distribution]
    }
}
