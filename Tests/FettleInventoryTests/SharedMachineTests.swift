import FettleInventory
import FettleModel
import Testing

/// A plan is proven by a count of members: one machine that is two of them makes it a lie (I1).
@Suite struct SharedMachineTests {
    private static let hint =
        "a machine is one resource: give each its own address, such as 10.0.0.[11:14] for web-[1:4]; what runs beside "
        + "others on a machine is of a kind such as application or database"

    private static func fleet(_ resources: String, groups: String = "[{id: g, members: [\"*\"]}]") -> String {
        "version: 1\ndefaults: {environment: dev}\nresources: \(resources)\ngroups: \(groups)\n"
    }

    private static func told(_ text: String) -> [String] { problems { try FleetFile.parse(text, file: "f") } }

    private static func warnings(_ text: String) throws -> [String] {
        try FleetFile.parse(text, file: "f").warnings.map(\.description).filter { $0.contains("the same address") }
    }

    @Test func twoMembersOfAGroupAreTwoMachines() {
        #expect(
            Self.told(Self.fleet("[{id: a, address: local}, {id: b, address: local}]")) == [
                "f:3:55: the group 'g' counts one machine as 2 members: 'a', 'b' have the same address 'local'; \(Self.hint)"
            ])
    }

    @Test func aRangeWithOneAddressIsOneMachine() {
        #expect(
            Self.told(Self.fleet("[{id: \"web-[1:4]\", address: \"10.0.0.5\"}]")) == [
                "f:3:40: the group 'g' counts one machine as 4 members: 'web-1', 'web-2', 'web-3', 'web-4' have the same "
                    + "address '10.0.0.5'; \(Self.hint)"
            ])
    }

    /// Who logs in makes no other machine, and neither does how its name or ssh's own port is written.
    @Test(arguments: [
        ("ssh://ops@h", "ssh://root@h"), ("h", "root@h"), ("h:2200", "ssh://x@h:2200"), ("h", "ssh://h:22"),
        ("Host.example", "host.example"), ("\"[::1]:22\"", "\"::1\""),
    ])
    func theSameMachine(_ first: String, _ second: String) {
        let told = Self.told(Self.fleet("[{id: a, address: \(first)}, {id: b, address: \(second)}]"))
        #expect(told.count == 1 && told[0].contains("counts one machine as 2 members: 'a', 'b'"), "\(told)")
    }

    @Test(arguments: [
        "[{id: a, address: \"h:2200\"}, {id: b, address: \"h:2201\"}]",
        "[{id: a, address: h}, {id: b, address: \"h:2201\"}]",
        "[{id: a, address: none}, {id: b, address: none}]", "[{id: a, address: local}, {id: b, address: localhost}]",
        "[{id: \"a-[1:2]\", address: \"h:220[1:2]\"}]",
        // Whose system somebody else patches.
        "[{id: \"a-[1:2]\", address: h, serviceModel: paas}]",
        "[{id: \"a-[1:2]\", address: h, responsibility: {operatingSystem: vendor}}]",
        // A machine, and what runs on it.
        "[{id: a, address: h}, {id: b, address: h, kind: loadBalancer, serviceModel: saas}]",
    ])
    func otherMachines(_ resources: String) throws {
        #expect(Self.told(Self.fleet(resources)) == [])
        #expect(try Self.warnings(Self.fleet(resources)) == [])
    }

    /// Of other kinds several may run on one machine; in one group they go away together all the same.
    @Test(arguments: ["application", "database", "loadBalancer", "storage", "networkSwitch", "cloudService"])
    func whatMayShareAMachineIsTold(_ kind: String) throws {
        let text = Self.fleet("[{id: \"a-[1:2]\", address: h, kind: \(kind)}]")
        #expect(Self.told(text) == [])
        #expect(
            try Self.warnings(text) == [
                "f:3:38: 'a-1', 'a-2' of the group 'g' have the same address 'h': what takes that machine away takes 2 "
                    + "members away"
            ])
        let apart = Self.fleet("[{id: \"a-[1:2]\", address: h, kind: \(kind)}]", groups: "[]")
        #expect(try Self.warnings(apart) == [])
    }

    @Test(arguments: ["host", "virtualMachine", "hypervisor", "appliance"])
    func machinesOfNoCommonGroupAreTold(_ kind: String) throws {
        let text = Self.fleet(
            "[{id: a, address: h, kind: \(kind)}, {id: b, address: \"u@h\", kind: \(kind)}, {id: c, address: h, kind: database}]",
            groups: "[{id: g, members: [a]}, {id: i, members: [b]}]")
        let found = try Self.warnings(text)
        #expect(found.count == 1)
        #expect(found.first?.contains("'a', 'b' have the same address 'h': one machine under several names; ") == true)
        #expect(found.first?.hasSuffix(Self.hint) == true)
    }

    /// Every group whose count is wrong is told.
    @Test func eachGroupIsTold() {
        let told = Self.told(
            Self.fleet(
                "[{id: a, address: h}, {id: b, address: h}, {id: c, address: h}, d]",
                groups:
                    "[{id: g, members: [a, b]}, {id: i, members: [b, c, d], minimumAvailable: 0}, {id: k, members: [d]}]"
            )
        )
        #expect(told.map { String($0.prefix(6)) } == ["f:3:51", "f:3:72"])
        #expect(told[0].contains("'g' counts one machine as 2 members: 'a', 'b'"))
        #expect(told[1].contains("'i' counts one machine as 2 members: 'b', 'c'"))
    }

    /// What stands in for an address that cannot be read is no machine.
    @Test func aWrongAddressIsToldAlone() {
        let told = Self.told(
            Self.fleet("[{id: a, address: \"-x\"}, {id: b, address: \"-y\"}, {id: c, address: local}]"))
        #expect(told.count == 2 && told.allSatisfy { $0.contains("is no host name or address") }, "\(told)")
    }

    @Test func importsTellOfThemToo() throws {
        let files = [
            "hosts": "[dev]\na ansible_host=h\n[web]\nb ansible_host=h ansible_user=u\na\n[dev:children]\nweb\n"
        ]
        let folder = try TestFolder(files)
        #expect(
            folder.relative(problems { try InventoryImport.ansible(path: folder.file("hosts")) }) == [
                "hosts:4:1: the group 'web' counts one machine as 2 members: 'a', 'b' have the same address 'h'; "
                    + Self.hint
            ])
        let table = "id,address,environment\na,h,dev\nb,u@h,dev\n"
        #expect(
            try InventoryImport.csv(text: table, file: "t").warnings.map(\.description) == [
                "t:3:3: 'a', 'b' have the same address 'h': one machine under several names; \(Self.hint)"
            ])
        // What is not read is no machine either.
        let broken = problems { try InventoryImport.csv(text: "id,address,environment\na,-x,dev\nb,-y,dev\n") }
        #expect(broken.count == 2, "\(broken)")
    }
}
