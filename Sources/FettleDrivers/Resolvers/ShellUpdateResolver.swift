public import FettleDriverKit
public import FettleModel

/// Asks a host's own package manager what bringing packages to exact versions entails, by a POSIX shell script in one
/// round trip. Nothing is changed or downloaded. apt also rehearses what it has answered, in a second one.
///
/// apt and apk answer everybody. dnf and zypper answer root only: another user needs the rules for `sudo`.
public struct ShellUpdateResolver: UpdateResolver {
    private let channels: any ChannelProvider
    private let now: @Sendable () -> Timestamp

    public static let timeout: Duration = .seconds(300)

    /// - Parameter now: the clock that dates the answers.
    public init(channels: any ChannelProvider, now: @escaping @Sendable () -> Timestamp = { Timestamp.now() }) {
        self.channels = channels
        self.now = now
    }

    public func resolve(
        _ wanted: [PackageVersion], manager: PackageManager, on resource: ResourceID, at address: ResourceAddress
    ) async throws(StepFailure) -> Resolution {
        let began = now()
        if wanted.isEmpty { return Resolution(manager: manager, resolvedAt: began, changes: [], downloadBytes: 0) }
        switch manager {
        case .dpkg:
            let question = try AptQuestion(wanted)
            var resolution = try question.resolution(from: try await ask(question.script, at: address), at: began)
            resolution.rehearsedOn = await rehearse(resolution, at: address)
            return resolution
        case .rpm:
            let question = try RpmQuestion(wanted)
            return try question.resolution(from: try await ask(question.script, at: address), at: began)
        case .apk:
            let question = try ApkQuestion(wanted)
            return try question.resolution(from: try await ask(question.script, at: address), at: began)
        }
    }

    /// The state of the host on which apt rehearsed exactly these changes: so that nobody has to ask it again in the window.
    /// nil if it did not, for whatever reason: then the step that stages the packages asks, and tells what apt says.
    private func rehearse(_ resolution: Resolution, at address: ResourceAddress) async -> Digest? {
        let patch = PackageTransaction(
            manager: .dpkg, purpose: .patch, changes: resolution.changes, conffiles: .keepCurrent,
            downloadBytes: resolution.downloadBytes)
        guard !patch.changes.isEmpty, let transaction = try? DebianTransaction(patch) else { return nil }
        let rehearsal = AptRehearsal.planned(transaction)
        guard let line = try? rehearsal.readOnlyLine else { return nil }
        // The state first: what changes it meanwhile makes it another.
        let script = SectionedScript(sections: [
            SnapshotScript.fingerprint,
            SectionedScript.Section(
                name: "rehearsal", limit: AptRehearsal.outputLimit,
                body: "\(DebianSections.readOnlyCache)\nwithin 180 \(line)"),
        ])
        guard let transcript = try? await ask(script, at: address),
            let text = try? transcript.output(of: "rehearsal"), (try? rehearsal.judge(text)) != nil
        else { return nil }
        return PackageSnapshotParser.fingerprint(try? transcript.output(of: "fingerprint"))?.decisions
    }

    private func ask(_ script: SectionedScript, at address: ResourceAddress) async throws(StepFailure) -> Transcript {
        do {
            let channel = try await channels.channel(to: address)
            let result = try await channel.run(
                RemoteCommand(script: script.text, timeout: Self.timeout, outputLimit: script.outputLimit))
            return Transcript(
                standardOutput: result.standardOutput, standardError: result.standardError, nonce: script.nonce)
        } catch {
            throw StepFailure(error)
        }
    }
}
