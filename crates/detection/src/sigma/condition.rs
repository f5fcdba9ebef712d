//! The condition of a rule: `selection and not 1 of filter_*`. Bounded in depth and size.

use std::collections::BTreeMap;

use super::atom::Expr;

/// Brackets and nots within each other.
const MAX_DEPTH: usize = 48;
/// Parts of the expression, selections counted each time they are named.
const MAX_SIZE: usize = 400_000;

/// Selections by name.
pub(crate) type Selections = BTreeMap<String, Expr>;

/// The expression of a condition.
pub(crate) fn parse(text: &str, selections: &Selections) -> Result<Expr, String> {
    let tokens = tokens(text)?;
    let mut parser = Parser { tokens: &tokens, at: 0, depth: 0, size: 0, selections };
    let expr = parser.or()?;
    match parser.peek() {
        None => Ok(expr),
        Some(token) => Err(format!("`{token}` is not expected in the condition")),
    }
}

fn tokens(text: &str) -> Result<Vec<&str>, String> {
    let mut tokens = Vec::new();
    let mut start = None;
    for (at, c) in text.char_indices() {
        if c == '|' {
            return Err("aggregations (`| count() …`) are no longer Sigma; write a correlation".into());
        }
        if c.is_whitespace() || matches!(c, '(' | ')') {
            if let Some(from) = start.take() {
                tokens.extend(text.get(from..at));
            }
            if !c.is_whitespace() {
                tokens.extend(text.get(at..at + 1));
            }
        } else if start.is_none() {
            start = Some(at);
        }
    }
    if let Some(from) = start {
        tokens.extend(text.get(from..));
    }
    if tokens.is_empty() { Err("the condition is empty".into()) } else { Ok(tokens) }
}

struct Parser<'a> {
    tokens: &'a [&'a str],
    at: usize,
    depth: usize,
    size: usize,
    selections: &'a Selections,
}

impl<'a> Parser<'a> {
    fn peek(&self) -> Option<&'a str> {
        self.tokens.get(self.at).copied()
    }

    fn take(&mut self, word: &str) -> bool {
        let found = self.peek().is_some_and(|token| token.eq_ignore_ascii_case(word));
        self.at += usize::from(found);
        found
    }

    fn or(&mut self) -> Result<Expr, String> {
        let mut items = vec![self.and()?];
        while self.take("or") {
            items.push(self.and()?);
        }
        Expr::any(items).ok_or_else(|| "the condition is empty".to_owned())
    }

    fn and(&mut self) -> Result<Expr, String> {
        let mut items = vec![self.unary()?];
        while self.take("and") {
            items.push(self.unary()?);
        }
        Expr::all(items).ok_or_else(|| "the condition is empty".to_owned())
    }

    fn unary(&mut self) -> Result<Expr, String> {
        let mut negated = false;
        while self.take("not") {
            negated = !negated;
        }
        let expr = self.primary()?;
        Ok(if negated { expr.not() } else { expr })
    }

    fn primary(&mut self) -> Result<Expr, String> {
        let token = self.peek().ok_or("the condition ends too early")?;
        self.at += 1;
        if token == "(" {
            self.depth += 1;
            if self.depth > MAX_DEPTH {
                return Err("the condition is nested too deeply".into());
            }
            let expr = self.or()?;
            self.depth -= 1;
            return if self.take(")") { Ok(expr) } else { Err("a bracket is not closed".into()) };
        }
        if matches!(token, ")" | "and" | "or" | "of") {
            return Err(format!("`{token}` is not expected in the condition"));
        }
        if self.take("of") {
            return self.several(token);
        }
        self.named(token)
    }

    /// `1 of sel*`, `all of them`, `any of (…)`.
    fn several(&mut self, count: &str) -> Result<Expr, String> {
        let all = match count.to_ascii_lowercase().as_str() {
            "all" => true,
            "1" | "any" => false,
            _ => return Err(format!("`{count} of` is not known: 1, any or all")),
        };
        let target = self.peek().ok_or("the condition ends too early")?;
        self.at += 1;
        let mut items = Vec::new();
        for (name, expr) in self.selections {
            let hit = if target.eq_ignore_ascii_case("them") { !name.starts_with('_') } else { wild(target, name) };
            if hit {
                items.push(expr);
            }
        }
        let mut out = Vec::with_capacity(items.len());
        for expr in items {
            out.push(self.sized(expr)?);
        }
        let joined = if all { Expr::all(out) } else { Expr::any(out) };
        joined.ok_or_else(|| format!("no selection is named `{target}`"))
    }

    fn named(&mut self, name: &str) -> Result<Expr, String> {
        let expr = self.selections.get(name);
        let expr = expr.ok_or_else(|| format!("no selection is named `{name}`"))?;
        self.sized(expr)
    }

    fn sized(&mut self, expr: &Expr) -> Result<Expr, String> {
        self.size += expr.size();
        if self.size > MAX_SIZE {
            return Err("the condition expands to too many values".into());
        }
        Ok(expr.clone())
    }
}

/// `*` in the names of selections.
fn wild(pattern: &str, name: &str) -> bool {
    let glob = super::glob::Glob::new(super::glob::parse(pattern), super::glob::Anchor::Whole, true);
    glob.matches(name.as_bytes())
}
