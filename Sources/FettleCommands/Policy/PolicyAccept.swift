import ArgumentParser
import FettleControl
import FettleModel

struct PolicyAccept: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "accept", abstract: "Say that this folder's rules hold here (an admin; docs/identity.md).",
        discussion: """
            Where users are kept, whoever acts does so from a folder whose policy.yaml and fleet.yaml say the same as what an admin \
            accepted last, as far as it is decided by them who may do what, to which hosts, and when. What differs from before is shown. \
            Look first: `--dry-run` tells a digest, and `--digest` accepts nothing else.
            """)

    @OptionGroup var options: GlobalOptions
    @Flag(help: "Only say what differs.") var dryRun = false
    @Option(help: "Accept only what has this digest, or one that begins so (12 digits or more).") var digest: String?

    private struct Answer: Encodable {
        var comparison: TrustService.Comparison
        var isAccepted: Bool
    }

    func run() async throws {
        let session = try Session(options)
        let policy = try session.policy
        let content = TrustContent(
            policy: policy, fleet: try session.fleet,
            keys: try Issuer.digestOfKeys(policy.identity, session.directory),
            suites: try SuiteProgram.digests(policy.promotion, session.directory))
        let comparison =
            dryRun
            ? try await session.trust.compare(content)
            : try await session.trust.accept(content, expecting: digest, by: session.person)
        if options.output == .json {
            return try session.printJSON(Answer(comparison: comparison, isAccepted: !dryRun))
        }
        tell(comparison, session)
    }

    private func tell(_ comparison: TrustService.Comparison, _ session: Session) {
        if let accepted = comparison.accepted {
            session.print(
                "\(accepted.id), accepted by \(accepted.by) at \(accepted.at), digest \(accepted.digest.short)…")
        } else {
            session.print("Nothing was accepted before.")
        }
        for difference in comparison.differences { session.print("  \(difference)".printable) }
        guard !comparison.differences.isEmpty else { return session.print("This folder says the same.") }
        if dryRun {
            session.print("This folder has the digest \(comparison.digest).")
            return session.next("fettle policy accept --digest \(comparison.digest.short)")
        }
        session.print("Accepted: this folder's rules hold from now on, digest \(comparison.digest.short)…")
    }
}
