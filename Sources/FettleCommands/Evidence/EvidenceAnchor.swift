import ArgumentParser
import FettleControl
import FettleEvidence
import FettleModel
import Foundation

struct EvidenceAnchor: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "anchor", abstract: "Keep the log's head elsewhere, signed, to hold the log against it later.",
        discussion: """
            `--to file:PATH` adds a line to a file, such as on another machine's disk. `--to https://…` sends the line by POST, by the \
            system's curl. `--to s3://BUCKET/PREFIX` puts an object of its own into a store that speaks S3, by your `aws` command \
            and its configuration; nothing there is overwritten. An address that holds a secret belongs into FETTLE_ANCHOR: others \
            can see the words of a command. A log that does not hold is not anchored.
            """)

    @OptionGroup var options: GlobalOptions
    @OptionGroup var objects: ObjectStoreOptions
    @Option(name: .customLong("to"), help: "file:PATH, https://… or s3://BUCKET/PREFIX (or FETTLE_ANCHOR).")
    var destination: String?

    private struct Answer: Encodable {
        var sequence: Int
        var link: Digest
        var signer: Digest
        var line: String
        /// The head before the exports of evidence that came last, as it was kept too; nil: none came last.
        var beforeExports: String?
    }

    func run() async throws {
        let named = destination ?? ProcessInfo.processInfo.environment["FETTLE_ANCHOR"] ?? ""
        try objects.require([named])
        let place = try AnchorPlace(named, objects)
        let session = try Session(options)
        try await session.log.requireMayAnchor(by: session.person)
        let key = try await session.signingKey()
        let heads = try await session.log.signedHeads(key)
        for head in heads {
            let isNew = try place.keep(head)
            if isNew { try await session.log.anchored(head, at: place.word, by: session.person) }
            guard options.output != .json else { continue }
            let words = isNew ? "anchored" : "it was there already:"
            session.print("\(words) entry \(head.sequence), link \(head.link.short)…")
        }
        if options.output == .json, let head = heads.last {
            try session.printJSON(
                Answer(
                    sequence: head.sequence, link: head.link, signer: head.signer, line: head.line,
                    beforeExports: heads.count > 1 ? heads.first?.line : nil))
        }
    }
}

/// Where heads are kept.
enum AnchorPlace {
    case file(String)
    case web(WebAnchor)
    case objects(ObjectStore)

    /// - Parameter name: how the place was named, for errors: what it is named by may hold a secret.
    init(_ text: String, _ options: ObjectStoreOptions = ObjectStoreOptions(), named name: String = "--to") throws {
        if ObjectPlace.isOne(text) {
            self = .objects(ObjectStore(place: try ObjectPlace(text, options)))
            return
        }
        if text.hasPrefix("file:"), text.utf8.count > 5 {
            self = .file(String(text.dropFirst(5)))
            return
        }
        guard text.hasPrefix("https://"), let web = try? WebAnchor(text) else {
            // Not quoted: it may hold a secret.
            throw CommandFailure(
                .usage,
                "\(name) takes file:PATH, s3://BUCKET/PREFIX, or https://… without a user name\n  such as file:/mnt/elsewhere/heads"
            )
        }
        self = .web(web)
    }

    /// For the log, which no address goes into.
    var word: String {
        switch self {
        case .file: "file"
        case .web: "https"
        case .objects: "s3"
        }
    }

    /// - Returns: whether it was not there before, as far as that place tells.
    func keep(_ head: SignedHead) throws -> Bool {
        switch self {
        case .file(let path): try Self.append(head.line, to: path)
        case .web(let web): try web.send(head.line)
        case .objects(let store): return try store.keep(head)
        }
        return true
    }

    func heads(trusting keys: [VerifyingKey]) throws -> [SignedHead] {
        switch self {
        case .file(let path): try EvidenceFile.heads([path], trusting: keys)
        case .web(let web): try web.heads(trusting: keys)
        case .objects(let store): try store.heads(trusting: keys)
        }
    }

    private static func append(_ line: String, to path: String) throws {
        func trouble() -> CommandFailure {
            let reason = String(cString: strerror(errno))
            return CommandFailure(
                .failure, "the head cannot be written to \(path.printable): \(reason)\n  --to names another place")
        }
        let file = open(path, O_CREAT | O_WRONLY | O_APPEND | O_CLOEXEC | O_NONBLOCK, 0o644)
        guard file >= 0 else { throw trouble() }
        defer { close(file) }
        guard Output.write(Array("\(line)\n".utf8), to: file), fsync(file) == 0 else { throw trouble() }
    }
}
