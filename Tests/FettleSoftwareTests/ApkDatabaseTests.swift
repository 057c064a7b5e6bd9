import FettleModel
import FettleSoftware
import Testing

@Suite("apk's database")
struct ApkDatabaseTests {
    static let installed = """
        C:Q1EymS6rAgmGs7XYhqdyEoiWgEZ6A=
        P:libcrypto3
        V:3.1.4-r0
        A:x86_64
        S:1
        o:openssl
        F:lib
        R:libcrypto.so.3
        a:0:0:755
        Z:Q1xxx=

        C:Q1FymS6rAgmGs7XYhqdyEoiWgEZ6A=
        P:musl
        V:1.2.4-r1
        A:x86_64

        C:Q1GymS6rAgmGs7XYhqdyEoiWgEZ6A=
        P:half

        C:Q1HymS6rAgmGs7XYhqdyEoiWgEZ6A=
        V:1-r0


        """

    @Test("A package has its origin, or itself, as the source")
    func origins() throws {
        let list = try read(Self.installed)
        #expect(list.entries == ["libcrypto3 3.1.4-r0", "musl 1.2.4-r1"])
        #expect(list.packages.map(\.source) == ["openssl", "musl"])
        #expect(list.packages.allSatisfy { $0.origin == .system(.apk) && $0.architecture == "x86_64" })
    }

    @Test("A version that apk does not have is skipped by name, as dpkg's are")
    func malformedVersion() throws {
        let list = try read("P:musl\nV:foo\n\nP:zlib\nV:1.3-r0\n\n", as: .apkDatabase)
        #expect(list.entries == ["zlib 1.3-r0"])
        #expect(list.skipped == ["musl: \"foo\" is no version of apk's"])
    }

    @Test("Entries without a name or a version are skipped by name")
    func malformed() throws {
        #expect(
            try read(Self.installed).skipped == [
                "half: it has no version", "the stanza up to line 22: it has no name (P:)",
            ])
    }
}
