import FettleControl
import FettleDriverKit
import FettleDrivers
import FettleModel

extension PatchSetFreeze {
    /// Of rpm packages the files are taken that hosts keep since they were staged, so that a set can be frozen when the mirror has gone
    /// on already. What no host keeps one of them fetches.
    func agreedOnFiles(of source: PromotionService.FreezeSource, _ session: Session) async throws -> Agreed {
        var reading = Reading(source, RpmArchiveReader(channels: session.connections))
        let hosts = Self.byTurns(source).prefix(Self.mostHosts)
        for host in hosts { try await reading.look(at: host) }
        for host in hosts where !reading.witnesses.untold.isEmpty {
            try await reading.haveFetched(by: host, for: set)
        }
        guard reading.witnesses.missing == nil else {
            throw refusal(
                source, [reading.witnesses.missing].compactMap { $0 } + reading.troubles.prefix(20), session)
        }
        return Agreed(
            offers: source.part.packages.compactMap { reading.offers[$0] }, witnesses: reading.witnesses.heard,
            manager: .rpm, sender: reading.reader)
    }

    private struct Reading {
        let reader: RpmArchiveReader
        var witnesses: ArchiveWitnesses
        /// Of the first host that has each.
        var offers: [PackageVersion: (host: Resource, offer: ArchiveOffer)] = [:]
        var troubles: [String] = []

        init(_ source: PromotionService.FreezeSource, _ reader: RpmArchiveReader) {
            self.reader = reader
            witnesses = ArchiveWitnesses(source)
        }

        mutating func look(at host: Resource) async throws {
            let kept: [PackageVersion: ArchiveOffer]
            do throws(StepFailure) { kept = try await reader.kept(witnesses.wanted, at: host.address) } catch {
                troubles.append("\(host.id): \(error.message)")
                return
            }
            try witnesses.hear(
                kept.mapValues { .init(bytes: $0.bytes, sha256: $0.sha256, fields: []) }, from: host.id)
            for (package, offer) in kept where offers[package] == nil { offers[package] = (host, offer) }
        }

        mutating func haveFetched(by host: Resource, for set: String) async throws {
            do throws(StepFailure) {
                let missing = try await reader.fetch(witnesses.untold, for: set, at: host.address)
                if !missing.isEmpty {
                    troubles.append(
                        "\(host.id): its repositories do not offer \(PatchSetFreeze.words(missing)), signed by a key that "
                            + "it knows")
                }
            } catch {
                troubles.append("\(host.id): \(error.message)")
                return
            }
            try await look(at: host)
        }
    }
}
