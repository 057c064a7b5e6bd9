import FettleModel
import FettleTestSupport
import Testing

@testable import FettleControl

/// No host alone says what a frozen archive is.
@Suite struct ArchiveWitnessesTests {
    private static let wanted = ["a", "b"].map { PackageVersion(name: $0, architecture: "all", version: "1") }

    private static func witnesses(
        _ count: Int, last: [Int] = [], of manager: PackageManager = .dpkg
    ) -> ArchiveWitnesses {
        var builder = FleetBuilder(environments: ["dev"])
        builder.pool("h", size: count, in: "dev", minimum: .count(1))
        let hosts = builder.fleet.resources
        return ArchiveWitnesses(
            PromotionService.FreezeSource(
                part: PatchSet.Part(platform: "debian:12", manager: manager, packages: wanted), hosts: hosts,
                last: last.map { hosts[$0].id }))
    }

    private static func told(
        _ names: String = "ab", sum: Character = "1", bytes: Int64 = 4, fields: [String] = ["Depends: x"]
    ) -> [PackageVersion: ArchiveWitnesses.Saying] {
        var told: [PackageVersion: ArchiveWitnesses.Saying] = [:]
        for version in wanted where names.contains(version.name) {
            told[version] = .init(
                bytes: bytes, sha256: Digest(rawValue: String(repeating: sum, count: 64)), fields: fields)
        }
        return told
    }

    @Test func oneOfSeveralHostsIsNotBelieved() throws {
        var witnesses = Self.witnesses(3)
        #expect(witnesses.missing != nil)
        try witnesses.hear(Self.told(), from: "h-1")
        #expect(witnesses.missing?.contains("1 of 2") == true)
        // Who offers a part of it is no witness of all.
        try witnesses.hear(Self.told("a"), from: "h-2")
        #expect(witnesses.missing != nil && witnesses.complete == ["h-1"])
        try witnesses.hear(Self.told(), from: "h-3")
        #expect(witnesses.missing == nil && witnesses.complete == ["h-1", "h-3"])
    }

    @Test func aFleetOfOneHostHasOneWitness() throws {
        var witnesses = Self.witnesses(1)
        #expect(witnesses.missing != nil)
        try witnesses.hear(Self.told(), from: "h-1")
        #expect(witnesses.missing == nil)
    }

    @Test func theLastStageHasToSayItAsWell() throws {
        var witnesses = Self.witnesses(4, last: [3])
        for host in ["h-1", "h-2", "h-3"] as [ResourceID] { try witnesses.hear(Self.told(), from: host) }
        #expect(witnesses.missing?.contains("h-4") == true)
        try witnesses.hear(Self.told(), from: "h-4")
        #expect(witnesses.missing == nil)
    }

    @Test(arguments: [
        told("b", sum: "2"), told("a", bytes: 5), told(fields: ["Depends: x, evil"]), told(fields: []),
        told(fields: ["Depends: x", "Essential: yes"]),
    ])
    func whoSaysOtherwiseStopsIt(_ other: [PackageVersion: ArchiveWitnesses.Saying]) throws {
        for (first, second) in [(Self.told(), other), (other, Self.told())] {
            var witnesses = Self.witnesses(2)
            try witnesses.hear(first, from: "h-1")
            let error = #expect(throws: ControlError.self) { try witnesses.hear(second, from: "h-2") }
            #expect(error?.code == .drift && error?.message.contains("h-2") == true)
            #expect(witnesses.missing != nil)
        }
    }

    /// Each of its packages is signed by its maker, and proven anew wherever it is installed.
    @Test func ofRpmOneHostIsEnoughForEachPackage() throws {
        var witnesses = Self.witnesses(4, last: [3], of: .rpm)
        #expect(witnesses.missing?.contains("no host has any of it") == true && witnesses.untold == Self.wanted)
        try witnesses.hear([:], from: "h-1")
        try witnesses.hear(Self.told("a"), from: "h-2")
        #expect(witnesses.missing?.contains("1 of 2") == true && witnesses.untold.map(\.name) == ["b"])
        // It has been told to fetch the rest.
        try witnesses.hear(Self.told(), from: "h-2")
        #expect(witnesses.missing == nil && witnesses.untold == [] && witnesses.heard == ["h-2"])
        // Who has something else under that name is heard all the same.
        #expect(throws: ControlError.self) { try witnesses.hear(Self.told("b", sum: "2"), from: "h-3") }
    }

    /// Texts come in the host's language, and fields in any order.
    @Test func textsForPeopleMayDiffer() throws {
        var witnesses = Self.witnesses(2)
        try witnesses.hear(
            Self.told(fields: ["Depends: x", "Pre-Depends: y", "Description: a", " more"]), from: "h-1")
        try witnesses.hear(
            Self.told(fields: ["Description: ein", " mehr", "Pre-Depends: y", "Depends: x"]), from: "h-2")
        #expect(witnesses.missing == nil)
    }
}
