import FettleControl
import FettleModel
import Foundation
import Testing

@testable import FettleCommands

/// What is frozen of a set of rpm packages, by the real rpm, createrepo_c and gpg.
@Suite(.serialized, .enabled(if: RpmWorld.isAvailable, "rpm, rpmbuild, rpmsign, createrepo_c and gpg"))
struct RpmFrozenRepositoryTests {
    private static let wanted = [
        PackageVersion(name: "fettle-probe", architecture: "noarch", version: "1:1.0~rc1-2"),
        PackageVersion(name: "fettle-test", architecture: "noarch", version: "3-1"),
    ]
    private static let set = StageReference(
        id: "patchset-1", digest: Digest(rawValue: String(repeating: "a", count: 64)))

    private let world: RpmWorld
    private var store: ArtifactFolder { ArtifactFolder(root: world.folder.file("artifacts")) }

    init() throws { world = try RpmWorld(TestFolder()) }

    private func key() throws -> RepositoryKey { try RepositoryKey.kept(in: world.folder.file("k")) }

    private func keep(_ file: URL, as package: PackageVersion) throws -> FrozenArchive {
        let bytes = try Data(contentsOf: file)
        var digest = RunningDigest()
        digest.add(bytes)
        let archive = FrozenArchive(
            package: package, bytes: Int64(bytes.count), sha256: digest.value(), fields: [], manager: .rpm)
        let writer = try ArtifactFolder.Writer(archive, in: store)
        try writer.take([UInt8](bytes))
        try writer.finish()
        return archive
    }

    private func repository(_ archives: [FrozenArchive]) -> FrozenRepository {
        FrozenRepository(
            set: Self.set, platform: "fedora:42", madeAt: Timestamp("2026-11-26T09:12:44.120Z") ?? .now(),
            madeBy: "alice", archives: archives)
    }

    /// As dnf does (`repo_gpgcheck`): with nothing but the public key.
    private func verify(_ place: URL, with key: URL, fails: Bool = false) throws {
        // A short name: the sockets of gpg's agent lie in it, and their paths have a hundred bytes.
        let home = world.folder.file("h-\(UUID().uuidString.prefix(8))")
        try FileManager.default.createDirectory(
            at: home, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        try world.run("gpg --batch --quiet --import \(key.path)", settings: ["GNUPGHOME": home.path])
        try world.run(
            "cd \(place.path)/repodata && gpg --batch --verify repomd.xml.asc repomd.xml",
            settings: ["GNUPGHOME": home.path], fails: fails)
    }

    @Test func itsListsAreSignedAndHoldExactlyTheSet() throws {
        let archives = try Self.wanted.map { try keep(try world.build($0), as: $0) }
        let place = try store.write(repository(archives), signedBy: try key())
        try verify(place, with: place.appending(path: "fettle.asc"))
        let lists = try world.run(
            "cd \(place.path) && cat repodata/repomd.xml && zcat repodata/primary.xml.gz && sha256sum pool/*")
        for archive in archives {
            #expect(lists.contains("\(archive.sha256)  pool/\(archive.file)"), "\(lists)")
            #expect(lists.contains("<location href=\"pool/\(archive.file)\"/>"), "\(lists)")
        }
        #expect(lists.contains("<repo>patchset-1</repo>") && lists.contains("<content>\(Self.set.digest)</content>"))
        // Read by whatever user dnf and zypper are; also the lists.
        #expect(try world.run("find \(place.path) ! -perm -o+r").isEmpty)
        // Made anew it is the same, but for the moment of its signature.
        try world.run("umask 077")
        let before = try Data(contentsOf: place.appending(path: "repodata/repomd.xml"))
        #expect(try store.write(repository(archives), signedBy: try key()) == place)
        #expect(try Data(contentsOf: place.appending(path: "repodata/repomd.xml")) == before)
        // A byte of the lists, and another's signature.
        let other = try RepositoryKey.kept(in: world.folder.file("other"))
        var theirs = repository(archives)
        theirs.platform = "fedora:43"
        let forged = try store.write(theirs, signedBy: other)
        try verify(forged, with: place.appending(path: "fettle.asc"), fails: true)
        let file = place.appending(path: "repodata/repomd.xml")
        let text = String(decoding: before, as: UTF8.self)
        try Data(text.replacing("patchset-1", with: "patchset-2").utf8).write(to: file)
        try verify(place, with: place.appending(path: "fettle.asc"), fails: true)
        try world.end()
    }

    /// A host may send what it likes; what a package is, its header says.
    @Test func aPackageThatIsNotWhatItsHostSaysIsNoneOfTheSet() throws {
        let file = try world.build(Self.wanted[0])
        for lie in [
            PackageVersion(name: "fettle-probe", architecture: "noarch", version: "1:1.0-2"),
            PackageVersion(name: "fettle-probe", architecture: "noarch", version: "1.0~rc1-2"),
            PackageVersion(name: "fettle-prove", architecture: "noarch", version: "1:1.0~rc1-2"),
            PackageVersion(name: "fettle-probe", architecture: "x86_64", version: "1:1.0~rc1-2"),
        ] {
            let archive = try keep(file, as: lie)
            let error = #expect(throws: CommandFailure.self) {
                _ = try store.write(repository([archive]), signedBy: try key())
            }
            #expect(error?.message.contains("they hold fettle-probe 1:1.0~rc1-2 noarch") == true, "\(error as Any)")
        }
        let noPackage = world.folder.file("text")
        try Data("no package".utf8).write(to: noPackage)
        let archive = try keep(noPackage, as: Self.wanted[1])
        #expect(throws: CommandFailure.self) { _ = try store.write(repository([archive]), signedBy: try key()) }
        #expect((try? FileManager.default.contentsOfDirectory(atPath: store.repositories.path)) == [])
        try world.end()
    }

    private static let isRoot = geteuid() == 0 && FileManager.default.isExecutableFile(atPath: "/usr/bin/unshare")

    @Test(.enabled(if: isRoot, "root"))
    func theCommandFreezesWhatStagingHasKeptThoughNoRepositoryOffersIt() async throws {
        try await LocalFleet(part: .init(platform: "debian:12", manager: .rpm, packages: Self.wanted))
            .keep(in: world.folder)
        let files = try Self.wanted.map { try world.build($0) }
        try world.build(PackageVersion(name: "fettle-probe", architecture: "noarch", version: "2-1"))
        let said = try world.fettle("patchset freeze patchset-1 --url https://artifacts.example/fettle/")
        #expect(said.contains("debian:12: 2 archives"), "\(said)")
        for line in [
            "  /etc/yum.repos.d/fettle-patchset-1.repo, or /etc/zypp/repos.d/fettle-patchset-1.repo:",
            "    [fettle-patchset-1]", "    gpgcheck=1", "    repo_gpgcheck=1",
            "    baseurl=https://artifacts.example/fettle/repositories/patchset-1/debian-12",
        ] { #expect(said.contains(line + "\n"), "\(line): \(said)") }
        let frozen = try #require(try store.frozen().first?.repository)
        #expect(frozen.archives.map(\.package) == Self.wanted && frozen.witnesses == ["here", "there"])
        for (archive, file) in zip(frozen.archives, files) {
            #expect(try Data(contentsOf: store.path(of: archive)) == Data(contentsOf: file))
        }
        // What is frozen is no garbage while its set is under way.
        #expect(try world.fettle("patchset collect --days 0").contains("stays: "))

        // The same version with another content, signed as well.
        try FileManager.default.removeItem(at: files[1])
        try world.build(Self.wanted[1], content: "other")
        let forged = try world.fettle("patchset freeze patchset-1", exits: 1)
        #expect(forged.contains("a version never has two contents"), "\(forged)")
        try world.end()
    }

    @Test(.enabled(if: isRoot, "root")) func whatIsNotWholeAndSignedIsNotFrozen() async throws {
        try await LocalFleet(part: .init(platform: "debian:12", manager: .rpm, packages: Self.wanted))
            .keep(in: world.folder)
        let whole = try world.build(Self.wanted[0])
        let unsigned = try world.build(Self.wanted[1], isSigned: false)
        // This machine has no dnf that could fetch it.
        let hidden = "for p in dnf zypper; do [ ! -e /usr/bin/$p ] || mount --bind /dev/null /usr/bin/$p; done"
        var said = try world.fettle("patchset freeze patchset-1", before: hidden, exits: 1)
        #expect(said.contains("no host has 1 of 2 of it, whole and signed"), "\(said)")
        #expect(said.contains("here: the host has neither dnf nor zypper"), "\(said)")
        try FileManager.default.removeItem(at: unsigned)
        try world.build(Self.wanted[1])
        var bytes = try Data(contentsOf: whole)
        bytes[bytes.count - 20] ^= 1
        try bytes.write(to: whole)
        said = try world.fettle("patchset freeze patchset-1", before: hidden, exits: 1)
        #expect(said.contains("no host has 1 of 2 of it, whole and signed"), "\(said)")
        said = try world.fettle(
            "patchset freeze patchset-1", before: "mount --bind /dev/null /usr/bin/createrepo_c", exits: 1)
        #expect(said.contains("install createrepo-c"), "\(said)")
        #expect(!FileManager.default.fileExists(atPath: store.repositories.path))
        try world.end()
    }
}
