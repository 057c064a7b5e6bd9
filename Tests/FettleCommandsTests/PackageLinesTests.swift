import FettleModel
import FettleTestSupport
import Testing

@testable import FettleCommands

/// The exact versions that a plan pins, as a person reads them.
@Suite struct PackageLinesTests {
    private static func plan(_ changes: [ResourceID: [PackageChange]]) -> Plan {
        var plan = RollingPlan.plan(size: changes.count, lanes: 1)
        for (host, own) in changes {
            plan = plan.changing(StepID("\(host)/patch")) { step in
                guard case .changePackages(var transaction) = step.action else { return }
                transaction.changes = own
                step.action = .changePackages(transaction: transaction)
            }
        }
        return plan
    }

    private static func change(_ name: String, _ from: String?, _ to: String?) -> PackageChange {
        PackageChange(name: name, architecture: "amd64", from: from, to: to)
    }

    private static func text(_ plan: Plan, width: Int?, all: Bool = false) -> String {
        PackageLines(plan, showsAll: all).lines(
            in: Terminal(isInteractive: false, hasColor: false, width: width)
        ).joined(separator: "\n")
    }

    private static let openssl = [
        change("openssl", "3.0.11-1~deb12u1", "3.0.11-1~deb12u2"),
        change("libssl3", "3.0.11-1~deb12u1", "3.0.11-1~deb12u2"),
        change("linux-image-6.1.0-18-amd64", nil, "6.1.76-1"), change("old", "1", nil),
    ]

    @Test func eachVersionIsToldWithTheOneBeforeOnceForHostsThatAreAlike() {
        let plan = Self.plan([
            "web-1": Self.openssl, "web-2": Self.openssl, "web-3": [Self.change("curl", "7.88", "7.89")],
        ])
        #expect(
            Self.text(plan, width: 80) == """
                Packages, from the version there to the one that is pinned:
                group web, 2 hosts: web-1, web-2
                  libssl3, openssl            3.0.11-1~deb12u1 → 3.0.11-1~deb12u2
                  linux-image-6.1.0-18-amd64  not installed    → 6.1.76-1
                  old                         1                → removed
                group web: web-3
                  curl  7.88 → 7.89

                """)
    }

    @Test(arguments: [24, 40, 60, 80]) func noVersionIsCutOnANarrowTerminal(width: Int) {
        let text = Self.text(Self.plan(["web-1": Self.openssl]), width: width)
        for line in text.split(separator: "\n") { #expect(String(line).displayWidth <= width, "\(line)") }
        let joined = text.replacing(/\n */, with: " ")
        #expect(joined.contains("libssl3, openssl"))
        #expect(joined.contains(/3\.0\.11-1~deb12u1 +→ 3\.0\.11-1~deb12u2/), "\(text)")
    }

    @Test func hostsOfNoGroupAndOfTwoAreToldAsSuch() {
        var plan = Self.plan(["web-1": Self.openssl, "web-2": Self.openssl])
        plan.groups[0].members = ["web-1"]
        var other = plan.groups[0]
        other.id = "zone-a"
        plan.groups.append(other)
        let text = Self.text(plan, width: 100)
        #expect(text.contains("\ngroups web, zone-a: web-1\n"), "\(text)")
        #expect(text.contains("\nno group: web-2\n"), "\(text)")
    }

    @Test func whatATerminalDoesNotShowIsCountedAndShownWhereAllIsAskedFor() {
        let many = (100..<160).map { Self.change("package-\($0)", "1.\($0)", "2.\($0)") }
        let short = Self.text(Self.plan(["web-1": many]), width: 80)
        #expect(short.contains("… and 20 more lines (`fettle plan show --all`)"))
        #expect(!short.contains("package-150"))
        let whole = Self.text(Self.plan(["web-1": many]), width: 80, all: true)
        #expect(whole.contains("package-150") && !whole.contains("more lines"))
    }

    @Test func theSamePackageOfTwoArchitecturesIsToldApart() {
        var other = Self.change("libssl3", "1", "2")
        other.architecture = "i386"
        let text = Self.text(Self.plan(["web-1": [other, Self.change("libssl3", "1", "2")]]), width: 80)
        #expect(text.contains("libssl3:amd64, libssl3:i386  1 → 2"), "\(text)")
    }

    @Test func thePlanThatIsShownHoldsThem() {
        let plan = Self.plan(["web-1": Self.openssl])
        let text = PlanView(plan: plan, digest: Digest(rawValue: "0")).lines(
            in: Terminal(isInteractive: false, hasColor: false, width: 80))
        #expect(text.contains("3.0.11-1~deb12u1 → 3.0.11-1~deb12u2"), "\(text)")
    }
}
