internal import FettleModel

/// Turns the rows of a table into a list of systems.
struct SystemListReader {
    struct Row {
        var cells: [Cell]
        var place: Place
    }

    struct Cell {
        var text: String
        var isNumber: Bool
        var place: Place
    }

    let reading: Reading
    let options: SystemListFile.Options

    /// What people write into a cell that says nothing.
    private static let silent: Set<String> = ["", "-", "--", "–", "—", "?", "n/a", "na", "none", "tbd", "unknown"]

    private struct Said: Hashable {
        var system: String
        var subject: SystemList.Subject
    }

    func read(_ rows: [Row]) -> SystemList {
        var list = SystemList(file: reading.file, rows: [])
        guard let header = rows.first else {
            reading.problem(
                "the list is empty", at: .start, hint: "its first row names the columns: system, openssl, …")
            return list
        }
        guard rows.count <= SystemListFile.maximumRows else {
            reading.problem("more than \(SystemListFile.maximumRows) rows", at: header.place)
            return list
        }
        let columns = ListColumns(header, options, reading)
        guard reading.problems.isEmpty else { return list }
        var said: [Said: (value: String, line: Int)] = [:]
        for row in rows.dropFirst() {
            guard let entry = entry(row, header, columns, &said) else { continue }
            list.rows.append(entry)
        }
        if list.rows.isEmpty, reading.problems.isEmpty {
            reading.problem("the list has no rows below its header", at: header.place)
        }
        return list
    }

    private func entry(
        _ row: Row, _ header: Row, _ columns: ListColumns, _ said: inout [Said: (value: String, line: Int)]
    ) -> SystemList.Row? {
        if let extra = row.cells.dropFirst(header.cells.count).first(where: { !$0.text.isEmpty }) {
            reading.problem(
                "more cells than the header's \(header.cells.count)", at: extra.place,
                hint: "put a text with separators in quotes")
            return nil
        }
        var cells: [ListColumns.Meaning: Cell] = [:]
        for (index, cell) in row.cells.enumerated() {
            guard let meaning = columns.meanings[index], let text = text(cell) else { continue }
            cells[meaning] = Cell(text: text, isNumber: cell.isNumber, place: cell.place)
        }
        guard let system = cells[.system] else {
            reading.problem("a row that names no system", at: row.place)
            return nil
        }
        var entry = SystemList.Row(system: system.text, line: row.place.line, claims: [])
        for (subject, cell) in claims(cells, row, columns) {
            let key = Said(system: system.text.lowercased(), subject: subject)
            if let earlier = said[key] {
                guard earlier.value != cell.text else { continue }
                reading.problem(
                    "the \(subject.words.shown()) of \(system.text.quoted) is \(cell.text.quoted) here and \(earlier.value.quoted) in line \(earlier.line)",
                    at: cell.place, hint: "keep the one that is right")
                continue
            }
            said[key] = (cell.text, row.place.line)
            entry.claims.append(.init(subject, cell.text))
        }
        return entry
    }

    /// In the order of the columns.
    private func claims(
        _ cells: [ListColumns.Meaning: Cell], _ row: Row, _ columns: ListColumns
    ) -> [(SystemList.Subject, Cell)] {
        var claims: [(SystemList.Subject, Cell)] = []
        if let version = cells[.version] {
            if let package = cells[.package] {
                if ListColumns.isPackage(package.text) {
                    tellNumber(version)
                    claims.append((.package(package.text), version))
                } else {
                    reading.problem("\(package.text.quoted) cannot be the name of a package", at: package.place)
                }
            } else {
                reading.problem("a version without the package that it is of", at: version.place)
            }
        }
        for (_, meaning) in columns.meanings.sorted(by: { $0.key < $1.key }) {
            guard case .claim(let subject) = meaning, let cell = cells[meaning] else { continue }
            if case .package = subject { tellNumber(cell) }
            claims.append((subject, cell))
        }
        return claims
    }

    private func tellNumber(_ cell: Cell) {
        guard cell.isNumber else { return }
        reading.warning(
            "the version \(cell.text.quoted) is kept as a number: 1.10 and 1.1 are one to the spreadsheet",
            at: cell.place,
            hint: "give the column the format 'text' and type it again")
    }

    /// nil: the cell says nothing, or nothing that can be used.
    private func text(_ cell: Cell) -> String? {
        let text = String(Substring(cell.text).trimmed)
        guard !Self.silent.contains(text.lowercased()) else { return nil }
        // What guards a cell from being taken for a formula is no part of it.
        let plain = text.hasPrefix("'") ? String(text.dropFirst()) : text
        guard plain.isPlainLine else {
            reading.problem(
                "a line break or a hidden character in a cell", at: cell.place, hint: "write it in one line")
            return nil
        }
        guard plain.unicodeScalars.count <= SystemListFile.maximumLetters else {
            reading.problem("more than \(SystemListFile.maximumLetters) letters in a cell", at: cell.place)
            return nil
        }
        return plain
    }
}
