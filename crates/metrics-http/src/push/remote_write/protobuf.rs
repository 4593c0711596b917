//! As much of protobuf as remote write needs: fields of varints, doubles and bytes.

/// Appends fields to a message.
#[derive(Debug, Default)]
pub(crate) struct Message(pub(crate) Vec<u8>);

const VARINT: u32 = 0;
const DOUBLE: u32 = 1;
const BYTES: u32 = 2;

impl Message {
    pub(crate) fn varint(&mut self, field: u32, value: u64) {
        // What is zero is left out.
        if value != 0 {
            push_varint(&mut self.0, (field << 3 | VARINT).into());
            push_varint(&mut self.0, value);
        }
    }

    pub(crate) fn double(&mut self, field: u32, value: f64) {
        // Negative zero is not zero.
        if value.to_bits() != 0 {
            push_varint(&mut self.0, (field << 3 | DOUBLE).into());
            self.0.extend_from_slice(&value.to_le_bytes());
        }
    }

    /// Bytes, a text, or a message within this one; also where they are empty.
    pub(crate) fn bytes(&mut self, field: u32, value: &[u8]) {
        push_varint(&mut self.0, (field << 3 | BYTES).into());
        push_varint(&mut self.0, value.len() as u64);
        self.0.extend_from_slice(value);
    }

    /// A list of numbers in one field.
    pub(crate) fn packed(&mut self, field: u32, values: &[u32]) {
        let mut packed = Vec::with_capacity(values.len() * 2);
        for value in values {
            push_varint(&mut packed, (*value).into());
        }
        self.bytes(field, &packed);
    }
}

fn push_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_written_as_the_format_says() {
        let mut message = Message::default();
        message.varint(1, 150);
        message.varint(2, 0);
        message.bytes(2, b"testing");
        message.packed(4, &[3, 270, 86942]);
        message.double(3, 1.5);
        message.double(3, 0.0);
        message.varint(16, u64::MAX);
        // The first three are the examples of the format's documentation.
        let expected = b"\x08\x96\x01\x12\x07testing\x22\x06\x03\x8e\x02\x9e\xa7\x05\x19\0\0\0\0\0\0\xf8\x3f\x80\x01\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01";
        assert_eq!(message.0, expected);
    }
}
