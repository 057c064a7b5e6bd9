import Testing

/// The main job by the real program on real hosts, one test after the other: they share the pools and the balancer.
/// Everything is judged from outside: by HAProxy's socket, by dpkg's own log, by requests that were sent meanwhile.
@Suite(
    .serialized, .enabled(if: MainJobLab.isUp, "no lab is up: set FETTLE_LAB_RUN, or use `make test`"),
    .timeLimit(.minutes(10)))
struct MainJobTests {}
