/// A task of a node.
struct ProxmoxTask: Sendable, Equatable {
    var name: Name
    /// Of the guest that it is about; nil: of none.
    var vmid: Int?
    var type: String

    /// More than a node does at once.
    static let most = 1_000

    /// Whether a machine is being moved by it, or the HA manager asked to.
    var isMove: Bool { type == "qmigrate" || type == "hamigrate" }

    /// `UPID:NODE:PID:PSTART:STARTTIME:TYPE:ID:USER:`, as it names a task in the whole cluster.
    struct Name: Sendable, Hashable {
        let text: String
        let node: String
        let type: String

        init?(_ text: String) {
            let parts = text.split(separator: ":", omittingEmptySubsequences: false)
            guard parts.count == 9, parts[0] == "UPID", parts[8].isEmpty, text.utf8.count <= 1_024,
                ProxmoxName.isNode(parts[1]), text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != 0x2F })
            else { return nil }
            self.text = text
            node = String(parts[1])
            type = String(parts[5])
        }
    }

    /// How it stands with a task.
    enum State: Sendable, Equatable {
        case running
        case ended(String)
        /// Nobody knows it any more: its node was restarted, or has thrown its log away.
        case gone
    }
}

extension ProxmoxClient {
    /// Of the node's active tasks those that still run.
    func tasks(on node: String) async throws(APIError) -> [ProxmoxTask] {
        let records = try await get(.tasks(on: node), as: [ProxmoxRecord.Task].self)
        // A list that may have been cut would hide a move.
        guard records.count < ProxmoxTask.most else { throw .garbage("\(node) has \(records.count) tasks at once") }
        var tasks: [ProxmoxTask] = []
        for record in records where record.status == nil || record.status == "RUNNING" {
            guard let name = ProxmoxTask.Name(record.upid) else { throw .garbage("a task on \(node) has no name") }
            tasks.append(
                ProxmoxTask(
                    name: name, vmid: record.id.flatMap { FactText.number($0, Int.self) }, type: record.type))
        }
        return tasks
    }

    func state(of task: ProxmoxTask.Name) async throws(APIError) -> ProxmoxTask.State {
        do throws(APIError) {
            let record = try await get(.task(task), as: ProxmoxRecord.TaskStatus.self)
            guard record.status == "stopped" else { return .running }
            return .ended(SafeText.lastLines(of: record.exitstatus ?? "") ?? "it does not say how")
        } catch {
            // `no such task`, as 400 or 500 by version.
            guard error.code == .failed || error.code == .refused else { throw error }
            return .gone
        }
    }
}
