/// The Amazon resource name of a target group of Elastic Load Balancing:
/// `arn:aws:elasticloadbalancing:eu-central-1:123456789012:targetgroup/web/73e2d6bc24d8a067`.
///
/// Source: https://docs.aws.amazon.com/service-authorization/latest/reference/list_awselasticloadbalancingv2.html, "Resource types".
public struct TargetGroupName: Sendable, Hashable {
    /// All of it. Nothing in it is more than a character to a shell.
    public let arn: String
    public let region: String
    /// What people call the group.
    public let name: String

    /// nil for anything else.
    public init?(_ text: String) {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        guard text.utf8.count <= 256, parts.count == 6, parts[0] == "arn",
            parts[1] == "aws" || parts[1].hasPrefix("aws-"), Self.isWord(parts[1]),
            parts[2] == "elasticloadbalancing", !parts[3].isEmpty, Self.isWord(parts[3]),
            parts[4].utf8.count == 12, parts[4].utf8.allSatisfy({ (0x30...0x39).contains($0) })
        else { return nil }
        let words = parts[5].split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard words.count == 3, words[0] == "targetgroup", (1...32).contains(words[1].utf8.count),
            Self.isWord(words[1]), (1...32).contains(words[2].utf8.count), Self.isWord(words[2])
        else { return nil }
        arn = text
        region = parts[3]
        name = words[1]
    }

    private static func isWord(_ text: String) -> Bool {
        guard let first = text.utf8.first, first != UInt8(ascii: "-") else { return false }
        return text.utf8.allSatisfy { byte in
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "-"): true
            default: false
            }
        }
    }
}
