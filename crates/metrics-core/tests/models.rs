//! What threads do to one instrument or family, in every order of steps that two or three of them can take:
//! run by `cargo xtask loom`.
#![cfg(loom)]
