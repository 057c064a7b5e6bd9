internal import FettleIndex

/// A CVE as Ubuntu's security API gives it, as far as it is used.
struct UbuntuIssue: Decodable {
    var id: String
    var status: String?
    var description: String?
    var priority: String?
    var published: String?
    var updatedAt: String?
    var impact: Lenient<Impact>?
    var packages: [Lenient<Package>]?

    struct Package: Decodable {
        var name: String
        var statuses: [Lenient<Status>]
    }

    struct Status: Decodable {
        var codename: String
        var pocket: String?
        var status: String
        /// The version, where it is released; otherwise a reason in words.
        var description: String?

        enum CodingKeys: String, CodingKey {
            case pocket, status, description
            case codename = "release_codename"
        }
    }

    struct Impact: Decodable {
        var baseMetricV3: Metric?
    }

    struct Metric: Decodable {
        var cvssV3: Rating?
    }

    struct Rating: Decodable {
        var vectorString: String
        var baseScore: Double?
    }

    enum CodingKeys: String, CodingKey {
        case id, status, description, priority, published, impact, packages
        case updatedAt = "updated_at"
    }

    /// Ubuntu hands on what NVD rated.
    var ratings: [CVSSRating] {
        guard let rating = impact?.value?.baseMetricV3?.cvssV3 else { return [] }
        return [CVSSRating(vector: rating.vectorString, publishedScore: rating.baseScore)]
    }
}
