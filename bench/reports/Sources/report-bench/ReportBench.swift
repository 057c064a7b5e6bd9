import FettleAssessment
import FettleModel
import FettleReporting
import FettleSpreadsheets
import Foundation

/// Times one report of a generated fleet, in a process of its own, whose peak of memory counts the fleet too.
///
///     report-bench KIND HOSTS FOLDER
@main
struct ReportBench {
    /// To make the report of what is in memory, and to write the page.
    private static let aimSeconds = 10.0

    static func main() throws {
        let words = CommandLine.arguments
        guard words.count == 4, let hosts = Int(words[2]), hosts > 0 else {
            print("usage: report-bench KIND HOSTS FOLDER")
            exit(2)
        }
        let (standing, facts) = BenchFleet(hosts: hosts).standing()
        let before = peakMiB()
        let (making, document) = time { make(words[1], standing, facts) }
        guard let document else {
            print("there is no report \(words[1])")
            exit(2)
        }
        tell("\(words[1]): made", making)
        let (page, text) = time { DocumentPage.html(document) }
        tell("\(words[1]): page", page)
        var bytes = 0
        let (json, _) = try time { try DocumentJSON.write(document) { bytes += $0.count } }
        tell("\(words[1]): JSON", json)
        var lines = 0
        let (csv, _) = try time { for table in document.tables { try DocumentCSV.write(table) { lines += $0.count } } }
        tell("\(words[1]): CSV", csv)
        let path = words[3] + "/report.xlsx"
        let (workbook, _) = try time { try DocumentWorkbook.write(document, path: path) }
        tell("\(words[1]): workbook", workbook)
        let size = (try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int) ?? 0
        let rows = document.tables.reduce(0) { $0 + $1.count }
        let verdict = making + page <= aimSeconds ? "met" : "MISSED"
        print(
            "\(words[1]): \(hosts) hosts, \(standing.findings.findings.count) findings, \(rows) rows:",
            "made in \(text2(making)) s, page \(text2(page)) s (\(text.utf8.count >> 10) KiB; aim \(text2(aimSeconds)) s: \(verdict)),",
            "JSON \(text2(json)) s (\(bytes >> 20) MiB), CSV \(text2(csv)) s (\(lines >> 20) MiB),",
            "workbook \(text2(workbook)) s (\(size >> 20) MiB); peak \(peakMiB()) MiB, the fleet's part \(before)")
    }

    /// At once, so that a phase that never ends, or takes all the memory, is known by the last line.
    private static func tell(_ phase: String, _ seconds: Double) {
        print("\(phase) in \(text2(seconds)) s, peak \(peakMiB()) MiB")
        // All streams: `stdout` is a variable, which Swift 6 does not let be read.
        fflush(nil)
    }

    private static func make(_ kind: String, _ standing: Standing, _ facts: FactSet) -> ReportDocument? {
        switch kind {
        case "compliance": ComplianceDocument.make(standing)
        case "age": AgeDocument.make(standing)
        case "exceptions": ExceptionsDocument.make(standing, waivers: [], at: standing.now)
        case "ownership": OwnershipDocument.make(standing.resources, obligations: [], at: standing.now)
        case "alignment": AlignmentDocument.make(standing, facts: facts)
        case "trend": TrendDocument.make(standing, runs: [])
        default: nil
        }
    }

    private static func time<Result>(_ work: () throws -> Result) rethrows -> (seconds: Double, Result) {
        let clock = ContinuousClock()
        let start = clock.now
        let result = try work()
        let passed = start.duration(to: clock.now).components
        return (Double(passed.seconds) + Double(passed.attoseconds) / 1e18, result)
    }

    private static func text2(_ number: Double) -> String { String(format: "%.2f", number) }

    private static func peakMiB() -> Int {
        var usage = rusage()
        #if os(Linux)
            getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
            return usage.ru_maxrss / 1024
        #else
            getrusage(RUSAGE_SELF, &usage)
            return usage.ru_maxrss / 1_048_576
        #endif
    }
}
