import FettleControl
import FettleModel
import Foundation

/// Files in which a stage lies as JSON.
enum StageFile {
    /// A fleet of 100,000 hosts has about 400 MB of facts.
    static let maximumBytes = 4 << 30

    static func facts(from path: String) throws -> FactSet {
        try decode(bytes(of: path, as: .facts), of: path, as: .facts, StageDecoding.facts)
    }

    static func findings(from path: String) throws -> FindingSet {
        try decode(bytes(of: path, as: .findings), of: path, as: .findings, StageDecoding.findings)
    }

    static func selection(from path: String) throws -> Selection {
        try decode(bytes(of: path, as: .selection), of: path, as: .selection, StageDecoding.selection)
    }

    static func plan(from path: String) throws -> PlanDocument {
        let data = try bytes(of: path, as: .plan)
        do {
            return try PlanDocument(reading: data)
        } catch let error as DecodingError {
            throw CommandFailure(.usage, "\(path) is no plan: \(DecodingWords.of(error, in: data))\n  \(hint(.plan))")
        }
    }

    /// A word on the command line that names a file, and not what is kept: names of plans have neither of these.
    static func isNamed(by word: String) -> Bool { word == "-" || word.contains("/") || word.contains(".") }

    /// - Parameter path: `-` for standard input.
    static func bytes(of path: String, as stage: StageSchema) throws -> Data {
        func failure(_ reason: String) -> CommandFailure {
            CommandFailure(.usage, "\(path.printable): \(reason)\n  \(hint(stage))")
        }
        if path == "-" {
            guard let data = try FileHandle.standardInput.read(upToCount: maximumBytes + 1) else {
                throw failure("standard input is empty")
            }
            guard data.count <= maximumBytes else { throw failure("longer than \(maximumBytes >> 30) GiB") }
            return data
        }
        let url = URL(fileURLWithPath: path).resolvingSymlinksInPath()
        guard let attributes = try? FileManager.default.attributesOfItem(atPath: url.path) else {
            throw failure("there is no such file")
        }
        // A named pipe or a device would be read for ever.
        guard attributes[.type] as? FileAttributeType == .typeRegular else { throw failure("not a regular file") }
        guard (attributes[.size] as? Int ?? 0) <= maximumBytes else {
            throw failure("longer than \(maximumBytes >> 30) GiB")
        }
        do {
            return try Data(contentsOf: url, options: .mappedIfSafe)
        } catch {
            throw failure(FettleCommand.words(for: error))
        }
    }

    static func decode<Value>(
        _ data: Data, of path: String, as stage: StageSchema, _ decode: (Data) throws -> Value
    ) throws -> Value {
        do {
            return try decode(data)
        } catch {
            throw CommandFailure(
                .usage,
                "\(path.printable) holds no \(stage.rawValue): \(DecodingWords.of(error, in: data))\n  \(hint(stage))")
        }
    }

    private static func hint(_ stage: StageSchema) -> String {
        switch stage {
        case .plan: "`fettle plan show PLAN -o json` writes one"
        case .journal: "`fettle run show RUN -o json` writes one"
        case .facts, .findings, .selection:
            "`fettle export \(stage.rawValue)` writes one; `fettle schema \(stage.rawValue)` says its form"
        }
    }
}
