import ArgumentParser
import FettleControl
import FettleEvidence
import FettleImages
import FettleModel
import Foundation

struct ImageAdd: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "add", abstract: "Put a patched image into the catalogue, once it is verified.",
        discussion:
            "Signed by this folder's key, or by one that --key names. What it was made from is its parent, if that is in the catalogue. Where users are kept, what another key than that of the store's own folder has signed is added by an admin."
    )

    @OptionGroup var options: GlobalOptions
    @Argument(help: "The image, as `fettle image patch` wrote it.") var image: String
    @Option(help: "What its versions have in common, such as web-base.") var name: String
    @Option(help: "A public key that you trust, as a file; this machine's own otherwise.") var key: [String] = []
    @Option(
        help: "The kernel that belongs to it, for machines that boot one from outside of their disk; with --initrd.")
    var kernel: String?
    @Option(help: "The first RAM disk that belongs to it; with --kernel.") var initrd: String?

    func validate() throws {
        guard (kernel == nil) == (initrd == nil) else {
            throw ValidationError("--kernel and --initrd belong together: give both or none")
        }
        guard GlobalOptions.isName(name) else {
            throw ValidationError("--name takes letters, digits, '.', '-', '_' and '@', up to 64 of them")
        }
    }

    func run() async throws {
        let session = try Session(options)
        var keys = try EvidenceFile.keys(key)
        let own = try KeyFile(directory: session.directory).load()?.verifying
        if keys.isEmpty, let own { keys = [own] }
        let (provenance, signer) = try await ImageVerify.verified(image, trusting: keys)
        let draft = ImageRecord(
            id: "", name: name, path: URL(fileURLWithPath: image).standardizedFileURL.path,
            digest: provenance.image.digest, source: provenance.source.digest, parent: nil, bill: provenance.billAfter,
            signer: signer, platform: provenance.platform, packages: provenance.packages, changes: provenance.changes,
            isBootTested: provenance.bootTest?.passes ?? false,
            kernel: try kernel.map { try ImagePart.digest(of: $0) },
            initrd: try initrd.map { try ImagePart.digest(of: $0) }, addedBy: session.person, addedAt: .now())
        let record = try await session.images.add(
            draft, by: session.person, signedByOwn: session.isOfItsFolder ? own?.name : nil)
        if options.output == .json { return try session.printJSON(record) }
        session.print("\(record.id): \(record.name), made from \(record.parent?.rawValue ?? "what is in no catalogue")")
        session.next("fettle image promote \(record.id) --to STAGE")
    }
}

struct ImageList: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "The catalogue of images, newest first.")

    @OptionGroup var options: GlobalOptions
    @Flag(help: "Also those that are collected.") var all = false

    func run() async throws {
        let session = try Session(options)
        let images = try await session.images.images().filter { all || !$0.isCollected }
        if options.output == .json { return try session.printJSON(images) }
        var table = Table([
            .init(title: "IMAGE"), .init(title: "NAME"), .init(title: "ADDED AT"), .init(title: "FROM"),
            .init(title: "PLATFORM"), .init(title: "STATE"), .init(title: "PATH", shrinks: 1),
        ])
        for image in images {
            let record = image.record
            table.add(
                .init(record.id.rawValue, .bold), .init(record.name), .init(record.addedAt.description),
                .init(record.parent?.rawValue ?? ""), .init(record.platform ?? ""), .init(ImageView.state(image)),
                .init(record.path))
        }
        session.print(table)
    }
}

struct ImageShow: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "An image of the catalogue: what changed, its lineage, and what was done with it.")

    @OptionGroup var options: GlobalOptions
    @Argument(help: "The image, such as image-1.") var image: String

    private struct Answer: Encodable {
        var image: ImageStanding
        /// From its parent on.
        var lineage: [ImageID]
    }

    func run() async throws {
        let session = try Session(options)
        let standing = try await session.images.image(ImageID(image))
        let lineage = try await Self.lineage(of: standing.record, in: session)
        if options.output == .json { return try session.printJSON(Answer(image: standing, lineage: lineage)) }
        let record = standing.record
        session.print("\(record.id): \(record.name), \(ImageView.state(standing))")
        session.print("\(record.path.printable), SHA-256 \(record.digest)")
        session.print("lineage: \(([record.id] + lineage).map(\.rawValue).joined(separator: " <- "))")
        session.print("added by \(record.addedBy) at \(record.addedAt), signed by \(record.signer.short)…")
        for line in ImageView.changes(record.changes) + standing.notes.map(ImageView.line) { session.print(line) }
    }

    /// From its parent on. The catalogue makes no circles; what somebody has altered in it must not be followed for ever.
    private static func lineage(of record: ImageRecord, in session: Session) async throws -> [ImageID] {
        var (lineage, next) = ([ImageID](), record.parent)
        while let parent = next, !lineage.contains(parent) {
            lineage.append(parent)
            next = try await session.images.image(parent).record.parent
        }
        return lineage
    }
}
