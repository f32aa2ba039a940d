//! Data as the site's authors wrote it: JSON's six kinds, with every digit of a number kept.

use std::cmp::Ordering;
use std::collections::HashSet;
use std::sync::Arc;

/// A member name. Names repeat in every record, so readers share one allocation for each ([`Names`]).
pub type Name = Arc<str>;

/// One value of a record.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    Null,
    Bool(bool),
    Number(Number),
    Text(Box<str>),
    List(Box<[Value]>),
    Map(Box<[(Name, Value)]>),
    /// A large text as JSON text, quotes included: it is escaped once and shared by every answer that holds it.
    Escaped(Arc<str>),
}

/// A number that keeps the digits it was written with: `1.10` stays `1.10`, and twenty digits stay twenty.
#[derive(Clone, Debug, PartialEq)]
pub enum Number {
    Int(i64),
    /// JSON number syntax (RFC 8259 §6) that is not the plain form of a 64-bit integer.
    Literal(Box<str>),
}

/// Shares the allocation of equal member names.
#[derive(Default)]
pub struct Names(HashSet<Name>);

impl Names {
    pub fn share(&mut self, name: &str) -> Name {
        if let Some(known) = self.0.get(name) {
            return Arc::clone(known);
        }
        let name: Name = Arc::from(name);
        self.0.insert(Arc::clone(&name));
        name
    }
}

impl Number {
    /// Takes text that is a JSON number. Text that is not one is the caller's fault and stays as it is.
    pub fn from_json(text: &str) -> Self {
        match text.parse::<i64>() {
            Ok(int) if text != "-0" && !text.starts_with('+') => Self::Int(int),
            _ => Self::Literal(text.into()),
        }
    }

    /// Whether `text` is a number in JSON's grammar: no leading zeros, no leading `+`, a digit on each side of a point.
    pub fn is_json(text: &str) -> bool {
        let digits = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit());
        let unsigned = text.strip_prefix('-').unwrap_or(text);
        let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, Some(exponent)),
            None => (unsigned, None),
        };
        let (whole, fraction) = match mantissa.split_once('.') {
            Some((whole, fraction)) => (whole, Some(fraction)),
            None => (mantissa, None),
        };
        digits(whole)
            && (whole == "0" || !whole.starts_with('0'))
            && fraction.is_none_or(digits)
            && exponent.is_none_or(|e| digits(e.strip_prefix(['+', '-']).unwrap_or(e)))
    }

    pub fn as_i128(&self) -> Option<i128> {
        match self {
            Self::Int(int) => Some(i128::from(*int)),
            Self::Literal(text) => text.parse().ok(),
        }
    }

    /// The nearest double. A literal beyond the range of doubles is infinite.
    pub fn as_f64(&self) -> f64 {
        match self {
            #[expect(clippy::cast_precision_loss, reason = "the nearest double is what is asked for")]
            Self::Int(int) => *int as f64,
            Self::Literal(text) => text.parse().unwrap_or(f64::NAN),
        }
    }

    /// By value: whole numbers exactly, others as doubles.
    pub fn compare(&self, other: &Self) -> Ordering {
        if let (Self::Int(a), Self::Int(b)) = (self, other) {
            return a.cmp(b);
        }
        match (self.as_i128(), other.as_i128()) {
            (Some(a), Some(b)) => a.cmp(&b),
            _ => self.as_f64().total_cmp(&other.as_f64()),
        }
    }
}

impl Value {
    pub fn text(text: impl Into<Box<str>>) -> Self {
        Self::Text(text.into())
    }

    pub fn int(int: usize) -> Self {
        Self::Number(i64::try_from(int).map_or_else(|_| Number::Literal(int.to_string().into()), Number::Int))
    }

    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// What a value is called where a message speaks of it.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "a boolean",
            Self::Number(_) => "a number",
            Self::Text(_) | Self::Escaped(_) => "text",
            Self::List(_) => "a list",
            Self::Map(_) => "an object",
        }
    }

    /// The text by which a scalar stands in a URL or names a group; `None` for null, lists and objects.
    pub fn label(&self) -> Option<String> {
        match self {
            Self::Text(text) => Some(text.to_string()),
            Self::Number(Number::Int(int)) => Some(int.to_string()),
            Self::Number(Number::Literal(text)) => Some(text.to_string()),
            Self::Bool(flag) => Some(flag.to_string()),
            Self::Null | Self::List(_) | Self::Map(_) | Self::Escaped(_) => None,
        }
    }

    /// The item of a list, counted from 0; a value that is no list is its own only item.
    pub fn item(&self, at: u32) -> &Self {
        match self {
            Self::List(items) => items.get(at as usize).unwrap_or(self),
            _ => self,
        }
    }

    /// The order of `sort`: numbers as numbers, text by code point, false before true. Kinds stand apart from each
    /// other: numbers, text, booleans, then everything else, which is all equal.
    pub fn compare(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Number(a), Self::Number(b)) => a.compare(b),
            (Self::Text(a), Self::Text(b)) => a.cmp(b),
            (Self::Bool(a), Self::Bool(b)) => a.cmp(b),
            (Self::Text(a), Self::Escaped(_)) => (**a).cmp(&other.unescaped()),
            (Self::Escaped(_), Self::Text(b)) => (*self.unescaped()).cmp(b),
            (Self::Escaped(_), Self::Escaped(_)) => self.unescaped().cmp(&other.unescaped()),
            _ => self.order_of_kind().cmp(&other.order_of_kind()),
        }
    }

    fn order_of_kind(&self) -> u8 {
        match self {
            Self::Number(_) => 0,
            Self::Text(_) | Self::Escaped(_) => 1,
            Self::Bool(_) => 2,
            Self::List(_) | Self::Map(_) => 3,
            Self::Null => 4,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_survive() {
        for text in ["0", "-0", "1.10", "12345678901234567890", "-9223372036854775808", "1E5", "0.1e-7"] {
            assert!(Number::is_json(text), "{text}");
            assert_eq!(Value::Number(Number::from_json(text)).label().as_deref(), Some(text));
        }
        for text in ["", "-", "012", "+5", ".5", "1.", "1e", "0x1f", "1_000", "NaN"] {
            assert!(!Number::is_json(text), "{text}");
        }
    }

    #[test]
    fn numbers_compare_by_value_beyond_64_bits() {
        let n = Number::from_json;
        assert_eq!(n("12345678901234567891").compare(&n("12345678901234567890")), Ordering::Greater);
        assert_eq!(n("1.0").compare(&n("1")), Ordering::Equal);
        assert_eq!(n("-2").compare(&n("1e3")), Ordering::Less);
    }
}
