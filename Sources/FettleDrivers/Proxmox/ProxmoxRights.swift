/// What the token has to be allowed. Without the right to see a guest the API leaves it out of every list, so that the lack of a right
/// would pass for an empty hypervisor.
enum ProxmoxRights {
    /// On a path, for all that lies below it.
    private static let needed: [(path: String, right: String)] = [
        ("/", "Sys.Audit"), ("/nodes", "Sys.Audit"), ("/vms", "VM.Audit"), ("/vms", "VM.Migrate"),
    ]

    /// - Parameter permissions: of `/access/permissions`: by path, each right with 1 where it holds for all that lies below.
    /// - Returns: in words; nil: nothing is.
    static func missing(in permissions: [String: [String: LooseInt]]) -> String? {
        for (path, right) in needed where permissions[path]?[right]?.value != 1 {
            return "\(right) on \(path), for all below it"
        }
        for (path, rights) in permissions.sorted(by: { $0.key < $1.key }) {
            if path.hasPrefix("/vms/"), rights["VM.Audit"] == nil { return "VM.Audit on \(path)" }
            if path.hasPrefix("/nodes/"), rights["Sys.Audit"] == nil { return "Sys.Audit on \(path)" }
        }
        return nil
    }
}

extension ProxmoxClient {
    /// - Throws: `refused` where a right is missing without which it would not be told that something is.
    func requireRights() async throws(APIError) {
        // Without any right at all Perl's empty object can be a list.
        let permissions = try await get(.permissions, as: [String: [String: LooseInt]].self)
        if let missing = ProxmoxRights.missing(in: permissions) {
            throw APIError(.refused, "the token lacks \(FactText.excerpt(missing, limit: 120))", nothingRan: true)
        }
    }

    /// - Throws: `refused` where machines' memory would cross the network in the clear.
    func requireEncryption() async throws(APIError) {
        let options = try await get(.options, as: ProxmoxRecord.Options.self)
        guard (options.migration?.type ?? "secure") == "secure" else {
            throw APIError(
                .refused,
                "the cluster moves machines unencrypted (migration: type=insecure), and the fleet says 'encrypted'",
                nothingRan: true)
        }
    }
}
