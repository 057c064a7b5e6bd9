internal import Foundation

/// The proxy that the environment names, as other tools read it: `https_proxy`, `http_proxy`, `all_proxy` and
/// `no_proxy`, in small letters or capitals. `HTTP_PROXY` in capitals is not read: a web server sets it from a
/// request's header (httpoxy, CVE-2016-5385).
struct ProxyEnvironment: Sendable {
    struct Proxy: Hashable, Sendable {
        var host: String
        var port: Int
        /// For the proxy alone; never shown.
        var user: String?
        var password: String?
    }

    private let values: [String: String]

    init(_ environment: [String: String]) { values = environment }

    /// - Throws: for a proxy that cannot be used: to go without it would be no help.
    func proxy(for address: FeedAddress) throws(FeedSyncError) -> Proxy? {
        guard !isExcepted(address.host.lowercased()) else { return nil }
        let names = address.isEncrypted ? ["https_proxy", "HTTPS_PROXY"] : ["http_proxy"]
        guard let (name, text) = first(of: names + ["all_proxy", "ALL_PROXY"]) else { return nil }
        let full = text.contains("://") ? text : "http://\(text)"
        guard let url = URL(string: full), url.scheme?.lowercased() == "http", let host = url.host, !host.isEmpty else {
            throw FeedSyncError(
                .address, "the proxy in the environment variable \(name) is none that can be used here",
                hint: "such as \(name)=http://proxy.example:3128")
        }
        return Proxy(
            host: host, port: url.port ?? 3_128, user: url.user?.removingPercentEncoding,
            password: url.password?.removingPercentEncoding)
    }

    private func first(of names: [String]) -> (String, String)? {
        for name in names {
            if let value = values[name], !value.isEmpty { return (name, value) }
        }
        return nil
    }

    /// `no_proxy`: names with all that lies below them, `*` for everything.
    private func isExcepted(_ host: String) -> Bool {
        guard let (_, text) = first(of: ["no_proxy", "NO_PROXY"]) else { return false }
        return text.split(separator: ",").contains { entry in
            var name = entry.trimmingCharacters(in: .whitespaces).lowercased()
            if name == "*" { return true }
            if name.hasPrefix("*.") { name.removeFirst() }
            if name.hasPrefix(".") { name.removeFirst() }
            return !name.isEmpty && (host == name || host.hasSuffix(".\(name)"))
        }
    }
}
