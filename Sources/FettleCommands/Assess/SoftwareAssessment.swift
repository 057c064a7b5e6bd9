import FettleAssessment
import FettleIndex
import FettleModel

/// Judges lists of software and hands the findings to a writer.
struct SoftwareAssessment {
    var index: AdvisoryIndex
    /// What is not sound of its feeds.
    var notes: [String] = []
    /// Named by the user; what a list says of itself holds otherwise.
    var platform: String?
    var detail: SoftwareJudge.Detail

    func run(_ lists: [(name: String, list: SoftwareList)], _ writer: any FindingWriter) throws -> ExitStatus {
        // One judge for each platform: lists of one platform share what is judged.
        var judges: [String: SoftwareJudge] = [:]
        var totals = FindingTotals()
        totals.feedNotes = notes
        for (name, list) in lists {
            let named = platform ?? list.platform
            let key = named ?? ""
            let judge =
                judges[key]
                ?? SoftwareJudge(
                    index: index, platform: named.flatMap { Ecosystem($0) }, detail: detail)
            judges[key] = judge
            var list = list
            // The user's word goes before what a list says of its parts, as it does before what it says of itself.
            if platform != nil { for place in list.packages.indices { list.packages[place].platform = nil } }
            let judgement = try judged(list, by: judge)
            totals.add(judgement, judge.lots)
            try writer.write(list, judgement, judge, host: name)
            for gap in totals.add(gaps: judgement.gaps, of: name) { Output.note(gap) }
        }
        try writer.finish(totals, index.catalogue)
        let undecided = (totals.others[.unknown] ?? 0) + (totals.others[.underInvestigation] ?? 0)
        if undecided > 0, detail == .affected {
            let what = undecided == 1 ? "finding is" : "findings are"
            Output.note(
                "\(undecided) \(what) undecided, by their publishers or by what is known here: --all shows them")
        }
        if !totals.gaps.isEmpty { return .partial }
        if totals.affected[.security] ?? 0 > 0 { return .securityUpdatesNeeded }
        if totals.affected.values.contains(where: { $0 > 0 }) { return .updatesNeeded }
        // What nobody can tell is no good news; but where there is something to do, that is said first.
        return undecided > 0 ? .partial : .ok
    }

    private func judged(_ list: SoftwareList, by judge: SoftwareJudge) throws -> SoftwareJudgement {
        do throws(IndexError) { return try judge.judge(list) } catch {
            throw CommandFailure(.failure, "\(error)")
        }
    }
}

/// What was found, in numbers.
struct FindingTotals {
    var packages = 0
    var notChecked = 0
    var affected: [UpdateClass: Int] = [:]
    var others: [FindingStatus: Int] = [:]
    /// What could not be read or judged, behind its list's name.
    private(set) var gaps: [String] = []
    /// The first of each list, and how many more it has.
    private(set) var gapsInWords: [String] = []
    /// What is not sound of the feeds that all of it rests on.
    var feedNotes: [String] = []

    /// - Returns: what is to be told of them.
    mutating func add(gaps: [String], of name: String) -> [String] {
        func named(_ gaps: [String]) -> [String] { gaps.map { "\(name): \($0)" } }
        let told = named(GapList(gaps).lines)
        self.gaps += named(gaps)
        gapsInWords += told
        return told
    }

    var affectedCount: Int { affected.values.reduce(0, +) }
}
