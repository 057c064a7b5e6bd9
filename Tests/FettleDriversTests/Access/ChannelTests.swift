import Testing

/// Everything that starts processes, one test after the other: some measure time, and hundreds of shells at once would
/// make that a measurement of the machine.
@Suite(.serialized, .timeLimit(.minutes(3))) enum ChannelTests {}
