import FettleAssessment
import FettleModel
import Testing

@Suite struct ListJudgeTests {
    private static let time = Timestamp(milliseconds: 1_790_000_000_000)

    private static func resource(_ id: ResourceID, host: String = "", owner: String? = nil) -> Resource {
        Resource(id: id, address: .ssh(host), environment: "production", owner: owner)
    }

    private static func package(_ name: String, _ version: String, source: String? = nil) -> InstalledPackage {
        InstalledPackage(
            manager: .dpkg, name: name, architecture: "amd64", version: version, source: source ?? name,
            sourceVersion: version)
    }

    private static func host(_ id: ResourceID, _ packages: [InstalledPackage]) -> HostFacts {
        var facts = HostFacts.nothingObserved(of: id, at: time, reachability: .reachable, reason: "not asked")
        facts.packages = .observed(packages)
        facts.platform = .observed(
            Platform(
                distribution: "debian", version: "12", codename: "bookworm",
                prettyName: "Debian GNU/Linux 12 (bookworm)",
                architecture: "amd64"))
        facts.kernels = .observed(KernelFacts(running: "6.1.0-25-amd64", installed: []))
        return facts
    }

    private static let resources = [
        resource("web-1", host: "web-1.example.com", owner: "web"), resource("web-2", host: "10.0.0.2"),
        resource("db-1", host: "10.0.0.3"),
    ]

    private static let facts = FactSet(
        id: "facts-1", observedAt: time,
        hosts: [
            host(
                "web-1",
                [
                    package("libssl3", "3.0.22-1~deb12u1", source: "openssl"), package("nginx", "1.22.1-9+deb12u3"),
                    package("vim", "2:9.0.1378-2"), package("rc", "1.2~rc1"),
                ]),
            .nothingObserved(
                of: "web-2", at: time, reachability: .unreachable(reason: "no route"), reason: "no route"),
        ])

    private func compare(_ rows: [SystemList.Row]) -> ListComparison {
        ListJudge(Self.resources, facts: Self.facts).compare(SystemList(file: "team.csv", rows: rows))
    }

    private func verdict(
        _ subject: SystemList.Subject, _ value: String, of system: String = "web-1"
    ) -> ListComparison.Verdict? {
        compare([.init(system: system, line: 2, claims: [.init(subject, value)])]).lines.first?.verdict
    }

    @Test(
        arguments: [
            ("nginx", "1.22.1-9+deb12u3", .agrees), ("nginx", "1.22.1", .agrees), ("nginx", "1.22", .agrees),
            ("NGINX", "1", .agrees), ("nginx", "1.2", .listIsBehind), ("nginx", "1.22.1-9+deb12u4", .systemIsBehind),
            ("nginx", "1.22.1-9+deb12u2", .listIsBehind), ("nginx", "1.23", .systemIsBehind),
            // The epoch is what people leave out.
            ("vim", "9.0.1378-2", .agrees), ("vim", "2:9.0.1378-2", .agrees), ("vim", "9.0.1378", .agrees),
            ("vim", "9.1", .systemIsBehind), ("vim", "1:9.5", .listIsBehind),
            // A candidate of a release is not the release.
            ("rc", "1.2", .systemIsBehind),
            // A source's name stands for its packages.
            ("openssl", "3.0.22", .agrees), ("libssl3", "3.0.20", .listIsBehind), ("emacs", "1", .notInstalled),
        ] as [(String, String, ListComparison.Verdict)])
    func aVersionIsComparedAsFarAsTheListSaysIt(name: String, listed: String, expected: ListComparison.Verdict) {
        #expect(verdict(.package(name), listed) == expected)
    }

    @Test(
        arguments: [
            ("Debian 12", .agrees), ("debian", .agrees), ("Debian GNU/Linux 12 (bookworm)", .agrees),
            ("bookworm", .agrees),
            ("Debian 11", .differs), ("Ubuntu 22.04", .differs),
        ] as [(String, ListComparison.Verdict)])
    func anOperatingSystemIsNamedAsPeopleNameIt(listed: String, expected: ListComparison.Verdict) {
        #expect(verdict(.platform, listed) == expected)
    }

    @Test func whatElseAListMaySay() {
        #expect(verdict(.kernel, "6.1.0-25-amd64") == .agrees)
        #expect(verdict(.kernel, "6.1") == .agrees)
        #expect(verdict(.kernel, "6.1.0-2") == .differs)
        #expect(verdict(.environment, "Production") == .agrees)
        #expect(verdict(.environment, "qa") == .differs)
        #expect(verdict(.owner, "web") == .agrees)
        #expect(verdict(.owner, "web", of: "db-1") == .notKnown)
    }

    /// Not observed is neither right nor wrong.
    @Test func ofASystemThatDidNotAnswerNothingIsKnown() {
        let comparison = compare([
            .init(system: "web-2", line: 2, claims: [.init(.package("nginx"), "1"), .init(.kernel, "6")]),
            .init(system: "db-1", line: 3, claims: [.init(.package("nginx"), "1")]),
        ])
        #expect(comparison.lines.map(\.verdict) == [.notKnown, .notKnown, .notKnown])
        #expect(
            comparison.lines.map(\.reason) == [
                "did not answer: no route", "did not answer: no route", "never looked at",
            ])
        #expect(comparison.notInList == ["web-1"])
    }

    @Test(
        arguments: [
            ("web-1", "web-1"), ("WEB-1", "web-1"), ("web-1.example.com", "web-1"), ("web-1.other.org", "web-1"),
            ("10.0.0.2", "web-2"), ("10.0.0.4", nil), ("web", nil), ("", nil), ("-rf /", nil),
        ] as [(String, ResourceID?)])
    func aSystemIsFoundByAnyNameThatIsItsAlone(name: String, expected: ResourceID?) {
        let comparison = compare([.init(system: name, line: 7, claims: [.init(.environment, "production")])])
        #expect(comparison.lines.first?.resource == expected)
        #expect(comparison.notInFleet.map(\.line) == (expected == nil ? [7] : []))
    }

    @Test func aNameThatFitsSeveralIsToldAndNotGuessed() {
        let twins = [Self.resource("a", host: "db.one.example"), Self.resource("b", host: "db.two.example")]
        let comparison = ListJudge(twins, facts: Self.facts).compare(
            SystemList(file: "x", rows: [.init(system: "db", line: 2, claims: [.init(.environment, "x")])]))
        #expect(comparison.notInFleet.map(\.candidates) == [["a", "b"]])
        #expect(comparison.lines.isEmpty)
    }

    @Test func aSystemOfTheListAloneIsToldOnce() {
        let comparison = compare([
            .init(system: "gone", line: 2, claims: [.init(.package("a"), "1")]),
            .init(system: "Gone", line: 3, claims: [.init(.package("b"), "1")]),
        ])
        #expect(comparison.notInFleet.map(\.system) == ["gone"])
        #expect(comparison.differs)
    }

    @Test func aListThatSaysWhatIsThereIsAligned() {
        let resources = [Self.resources[0]]
        let list = SystemList(
            file: "x", rows: [.init(system: "web-1", line: 2, claims: [.init(.package("nginx"), "1.22.1-9+deb12u3")])])
        let comparison = ListJudge(resources, facts: Self.facts).compare(list)
        #expect(comparison.isAligned && !comparison.differs)
    }
}
