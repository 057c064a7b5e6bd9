@testable import FettleDrivers

extension PretendCluster.State {
    /// The task that is told to whoever asked.
    mutating func begin(_ vmid: Int, to target: String) -> String {
        guard let guest = guests[vmid] else { return "" }
        guard let service = services[vmid], service != "ignored" else {
            return move(vmid, to: target, by: "fettle@pve!a")
        }
        // It only asks the HA manager, and ends at once.
        let upid = add(
            PretendCluster.Task(node: guest.node, type: "hamigrate", vmid: vmid, exit: "OK"), by: "fettle@pve!a")
        if !managerSleeps { events.append((now + 10_000, .managerMoves(vmid: vmid, target: target))) }
        return upid
    }

    @discardableResult
    private mutating func move(_ vmid: Int, to target: String, by user: String) -> String {
        guard let guest = guests[vmid] else { return "" }
        guests[vmid]?.lock = "migrate"
        let upid = add(PretendCluster.Task(node: guest.node, type: "qmigrate", vmid: vmid, target: target), by: user)
        events.append((now + seconds * 1_000, .end(upid: upid)))
        return upid
    }

    private mutating func add(_ task: PretendCluster.Task, by user: String) -> String {
        started += 1
        let upid = "UPID:\(task.node):0000\(1_000 + started):00000001:65000000:\(task.type):\(task.vmid):\(user):"
        tasks[upid] = task
        tasks[upid]?.isForgotten = forgetsTasks
        return upid
    }

    /// What is due by now.
    mutating func pass() {
        let due = events.filter { $0.at <= now }
        events.removeAll { $0.at <= now }
        for (_, event) in due {
            switch event {
            case .end(let upid): arrive(upid)
            case .started(let vmid): guests[vmid]?.isRunning = true
            case .managerMoves(let vmid, let target):
                services[vmid] = "migrate"
                move(vmid, to: target, by: "root@pam")
            case .maintenance(let node, let isOn):
                if isOn { maintained.insert(node) } else { maintained.remove(node) }
                guard isOn, let other = nodes.keys.sorted().first(where: { $0 != node && nodes[$0] == true }) else {
                    continue
                }
                for vmid in services.keys.sorted() where guests[vmid]?.node == node {
                    services[vmid] = "migrate"
                    move(vmid, to: other, by: "root@pam")
                }
            }
        }
    }

    private mutating func arrive(_ upid: String) {
        guard let task = tasks[upid], task.exit == nil else { return }
        switch outcomes[task.vmid] ?? .arrives {
        case .arrives:
            guests[task.vmid]?.node = task.target ?? task.node
            end(upid, exit: "OK")
        case .lies: end(upid, exit: "OK")
        case .fails(let words): end(upid, exit: words)
        case .dies:
            end(upid, exit: "unexpected status")
            guests[task.vmid]?.lock = "migrate"
        }
    }

    mutating func end(_ upid: String, exit: String) {
        guard let task = tasks[upid], task.exit == nil else { return }
        tasks[upid]?.exit = exit
        guests[task.vmid]?.lock = nil
        if services[task.vmid] == "migrate" { services[task.vmid] = "started" }
    }
}
