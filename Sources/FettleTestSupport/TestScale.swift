import Foundation

/// How many seeds a property is tried on: few in `make test`, all in `make test-long` (FETTLE_TEST_LONG=1).
public enum TestScale {
    public static let isLong = ProcessInfo.processInfo.environment["FETTLE_TEST_LONG"] == "1"

    /// The seeds from 1 on.
    public static func seeds(_ few: UInt64, long many: UInt64) -> ClosedRange<UInt64> { 1...(isLong ? many : few) }
}
