import ArgumentParser
import FettleAssessment
import FettleControl
import FettleModel
import Foundation

/// Who answers for a waiver, until when, and in which part of the fleet.
struct WaiverArguments: ParsableArguments {
    @Option(help: "The person who answers for it.") var owner: String
    @Option(help: "When it ends: a day (2026-12-31, its end, UTC), a moment (RFC 3339), or a time from now (30d, 8w).")
    var expires: String
    @Option(help: "Only on this resource, a name or a glob; may be given again.") var resource: [String] = []
    @Option(name: [.short, .long], help: "Only on members of this group, a name or a glob; may be given again.")
    var group: [String] = []
    @Option(name: [.short, .long], help: "Only in this environment, a name or a glob; may be given again.")
    var environment: [String] = []

    func validate() throws {
        guard GlobalOptions.isName(owner) else {
            throw ValidationError("--owner takes a name of letters, digits, '.', '-', '_' and '@', up to 64 of them")
        }
    }

    func scope(_ subject: WaiverScope.Subject) -> WaiverScope {
        WaiverScope(subject, resources: resource, groups: group, environments: environment)
    }

    /// A name that matches nothing would look like a waiver and be none.
    func requireKnownNames(in fleet: Fleet) throws {
        func unknown(_ globs: [String], _ names: [String]) -> [String] {
            globs.filter { glob in
                let pattern = Glob(glob)
                return !names.contains { pattern.matches($0) }
            }
        }
        try UnknownNames.refuse([
            ("environment", unknown(environment, fleet.environments.map(\.id.rawValue))),
            ("group", unknown(group, fleet.groups.map(\.id.rawValue))),
            ("resource", unknown(resource, fleet.resources.map(\.id.rawValue))),
        ])
    }

    func expiry(from now: Timestamp) throws -> Timestamp {
        guard let time = Self.expiry(expires, from: now) else {
            throw CommandFailure(
                .usage, "'\(expires)' is no end of a waiver\n  --expires takes a day such as 2026-12-31, or 30d, or 8w")
        }
        return time
    }

    /// nil for what is none of the three forms.
    static func expiry(_ text: String, from now: Timestamp) -> Timestamp? {
        if text.wholeMatch(of: #/[0-9]{4}-[0-9]{2}-[0-9]{2}/#) != nil {
            return Timestamp("\(text)T00:00:00Z").map { $0.adding(seconds: 86_400) }
        }
        if let match = text.wholeMatch(of: #/([0-9]{1,5})([dw])/#), let number = Int(match.1) {
            return now.adding(seconds: number * (match.2 == "w" ? 7 : 1) * 86_400)
        }
        return text.contains("T") ? Timestamp(text) : nil
    }
}

extension Session {
    var waivers: WaiverService { WaiverService(store: store, access: access) }
    var compliance: ComplianceService { ComplianceService(store: store) }

    /// The newest findings with the waivers that hold; nil if the fleet was never looked at.
    func findingsNow() async throws -> (findings: FindingSet, facts: FactSet)? {
        try await waivers.findingsNow(fleet: fleet, policy: policy)
    }
}
