import ArgumentParser
import FettleControl
import FettleModel

struct PatchSetCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "patchset",
        abstract: "Exact versions, pinned once and promoted as they are from stage to stage.",
        subcommands: [
            PatchSetMake.self, PatchSetList.self, PatchSetShow.self, PatchSetSign.self, PatchSetTest.self,
            PatchSetAnswer.self, PatchSetRegress.self, PatchSetResolve.self, PatchSetFreeze.self, PatchSetCollect.self,
        ])
}

struct PatchSetMake: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "make", abstract: "Pin the exact versions of plans as a patch set. No host is asked.",
        discussion: """
            The set holds everything that the plans would change, by platform. Two hosts of a platform that are to get different \
            versions of a package are told, and no set is made (docs/promotion.md).
            """)

    @OptionGroup var options: GlobalOptions
    @Argument(help: "One or more plans, such as plan-1.") var plans: [String]
    @Option(help: "What it is for, in a line.") var title: String?

    func run() async throws {
        let session = try Session(options)
        let kept = try await session.promotions.make(
            from: plans.map { PlanID($0) }, title: title ?? "the versions of \(plans.joined(separator: ", "))",
            by: session.person)
        if options.output == .json { return try session.printJSON(kept) }
        for line in PatchSetView.lines(kept) { session.print(line) }
        session.next("fettle promote \(kept.set.id) --to STAGE --reason '…'")
    }
}

struct PatchSetList: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "list", abstract: "Patch sets, newest first.")

    @OptionGroup var options: GlobalOptions
    @Option(help: "How many.") var limit = 20

    func run() async throws {
        let session = try Session(options)
        let sets = try await session.promotions.sets(limit: limit)
        if options.output == .json {
            for case .failure(let unread) in sets { session.note(unread.words.printable) }
            return try session.printJSON(sets.compactMap { try? $0.get() })
        }
        var table = Table([
            .init(title: "SET"), .init(title: "MADE AT"), .init(title: "DIGEST"),
            .init(title: "PACKAGES", alignsRight: true), .init(title: "EXPLOITED", alignsRight: true),
            .init(title: "TITLE", shrinks: 1),
        ])
        for set in sets {
            switch set {
            case .success(let kept):
                table.add(
                    .init(kept.set.id.rawValue, .bold), .init(kept.set.madeAt.description),
                    .init(kept.digest.short, .dim), .init("\(kept.set.packageCount)"),
                    .init("\(kept.set.exploited.count)"), .init(kept.set.title))
            case .failure(let unread):
                table.add(
                    .init(unread.id, .bold), .init("?"), .init("?"), .init("?"), .init("?"),
                    .init("cannot be read: \(unread.reason)", .red))
            }
        }
        session.print(table)
    }
}

struct PatchSetShow: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "What a patch set holds, and what was said of it.")

    @OptionGroup var options: GlobalOptions
    @Argument(help: "The patch set, such as patchset-1.") var set: String

    private struct Answer: Encodable {
        var set: PatchSet
        var digest: Digest
        var notes: [PatchSetNote]
    }

    func run() async throws {
        let session = try Session(options)
        let kept = try await session.promotions.set(PatchSetID(set))
        let notes = try await session.promotions.notes(on: PatchSetID(set))
        for doubt in try await session.promotions.doubts(on: kept.set) { session.note(doubt.printable) }
        if options.output == .json {
            return try session.printJSON(Answer(set: kept.set, digest: kept.digest, notes: notes))
        }
        for line in PatchSetView.lines(kept) + notes.map(PatchSetView.line) { session.print(line) }
    }
}

/// A patch set as a person reads it.
enum PatchSetView {
    private static let packages = 40

    static func lines(_ kept: PromotionService.Kept) -> [String] {
        let set = kept.set
        var lines = [
            "\(set.id): \(set.title)", "digest \(kept.digest)",
            "made by \(set.madeBy) at \(set.madeAt) from "
                + set.plans.map(\.id).joined(separator: ", "),
        ]
        for part in set.platforms {
            lines.append("\(part.platform):")
            lines += part.packages.prefix(packages).map { "  \($0.name) \($0.version) (\($0.architecture))" }
            if part.packages.count > packages { lines.append("  … and \(part.packages.count - packages) more") }
        }
        if !set.advisories.isEmpty {
            lines.append("closes \(PlanView.list(set.advisories.map(\.rawValue), limit: 8))")
        }
        if !set.exploited.isEmpty {
            lines.append("actively exploited: \(PlanView.list(set.exploited.map(\.rawValue), limit: 8))")
        }
        return lines.map(\.printable)
    }

    static func line(_ note: PatchSetNote) -> String {
        let what =
            switch note.kind {
            case .vendor, .provider, .tests:
                "\(note.kind.rawValue): \(note.passes ? "passes" : "refused")"
                    + (note.answers.map { " (answers \($0))" } ?? "")
            case .regression: "regression"
            case .resolved: "resolves \(note.resolves ?? "")"
            case .asked: "asked" + (note.request.map { ", until \($0.dueBy)" } ?? "")
            }
        let stage = note.stage.map { " in \($0)" } ?? ""
        return "\(note.id): \(what)\(stage), by \(note.by) at \(note.at): \(note.text)".printable
    }
}
