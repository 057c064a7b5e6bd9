extension Reading {
    /// The name of a driver. One that nobody knows would be planned, proven and approved, and refused only when its run
    /// starts; here it is told, and returned all the same, so that nothing else seems to be missing because of it.
    ///
    /// - Parameter doing: what such a driver does, as in "nothing moves machines by 'libvrt'".
    func driver(_ value: YAMLValue, in known: [String], doing: String) -> String? {
        guard let name = identifier(value, "the name of a driver") else { return nil }
        if !known.contains(name) {
            problem(
                "nothing \(doing) by \(name.quoted)", at: value.place,
                hint: "there is: \(known.joined(separator: ", "))")
        }
        return name
    }
}
