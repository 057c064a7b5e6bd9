import FettleDriverKit
import FettleModel
import Testing

@testable import FettleDrivers

@Suite("Built-in drivers")
struct BuiltInDriversTests {
    static let actions: [StepAction] = {
        let nothing = HostExpectation(packages: [])
        let transaction = PackageTransaction(
            manager: .dpkg, purpose: .patch, changes: [], conffiles: .keepCurrent, downloadBytes: 0)
        let traffic = TrafficBinding(
            driver: "haproxy", via: "lb-1", endpoint: "/run/haproxy/admin.sock", backend: "web")
        return [
            .preflight(expectation: nothing, probes: []), .stage(transaction: transaction), .drain(traffic: traffic),
            .takeOut, .changePackages(transaction: transaction), .restartServices(except: []),
            .reboot(condition: .always), .gate(probes: []), .restore(traffic: traffic), .bringBack,
            .bake(seconds: 1, resources: [], probes: []), .verify(expectation: nothing),
        ]
    }()

    @Test("There is a driver for every action", arguments: actions)
    func driver(action: StepAction) {
        let channels = NoChannels()
        let drivers = BuiltInDrivers(channels: channels, inspector: ShellHostInspector(channels: channels))
        #expect(drivers.driver(for: action) != nil)
    }

    @Test("A load balancer that nobody knows has none, so that its plan is refused before it starts")
    func unknownBalancer() {
        let channels = NoChannels()
        let drivers = BuiltInDrivers(channels: channels, inspector: ShellHostInspector(channels: channels))
        let traffic = TrafficBinding(driver: "other", via: "lb-1", endpoint: "/x", backend: "web")
        #expect(drivers.driver(for: .drain(traffic: traffic)) == nil)
        #expect(drivers.driver(for: .restore(traffic: traffic)) == nil)
    }

    @Test("A load balancer that takes single members out turns no sides", arguments: ["nginx", "keepalived", "elbv2"])
    func singleMembers(name: String) {
        let channels = NoChannels()
        let drivers = BuiltInDrivers(channels: channels, inspector: ShellHostInspector(channels: channels))
        let traffic = TrafficBinding(driver: name, via: "lb-1", endpoint: "/x", backend: "web")
        #expect(drivers.driver(for: .drain(traffic: traffic)) is any HoldKeeping)
        #expect(drivers.driver(for: .restore(traffic: traffic)) != nil)
        let turn = TrafficSwitch(group: "web", traffic: traffic, from: [], to: ["web-1"])
        #expect(drivers.driver(for: .switchTraffic(turn: turn)) == nil)
    }

    @Test("The rules for nginx are where it is a load balancer, and are two")
    func nginxRules() throws {
        let own = Set(try BuiltInDrivers.sudoRules(for: .with { $0.hasNginx = true })).subtracting(
            try BuiltInDrivers.sudoRules())
        #expect(own.map(\.program) == ["/usr/sbin/nginx", "/usr/sbin/nginx"])
        #expect(own.contains { $0.permits(RootCommand(["/usr/sbin/nginx", "-s", "reload"])) })
        #expect(!own.contains { $0.permits(RootCommand(["/usr/sbin/nginx", "-s", "stop"])) })
        #expect(!own.contains { $0.permits(RootCommand(["/usr/sbin/nginx", "-T", "-c", "/tmp/x"])) })
    }

    @Test("The rules of all drivers make one sudoers file; a path that would be more than a path makes none")
    func sudoRules() throws {
        let text = try SudoersFile(
            user: "fettle",
            rules: try BuiltInDrivers.sudoRules(for: .with { $0.haproxySockets = ["/run/haproxy/admin.sock"] })
        ).text()
        #expect(text.contains("UNIX-CONNECT") && text.contains("apt-get"))
        #expect(throws: SudoRuleError.self) {
            try BuiltInDrivers.sudoRules(for: .with { $0.haproxySockets = ["/x,y ALL"] })
        }
    }
}
