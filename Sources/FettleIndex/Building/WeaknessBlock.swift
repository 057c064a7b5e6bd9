import FettleModel

/// What is known of one CVE, as it lies in the file; also its form on the way there, where parts from several feeds are joined.
enum WeaknessBlock {
    private static let hasExploitation: UInt8 = 1
    private static let hasPrediction: UInt8 = 2
    private static let hasDecision: UInt8 = 4
    private static let isRejected: UInt8 = 8
    private static let usedByRansomware: UInt8 = 16
    private static let isAutomatable: UInt8 = 32

    static func append(_ record: WeaknessRecord, to writer: inout ByteWriter) {
        var flags: UInt8 = record.isRejected ? isRejected : 0
        if record.exploited != nil { flags |= hasExploitation }
        if record.exploited?.isUsedByRansomware == true { flags |= usedByRansomware }
        if record.prediction != nil { flags |= hasPrediction }
        if record.decision != nil { flags |= hasDecision }
        if record.decision?.isAutomatable == true { flags |= isAutomatable }
        writer.text(record.id)
        writer.number(flags)
        writer.number(record.publishedAt?.milliseconds ?? AdvisoryBlock.noTime)
        if let exploited = record.exploited {
            writer.number(exploited.addedAt.milliseconds)
            writer.number(exploited.dueAt?.milliseconds ?? AdvisoryBlock.noTime)
        }
        if let prediction = record.prediction {
            writer.number(prediction.probability.bitPattern)
            writer.number((prediction.percentile ?? .nan).bitPattern)
            writer.number(prediction.scoredAt.milliseconds)
        }
        if let decision = record.decision {
            writer.number(UInt8(DecisionPoints.Exploitation.allCases.firstIndex(of: decision.exploitation) ?? 0))
            writer.number(UInt8(DecisionPoints.TechnicalImpact.allCases.firstIndex(of: decision.technicalImpact) ?? 0))
            writer.number(decision.decidedAt?.milliseconds ?? AdvisoryBlock.noTime)
        }
        CVSSBlock.append(record.cvss, to: &writer)
    }

    static func read(_ cursor: inout BlockCursor) -> WeaknessRecord {
        var record = WeaknessRecord(id: cursor.text())
        let flags = cursor.number(UInt8.self)
        record.isRejected = flags & isRejected != 0
        record.publishedAt = CVSSBlock.time(cursor.number(Int64.self))
        if flags & hasExploitation != 0 {
            let added = Timestamp(milliseconds: cursor.number(Int64.self))
            record.exploited = KnownExploitation(
                addedAt: added, dueAt: CVSSBlock.time(cursor.number(Int64.self)),
                isUsedByRansomware: flags & usedByRansomware != 0)
        }
        if flags & hasPrediction != 0 {
            let probability = Double(bitPattern: cursor.number(UInt64.self))
            let percentile = Double(bitPattern: cursor.number(UInt64.self))
            record.prediction = ExploitPrediction(
                probability: probability, percentile: percentile.isNaN ? nil : percentile,
                scoredAt: Timestamp(milliseconds: cursor.number(Int64.self)))
        }
        if flags & hasDecision != 0 {
            let exploitation = Int(cursor.number(UInt8.self))
            let impact = Int(cursor.number(UInt8.self))
            record.decision = DecisionPoints(
                exploitation: DecisionPoints.Exploitation.allCases[min(exploitation, 2)],
                isAutomatable: flags & isAutomatable != 0,
                technicalImpact: DecisionPoints.TechnicalImpact.allCases[min(impact, 1)],
                decidedAt: CVSSBlock.time(cursor.number(Int64.self)))
        }
        record.cvss = CVSSBlock.read(&cursor)
        return record
    }

    /// A CVE's own record knows when it was listed; the catalogue also knows until when to act, and of ransomware.
    private static func join(_ first: KnownExploitation?, _ second: KnownExploitation?) -> KnownExploitation? {
        guard let first, let second else { return first ?? second }
        return KnownExploitation(
            addedAt: min(first.addedAt, second.addedAt), dueAt: [first.dueAt, second.dueAt].compactMap { $0 }.min(),
            isUsedByRansomware: first.isUsedByRansomware || second.isUsedByRansomware)
    }

    /// What two feeds say of one CVE: the earlier listing as exploited, the newer prediction and decision, every rating once. A
    /// rejection by one of them holds.
    static func join(_ first: WeaknessRecord, _ second: WeaknessRecord) -> WeaknessRecord {
        var joined = first
        joined.exploited = join(first.exploited, second.exploited)
        joined.prediction = [first.prediction, second.prediction].compactMap { $0 }.max { $0.scoredAt < $1.scoredAt }
        joined.decision = [first.decision, second.decision].compactMap { $0 }
            .max { ($0.decidedAt?.milliseconds ?? .min) < ($1.decidedAt?.milliseconds ?? .min) }
        joined.publishedAt = [first.publishedAt, second.publishedAt].compactMap { $0 }.min()
        joined.isRejected = first.isRejected || second.isRejected
        joined.cvss += second.cvss.filter { !first.cvss.contains($0) }
        return joined
    }
}
