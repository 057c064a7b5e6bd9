internal import FettleModel
import Foundation

/// What a publisher took back of the archive that lies beside this list: Red Hat's `deletions.csv`
/// (https://security.access.redhat.com/data/csaf/v2/vex/deletions.csv), lines of a document's path and when it was deleted.
///
/// It is the one thing that is known by its file's name: a list of changes looks the same.
struct Withdrawals {
    static let fileName = "deletions.csv"

    /// By the document's own name: the paths and times at which it was deleted.
    private var deletions: [String: [(path: String, at: Timestamp)]] = [:]

    /// - Returns: nil if it is some other list.
    /// - Throws: if it begins as such a list and is broken: then nobody knows what else was taken back.
    init?(_ document: FeedDocument) throws(FeedError) {
        var rows = CSVRows(document.bytes)
        var isFirst = true
        while let row = rows.next() {
            guard row.count == 2, row[0].hasSuffix(".json"), let time = FeedDates.time(row[1]) else {
                if isFirst { return nil }
                throw FeedError(document.name, "line \(rows.line) is no document's path and time: fetch it again")
            }
            isFirst = false
            deletions[Self.lastPart(row[0]), default: []].append((row[0], time))
        }
        if rows.isCutOff { throw FeedError(document.name, "is cut off within quotes: fetch it again") }
    }

    /// When a member of an archive, or a file beside the list, was deleted; nil if it was not.
    func time(of member: String) -> Timestamp? {
        deletions[Self.lastPart(member)]?.filter { member == $0.path || member.hasSuffix("/" + $0.path) }.map(\.at)
            .max()
    }

    private static func lastPart(_ path: String) -> String {
        path.split(separator: "/").last.map(String.init) ?? path
    }
}
