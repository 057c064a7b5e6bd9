import FettleModel

/// A report as JSON, row by row. Its form: docs/schemas/report.schema.json.
public enum DocumentJSON {
    /// The number of the form; it grows when something that is there changes its meaning.
    public static let currentSchema = 1

    public static func write(_ document: ReportDocument, to sink: @escaping ByteSink) throws {
        var output = GatheredBytes(sink)
        try output.append("{\"schema\":\(currentSchema),\"report\":\(string(document.kind))")
        try output.append(",\"title\":\(string(document.title)),\"madeAt\":\(string(document.madeAt.description))")
        try output.append(",\"summary\":\(string(document.summary))")
        if let verdict = document.verdict {
            try output.append(
                ",\"verdict\":{\"words\":\(string(verdict.words)),\"tone\":\(string(verdict.tone.rawValue))}")
        }
        let figures = document.figures.map { "\(string($0.name)):\(value($0.value))" }
        try output.append(",\"figures\":{\(figures.joined(separator: ","))}")
        try output.append(",\"cautions\":[\(document.cautions.map(string).joined(separator: ","))]")
        try output.append(",\"basis\":[\(document.basis.map(string).joined(separator: ","))]")
        try output.append(",\"charts\":[\(document.charts.map(chart).joined(separator: ","))],\"tables\":{")
        for (index, table) in document.tables.enumerated() {
            try output.append("\(index == 0 ? "" : ",")\n\(string(table.name)):[")
            let keys = table.columns.map { "\(string($0.name)):" }
            for place in 0..<table.count {
                try output.append(place == 0 ? "\n" : ",\n")
                try append(table.row(place), keys, to: &output)
            }
            try output.append("]")
        }
        try output.append("}}\n")
        try output.flush()
    }

    /// The rows of one table, each an object on a line of its own.
    public static func writeLines(_ table: ReportTable, to sink: @escaping ByteSink) throws {
        var output = GatheredBytes(sink)
        let keys = table.columns.map { "\(string($0.name)):" }
        for place in 0..<table.count {
            try append(table.row(place), keys, to: &output)
            try output.append("\n")
        }
        try output.flush()
    }

    private static func append(_ cells: [ReportCell], _ keys: [String], to output: inout GatheredBytes) throws {
        var line: [UInt8] = [UInt8(ascii: "{")]
        for (index, (key, cell)) in zip(keys, cells).enumerated() {
            if index > 0 { line.append(UInt8(ascii: ",")) }
            line.append(contentsOf: key.utf8)
            line.append(contentsOf: value(cell).utf8)
        }
        line.append(UInt8(ascii: "}"))
        try output.append(line)
    }

    private static func chart(_ chart: ReportChart) -> String {
        let series = chart.series.map { series in
            let values = series.values.map { $0.map { "\($0)" } ?? "null" }.joined(separator: ",")
            return "{\"name\":\(string(series.name)),\"values\":[\(values)]}"
        }
        return """
            {"title":\(string(chart.title)),"labels":[\(chart.labels.map(string).joined(separator: ","))],\
            "series":[\(series.joined(separator: ","))]}
            """
    }

    private static func value(_ cell: ReportCell) -> String {
        switch cell {
        case .text(let text), .mark(let text, _): string(text)
        case .count(let count): "\(count)"
        case .decimal, .number: cell.words.isEmpty ? "null" : cell.words
        case .moment, .day: string(cell.words)
        case .flag(let flag): flag ? "true" : "false"
        case .none: "null"
        }
    }

    /// By RFC 8259, section 7 (https://www.rfc-editor.org/rfc/rfc8259#section-7).
    static func string(_ text: String) -> String {
        var bytes: [UInt8] = [UInt8(ascii: "\"")]
        bytes.reserveCapacity(text.utf8.count + 2)
        let digits = Array("0123456789abcdef".utf8)
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"): bytes += [UInt8(ascii: "\\"), byte]
            case 0x0A: bytes += Array("\\n".utf8)
            case 0x00..<0x20, 0x7F:
                bytes += Array("\\u00".utf8) + [digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            default: bytes.append(byte)
            }
        }
        bytes.append(UInt8(ascii: "\""))
        return String(decoding: bytes, as: UTF8.self)
    }
}
