import FettleModel
import Testing

/// What the fleet says of a pool of hypervisors, held against what one of them has and carries.
@Suite struct MachineRulesTests {
    private func facts(_ machine: ResidentMachine...) -> HypervisorFacts {
        HypervisorFacts(memoryMebibytes: 10_000, processors: 4, residents: machine)
    }

    private func machine(_ name: String = "a", paths: [String]? = nil, because: String? = nil) -> ResidentMachine {
        ResidentMachine(
            name: name, memoryMebibytes: 1, processors: 1, isBoundBecause: because, apartFrom: ["z"], sharedPaths: paths
        )
    }

    @Test func whatIsReservedIsNotGivenOut() {
        var rules = MachineRules(driver: "libvirt", processorsPerCore: 3, reservedMebibytes: 1_000)
        #expect(facts().ruled(by: rules).memoryMebibytes == 9_000 && facts().ruled(by: rules).processors == 12)
        rules.mostMebibytes = 5_000
        #expect(facts().ruled(by: rules).memoryMebibytes == 5_000)
        rules.reservedMebibytes = 20_000
        #expect(facts().ruled(by: rules).memoryMebibytes == 0)
        #expect(facts().ruled(by: nil) == facts())
    }

    /// A size that cannot be true is for the planner to doubt, and never overflows on the way there.
    @Test(arguments: [Int.min, -1, 0, Int.max]) func noSizeOverflows(_ size: Int) {
        let rules = MachineRules(driver: "libvirt", processorsPerCore: 1_000, reservedMebibytes: Int.max)
        var facts = facts()
        (facts.memoryMebibytes, facts.processors) = (size, size)
        let ruled = facts.ruled(by: rules)
        #expect(ruled.memoryMebibytes == 0 && (ruled.processors == size || ruled.processors == 0 || size == -1))
    }

    @Test func aDiskThatIsNotDeclaredAsSharedBindsItsMachine() {
        let rules = MachineRules(driver: "libvirt", sharedDirectories: ["/srv/guests"])
        func reason(_ paths: [String]?, by rules: MachineRules?) -> String? {
            facts(machine(paths: paths)).ruled(by: rules).residents[0].isBoundBecause
        }
        #expect(
            reason(["/srv/guests/a"], by: rules) == nil && reason(nil, by: nil) == nil && reason([], by: rules) == nil)
        for path in [
            "/srv/guests", "/srv/guestsX/a", "/srv/guests/../a", "/other", "", "srv/guests/a", "/srv/guests/a/../b",
        ] {
            #expect(reason(["/srv/guests/a", path], by: rules)?.contains("on this hypervisor only") == true, "\(path)")
        }
        #expect(reason(["/srv/guests/a"], by: nil) != nil)
        let known = facts(machine(paths: ["/x"], because: "a card")).ruled(by: rules).residents[0]
        #expect(known.isBoundBecause == "a card" && known.sharedPaths == nil)
    }

    @Test func rulesOfAnAffinityComeOnTopOfWhatTheFactsSay() {
        let rules = MachineRules(driver: "libvirt", apart: [["a", "b"], ["a", "c"], ["d", "e"]])
        #expect(facts(machine()).ruled(by: rules).residents[0].apartFrom == ["b", "c", "z"])
        #expect(facts(machine("x")).ruled(by: rules).residents[0].apartFrom == ["z"])
    }
}
