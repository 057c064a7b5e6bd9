/// What the API tells, as far as it is needed. Whatever is missing here and needed makes the answer none: half of it would pass for
/// all.
enum ProxmoxRecord {
    /// Of `/nodes`.
    struct Node: Decodable, Sendable {
        var node: String
        var status: String
    }

    /// Of `/cluster/resources?type=vm`.
    struct Guest: Decodable, Sendable {
        /// `qemu`, `lxc`, or what comes next.
        var type: String
        var vmid: GuestNumber
        var node: String
        var name: String?
        var template: LooseFlag?
    }

    /// Of `/nodes/NODE/qemu` and `/nodes/NODE/lxc`.
    struct NodeGuest: Decodable, Sendable {
        var vmid: GuestNumber
        /// `running` or `stopped`.
        var status: String
        var maxmem: LooseInt?
        var cpus: LooseCount?
        var lock: String?
        var template: LooseFlag?
    }

    /// Of `/nodes/NODE/qemu/VMID/status/current`.
    struct Machine: Decodable, Sendable {
        var status: String
        /// QEMU's own word, such as `running`, `paused`, `inmigrate`.
        var qmpstatus: String?
        var lock: String?
    }

    /// Of `/nodes/NODE/status`.
    struct NodeStatus: Decodable, Sendable {
        struct Memory: Decodable, Sendable { var total: LooseInt }
        struct Processors: Decodable, Sendable { var cpus: LooseInt }

        var memory: Memory
        var cpuinfo: Processors
        var pveversion: String?
    }

    /// Of `/cluster/ha/status/current`.
    struct HighAvailability: Decodable, Sendable {
        var type: String
        var node: String?
        var status: String?
        var quorate: LooseFlag?
        var sid: String?
        var state: String?
        var crmState: String?

        enum CodingKeys: String, CodingKey {
            case type, node, status, quorate, sid, state
            case crmState = "crm_state"
        }
    }

    /// Of `/nodes/NODE/tasks`.
    struct Task: Decodable, Sendable {
        var upid: String
        var type: String
        var id: String?
        var status: String?
    }

    /// Of `/nodes/NODE/tasks/UPID/status`.
    struct TaskStatus: Decodable, Sendable {
        var status: String
        var exitstatus: String?
    }

    /// Of `/cluster/options`: `migration` is an object, or the line that stands in the file.
    struct Options: Decodable, Sendable {
        struct Migration: Decodable, Sendable {
            var type: String?

            init(from decoder: any Decoder) throws {
                let container = try decoder.singleValueContainer()
                if let fields = try? container.decode([String: String].self) {
                    type = fields["type"]
                } else {
                    let parts = try container.decode(String.self).split(separator: ",")
                    // The kind is the line's default key.
                    type =
                        parts.lazy.compactMap { $0.hasPrefix("type=") ? String($0.dropFirst(5)) : nil }.first
                        ?? parts.first { !$0.contains("=") }.map(String.init)
                }
            }
        }

        var migration: Migration?
    }
}
