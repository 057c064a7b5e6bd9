import FettleDriverKit
import Synchronization
import Testing

@Suite struct ConcurrentMapTests {
    @Test(arguments: [0, 1, 3, 100])
    func answersComeInTheOrderOfTheValues(limit: Int) async {
        let answers = await (0..<40).concurrentMap(limit: limit) { number in
            try? await Task.sleep(for: .microseconds((40 - number) * 100))
            return number * 2
        }
        #expect(answers == (0..<40).map { $0 * 2 })
    }

    @Test func noMoreAreAtWorkThanTheLimitAllows() async {
        let atWork = Mutex((now: 0, most: 0))
        _ = await (0..<60).concurrentMap(limit: 7) { _ in
            atWork.withLock {
                $0.now += 1
                $0.most = max($0.most, $0.now)
            }
            try? await Task.sleep(for: .milliseconds(2))
            atWork.withLock { $0.now -= 1 }
        }
        #expect(atWork.withLock { $0.most } == 7)
    }

    @Test func eachIsToldOnceAsItIsDone() async {
        var told: [Int] = []
        _ = await [30, 1].concurrentMap(limit: 2) { value, answer in
            #expect(answer == -value)
            told.append(value)
        } _: { value in
            try? await Task.sleep(for: .milliseconds(value))
            return -value
        }
        #expect(told == [1, 30])
    }

    /// The first one goes on until all others are done.
    @Test(.timeLimit(.minutes(10))) func oneThatIsSlowHoldsOnlyItsOwnPlace() async {
        let done = Mutex(0)
        _ = await (0..<21).concurrentMap(limit: 2) { number in
            guard number == 0 else { return done.withLock { $0 += 1 } }
            while done.withLock({ $0 < 20 }), !Task.isCancelled { try? await Task.sleep(for: .milliseconds(1)) }
        }
        #expect(done.withLock { $0 } == 20)
    }

    @Test func whenItIsCancelledEveryValueStillHasItsAnswer() async {
        let task = Task {
            await (0..<50).concurrentMap(limit: 5) { number in
                try? await Task.sleep(for: .seconds(number < 5 ? 3_600 : 0))
                return Task.isCancelled
            }
        }
        try? await Task.sleep(for: .milliseconds(50))
        task.cancel()
        let answers = await task.value
        #expect(answers == Array(repeating: true, count: 50))
    }
}
