import FettleModel

/// What a resolver's answer must keep to for a package that the baseline binds, though nobody asked for it: dependencies bring
/// packages along.
public enum PackageBound: Codable, Sendable, Equatable {
    /// Not changed at all.
    case untouchable(reason: String)
    /// Not taken above this version.
    case ceiling(version: String, reason: String)
}

extension BaselineJudge {
    /// By name of every installed package that is bound. A pin binds a binary package only where its version is its source's: of the
    /// others it cannot be told which version of the source they stand for, and these are kept as they are.
    func bounds(on packages: [InstalledPackage]) -> [String: PackageBound] {
        guard let baseline = choice.baseline, !(baseline.deny + baseline.hold).isEmpty || !baseline.pins.isEmpty else {
            return [:]
        }
        var bounds: [String: PackageBound] = [:]
        for package in packages {
            let names = [package.source, package.name]
            if let objection = objectionToNames(names) {
                bounds[package.name] = .untouchable(reason: objection.reason)
            } else if let pin = pin(of: names, manager: package.manager) {
                let reason = "pinned at \(pin.version) by baseline \(baseline.name)"
                bounds[package.name] =
                    package.version == package.sourceVersion
                    ? .ceiling(version: pin.version, reason: reason) : .untouchable(reason: reason)
            }
        }
        return bounds
    }
}
