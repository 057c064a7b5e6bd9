import Testing

/// Steps on real hosts of the lab, one after the other: they share two hosts. They run where `FETTLE_LAB_RUN` names the
/// directory of a lab that is up (`make test` does that).
@Suite(.serialized, .enabled(if: PackagesLab.isUp, "no lab is up: set FETTLE_LAB_RUN, or use `make test`"))
struct PackagesLabTests {}
