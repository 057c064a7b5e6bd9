import FettleModel
internal import Foundation

/// What lets one into OpenStack, as it stands in the place of a secret, on one line: `ID:SECRET` of an application credential, or
/// `USER@PROJECT:PASSWORD` of a user, both by their ids.
enum CloudCredential: Sendable, Equatable {
    case application(id: String, secret: String)
    case password(user: String, project: String, password: String)

    private static let longest = 4_096

    /// - Returns: nil where the text is neither.
    init?(_ text: String) {
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 2, !parts[1].isEmpty, text.utf8.count <= Self.longest,
            !text.unicodeScalars.contains(where: { $0.value < 0x20 || $0.value == 0x7F })
        else { return nil }
        let names = parts[0].split(separator: "@", omittingEmptySubsequences: false).map(String.init)
        guard names.allSatisfy(Self.isID) else { return nil }
        switch names.count {
        case 1: self = .application(id: names[0], secret: parts[1])
        case 2: self = .password(user: names[0], project: names[1], password: parts[1])
        default: return nil
        }
    }

    /// Keystone makes them of 32 or 64 hexadecimal digits; other backends of a few signs more.
    private static func isID(_ text: String) -> Bool {
        (1...64).contains(text.utf8.count)
            && text.utf8.allSatisfy { byte in
                switch byte {
                case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "-"), UInt8(ascii: "_"): true
                default: false
                }
            }
    }

    /// What may not be told.
    var secret: String {
        switch self {
        case .application(_, let secret): secret
        case .password(_, _, let password): password
        }
    }

    /// Of `POST /v3/auth/tokens`. An application credential is of one project by itself.
    ///
    /// Source: https://docs.openstack.org/api-ref/identity/v3/#authentication-and-token-management
    var question: String {
        let auth: [String: Any] =
            switch self {
            case .application(let id, let secret):
                [
                    "identity": [
                        "methods": ["application_credential"], "application_credential": ["id": id, "secret": secret],
                    ] as [String: Any]
                ]
            case .password(let user, let project, let password):
                [
                    "identity": [
                        "methods": ["password"], "password": ["user": ["id": user, "password": password]],
                    ] as [String: Any], "scope": ["project": ["id": project]],
                ]
            }
        let data = try? JSONSerialization.data(withJSONObject: ["auth": auth], options: [.sortedKeys])
        return String(decoding: data ?? Data(), as: UTF8.self)
    }
}
