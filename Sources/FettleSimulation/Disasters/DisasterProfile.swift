/// What may go wrong in a play, and how often.
///
/// All chances are in 1,000. Faults end after `mostFaults`: from then on the world behaves, so that every run must come to an
/// end (I11).
public struct DisasterProfile: Sendable, Equatable {
    /// The executor dies after a line of the journal, at once or while what it began goes on.
    public var crash: Int
    /// The executor stands still for longer than its lease, and wakes up when another has taken over.
    public var stall: Int
    /// A person has another executor take the run from one that lives.
    public var takeOver: Int
    /// A line is durable, and its writer never hears of it and dies.
    public var lostAcknowledgement: Int
    /// What a driver has to say never arrives: the step's time limit ends the waiting.
    public var lostReply: Int
    /// A reply comes twice, the second time late.
    public var repeatedReply: Int
    /// A task says that it is done and has done nothing, or says that it failed and has done it.
    public var lie: Int
    /// A host stops answering for a while in the middle of something.
    public var unreachable: Int
    /// A host never answers again.
    public var lostHost: Int
    /// A package's script fails, and leaves it half configured.
    public var halfConfigured: Int
    /// A patch or a restart leaves the host unwell.
    public var unwell: Int
    /// A host is unwell for a while without our doing.
    public var flap: Int
    /// A reboot comes up with the kernel that ran before.
    public var oldKernel: Int
    /// The load balancer is restarted and has forgotten all drains.
    public var forgottenDrains: Int
    /// A load balancer refuses or doesn't answer.
    public var balancerRefuses: Int
    /// A snapshot cannot be made a part of its disks.
    public var unmergeable: Int
    /// Somebody else drains a host, for reasons of their own, or lets it back in.
    public var foreignDrain: Int
    /// The executor's clock jumps, forwards or backwards.
    public var clockJump: Int
    /// Somebody asks for something: a pause, its end, an abort, a rollback of all or a part, another try of all or of what failed,
    /// a skip, another executor, another plan.
    public var person: Int
    /// The executor dies while it writes a line, which is not there then.
    public var tornAppend: Int
    /// Something else has filled the disk on which the journal is, for a while.
    public var fullDisk: Int
    /// Somebody else's package work on a host, for a while or for good.
    public var packagesLocked: Int
    /// A gate cannot tell.
    public var silentGate: Int
    /// A gate tells what was seen before.
    public var staleGate: Int
    /// What goes wrong beyond single hosts.
    public var worlds: WorldFaults
    /// So many faults and no more.
    public var mostFaults: Int
    /// No fault any more after so many seconds, however many are left; nil: at any time.
    public var faultsStopAfterSeconds: Int?

    public init(
        crash: Int = 0, stall: Int = 0, takeOver: Int = 0, lostAcknowledgement: Int = 0, lostReply: Int = 0,
        repeatedReply: Int = 0,
        lie: Int = 0, unreachable: Int = 0, lostHost: Int = 0, halfConfigured: Int = 0, unwell: Int = 0, flap: Int = 0,
        oldKernel: Int = 0, forgottenDrains: Int = 0, balancerRefuses: Int = 0, foreignDrain: Int = 0,
        clockJump: Int = 0, person: Int = 0, tornAppend: Int = 0, fullDisk: Int = 0, packagesLocked: Int = 0,
        silentGate: Int = 0, staleGate: Int = 0, unmergeable: Int = 0, worlds: WorldFaults = .none, mostFaults: Int = 0,
        faultsStopAfterSeconds: Int? = nil
    ) {
        self.crash = crash
        self.stall = stall
        self.takeOver = takeOver
        self.lostAcknowledgement = lostAcknowledgement
        self.lostReply = lostReply
        self.repeatedReply = repeatedReply
        self.lie = lie
        self.unreachable = unreachable
        self.lostHost = lostHost
        self.halfConfigured = halfConfigured
        self.unwell = unwell
        self.flap = flap
        self.oldKernel = oldKernel
        self.forgottenDrains = forgottenDrains
        self.balancerRefuses = balancerRefuses
        self.foreignDrain = foreignDrain
        self.clockJump = clockJump
        self.person = person
        self.tornAppend = tornAppend
        self.fullDisk = fullDisk
        self.packagesLocked = packagesLocked
        self.silentGate = silentGate
        self.staleGate = staleGate
        self.unmergeable = unmergeable
        self.worlds = worlds
        self.faultsStopAfterSeconds = faultsStopAfterSeconds
        self.mostFaults = mostFaults
    }

    /// Nothing goes wrong.
    public static let none = DisasterProfile()

    /// Everything goes wrong now and then, a dozen times a run at most.
    public static let everything = DisasterProfile(
        crash: 15, stall: 5, takeOver: 5, lostAcknowledgement: 5, lostReply: 15, repeatedReply: 20, lie: 15,
        unreachable: 15,
        lostHost: 4, halfConfigured: 20, unwell: 30, flap: 4, oldKernel: 30, forgottenDrains: 5, balancerRefuses: 15,
        foreignDrain: 5, clockJump: 4, person: 14, tornAppend: 5, fullDisk: 3, packagesLocked: 4, silentGate: 20,
        staleGate: 20, unmergeable: 60, worlds: .everything, mostFaults: 12)
}
