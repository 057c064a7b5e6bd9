import FettleControl
import FettleDrivers
import FettleModel
import Foundation
import Testing

@testable import FettleCommands

/// What is frozen of a set, by the real apt and the real gpg.
@Suite(.serialized, .enabled(if: AptWorld.isAvailable, "apt-get, dpkg-deb, apt-ftparchive and gpg"))
struct FrozenRepositoryTests {
    private let world: AptWorld
    private static let wanted = PackageVersion(name: "fettle-probe", architecture: "all", version: "1:1.0~x+b1")
    private static let set = StageReference(
        id: "patchset-1", digest: Digest(rawValue: String(repeating: "a", count: 64)))

    init() throws { world = AptWorld(folder: try TestFolder()) }

    private var store: ArtifactFolder { ArtifactFolder(root: world.folder.file("artifacts")) }

    private func key() throws -> RepositoryKey { try RepositoryKey.kept(in: world.folder.file("k")) }

    /// Read from the host `dev`, kept, and signed.
    private func freeze(signedBy key: RepositoryKey) async throws -> (place: URL, archive: FrozenArchive) {
        let channels = AptWorldChannels(configuration: world.folder.file("dev/apt.conf").path)
        let reader = ArchiveReader(channels: channels)
        let offers = try await reader.offers([Self.wanted], at: .local)
        let offer = try #require(offers[Self.wanted])
        let archive = FrozenArchive(
            package: offer.package, bytes: offer.bytes, sha256: offer.sha256, fields: offer.fields)
        var writer: ArtifactFolder.Writer?
        try await reader.read([offer], at: .local) { _, piece in
            let open = try writer ?? ArtifactFolder.Writer(archive, in: store)
            writer = open
            if piece.isEmpty { try open.finish() } else { try open.take(piece) }
        }
        await channels.inner.shutDown()
        let repository = FrozenRepository(
            set: Self.set, platform: "debian:12", madeAt: Timestamp("2026-11-26T09:12:44.120Z") ?? .now(),
            madeBy: "alice", archives: [archive])
        return (try store.write(repository, signedBy: key), archive)
    }

    private func install(on name: String) throws -> String {
        try world.apt("update", on: name)
        try world.apt("install fettle-probe=\(Self.wanted.version)", on: name)
        return try String(contentsOf: world.folder.file("\(name)/root/usr/share/fettle-probe/version"), encoding: .utf8)
    }

    private func source(_ place: URL) -> String {
        "Types: deb\nURIs: file://\(place.path)\nSuites: ./\nSigned-By: \(place.path)/fettle.asc\n"
    }

    @Test func aHostGetsThePinnedVersionThoughTheMirrorHasGoneOn() async throws {
        try world.publish("fettle-probe", Self.wanted.version)
        try world.host("dev", sources: AptWorld.trusted(world.mirror))
        try world.apt("update", on: "dev")
        let place = try await freeze(signedBy: try key()).place
        // In production the mirror has something newer, and the old version no more.
        try world.publish("fettle-probe", "1:2.0")
        try world.host("gone", sources: AptWorld.trusted(world.mirror))
        try world.apt("update", on: "gone")
        try world.apt("install fettle-probe=\(Self.wanted.version)", on: "gone", fails: true)
        try world.host("production", sources: AptWorld.trusted(world.mirror) + "\n" + source(place))
        #expect(try install(on: "production") == Self.wanted.version)
        // The same key signs the next one.
        let before = try Data(contentsOf: place.appending(path: "fettle.asc"))
        let again = try await withOld { try await freeze(signedBy: try key()).place }
        #expect(again == place)
        #expect(try Data(contentsOf: place.appending(path: "fettle.asc")) == before)
        #expect(try FileManager.default.contentsOfDirectory(atPath: store.repositories.path) == ["patchset-1"])
        #expect(try install(on: "production") == Self.wanted.version)
    }

    /// The mirror as it was.
    private func withOld<Value>(_ work: () async throws -> Value) async throws -> Value {
        try world.publish("fettle-probe", Self.wanted.version)
        try world.apt("update", on: "dev")
        return try await work()
    }

    @Test func whatWasAlteredIsNotTaken() async throws {
        try world.publish("fettle-probe", Self.wanted.version)
        try world.host("dev", sources: AptWorld.trusted(world.mirror))
        try world.apt("update", on: "dev")
        let (place, archive) = try await freeze(signedBy: try key())
        let pool = place.appending(path: "pool").appending(path: archive.file)
        let bytes = try Data(contentsOf: pool)
        var altered = bytes
        altered[altered.count / 2] ^= 1
        // In place, so that the archive's own name is altered as well.
        let file = try FileHandle(forWritingTo: pool)
        try file.write(contentsOf: altered)
        try file.close()
        try world.host("one", sources: source(place))
        try world.apt("update", on: "one")
        try world.apt("install fettle-probe=\(Self.wanted.version)", on: "one", fails: true)
        #expect(try !store.holds(archive))
        // Nothing more is made of it.
        #expect(throws: CommandFailure.self) {
            _ = try store.write(
                FrozenRepository(
                    set: Self.set, platform: "debian:13", madeAt: .now(), madeBy: "a", archives: [archive]),
                signedBy: try key())
        }
        // A line of Packages, then one of the signed file.
        for name in ["Packages", "InRelease"] {
            let file = place.appending(path: name)
            let before = try String(contentsOf: file, encoding: .utf8)
            try Data(
                before.replacing("fettle-probe", with: "fettle-prove").replacing("Origin: F", with: "Origin: f").utf8
            )
            .write(to: file)
            try world.host("two-\(name)", sources: source(place))
            try world.apt("update", on: "two-\(name)", fails: true)
            try world.apt("install fettle-probe=\(Self.wanted.version)", on: "two-\(name)", fails: true)
            try Data(before.utf8).write(to: file)
        }
        // Signed by somebody else: the host was told another key.
        let other = try RepositoryKey.kept(in: world.folder.file("other"))
        let theirs = try await freezeAnew(archive, bytes, by: other)
        try world.host(
            "three",
            sources: "Types: deb\nURIs: file://\(theirs.path)\nSuites: ./\nSigned-By: \(place.path)/fettle.asc\n")
        try world.apt("update", on: "three", fails: true)
    }

    private func freezeAnew(_ archive: FrozenArchive, _ bytes: Data, by key: RepositoryKey) async throws -> URL {
        let writer = try ArtifactFolder.Writer(archive, in: store)
        try writer.take([UInt8](bytes))
        try writer.finish()
        return try store.write(
            FrozenRepository(
                set: Self.set, platform: "debian:13", madeAt: .now(), madeBy: "mallory", archives: [archive]),
            signedBy: key)
    }

    /// The real program, whose own host, this machine, has the test's apt in a mount namespace of its own.
    ///
    /// - Returns: what it printed.
    private func fettle(_ line: String, exits: Int32 = 0) throws -> String {
        let script = """
            mkdir -p \(world.folder.file("conf").path) && cp "$0" \(world.folder.file("conf").path)/99test &&
            mount --bind \(world.folder.file("conf").path) /etc/apt/apt.conf.d && exec "$@"
            """
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/unshare")
        process.arguments =
            ["-m", "/bin/sh", "-c", script, world.folder.file("dev/apt.conf").path, try Program.path()]
            + line.split(separator: " ").map(String.init)
        process.currentDirectoryURL = world.folder.url
        process.environment = ProcessInfo.processInfo.environment.filter { !$0.key.hasPrefix("FETTLE_") }
        let output = Pipe()
        process.standardOutput = output
        process.standardError = output
        process.standardInput = FileHandle.nullDevice
        try process.run()
        let said = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        #expect(process.terminationStatus == exits, "\(line): \(process.terminationStatus)\n\(said)")
        return said
    }

    @Test(.enabled(if: geteuid() == 0 && FileManager.default.isExecutableFile(atPath: "/usr/bin/unshare"), "root"))
    func theCommandFreezesWhatAHostsSourcesOfferAndPrintsItsSource() async throws {
        let part = PatchSet.Part(platform: "debian:12", manager: .dpkg, packages: [Self.wanted])
        let before = try Self.leftOnTheHost()
        try await LocalFleet(part: part).keep(in: world.folder)
        try world.publish("fettle-probe", Self.wanted.version)
        try world.host("dev", sources: AptWorld.trusted(world.mirror))
        try world.apt("update", on: "dev")
        // Whatever a mirror without a signature says is not frozen unless somebody says so.
        #expect(try fettle("patchset freeze patchset-1", exits: 1).contains("nobody has signed"))
        let said = try fettle("patchset freeze patchset-1 --allow-unsigned")
        #expect(said.contains("debian:12: 1 archives"))
        // As it is printed it is taken.
        let lines = said.split(separator: "\n").filter { $0.hasPrefix("    ") }.map { $0.dropFirst(4) }
        #expect(lines.first == "Types: deb" && lines.count == 4, "\(said)")
        try world.publish("fettle-probe", "1:2.0")
        try world.apt("update", on: "dev")
        try world.host("production", sources: lines.joined(separator: "\n") + "\n")
        #expect(try install(on: "production") == Self.wanted.version)
        let modes = try FileManager.default.attributesOfItem(
            atPath: world.folder.file(".fettle/repository-key").path)
        #expect(modes[.posixPermissions] as? Int == 0o700)
        // The mirror has gone on: what is frozen stays as it was, and nothing new comes of it.
        let late = try fettle("patchset freeze patchset-1 --allow-unsigned", exits: 1)
        #expect(late.contains("its sources do not offer fettle-probe \(Self.wanted.version)"), "\(late)")
        #expect(try install(on: "production") == Self.wanted.version)
        // The same version with another content.
        try world.publish("fettle-probe", Self.wanted.version, content: "evil")
        try world.apt("update", on: "dev")
        let forged = try fettle("patchset freeze patchset-1 --allow-unsigned", exits: 1)
        #expect(forged.contains("a version never has two contents"), "\(forged)")
        #expect(try Self.leftOnTheHost().subtracting(before) == [], "what was read is not left on the host")
    }

    /// The folders that a freeze reads into. An earlier test that was killed may have left some.
    private static func leftOnTheHost() throws -> Set<String> {
        Set(try FileManager.default.contentsOfDirectory(atPath: "/var/tmp").filter { $0.hasPrefix("fettle-freeze.") })
    }

    @Test func whoTakesUnsignedListsIsTold() async throws {
        try world.publish("fettle-probe", "1:2.0")
        let plain = "Types: deb\nURIs: file:\(world.mirror.path)\nSuites: ./\n"
        for (place, (source, isUnsigned)) in [
            (AptWorld.trusted(world.mirror), true), (plain + "trusted: 1\n", true),
            (plain + "Allow-Insecure: on\n", true),
            (plain, false), (plain + "# Trusted: yes\n", false), (plain + "Trusted: no\n", false),
        ].enumerated() {
            try world.host("h\(place)", sources: source)
            let channels = AptWorldChannels(configuration: world.folder.file("h\(place)/apt.conf").path)
            let told = try await ArchiveReader(channels: channels).unsigned(at: .local)
            #expect((told != nil) == isUnsigned, "\(source): \(told ?? "none")")
            await channels.inner.shutDown()
        }
        try world.host("old", sources: "")
        try world.folder.write("deb [arch=all trusted=yes] file:/x ./\n", to: "old/etc/apt/sources.list")
        try world.host("loose", sources: plain)
        let file = world.folder.file("loose/apt.conf")
        let text = try String(contentsOf: file, encoding: .utf8)
        try Data((text + "Acquire::AllowInsecureRepositories \"true\";\n").utf8).write(to: file)
        for name in ["old", "loose"] {
            let channels = AptWorldChannels(configuration: world.folder.file("\(name)/apt.conf").path)
            #expect(try await ArchiveReader(channels: channels).unsigned(at: .local) != nil, "\(name)")
            await channels.inner.shutDown()
        }
    }

    /// A host that sends one byte for each piece would keep us for ever.
    @Test func aPieceThatIsShortEndsIt() async throws {
        try world.publish("fettle-probe", Self.wanted.version)
        try world.host("dev", sources: AptWorld.trusted(world.mirror))
        try world.apt("update", on: "dev")
        let channels = AptWorldChannels(
            configuration: world.folder.file("dev/apt.conf").path, longestPiece: 1)
        let reader = ArchiveReader(channels: channels)
        let offer = try #require(try await reader.offers([Self.wanted], at: .local)[Self.wanted])
        let error = await #expect(throws: StepFailure.self) { try await reader.read([offer], at: .local) { _, _ in } }
        #expect(error?.message.contains("the host sent 1 of \(offer.bytes) bytes") == true, "\(error as Any)")
        await channels.inner.shutDown()
    }

    @Test func whatAnEarlierOneLeftOnAHostGoesWithTheNext() async throws {
        try world.publish("fettle-probe", Self.wanted.version)
        try world.host("dev", sources: AptWorld.trusted(world.mirror))
        try world.apt("update", on: "dev")
        let places = ["old", "new"].map {
            URL(fileURLWithPath: "/var/tmp/fettle-freeze.\($0)\(UUID().uuidString.prefix(5))")
        }
        for place in places {
            try FileManager.default.createDirectory(at: place, withIntermediateDirectories: false)
            try Data().write(to: place.appending(path: "archive"))
        }
        defer { for place in places { try? FileManager.default.removeItem(at: place) } }
        try FileManager.default.setAttributes(
            [.modificationDate: Date(timeIntervalSinceNow: -90_000)], ofItemAtPath: places[0].path)
        _ = try await freeze(signedBy: try key())
        #expect(places.map { FileManager.default.fileExists(atPath: $0.path) } == [false, true])
    }

    /// Other people's keys may bear the same address.
    @Test func aKeyIsNamedByOneFingerprint() throws {
        let home = world.folder.file("k")
        let mine = try key()
        #expect(mine.id.wholeMatch(of: /[0-9A-F]{40}/) != nil)
        try world.run(
            "gpg --batch --quiet --passphrase '' --quick-generate-key 'Somebody else' ed25519 sign never",
            settings: ["GNUPGHOME": home.path])
        #expect(throws: CommandFailure.self) { _ = try key() }
        try world.run("gpgconf --kill gpg-agent", settings: ["GNUPGHOME": home.path])
        let listing = """
            sec:u:255:22:AAAA:1:::u:::scESC:::+::ed25519:::0:
            fpr:::::::::\(String(repeating: "A", count: 40)):
            uid:u::::1::B::x <a@b>::::::::::0:
            ssb:u:255:18:BBBB:1::::::e:::+::cv25519::
            fpr:::::::::\(String(repeating: "B", count: 40)):
            sec:u:255:22:CCCC:1:::u:::scESC:::+::ed25519:::0:
            fpr:::::::::; rm -rf /:
            """
        #expect(RepositoryKey.fingerprints(in: listing) == [String(repeating: "A", count: 40)])
    }

    @Test func aKeyThatGpgCannotListIsNotReplaced() throws {
        let home = world.folder.file("k")
        _ = try key()
        // The public half is lost: gpg lists nothing.
        for name in try FileManager.default.contentsOfDirectory(atPath: home.path) where name.hasPrefix("pubring") {
            try FileManager.default.removeItem(at: home.appending(path: name))
        }
        #expect(throws: CommandFailure.self) { _ = try key() }
    }

    @Test func aRepositoryIsSwappedInOneMoment() throws {
        for name in ["one", "other"] { try world.folder.write(name, to: "\(name)/file") }
        let (one, other) = (world.folder.file("one"), world.folder.file("other"))
        #expect(AtomicExchange.exchange(one, other))
        #expect(try String(contentsOf: one.appending(path: "file"), encoding: .utf8) == "other")
        #expect(try String(contentsOf: other.appending(path: "file"), encoding: .utf8) == "one")
        #expect(!AtomicExchange.exchange(one, world.folder.file("nothing")))
    }

    @Test func whatIsNotAsTheListsSayIsNotKept() throws {
        let archive = FrozenArchive(
            package: Self.wanted, bytes: 4, sha256: Digest(rawValue: String(repeating: "0", count: 64)), fields: [])
        for pieces in [["abcd"], ["abc"], ["abcd", "e"], []] as [[String]] {
            let writer = try ArtifactFolder.Writer(archive, in: store)
            #expect(throws: CommandFailure.self) {
                for piece in pieces { try writer.take([UInt8](piece.utf8)) }
                try writer.finish()
            }
            writer.abandon()
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: store.root.appending(path: "archives").path) == [])
    }

    @Test func aVersionThatNoSourceOffersIsNotOffered() async throws {
        try world.publish("fettle-probe", "1:2.0")
        try world.host("dev", sources: AptWorld.trusted(world.mirror))
        try world.apt("update", on: "dev")
        let channels = AptWorldChannels(configuration: world.folder.file("dev/apt.conf").path)
        let reader = ArchiveReader(channels: channels)
        #expect(try await reader.offers([Self.wanted], at: .local) == [:])
        for name in ["-o=x", "a b", "a;b", "a\nb", "$(id)", ""] {
            await #expect(throws: StepFailure.self) {
                _ = try await reader.offers(
                    [PackageVersion(name: name, architecture: "all", version: "1")], at: .local)
            }
            await #expect(throws: StepFailure.self) {
                _ = try await reader.offers(
                    [PackageVersion(name: "good", architecture: "all", version: name)], at: .local)
            }
        }
        await channels.inner.shutDown()
    }

    /// Text of a host's lists that would speak in our place.
    @Test func theListsSayNothingOfWhereAnArchiveLies() {
        let archive = FrozenArchive(
            package: Self.wanted, bytes: 4, sha256: Digest(rawValue: String(repeating: "1", count: 64)),
            fields: ["Package: fettle-probe", "Filename: /etc/shadow", "SHA256: x", "size: 9", "", "Depends: a"])
        let repository = FrozenRepository(
            set: Self.set, platform: "debian:12", madeAt: Timestamp(milliseconds: 0), madeBy: "a", archives: [archive])
        let text = DebianRepositoryText(repository)
        #expect(
            text.packages == """
                Package: fettle-probe
                Depends: a
                Filename: ./pool/fettle-probe_1.0~x+b1_all.deb
                Size: 4
                SHA256: \(String(repeating: "1", count: 64))

                """)
        #expect(text.release.contains("Date: Thu, 01 Jan 1970 00:00:00 UTC\n"))
        #expect(FrozenRepository.folder(of: "../x y:1.2") == "-..-x-y-1.2")
    }
}
