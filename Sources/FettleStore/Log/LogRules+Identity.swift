import FettleModel

/// What the log says of users and tokens that were altered.
extension LogRules {
    /// - Parameters:
    ///   - document: as it stands now.
    ///   - old: the bytes that were there.
    ///   - altered: the entry of an alteration that nobody may make.
    static func of(user document: StoredDocument, replacing old: [UInt8], _ altered: LogEntry) -> [LogEntry] {
        guard var expected = decoded(User.self, old), let after = decoded(User.self, document.bytes) else {
            return [altered]
        }
        expected.grants = after.grants
        expected.isDisabled = after.isDisabled
        expected.alteredBy = after.alteredBy
        expected.alteredAt = after.alteredAt
        return expected == after ? [altered.with(.userAltered, after.alteredAt, after.alteredBy)] : [altered]
    }

    /// A token ends once, and nothing else of it is ever altered.
    static func of(token document: StoredDocument, replacing old: [UInt8], _ altered: LogEntry) -> [LogEntry] {
        guard var expected = decoded(AccessToken.self, old), expected.ended == nil,
            let after = decoded(AccessToken.self, document.bytes), let ending = after.ended
        else { return [altered] }
        expected.ended = ending
        guard expected == after else { return [altered] }
        var ended = altered.with(.tokenEnded, ending.at, ending.by)
        ended.word = ending.cause?.rawValue
        return [ended]
    }
}
