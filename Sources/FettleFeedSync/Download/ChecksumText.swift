/// Reads what publishers give to check a download by.
enum ChecksumText {
    /// The digest in a file beside the download: 64 or 128 hexadecimal digits, alone or before the file's name, as
    /// `sha256sum` writes it. With several lines the one that names the file counts.
    ///
    /// - Returns: in lower case; nil if there is none.
    static func digest(in text: String, for name: String) -> String? {
        let lines = text.split(whereSeparator: \.isNewline).map {
            $0.split(whereSeparator: { $0 == " " || $0 == "\t" })
        }
        .filter { !$0.isEmpty }
        let named = lines.first {
            $0.count == 2 && ($0[1] == name || $0[1] == "*\(name)" || $0[1].hasSuffix("/\(name)"))
        }
        guard let line = named ?? (lines.count == 1 ? lines.first : nil) else { return nil }
        return digest(line[0])
    }

    /// The digest of a path in a list of `path,digest,size` lines.
    static func digest(inPulpManifest text: String, for path: String) -> String? {
        for line in text.split(whereSeparator: \.isNewline) where line.hasPrefix(path + ",") {
            let fields = line.split(separator: ",", omittingEmptySubsequences: false)
            if fields.count == 3, fields[0] == path { return digest(fields[1]) }
        }
        return nil
    }

    private static func digest(_ text: Substring) -> String? {
        guard [64, 128].contains(text.utf8.count), text.utf8.allSatisfy({ isHexadecimal($0) }) else { return nil }
        return text.lowercased()
    }

    private static func isHexadecimal(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x41...0x46).contains(byte) || (0x61...0x66).contains(byte)
    }
}
