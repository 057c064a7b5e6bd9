import FettleDriverKit
import FettleModel

/// Makes the one command of a transaction, and asks apt what it would do.
struct AptApplication: Sendable {
    let transaction: DebianTransaction
    let settings: PackageDriverSettings
    let session: HostSession

    /// apt's command for the changes. A return takes the archives that were kept, so that it needs neither the network nor a
    /// source that still offers them; a patch names versions, so that apt compares archives with their hashes again.
    func command(_ pending: [PackageChange]) async throws(StepFailure) -> [String] {
        var kept: [PackageVersion: String] = [:]
        if transaction.leadsBack {
            let wanted = pending.compactMap(Self.target)
            kept = try await PackageArchives(session: session).kept(
                wanted, in: AptCommand.archives, offers: settings.memory.offers(of: session.address))
        }
        let options = AptCommand.installOptions(
            leadsBack: transaction.leadsBack, conffiles: transaction.conffiles,
            removes: pending.contains { $0.to == nil }, lockSeconds: settings.lockSeconds)
        let packages = pending.map { change in
            AptCommand.argument(change, kept: Self.target(change).flatMap { kept[$0] })
        }
        return [AptCommand.aptGet] + options + packages
    }

    private static func target(_ change: PackageChange) -> PackageVersion? {
        change.to.map { PackageVersion(name: change.name, architecture: change.architecture, version: $0) }
    }

    /// Has apt rehearse the command, unless that was done before and nothing has changed since by which apt decides: when the
    /// plan was made, or by this process.
    ///
    /// - Parameter fingerprint: the host's, looked at before this; nil: it cannot be told, so that apt is always asked.
    func rehearseOnce(
        _ command: [String], expecting pending: [PackageChange], fingerprint: PackageFingerprint?
    ) async throws(StepFailure) {
        guard let fingerprint else { return try await rehearse(command, expecting: pending) }
        guard !isRehearsed(pending, fingerprint) else { return }
        let (memory, address) = (settings.memory, session.address)
        // What lies in the archives decides nothing of a patch, which names versions; a return names archives.
        let state = transaction.leadsBack ? fingerprint.whole : fingerprint.decisions
        guard !memory.isRehearsed(command, doing: pending, on: address, fingerprint: state) else { return }
        try await rehearse(command, expecting: pending)
        memory.rehearsed(command, doing: pending, on: address, fingerprint: state)
    }

    /// When the plan was made, with the same words for the same packages.
    private func isRehearsed(_ pending: [PackageChange], _ fingerprint: PackageFingerprint) -> Bool {
        !transaction.leadsBack && pending == transaction.changes
            && transaction.rehearsedOn == fingerprint.decisions
    }

    private func rehearse(_ command: [String], expecting pending: [PackageChange]) async throws(StepFailure) {
        let rehearsal = AptRehearsal(command: command, expected: pending)
        let result = try await session.run(
            RemoteCommand(
                script: "exec " + (try rehearsal.line), timeout: .seconds(180), outputLimit: AptRehearsal.outputLimit))
        try rehearsal.judge(result)
    }
}

/// Who holds the package manager's locks.
enum PackageLocks {
    /// One sentence that names the holder; nil if nobody holds a lock.
    static func holder(of locks: [PackageLock]) -> String? {
        // A process that holds several is told by the one that everybody knows.
        guard let lock = locks.first(where: { $0.path.hasPrefix("/var/lib/dpkg/") }) ?? locks.first else { return nil }
        let command = lock.command.isEmpty ? "a process" : FactText.excerpt(lock.command, limit: 80)
        return "\(lock.path) is held by \(command) (process \(lock.processID))"
    }
}
