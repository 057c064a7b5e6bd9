import ArgumentParser
import FettleAssessment
import FettleControl
import FettleInventory
import FettleModel
import FettleReporting
import FettleSpreadsheets
import Foundation

struct ReportAlignment: AsyncParsableCommand, ListAnswering {
    static let configuration = CommandConfiguration(
        commandName: "alignment",
        abstract: "Every system with its level; or a team's own list of systems held against the facts.",
        discussion: """
            --against takes a spreadsheet (.xlsx) or CSV whose first row names the columns: one for the system's name, and either one \
            for each package, called as it is, or 'package' and 'version'. What differs and what either side lacks is told, and the \
            command ends with 0 (the list is right), 1 (something differs), 4 (nothing does, but not everything could be compared) or 2 \
            (the list cannot be read).
            """)

    @OptionGroup var options: GlobalOptions
    @OptionGroup var scope: ScopeArguments
    @OptionGroup var forms: ReportForms
    @Option(help: ArgumentHelp("A team's own list: a workbook (.xlsx) or CSV.", valueName: "file")) var against: String?
    @Option(help: "Which sheet of the workbook; the first otherwise.") var sheet: String?
    @Option(
        name: .customLong("column"),
        help: ArgumentHelp(
            """
            What a column means: system, package, version, platform, kernel, environment, owner, package:NAME or none; may be given \
            again.
            """, valueName: "title=meaning"))
    var columns: [String] = []

    func validate() throws {
        if against == nil, sheet != nil || !columns.isEmpty {
            throw ValidationError("--sheet and --column are for --against FILE")
        }
        _ = try meanings()
    }

    func run() async throws {
        let session = try Session(options)
        let fleet = try session.fleet
        let resources = try scope.resources(of: fleet)
        guard let against else {
            let document = try await session.reports.report(
                .alignment, on: resources, fleet: fleet, policy: session.policy)
            try forms.write(document, saying: options.output == .table)
            return try forms.answer(document, as: options.output)
        }
        let packages = try await session.reports.packageNames()
        let reading = try read(against, SystemListFile.Options(meanings: try meanings(), packages: packages))
        for warning in reading.warnings { session.note(warning.description) }
        let (document, comparison) = try await session.reports.alignment(
            with: reading.list, on: resources, fleet: fleet, policy: session.policy)
        try forms.write(document, saying: options.output == .table)
        try forms.answer(document, as: options.output)
        guard !comparison.isAligned else { return }
        throw (comparison.differs ? ExitStatus.failure : ExitStatus.partial).code
    }

    /// The title may have an equals sign itself; no meaning has one.
    private func meanings() throws -> [String: String] {
        var meanings: [String: String] = [:]
        for column in columns {
            guard let sign = column.lastIndex(of: "="), sign != column.startIndex else {
                throw ValidationError("--column takes TITLE=MEANING, not '\(column.printable)'")
            }
            meanings[String(column[..<sign])] = String(column[column.index(after: sign)...])
        }
        return meanings
    }

    private func read(_ path: String, _ options: SystemListFile.Options) throws -> SystemListFile.Reading {
        let handle = FileHandle(forReadingAtPath: isRegular(path) ? path : "/dev/null")
        defer { try? handle?.close() }
        let beginning = (try? handle?.read(upToCount: 8)) ?? Data()
        if WorkbookReader.isCompoundFile(beginning) {
            throw CommandFailure(
                .usage,
                "\(path.printable): an old workbook (.xls), or one with a password\n  save it as .xlsx without a password, or as CSV"
            )
        }
        guard WorkbookReader.isWorkbook(beginning) else {
            guard sheet == nil else {
                throw CommandFailure(.usage, "\(path.printable): --sheet is for workbooks (.xlsx)")
            }
            return try SystemListFile.csv(path: path, options: options)
        }
        return try SystemListFile.table(
            rows: try rows(path).map { row in row.map { .init($0.text, isNumber: $0.isNumber) } }, file: path,
            options: options)
    }

    private func rows(_ path: String) throws -> [[SheetCell]] {
        do throws(SpreadsheetError) {
            return try WorkbookReader.rows(path: path, sheet: sheet)
        } catch {
            throw CommandFailure(.usage, error.description)
        }
    }

    /// A named pipe or a device would be waited for; the reader tells that it is none.
    private func isRegular(_ path: String) -> Bool {
        let resolved = URL(fileURLWithPath: path).resolvingSymlinksInPath().path
        let type = try? FileManager.default.attributesOfItem(atPath: resolved)[.type] as? FileAttributeType
        return type == .typeRegular
    }
}
