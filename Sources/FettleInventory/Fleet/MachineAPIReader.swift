internal import FettleModel

/// Reads `api` of `machines`: how what manages a pool of hypervisors is asked.
struct MachineAPIReader {
    let reading: Reading

    /// Where who is asked is.
    enum Place {
        /// On each of the members, such as Proxmox VE, or at one address for all.
        case members
        /// One cloud's Keystone, at an address of its own that can have a path.
        case cloud
        /// One vCenter, at an address of its own.
        case center

        var example: String {
            switch self {
            case .members: MachineAPIReader.defaultURL
            case .cloud: "https://keystone.example:5000"
            case .center: "https://vcenter.example"
            }
        }
    }

    let place: Place

    static let keys = ["url", "token", "certificateAuthorities"]
    /// Of Proxmox VE, on each of its nodes.
    static let defaultURL = "https://{host}:8006"

    private var example: String { place.example }

    func read(_ value: YAMLValue) -> MachineAPI? {
        guard let fields = Fields(value, of: "'api'", keys: Self.keys, reading) else { return nil }
        let token = fields.required(
            "token", of: "'api'", reading, hint: "where the token is: {env: NAME} or {file: PATH}"
        ).flatMap { reading.secretSource($0, "token") }
        var url: String? = Self.defaultURL
        if place != .members {
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
        let plain = place == .members ? text.replacing("{host}", with: "h") : text
        do throws(WebAddressError) {
            let address = try WebAddress(plain, encrypted: "https", others: [])
            if address.path.isEmpty || place == .cloud && !address.path.contains("?") { return text }
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
