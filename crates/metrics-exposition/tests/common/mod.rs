//! The parts of the wire format of protobuf.

/// Takes a length and as many bytes.
pub(crate) fn sized<'p>(bytes: &mut &'p [u8]) -> &'p [u8] {
    let len = varint(bytes) as usize;
    let (taken, rest) = bytes.split_at(len);
    *bytes = rest;
    taken
}

pub(crate) fn varint(bytes: &mut &[u8]) -> u64 {
    let end = bytes.iter().position(|byte| *byte < 0x80).unwrap();
    let (taken, rest) = bytes.split_at(end + 1);
    *bytes = rest;
    taken.iter().rev().fold(0, |v, byte| v << 7 | u64::from(byte & 0x7F))
}
