//! What the library keeps to when threads, processes and users' code do their worst: see the tests.
//!
//! They are a package of their own, with hardly any dependencies, as sanitizers build everything anew.
