import FettleModel
import Foundation
import Testing

@testable import FettleFeedSync

/// The sources as they are declared, against a server that is laid out as their publishers' are. Their real addresses were not asked.
@Suite("Sources against their publishers' layouts")
struct LayoutTests {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    /// A source whose publisher is this server: `https://a.example/b` is at `/a.example/b`.
    private func moved(_ id: FeedSourceID, to server: ScriptedServer) throws -> FeedSource {
        var source = try #require(FeedSources.source(id))
        func here(_ text: String) -> String { server.address + "/" + text.replacing("https://", with: "") }
        for place in source.files.indices {
            source.files[place].address =
                switch source.files[place].address {
                case .fixed(let address): .fixed(here(address))
                case .named(let address): .named(in: here(address))
                }
        }
        return source
    }

    private func serve(_ files: [String: [UInt8]]) async throws -> ScriptedServer {
        try await ScriptedServer { request in files[request.target].map { .file($0) } ?? .status("404 Not Found") }
    }

    @Test(
        "Each is one file at its publisher's address",
        arguments: [
            ("osv-debian", "/osv-vulnerabilities.storage.googleapis.com/Debian/all.zip"),
            ("osv-alpine", "/osv-vulnerabilities.storage.googleapis.com/Alpine/all.zip"),
            ("osv-suse", "/osv-vulnerabilities.storage.googleapis.com/SUSE/all.zip"),
            ("osv-opensuse", "/osv-vulnerabilities.storage.googleapis.com/openSUSE/all.zip"),
            ("debian-oval-bookworm", "/www.debian.org/security/oval/oval-definitions-bookworm.xml.bz2"),
            ("suse-csaf", "/ftp.suse.com/pub/projects/security/csaf.tar.bz2"),
            ("suse-csaf-vex", "/ftp.suse.com/pub/projects/security/csaf-vex.tar.bz2"),
            ("ubuntu-vex", "/security-metadata.canonical.com/vex/vex-all.tar.xz"),
            ("ubuntu-osv", "/security-metadata.canonical.com/osv/osv-all.tar.xz"),
            ("ubuntu-usn-oval-noble", "/security-metadata.canonical.com/oval/com.ubuntu.noble.usn.oval.xml.bz2"),
        ])
    func single(id: String, path: String) async throws {
        let body = randomBytes(3_000, seed: 7)
        let server = try await serve([path: body])
        let source = try moved(FeedSourceID(id), to: server)
        let result = try await FeedSync(folder).run([source])
        #expect(result.updated == [source.id])
        #expect(server.requests.map(\.target) == [path])
        #expect(try FeedSync(folder).bytes(of: source.id) == body)
        await server.stop()
    }

    private static let redHat = "/security.access.redhat.com/data/csaf/v2"

    /// What Red Hat's folder has: the archive by its day, its checksum and signature, and the lists.
    private func redHatFiles(_ part: String, _ archive: String, body: [UInt8]) -> [String: [UInt8]] {
        let folder = "\(Self.redHat)/\(part)"
        return [
            "\(folder)/archive_latest.txt": Array("\(archive)\n".utf8), "\(folder)/\(archive)": body,
            "\(folder)/\(archive).sha256": Array("\(StreamingDigest.sha256(body))  \(archive)\n".utf8),
            "\(folder)/changes.csv": [], "\(folder)/deletions.csv": Array("\"2024/a.json\",\"2024-01-01\"\n".utf8),
        ]
    }

    @Test(
        "Red Hat's archive comes with its checksum, and with the list of what was deleted",
        arguments: [
            ("redhat-csaf-vex", "vex", "csaf_vex_2026-11-19.tar.zst"),
            ("redhat-csaf-advisories", "advisories", "csaf_advisories_2026-11-19.tar.zst"),
        ])
    func redHatArchive(id: String, part: String, archive: String) async throws {
        let body = randomBytes(5_000, seed: 8)
        let files = redHatFiles(part, archive, body: body)
        let server = try await serve(files)
        let source = try moved(FeedSourceID(id), to: server)
        let feed = try #require(try await FeedSync(folder).run([source]).generation.manifest.feed(source.id))
        #expect(feed.files.map(\.name) == [source.files[0].name, "deletions.csv"])
        #expect(feed.files.map(\.verification.checksum) == [.verified, .notOffered])
        #expect(feed.files.map(\.verification.signature) == [.notChecked, .notOffered])
        await server.stop()
        // The publisher's own place without the list is not whole: what it took back would come back.
        var without = files
        without["\(Self.redHat)/\(part)/deletions.csv"] = nil
        let other = try await serve(without)
        let failed = await failure(of: FeedSync(folder), try moved(FeedSourceID(id), to: other))
        #expect(failed?.code == .notFound)
        await other.stop()
    }

    @Test("A mirror of before the list was asked for still serves; an exact address is the archive's")
    func mirrorWithoutTheList() async throws {
        let source = try #require(FeedSources.source("redhat-csaf-vex"))
        try folder.write("mirror/redhat-csaf-vex/csaf_vex.tar.zst", "archive")
        let mirror = FeedSettings(mirror: folder.path + "/mirror")
        let first = try await FeedSync(folder, settings: mirror).run([source]).generation.manifest
        #expect(first.feed(source.id)?.files.map(\.name) == ["csaf_vex.tar.zst"])
        try folder.write("mirror/redhat-csaf-vex/deletions.csv", "2024/a.json,2024-01-01\n")
        let second = try await FeedSync(folder, settings: mirror).run([source]).generation.manifest
        #expect(second.feed(source.id)?.files.map(\.name) == ["csaf_vex.tar.zst", "deletions.csv"])
        let path = folder.path + "/mirror/redhat-csaf-vex/csaf_vex.tar.zst"
        let exact = FeedSettings(sources: ["redhat-csaf-vex": .init(address: path)])
        let third = try await FeedSync(folder, settings: exact).run([source]).generation.manifest
        #expect(third.feed(source.id)?.files.map(\.name) == ["csaf_vex.tar.zst"])
    }

    @Test("What only some ask for is needed by no platform")
    func onDemand() {
        let platforms = [
            ("debian", "12", "bookworm"), ("ubuntu", "24.04", "noble"), ("alpine", "3.20", ""), ("rhel", "9.4", ""),
            ("sles", "15.5", ""), ("opensuse-leap", "15.6", ""),
        ].map { distribution, version, codename in
            Platform(
                distribution: distribution, version: version, codename: codename, prettyName: "", architecture: "amd64")
        }
        #expect(
            FeedSources.selection(platforms: platforms).sources.map(\.id).sorted() == [
                "alpine-secdb-3.20", "debian-tracker", "epss", "kev", "redhat-oval-9", "suse-oval-leap-15.6",
                "suse-oval-server-15", "ubuntu-oval-noble",
            ])
    }
}
