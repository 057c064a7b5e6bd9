/// What a step does. Everything a driver needs is in here: a plan leaves its executor no choices.
public enum StepAction: Codable, Sendable, Equatable {
    /// Nothing is changed: the resource must still be as the plan foresaw it, and healthy; otherwise the plan is void here.
    case preflight(expectation: HostExpectation, probes: [Probe])
    /// Downloads the new versions, and the versions to return to, into the host's own cache; changes nothing that runs.
    case stage(transaction: PackageTransaction)
    /// Indirect, as its way back: a load balancer takes much room, and a plan of a large fleet has a million other steps.
    indirect case drain(traffic: TrafficBinding)
    /// Takes the resource out of its groups where no driver does it: only the reservation counts.
    case takeOut
    case changePackages(transaction: PackageTransaction)
    /// Restarts the services that still run code which was replaced on disk, but for those named. `units`: restarted whatever
    /// code they run, sorted. Left out where there are none.
    case restartServices(except: [String], units: [String]? = nil)
    case reboot(condition: RebootCondition)
    case gate(probes: [Probe])
    indirect case restore(traffic: TrafficBinding)
    /// Brings the resource back into its groups where no driver does it.
    case bringBack
    /// Watches resources for a time; every probe must pass at the end and none may fail on the way. What is seen besides is judged
    /// as `judgement` says; nil: by the probes alone. Indirect, because there are few.
    indirect case bake(seconds: Int, resources: [ResourceID], probes: [Probe], judgement: BakeJudgement? = nil)
    /// Asks once for a whole group whether it is well, behind those of its members that have been changed so far.
    indirect case groupGate(gate: GroupGate)
    /// Facts again: the versions are there and the new code runs.
    case verify(expectation: HostExpectation)
    /// Moves running machines from a hypervisor to others, so that it can go out without them. `staying`: machines that run on it
    /// and are left there, by name, sorted; nobody else may be on it then. Left out where none is.
    case evacuate(moves: [MachineMove], staying: [String]? = nil)
    /// Moves the machines back that `evacuate` has moved away.
    case bringHome(moves: [MachineMove])
    /// Gives the leadership of a cluster to another member; nothing to do for one that does not lead.
    case handOver(handover: Handover)
    indirect case switchTraffic(turn: TrafficSwitch)
    indirect case upgradeThroughController(upgrade: ControllerUpgrade)
    indirect case buildImage(build: ImageBuild)
    indirect case replaceImage(replacement: ImageReplacement)
    /// Removes the machine that a replacement has kept: from then on there is no way back to it.
    indirect case discardKept(machine: ReplacedMachine)
    /// Keeps the disks of a virtual machine as they are, to go back to.
    indirect case snapshot(machine: MachineSnapshot)
    /// Ends the machine and starts it with its disks as the snapshot has kept them: what was written since is lost.
    indirect case revert(machine: MachineSnapshot)
    /// Makes what was written since the snapshot a part of the disks: from then on there is no way back to it.
    indirect case discardSnapshot(machine: MachineSnapshot)
    /// Shuts the resource down for good.
    case retire

    /// The action's name as plans and tables show it.
    public var name: String {
        switch self {
        case .preflight: "preflight"
        case .stage: "stage"
        case .drain: "drain"
        case .takeOut: "take out"
        case .changePackages(let transaction): transaction.purpose == .patch ? "patch" : "return"
        case .restartServices: "restart services"
        case .reboot: "reboot"
        case .gate: "gate"
        case .restore: "restore"
        case .bringBack: "bring back"
        case .bake: "bake"
        case .groupGate: "group gate"
        case .verify: "verify"
        case .evacuate: "evacuate"
        case .bringHome: "bring home"
        case .handOver: "hand over"
        case .switchTraffic(let turn): turn.from.isEmpty ? "confirm traffic" : "switch traffic"
        case .upgradeThroughController: "upgrade through controller"
        case .buildImage: "build image"
        case .replaceImage: "replace image"
        case .discardKept: "discard kept"
        case .snapshot: "snapshot"
        case .revert: "revert"
        case .discardSnapshot: "discard snapshot"
        case .retire: "retire"
        }
    }
}

extension StepAction {
    /// Those whose change a step of a group judges; nil for a step that is one resource's.
    public var judged: [ResourceID]? {
        switch self {
        case .bake(_, let resources, _, _): resources
        case .groupGate(let gate): gate.resources
        default: nil
        }
    }

    /// What a person is asked before the step; empty for all but gates.
    public var questions: [String] {
        let probes: [Probe] =
            switch self {
            case .gate(let probes): probes
            case .groupGate(let gate): gate.probes
            default: []
            }
        return probes.compactMap { probe in
            if case .manual(let question) = probe.check { question } else { nil }
        }
    }
}

/// Packages to bring from exact versions to exact versions in one go.
public struct PackageTransaction: Codable, Sendable, Equatable {
    public var manager: PackageManager
    public var purpose: Purpose
    /// Sorted by name and architecture.
    public var changes: [PackageChange]
    public var conffiles: ConffilePolicy
    public var downloadBytes: Int64
    /// As in `Resolution`: the state of the host on which exactly this was rehearsed; nil: it was not.
    public var rehearsedOn: Digest?
    /// true: somebody asked for older versions. The package manager is let to go to them, and takes files that the host has kept, for
    /// its sources may not offer them any more. nil: as the purpose says.
    public var allowsOlder: Bool?

    public init(
        manager: PackageManager, purpose: Purpose, changes: [PackageChange], conffiles: ConffilePolicy,
        downloadBytes: Int64, rehearsedOn: Digest? = nil, allowsOlder: Bool? = nil
    ) {
        self.manager = manager
        self.purpose = purpose
        self.changes = changes
        self.conffiles = conffiles
        self.downloadBytes = downloadBytes
        self.rehearsedOn = rehearsedOn
        self.allowsOlder = allowsOlder
    }

    /// To versions that the host had before: a way back, or a change that was asked to lead to older ones.
    public var leadsBack: Bool { purpose == .rollback || allowsOlder == true }

    public enum Purpose: String, Codable, Sendable, CaseIterable {
        case patch
        /// Back to the earlier versions.
        case rollback
    }
}

/// What becomes of configuration files that were changed on the host and by the package.
public enum ConffilePolicy: String, Codable, Sendable, CaseIterable {
    /// The host's file stays; the package's is laid beside it (`--force-confdef --force-confold`).
    case keepCurrent
    /// The package's file wins; the host's is laid beside it (`--force-confnew`).
    case takePackaged
}

/// What must be true of a host.
public struct HostExpectation: Codable, Sendable, Equatable {
    /// Installed at exactly these versions; sorted.
    public var packages: [PackageVersion]
    /// Not installed; sorted.
    public var absentPackages: [String]
    /// No service runs code that was replaced on disk, but for those named; nil: not asked.
    public var noStaleServicesExcept: [String]?
    /// No reboot is pending.
    public var noRebootPending: Bool

    public init(
        packages: [PackageVersion], absentPackages: [String] = [], noStaleServicesExcept: [String]? = nil,
        noRebootPending: Bool = false
    ) {
        self.packages = packages
        self.absentPackages = absentPackages
        self.noStaleServicesExcept = noStaleServicesExcept
        self.noRebootPending = noRebootPending
    }
}

public enum RebootCondition: String, Codable, Sendable, CaseIterable {
    case always
    /// Only if the host itself says that a reboot is required when the step is reached. Planned for as if it took place.
    case ifRequired
}
