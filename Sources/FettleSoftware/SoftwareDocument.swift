import Foundation

/// One document with its format, and what was parsed of it while the format was told.
struct SoftwareDocument {
    let bytes: Data
    let format: SoftwareListFormat
    private var parsedJSON: JSONObject?
    private var parsedTOML: TOMLTable?

    init(_ bytes: Data, name: String, as wanted: SoftwareListFormat?) throws(Refusal) {
        // A slice of other data would begin at an index of its own.
        let bytes = bytes.startIndex == 0 ? bytes : Data(bytes)
        self.bytes = bytes
        if let wanted {
            format = wanted
            return
        }
        let text = FormatDetection.firstText(of: bytes)
        switch text.first {
        case nil: throw FormatDetection.unknown("it is empty")
        case UInt8(ascii: "{"):
            let root = try JSONObject(parsing: bytes)
            parsedJSON = root
            format = try FormatDetection.format(of: root)
        case UInt8(ascii: "<"): format = try FormatDetection.format(ofXML: bytes)
        default:
            if FormatDetection.isTOML(bytes) {
                let root = try TOMLReader.read(bytes)
                parsedTOML = root
                format = try FormatDetection.format(of: root, name: name)
            } else {
                format = try FormatDetection.format(ofText: bytes, name: name)
            }
        }
    }

    /// Whether it is of the language that lock files of cargo and of Python share.
    var isTOML: Bool {
        switch format {
        case .cargoLock, .poetryLock, .uvLock, .pdmLock: true
        default: false
        }
    }

    func json() throws(Refusal) -> JSONObject {
        if let parsedJSON { return parsedJSON }
        return try JSONObject(parsing: bytes)
    }

    func toml() throws(Refusal) -> TOMLTable {
        if let parsedTOML { return parsedTOML }
        return try TOMLReader.read(bytes)
    }
}
