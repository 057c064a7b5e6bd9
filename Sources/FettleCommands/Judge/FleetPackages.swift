import FettleAssessment
import FettleIndex
import FettleModel
import FettleSoftware
import Foundation

/// The fleet's packages as columns, in `.fettle/packages.columns`: derived from what scans saw, so that a new advisory is held
/// against the whole fleet without a look at any host and without judging anything else.
struct FleetPackages {
    let path: String

    init(directory: URL) { path = directory.appendingPathComponent(".fettle/packages.columns").path }

    /// Takes in what a scan saw. Resources that are no longer in the fleet go. What cannot be written is told and nothing more: the file
    /// is derived.
    func update(with facts: FactSet, fleet: Fleet) {
        do throws(IndexError) {
            let (columns, found) = try FleetColumns.open(path: path) { _ in }
            if let found { Output.note("\(found); hosts come back into it as they are scanned") }
            try keep(facts, fleet: fleet, in: columns)
        } catch {
            Output.note("the fleet's packages could not be kept for `fettle impact`: \(error)")
        }
    }

    /// Makes the file anew of what the last scan saw, in place of one that is damaged.
    private func rebuild(with facts: FactSet, fleet: Fleet) throws(IndexError) {
        try keep(facts, fleet: fleet, in: try FleetColumns(path: path, .replacing))
    }

    private func keep(_ facts: FactSet, fleet: Fleet, in columns: FleetColumns) throws(IndexError) {
        try columns.change { () throws(IndexError) in
            for host in facts.hosts { try take(host, into: columns) }
            for known in try columns.hosts() where fleet.resource(ResourceID(known.id)) == nil {
                _ = try columns.removeHost(known.id)
            }
        }
        try columns.checkpoint()
    }

    /// A host whose packages were not observed keeps those that it had.
    private func take(_ host: HostFacts, into columns: FleetColumns) throws(IndexError) {
        guard host.packages.value != nil, let platform = host.platform.value else { return }
        let name = PlatformName.name(
            id: platform.distribution, version: platform.version, codename: platform.codename,
            title: platform.prettyName)
        try columns.setHost(
            host.resource.rawValue, packages: host.exposedPackages, platform: name ?? "", at: host.observedAt)
    }

    /// Hosts that an advisory concerns, by what they had at their last scan, sorted; nil if no scan was kept. A file that is damaged is
    /// made anew.
    ///
    /// - Parameter seen: what the last scan saw, of which it is made; asked for only then.
    func hosts(
        with advisories: [UInt32], by index: AdvisoryIndex, seen: () async throws -> (facts: FactSet, fleet: Fleet)?
    ) async throws -> [Host]? {
        guard FileManager.default.fileExists(atPath: path) else { return nil }
        do {
            do { return try read(advisories, index) } catch {
                guard error.code == .damaged || error.code == .version, let (facts, fleet) = try await seen() else {
                    throw error
                }
                Output.note("\(error): done, of what the last scan saw")
                try rebuild(with: facts, fleet: fleet)
                return try read(advisories, index)
            }
        } catch let error as IndexError {
            throw CommandFailure(.failure, "\(error)\n  it is derived: delete it, and `fettle scan` makes it anew")
        }
    }

    private func read(_ advisories: [UInt32], _ index: AdvisoryIndex) throws(IndexError) -> [Host] {
        let columns = try FleetColumns(path: path, .reading)
        // What is damaged would be "no host has it".
        try columns.verifyContents()
        let judge = FleetJudge(columns: columns, index: index)
        var found: [String: Host] = [:]
        for advisory in advisories {
            let impact = try judge.impact(of: advisory)
            for row in impact.affectedRows.rows {
                guard let host = try columns.host(atRow: row) else { continue }
                let builds = Set(try columns.builds(ofRow: row))
                guard let build = impact.affectedBuilds.first(where: { builds.contains($0.number) }) else { continue }
                found[host.id] = Host(
                    id: host.id, source: build.package.source, installed: build.package.sourceVersion,
                    seenAt: host.collectedAt)
            }
        }
        return found.values.sorted { $0.id < $1.id }
    }

    struct Host {
        var id: String
        var source: String
        var installed: String
        var seenAt: Timestamp
    }
}
