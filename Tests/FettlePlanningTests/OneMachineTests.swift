import FettleModel
import FettleTestSupport
import Testing

@testable import FettlePlanning

/// A machine that stands in a fleet under several names is found by what it says of itself.
@Suite struct OneMachineTests {
    private static let id = "0123456789abcdef0123456789abcdef"

    private func facts(_ machines: [(id: ResourceID, boot: String, machine: String?)]) -> FactSet {
        FactSet(
            id: "facts-1", observedAt: FactSample.now,
            hosts: machines.map { id, boot, machine in
                var host = FactSample.host(id)
                host.boot = .observed(BootFacts(bootID: boot, uptimeSeconds: 60, machineID: machine))
                return host
            })
    }

    private func fleet(
        _ members: [ResourceID], kind: Resource.Kind = .host, groups: [[ResourceID]] = []
    ) -> Fleet {
        Fleet(
            environments: [Environment(id: "dev", isProtected: false)],
            resources: members.map { Resource(id: $0, kind: kind, address: .ssh($0.rawValue), environment: "dev") },
            groups: groups.enumerated().map {
                ResourceGroup(id: GroupID("group-\($0)"), members: $1, minimumAvailable: .count(1))
            })
    }

    @Test("Two names of one machine in a group are found, whichever of them is patched")
    func inAGroup() {
        let facts = facts([("a", "boot-1", Self.id), ("b", "boot-1", Self.id), ("c", "boot-2", Self.id)])
        let fleet = fleet(["a", "b", "c"], groups: [["a", "b", "c"], ["b", "c"]])
        #expect(
            OneMachine.all(facts, fleet: fleet, targets: ["b"]) == [
                OneMachine(resources: ["a", "b"], group: "group-0")
            ])
        #expect(OneMachine.all(facts, fleet: fleet, targets: ["c"]).isEmpty)
    }

    @Test("In no group they are only wrong where both would be patched")
    func inNoGroup() {
        let facts = facts([("a", "boot-1", Self.id), ("b", "boot-1", Self.id)])
        #expect(OneMachine.all(facts, fleet: fleet(["a", "b"]), targets: ["a"]).isEmpty)
        #expect(
            OneMachine.all(facts, fleet: fleet(["a", "b"]), targets: ["a", "b"])
                == [OneMachine(resources: ["a", "b"], group: nil)])
    }

    @Test("Clones of an image, containers of a host and what runs beside others are not one machine")
    func others() {
        let cases: [(FactSet, Resource.Kind)] = [
            (facts([("a", "boot-1", Self.id), ("b", "boot-2", Self.id)]), .host),
            (facts([("a", "boot-1", Self.id), ("b", "boot-1", nil)]), .host),
            (facts([("a", "boot-1", nil), ("b", "boot-1", nil)]), .host),
            (facts([("a", "boot-1", Self.id), ("b", "boot-1", Self.id)]), .database),
        ]
        for (facts, kind) in cases {
            let fleet = fleet(["a", "b"], kind: kind, groups: [["a", "b"]])
            #expect(OneMachine.all(facts, fleet: fleet, targets: ["a", "b"]).isEmpty)
        }
    }
}
