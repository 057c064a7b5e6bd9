import FettleDriverKit
import FettleDrivers
import FettleModel
import Foundation
import Testing

/// Steps of rpm packages on the lab's hosts with dnf and zypper, one after the other. They run where `lab up rpm` has brought those up.
@Suite(.serialized, .enabled(if: FactsLab.hasRpmHosts, "no lab with rpm hosts is up: see `lab up rpm`"))
struct RpmLabTests {}

enum RpmLab {
    static let hosts = ["dnf-1", "zypper-1"]
    static let channels = PackagesLab.connections
    static let files = "/var/cache/fettle/rpms"

    static func drivers(_ settings: PackageDriverSettings = PackageDriverSettings()) -> BuiltInDrivers {
        BuiltInDrivers(
            channels: channels, inspector: ShellHostInspector(channels: channels), packages: settings)
    }

    /// Everything as the layer had it, and the repository with the packages whose scripts fail on demand as wanted; its package
    /// is at 1.0 then.
    static func prepare(_ host: String, hooks: Bool = false) async throws {
        try await PackagesLab.inside(
            """
            rm -rf /var/cache/fettle /run/invoice-hooks /etc/invoice-*.rpm* /var/log/invoice-hooks /etc/sudoers.d/fettle
            mkdir -p /run/invoice-hooks; rmdir /srv/away 2>/dev/null
            systemctl list-units --all --plain --no-legend 'fettle-*' | while read -r unit rest; do
                systemctl stop "$unit"; systemctl reset-failed "$unit"; done 2>/dev/null
            sed -i 's/^enabled=.*/enabled=\(hooks ? 1 : 0)/' /etc/yum.repos.d/hooks.repo /etc/zypp/repos.d/hooks.repo 2>/dev/null
            for name in invoice-hooks invoice-extra; do rpm --erase --nodeps --allmatches $name 2>/dev/null; done
            cd /srv/rpm
            rpm --upgrade --oldpackage --replacepkgs --replacefiles libinvoice-2.3-1.noarch.rpm invoice-server-4.0-1.noarch.rpm \
                invoice-themes-1.0-1.noarch.rpm 2>/dev/null
            \(hooks ? "rm -f /etc/invoice-*.conf; rpm --install /srv/rpm-hooks/invoice-hooks-1.0-1.noarch.rpm 2>/dev/null" : "")
            \(refresh(host))
            """, on: host)
    }

    static func refresh(_ host: String) -> String {
        host == "dnf-1"
            ? "dnf -q --refresh makecache"
            : "zypper --non-interactive --quiet refresh --force >/dev/null"
    }

    static let invoices = [
        PackageChange(name: "invoice-server", architecture: "noarch", from: "1:4.0-1", to: "1:4.1-1"),
        PackageChange(name: "libinvoice", architecture: "noarch", from: "2.3-1", to: "2.3-2"),
    ]
    /// Its new version brings a package along.
    static let hooks = [
        PackageChange(name: "invoice-extra", architecture: "noarch", from: nil, to: "1.0-1"),
        PackageChange(name: "invoice-hooks", architecture: "noarch", from: "1.0-1", to: "1.1-1"),
    ]

    static func transaction(
        _ changes: [PackageChange], _ purpose: PackageTransaction.Purpose = .patch
    ) -> PackageTransaction {
        PackageTransaction(
            manager: .rpm, purpose: purpose, changes: changes, conffiles: .keepCurrent, downloadBytes: 20_000)
    }

    static func installed(_ host: String) async throws -> [String] {
        try await PackagesLab.inside("rpm -qa 'invoice*' 'libinvoice*' | sort", on: host)
            .split(separator: "\n").map(String.init)
    }

    static let before = ["invoice-server-4.0-1.noarch", "invoice-themes-1.0-1.noarch", "libinvoice-2.3-1.noarch"]
    static let after = ["invoice-server-4.1-1.noarch", "invoice-themes-1.0-1.noarch", "libinvoice-2.3-2.noarch"]
}

/// A change of packages on one host: its three steps in one plan.
struct RpmChange {
    let host: String
    let stage: Step
    let patch: Step
    let back: Step
    let run = UUID().uuidString
    let user: String?
    let drivers: BuiltInDrivers

    init(
        _ changes: [PackageChange], on host: String, user: String? = nil, rollbackClass: RollbackClass = .exactVersions,
        settings: PackageDriverSettings = PackageDriverSettings(), timeoutSeconds: Int = 120
    ) {
        self.host = host
        self.user = user
        drivers = RpmLab.drivers(settings)
        stage = LabStep.make(.stage(transaction: RpmLab.transaction(changes)), on: host)
        patch = LabStep.make(
            .changePackages(transaction: RpmLab.transaction(changes)), on: host, timeoutSeconds: timeoutSeconds,
            rollbackClass: rollbackClass)
        var back = LabStep.make(
            .changePackages(transaction: RpmLab.transaction(changes.map(\.reversed), .rollback)), on: host)
        back.compensates = patch.id
        self.back = back
    }

    func context(_ step: Step) -> StepContext {
        var plan = LabStep.context(step, user: user).plan
        plan.steps = [stage, patch]
        plan.rollback = [back]
        return LabStep.context(step, run: run, plan: plan)
    }

    func driver(_ step: Step) throws -> any StepDriver { try #require(drivers.driver(for: step.action)) }

    func check(_ step: Step) async throws -> StepReadiness {
        try await driver(step).check(step, in: context(step))
    }

    @discardableResult
    func perform(_ step: Step) async throws -> Observation {
        try await driver(step).perform(step, in: context(step))
        return try await driver(step).verify(step, in: context(step))
    }

    /// Performs a step that has to fail.
    func failure(of step: Step) async throws -> StepFailure {
        do {
            try await driver(step).perform(step, in: context(step))
        } catch let failure as StepFailure {
            return failure
        }
        throw TestFailure("\(step.id) did not fail")
    }
}
