import FettleModel

/// What Nova tells, as far as it is needed. Whatever is missing here and needed makes the answer none: half of it would pass for all.
enum NovaRecord {
    /// Of `/os-services`. Of a cell that does not answer there is only `UNKNOWN`.
    struct Service: Decodable, Sendable {
        var id: String?
        var host: String
        /// `enabled`, `disabled` or `UNKNOWN`.
        var status: String
        /// `up` or `down`.
        var state: String?
        var reason: String?
        var isForcedDown: Bool?

        enum CodingKeys: String, CodingKey {
            case id, host, status, state
            case reason = "disabled_reason"
            case isForcedDown = "forced_down"
        }
    }

    /// Of `/os-hypervisors/detail`, before 2.88.
    struct Hypervisor: Decodable, Sendable {
        struct Service: Decodable, Sendable { var host: String }

        var id: String
        var service: Service
        var vcpus: Int
        var memory: Int

        enum CodingKeys: String, CodingKey {
            case id, service, vcpus
            case memory = "memory_mb"
        }
    }

    /// Of `/servers/detail`.
    struct Server: Decodable, Sendable {
        var id: String
        var name: String
        /// nil: it is on none, such as one that is shelved and offloaded, or not placed yet.
        var host: String?
        var vmState: String
        var taskState: String?
        /// 0 not known, 1 running, 3 paused, 4 shut down, 6 crashed, 7 suspended.
        var powerState: Int
        var flavor: Flavor
        /// An image is its root disk's; without one it lies on a volume.
        var hasImage: Bool
        var hasConfigDrive: Bool

        enum CodingKeys: String, CodingKey {
            case id, name, status, flavor, image
            case host = "OS-EXT-SRV-ATTR:host"
            case vmState = "OS-EXT-STS:vm_state"
            case taskState = "OS-EXT-STS:task_state"
            case powerState = "OS-EXT-STS:power_state"
            case configDrive = "config_drive"
        }

        init(from decoder: any Decoder) throws {
            let fields = try decoder.container(keyedBy: CodingKeys.self)
            id = try fields.decode(String.self, forKey: .id)
            guard NovaName.isUUID(id) else { throw APIError.garbage("a server has no id") }
            guard try fields.decode(String.self, forKey: .status) != "UNKNOWN" || fields.contains(.vmState) else {
                throw APIError(.unreachable, "a cell does not answer, and has server \(id)", nothingRan: true)
            }
            name = try fields.decode(String.self, forKey: .name)
            guard fields.contains(.host) else {
                throw APIError(
                    .refused, "it does not tell where a server is (os_compute_api:os-extended-server-attributes)",
                    nothingRan: true)
            }
            host = try fields.decodeIfPresent(String.self, forKey: .host).flatMap { $0.isEmpty ? nil : $0 }
            vmState = try fields.decode(String.self, forKey: .vmState)
            taskState = try fields.decodeIfPresent(String.self, forKey: .taskState)
            powerState = try fields.decodeIfPresent(Int.self, forKey: .powerState) ?? 0
            flavor = try fields.decode(Flavor.self, forKey: .flavor)
            // An empty text where there is none.
            hasImage = (try? fields.decode(String.self, forKey: .image)) == nil
            hasConfigDrive = try fields.decodeIfPresent(String.self, forKey: .configDrive) == "True"
        }
    }

    /// As it was when the server was made.
    struct Flavor: Decodable, Sendable {
        var vcpus: Int
        /// In MiB.
        var memory: Int
        /// In GiB.
        var ephemeral: Int
        /// In MiB.
        var swap: Int
        var specifications: [String: String]

        enum CodingKeys: String, CodingKey {
            case vcpus, ephemeral, swap
            case memory = "ram"
            case specifications = "extra_specs"
        }

        init(from decoder: any Decoder) throws {
            let fields = try decoder.container(keyedBy: CodingKeys.self)
            vcpus = try fields.decode(Int.self, forKey: .vcpus)
            memory = try fields.decode(Int.self, forKey: .memory)
            ephemeral = try fields.decode(Int.self, forKey: .ephemeral)
            swap = try fields.decode(Int.self, forKey: .swap)
            // Missing, a device would pass for none.
            guard fields.contains(.specifications) else {
                throw APIError(
                    .refused, "it does not tell what flavors ask for (os_compute_api:servers:show:flavor-extra-specs)",
                    nothingRan: true)
            }
            specifications = try fields.decode([String: String].self, forKey: .specifications)
        }
    }

    /// Of `/servers/ID/migrations`.
    struct Migration: Decodable, Sendable, Equatable {
        var id: Int
        /// `queued`, `preparing`, `running` or `post-migrating`.
        var status: String
        /// nil: who asks may not see it.
        var destination: String?
        var total: Int?
        var remaining: Int?

        enum CodingKeys: String, CodingKey {
            case id, status
            case destination = "dest_compute"
            case total = "memory_total_bytes"
            case remaining = "memory_remaining_bytes"
        }
    }

    /// Of `/servers/ID/diagnostics`.
    struct Diagnostics: Decodable, Sendable {
        /// `pending`, `running`, `paused`, `shutdown`, `crashed` or `suspended`.
        var state: String
    }

    /// Of `/os-server-groups`.
    struct Group: Decodable, Sendable {
        struct Rules: Decodable, Sendable {
            var most: Int?
            enum CodingKeys: String, CodingKey { case most = "max_server_per_host" }
        }

        var name: String
        var policy: String
        var rules: Rules?
        var members: [String]
    }

    /// Of `/servers/ID/os-instance-actions/REQUEST`.
    struct Action: Decodable, Sendable {
        struct Event: Decodable, Sendable {
            var event: String
            var result: String?
            var details: String?
        }

        var message: String?
        var events: [Event]?
    }
}

enum NovaName {
    static func isUUID(_ text: some StringProtocol) -> Bool {
        let groups = text.split(separator: "-", omittingEmptySubsequences: false)
        return groups.map(\.utf8.count) == [8, 4, 4, 4, 12]
            && groups.joined().utf8.allSatisfy { byte in
                switch byte {
                case 0x30...0x39, 0x41...0x46, 0x61...0x66: true
                default: false
                }
            }
    }

    /// `req-` and a UUID, as each answer names the request.
    static func isRequest(_ text: String) -> Bool { text.hasPrefix("req-") && isUUID(text.dropFirst(4)) }

    /// Of a host of Nova, which is its own name or one that was given to it.
    static func isHost(_ text: String) -> Bool { HTTPRequest.isHost(text) }
}
