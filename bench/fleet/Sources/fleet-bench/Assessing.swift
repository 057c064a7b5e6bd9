import FettleAssessment
import FettleIndex
import FettleModel
import FettleSoftware
import Foundation

/// What `fettle assess` does with a fleet's facts: some hosts of the fleet that was filled, as a scan would have found them, each
/// with findings of its own as the answer.
struct Assessing {
    let folder: String

    static let hosts = Int(ProcessInfo.processInfo.environment["FLEET_ASSESSED"] ?? "") ?? 2_000

    func run() throws {
        let index = try AdvisoryIndex(path: FleetBench.advisories(folder))
        let facts = try facts()
        let fleet = Fleet(
            environments: [Environment(id: "production", isProtected: true)],
            resources: facts.hosts.map { Resource(id: $0.resource, address: .local, environment: "production") },
            groups: [])
        let assessor = Assessor(fleet: fleet, policy: Policy(), feeds: AdvisoryFeeds(index: index))
        for round in 0..<min(3, FleetBench.rounds) {
            let (time, set) = try FleetBench.time {
                try assessor.assess(
                    facts, reference: StageReference(id: "facts-1", digest: Digest(rawValue: "0")), id: "findings-1",
                    at: Timestamp(milliseconds: 1_790_000_000_000))
            }
            print(
                "assessed: \(facts.hosts.count) hosts, \(set.findings.count) findings of",
                "\(set.findings.reduce(0) { $0 + $1.advisories.count }) advisories:",
                String(format: "%.0f ms, processor time %.0f ms", time.wall, time.processor),
                round == 0 ? digest(set) : "")
        }
    }

    /// To be compared before and after a change that must not change any answer.
    private func digest(_ set: FindingSet) -> String {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for finding in set.findings {
            let text = "\(finding.id) \(finding.outcome) \(finding.severity?.rawValue ?? "") \(finding.explanation) "
            for byte in (text + finding.advisories.map { "\($0)" }.joined()).utf8 {
                hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3
            }
        }
        return "(digest \(String(hash, radix: 16)))"
    }

    private func facts() throws -> FactSet {
        let columns = try FleetColumns(path: FleetBench.fleet(folder), .reading)
        let at = Timestamp(milliseconds: 1_790_000_000_000)
        let hosts = try (0..<min(Self.hosts, columns.hostCount)).map { number in
            let id = "host-\(number).example.org"
            var host = HostFacts.nothingObserved(
                of: ResourceID(id), at: at, reachability: .reachable, reason: "not asked")
            host.platform = .observed(
                Platform(
                    distribution: "debian", version: "12", codename: "bookworm", prettyName: "Debian 12",
                    architecture: "amd64"))
            host.packages = .observed(
                (try columns.packages(of: id) ?? []).map { package in
                    InstalledPackage(
                        manager: .dpkg, name: package.name, architecture: package.architecture,
                        version: package.version, source: package.source, sourceVersion: package.sourceVersion)
                })
            return host
        }
        return FactSet(id: "facts-1", observedAt: at, hosts: hosts)
    }
}
