@testable import FettleDrivers

extension PretendCenter.State {
    mutating func add(_ job: PretendCenter.Job) -> String {
        let id = "task-\(jobs.count + 1)"
        jobs[id] = job
        return id
    }

    /// - Returns: the task.
    @discardableResult
    mutating func begin(
        _ machine: String, to target: String, kind: String = "VirtualMachine.relocate"
    ) -> String {
        var job = PretendCenter.Job(kind: kind, entity: machine)
        job.target = target
        let task = add(job)
        events.append((now + seconds * 1_000, .end(job: task)))
        return task
    }

    /// What is due by now, in its order.
    mutating func pass() {
        while let place = events.indices.filter({ events[$0].at <= now }).min(by: { events[$0].at < events[$1].at }) {
            let event = events.remove(at: place).event
            switch event {
            case .end(let job): end(job)
            case .start(let machine): machines["vm-\(machines.count + 50)"] = machine
            case .balance(let host): balance(host)
            case .change(let body): body(&self)
            }
        }
        for (id, host) in hosts {
            guard let task = host.entering,
                !machines.values.contains(where: { $0.host == id && $0.power == "poweredOn" && $0.manager == nil })
            else { continue }
            jobs[task]?.state = "success"
            hosts[id]?.entering = nil
            hosts[id]?.isMaintained = true
        }
    }

    /// DRS empties a host that goes into maintenance.
    private mutating func balance(_ host: String) {
        guard hosts[host]?.entering != nil else { return }
        for (id, machine) in machines.sorted(by: { $0.key < $1.key })
        where machine.host == host && machine.power == "poweredOn" && !machine.isLeftByBalancer {
            let fit = hosts.filter { $0.key != host && !$0.value.isMaintained && $0.value.entering == nil }
            guard let target = choices[id] ?? fit.keys.sorted().first else { continue }
            begin(id, to: target, kind: "Drm.ExecuteVMotionLRO")
        }
    }

    private mutating func end(_ id: String) {
        guard let job = jobs[id], job.state == "running" else { return }
        switch job.kind {
        case "HostSystem.enterMaintenanceMode": end(id, words: "Operation timed out.")
        case "HostSystem.exitMaintenanceMode":
            hosts[job.entity]?.isMaintained = false
            jobs[id]?.state = "success"
        default: arrive(id, job)
        }
    }

    private mutating func arrive(_ id: String, _ job: PretendCenter.Job) {
        jobs[id]?.state = "success"
        switch outcomes[job.entity] ?? .arrives {
        case .arrives: machines[job.entity]?.host = job.target ?? ""
        case .arrivesAsFailed(let words):
            machines[job.entity]?.host = job.target ?? ""
            end(id, words: words, force: true)
        case .fails(let words): end(id, words: words, force: true)
        case .staysInSuccess: break
        case .goesTo(let host): machines[job.entity]?.host = host
        }
    }

    mutating func callOff(_ id: String) {
        jobs[id]?.isCanceled = true
        end(id, words: "The task was canceled by a user.")
    }

    mutating func end(_ id: String, words: String, force: Bool = false) {
        guard force || jobs[id]?.state == "running" else { return }
        jobs[id]?.state = "error"
        jobs[id]?.words = words
        if let job = jobs[id], job.kind == "HostSystem.enterMaintenanceMode" { hosts[job.entity]?.entering = nil }
    }
}
