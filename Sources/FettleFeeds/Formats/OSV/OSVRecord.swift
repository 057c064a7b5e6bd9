internal import Foundation

/// An OSV record, as far as it is used (https://ossf.github.io/osv-schema/).
struct OSVRecord: Decodable {
    var id: String
    var modified: String?
    var published: String?
    var withdrawn: String?
    var aliases: [String]?
    var upstream: [String]?
    var related: [String]?
    var summary: String?
    var severity: [Lenient<Severity>]?
    var affected: [Lenient<Affected>]?
    var references: [Lenient<Reference>]?
    var databaseSpecific: Word?

    struct Severity: Decodable {
        var type: String
        var score: String
    }

    struct Reference: Decodable {
        var url: String
    }

    struct Affected: Decodable {
        var package: Package?
        var severity: [Lenient<Severity>]?
        var ranges: [Range]?
        var versions: [String]?
        var ecosystemSpecific: Word?
    }

    struct Package: Decodable {
        var ecosystem: String
        var name: String
    }

    struct Range: Decodable {
        var type: String
        var events: [Event]
    }

    struct Event: Decodable {
        var introduced: String?
        var fixed: String?
        var lastAffected: String?
        var limit: String?

        enum CodingKeys: String, CodingKey {
            case introduced, fixed, limit
            case lastAffected = "last_affected"
        }
    }

    /// What publishers add of their own, of which only their words for how bad it is count. It may have any shape.
    struct Word: Decodable {
        /// GitHub's severity, Ubuntu's priority, Debian's urgency.
        var severity: String?
        /// Of Debian's urgencies those that are a judgement of their own.
        var remark: String?

        enum CodingKeys: String, CodingKey {
            case severity, urgency
            case ubuntuPriority = "ubuntu_priority"
        }

        init(from decoder: any Decoder) throws {
            guard let values = try? decoder.container(keyedBy: CodingKeys.self) else { return }
            let urgency = values.tolerant(String.self, .urgency)
            if let urgency, ["unimportant", "end-of-life"].contains(urgency) { remark = urgency }
            severity =
                values.tolerant(String.self, .severity) ?? values.tolerant(String.self, .ubuntuPriority)
                ?? (urgency == "not yet assigned" ? nil : urgency)
        }
    }

    enum CodingKeys: String, CodingKey {
        case id, modified, published, withdrawn, aliases, upstream, related, summary, severity, affected, references
        case databaseSpecific = "database_specific"
    }
}

extension OSVRecord.Affected {
    enum CodingKeys: String, CodingKey {
        case package, severity, ranges, versions
        case ecosystemSpecific = "ecosystem_specific"
    }
}
