import FettleModel
import Testing

@testable import FettleSimulation

@Suite struct EventQueueTests {
    /// Against a list that is sorted anew: by time, and of the same time as they were put in, whatever is taken out between.
    @Test(arguments: UInt64(1)...20)
    func whatIsDueFirstComesFirst(seed: UInt64) {
        var random = SplitMix(seed: seed)
        var queue = EventQueue<Int>()
        var list: [(at: Int64, number: Int)] = []
        for number in 0..<300 {
            let at = Int64.random(in: 0..<40, using: &random)
            queue.insert(number, at: Timestamp(milliseconds: at))
            list.append((at, number))
            guard Int.random(in: 0..<3, using: &random) == 0 else { continue }
            list.sort { ($0.at, $0.number) < ($1.at, $1.number) }
            #expect(queue.nextTime?.milliseconds == list[0].at)
            #expect(queue.removeFirst()?.item == list.removeFirst().number)
        }
        list.sort { ($0.at, $0.number) < ($1.at, $1.number) }
        for entry in list { #expect(queue.removeFirst()?.item == entry.number) }
        #expect(queue.nextTime == nil)
        #expect(queue.removeFirst() == nil)
    }
}
