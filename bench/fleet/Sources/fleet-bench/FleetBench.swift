import FettleIndex
import FettleModel
import Foundation

/// The fleet's packages as columns, at their size: `fill` makes the fleet and the index of advisories, `measure` opens both in a
/// process of its own, whose peak of memory is then that of the judgement.
///
///     fleet-bench fill FOLDER TRACKER.json DPKG-STATUS...
///     fleet-bench measure FOLDER
@main
struct FleetBench {
    static func main() throws {
        let arguments = CommandLine.arguments.dropFirst()
        guard let verb = arguments.first, let folder = arguments.dropFirst().first else {
            print("usage: fleet-bench fill FOLDER TRACKER.json DPKG-STATUS... | measure FOLDER")
            exit(2)
        }
        switch verb {
        case "fill":
            let files = Array(arguments.dropFirst(2))
            try Filling(folder: folder, tracker: files[0], lists: Array(files.dropFirst())).run()
        default: try Measuring(folder: folder).run()
        }
    }

    static let hosts = Int(ProcessInfo.processInfo.environment["FLEET_HOSTS"] ?? "") ?? 100_000
    static let rounds = Int(ProcessInfo.processInfo.environment["FLEET_ROUNDS"] ?? "") ?? 5
    static let packages = 600

    static func fleet(_ folder: String) -> String { folder + "/fleet.fettle" }
    static func advisories(_ folder: String) -> String { folder + "/advisories.fettle" }

    /// Wall time of some work, in milliseconds.
    static func milliseconds<Result>(_ work: () throws -> Result) rethrows -> (Double, Result) {
        let clock = ContinuousClock()
        let start = clock.now
        let result = try work()
        return (Double((clock.now - start).components.attoseconds) / 1e15
            + Double((clock.now - start).components.seconds) * 1000, result)
    }
}
