//! The exposition in protobuf, read by hand: gauges are all a probe has.

use std::fmt::Write as _;

/// The same families in the text format.
pub(super) fn as_text(mut bytes: &[u8]) -> String {
    let mut text = String::new();
    while !bytes.is_empty() {
        let length = usize::try_from(varint(&mut bytes)).unwrap();
        let (family, rest) = bytes.split_at(length);
        bytes = rest;
        // MetricFamily: 1 name, 3 type, 4 metric.
        let fields = fields(family);
        let name = words(&fields, 1);
        let kind = match fields.iter().find(|(number, _)| *number == 3) {
            None => "counter",
            Some((_, Field::Number(1))) => "gauge",
            Some(_) => "something else",
        };
        let _ = writeln!(text, "# TYPE {name} {kind}");
        for (_, field) in fields.iter().filter(|(number, _)| *number == 4) {
            let Field::Bytes(metric) = field else { panic!("a metric is a message") };
            let _ = writeln!(text, "{}", sample(&name, metric));
        }
    }
    text
}

/// Metric: 1 label, 2 gauge. LabelPair: 1 name, 2 value. Gauge: 1 value.
fn sample(name: &str, metric: &[u8]) -> String {
    let (mut labels, mut value) = (Vec::new(), f64::NAN);
    for (number, field) in fields(metric) {
        match (number, field) {
            (1, Field::Bytes(pair)) => {
                let pair = fields(pair);
                labels.push(format!("{}={:?}", words(&pair, 1), words(&pair, 2)));
            }
            (2, Field::Bytes(gauge)) => {
                // proto2 writes the 0 too, others may leave it out.
                value = match fields(gauge).first() {
                    Some((1, Field::Double(value))) => *value,
                    _ => 0.0,
                };
            }
            _ => {}
        }
    }
    let labels =
        if labels.is_empty() { String::new() } else { format!("{{{}}}", labels.join(",")) };
    format!("{name}{labels} {value}")
}

enum Field<'a> {
    Number(u64),
    Double(f64),
    Bytes(&'a [u8]),
}

fn words(fields: &[(u64, Field<'_>)], wanted: u64) -> String {
    let found = fields.iter().find_map(|(number, field)| match field {
        Field::Bytes(bytes) if *number == wanted => Some(String::from_utf8_lossy(bytes)),
        _ => None,
    });
    found.unwrap_or_default().into_owned()
}

fn fields(mut bytes: &[u8]) -> Vec<(u64, Field<'_>)> {
    let mut fields = Vec::new();
    while !bytes.is_empty() {
        let tag = varint(&mut bytes);
        let field = match tag & 7 {
            0 => Field::Number(varint(&mut bytes)),
            1 => {
                let (value, rest) = bytes.split_at(8);
                bytes = rest;
                Field::Double(f64::from_le_bytes(value.try_into().unwrap()))
            }
            2 => {
                let length = usize::try_from(varint(&mut bytes)).unwrap();
                let (value, rest) = bytes.split_at(length);
                bytes = rest;
                Field::Bytes(value)
            }
            kind => panic!("no such kind of field: {kind}"),
        };
        fields.push((tag >> 3, field));
    }
    fields
}

fn varint(bytes: &mut &[u8]) -> u64 {
    let (mut value, mut shift) = (0, 0);
    while let Some((byte, rest)) = bytes.split_first() {
        *bytes = rest;
        value |= u64::from(byte & 0x7f) << shift;
        shift += 7;
        if byte & 0x80 == 0 {
            break;
        }
    }
    value
}
