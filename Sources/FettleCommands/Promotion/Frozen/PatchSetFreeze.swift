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
            One host of each platform downloads them by its own apt, sources and keys; size and SHA-256 are those of verified lists. All \
            hosts that the set's stages have of it are asked: two have to say the same, one of them in the last stage, and nobody \
            otherwise. Printed are the lines for /etc/apt. Hosts still get exactly the set's versions, and nothing is \
            preferred over other sources. Signed by a key that is made once and kept in .fettle, or by one of your gpg's (--key). \
            For apt so far (docs/promotion.md).
            """)

    @OptionGroup var options: GlobalOptions
    @Argument(help: "The patch set, such as patchset-1.") var set: String
    @Option(name: .customLong("to"), help: "The artifact store's folder; beside fleet.yaml without it.")
    var folder: String?
    @Option(help: "A secret key of your gpg that signs instead.") var key: String?
    @Flag(help: "Also from hosts that take lists which nobody has signed.") var allowUnsigned = false
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
            of: PatchSetID(set), fleet: session.fleet, policy: session.policy, by: session.person)
        let signing =
            if let key { try RepositoryKey.own(key) } else {
                try RepositoryKey.kept(in: session.directory.appending(path: ".fettle/repository-key"))
            }
        let reader = ArchiveReader(channels: session.connections)
        var made: [FrozenRepository] = []
        // All platforms first: half a set is none.
        for source in sources {
            let (host, offers, witnesses) = try await agreed(source, by: reader, session)
            let repository = FrozenRepository(
                set: StageReference(id: kept.set.id.rawValue, digest: kept.digest), platform: source.part.platform,
                madeAt: .now(), madeBy: session.person, archives: offers.map(\.archive), witnesses: witnesses)
            try store.requireSame(repository)
            try await fetch(offers, from: host, by: reader, into: store)
            made.append(repository)
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

    /// Hosts that are asked at most, for each platform: by turns of the last stage and of the others.
    private static let mostHosts = 200

    /// - Returns: the first host that offers all of it, its offers, and all hosts that do and say the same.
    private func agreed(
        _ source: PromotionService.FreezeSource, by reader: ArchiveReader, _ session: Session
    ) async throws -> (host: Resource, offers: [ArchiveOffer], witnesses: [ResourceID]) {
        var troubles: [String] = []
        var witnesses = ArchiveWitnesses(source)
        var first: (Resource, [ArchiveOffer])?
        for host in Self.byTurns(source).prefix(Self.mostHosts) {
            let offers: [PackageVersion: ArchiveOffer]
            do throws(StepFailure) {
                if let unsigned = try await reader.unsigned(at: host.address), !allowUnsigned {
                    troubles.append("\(host.id): it takes lists that nobody has signed (\(unsigned)); --allow-unsigned")
                    continue
                }
                offers = try await reader.offers(source.part.packages, at: host.address)
            } catch {
                troubles.append("\(host.id): \(error.message)")
                continue
            }
            try witnesses.hear(
                offers.mapValues { .init(bytes: $0.bytes, sha256: $0.sha256, fields: $0.fields) }, from: host.id)
            let missing = source.part.packages.filter { offers[$0] == nil }
            if missing.isEmpty {
                if first == nil { first = (host, source.part.packages.compactMap { offers[$0] }) }
                continue
            }
            let names = missing.prefix(5).map { "\($0.name) \($0.version)" }.joined(separator: ", ")
            let more = missing.count > 5 ? " and \(missing.count - 5) more" : ""
            troubles.append("\(host.id): its sources do not offer \(names)\(more)")
        }
        if let first, witnesses.missing == nil { return (first.0, first.1, witnesses.complete) }
        let told = [witnesses.missing].compactMap { $0 } + troubles.prefix(20)
        throw CommandFailure(
            .failure,
            "\(set) cannot be frozen for \(source.part.platform):\n  "
                + session.secrets.masked(told.joined(separator: "\n  ")).printableLines
                + "\n  freeze a set when it is made; what no source offers any more cannot be had")
    }

    private static func byTurns(_ source: PromotionService.FreezeSource) -> [Resource] {
        let last = Set(source.last)
        var (ones, others) = (
            source.hosts.filter { last.contains($0.id) }[...], source.hosts.filter { !last.contains($0.id) }[...]
        )
        var turns: [Resource] = []
        while !ones.isEmpty || !others.isEmpty {
            if let one = others.popFirst() { turns.append(one) }
            if let one = ones.popFirst() { turns.append(one) }
        }
        return turns
    }

    private func fetch(
        _ offers: [ArchiveOffer], from host: Resource, by reader: ArchiveReader, into store: ArtifactFolder
    ) async throws {
        let missing = try offers.filter { try !store.holds($0.archive) }
        let writers = WriterHolder()
        defer { writers.current?.abandon() }
        do {
            try await reader.read(missing, at: host.address) { offer, piece in
                let writer = try writers.current ?? ArtifactFolder.Writer(offer.archive, in: store)
                writers.current = writer
                guard piece.isEmpty else { return try writer.take(piece) }
                try writer.finish()
                writers.current = nil
            }
        } catch let error as StepFailure {
            throw CommandFailure(
                .failure, "\(host.id): \(error.message)\n  nothing was frozen; the same command goes on where it was")
        }
    }

    private final class WriterHolder { var current: ArtifactFolder.Writer? }
}

extension ArchiveOffer {
    fileprivate var archive: FrozenArchive {
        FrozenArchive(package: package, bytes: bytes, sha256: sha256, fields: fields)
    }
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
