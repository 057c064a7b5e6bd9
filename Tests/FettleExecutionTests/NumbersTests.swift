import FettleModel
import FettleTestSupport
import Testing

@testable import FettleExecution

/// What the machine keeps by number, against the plain collections that it stands for.
@Suite struct NumbersTests {
    @Test(arguments: TestScale.seeds(20, long: 200))
    func aSetOfNumbersIsASortedSet(seed: UInt64) {
        var random = SplitMix(seed: seed)
        var numbers = NumberSet<Step>()
        var model: Set<Int> = []
        for _ in 0..<300 {
            let value = Int.random(in: 0..<40, using: &random)
            switch Int.random(in: 0..<4, using: &random) {
            case 0: #expect(numbers.remove(StepNumber(value)) == (model.remove(value) != nil))
            case 1:
                let isIn = Bool.random(using: &random)
                numbers.set(StepNumber(value), to: isIn)
                if isIn { model.insert(value) } else { model.remove(value) }
            default: #expect(numbers.insert(StepNumber(value)) == model.insert(value).inserted)
            }
            #expect(numbers.map(\.asInt) == model.sorted())
            #expect(numbers.contains(StepNumber(value)) == model.contains(value))
        }
        #expect(NumberSet(numbers.map { $0 } + numbers.reversed()) == numbers)
    }

    @Test(arguments: TestScale.seeds(20, long: 200))
    func listsInOnePieceAreTheListsTheyWereMadeOf(seed: UInt64) {
        var random = SplitMix(seed: seed)
        let model = (0..<Int.random(in: 0...20, using: &random)).map { _ in
            (0..<Int.random(in: 0...4, using: &random)).map { _ in Int.random(in: 0...9, using: &random) }
        }
        let lists = Lists<Resource, Int>(model)
        #expect(lists.count == model.count)
        #expect(model.indices.map { Array(lists[ResourceNumber($0)]) } == model)
    }

    /// Each waits for one at a time, and all who wait for one are told, once each.
    @Test(arguments: TestScale.seeds(40, long: 400))
    func whoWaitsIsToldOnce(seed: UInt64) {
        var random = SplitMix(seed: seed)
        let count = 12
        var lists = WaitingLists(steps: count)
        var model: [Int: Int] = [:]
        for _ in 0..<300 {
            let (one, other) = (Int.random(in: 0..<count, using: &random), Int.random(in: 0..<count, using: &random))
            if Int.random(in: 0..<3, using: &random) > 0 {
                lists.wait(StepNumber(one), for: StepNumber(other))
                model[one] = other
            } else {
                var told: [Int] = []
                while let next = lists.takeOne(waitingFor: StepNumber(other)) { told.append(next.asInt) }
                #expect(told.sorted() == model.filter { $0.value == other }.keys.sorted())
                model = model.filter { $0.value != other }
            }
        }
    }
}
