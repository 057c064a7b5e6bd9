import FettleInventory
import FettleModel
import Testing

@Suite("feeds.yaml is read")
struct FeedsFileTests {
    private let known = ["kev", "epss", "redhat-oval-9", "redhat-csaf-vex"]

    @Test("Everything that can be said")
    func everything() throws {
        let reading = try FeedsFile.parse(
            """
            version: 1
            mirror: https://mirror.example/feeds
            certificateAuthorities: /etc/fettle/ca.pem
            include: [redhat-csaf-vex]
            exclude: [epss]
            sources:
              kev: {mirror: /srv/kev, staleAfter: 2d}
              redhat-oval-9: {address: "file:///srv/rhel-9.oval.xml.bz2"}
              redhat-csaf-vex: {keyring: /etc/fettle/redhat.gpg}
            """, known: known)
        #expect(
            reading.settings
                == FeedSettings(
                    mirror: "https://mirror.example/feeds", certificateAuthorities: "/etc/fettle/ca.pem",
                    include: ["redhat-csaf-vex"], exclude: ["epss"],
                    sources: [
                        "kev": .init(mirror: "/srv/kev", staleAfterHours: 48),
                        "redhat-oval-9": .init(address: "file:///srv/rhel-9.oval.xml.bz2"),
                        "redhat-csaf-vex": .init(keyring: "/etc/fettle/redhat.gpg"),
                    ]))
        #expect(reading.warnings.isEmpty)
        #expect(try FeedsFile.parse("version: 1").settings == .none)
    }

    @Test(
        "What is wrong is told with its place and what would be right",
        arguments: [
            (
                "version: 1\nmiror: /srv",
                "feeds.yaml:2:1: unknown key 'miror' in the feeds file; did you mean 'mirror'?"
            ),
            ("version: 1\ninclude: [kve]", "feeds.yaml:2:11: unknown source 'kve'; did you mean 'kev'?"),
            ("version: 1\nsources: {kevv: {}}", "feeds.yaml:2:11: unknown source 'kevv'; did you mean 'kev'?"),
            (
                "version: 1\nsources: {kev: {adress: /a}}",
                "feeds.yaml:2:17: unknown key 'adress' in a source; did you mean 'address'?"
            ),
            (
                "version: 1\nmirror: srv/feeds",
                "feeds.yaml:2:9: mirror must be a whole path or an address, but it is 'srv/feeds'"
            ),
            ("version: 1\nmirror: ftp://a/b", "feeds.yaml:2:9: mirror has an address of the kind 'ftp'"),
            ("version: 1\nmirror: https:///b", "feeds.yaml:2:9: mirror is no address: 'https:///b'"),
            ("version: 1\nmirror: https://me:secret@a/b", "feeds.yaml:2:9: mirror holds a user name or a password"),
            (
                "version: 1\nsources: {kev: {mirror: /a, address: /b}}",
                "feeds.yaml:2:29: 'kev' has a mirror and an address"
            ),
            ("version: 1\nsources: {kev: {staleAfter: 5m}}", "feeds.yaml:2:29: staleAfter must be from 3600"),
            ("version: 1\ninclude: [kev]\nexclude: [kev]", "feeds.yaml:3:10: 'kev' is in include and in exclude"),
            ("version: 2", "feeds.yaml:1:10: the version 2 of the format is not known"),
            ("mirror: /a", "feeds.yaml:1:1: the feeds file has no 'version'"),
            ("", "feeds.yaml:1:1: the file is empty"),
            ("version: 1\nsources: [kev]", "feeds.yaml:2:10: sources must be a mapping, but it is a list"),
        ])
    func problems(text: String, problem: String) {
        let error = #expect(throws: InventoryErrors.self) { try FeedsFile.parse(text, known: known) }
        #expect(error?.problems.contains { $0.description.hasPrefix(problem) } == true, "\(error?.description ?? "")")
        #expect(error?.description.contains("secret") == false)
    }

    @Test("A mirror over plain http is allowed, and warned of")
    func unencrypted() throws {
        let reading = try FeedsFile.parse("version: 1\nmirror: http://mirror.example/feeds", known: known)
        #expect(reading.settings.mirror == "http://mirror.example/feeds")
        #expect(reading.warnings.count == 1)
        #expect(try FeedsFile.parse("version: 1\ninclude: [anything]").settings.include == ["anything"])
    }
}
