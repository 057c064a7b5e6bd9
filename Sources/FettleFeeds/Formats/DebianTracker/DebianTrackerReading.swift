internal import FettleIndex
internal import FettleSoftware
internal import FettleVersions

/// Brings the tracker's issues to the normal form: a record for each source package and CVE, with all releases.
struct DebianTrackerReading {
    struct Issue: Decodable {
        var description: String?
        var releases: [String: Lenient<State>]
    }

    /// What holds for one release.
    struct State: Decodable {
        var status: String
        var fixedVersion: String?
        var urgency: String?
        /// Why there will be no DSA; whatever it says, the issue is open.
        var noDSA: String?
        /// `ignored`, `postponed`, or empty.
        var noDSAReason: String?

        enum CodingKeys: String, CodingKey {
            case status, urgency
            case fixedVersion = "fixed_version"
            case noDSA = "nodsa"
            case noDSAReason = "nodsa_reason"
        }
    }

    let sink: any FeedSink
    /// Code names that are not known, each told once.
    private var unknown: Set<String> = []

    init(sink: any FeedSink) {
        self.sink = sink
    }

    mutating func take(_ issues: [String: Lenient<Issue>], of source: String) throws(FeedError) {
        for (id, issue) in issues.sorted(by: { $0.key < $1.key }) {
            guard DebianTrackerFormat.isIssue(id) else {
                sink.skipped("\(source) \(id.prefix(60))", because: "it is neither a CVE nor a TEMP id")
                continue
            }
            guard let value = issue.value else {
                sink.skipped("\(source) \(id)", because: issue.problem ?? "it cannot be read")
                continue
            }
            var affected: [AffectedPackage] = []
            var urgencies: Set<String> = []
            for (codename, state) in value.releases.sorted(by: { $0.key < $1.key }) {
                let place = "\(source) \(id) \(codename.prefix(40))"
                guard let state = state.value else {
                    sink.skipped(place, because: state.problem ?? "it cannot be read")
                    continue
                }
                guard let release = release(codename) else { continue }
                if let urgency = state.urgency { urgencies.insert(urgency) }
                guard let package = package(state, of: source, in: release, place: place) else { continue }
                affected.append(package)
            }
            guard !affected.isEmpty else { continue }
            try sink.advisory(
                AdvisoryRecord(
                    id: id, severity: Self.severity(urgencies), summary: value.description ?? "", affected: affected))
        }
    }

    private mutating func release(_ codename: String) -> Ecosystem? {
        if Codenames.debian(codename) != nil { return .debian(codename) }
        if unknown.count < 1000, unknown.insert(codename).inserted {
            sink.skipped("release \(codename.prefix(60))", because: "its code name is not known")
        }
        return nil
    }

    /// Each release is judged by what the tracker says of itself: a fix in unstable is no fix for bookworm.
    private func package(
        _ state: State, of source: String, in release: Ecosystem, place: String
    ) -> AffectedPackage? {
        let remark = Self.remark(state)
        switch (state.status, state.fixedVersion) {
        case ("resolved", "0"):
            // This release never had it.
            return .everyVersion(of: source, in: release, .notAffected, remark: remark)
        case ("resolved", .some(let version)) where AffectedPackage.isPlausible(version):
            return .below(version, of: source, in: release, remark: remark)
        case ("resolved", _):
            sink.skipped(place, because: "it is resolved, but in no version")
            return nil
        case ("open", _): return .everyVersion(of: source, in: release, .affected, remark: remark)
        case ("undetermined", _): return .everyVersion(of: source, in: release, .unknown, remark: remark)
        default:
            sink.skipped(place, because: "its status '\(state.status.prefix(40))' is not known")
            return nil
        }
    }

    /// What was decided, and the urgencies that are a judgement of their own; none of it closes an issue.
    private static func remark(_ state: State) -> String {
        var words: [String] = []
        if let reason = state.noDSAReason, !reason.isEmpty {
            words.append(reason)
        } else if state.noDSA != nil {
            words.append("no-dsa")
        }
        if let urgency = state.urgency, ["unimportant", "end-of-life"].contains(urgency) { words.append(urgency) }
        return words.joined(separator: ", ")
    }

    /// The highest that a release has.
    private static func severity(_ urgencies: Set<String>) -> String {
        let plain = Set(urgencies.map { $0.filter { $0 != "*" } })
        return ["high", "medium", "low", "unimportant", "end-of-life"].first(where: plain.contains) ?? ""
    }
}
