import FettleModel
internal import Foundation

/// What lets one into vCenter, as it stands in the place of a secret, on one line: `USER@DOMAIN:PASSWORD`, or `DOMAIN\USER:PASSWORD`.
struct VCenterCredential: Sendable, Equatable {
    var user: String
    var password: String

    private static let longest = 4_096

    /// - Returns: nil where the text is none.
    init?(_ text: String) {
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 2, !parts[0].isEmpty, !parts[1].isEmpty, text.utf8.count <= Self.longest,
            !text.unicodeScalars.contains(where: { $0.value < 0x20 || $0.value == 0x7F })
        else { return nil }
        (user, password) = (parts[0], parts[1])
    }

    /// The parameters of `SessionManager.Login`. The words of what goes wrong are asked for in English, as they are told.
    ///
    /// Source: https://developer.broadcom.com/xapis/virtual-infrastructure-json-api/latest/
    var question: String {
        let fields = ["userName": user, "password": password, "locale": "en"]
        let data = try? JSONSerialization.data(withJSONObject: fields, options: [.sortedKeys, .withoutEscapingSlashes])
        return String(decoding: data ?? Data(), as: UTF8.self)
    }
}
