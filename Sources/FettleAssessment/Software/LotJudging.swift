import FettleIndex
import FettleVersions

/// Judges one version of one package by all that the index knows of it.
struct LotJudging {
    let index: AdvisoryIndex
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

    /// Hands over how the version stands to each subject, in the order of their names.
    ///
    /// - Parameter entries: only of the subjects of these; nil: all.
    func forEachStanding(
        in entries: Range<Int>? = nil, _ body: (Found) throws(IndexError) -> Void
    ) throws(IndexError) {
        let end = min(entries?.upperBound ?? advisories.count, advisories.count)
        let isMalformed = !advisories.ecosystem.scheme.isValid(version)
        let place = advisories.place(of: version)
        var number = entries?.lowerBound ?? 0
        var statements = VendorStatements(index: index)
        // Entries of one subject are alternatives of one another and lie side by side: one finding for all of them.
        while number < end {
            let subject = advisories.entry(number).subject
            var chosen: Found?
            while number < end {
                let entry = advisories.entry(number)
                guard entry.subject == subject else { break }
                if let found = found(entry, at: place),
                    found.weight > chosen?.weight ?? -1
                {
                    chosen = found
                }
                number += 1
            }
            guard var chosen else { continue }
            settle(&chosen, isMalformed)
            if chosen.status == .affected,
                let denied = try statements.denied(chosen.entry, { self.statements(at: place) })
            {
                chosen.status = .notAffected
                chosen.denied = denied
            }
            if keepsAll || (chosen.status != .fixed && chosen.status != .notAffected) { try body(chosen) }
        }
    }

    /// What other pockets and the version itself make of it.
    private func settle(_ found: inout Found, _ isMalformed: Bool) {
        if found.status == .affected, !pockets.isEmpty {
            found.remedy = pocketRemedy(found)
            if case .installed = found.remedy { found.status = .fixed }
        }
        if isMalformed, found.status == .affected || found.status == .fixed || found.isAboveDoubtedFix {
            found.status = .unknown
            found.isMalformed = true
        }
    }

    // MARK: Standing

    struct Found {
        var entry: PackageAdvisories.Entry
        var standing: PackageAdvisories.Standing
        var status: FindingStatus
        /// Set where it is not known whether the package is of this module.
        var doubtedModule: String?
        var isMalformed = false
        /// The weaknesses of which publishers say that the version is not affected, where the advisory names no other.
        var denied: [String] = []
        var remedy = PocketRemedy.none

        /// Whether it has the fix of a module that it may not be of.
        var isAboveDoubtedFix: Bool {
            status == .notAffected && doubtedModule != nil && standing == .above && entry.status == .affected
        }

        var isWithin: Bool { Self.isWithin(standing) }

        static func isWithin(_ standing: PackageAdvisories.Standing) -> Bool {
            switch standing {
            case .inRange, .listed: true
            case .above, .outside: false
            }
        }

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
    func found(_ entry: PackageAdvisories.Entry, at place: UInt32) -> Found? {
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
        let isWithin = Found.isWithin(standing)
        let status: FindingStatus =
            switch entry.status {
            case .affected where isWithin: doubt == nil ? .affected : .unknown
            // Of its module or not, the version has nothing to mend here; only of its own module's is it the fix.
            case .affected where standing == .above: doubt == nil ? .fixed : .notAffected
            case .underInvestigation where isWithin: .underInvestigation
            case .unknown where isWithin: .unknown
            default: .notAffected
            }
        return Found(entry: entry, standing: standing, status: status, doubtedModule: doubt)
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
            let isModular = fixedBound(entry, standing).map { RpmVersion.isModular(advisories.bound($0)) } ?? false
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

    func finding(_ found: Found) -> PackageFinding {
        let fixed: String? =
            switch found.status {
            case .affected, .unknown: fixedBound(found.entry, found.standing).map(advisories.bound)
            case .fixed: fixedBefore(found)
            case .notAffected, .underInvestigation: nil
            }
        return PackageFinding(
            advisory: found.entry.advisory, status: found.status, fixed: fixed, matchedBy: words(found, fixed: fixed))
    }

    /// The newest version at or below what is installed that brought the fix: of several branches the own one's.
    private func fixedBefore(_ found: Found) -> String? {
        if case .installed(_, let version) = found.remedy { return version }
        let place = advisories.place(of: version)
        // A bound lies at an odd place, and what is below it before that.
        return advisories.fixes(of: found.entry).filter { UInt32($0) * 2 + 1 <= place }.max().map(advisories.bound)
    }

    private func words(_ found: Found, fixed: String?) -> String {
        let what = "\(advisories.ecosystem.matchesSources ? "source " : "")\(name) \(version)"
        var text =
            switch found.status {
            case .affected: openWords(what, found, fixed)
            case .unknown: unknownWords(what, found, fixed)
            case .fixed: "\(what) has the fix"
            case .notAffected: spared(what, found)
            case .underInvestigation: "\(what) is being looked at by the publisher"
            }
        switch found.remedy {
        case .none: break
        case .installed(let pocket, _): text += " of \(pocket)"
        case .offered(let pocket, let version): text += "; \(pocket) has \(version)"
        }
        let remark = advisories.remark(of: found.entry)
        return remark.isEmpty ? text : "\(text) (\(remark))"
    }

    private func spared(_ what: String, _ found: Found) -> String {
        guard let first = found.denied.first else {
            if found.isAboveDoubtedFix, let module = found.doubtedModule {
                return "\(what) is above the fix, if it is of module \(module) at all"
            }
            return "\(what) is in no affected range"
        }
        let others = found.denied.count > 1 ? " and \(found.denied.count - 1) more, all that it names" : ""
        return "\(what) is not affected by \(first)\(others), its publisher says"
    }

    private func openWords(_ what: String, _ found: Found, _ fixed: String?) -> String {
        if found.standing == .listed { return "\(what) is listed" }
        if let fixed { return "\(what) < \(fixed)" }
        return "\(what) in a range, no fix published"
    }

    private func unknownWords(_ what: String, _ found: Found, _ fixed: String?) -> String {
        if found.isMalformed { return "\(openWords(what, found, fixed)), but the version is malformed" }
        if let module = found.doubtedModule { return "\(openWords(what, found, fixed)), if it is of module \(module)" }
        return "\(what): the publisher does not say"
    }

    // MARK: Pockets

    enum PocketRemedy {
        case none
        case installed(String, String?)
        case offered(String, String)
    }

    /// A fix from another pocket of the release that is installed counts (trivy#1663 #3701, vuls#2645); one that is not is named.
    private func pocketRemedy(_ found: Found) -> PocketRemedy {
        for pocket in pockets {
            let place = pocket.place(of: version)
            for entry in (0..<pocket.count).lazy.map(pocket.entry) where entry.subject == found.entry.subject {
                switch pocket.standing(of: place, in: entry) {
                case .above where entry.status == .affected && isPocketVersion:
                    let fix = pocket.fixes(of: entry).filter { UInt32($0) * 2 + 1 <= place }.max()
                    return .installed(pocket.ecosystem.name, fix.map(pocket.bound))
                case .inRange(let end):
                    guard fixedBound(found.entry, found.standing) == nil, let bound = entry.fixedBound ?? end
                    else { continue }
                    return .offered(pocket.ecosystem.name, pocket.bound(bound))
                default: continue
                }
            }
        }
        return .none
    }

    /// Extended support marks its versions; others are not above its fixes by having them.
    private var isPocketVersion: Bool { Self.isOfPocket(version) }

    static func isOfPocket(_ version: String) -> Bool {
        version.contains("esm") || version.lowercased().contains("fips")
    }
}
