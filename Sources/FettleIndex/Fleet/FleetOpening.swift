import Foundation

/// Opens the file of a fleet's packages: takes the lock, recovers what was broken off, maps and checks.
enum FleetOpening {
    static func forWriting(_ path: String, isReplacing: Bool, isSynced: Bool) throws(IndexError) -> FleetFile {
        guard let journal = try FleetJournal(for: path, patience: 10) else {
            throw IndexError(.unwritable, path: path, "is being changed by another process: wait for that to end")
        }
        if isReplacing || access(path, F_OK) != 0 {
            try journal.begin(identity: try FleetFront.create(path))
        } else {
            try recover(path, journal)
        }
        let file = try FleetFile(path, journal: journal, isSynced: isSynced)
        try FleetFront.check(file)
        return file
    }

    static func forReading(_ path: String) throws(IndexError) -> FleetFile {
        guard access(path, R_OK) == 0 else { throw FleetFile.failure(.unreadable, path, "cannot be opened") }
        // Nobody writes it: then what a writer left behind is brought to its end first. Who may not write leaves that to others.
        if access(path, W_OK) == 0, FleetJournal.hasFrames(FleetJournal.path(for: path)),
            let journal = try FleetJournal(for: path, patience: 0)
        {
            try recover(path, journal)
        }
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw FleetFile.failure(.unreadable, path, "cannot be opened") }
        defer { close(descriptor) }
        _ = try FleetFront.identity(of: descriptor, path)
        let file = try FleetFile(path, journal: nil, isSynced: false)
        try check(file)
        return file
    }

    private static func recover(_ path: String, _ journal: FleetJournal) throws(IndexError) {
        let descriptor = open(path, O_RDWR | O_CLOEXEC)
        guard descriptor >= 0 else { throw FleetFile.failure(.unreadable, path, "cannot be opened") }
        defer { close(descriptor) }
        let identity = try FleetFront.identity(of: descriptor, path)
        try journal.recover(into: descriptor, at: path, identity: identity)
    }

    /// As often as it takes to meet no change that is just being written.
    private static func check(_ file: FleetFile) throws(IndexError) {
        var attempt = 0
        while true {
            let before: UInt64 = file.load(FleetLayout.generation)
            do throws(IndexError) {
                try file.mapWhatIsThere()
                try FleetFront.check(file)
                return
            } catch {
                guard attempt < 1000, before % 2 == 1 || file.load(FleetLayout.generation) != before else {
                    throw error
                }
                attempt += 1
                usleep(1000)
            }
        }
    }
}
