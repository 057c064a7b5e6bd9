import FettleInventory
import FettleModel
import Testing

/// Spares: members that serve beyond those that a group is sized for.
@Suite struct SpareFileTests {
    private static func fleet(_ group: String) -> String {
        """
        version: 1
        defaults: {environment: dev}
        resources:
          - "web-[1:4]"
          - web-9
        groups:
          - {id: web, members: ["web-[1:4]"], \(group)}
        """
    }

    private func group(_ text: String) throws -> (ResourceGroup, [String]) {
        let reading = try FleetFile.parse(Self.fleet(text), file: "f")
        return (try #require(reading.fleet.group("web")), reading.warnings.map(\.description))
    }

    @Test func sparesAreMembersBeyondThoseThatSharesAreOf() throws {
        let (web, warnings) = try group(
            "spares: [web-9], minimumAvailable: \"100%\", strategy: {rolling: {maxUnavailable: 0, maxSurge: \"25%\"}}")
        #expect(warnings == [])
        #expect(web.members == ["web-1", "web-2", "web-3", "web-4", "web-9"])
        #expect(web.spares == ["web-9"])
        #expect(web.minimum == 4)
        #expect(web.strategy == .rolling(maxUnavailable: .count(0), maxSurge: .percent(25)))
        var fleet = try FleetFile.parse(Self.fleet("minimumAvailable: 1")).fleet
        fleet.groups = [web]
        #expect(try FleetFile.parse(FleetWriter().text(fleet)).fleet.groups == [web])
    }

    /// A glob that fits the spare as well makes it no regular member.
    @Test func aSpareMayBeNamedAmongTheMembers() throws {
        let text = Self.fleet("spares: [\"web-9\"], minimumAvailable: 4, strategy: {rolling: {maxSurge: 1}}")
        let reading = try FleetFile.parse(text.replacing("\"web-[1:4]\"]", with: "\"web-*\"]"))
        #expect(reading.fleet.groups[0].members.count == 5)
        #expect(reading.fleet.groups[0].regularCount == 4)
    }

    @Test func whatWasWithoutSparesStaysAsItWas() throws {
        let (web, _) = try group("minimumAvailable: 3, strategy: {rolling: {maxUnavailable: 1}}")
        #expect(web.spares == nil)
        let bytes = String(decoding: try CanonicalJSON.encode(web), as: UTF8.self)
        #expect(!bytes.contains("spares") && !bytes.contains("maxSurge"))
    }

    @Test(arguments: [
        (
            "minimumAvailable: 3, strategy: {rolling: {maxSurge: 1}}",
            "maxSurge is 1, but the group names no spares, so that nobody could serve in the place of who is out; name "
                + "members beyond those that must serve, such as 'spares: [web-9]'"
        ),
        (
            "spares: [web-9], minimumAvailable: 3, strategy: canary",
            "only rolling and replace make use of spares; such as 'strategy: {rolling: {maxUnavailable: 1, maxSurge: 1}}'; for other "
                + "strategies leave a member to spare by minimumAvailable"
        ),
        (
            "spares: [web-9], minimumAvailable: 3",
            "only rolling and replace make use of spares; such as 'strategy: {rolling: {maxUnavailable: 1, maxSurge: 1}}'; for other "
                + "strategies leave a member to spare by minimumAvailable"
        ),
        (
            "spares: [\"web-*\"], minimumAvailable: 0, strategy: {rolling: {maxSurge: 1}}",
            "all members of the group are spares; spares serve beside the members that must serve"
        ),
        (
            "spares: [web-9], minimumAvailable: 5, strategy: {rolling: {maxSurge: 1}}",
            "minimumAvailable is 5, but the group has 4 members beside its spares"
        ),
        (
            "minimumAvailable: 3, strategy: {rolling: {maxUnavailable: 0}}",
            "maxUnavailable must be a count from 1, or a share from 1% to 100%, but it is the number 0; such as 2 or \"75%\""
        ),
        (
            "minimumAvailable: 3, strategy: {rolling: {maxUnavailable: 0, maxSurge: \"0%\"}}",
            "maxUnavailable must be a count from 1, or a share from 1% to 100%, but it is the number 0; such as 2 or \"75%\""
        ),
        ("spares: [web-8], minimumAvailable: 3, strategy: rolling", "unknown resource 'web-8'"),
    ])
    func whatCannotWorkIsToldWithWhatWouldBeRight(text: String, told: String) {
        let found = problems { try FleetFile.parse(Self.fleet(text), file: "f") }
        #expect(found.contains { $0.contains(told) }, "\(found)")
    }

    @Test func whatIsDoubtfulIsAWarning() throws {
        #expect(
            try group("spares: [web-9], minimumAvailable: 3, strategy: rolling").1.contains {
                $0.contains("the group names 1 spare, but rolling has no maxSurge")
            })
        #expect(
            try group("spares: [web-9], minimumAvailable: 3, strategy: {rolling: {maxSurge: 3}}").1.contains {
                $0.contains("maxSurge is 3, but the group names only 1 spare")
            })
        #expect(
            try group("spares: [web-9], minimumAvailable: 4, strategy: {rolling: {maxUnavailable: 2, maxSurge: 1}}").1
                .contains { $0.contains("maxUnavailable and maxSurge are 3 of 5, but minimumAvailable allows only 1") })
    }
}
