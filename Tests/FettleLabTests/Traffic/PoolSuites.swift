import Testing

/// Those that stop and start the same member's services: one after the other, or each takes the other's outage for its own.
@Suite("The pool behind the load balancer", .serialized, .enabled(if: TrafficLab.isUp))
enum PoolSuites {}
