//! A reader of the protobuf format that takes nothing but the fields it knows, in their order.

use super::page::Num;

type Read<T> = Result<T, String>;

/// The fields of a message in their order: those that are there, with nothing that is unknown.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Field {
    Varint(u64),
    Double(Num),
    Text(String),
    Message(Vec<(u32, Field)>),
}

/// What the fields of a message are: 'v' varint, 'd' double, 't' text, and a message.
enum Schema {
    Leaf(char),
    Message(&'static [(u32, Schema)]),
}

use Schema::{Leaf, Message};

const LABEL: &[(u32, Schema)] = &[(1, Leaf('t')), (2, Leaf('t'))];
const TIME: &[(u32, Schema)] = &[(1, Leaf('v')), (2, Leaf('v'))];
const NUMBER: &[(u32, Schema)] = &[(1, Leaf('d'))];
const EXEMPLAR: &[(u32, Schema)] = &[(1, Message(LABEL)), (2, Leaf('d')), (3, Message(TIME))];
const COUNTER: &[(u32, Schema)] = &[(1, Leaf('d')), (2, Message(EXEMPLAR)), (3, Message(TIME))];
const QUANTILE: &[(u32, Schema)] = &[(1, Leaf('d')), (2, Leaf('d'))];
const SUMMARY: &[(u32, Schema)] =
    &[(1, Leaf('v')), (2, Leaf('d')), (3, Message(QUANTILE)), (4, Message(TIME))];
const BUCKET: &[(u32, Schema)] = &[(1, Leaf('v')), (2, Leaf('d')), (3, Message(EXEMPLAR)), (4, Leaf('d'))];
const SPAN: &[(u32, Schema)] = &[(1, Leaf('v')), (2, Leaf('v'))];
const HISTOGRAM: &[(u32, Schema)] = &[
    (1, Leaf('v')),
    (2, Leaf('d')),
    (3, Message(BUCKET)),
    (4, Leaf('d')),
    (5, Leaf('v')),
    (6, Leaf('d')),
    (7, Leaf('v')),
    (8, Leaf('d')),
    (9, Message(SPAN)),
    (10, Leaf('v')),
    (11, Leaf('d')),
    (12, Message(SPAN)),
    (13, Leaf('v')),
    (14, Leaf('d')),
    (15, Message(TIME)),
    (16, Message(EXEMPLAR)),
];
const METRIC: &[(u32, Schema)] = &[
    (1, Message(LABEL)),
    (2, Message(NUMBER)),
    (3, Message(COUNTER)),
    (4, Message(SUMMARY)),
    (5, Message(NUMBER)),
    (6, Leaf('v')),
    (7, Message(HISTOGRAM)),
];
const FAMILY: &[(u32, Schema)] =
    &[(1, Leaf('t')), (2, Leaf('t')), (3, Leaf('v')), (4, Message(METRIC)), (5, Leaf('t'))];

pub(crate) fn read(mut page: &[u8]) -> Read<Vec<Field>> {
    let mut families = Vec::new();
    while !page.is_empty() {
        let family = take_sized(&mut page)?;
        families.push(Field::Message(read_message(family, FAMILY)?));
    }
    Ok(families)
}

fn read_message(mut bytes: &[u8], schema: &[(u32, Schema)]) -> Read<Vec<(u32, Field)>> {
    let mut fields = Vec::new();
    while !bytes.is_empty() {
        let tag = take_varint(&mut bytes)?;
        let (number, wire) = ((tag >> 3) as u32, tag & 7);
        let (_, kind) =
            schema.iter().find(|(known, _)| *known == number).ok_or(format!("unknown field {number}"))?;
        let field = match (kind, wire) {
            (Leaf('v'), 0) => Field::Varint(take_varint(&mut bytes)?),
            (Leaf('d'), 1) => {
                let (double, rest) = bytes.split_first_chunk().ok_or("too short")?;
                bytes = rest;
                let bits = u64::from_le_bytes(*double);
                if f64::from_bits(bits).is_nan() && bits != 0x7ff8_0000_0000_0001 {
                    return Err(format!("another NaN: {bits:x}"));
                }
                Field::Double(Num::Float(f64::from_bits(bits)))
            }
            (Leaf('t'), 2) => {
                let text = take_sized(&mut bytes)?;
                Field::Text(String::from_utf8(text.to_vec()).map_err(|error| error.to_string())?)
            }
            (Message(schema), 2) => Field::Message(read_message(take_sized(&mut bytes)?, schema)?),
            _ => return Err(format!("field {number} has wire type {wire}")),
        };
        if fields.last().is_some_and(|(last, _)| *last > number) {
            return Err(format!("field {number} is out of order"));
        }
        fields.push((number, field));
    }
    Ok(fields)
}

fn take_varint(bytes: &mut &[u8]) -> Read<u64> {
    let mut v = 0u64;
    for shift in (0..70).step_by(7) {
        let (byte, rest) = bytes.split_first().ok_or("too short")?;
        *bytes = rest;
        v |= u64::from(byte & 0x7F).checked_shl(shift).unwrap_or(0);
        if byte & 0x80 == 0 {
            return if *byte == 0 && shift > 0 {
                Err("a longer number than needed".to_owned())
            } else {
                Ok(v)
            };
        }
    }
    Err("a number without an end".to_owned())
}

fn take_sized<'b>(bytes: &mut &'b [u8]) -> Read<&'b [u8]> {
    let len = take_varint(bytes)? as usize;
    let (taken, rest) = bytes.split_at_checked(len).ok_or("too short")?;
    *bytes = rest;
    Ok(taken)
}
