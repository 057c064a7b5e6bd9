import ArgumentParser
import FettleControl
import FettleDriverKit
import FettleDrivers
import FettleModel
import Foundation

struct PatchSetFreeze: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "freeze",
        abstract:
            "Keep a patch set's archives as a signed repository, so that they can be had when the mirror has gone on.",
        discussion: """
            One host of each platform downloads them by its own apt, sources and keys; size and SHA-256 are those of its verified \
            lists. Printed are the lines for /etc/apt. Hosts still get exactly the set's versions, and nothing is \
            preferred over other sources. Signed by a key that is made once and kept in .fettle, or by one of your gpg's (--key). \
            For apt so far (docs/promotion.md).
            """)

    @OptionGroup var options: GlobalOptions
    @Argument(help: "The patch set, such as patchset-1.") var set: String
    @Option(name: .customLong("to"), help: "The artifact store's folder; beside fleet.yaml without it.")
    var folder: String?
    @Option(help: "A secret key of your gpg that signs instead.") var key: String?
    @Option(help: "Where hosts reach the artifact store: https://… or file:///…; its folder without it.")
    var url: String?

    struct Answer: Encodable {
        var platform: String
        var folder: String
        var archives: Int
        var bytes: Int64
        /// For /etc/apt/sources.list.d.
        var source: String
    }

    func validate() throws {
        guard let url else { return }
        guard url.wholeMatch(of: #/(https?|file):\/\/[A-Za-z0-9.\-_~:\/\[\]%]+/#) != nil else {
            throw ValidationError(
                "--url takes an address such as https://artifacts.example/fettle, not '\(url.printable)'")
        }
    }

    func run() async throws {
        let session = try Session(options)
        let store = ArtifactFolder(root: Self.root(folder, session))
        let (kept, sources) = try await session.promotions.freezeSources(
            of: PatchSetID(set), fleet: session.fleet, by: session.person)
        let signing =
            if let key { try RepositoryKey.own(key) } else {
                try RepositoryKey.kept(in: session.directory.appending(path: ".fettle/repository-key"))
            }
        let reader = ArchiveReader(channels: session.connections)
        var made: [FrozenRepository] = []
        // All platforms first: half a set is none.
        for source in sources {
            let archives = try await collect(source, by: reader, into: store, session)
            made.append(
                FrozenRepository(
                    set: StageReference(id: kept.set.id.rawValue, digest: kept.digest), platform: source.part.platform,
                    madeAt: .now(), madeBy: session.person, archives: archives))
        }
        var answers: [Answer] = []
        for repository in made {
            let place = try store.write(repository, signedBy: signing)
            answers.append(answer(repository, at: place, in: store))
        }
        await session.close()
        if options.output == .json { return try session.printJSON(answers) }
        for answer in answers {
            session.print(
                "\(answer.platform): \(answer.archives) archives, \(ByteCount.text(Int(clamping: answer.bytes))), in "
                    + answer.folder.printable)
            session.print("  /etc/apt/sources.list.d/fettle-\(set).sources:".printable)
            for line in answer.source.split(separator: "\n") { session.print("    \(String(line).printable)") }
        }
    }

    static func root(_ folder: String?, _ session: Session) -> URL {
        guard let folder else { return session.directory.appending(path: "artifacts").standardizedFileURL }
        return URL(fileURLWithPath: folder).standardizedFileURL
    }

    private func answer(_ repository: FrozenRepository, at place: URL, in store: ArtifactFolder) -> Answer {
        let inside = "repositories/\(repository.set.id)/\(FrozenRepository.folder(of: repository.platform))"
        let address = url.map { $0.hasSuffix("/") ? $0 + inside : "\($0)/\(inside)" } ?? place.absoluteFileAddress
        return Answer(
            platform: repository.platform, folder: place.path, archives: repository.archives.count,
            bytes: repository.archives.reduce(0) { $0 + $1.bytes },
            source: """
                Types: deb
                URIs: \(address)
                Suites: ./
                Signed-By: \(url == nil ? place.appending(path: "fettle.asc").path : "/etc/apt/keyrings/fettle.asc")

                """)
    }

    /// By the first host that offers all of it.
    private func collect(
        _ source: PromotionService.FreezeSource, by reader: ArchiveReader, into store: ArtifactFolder,
        _ session: Session
    ) async throws -> [FrozenArchive] {
        var troubles: [String] = []
        for host in source.hosts.prefix(5) {
            let offers: [PackageVersion: ArchiveOffer]
            do throws(StepFailure) {
                offers = try await reader.offers(source.part.packages, at: host.address)
            } catch {
                troubles.append("\(host.id): \(error.message)")
                continue
            }
            let missing = source.part.packages.filter { offers[$0] == nil }
            guard missing.isEmpty else {
                let names = missing.prefix(5).map { "\($0.name) \($0.version)" }.joined(separator: ", ")
                let more = missing.count > 5 ? " and \(missing.count - 5) more" : ""
                troubles.append("\(host.id): its sources do not offer \(names)\(more)")
                continue
            }
            return try await fetch(source.part.packages.compactMap { offers[$0] }, from: host, by: reader, into: store)
        }
        throw CommandFailure(
            .failure,
            "\(set) cannot be frozen for \(source.part.platform):\n  "
                + session.secrets.masked(troubles.joined(separator: "\n  ")).printableLines
                + "\n  freeze a set when it is made; what no source offers any more cannot be had")
    }

    private func fetch(
        _ offers: [ArchiveOffer], from host: Resource, by reader: ArchiveReader, into store: ArtifactFolder
    ) async throws -> [FrozenArchive] {
        let archives = offers.map { offer in
            (
                offer,
                FrozenArchive(package: offer.package, bytes: offer.bytes, sha256: offer.sha256, fields: offer.fields)
            )
        }
        let missing = try archives.filter { try !store.holds($0.1) }
        let known = Dictionary(missing.map { ($0.0.package, $0.1) }) { first, _ in first }
        let writers = WriterHolder()
        defer { writers.current?.abandon() }
        do {
            try await reader.read(missing.map(\.0), at: host.address) { offer, piece in
                guard let archive = known[offer.package] else { return }
                let writer = try writers.current ?? ArtifactFolder.Writer(archive, in: store)
                writers.current = writer
                guard piece.isEmpty else { return try writer.take(piece) }
                try writer.finish()
                writers.current = nil
            }
        } catch let error as StepFailure {
            throw CommandFailure(
                .failure, "\(host.id): \(error.message)\n  nothing was frozen; the same command goes on where it was")
        }
        return archives.map(\.1)
    }

    private final class WriterHolder { var current: ArtifactFolder.Writer? }
}

extension URL {
    /// `file:///srv/a%20b`, without the end that says that it is a folder.
    fileprivate var absoluteFileAddress: String {
        let text = absoluteString
        return text.hasSuffix("/") ? String(text.dropLast()) : text
    }
}

extension String {
    /// Each line as a terminal may have it.
    fileprivate var printableLines: String {
        split(separator: "\n", omittingEmptySubsequences: false).map { String($0).printable }.joined(separator: "\n")
    }
}
