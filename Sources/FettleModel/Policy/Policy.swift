/// What the user wants: `policy.yaml`, with a documented default for everything.
public struct Policy: Codable, Sendable, Equatable {
    /// Classes of update that are planned; the others are shown and left.
    public var classes: [UpdateClass]
    /// Rules of single classes; a class without one is taken now if it is among `classes`, and never otherwise.
    public var classRules: [UpdateClass: ClassRule]
    /// Packages that follow a rolling release in small steps; nil: none do.
    public var rolling: RollingRule?
    /// By platform and environment, in the order of the file.
    public var baselines: [Baseline]
    /// What providers and vendors owe.
    public var obligations: ObligationRule
    /// Globs of package names that are never changed.
    public var exclude: [String]
    /// Due dates by outcome, in days from the day the finding was first seen.
    public var dueInDays: [Outcome: Int]
    public var conffiles: ConffilePolicy
    public var reboot: RebootPolicy
    /// How long a host may take to come back from its reboot before it counts as failed; nil: what the plan estimates.
    public var rebootDeadlineSeconds: Int?
    /// How long a host's preflight waits while somebody else works on its packages; nil: what the plan estimates.
    public var lockWaitSeconds: Int?
    /// How old a host's package lists may be before its updates are told as not judged anew; nil: `defaultListAgeSeconds`.
    public var listAgeSeconds: Int?
    /// Services that are never restarted by Fettle; globs. needrestart#340: restarting the wrong one cuts the way in.
    public var neverRestart: [String]
    public var limits: PlanLimits
    /// By environment; `default` for those not named.
    public var approvals: [EnvironmentID: ApprovalRule]
    public var defaultApproval: ApprovalRule
    public var changes: ChangePolicy
    /// Through which stages patch sets go; nil: through the fleet's environments, one after the other.
    public var promotion: PromotionPolicy?
    /// Whose word is taken for who somebody is; nil: nobody's but Fettle's own tokens.
    public var identity: IdentityPolicy?
    /// The numbers behind the risk of waiting and the risk of patching.
    public var risk: RiskPolicy
    /// How long a waiver may hold at most, in days; none holds for ever.
    public var maximumWaiverDays: Int
    /// When disruptive steps may be taken, in the order of the file.
    public var windows: [MaintenanceWindow]
    /// When what no window is for may be worked on.
    public var withoutWindow: WithoutWindow
    /// When nothing disruptive is done, in the order of the file; they win over windows.
    public var freezes: [Freeze]
    /// Which resources go before which others, beyond groups, tiers and what resources say themselves.
    public var order: [OrderRule]
    /// What release notes demand.
    public var releases: [ReleaseRule]
    /// How sure a bake has to be, and what it still calls the same.
    public var bake: BakeThresholds
    /// Who is told of what; nil: nobody.
    public var messages: MessagePolicy?
    /// What a machine costs that is up and serves nobody; nil: plans tell the time alone.
    public var price: MachinePrice?

    public init(
        classes: [UpdateClass] = [.security], exclude: [String] = [],
        dueInDays: [Outcome: Int] = [.immediate: 2, .outOfCycle: 14, .scheduled: 30, .defer: 90],
        conffiles: ConffilePolicy = .keepCurrent, reboot: RebootPolicy = .ifRequired,
        rebootDeadlineSeconds: Int? = nil, lockWaitSeconds: Int? = nil, listAgeSeconds: Int? = nil,
        neverRestart: [String] = ["dbus.service", "systemd-logind.service", "getty@*.service", "user@*.service"],
        limits: PlanLimits = PlanLimits(), approvals: [EnvironmentID: ApprovalRule] = [:],
        defaultApproval: ApprovalRule = ApprovalRule(approvals: 1, requesterMayApprove: false),
        classRules: [UpdateClass: ClassRule] = [:], rolling: RollingRule? = nil, baselines: [Baseline] = [],
        obligations: ObligationRule = ObligationRule(),
        risk: RiskPolicy = RiskPolicy(),
        maximumWaiverDays: Int = 365,
        windows: [MaintenanceWindow] = [], withoutWindow: WithoutWindow = .anyTime, freezes: [Freeze] = [],
        order: [OrderRule] = [], releases: [ReleaseRule] = [], bake: BakeThresholds = BakeThresholds(),
        changes: ChangePolicy = ChangePolicy(), promotion: PromotionPolicy? = nil,
        messages: MessagePolicy? = nil, identity: IdentityPolicy? = nil, price: MachinePrice? = nil
    ) {
        self.classes = classes
        self.exclude = exclude
        self.dueInDays = dueInDays
        self.conffiles = conffiles
        self.reboot = reboot
        self.rebootDeadlineSeconds = rebootDeadlineSeconds
        self.lockWaitSeconds = lockWaitSeconds
        self.listAgeSeconds = listAgeSeconds
        self.neverRestart = neverRestart
        self.limits = limits
        self.approvals = approvals
        self.defaultApproval = defaultApproval
        self.maximumWaiverDays = maximumWaiverDays
        self.risk = risk
        self.classRules = classRules
        self.rolling = rolling
        self.baselines = baselines
        self.obligations = obligations
        self.windows = windows
        self.withoutWindow = withoutWindow
        self.freezes = freezes
        self.order = order
        self.releases = releases
        self.bake = bake
        self.changes = changes
        self.promotion = promotion
        self.messages = messages
        self.identity = identity
        self.price = price
    }

    /// What one machine costs for each hour that it is up.
    public struct MachinePrice: Codable, Sendable, Equatable {
        public var perHour: Double
        /// What it is counted in. A name only: nothing is converted.
        public var unit: String

        public init(perHour: Double, unit: String) {
            self.perHour = perHour
            self.unit = unit
        }
    }

    /// A week: what timers of distributions and weekly rounds keep to.
    public static let defaultListAgeSeconds = 7 * 86_400

    /// When updates of the class are taken where no baseline says otherwise.
    public func rule(for updateClass: UpdateClass) -> ClassRule {
        classRules[updateClass] ?? (classes.contains(updateClass) ? .now : .never)
    }

    public enum RebootPolicy: String, Codable, Sendable, CaseIterable {
        case never, ifRequired, always
    }
}

extension Outcome: CodingKeyRepresentable {}
