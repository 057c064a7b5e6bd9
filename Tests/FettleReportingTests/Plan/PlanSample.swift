import FettleModel
import FettleReporting

/// Plans with their times, put together by hand: pools whose members go lane by lane, after other pools and environments.
struct PlanSample {
    struct Pool {
        var name: String
        var environment: EnvironmentID = "production"
        var size: Int
        var lanes = 1
        var after: [String] = []
        var reboots = false
        /// The first member goes alone and is watched for so long.
        var bakeSeconds: Int?
        var window: Int?
    }

    var pools: [Pool]
    var singles: [ResourceID] = []
    var start: Timestamp?
    var windows: [TimeWindow] = []
    var title = "Patch a fleet"
    private var steps: [Step] = []
    private var rollback: [Step] = []
    private var begins: [Int] = []
    private var ends: [Int] = []

    init(_ pools: [Pool]) { self.pools = pools }

    static let now = Timestamp(milliseconds: 1_795_471_200_000)

    /// Three tiers in two environments, a host in no group.
    static var small: PlanSample {
        var sample = PlanSample(
            ["qa", "production"].flatMap { environment -> [Pool] in
                let id = EnvironmentID(environment)
                let size = environment == "qa" ? 2 : 6
                return [
                    Pool(name: "\(environment)-db", environment: id, size: 3, reboots: true),
                    Pool(
                        name: "\(environment)-app", environment: id, size: size, lanes: size / 2,
                        after: ["\(environment)-db"]),
                    Pool(
                        name: "\(environment)-web", environment: id, size: size, lanes: max(1, size / 3),
                        after: ["\(environment)-app"], bakeSeconds: 30),
                ]
            })
        sample.singles = ["bastion-1"]
        return sample
    }

    var picture: PlanPicture {
        var sample = self
        let (plan, times) = sample.build()
        return PlanPicture(
            plan: plan, digest: Digest(rawValue: String(repeating: "5e", count: 32)), times: times,
            proof: .proven(how: "every reachable state was judged"))
    }

    private mutating func build() -> (Plan, PlanTimes) {
        var poolEnd: [String: Int] = [:]
        var environmentEnd = 0
        var order: [TurnOrder] = []
        var environments: [EnvironmentID] = []
        for pool in pools where !environments.contains(pool.environment) { environments.append(pool.environment) }
        for environment in environments {
            let inside = pools.filter { $0.environment == environment }
            let earlier = environmentEnd
            for pool in inside {
                let opens = pool.window.flatMap { index in
                    start.map { Int(windows[index].opensAt.seconds(since: $0)) }
                }
                let begin = max(pool.after.compactMap { poolEnd[$0] }.max() ?? earlier, opens ?? 0)
                poolEnd[pool.name] = add(pool, from: begin, to: &order)
                environmentEnd = max(environmentEnd, poolEnd[pool.name] ?? 0)
            }
        }
        order += pools.flatMap { pool in
            pool.after.compactMap { name in pools.first { $0.name == name } }.map { first in
                TurnOrder(reason: "group \(pool.name) after \(first.name)", turns: [members(first), members(pool)])
            }
        }
        let turns = environments.map { environment in
            pools.filter { $0.environment == environment }.flatMap(members)
                + (environment == environments.last ? singles : [])
        }
        if turns.count > 1 { order.append(TurnOrder(reason: "environments one after the other", turns: turns)) }
        for single in singles { _ = chain(single, nil, wave: 0, from: environmentEnd, reboots: false) }
        let targets =
            (pools.flatMap { pool in members(pool).map { ($0, pool.environment, pool.window) } }
                + singles.map { ($0, environments.last ?? "production", nil) })
        let plan = Plan(
            id: "plan-1", title: title, selection: StageReference(id: "selection-1", digest: Digest(rawValue: "ab")),
            createdAt: Self.now, environments: environments,
            targets: targets.map { resource, environment, window in
                PlanTarget(
                    resource: resource, address: .ssh(resource.rawValue), environment: environment, window: window)
            }.sorted { $0.resource < $1.resource },
            groups: pools.map { pool in
                PlannedGroup(
                    id: GroupID(pool.name), members: members(pool).sorted(),
                    minimumAvailable: max(0, pool.size - pool.lanes), maximumOut: pool.lanes, traffic: nil, probes: [])
            }.sorted { $0.id < $1.id }, steps: steps, rollback: rollback, order: order, limits: PlanLimits(),
            windows: windows)
        let total = DurationEstimate(medianSeconds: ends.max() ?? 0, p95Seconds: (ends.max() ?? 0) * 3)
        return (plan, PlanTimes(begins: begins, ends: ends, total: total, start: start))
    }

    private func members(_ pool: Pool) -> [ResourceID] { (1...pool.size).map { ResourceID("\(pool.name)-\($0)") } }

    private mutating func add(_ pool: Pool, from begin: Int, to order: inout [TurnOrder]) -> Int {
        var lanes = [Int](repeating: begin, count: pool.lanes)
        var turns = [[[ResourceID]]](repeating: [], count: pool.lanes)
        for (place, member) in members(pool).enumerated() {
            let lane = pool.bakeSeconds == nil ? place % pool.lanes : max(0, place - 1) % pool.lanes
            lanes[lane] = chain(member, pool, wave: turns[lane].count, from: lanes[lane], reboots: pool.reboots)
            turns[lane].append([member])
            guard let seconds = pool.bakeSeconds, place == 0 else { continue }
            let bake = StepAction.bake(seconds: seconds, resources: [member], probes: [])
            add("\(pool.name)/bake", member, pool, 0, bake, .none, from: lanes[lane], for: seconds)
            lanes = lanes.map { _ in lanes[lane] + seconds }
            for other in turns.indices where other != lane { turns[other] = [[member]] }
        }
        order += turns.filter { $0.count > 1 }.map {
            TurnOrder(reason: "pool \(pool.name): at most \(pool.lanes) of \(pool.size) out", turns: $0)
        }
        return lanes.max() ?? begin
    }

    private mutating func chain(_ host: ResourceID, _ pool: Pool?, wave: Int, from: Int, reboots: Bool) -> Int {
        var now = from
        func next(_ seconds: Int) -> Int {
            defer { now += seconds }
            return now
        }
        let changes = [
            PackageChange(name: "libssl3", architecture: "amd64", from: "3.0.17-1~deb12u2", to: "3.0.17-1~deb12u3"),
            PackageChange(name: "openssl", architecture: "amd64", from: "3.0.17-1~deb12u2", to: "3.0.17-1~deb12u3"),
        ]
        let transaction = PackageTransaction(
            manager: .dpkg, purpose: .patch, changes: changes, conffiles: .keepCurrent, downloadBytes: 3_000_000)
        let nothing = HostExpectation(packages: [])
        add(
            "\(host)/preflight", host, pool, wave, .preflight(expectation: nothing, probes: []), .none, from: next(2),
            for: 2)
        add("\(host)/stage", host, pool, wave, .stage(transaction: transaction), .none, from: next(6), for: 6)
        add("\(host)/take-out", host, pool, wave, .takeOut, .takesOut, from: next(5), for: 5)
        add(
            "\(host)/patch", host, pool, wave, .changePackages(transaction: transaction), .requiresOut, from: next(15),
            for: 15)
        add("\(host)/restart", host, pool, wave, .restartServices(except: []), .requiresOut, from: next(5), for: 5)
        if reboots {
            add("\(host)/reboot", host, pool, wave, .reboot(condition: .always), .requiresOut, from: next(40), for: 40)
        }
        add("\(host)/gate", host, pool, wave, .gate(probes: []), .requiresOut, from: next(4), for: 4)
        add("\(host)/verify", host, pool, wave, .verify(expectation: nothing), .requiresOut, from: next(2), for: 2)
        add("\(host)/bring-back", host, pool, wave, .bringBack, .bringsBack, from: next(3), for: 3)
        var back = transaction
        back.purpose = .rollback
        back.changes = changes.map(\.reversed)
        for (name, action) in [
            ("take-out", .takeOut), ("return", .changePackages(transaction: back)), ("bring-back", .bringBack),
        ]
            as [(String, StepAction)]
        { rollback.append(step("\(host)/rollback/\(name)", host, pool, wave, action, .none, seconds: 10)) }
        return now
    }

    private mutating func add(
        _ id: String, _ host: ResourceID, _ pool: Pool?, _ wave: Int, _ action: StepAction,
        _ availability: AvailabilityEffect, from begin: Int, for seconds: Int
    ) {
        steps.append(step(id, host, pool, wave, action, availability, seconds: seconds))
        begins.append(begin)
        ends.append(begin + seconds)
    }

    private func step(
        _ id: String, _ host: ResourceID, _ pool: Pool?, _ wave: Int, _ action: StepAction,
        _ availability: AvailabilityEffect, seconds: Int
    ) -> Step {
        Step(
            id: StepID(id), resource: host, group: pool.map { GroupID($0.name) }, wave: wave, action: action, after: [],
            availability: availability, rollbackClass: .nothingToUndo,
            estimate: DurationEstimate(medianSeconds: seconds, p95Seconds: seconds * 3), timeoutSeconds: 60)
    }
}
