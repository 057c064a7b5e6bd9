import FettleDriverKit
import FettleModel

/// Holds a host's facts against what must be true of it.
struct ExpectationJudge: Sendable {
    let expectation: HostExpectation

    /// The facts that it takes.
    var parts: FactParts {
        var parts: FactParts = .packages
        if expectation.noStaleServicesExcept != nil { parts.insert(.services) }
        if expectation.noRebootPending { parts.formUnion([.kernels, .rebootRequired]) }
        return parts
    }

    /// What is not as it must be, in words; empty if all of it is.
    ///
    /// - Throws: `inconclusive` if a fact that it takes could not be observed.
    func deviations(in facts: HostFacts) throws(StepFailure) -> [String] {
        var deviations = try packageDeviations(facts)
        let broken = try HostLook.require(facts.brokenPackages, "half configured packages")
        if !broken.isEmpty {
            deviations.append(
                "between installed and removed: \(PackageWords.list(broken.map { "\($0.name) (\($0.state))" }))")
        }
        if let exceptions = expectation.noStaleServicesExcept {
            let stale = StaleServices(
                try HostLook.require(facts.staleServices, "services on replaced code"), exceptions)
            if !stale.toRestart.isEmpty {
                deviations.append("still on replaced code: \(PackageWords.list(stale.toRestart))")
            }
        }
        if expectation.noRebootPending {
            let requirement = try HostLook.require(facts.rebootRequired, "whether a reboot is required")
            if requirement.isRequired {
                let because = requirement.packages.isEmpty ? "" : " (\(PackageWords.list(requirement.packages)))"
                deviations.append("a reboot is pending\(because)")
            }
            if let words = KernelState.notNewest(facts) { deviations.append(words) }
        }
        return deviations
    }

    private func packageDeviations(_ facts: HostFacts) throws(StepFailure) -> [String] {
        guard !expectation.packages.isEmpty || !expectation.absentPackages.isEmpty else { return [] }
        let installed = Dictionary(
            grouping: try HostLook.require(facts.packages, "installed packages"), by: \.name)
        var deviations: [String] = []
        for wanted in expectation.packages {
            let candidates = installed[wanted.name] ?? []
            let found =
                candidates.first { $0.architecture == wanted.architecture }
                ?? candidates.first { $0.architecture == "all" || wanted.architecture == "all" }
            guard let found else {
                deviations.append("\(wanted.name) is not installed, expected \(wanted.version)")
                continue
            }
            if found.version != wanted.version {
                deviations.append("\(wanted.name) is at \(found.version), expected \(wanted.version)")
            }
        }
        for name in expectation.absentPackages {
            guard let found = installed[name]?.first else { continue }
            deviations.append("\(name) \(found.version) is installed, expected to be absent")
        }
        return deviations
    }
}

/// Services on replaced code, sorted by what can be done about them.
struct StaleServices: Sendable, Equatable {
    /// systemd's own process: it is executed anew, not restarted.
    static let initScope = "init.scope"

    /// Units to restart, and `init.scope`; sorted.
    var toRestart: [String] = []
    /// Named by the exceptions.
    var excepted: [String] = []
    /// Processes that belong to no unit, and units whose name is none: told, but nobody can restart them by name.
    var outside: [Int] = []

    init(_ services: [StaleService], _ exceptions: [String]) {
        let globs = exceptions.map(Glob.init)
        for service in services {
            if service.unit.isEmpty {
                outside += service.processIDs
            } else if globs.contains(where: { $0.matches(service.unit) }) {
                excepted.append(service.unit)
            } else if service.unit == Self.initScope || DebianNames.isServiceUnit(service.unit) {
                toRestart.append(service.unit)
            } else {
                outside += service.processIDs
            }
        }
        toRestart.sort()
        excepted.sort()
        outside.sort()
    }

    /// For an observation's details.
    var details: [String: String] {
        var details: [String: String] = [:]
        if !excepted.isEmpty { details["leftOnReplacedCode"] = PackageWords.list(excepted) }
        if !outside.isEmpty { details["processesOutsideUnits"] = PackageWords.list(outside.map(String.init)) }
        return details
    }
}

enum KernelState {
    /// In words, if a newer kernel is installed than the one that runs: pending, or a boot that fell back (hawkbit#3185).
    static func notNewest(_ facts: HostFacts) -> String? {
        guard let kernels = facts.kernels.value, let newest = kernels.newerThanRunning else { return nil }
        return "kernel \(kernels.running) runs, \(newest) is installed"
    }
}
