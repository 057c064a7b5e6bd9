import FettleSoftware

/// The common form of `fettle assess` on files, understood without the parser of all commands. Scanners are started once for each
/// host, and to build and ask that parser costs as much as the judging.
///
/// It knows every option by its full name with the value as the next word, each once where one is meant. Whatever else is there,
/// or is missing, is left to the parser, which finds the words for it.
extension FileAssessment {
    /// - Parameter words: the arguments, without the program's own name.
    /// - Returns: what the parser would make of them; nil: ask the parser.
    init?(words: some Collection<String>) {
        guard words.first == "assess" else { return nil }
        var reading = WordReading()
        var rest = words.dropFirst()
        while let word = rest.popFirst() {
            guard reading.take(word, next: { rest.popFirst() }) else { return nil }
        }
        guard let made = reading.finished() else { return nil }
        self = made
    }
}

/// Plain fields and no dictionaries: what a generic type costs when it is first used would be a good part of all this.
private struct WordReading {
    private var dpkgStatus: [String] = []
    private var rpmList: [String] = []
    private var apkDatabase: [String] = []
    private var documents: [String] = []
    private var locks: [String] = []
    private var platform: String?
    private var index: String?
    private var feeds: [String] = []
    private var output: String?
    private var showsAll = false
    private var countsOnly = false

    mutating func take(_ word: String, next: () -> String?) -> Bool {
        switch word {
        case "--count": return Self.raise(&countsOnly)
        case "--all": return Self.raise(&showsAll)
        default: break
        }
        guard let value = next(), !value.isEmpty, !value.hasPrefix("-") else { return false }
        switch word {
        case "--dpkg-status": dpkgStatus.append(value)
        case "--rpm-list": rpmList.append(value)
        case "--apk-db": apkDatabase.append(value)
        case "--sbom": documents.append(value)
        case "--lock": locks.append(value)
        case "--platform": return Self.set(&platform, value)
        case "--index": return Self.set(&index, value)
        case "--feeds": feeds.append(value)
        case "-o", "--output": return Self.set(&output, value)
        default: return false
        }
        return true
    }

    private static func raise(_ flag: inout Bool) -> Bool {
        defer { flag = true }
        return !flag
    }

    private static func set(_ field: inout String?, _ value: String) -> Bool {
        defer { field = value }
        return field == nil
    }

    /// - Returns: nil where it lacks something or contradicts itself.
    func finished() -> FileAssessment? {
        func inputs(_ paths: [String], _ format: SoftwareListFormat?) -> [SoftwareInput] {
            paths.map { SoftwareInput(path: $0, format: format) }
        }
        let systemFiles =
            inputs(dpkgStatus, .dpkgStatus) + inputs(rpmList, .rpmList) + inputs(apkDatabase, .apkDatabase)
        let files = systemFiles + inputs(documents + locks, nil)
        guard !files.isEmpty, platform.map(SoftwareInput.isPlatform) ?? systemFiles.isEmpty,
            feeds.isEmpty || index == nil, let format = OutputFormat(rawValue: output ?? "table"), format != .ics
        else { return nil }
        return FileAssessment(
            files: files, platform: platform, feeds: feeds, index: index, showsAll: showsAll, countsOnly: countsOnly,
            output: format)
    }
}
