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
            With apt one host of each platform downloads them by its own sources and keys; size and SHA-256 are those of verified lists. \
            All hosts that the set's stages have of it are asked: two have to say the same, one of them in the last stage, and nobody \
            otherwise. With dnf and zypper they are the signed files that staging has kept on any host of these; what none has is \
            fetched by one. It takes createrepo_c on this machine. Printed are the lines for the hosts. They still get exactly \
            the set's versions, and nothing is preferred over other sources. Signed by a key that is made once and kept in .fettle, or by \
            one of your gpg's (--key). More in docs/promotion.md.
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
        /// Of the file below, on a host.
        var file: String
        /// What that file says there.
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
        if sources.contains(where: { $0.part.manager == .rpm }) { _ = try RpmRepositoryLists.requireProgram() }
        var made: [FrozenRepository] = []
        // All platforms first: half a set is none.
        for source in sources {
            let agreed = try await agreed(on: source, session)
            let repository = FrozenRepository(
                set: StageReference(id: kept.set.id.rawValue, digest: kept.digest), platform: source.part.platform,
                madeAt: .now(), madeBy: session.person,
                archives: agreed.offers.map { $0.offer.archive(agreed.manager) }, witnesses: agreed.witnesses)
            try store.requireSame(repository)
            try await fetch(agreed, into: store)
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
            session.print("  \(answer.file):".printable)
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
        let isRpm = repository.manager == .rpm
        let (name, key) = ("fettle-\(repository.set.id)", place.appending(path: "fettle.asc"))
        return Answer(
            platform: repository.platform, folder: place.path, archives: repository.archives.count,
            bytes: repository.archives.reduce(0) { $0 + $1.bytes },
            file: isRpm
                ? "/etc/yum.repos.d/\(name).repo, or /etc/zypp/repos.d/\(name).repo"
                : "/etc/apt/sources.list.d/\(name).sources",
            source: isRpm
                ? RpmRepositoryText(repository).source(
                    at: address, key: url == nil ? key.absoluteFileAddress : "file:///etc/pki/rpm-gpg/fettle.asc")
                : """
                Types: deb
                URIs: \(address)
                Suites: ./
                Signed-By: \(url == nil ? key.path : "/etc/apt/keyrings/fettle.asc")

                """)
    }

    /// What hosts offer, and who has said so.
    struct Agreed {
        /// In the set's order, each with the host that sends it.
        var offers: [(host: Resource, offer: ArchiveOffer)]
        var witnesses: [ResourceID]
        var manager: PackageManager
        var sender: any ArchiveSending
    }

    private func agreed(on source: PromotionService.FreezeSource, _ session: Session) async throws -> Agreed {
        if source.part.manager == .rpm { return try await agreedOnFiles(of: source, session) }
        let reader = ArchiveReader(channels: session.connections)
        let (host, offers, witnesses) = try await agreed(source, by: reader, session)
        return Agreed(
            offers: offers.map { (host, $0) }, witnesses: witnesses, manager: source.part.manager, sender: reader)
    }

    /// Hosts that are asked at most, for each platform: by turns of the last stage and of the others.
    static let mostHosts = 200

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
            troubles.append("\(host.id): its sources do not offer \(Self.words(missing))")
        }
        if let first, witnesses.missing == nil { return (first.0, first.1, witnesses.complete) }
        throw refusal(source, [witnesses.missing].compactMap { $0 } + troubles.prefix(20), session)
    }

    func refusal(
        _ source: PromotionService.FreezeSource, _ told: [String], _ session: Session
    ) -> CommandFailure {
        CommandFailure(
            .failure,
            "\(set) cannot be frozen for \(source.part.platform):\n  "
                + session.secrets.masked(told.joined(separator: "\n  ")).printableLines
                + "\n  freeze a set when it is made; what no source offers any more cannot be had")
    }

    static func words(_ packages: [PackageVersion]) -> String {
        let names = packages.prefix(5).map { "\($0.name) \($0.version)" }.joined(separator: ", ")
        return packages.count > 5 ? "\(names) and \(packages.count - 5) more" : names
    }

    static func byTurns(_ source: PromotionService.FreezeSource) -> [Resource] {
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

    private func fetch(_ agreed: Agreed, into store: ArtifactFolder) async throws {
        let missing = try agreed.offers.filter { try !store.holds($0.offer.archive(agreed.manager)) }
        for (_, some) in Dictionary(grouping: missing, by: \.host.id).sorted(by: { $0.key < $1.key }) {
            try await fetch(some.map(\.offer), from: some[0].host, agreed, into: store)
        }
    }

    private func fetch(
        _ offers: [ArchiveOffer], from host: Resource, _ agreed: Agreed, into store: ArtifactFolder
    ) async throws {
        let writers = WriterHolder()
        defer { writers.current?.abandon() }
        do {
            try await agreed.sender.read(offers, at: host.address) { offer, piece in
                let writer =
                    try writers.current ?? ArtifactFolder.Writer(offer.archive(agreed.manager), in: store)
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
    fileprivate func archive(_ manager: PackageManager) -> FrozenArchive {
        FrozenArchive(
            package: package, bytes: bytes, sha256: sha256, fields: fields, manager: manager == .dpkg ? nil : manager)
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
