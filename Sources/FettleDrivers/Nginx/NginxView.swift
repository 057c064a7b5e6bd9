internal import FettleModel

/// What is to be seen of an upstream at one moment.
struct NginxView: Sendable {
    struct Process: Sendable, Hashable {
        let id: String
        /// Hundredths of a second from the machine's start: an id that was given anew has another one.
        let start: Int
        /// The id and the start of its master.
        let master: String
    }

    /// Whether the running nginx has the file as it is.
    enum Taken: Sendable {
        /// Fettle saw it take the file, which has not been touched since.
        case yes
        /// Somebody else wrote the file, and every worker was started after that.
        case asFound
        /// Fettle wrote the file, and nobody has seen yet that nginx took it.
        case pending
        /// Somebody else wrote the file, and nginx has not been told to take it.
        case edited
    }

    let file: NginxServersFile
    let text: String
    /// Inode, size, time of the last change and digest.
    let identity: String
    let digest: String
    let taken: Taken
    /// What is known of servers that are down; nothing where somebody else has written the file since.
    let notes: NginxNotes
    /// The id and the start of the master that takes commands.
    let master: String
    /// Workers that take new requests, and those of earlier configurations that finish theirs. After an upgrade of nginx's
    /// program all workers of the old master count as leaving.
    let serving: Set<Process>
    let leaving: Set<Process>
    /// No process was just started and does not say yet what it is, and the clocks could be read.
    let isSettled: Bool
    /// Before the question was sent: nothing here is older.
    let observedAt: Timestamp

    /// - Throws: for what the script of `NginxInstallation.look` does not print, and for a file that is refused.
    init(_ bytes: [UInt8], observedAt: Timestamp) throws(NginxFileError) {
        // What is not UTF-8 would be written back as something else.
        guard let answer = String(validating: bytes, as: UTF8.self) else {
            throw NginxFileError("has bytes that are not UTF-8: convert it, comments too")
        }
        guard let seam = answer.utf8.firstRange(of: "\ntext\n".utf8) else {
            throw NginxFileError("cannot be read: the answer was cut")
        }
        let told = Told(answer[..<seam.lowerBound])
        guard let digest = told.digest else { throw NginxFileError("cannot be read: its digest is missing") }
        text = String(answer[seam.upperBound...])
        guard told.size == text.utf8.count else { throw NginxFileError("was changed while it was read, or was cut") }
        file = try NginxServersFile(text)
        identity = String(told.identity)
        self.digest = digest
        (serving, leaving) = (told.serving, told.leaving)
        let isFound = told.isOlderThanWorkers
        taken =
            told.seal == told.identity
            ? .yes : told.seal == "pending \(digest)" ? .pending : isFound == true ? .asFound : .edited
        notes = taken == .yes || taken == .pending ? told.notes : NginxNotes()
        master = told.master
        isSettled = told.isSettled && !told.serving.isEmpty && (taken != .edited || isFound != nil)
        self.observedAt = observedAt
    }

    /// Whether nginx runs with the file as it is.
    var isTaken: Bool { isSettled && (taken == .yes || taken == .asFound) }

    /// Leaving workers that may still choose a server of this name: started before it was known to be down.
    func leaving(unawareOf name: String) -> Set<Process> {
        guard let note = notes.byName[name] else { return leaving }
        // Another master than the noted one was started later, from a file in which the server was down all the time.
        return leaving.filter { $0.master == note.master ? $0.start < note.since : $0.master != master }
    }

    /// Whether it gets requests. nginx does not check its servers: that it answers is not told by this.
    func health(of name: String) -> MemberHealth {
        guard isSettled else { return .unknown(reason: "nginx has no worker that takes requests") }
        let server: NginxServersFile.Server
        do throws(NginxFileError) { server = try file.server(name) } catch {
            return .unknown(reason: "nginx: \(SafeText.lastLines(of: error.message) ?? "")")
        }
        guard !server.isDown else { return .unhealthy(reason: "nginx: `\(NginxMember.shown(server.line))`") }
        guard taken != .edited else {
            return .unknown(reason: "nginx was not reloaded since somebody changed the file of its servers")
        }
        return .healthy
    }

    /// What the script tells before the text.
    private struct Told {
        var identity: Substring = ""
        var seal: Substring = ""
        var serving: Set<Process> = []
        var leaving: Set<Process> = []
        var isSettled = true
        var master = ""
        var notes = NginxNotes()
        /// Seconds since 1970; and hundredths of a second since the machine's start, before and after that was asked.
        private var moment: (now: Double, before: Double, after: Double)?

        init(_ lines: Substring) {
            for line in lines.split(separator: "\n") {
                guard let space = line.firstIndex(of: " ") else { continue }
                let rest = line[line.index(after: space)...]
                switch line[..<space] {
                case "file": identity = rest
                case "seal": seal = rest
                case "now":
                    let words = rest.split(separator: " ").compactMap { Double($0) }
                    if words.count == 3 { moment = (words[1], words[0], words[2]) }
                case "note": notes.read(rest)
                case "master" where rest.utf8.allSatisfy("0123456789-".utf8.contains): master = String(rest)
                case "child", "old":
                    note(
                        rest.split(separator: " ", maxSplits: 3, omittingEmptySubsequences: false),
                        isOfOldMaster: line.hasPrefix("old"))
                default: break
                }
            }
        }

        private mutating func note(_ words: [Substring], isOfOldMaster: Bool) {
            guard words.count == 4, let start = Int(words[2]) else {
                isSettled = false
                return
            }
            let process = Process(id: String(words[1]), start: start, master: String(words[0]))
            let title = words[3]
            if isOfOldMaster, title.hasPrefix("nginx: master process ") { return }
            // ngx_process_cycle.c names them.
            if title.hasPrefix("nginx: worker process is shutting down")
                || (isOfOldMaster && title.hasPrefix("nginx: worker process"))
            {
                leaving.insert(process)
            } else if title.hasPrefix("nginx: worker process") {
                serving.insert(process)
            } else if !title.hasPrefix("nginx: cache ") {
                isSettled = false
            }
        }

        /// nil where it could not be put back into a script.
        var digest: String? {
            let digest = identity.suffix(64)
            guard digest.utf8.count == 64, digest.utf8.allSatisfy("0123456789abcdef".utf8.contains),
                identity.utf8.allSatisfy(" 0123456789.:+-abcdef".utf8.contains)
            else { return nil }
            return String(digest)
        }

        var size: Int? {
            let words = identity.split(separator: " ")
            return words.count > 1 ? Int(words[1]) : nil
        }

        /// By how long ago each was, because the file's time and the workers' are of two clocks. The kernel counts both in
        /// hundredths of a second.
        ///
        /// - Returns: nil where the machine was too busy to ask both clocks at one moment, and it depends on that.
        var isOlderThanWorkers: Bool? {
            let words = identity.split(separator: " ")
            guard words.count == 7, let moment, let seconds = Double(words[2]) else { return false }
            let fraction = words[4].firstIndex(of: ".").flatMap { Double("0" + words[4][$0...]) } ?? 0
            let age = moment.now - seconds - fraction
            func isOlder(at uptime: Double) -> Bool {
                serving.allSatisfy { (uptime - Double($0.start)) / 100 <= age + 0.03 }
            }
            let answer = isOlder(at: moment.after)
            return answer == isOlder(at: moment.before) ? answer : nil
        }
    }
}
