internal import FettleModel

/// Reads `api` of `machines`: how what manages a pool of hypervisors is asked.
struct MachineAPIReader {
    let reading: Reading

    /// Whether it is one cloud's Keystone, at an address of its own that can have a path, and not each of the members.
    let isCloud: Bool

    static let keys = ["url", "token", "certificateAuthorities"]
    /// Of Proxmox VE, on each of its nodes.
    static let defaultURL = "https://{host}:8006"

    private var example: String { isCloud ? "https://keystone.example:5000" : Self.defaultURL }

    func read(_ value: YAMLValue) -> MachineAPI? {
        guard let fields = Fields(value, of: "'api'", keys: Self.keys, reading) else { return nil }
        let token = fields.required(
            "token", of: "'api'", reading, hint: "where the token is: {env: NAME} or {file: PATH}"
        ).flatMap { reading.secretSource($0, "token") }
        var url: String? = Self.defaultURL
        if isCloud {
            url = fields.required("url", of: "'api'", reading, hint: "such as \(example)").flatMap(self.url)
        } else if let value = fields["url"] {
            url = self.url(value)
        }
        let authorities = fields["certificateAuthorities"].map(self.file)
        guard let token, let url, authorities != .some(nil) else { return nil }
        return MachineAPI(url: url, token: token, certificateAuthorities: authorities ?? nil)
    }

    private func url(_ value: YAMLValue) -> String? {
        guard let text = reading.text(value, "'url'", limit: 512) else { return nil }
        let plain = isCloud ? text : text.replacing("{host}", with: "h")
        do throws(WebAddressError) {
            let address = try WebAddress(plain, encrypted: "https", others: [])
            if address.path.isEmpty || isCloud && !address.path.contains("?") { return text }
            reading.problem("the address \(text.quoted) has a path", at: value.place, hint: "such as \(example)")
        } catch {
            reading.problem("the address \(error.message)", at: value.place, hint: "such as \(example)")
        }
        return nil
    }

    private func file(_ value: YAMLValue) -> String? {
        guard let text = reading.text(value, "'certificateAuthorities'", limit: 1_024) else { return nil }
        guard text.hasPrefix("/"), !text.hasSuffix("/") else {
            reading.problem(
                "\(text.quoted) is no absolute path of a file", at: value.place,
                hint: "such as /etc/fettle/pve-root-ca.pem")
            return nil
        }
        return text
    }
}
