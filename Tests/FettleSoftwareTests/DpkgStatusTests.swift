import FettleModel
import FettleSoftware
import FettleTestSupport
import Foundation
import Testing

@Suite("dpkg's status")
struct DpkgStatusTests {
    static let status = """
        Package: libssl3
        Status: install ok installed
        Priority: optional
        Architecture: amd64
        Multi-Arch: same
        Source: openssl (3.0.11-1~deb12u2)
        Version: 3.0.11-1~deb12u2+b1
        Description: Secure Sockets Layer toolkit
         Package: not-a-field
         Version: 9
        Conffiles:
         /etc/x 0123

        Package: bash
        Status: hold ok installed
        Architecture: amd64
        Version: 5.2.15-2+b2

        Package: removed
        Status: deinstall ok config-files
        Architecture: amd64
        Version: 1.0

        Package: broken
        Status: install ok half-configured
        Architecture: all
        Source: breaks
        Version: 2.0
        Config-Version: 1.0

        """

    @Test("A binary package has the source's name and version, and without a Source its own")
    func sources() throws {
        let list = try read(Self.status)
        let ssl = try #require(list.package("libssl3"))
        #expect(ssl.origin == .system(.dpkg))
        #expect(ssl.architecture == "amd64")
        #expect(ssl.version == "3.0.11-1~deb12u2+b1")
        #expect(ssl.source == "openssl")
        #expect(ssl.sourceVersion == "3.0.11-1~deb12u2")
        let bash = try #require(list.package("bash"))
        #expect(bash.source == "bash")
        #expect(bash.sourceVersion == "5.2.15-2+b2")
        let broken = try #require(list.package("broken"))
        #expect(broken.source == "breaks")
        #expect(broken.sourceVersion == "2.0")
        #expect(list.platform == nil)
        #expect(list.skipped.isEmpty)
    }

    @Test("A stanza without a Version is named with what it lacks")
    func withoutVersion() throws {
        let list = try read("Package: bash\nStatus: install ok installed\nArchitecture: amd64\n\n" + Self.status)
        #expect(list.skipped == ["bash: it has no Version"])
        #expect(
            try read("Package: bash\nVersion: a b\n\n" + Self.status).skipped == ["bash: \"a b\" is no Debian version"])
    }

    @Test("What is on the disk counts, whatever is wished for it; what only left its settings doesn't")
    func states() throws {
        #expect(try read(Self.status).entries == ["libssl3 3.0.11-1~deb12u2+b1", "bash 5.2.15-2+b2", "broken 2.0"])
        func counted(_ status: String) throws -> Int {
            try read("Package: a\nStatus: \(status)\nVersion: 1\n").packages.count
        }
        for state in [
            "installed", "unpacked", "half-installed", "half-configured", "triggers-awaited", "triggers-pending",
        ] {
            #expect(try counted("install reinstreq \(state)") == 1)
            #expect(try counted("deinstall ok \(state)") == 1)
        }
        #expect(try counted("purge ok not-installed") == 0)
        #expect(try counted("deinstall ok config-files") == 0)
    }

    @Test("Several files in a row are read as one, with or without an empty line between them, each package once")
    func concatenation() throws {
        let one = "Package: a\nStatus: install ok installed\nVersion: 1\n"
        let two = "Package: b\nStatus: install ok installed\nVersion: 2\n"
        #expect(try read(one + two + one).entries == ["a 1", "b 2"])
        #expect(try read(one + "\n" + two).entries == ["a 1", "b 2"])
        #expect(try read((one + "\n\n" + two).replacing("\n", with: "\r\n")).entries == ["a 1", "b 2"])
    }

    @Test("A stanza without a Status is installed, as in distroless images; an archive's index is refused")
    func distroless() throws {
        #expect(try read("Package: libc6\nVersion: 2.36-9\nArchitecture: amd64\n").entries == ["libc6 2.36-9"])
        #expect(throws: SoftwareListError.self) {
            try read("Package: libc6\nVersion: 2.36-9\nFilename: pool/main/libc6.deb\n")
        }
    }

    @Test("Malformed stanzas are skipped by name, and the others are kept")
    func malformed() throws {
        let list = try read(
            """
            Package: no-version
            Status: install ok installed

            Package: bad version
            Status: install ok installed
            Version: not/a/version

            Package: odd
            Status: install ok sideways
            Version: 1

            Status: install ok installed
            Version: 1

            Package: odd-source
            Status: install ok installed
            Source: a (
            Version: 1

            Package: good
            Status: install ok installed
            Version: 1

            """)
        #expect(list.entries == ["odd-source 1", "good 1"])
        #expect(list.skipped.count == 5)
        #expect(list.skipped[0].hasPrefix("no-version: "))
        #expect(list.skipped[2].contains("sideways"))
        #expect(list.skipped[4].hasPrefix("odd-source: "))
    }

    @Test("This machine's status reads as dpkg-query tells it", .enabled(if: Self.hasDpkg, "no dpkg-query here"))
    func agreesWithDpkgQuery() throws {
        let format =
            "${Package}\t${Architecture}\t${Version}\t${source:Package}\t${source:Version}\t${db:Status-Status}\n"
        let printed = try #require(output(of: "/usr/bin/dpkg-query", ["-W", "-f", format]))
        let expected = printed.split(separator: 0x0A).map { String(decoding: $0, as: UTF8.self) }
            .filter { !$0.hasSuffix("\tnot-installed") && !$0.hasSuffix("\tconfig-files") }
            .map { $0.split(separator: "\t").dropLast().joined(separator: "\t") }
        let bytes = try Data(contentsOf: URL(fileURLWithPath: "/var/lib/dpkg/status"))
        let list = try SoftwareListReader.read(bytes, name: "status")
        let actual = list.packages.map {
            "\($0.name)\t\($0.architecture)\t\($0.version)\t\($0.source)\t\($0.sourceVersion)"
        }
        #expect(Set(actual) == Set(expected))
        #expect(actual.count == expected.count && !actual.isEmpty)
        #expect(list.skipped.isEmpty)
    }

    static let hasDpkg =
        FileManager.default.isExecutableFile(atPath: "/usr/bin/dpkg-query")
        && FileManager.default.isReadableFile(atPath: "/var/lib/dpkg/status")

    @Test(
        "A Debian 12 host's status has each package that its findings name",
        .enabled(if: Self.hasHost, "no shared data, or no zstd, here"))
    func host() throws {
        let status = try #require(PublishedData.file("debian12/host-12.0.dpkg-status.zst"))
        let findings = try #require(PublishedData.file("debian12/host-12.0.expected.tsv.zst"))
        let bytes = try #require(output(of: "/usr/bin/zstd", ["-dc", status.path]))
        let expected = try #require(output(of: "/usr/bin/zstd", ["-dc", findings.path]))
        let list = try SoftwareListReader.read(bytes, name: "status")
        let actual = Set(list.packages.map { [$0.name, $0.architecture, $0.source, $0.sourceVersion] })
        var wanted: Set<[String]> = []
        for line in expected.split(separator: 0x0A) where line.first != UInt8(ascii: "#") {
            let columns = String(decoding: line, as: UTF8.self).split(separator: "\t").map(String.init)
            if columns.count >= 4, columns[0] != "binary" { wanted.insert(Array(columns.prefix(4))) }
        }
        #expect(list.skipped.isEmpty)
        #expect(!wanted.isEmpty)
        #expect(wanted.subtracting(actual).isEmpty)
    }

    static let hasHost =
        PublishedData.has("debian12/host-12.0.dpkg-status.zst")
        && FileManager.default.isExecutableFile(atPath: "/usr/bin/zstd")
}
