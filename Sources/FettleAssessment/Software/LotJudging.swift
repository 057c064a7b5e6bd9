import FettleIndex
import FettleVersions

/// Judges one version of one package by all that the index knows of it.
struct LotJudging {
    let advisories: PackageAdvisories
    let name: String
    let version: String
    /// Empty where advisories do not go by it.
    let architecture: String
    let stream: ModuleStreams.Stream
    /// What the release's other pockets know of the same package.
    let pockets: [PackageAdvisories]
    /// Whether findings are kept that ask for nothing.
    let keepsAll: Bool

    func findings() -> [PackageFinding] {
        let isMalformed = !advisories.ecosystem.scheme.isValid(version)
        let place = advisories.place(of: version)
        var findings: [PackageFinding] = []
        var number = 0
        // Entries of one subject are alternatives of one another and lie side by side: one finding for all of them.
        while number < advisories.count {
            let subject = advisories.entry(number).subject
            var chosen: Candidate?
            while number < advisories.count {
                let entry = advisories.entry(number)
                guard entry.subject == subject else { break }
                if let candidate = candidate(entry, at: place), candidate.weight > chosen?.weight ?? -1 {
                    chosen = candidate
                }
                number += 1
            }
            if let chosen, let finding = finding(chosen, isMalformed) { findings.append(finding) }
        }
        return findings
    }

    // MARK: Standing

    private struct Candidate {
        var entry: PackageAdvisories.Entry
        var standing: PackageAdvisories.Standing
        var status: FindingStatus
        /// Set where it is not known whether the package is of this module.
        var doubtedModule: String?

        /// Of alternatives the one that asks for most is told.
        var weight: Int {
            switch status {
            case .affected: 4
            case .underInvestigation: 3
            case .unknown: 2
            case .fixed: 1
            case .notAffected: 0
            }
        }
    }

    /// - Returns: nil if the entry is of another architecture or module: then it says nothing here.
    private func candidate(_ entry: PackageAdvisories.Entry, at place: UInt32) -> Candidate? {
        let standing = advisories.standing(of: place, in: entry)
        var doubt: String?
        if advisories.ecosystem.scheme == .rpm {
            guard holdsForArchitecture(entry) else { return nil }
            switch moduleMatch(entry, standing) {
            case .other: return nil
            case .same: break
            case .doubtful(let module): doubt = module
            }
        }
        let isWithin =
            switch standing {
            case .inRange, .listed: true
            case .above, .outside: false
            }
        let status: FindingStatus =
            switch entry.status {
            case .affected where isWithin: doubt == nil ? .affected : .unknown
            case .affected where standing == .above: .fixed
            case .underInvestigation where isWithin: .underInvestigation
            case .unknown where isWithin: .unknown
            default: .notAffected
            }
        return Candidate(entry: entry, standing: standing, status: status, doubtedModule: doubt)
    }

    private func holdsForArchitecture(_ entry: PackageAdvisories.Entry) -> Bool {
        guard !architecture.isEmpty, architecture != "noarch" else { return true }
        let architectures = advisories.architectures(of: entry)
        return architectures.isEmpty || architectures.split(separator: " ").contains { $0 == architecture }
    }

    private enum ModuleMatch {
        case same, other
        case doubtful(String)
    }

    /// A module's package and one that is of none have nothing in common but a name, and so have those of two streams.
    private func moduleMatch(_ entry: PackageAdvisories.Entry, _ standing: PackageAdvisories.Standing) -> ModuleMatch {
        let module = advisories.module(of: entry)
        if module.isEmpty {
            // Some feeds tell a module only by the release of the fixed version.
            let isModular = fixedBound(entry, standing).map { ModuleStreams.isModular(advisories.bound($0)) } ?? false
            return isModular == (stream != .none) ? .same : .other
        }
        switch stream.isOf(module) {
        case true: return .same
        case false: return .other
        case nil: return .doubtful(module)
        }
    }

    private func fixedBound(_ entry: PackageAdvisories.Entry, _ standing: PackageAdvisories.Standing) -> Int? {
        if let named = entry.fixedBound { return named }
        if case .inRange(let end) = standing { return end }
        return nil
    }

    // MARK: Findings

    private func finding(_ candidate: Candidate, _ isMalformed: Bool) -> PackageFinding? {
        var candidate = candidate
        let remedy = candidate.status == .affected ? pocketRemedy(candidate) : .none
        if case .installed = remedy { candidate.status = .fixed }
        if isMalformed, candidate.status == .affected || candidate.status == .fixed { candidate.status = .unknown }
        guard keepsAll || (candidate.status != .fixed && candidate.status != .notAffected) else { return nil }
        let isOpen = candidate.status == .affected || candidate.status == .unknown
        let fixed = isOpen ? fixedBound(candidate.entry, candidate.standing).map(advisories.bound) : nil
        return PackageFinding(
            advisory: candidate.entry.advisory, status: candidate.status, fixed: fixed,
            matchedBy: words(candidate, fixed: fixed, remedy, isMalformed))
    }

    private func words(_ candidate: Candidate, fixed: String?, _ remedy: PocketRemedy, _ isMalformed: Bool) -> String {
        let what = "\(advisories.ecosystem.matchesSources ? "source " : "")\(name) \(version)"
        var text =
            switch candidate.status {
            case .affected, .unknown:
                if candidate.standing == .listed {
                    "\(what) is listed"
                } else if let fixed {
                    "\(what) < \(fixed)"
                } else {
                    "\(what) in a range, no fix published"
                }
            case .fixed: "\(what) has the fix"
            case .notAffected: "\(what) is in no affected range"
            case .underInvestigation: "\(what) is being looked at by the publisher"
            }
        if candidate.status == .unknown {
            if isMalformed {
                text += ", but the version is malformed"
            } else if let module = candidate.doubtedModule {
                text += ", if it is of module \(module)"
            } else {
                text = "\(what): the publisher does not say"
            }
        }
        switch remedy {
        case .none: break
        case .installed(let pocket): text += " of \(pocket)"
        case .offered(let pocket, let version): text += "; \(pocket) has \(version)"
        }
        let remark = advisories.remark(of: candidate.entry)
        return remark.isEmpty ? text : "\(text) (\(remark))"
    }

    // MARK: Pockets

    private enum PocketRemedy {
        case none
        case installed(String)
        case offered(String, String)
    }

    /// A fix from another pocket of the release that is installed counts (trivy#1663 #3701, vuls#2645); one that is not is named.
    private func pocketRemedy(_ candidate: Candidate) -> PocketRemedy {
        for pocket in pockets {
            let place = pocket.place(of: version)
            for entry in (0..<pocket.count).lazy.map(pocket.entry) where entry.subject == candidate.entry.subject {
                switch pocket.standing(of: place, in: entry) {
                case .above where entry.status == .affected && isPocketVersion:
                    return .installed(pocket.ecosystem.name)
                case .inRange(let end):
                    guard fixedBound(candidate.entry, candidate.standing) == nil, let bound = entry.fixedBound ?? end
                    else { continue }
                    return .offered(pocket.ecosystem.name, pocket.bound(bound))
                default: continue
                }
            }
        }
        return .none
    }

    /// Extended support marks its versions; others are not above its fixes by having them.
    private var isPocketVersion: Bool { version.contains("esm") || version.lowercased().contains("fips") }
}
