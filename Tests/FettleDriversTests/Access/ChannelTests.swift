import Testing

/// Everything that starts processes, one test after the other: hundreds of shells at once would be a test of the machine.
@Suite(.serialized, .timeLimit(.minutes(10))) enum ChannelTests {}
