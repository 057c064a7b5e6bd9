import ArgumentParser

struct EvidenceCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "evidence",
        abstract: "Proof for others: the log of every decision, and a run's evidence as a file that proves itself.",
        discussion: """
            `export` signs what is kept of a run; `verify` judges such a file on a machine that has nothing but this program and the \
            signer's public key. `check` finds what was altered here; `anchor` keeps the log's head elsewhere, so that a log that was \
            written anew is found too.
            """,
        subcommands: [
            EvidenceExport.self, EvidenceVerify.self, EvidenceCheck.self, EvidenceLog.self, EvidenceAnchor.self,
            EvidenceKey.self,
        ])
}
