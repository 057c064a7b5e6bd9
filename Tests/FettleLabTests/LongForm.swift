import Foundation
import Testing

/// What takes too long for every change: `make test-long` asks for it.
enum LongForm {
    static let isAskedFor = ProcessInfo.processInfo.environment["FETTLE_TEST_LONG"] == "1"
    /// Said of each test that was left out. `scripts/test` knows it: whatever else is skipped in CI is a failure there.
    static let reason: Comment = "only in the long form"
}

extension Trait where Self == ConditionTrait {
    static var onlyInTheLongForm: Self { .enabled(if: LongForm.isAskedFor, LongForm.reason) }
}
