import FettleModel
import Testing

@testable import FettleDrivers

@Suite struct LibvirtViewTests {
    private typealias Fixture = LibvirtFixture

    private func view(_ text: String) throws -> LibvirtView { try LibvirtView(parsing: text, nonce: Fixture.nonce) }

    @Test func aHypervisorAndItsMachinesAreRead() throws {
        let domains = [
            (Fixture.uuid(2), "vm-2", Fixture.domain("vm-2", uuid: Fixture.uuid(2))),
            (Fixture.uuid(1), "vm-1", Fixture.domain()),
        ]
        let view = try view(
            Fixture.answer(
                domains, active: [Fixture.uuid(1)], jobs: [Fixture.uuid(1): "Outgoing migration"],
                autostart: [Fixture.uuid(2)], snapshots: [Fixture.uuid(2)]))
        #expect(view.version == "libvirt 9.0.0, QEMU 7.2.22")
        #expect(view.processors == 2 && view.memoryMebibytes == 24_105)
        #expect(view.machines.map(\.name) == ["vm-1", "vm-2"])
        let (first, second) = (view.machines[0], view.machines[1])
        #expect(first.state == .running && first.job == "Outgoing migration" && first.reason == "booted")
        #expect(second.state == .off && second.startsWithHypervisor && second.obstacle?.contains("snapshots") == true)
        let resident = try #require(view.facts.residents.first)
        #expect(resident.resource == "vm-1" && resident.memoryMebibytes == 320 && resident.processors == 1)
        #expect(resident.sharedPaths == ["/srv/guest-image/base.qcow2", "/srv/guests/vm-1.qcow2"])
        #expect(resident.isBoundBecause == nil && resident.isRunning)
    }

    /// A machine says of itself whatever it likes, also what looks like libvirt's own lines.
    @Test func noMachinePassesForAnother() throws {
        let xml = Fixture.domain(
            more: "<description>\n\(String(repeating: "f", count: 32)) active\n\(Fixture.uuid(2))\n</description>")
        let view = try view(Fixture.answer([(Fixture.uuid(1), "vm-1", xml)]))
        #expect(view.machines.map(\.state) == [.off])
        let other = Fixture.domain("vm-9", uuid: Fixture.uuid(9))
        #expect(throws: FactError.self) { try self.view(Fixture.answer([(Fixture.uuid(1), "vm-1", other)])) }
    }

    @Test(arguments: ["; reboot", "$(reboot)", "-rf", "a b", "a\u{1B}[2Jb", "../x", String(repeating: "n", count: 300)])
    func aNameThatIsNoResourceIsToldAndIsNone(_ name: String) throws {
        let view = try view(Fixture.answer([(Fixture.uuid(1), name, Fixture.domain(name))]))
        #expect(view.facts.residents.map(\.resource) == [name == "-rf" ? "-rf" : nil])
        #expect(!view.facts.residents[0].name.contains("\u{1B}"))
    }

    /// Half of the machines would pass for all.
    @Test func whatIsMissingOrCutIsNoAnswer() throws {
        let whole = Fixture.answer([(Fixture.uuid(1), "vm-1", Fixture.domain())], active: [Fixture.uuid(1)])
        _ = try view(whole)
        for length in stride(from: 0, to: whole.count - 5, by: 11) {
            #expect(throws: FactError.self) { try view(String(whole.prefix(length))) }
        }
        for name in [
            "node", "names", "active", "autostart", "snapshots", "transient", "saved", "domain", "job", "reason",
        ] {
            let without = whole.replacing("\(Fixture.nonce) \(name)", with: "\(Fixture.nonce) other-\(name)")
            #expect(throws: FactError.self) { try view(without) }
        }
    }

    /// A question that was not answered is not "nothing is done with it" or "it is off": a machine in the middle of a move would be ended.
    @Test func whatAnActiveMachineDoesIsToldOrAskedAgain() throws {
        let uuid = Fixture.uuid(1)
        let whole = Fixture.answer([(uuid, "vm-1", Fixture.domain())], active: [uuid])
        for (text, other) in [
            ("Job type:         None", ""), ("Job type:         None", "error: cannot acquire state change lock"),
            ("running (booted)", ""), ("running (booted)", "running"), ("running (booted)", "no state (unknown)"),
        ] {
            #expect(throws: FactError.self, "\(text): \(other)") { try view(whole.replacing(text, with: other)) }
        }
    }

    /// The list of those that are active is of an earlier moment than the job, and the state is asked for after both.
    @Test(arguments: [
        ("running (unpaused)", LibvirtView.State.running), ("in shutdown (user)", .running),
        ("paused (post-copy)", .paused), ("pmsuspended (unknown)", .paused), ("crashed (panicked)", .paused),
        ("shut off (shutdown)", .off),
    ])
    func stateAndReasonAreOfOneMoment(_ line: String, _ state: LibvirtView.State) throws {
        let uuid = Fixture.uuid(1)
        let whole = Fixture.answer([(uuid, "vm-1", Fixture.domain())], active: [uuid])
        #expect(try view(whole.replacing("running (booted)", with: line)).machines.map(\.state) == [state])
    }

    /// The planner's limits: sums of more would end the process.
    @Test func sizesThatNothingHasAreNotBelieved() throws {
        let whole = Fixture.answer([(Fixture.uuid(1), "vm-1", Fixture.domain())])
        for number in ["-1", "9223372036854775807", "1024000000001"] {
            for (text, other) in [
                (">327680</memory>", ">\(number)</memory>"), (">1</vcpu>", ">\(number)</vcpu>"),
                ("24684084 KiB", "\(number) KiB"), ("CPU(s):              2", "CPU(s):              \(number)"),
            ] {
                #expect(throws: FactError.self, "\(other)") { try view(whole.replacing(text, with: other)) }
            }
        }
    }

    /// A description is moved without them, and the machine would start as if it had been switched off, or not at all.
    @Test func whatAMachineThatIsOffWouldLeaveBehindIsKnown() throws {
        let uuid = Fixture.uuid(1)
        let tpm = Fixture.domain(devices: "<tpm model='tpm-crb'><backend type='emulator' version='2.0'/></tpm>")
        #expect(try view(Fixture.answer([(uuid, "vm-1", Fixture.domain())])).machines[0].leftBehind == nil)
        #expect(try view(Fixture.answer([(uuid, "vm-1", tpm)])).machines[0].leftBehind?.contains("TPM") == true)
        let saved = try view(Fixture.answer([(uuid, "vm-1", Fixture.domain())], saved: [uuid]))
        #expect(saved.machines[0].leftBehind?.contains("memory") == true)
    }

    struct Case: Sendable {
        var what: String
        var xml: String
        var word: String?
    }

    static let cases = [
        Case(what: "shared", xml: LibvirtFixture.domain(), word: nil),
        Case(
            what: "passed through", xml: LibvirtFixture.domain(devices: "<hostdev mode='subsystem' type='pci'/>"),
            word: "passed through"),
        Case(what: "port", xml: LibvirtFixture.domain(devices: "<interface type='direct'/>"), word: "network port"),
        Case(what: "directory", xml: LibvirtFixture.domain(devices: "<filesystem type='mount'/>"), word: "directory"),
        Case(what: "processor", xml: LibvirtFixture.domain(cpu: "<cpu mode='host-passthrough'/>"), word: "processor"),
        Case(what: "sealed", xml: LibvirtFixture.domain(more: "<launchSecurity type='sev'/>"), word: "sealed"),
        Case(
            what: "cached",
            xml: LibvirtFixture.domain(
                disk:
                    "<disk type='file'><driver cache='writeback'/><source file='/srv/guests/a'/><target dev='vda'/></disk>"
            ),
            word: "cached"),
        Case(
            what: "cached by default",
            xml: LibvirtFixture.domain(disk: "<disk type='block'><source dev='/dev/x'/><target dev='vda'/></disk>"),
            word: "cached"),
        Case(
            what: "network", xml: LibvirtFixture.domain(disk: "<disk type='network'><target dev='vda'/></disk>"),
            word: nil),
        Case(
            what: "volume", xml: LibvirtFixture.domain(disk: "<disk type='volume'><target dev='vda'/></disk>"),
            word: "not known"),
        Case(
            what: "empty drive",
            xml: LibvirtFixture.domain(disk: "<disk type='file' device='cdrom'><target dev='sda'/></disk>"), word: nil),
    ]

    @Test(arguments: cases) func whatCannotBeMovedIsKnownWithTheReason(_ sample: Case) throws {
        let description = try Fixture.description(sample.xml)
        #expect((description.obstacle != nil) == (sample.word != nil), "\(sample.what): \(description.obstacle ?? "-")")
        if let word = sample.word {
            #expect(description.obstacle?.contains(word) == true, "\(description.obstacle ?? "")")
        }
    }
}
