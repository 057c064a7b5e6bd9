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
        if transaction.purpose == .rollback {
            let wanted = pending.compactMap(Self.target)
            kept = try await PackageArchives(session: session).kept(
                wanted, in: AptCommand.archives, offers: settings.memory.offers(of: session.address))
        }
        let options = AptCommand.installOptions(
            purpose: transaction.purpose, conffiles: transaction.conffiles,
            removes: pending.contains { $0.to == nil }, lockSeconds: settings.lockSeconds)
        let packages = pending.map { change in
            AptCommand.argument(change, kept: Self.target(change).flatMap { kept[$0] })
        }
        return [AptCommand.aptGet] + options + packages
    }

    private static func target(_ change: PackageChange) -> PackageVersion? {
        change.to.map { PackageVersion(name: change.name, architecture: change.architecture, version: $0) }
    }

    /// The same, unless it was rehearsed before and nothing has changed since by which apt decides.
    ///
    /// - Parameter fingerprint: the host's, looked at before this; nil: it cannot be told, so that apt is always asked.
    func rehearseOnce(
        _ command: [String], expecting pending: [PackageChange], fingerprint: String?
    ) async throws(StepFailure) {
        if let fingerprint,
            settings.memory.isRehearsed(command, doing: pending, on: session.address, fingerprint: fingerprint)
        {
            return
        }
        try await rehearse(command, expecting: pending)
        if let fingerprint {
            settings.memory.rehearsed(command, doing: pending, on: session.address, fingerprint: fingerprint)
        }
    }

    /// - Throws: `drift` if apt would do anything else than `pending`; `packageManager` if it finds no way.
    private func rehearse(_ command: [String], expecting pending: [PackageChange]) async throws(StepFailure) {
        let script: String
        do {
            script = "exec " + (try shellQuoted([command[0], "--simulate"] + command.dropFirst()))
        } catch {
            throw StepFailure(code: .refused, message: error.description)
        }
        let result = try await session.run(
            RemoteCommand(script: script, timeout: .seconds(180), outputLimit: 8 * 1_024 * 1_024))
        guard result.succeeded else { throw refusal(result) }
        let simulation: AptSimulation
        do {
            simulation = try AptSimulation(parsing: result.outputText)
        } catch {
            throw StepFailure(code: .internal, message: error.reason, output: HostText.tail(result))
        }
        let (unforeseen, missing) = simulation.differences(from: pending)
        guard unforeseen.isEmpty, missing.isEmpty else {
            var words: [String] = []
            if !unforeseen.isEmpty { words.append("beyond the plan \(PackageWords.list(unforeseen.map(\.summary)))") }
            if !missing.isEmpty { words.append("not \(PackageWords.list(missing.map(\.summary)))") }
            throw StepFailure(
                code: .drift, message: "apt would do \(words.joined(separator: ", and ")); nothing was done",
                output: HostText.tail(result))
        }
    }

    private func refusal(_ result: CommandResult) -> StepFailure {
        let gone = FactText.lines(result.errorText).filter {
            ($0.hasPrefix("E: Version ") && $0.hasSuffix(" was not found"))
                || $0.hasPrefix("E: Unable to locate package")
        }
        guard gone.isEmpty else {
            let words = gone.map { FactText.excerpt(FactText.decode($0.dropFirst(3).utf8), limit: 200) }
            return StepFailure(
                code: .drift,
                message: "the host's sources no longer offer what the plan wants: \(PackageWords.list(words))",
                output: HostText.tail(result))
        }
        return AptDiagnosis.failure(
            status: Int(result.status), output: result.outputText + result.errorText, doing: "apt's rehearsal")
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
