public import FettleDriverKit
public import FettleModel

/// Every step driver that Fettle brings, in one explicit list.
public struct BuiltInDrivers: StepDriverRegistry {
    private let channels: any ChannelProvider
    private let inspector: any HostInspector
    private let runner: ProbeRunner
    private let gate: GateDriver
    private let bake: BakeDriver
    private let drain: HAProxyDrainDriver
    private let restore: HAProxyRestoreDriver
    private let turn: HAProxySwitchDriver
    private let restart: RestartServicesDriver
    private let evacuation: MachinesDriver
    private let bringHome: MachinesDriver
    private let replace: ReplaceMachineDriver
    private let discard: DiscardMachineDriver
    private let snapshots: SnapshotDriver
    private let packages: PackageDriverSettings

    /// For the guard before a step that lowers availability.
    public let health: BuiltInHealthObserver

    /// - Parameter secrets: reads what the fleet names as the way into a product's API; without it no such product is asked.
    public init(
        channels: any ChannelProvider, inspector: any HostInspector,
        packages: PackageDriverSettings = PackageDriverSettings(),
        secrets: @escaping SecretReading = { _ throws(StepFailure) in
            throw StepFailure(code: .refused, message: "nobody reads secrets here")
        }
    ) {
        let runner = ProbeRunner(channels: channels)
        self.channels = channels
        self.inspector = inspector
        self.packages = packages
        self.runner = runner
        gate = GateDriver(runner: runner)
        bake = BakeDriver(runner: runner, channels: channels)
        drain = HAProxyDrainDriver(channels: channels)
        restore = HAProxyRestoreDriver(channels: channels)
        turn = HAProxySwitchDriver(channels: channels, runner: runner)
        restart = RestartServicesDriver(channels: channels, inspector: inspector)
        evacuation = MachinesDriver(
            libvirt: EvacuationDriver(channels: channels),
            proxmox: ProxmoxEvacuationDriver(channels: channels, secrets: secrets),
            openstack: NovaEvacuationDriver(secrets: secrets),
            vcenter: VCenterEvacuationDriver(secrets: secrets))
        bringHome = MachinesDriver(
            libvirt: BringHomeDriver(channels: channels),
            proxmox: ProxmoxBringHomeDriver(channels: channels, secrets: secrets),
            openstack: NovaBringHomeDriver(secrets: secrets),
            vcenter: VCenterBringHomeDriver(secrets: secrets))
        replace = ReplaceMachineDriver(channels: channels)
        discard = DiscardMachineDriver(channels: channels)
        snapshots = SnapshotDriver(channels: channels)
        health = BuiltInHealthObserver(channels: channels, runner: runner)
    }

    public func driver(for action: StepAction) -> (any StepDriver)? {
        switch action {
        case .preflight: preflight
        case .stage(let transaction): stage(transaction.manager)
        case .changePackages(let transaction): change(transaction.manager).map(marking)
        case .restartServices: marking(restart)
        case .reboot: marking(RebootDriver(channels: channels, inspector: inspector))
        case .takeOut, .bringBack: ReservationDriver()
        case .drain(let traffic): drain(traffic.driver)
        case .restore(let traffic): restore(traffic.driver)
        case .gate, .groupGate: gate
        case .bake: bake
        case .verify: VerifyDriver(inspector: inspector)
        case .switchTraffic(let turn): turn.traffic.driver == HAProxyDrainDriver.name ? self.turn : nil
        case .evacuate: evacuation
        case .bringHome: bringHome
        case .replaceImage(let replacement):
            replacement.machine?.driver == ReplaceMachineDriver.name ? replace : nil
        case .discardKept(let machine): machine.driver == ReplaceMachineDriver.name ? discard : nil
        case .snapshot(let machine), .revert(let machine), .discardSnapshot(let machine):
            machine.rules.driver == SnapshotDriver.name ? snapshots : nil
        case .handOver: PatroniHandoverDriver()
        case .retire: RetireDriver(channels: channels, turner: turn)
        case .upgradeThroughController, .buildImage: nil
        }
    }

    private func stage(_ manager: PackageManager) -> (any StepDriver)? {
        switch manager {
        case .dpkg: StagePackagesDriver(channels: channels, settings: packages)
        case .rpm: StageRpmDriver(channels: channels, settings: packages)
        case .apk: nil
        }
    }

    private func change(_ manager: PackageManager) -> (any StepDriver)? {
        switch manager {
        case .dpkg: ChangePackagesDriver(channels: channels, settings: packages)
        case .rpm: ChangeRpmDriver(channels: channels, settings: packages)
        case .apk: nil
        }
    }

    private func drain(_ name: String) -> (any StepDriver)? {
        switch name {
        case HAProxyDrainDriver.name: drain
        case NginxDrainDriver.name: NginxDrainDriver(channels: channels)
        case KeepalivedDrainDriver.name: KeepalivedDrainDriver(channels: channels)
        case TargetGroupDrainDriver.name: TargetGroupDrainDriver(channels: channels)
        default: nil
        }
    }

    private func restore(_ name: String) -> (any StepDriver)? {
        switch name {
        case HAProxyDrainDriver.name: restore
        case NginxDrainDriver.name: NginxRestoreDriver(channels: channels)
        case KeepalivedDrainDriver.name: KeepalivedRestoreDriver(channels: channels)
        case TargetGroupDrainDriver.name: TargetGroupRestoreDriver(channels: channels)
        default: nil
        }
    }

    private func marking(_ driver: any StepDriver) -> any StepDriver { LogMarking(driver: driver, runner: runner) }

    private var preflight: PreflightDriver {
        let pulses = PulseTaker(channels: channels)
        return PreflightDriver(inspector: inspector, probes: gate.ask) { [runner] step, plan throws(StepFailure) in
            var details: [String: String] = [:]
            details[NeighbourHistory.detailsKey] = await NeighbourHistory.record(step, in: plan, runner: runner)
            details[BakeHistory.detailsKey] = try await BakeHistory.record(
                step, in: plan, runner: runner, pulses: pulses)
            return details
        }
    }

    /// Everything that these drivers do as root where Fettle connects as another user.
    ///
    /// - Parameters:
    ///   - packages: of the package drivers.
    ///   - needs: what the host is beside an ordinary one.
    /// - Throws: `SudoRuleError` for a path that could not stand in a rule.
    public static func sudoRules(
        packages: PackageDriverSettings = PackageDriverSettings(), for needs: RootNeeds = RootNeeds()
    ) throws(SudoRuleError) -> [SudoRule] {
        var rules = try ShellHostInspector.sudoRules() + PackageListRefresher.sudoRules() + PulseSections.sudoRules()
        rules += try PackageRules.rules(packages) + RpmRules.rules() + SystemRules.rules() + LogRules.rules()
        for map in needs.haproxyMaps { rules += try HAProxySwitchDriver.sudoRules(map: map) }
        for socket in needs.haproxySockets { rules += try HAProxyDrainDriver.sudoRules(endpoint: socket) }
        for node in needs.proxmoxNodes { rules += try NodeMaintenance.rules(node: node) }
        if needs.retires { rules += try SystemRules.retirementRules() }
        if needs.hasNginx { rules += try NginxDrainDriver.sudoRules() }
        if needs.hypervisors != nil || needs.needsDisks {
            rules += try VirshRules.rules(destinations: needs.hypervisors ?? [])
        }
        guard needs.needsDisks != needs.disks.isEmpty else {
            throw SudoRuleError(
                "a directory of disks belongs to one of images, or to snapshots: one of the two is missing")
        }
        for images in needs.images {
            let known = Set(rules)
            rules += try ReplacementRules.rules(images: images, disks: needs.disks).filter { !known.contains($0) }
        }
        if needs.snapshots {
            let known = rules
            rules += try SnapshotSudoRules.rules(disks: needs.disks).filter { rule in
                !known.contains { $0.program == rule.program && $0.arguments == rule.arguments }
            }
        }
        return rules
    }
}
