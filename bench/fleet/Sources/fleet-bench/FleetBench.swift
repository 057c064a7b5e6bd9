import FettleIndex
import FettleModel
import Foundation

/// The fleet's packages as columns, at their size: `fill` makes the fleet and the index of advisories, `measure` opens both in a
/// process of its own, whose peak of memory is then that of the judgement.
///
///     fleet-bench fill FOLDER TRACKER.json DPKG-STATUS...
///     fleet-bench measure FOLDER
///     fleet-bench assess FOLDER
@main
struct FleetBench {
    static func main() {
        let arguments = CommandLine.arguments.dropFirst()
        guard let verb = arguments.first, let folder = arguments.dropFirst().first else {
            print("usage: fleet-bench fill FOLDER TRACKER.json DPKG-STATUS... | measure FOLDER | assess FOLDER")
            exit(2)
        }
        do {
            switch verb {
            case "fill":
                let files = Array(arguments.dropFirst(2))
                guard let tracker = files.first else { return print("fill needs the tracker's JSON") }
                try Filling(folder: folder, tracker: tracker, lists: Array(files.dropFirst())).run()
            case "assess": try Assessing(folder: folder).run()
            default: try Measuring(folder: folder).run()
            }
        } catch {
            print("failed: \(error)")
            exit(1)
        }
    }

    static let hosts = Int(ProcessInfo.processInfo.environment["FLEET_HOSTS"] ?? "") ?? 100_000
    static let rounds = Int(ProcessInfo.processInfo.environment["FLEET_ROUNDS"] ?? "") ?? 5
    static let packages = 600

    static func fleet(_ folder: String) -> String { folder + "/fleet.fettle" }
    static func advisories(_ folder: String) -> String { folder + "/advisories.fettle" }

    /// What some work took, in milliseconds.
    struct Time {
        var wall: Double
        /// Of all processors together: what else the machine did meanwhile is not in it.
        var processor: Double
    }

    static func time<Result>(_ work: () throws -> Result) rethrows -> (Time, Result) {
        let start = (now(CLOCK_MONOTONIC), now(CLOCK_PROCESS_CPUTIME_ID))
        let result = try work()
        let time = Time(wall: now(CLOCK_MONOTONIC) - start.0, processor: now(CLOCK_PROCESS_CPUTIME_ID) - start.1)
        return (time, result)
    }

    private static func now(_ clock: clockid_t) -> Double {
        var time = timespec()
        clock_gettime(clock, &time)
        return Double(time.tv_sec) * 1000 + Double(time.tv_nsec) / 1e6
    }
}
