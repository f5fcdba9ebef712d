//! The smallest questions of a rule: one field, one test; and how a condition joins them.

use std::net::IpAddr;
use std::sync::Arc;

use super::glob::Glob;
use super::pattern::Pattern;

/// A condition over atoms. `All` and `Any` are never empty.
#[derive(Clone, Debug)]
pub(crate) enum Expr {
    All(Vec<Expr>),
    Any(Vec<Expr>),
    Not(Box<Expr>),
    Atom(Arc<Atom>),
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Atom {
    /// `None`: a keyword, asked of every value and of the raw record.
    pub field: Option<String>,
    pub test: Test,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Test {
    Text(Glob),
    Regex(Pattern),
    Cidr(Cidr),
    Number(Op, Number),
    Exists(bool),
    /// Missing, or empty.
    Null,
    /// The value of another field.
    Other {
        field: String,
        contains: bool,
        starts: bool,
        ends: bool,
        cased: bool,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Op {
    Lt,
    Lte,
    Gt,
    Gte,
}

/// A finite number, kept as its bits so that atoms can be compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Number(u64);

impl Number {
    /// Decimal or `0x` hexadecimal, blanks around it allowed.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let number = match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
            Some(digits) => u64::from_str_radix(digits, 16).ok()? as f64,
            None => text.parse::<f64>().ok()?,
        };
        number.is_finite().then(|| Self(number.to_bits()))
    }

    pub fn value(self) -> f64 {
        f64::from_bits(self.0)
    }
}

impl Op {
    pub fn holds(self, value: f64, bound: f64) -> bool {
        match self {
            Self::Lt => value < bound,
            Self::Lte => value <= bound,
            Self::Gt => value > bound,
            Self::Gte => value >= bound,
        }
    }
}

/// A network; addresses of IPv4 written as IPv6 (`::ffff:`) count as IPv4.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Cidr {
    base: u128,
    bits: u8,
    six: bool,
}

impl Cidr {
    pub fn parse(text: &str) -> Option<Self> {
        let (address, bits) = match text.split_once('/') {
            Some((address, bits)) => (address, Some(bits.parse::<u8>().ok()?)),
            None => (text, None),
        };
        let (base, six) = number(address)?;
        let width = if six { 128 } else { 32 };
        let bits = bits.unwrap_or(width);
        (bits <= width).then_some(Self { base, bits, six })
    }

    pub fn holds(&self, value: &str) -> bool {
        let Some((address, six)) = number(value) else { return false };
        let width: u8 = if self.six { 128 } else { 32 };
        if six != self.six || self.bits > width {
            return false;
        }
        let shift = u32::from(width - self.bits);
        let cut = |n: u128| n.checked_shr(shift).unwrap_or(0);
        cut(address) == cut(self.base)
    }
}

fn number(text: &str) -> Option<(u128, bool)> {
    let text = text.trim();
    let text = text.strip_prefix('[').and_then(|t| t.strip_suffix(']')).unwrap_or(text);
    let text = text.split_once('%').map_or(text, |(address, _)| address);
    match text.parse::<IpAddr>().ok()?.to_canonical() {
        IpAddr::V4(v4) => Some((u128::from(u32::from(v4)), false)),
        IpAddr::V6(v6) => Some((u128::from(v6), true)),
    }
}

impl Expr {
    pub fn atom(field: Option<&str>, test: Test) -> Self {
        Self::Atom(Arc::new(Atom { field: field.map(str::to_owned), test }))
    }

    /// Joined with or; one alone stays itself.
    pub fn any(mut items: Vec<Self>) -> Option<Self> {
        if items.len() > 1 { Some(Self::Any(items)) } else { items.pop() }
    }

    /// Joined with and; one alone stays itself.
    pub fn all(mut items: Vec<Self>) -> Option<Self> {
        if items.len() > 1 { Some(Self::All(items)) } else { items.pop() }
    }

    pub fn not(self) -> Self {
        match self {
            Self::Not(inner) => *inner,
            other => Self::Not(Box::new(other)),
        }
    }

    /// Parts of the tree.
    pub fn size(&self) -> usize {
        match self {
            Self::All(items) | Self::Any(items) => 1 + items.iter().map(Self::size).sum::<usize>(),
            Self::Not(inner) => 1 + inner.size(),
            Self::Atom(_) => 1,
        }
    }

    /// Calls `visit` for every atom, in the order written.
    pub fn each(&self, visit: &mut impl FnMut(&Arc<Atom>)) {
        match self {
            Self::All(items) | Self::Any(items) => items.iter().for_each(|item| item.each(visit)),
            Self::Not(inner) => inner.each(visit),
            Self::Atom(atom) => visit(atom),
        }
    }
}
