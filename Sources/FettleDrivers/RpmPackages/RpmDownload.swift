import FettleDriverKit
import FettleModel

/// Has dnf or zypper fetch packages into a host's own cache, under the checks of the repositories that they come from.
struct RpmDownload: Sendable {
    let runner: DetachedJobRunner
    let tool: RpmTool
    /// Of a part of what is fetched.
    let jobName: @Sendable (String, RpmCommand.Fetching) -> String
    let seconds: Int
    /// Is told for how long each of them ran.
    var took: @Sendable (Int?) -> Void = { _ in }

    private var session: HostSession { runner.session }

    /// Makes the places, and takes away what is torn or unsigned: it may not stand in the way of what comes.
    func prepare(for wanted: [PackageVersion]) async throws(StepFailure) {
        for directory in [RpmCommand.parent, RpmCommand.files, RpmCommand.zypperDownloads] {
            try await session.runRoot(RpmCommand.makeDirectory(directory))
        }
        let files = RpmFiles(session: session)
        await files.remove(try await files.found(wanted).map(\.file))
    }

    /// What is installed right now dnf would not "install".
    ///
    /// - Returns: what was said where it did not bring all.
    func bring(
        _ versions: [PackageVersion], as which: String, on snapshot: RpmSnapshot
    ) async throws(StepFailure) -> String {
        var said = ""
        for fetching in RpmCommand.Fetching.allCases {
            let some = versions.filter { snapshot.isInstalled($0) == (fetching == .reinstall) }
            if !some.isEmpty { said += try await bring(some, which, fetching) }
        }
        return said
    }

    private func bring(
        _ versions: [PackageVersion], _ which: String, _ fetching: RpmCommand.Fetching
    ) async throws(StepFailure) -> String {
        let job = DetachedJob(
            name: jobName(which, fetching), command: RpmCommand.download(versions, by: tool, fetching),
            environment: RpmCommand.environment)
        let outcome = try await runner.run(job, running: nil, seconds: seconds)
        took(outcome.milliseconds)
        // `mv` complains where both are the same file, as with a repository on the host's own disk; what came is looked at afterwards.
        if tool == .zypper { _ = try await session.run(RemoteCommand(root: RpmCommand.gather)) }
        if outcome.status == 0 { return "" }
        guard RpmDiagnosis.isNotOffered(outcome.output) else {
            throw RpmDiagnosis.failure(status: outcome.status, output: outcome.output, doing: "the download")
        }
        // zypper fetches nothing at all where one is missing.
        let unknown = RpmDiagnosis.notFound(outcome.output)
        let rest = versions.filter { !unknown.contains($0.zypperLabel) }
        guard tool == .zypper, !rest.isEmpty, rest.count < versions.count else { return outcome.output }
        return outcome.output + (try await bring(rest, which, fetching))
    }
}
