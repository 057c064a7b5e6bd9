import FettleAssessment
import FettleIndex
import FettleModel

/// The part of a finding's line that is the same for every package of a lot.
///
/// All findings of a lot stand in one piece of memory: a short run pays more for memory that it touches first than for what it writes there.
final class LotFragments {
    /// The lines of one lot's findings without their heads, in the order of the findings.
    struct Tails {
        fileprivate var bytes: [UInt8]
        fileprivate var ends: [Int]

        var count: Int { ends.count }

        subscript(number: Int) -> ArraySlice<UInt8> { bytes[(number == 0 ? 0 : ends[number - 1])..<ends[number]] }
    }

    /// About as many bytes as a line has behind what is said of its lot; a longer one is only slower.
    private static let usualRest = 150

    private let judge: SoftwareJudge
    private var known: [Int: Tails] = [:]
    private var advisories = JSONBytes()
    private var places: [UInt32: Range<Int>] = [:]

    init(_ judge: SoftwareJudge) { self.judge = judge }

    func tails(of number: Int) throws -> Tails {
        if let tails = known[number] { return tails }
        let lot = judge.lots[number]
        var front = JSONBytes()
        front.raw(",\"ecosystem\":")
        front.string(lot.ecosystem.name)
        front.raw(",\"installed\":")
        front.string(lot.version)
        var lines = JSONBytes()
        lines.reserve(lot.findings.count * (front.count + Self.usualRest))
        var ends: [Int] = []
        ends.reserveCapacity(lot.findings.count)
        for finding in lot.findings {
            let place = try place(of: finding.advisory)
            lines.raw(front.bytes)
            lines.raw(advisories.bytes[place])
            lines.raw(",\"fixed\":")
            if let fixed = finding.fixed { lines.string(fixed) } else { lines.raw("null") }
            lines.raw(",\"status\":")
            lines.string(finding.status.rawValue)
            lines.raw(",\"matchedBy\":")
            lines.string(finding.matchedBy)
            lines.byte(UInt8(ascii: "}"))
            ends.append(lines.count)
        }
        let tails = Tails(bytes: lines.bytes, ends: ends)
        known[number] = tails
        return tails
    }

    /// Where in `advisories` what is said of an advisory stands.
    private func place(of number: UInt32) throws -> Range<Int> {
        if let place = places[number] { return place }
        let record = try judge.index.advisory(number).record
        let start = advisories.count
        advisories.raw(",\"advisory\":")
        advisories.string(record.id)
        advisories.raw(",\"aliases\":[")
        for (position, alias) in record.aliases.enumerated() {
            if position > 0 { advisories.byte(UInt8(ascii: ",")) }
            advisories.string(alias)
        }
        advisories.raw("],\"class\":")
        advisories.string(record.updateClass.rawValue)
        advisories.raw(",\"severity\":")
        advisories.string(record.severity)
        places[number] = start..<advisories.count
        return start..<advisories.count
    }
}
