import FettleModel
import FettleSoftware
import Foundation
import Testing

@Suite("Lists that were cut off")
struct CutOffTests {
    /// As dpkg writes it: the last stanza too has an empty line behind it.
    private static let status = """
        Package: openssl
        Status: install ok installed
        Maintainer: Debian OpenSSL Team <x@example.org>
        Architecture: amd64
        Version: 3.0.9-1
        Description: toolkit
         for secrets

        Package: libnvidia
        Status: install ok installed
        Maintainer: Debian NVIDIA Maintainers <x@example.org>
        Architecture: amd64
        Source: nvidia (590-2.1~deb12u1)
        Version: 590-2.1~deb12u2
        Description: driver
        Homepage: https://example.org


        """

    private static let installed = """
        C:Q1EymS6rAgmGs7XYhqdyEoiWgEZ6A=
        P:liblzma
        V:2.4.6-r1
        A:x86_64
        o:xz
        F:usr/lib
        R:liblzma.so.5

        C:Q1FymS6rAgmGs7XYhqdyEoiWgEZ6A=
        P:musl
        V:1.2.4-r1
        A:x86_64
        o:musl


        """

    private typealias Sample = (format: SoftwareListFormat, name: String, text: String)

    /// What programs write, of formats whose grammar does not tell that a document is cut off.
    private static let samples: [Sample] =
        [(.dpkgStatus, "", status), (.apkDatabase, "", installed)]
        + Samples.all.filter { sample in
            [
                .spdxTagValue, .yarnLock, .pnpmLock, .goMod, .goSum, .gemfileLock, .gradleLock,
            ].contains(sample.format)
        }

    @Test(
        "A list that ends within a line names what it lost, and judges nothing by what is left of it",
        arguments: samples.indices)
    func everyCut(index: Int) throws {
        let sample = Self.samples[index]
        let whole = try read(sample.text, as: sample.format)
        var cuts = 0
        for length in 1..<sample.text.utf8.count {
            let text = String(decoding: sample.text.utf8.prefix(length), as: UTF8.self)
            // A heading that is cut off may refuse all.
            guard text.utf8.last != 0x0A, let list = try? read(text, as: sample.format) else { continue }
            cuts += 1
            try #require(!list.skipped.isEmpty, "cut off after \(length) bytes: \(list.entries)")
            // What go.mod replaces further on is told as missing.
            if sample.format == .goMod { continue }
            let foreign = list.packages.filter { !whole.packages.contains($0) }
            try #require(foreign.isEmpty, "cut off after \(length) bytes")
        }
        #expect(cuts > 20)
    }

    @Test("A version that lost its end is not judged, since the rest may be older or newer")
    func versions() throws {
        let place = try #require(Self.status.range(of: "~deb12u2"))
        let list = try read(String(Self.status[..<place.lowerBound]), as: .dpkgStatus)
        #expect(list.entries == ["openssl 3.0.9-1"])
        #expect(
            list.skipped == [
                "libnvidia: the file is cut off here: this entry is not judged, and what followed it is missing"
            ])
        let half = "C:Q1EymS6rAgmGs7XYhqdyEoiWgEZ6A=\nP:liblzma\nV:2"
        #expect(try read("P:zlib\nV:1.3-r0\n\n" + half, as: .apkDatabase).entries == ["zlib 1.3-r0"])
        #expect(try read("a-1-1.noarch\nb-1-1.noa", as: .rpmList).entries == ["a 1-1"])
        for cut in ["b\t1-1\tx86_6", "b\t1-1", "b\t1-1\tx86_64\tb-1-1.src", "b\t1-1\tx86_64\tb-1-1.src.rpm\tmodu"] {
            let list = try read("a-1-1.noarch\n" + cut, as: .rpmList)
            #expect(list.entries == ["a 1-1"] && list.skipped.count == 1, "\(cut)")
        }
    }

    @Test("What people made by hand is whole without an end of its last line")
    func byHand() throws {
        let stanza = "Package: a\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1-1"
        let lists: [(String, SoftwareListFormat, String)] = [
            (stanza, .dpkgStatus, "a 1-1"), ("P:a\nV:1.0-r0\nA:x86_64", .apkDatabase, "a 1.0-r0"),
            ("a-1-1.noarch", .rpmList, "a 1-1"), ("a-1-1.noarch\ngpg-pubkey-1-1", .rpmList, "a 1-1"),
            ("a\t1-1\tx86_64", .rpmList, "a 1-1"),
            ("a\t1-1\tx86_64\ta-1-1.src.rpm", .rpmList, "a 1-1"), ("a==1", .requirements, "a 1"),
        ]
        for (text, format, entry) in lists {
            let list = try read(text, as: format)
            #expect(list.entries == [entry] && list.skipped.isEmpty, "\(format): \(list.skipped)")
        }
    }

    @Test(
        "Where dpkg's or apk's own list ends within a line behind a whole entry, that entry counts, and the end is told"
    )
    func behindAWholeEntry() throws {
        let lists: [(String, SoftwareListFormat, [String])] = [
            (
                Self.status.trimmingCharacters(in: .newlines), .dpkgStatus,
                ["openssl 3.0.9-1", "libnvidia 590-2.1~deb12u2"]
            ),
            (
                Self.installed.replacing("o:musl", with: "o:musl\nF:l").trimmingCharacters(in: .newlines), .apkDatabase,
                ["liblzma 2.4.6-r1", "musl 1.2.4-r1"]
            ),
        ]
        for (text, format, entries) in lists {
            let list = try read(text, as: format)
            #expect(list.entries == entries && list.skipped.count == 1, "\(list)")
            #expect(list.skipped.first?.contains("ends within a line") == true)
        }
    }

    @Test("An entry of dpkg's or apk's own that ends between two lines too early is cut off, too")
    func betweenLines() throws {
        let description = try #require(Self.status.range(of: "Description: driver"))
        let list = try read(String(Self.status[..<description.lowerBound]), as: .dpkgStatus)
        #expect(list.entries == ["openssl 3.0.9-1"] && list.skipped.count == 1)
        let origin = try #require(Self.installed.range(of: "o:musl"))
        let apk = try read(String(Self.installed[..<origin.lowerBound]), as: .apkDatabase)
        #expect(apk.entries == ["liblzma 2.4.6-r1"] && apk.skipped.count == 1)
    }

    @Test("A list that was made by hand, or lost only the empty line at its end, is whole")
    func wholeWithoutEmptyLine() throws {
        let short = "Package: a\nStatus: install ok installed\nVersion: 1\n"
        for text in [Self.status, String(Self.status.dropLast()), Self.status + "\n", short, short + "\n"] {
            #expect(try read(text, as: .dpkgStatus).skipped.isEmpty)
        }
        for text in [Self.installed, String(Self.installed.dropLast()), "P:a\nV:1-r0\n"] {
            #expect(try read(text, as: .apkDatabase).skipped.isEmpty)
        }
        #expect(try read(Self.status.replacing("\n", with: "\r\n"), as: .dpkgStatus).skipped.isEmpty)
    }

    @Test("TOML without a last end of a line is told, since fields and packages may be missing behind it")
    func toml() throws {
        let text = "[[package]]\nname = \"a\"\nversion = \"1\"\nsource = \"registry+x\""
        let list = try read(text, as: .cargoLock)
        #expect(list.entries == ["a 1"] && list.skipped.count == 1)
        #expect(try read(text + "\n", as: .cargoLock).skipped.isEmpty)
    }
}
