import FettleModel

/// Finds a step of either way by its name, and proves that no name is given twice.
///
/// A table of numbers beside the steps, not of names: a dictionary of a million names would be as large as the plan.
struct StepNames {
    private let steps: [Step]
    private let rollback: [Step]
    /// In the upper half a piece of the name's hash, in the lower half the step's position and one; 0 where nothing is.
    private var slots: [UInt64]
    private let mask: Int

    init(_ plan: Plan) {
        steps = plan.steps
        rollback = plan.rollback
        var size = 16
        while size < 2 * (plan.steps.count + plan.rollback.count) { size *= 2 }
        slots = [UInt64](repeating: 0, count: size)
        mask = size - 1
    }

    /// A step's position: those of the way back are counted on from those of the way forward.
    func id(at position: Int) -> StepID {
        position < steps.count ? steps[position].id : rollback[position - steps.count].id
    }

    /// - Returns: the position of the step that has the name already.
    mutating func insert(_ id: StepID, at position: Int, comparing work: inout Int) -> Int? {
        let hash = id.hashValue
        let (slot, known) = slot(of: id, hash: hash, comparing: &work)
        if known == nil { slots[slot] = Self.tag(hash) | UInt64(position + 1) }
        return known
    }

    func position(of id: StepID, comparing work: inout Int) -> Int? {
        slot(of: id, hash: id.hashValue, comparing: &work).position
    }

    private func slot(of id: StepID, hash: Int, comparing work: inout Int) -> (slot: Int, position: Int?) {
        let tag = Self.tag(hash)
        var slot = hash & mask
        while slots[slot] != 0 {
            work += 1
            if Self.tag(Int(truncatingIfNeeded: slots[slot])) == tag {
                let position = Int(slots[slot] & 0xFFFF_FFFF) - 1
                if self.id(at: position) == id { return (slot, position) }
            }
            slot = (slot + 1) & mask
        }
        return (slot, nil)
    }

    private static func tag(_ hash: Int) -> UInt64 {
        UInt64(truncatingIfNeeded: hash) & 0xFFFF_FFFF_0000_0000
    }
}
