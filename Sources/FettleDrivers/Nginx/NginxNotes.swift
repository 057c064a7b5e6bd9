/// What is known of servers that are down: from which worker on they are.
///
/// It lies beside the file, in the seal, so that a run that is taken up again knows it too: a line for each server, as
/// `NAME SINCE MASTER`, the name in hexadecimal, so that nothing of it means anything to a shell.
struct NginxNotes: Sendable, Equatable {
    struct Note: Sendable, Equatable {
        /// When the first worker was started that knew it to be down, in hundredths of a second from the machine's start.
        let since: Int
        /// The id and the start of the master whose workers they are.
        let master: String
    }

    /// Of all of them as text. A server without a note is waited for longer, and never less.
    static let longestText = 32 * 1_024

    private(set) var byName: [String: Note] = [:]

    /// Reads one line; what is no note is left out.
    mutating func read(_ line: Substring) {
        let words = line.split(separator: " ")
        guard words.count == 3, let name = Self.name(words[0]), let since = Int(words[1]), since >= 0,
            words[2].utf8.allSatisfy("0123456789-".utf8.contains)
        else { return }
        byName[name] = Note(since: since, master: String(words[2]))
    }

    /// Those that stay true when this file is written: a server that comes back has none.
    func kept(in file: NginxServersFile) -> NginxNotes {
        let down = file.downNames
        var notes = NginxNotes()
        notes.byName = byName.filter { down.contains($0.key) }
        return notes
    }

    /// Those of a file that nginx was seen to take, with one for each server in it that is down.
    ///
    /// - Parameter now: looked at after all workers that take requests were of this file.
    func sealed(_ file: NginxServersFile, by now: NginxView) -> NginxNotes {
        var notes = kept(in: file)
        guard let since = now.serving.map(\.start).min(), !now.master.isEmpty else { return notes }
        for name in file.downNames where notes.byName[name] == nil {
            notes.byName[name] = Note(since: since, master: now.master)
        }
        return notes
    }

    /// A line for each, by name, as many as are taken.
    var text: String {
        var text = ""
        for (name, note) in byName.sorted(by: { $0.key < $1.key }) {
            let line = "\(Self.hexadecimal(name)) \(note.since) \(note.master)\n"
            if text.utf8.count + line.utf8.count <= Self.longestText { text += line }
        }
        return text
    }

    private static func hexadecimal(_ name: String) -> String {
        let digits = Array("0123456789abcdef".utf8)
        return String(decoding: name.utf8.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }

    private static func name(_ text: Substring) -> String? {
        let digits = text.utf8.map { Character(UnicodeScalar($0)).hexDigitValue ?? -1 }
        guard !digits.isEmpty, digits.count % 2 == 0, digits.allSatisfy({ $0 >= 0 }) else { return nil }
        let bytes = stride(from: 0, to: digits.count, by: 2).map { UInt8(digits[$0] * 16 + digits[$0 + 1]) }
        return String(validating: bytes, as: UTF8.self)
    }
}
