import ArgumentParser
import FettleControl
import FettleEvidence
import FettleModel
import Foundation

struct EvidenceVerify: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify", abstract: "Whether a run's evidence is what its signer wrote, and tells one story.",
        discussion: """
            Needs no database, no fleet and, without an `--anchor` elsewhere, no network: the file, and the public key of whoever signed \
            it. An unknown signer is an error. Ends with 1 if the file does not hold, or if heads were given and none of them is in its part of the log.
            """)

    @OptionGroup var form: OutputOptions
    @Argument(help: "The file, as `fettle evidence export` wrote it.") var file: String
    @Option(help: "A public key that you trust, as a file; may be given several times.") var key: [String]
    @OptionGroup var objects: ObjectStoreOptions
    @Option(
        help:
            "Heads of the log that were anchored: a file, s3://BUCKET/PREFIX, https://… or env:VARIABLE. The entries must lead through them."
    )
    var anchor: [String] = []

    private struct Answer: Encodable {
        var holds: Bool
        var faults: [String]
        /// Anchored heads that fall into the part of the log that is here.
        var anchorsMet: Int
        var story: BundleStory?
    }

    func validate() throws {
        guard !key.isEmpty else { throw ValidationError("--key takes the public key of whoever signed it") }
    }

    func run() async throws {
        let keys = try EvidenceFile.keys(key)
        let anchors = try AnchoredHeads.read(anchor, objects, trusting: keys)
        let data = try EvidenceFile.bytes(
            of: file, limit: EvidenceBundle.maximumBytes, hint: "`fettle evidence export RUN` writes one")
        let answer: Answer
        do {
            answer = try judge(data, keys, anchors)
        } catch {
            throw CommandFailure(
                .failure,
                "\(file.printable) does not hold: \(error.message)\n  get it anew from its source; `fettle evidence key` there "
                    + "shows who signs")
        }
        if form.output == .json {
            try Output.writeJSON(answer)
        } else {
            for fault in answer.faults { Output.writeLine(TextStyle.red.apply("✗ \(fault.printable)", in: .standard)) }
            if answer.holds, let story = answer.story {
                let words = "✓ every byte is what \(story.signer.short)… signed"
                Output.writeLine(TextStyle.green.apply(words, in: .standard))
                Output.writeLine(StoryLines.lines(story).joined(separator: "\n"))
                if !anchors.isEmpty { Output.writeLine("anchored heads met: \(answer.anchorsMet) of \(anchors.count)") }
            }
        }
        if !answer.holds { throw ExitCode(ExitStatus.failure.rawValue) }
    }

    private func judge(_ data: Data, _ keys: [VerifyingKey], _ anchors: [SignedHead]) throws(EvidenceError) -> Answer {
        let bundle = try EvidenceBundle(data, trusting: keys)
        let examiner = try BundleExaminer(bundle)
        let (met, faults) = examiner.hold(against: anchors)
        var all = examiner.faults + faults
        if !anchors.isEmpty, met == 0, faults.isEmpty {
            all.append(
                "none of the \(anchors.count) anchored heads falls into the part of the log that is here: nothing was held "
                    + "against it")
        }
        return Answer(holds: all.isEmpty, faults: all, anchorsMet: met, story: examiner.story)
    }
}

/// A bundle's story in a few lines.
enum StoryLines {
    static func lines(_ story: BundleStory) -> [String] {
        var lines = [
            "\(story.run): \(outcome(story))",
            "\(story.change): \(story.kind.rawValue), asked for by \(story.requestedBy)",
        ]
        for approval in story.approvals {
            let own = approval.isOwnChange ? ", the requester's own vote" : ""
            lines.append("approved by \(approval.person), \(approval.at)\(own)")
        }
        if let words = Change.sharedLoginWords(asking: story.requestedBy, approving: story.approvals.map(\.person)) {
            lines.append("note: \(words)")
        }
        lines.append("\(story.plan.id): \(story.hosts) hosts, digest \(story.plan.digest.short)…")
        if let set = story.patchSet { lines.append("made from \(set.id), digest \(set.digest.short)…") }
        if let promotion = story.promotion {
            lines += Self.lines(promotion)
        } else if story.patchSet != nil {
            lines.append("how its set came there is not in it")
        }
        if let person = story.startedBy { lines.append("started by \(person)") }
        lines.append("gates: \(story.gatesPassed) passed, \(story.gatesFailed) failed; \(story.events) events in all")
        for feed in story.feeds {
            lines.append("feed: \(feed.name), \(feed.publishedAt.map(\.description) ?? "without a date")")
        }
        if story.feeds.isEmpty { lines.append("feeds: none, advisories were not checked") }
        lines.append("afterwards: \(story.factsAfter.map { "looked at again \($0)" } ?? "not looked at again")")
        for waiver in story.waivers { lines.append("waiver: \(waiver)") }
        let head = "up to entry \(story.head.sequence), link \(story.head.link.short)…"
        lines.append("log: \(story.logEntries) entries, \(head)")
        for subject in story.notInLog { lines.append("kept before there was a log: \(subject)") }
        lines.append("signed \(story.madeAt) by \(story.madeBy), key \(story.signer.short)…")
        return lines.map(\.printable)
    }

    private static func lines(_ promotion: BundleStory.Promotion) -> [String] {
        let met = promotion.criteria.filter(\.isMet).count
        var lines = [
            "promoted to \(promotion.stage)\(promotion.lane == .fast ? " by the fast lane" : ""), made by \(promotion.madeBy): "
                + "\(met) of \(promotion.criteria.count) criteria met when the run was started"
        ]
        let unmet = promotion.untold == nil ? "not met" : "cannot be told, or not met"
        lines += promotion.criteria.map { "  \($0.isMet ? "met" : unmet): \($0.words)" }
        lines += (promotion.untold ?? []).map { "  cannot be told any more: \($0)" }
        for way in promotion.promotions {
            let run = way.run.map { ", \($0)" } ?? ", not started"
            lines.append(
                "  to \(way.stage): \(way.change.id), asked for by \(way.requestedBy) \(way.requestedAt)\(run)")
        }
        for note in promotion.said {
            let place = note.stage.map { " in \($0)" } ?? ""
            let verdict = PatchSetNote.Kind.signOffs.contains(note.kind) ? (note.passes ? " given" : " refused") : ""
            lines.append("  \(note.id): \(note.kind.rawValue)\(verdict)\(place) by \(note.by) \(note.at)")
        }
        return lines
    }

    private static func outcome(_ story: BundleStory) -> String {
        let words =
            switch story.outcome {
            case .succeeded: "succeeded"
            case .rolledBack(let reason): "rolled back: \(reason)"
            case .failed(let reason): "failed: \(reason)"
            case nil: "superseded"
            }
        return story.endedAt.map { "\(words), \($0)" } ?? words
    }
}
