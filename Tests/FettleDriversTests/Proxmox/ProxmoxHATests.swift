import FettleDriverKit
import FettleModel
import Testing

@testable import FettleDrivers

/// Guests that the HA manager keeps: it moves them, in its own time, and puts others where it likes unless it is kept from it.
@Suite("Proxmox VE, the HA manager") struct ProxmoxHATests {
    private static func cluster(prepare: (inout PretendCluster.State) -> Void = { _ in }) -> PretendCluster {
        ProxmoxSteps.cluster { state in
            state.services = [101: "started"]
            prepare(&state)
        }
    }

    private static let enable = "/usr/sbin/ha-manager crm-command node-maintenance enable pve1"
    private static let disable = "/usr/sbin/ha-manager crm-command node-maintenance disable pve1"

    @Test func theManagerMovesItsOwnAndThenGivesTheNodeNothing() async {
        let cluster = Self.cluster()
        #expect(await cluster.failure(cluster.evacuation, ProxmoxSteps.evacuate()) == nil)
        #expect(cluster.now.acts.last == Self.enable)
        #expect(cluster.now.maintained == ["pve1"])
        #expect(cluster.places["web-1"] == "pve2")
        // Its task is the manager's request and the manager's move.
        let types = Set(cluster.now.tasks.values.filter { $0.vmid == 101 }.map(\.type))
        #expect(types == ["hamigrate", "qmigrate"])
    }

    @Test func whatFettleBeganItEndsAndWhatAPersonBeganStays() async throws {
        let cluster = Self.cluster()
        let step = ProxmoxSteps.evacuate()
        guard case .ready(let prior?) = await cluster.evacuation.check(step, in: ProxmoxSteps.context(step)) else {
            Issue.record("not ready")
            return
        }
        #expect(await cluster.failure(cluster.evacuation, step) == nil)
        #expect(await cluster.failure(cluster.homecoming, ProxmoxSteps.bringHome(), prior: prior) == nil)
        #expect(cluster.now.acts.contains(Self.disable) && cluster.now.maintained.isEmpty)
        #expect(cluster.places["web-1"] == "pve1")

        let theirs = Self.cluster { state in
            state.maintained = ["pve1"]
            state.guests[101]?.node = "pve2"
        }
        guard case .ready(let before?) = await theirs.evacuation.check(step, in: ProxmoxSteps.context(step)) else {
            Issue.record("not ready")
            return
        }
        #expect(await theirs.failure(theirs.evacuation, step) == nil)
        let moves = [ProxmoxSteps.moves[1]]
        #expect(await theirs.failure(theirs.homecoming, ProxmoxSteps.bringHome(moves), prior: before)?.code == .drift)
        #expect(theirs.now.maintained == ["pve1"], "it was not ours to end")
        #expect(!theirs.now.acts.contains { $0.contains("ha-manager") })
    }

    /// Proxmox VE does not say who began a maintenance: ended by guess it could be a person's, and left it would be nobody's.
    @Test func aMaintenanceThatTheReplacedRunMayHaveBegunIsAskedAbout() async throws {
        let cluster = Self.cluster { $0.maintained = ["pve1"] }
        let step = ProxmoxSteps.evacuate()
        var context = ProxmoxSteps.context(step)
        context.plan.supersedes = Supersession(
            run: "run-0", sequence: 9, taken: [TakenHost(resource: "pve1", obligations: [], isQuarantined: true)])
        let failure = await PoolSteps.failure(cluster.evacuation, step, context)
        #expect(failure?.code == .drift, "\(failure as Any)")
        #expect(failure?.message.contains("whether run-0 or a person has begun that is not known") == true)
        #expect(cluster.now.acts.isEmpty && cluster.places["web-1"] == "pve1")
        // What this run begins itself it knows by what it has written down.
        cluster.change { $0.maintained = [] }
        guard case .ready(let prior?) = await cluster.evacuation.check(step, in: context) else {
            Issue.record("not ready")
            return
        }
        context.prior = prior
        #expect(await PoolSteps.failure(cluster.evacuation, step, context) == nil)
        guard case .alreadyDone = await cluster.evacuation.check(step, in: context) else {
            Issue.record("not done")
            return
        }
        #expect(await cluster.failure(cluster.homecoming, ProxmoxSteps.bringHome(), prior: prior) == nil)
        #expect(cluster.now.maintained.isEmpty)
    }

    @Test func withoutAnyOfItsGuestsNothingIsAskedOfIt() async {
        let cluster = ProxmoxSteps.cluster()
        #expect(await cluster.failure(cluster.evacuation, ProxmoxSteps.evacuate()) == nil)
        #expect(!cluster.now.acts.contains { $0.contains("ha-manager") })
    }

    /// It takes a request, says that all is well, and forgets it.
    @Test func aManagerThatDoesNothingIsNotWaitedForForEver() async {
        let cluster = Self.cluster { $0.managerSleeps = true }
        let failure = await cluster.failure(cluster.evacuation, ProxmoxSteps.evacuate())
        #expect(failure?.code == .timeout && failure?.message.contains("left it where it was") == true)
        #expect(cluster.now.acts.count == 1, "it is asked once")
    }

    @Test(arguments: ["error", "fence", "recovery"]) func whatTheManagerHasGivenUpIsForAPerson(state: String) async {
        let cluster = Self.cluster { $0.services[101] = state }
        let failure = await cluster.failure(cluster.evacuation, ProxmoxSteps.evacuate())
        #expect(failure?.code == .inconclusive && failure?.message.contains(state) == true)
        #expect(cluster.now.acts.isEmpty)
    }

    @Test func whatItIgnoresIsMovedAsAnyOther() async {
        let cluster = Self.cluster { $0.services[101] = "ignored" }
        #expect(await cluster.failure(cluster.evacuation, ProxmoxSteps.evacuate()) == nil)
        #expect(!cluster.now.acts.contains { $0.contains("ha-manager") })
    }

    @Test func itsMoveThatIsUnderWayIsWaitedFor() async {
        let cluster = Self.cluster { state in
            state.services[101] = "migrate"
            state.events.append((state.now + 8_000, .managerMoves(vmid: 101, target: "pve2")))
        }
        #expect(await cluster.failure(cluster.evacuation, ProxmoxSteps.evacuate()) == nil)
        #expect(!cluster.now.acts.contains { $0.contains("/101/migrate") })
    }

    /// What is not written down before would be ended by nobody.
    @Test func aManagerThatIsFirstUsedMeanwhileIsNotKeptFromTheNodeForEver() async throws {
        let cluster = ProxmoxSteps.cluster()
        let step = ProxmoxSteps.evacuate()
        guard case .ready(let prior?) = await cluster.evacuation.check(step, in: ProxmoxSteps.context(step)) else {
            Issue.record("not ready")
            return
        }
        cluster.change { $0.services = [201: "started"] }
        let failure = await cluster.failure(cluster.evacuation, step, prior: prior)
        #expect(failure?.code == .drift)
        #expect(cluster.now.maintained.isEmpty && !cluster.now.acts.contains { $0.contains("ha-manager") })
    }

    /// In maintenance the manager takes along what the plan let stay, and brings it back by itself.
    @Test func whatTheManagerTookElsewhereItBringsBack() async throws {
        let cluster = Self.cluster { state in
            state.guests[101]?.node = "pve2"
            state.events.append((state.now + 4_000, .managerMoves(vmid: 101, target: "pve1")))
        }
        let prior = MachineMemory.state(running: ["web-1"], isCordoned: false)
        let home = ProxmoxSteps.bringHome([])
        #expect(await cluster.failure(cluster.homecoming, home, staying: ["web-1"], prior: prior) == nil)
        #expect(cluster.places["web-1"] == "pve1")
        #expect(cluster.now.acts.isEmpty, "it is the manager's")
    }

    @Test func theNodesOwnRulesForSudoCoverWhatIsRunThere() throws {
        let rules = try NodeMaintenance.rules(node: "pve1")
        for isOn in [true, false] {
            let command = NodeMaintenance.command("pve1", isOn: isOn)
            #expect(rules.filter { $0.permits(command) }.count == 1)
            #expect(!rules.contains { $0.permits(NodeMaintenance.command("pve2", isOn: isOn)) })
        }
        #expect(throws: SudoRuleError.self) { try NodeMaintenance.rules(node: "pve1 ALL") }
    }
}
