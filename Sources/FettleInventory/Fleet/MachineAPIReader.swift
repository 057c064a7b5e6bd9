internal import FettleModel

/// Reads `api` of `machines`: how what manages a pool of hypervisors is asked.
struct MachineAPIReader {
    let reading: Reading

    static let keys = ["url", "token", "certificateAuthorities"]
    /// Of Proxmox VE, on each of its nodes.
    static let defaultURL = "https://{host}:8006"

    func read(_ value: YAMLValue) -> MachineAPI? {
        guard let fields = Fields(value, of: "'api'", keys: Self.keys, reading) else { return nil }
        let token = fields.required(
            "token", of: "'api'", reading, hint: "where the token is: {env: NAME} or {file: PATH}"
        ).flatMap { reading.secretSource($0, "token") }
        let url = fields["url"].map(self.url) ?? Self.defaultURL
        let authorities = fields["certificateAuthorities"].map(self.file)
        guard let token, let url, authorities != .some(nil) else { return nil }
        return MachineAPI(url: url, token: token, certificateAuthorities: authorities ?? nil)
    }

    private func url(_ value: YAMLValue) -> String? {
        guard let text = reading.text(value, "'url'", limit: 512) else { return nil }
        do throws(WebAddressError) {
            let address = try WebAddress(text.replacing("{host}", with: "h"), encrypted: "https", others: [])
            if address.path.isEmpty { return text }
            reading.problem(
                "the address \(text.quoted) has a path", at: value.place, hint: "such as https://{host}:8006")
        } catch {
            reading.problem("the address \(error.message)", at: value.place, hint: "such as https://{host}:8006")
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
