import FettleModel

/// The parts of an OpenVEX document that say what is affected. Ubuntu puts the header into `metadata`, the
/// specification puts it at the top.
struct OpenVEXDocument: Decodable {
    struct Statement: Decodable {
        var name: String
        var aliases: [String]
        var summary: String
        var timestamp: Timestamp?
        /// Package URLs.
        var products: [String]
        var status: String
        var action: String

        private enum Keys: String, CodingKey {
            case vulnerability
            case timestamp
            case products
            case status
            case actionStatement = "action_statement"
        }
        private enum VulnerabilityKeys: String, CodingKey { case name, aliases, description }

        init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: Keys.self)
            if let plain = container.tolerant(String.self, .vulnerability) {
                (name, aliases, summary) = (plain, [], "")
            } else {
                let inner = try container.nestedContainer(keyedBy: VulnerabilityKeys.self, forKey: .vulnerability)
                name = try inner.decode(String.self, forKey: .name)
                aliases = inner.elements(String.self, .aliases)
                summary = inner.tolerant(String.self, .description) ?? ""
            }
            guard AdvisoryNames.isID(name) else {
                throw DecodingError.dataCorruptedError(
                    forKey: .vulnerability, in: container, debugDescription: "the vulnerability has no name")
            }
            timestamp = container.tolerant(String.self, .timestamp).flatMap { FeedDates.time($0) }
            products = container.elements(Product.self, .products).map(\.id)
            status = try container.decode(String.self, forKey: .status)
            action = container.tolerant(String.self, .actionStatement) ?? ""
        }
    }

    private struct Product: Decodable {
        var id: String

        private enum Keys: String, CodingKey {
            case id = "@id"
            case identifiers
        }
        private struct Identifiers: Decodable { var purl: String? }

        init(from decoder: any Decoder) throws {
            if let plain = try? decoder.singleValueContainer().decode(String.self) {
                id = plain
                return
            }
            let container = try decoder.container(keyedBy: Keys.self)
            id =
                try container.tolerant(Identifiers.self, .identifiers)?.purl
                ?? container.decode(String.self, forKey: .id)
        }
    }
    private struct Metadata: Decodable {
        var id: String?
        var timestamp: String?

        enum CodingKeys: String, CodingKey {
            case id = "@id"
            case timestamp
        }
    }

    /// Its address; empty where it has none.
    var id: String
    var timestamp: Timestamp?
    var statements: [Statement]
    var malformedCount: Int

    private enum Keys: String, CodingKey {
        case id = "@id"
        case metadata, timestamp, statements
    }

    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Keys.self)
        let metadata = container.tolerant(Metadata.self, .metadata)
        id = metadata?.id ?? container.tolerant(String.self, .id) ?? ""
        let time = metadata?.timestamp ?? container.tolerant(String.self, .timestamp)
        timestamp = time.flatMap { FeedDates.time($0) }
        let all = try container.decode([Lenient<Statement>].self, forKey: .statements)
        statements = all.compactMap(\.value)
        malformedCount = all.count - statements.count
    }
}
