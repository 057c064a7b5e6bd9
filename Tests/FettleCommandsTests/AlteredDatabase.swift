import Foundation
import Testing

/// What somebody does who can write to the SQLite file, past Fettle.
enum AlteredDatabase {
    /// - Parameter sql: statements, with semicolons between them.
    static func execute(in folder: TestFolder, _ sql: String) async throws {
        let python = Process()
        python.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        python.arguments = [
            "python3", "-c",
            "import sqlite3, sys; file = sqlite3.connect(sys.argv[1]); file.executescript(sys.argv[2]); file.commit()",
            folder.file(".fettle/fettle.db").path, sql,
        ]
        try python.run()
        python.waitUntilExit()
        try #require(python.terminationStatus == 0, "it needs python3")
    }
}
