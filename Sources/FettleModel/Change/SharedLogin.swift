extension Person {
    /// The login behind the name: in local mode another than the name, where that was given with `--as`.
    public var login: String {
        guard let mark = rawValue.firstRange(of: " (signed in as "), rawValue.hasSuffix(")") else { return rawValue }
        return String(rawValue[mark.upperBound...].dropLast())
    }
}

extension Change {
    /// Logins behind more than one of those who asked and approved, sorted: one person may be all of them, so that nobody else need
    /// have agreed. Only where people are told apart by logins alone.
    public var sharedLogins: [String] {
        Self.sharedLogins(asking: requestedBy, approving: votes.filter(\.approves).map(\.person))
    }

    private static func sharedLogins(asking person: Person, approving others: [Person]) -> [String] {
        var names: [String: Set<String>] = [person.login: [person.name]]
        for other in others { names[other.login, default: []].insert(other.name) }
        return names.filter { $0.value.count > 1 }.keys.sorted()
    }

    /// As a sentence says it; nil if nobody stands behind two names.
    public var sharedLoginWords: String? {
        Self.sharedLoginWords(asking: requestedBy, approving: votes.filter(\.approves).map(\.person))
    }

    /// The same of what is known of a change elsewhere, such as in a bundle of evidence.
    public static func sharedLoginWords(asking person: Person, approving others: [Person]) -> String? {
        let logins = sharedLogins(asking: person, approving: others)
        guard !logins.isEmpty else { return nil }
        return
            "the login \(logins.joined(separator: ", ")) stands behind more than one name here: it is not shown that another person "
            + "has agreed (`fettle user add` tells people apart)"
    }
}
