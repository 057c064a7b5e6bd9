import FettleDriverKit
import FettleModel
import Synchronization

/// What was found out about hosts while they still served, for the steps that come when they are out.
///
/// A rehearsal takes apt a second or more, as long as the installation of a small package; so it belongs before the
/// drain. Afterwards the host only has to prove that nothing has changed by which apt decides. Kept in memory alone: a
/// Fettle that was started anew knows only what stands in the plan (`PackageTransaction.rehearsedOn`).
final class PackageMemory: Sendable {
    private struct Rehearsal: Equatable {
        var command: [String]
        var changes: [PackageChange]
        /// What the host's was before apt was asked.
        var fingerprint: Digest
    }

    private struct Work: Hashable {
        var run: RunID
        var step: StepID
    }

    private struct State {
        /// The last of each host, the newest last.
        var rehearsals: [ResourceAddress: [Rehearsal]] = [:]
        var offers: [ResourceAddress: [PackageVersion: PackageArchives.Offer]] = [:]
        var conffiles: [Work: (back: [String], lost: [String])] = [:]
    }

    /// More parts than a change is ever made in.
    private static let rehearsalsKept = 8

    private let state = Mutex(State())
    /// For which the package manager itself ran.
    let times = StepTimes()

    /// apt has said that this command would do exactly these changes, on a host whose fingerprint was this one before.
    func rehearsed(
        _ command: [String], doing changes: [PackageChange], on address: ResourceAddress, fingerprint: Digest
    ) {
        let rehearsal = Rehearsal(command: command, changes: changes, fingerprint: fingerprint)
        state.withLock { state in
            var kept = state.rehearsals[address, default: []].filter { $0 != rehearsal }
            kept.append(rehearsal)
            state.rehearsals[address] = kept.suffix(Self.rehearsalsKept)
        }
    }

    /// Whether that still holds.
    func isRehearsed(
        _ command: [String], doing changes: [PackageChange], on address: ResourceAddress, fingerprint: Digest
    ) -> Bool {
        let rehearsal = Rehearsal(command: command, changes: changes, fingerprint: fingerprint)
        return state.withLock { $0.rehearsals[address]?.contains(rehearsal) ?? false }
    }

    /// What the host's signed lists say of these versions, with their hashes.
    func note(_ offers: [PackageVersion: PackageArchives.Offer], of address: ResourceAddress) {
        state.withLock { $0.offers[address, default: [:]].merge(offers) { _, new in new } }
    }

    /// Of which packages a step has brought configuration files back, all its attempts together, and of which it could not.
    func note(_ back: [String], lost: [String], of step: StepID, in run: RunID) {
        guard !back.isEmpty || !lost.isEmpty else { return }
        state.withLock { state in
            let known = state.conffiles[Work(run: run, step: step)] ?? ([], [])
            state.conffiles[Work(run: run, step: step)] = (
                Set(known.back + back).sorted(), Set(known.lost + lost).sorted()
            )
        }
    }

    func takeConffiles(of step: StepID, in run: RunID) -> (back: [String], lost: [String])? {
        state.withLock { $0.conffiles.removeValue(forKey: Work(run: run, step: step)) }
    }

    func offers(of address: ResourceAddress) -> [PackageVersion: PackageArchives.Offer] {
        state.withLock { $0.offers[address] ?? [:] }
    }
}
