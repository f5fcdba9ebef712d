//! Conditions in flat arrays, over numbered atoms.

use rustc_hash::FxHashMap;
use std::sync::Arc;

use crate::sigma::atom::{Atom, Expr};

#[derive(Clone, Copy, Debug)]
pub(crate) enum Node {
    All(u32, u32),
    Any(u32, u32),
    Not(u32),
    Atom(u32),
}

#[derive(Debug, Default)]
pub(crate) struct Program {
    nodes: Vec<Node>,
    children: Vec<u32>,
}

impl Program {
    /// Adds a condition and returns its root.
    pub fn add(&mut self, expr: &Expr, atoms: &mut Atoms) -> u32 {
        let node = match expr {
            Expr::Atom(atom) => Node::Atom(atoms.number(atom)),
            Expr::Not(inner) => Node::Not(self.add(inner, atoms)),
            Expr::All(items) => {
                let (start, count) = self.list(items, atoms);
                Node::All(start, count)
            }
            Expr::Any(items) => {
                let (start, count) = self.list(items, atoms);
                Node::Any(start, count)
            }
        };
        self.nodes.push(node);
        (self.nodes.len() - 1) as u32
    }

    fn list(&mut self, items: &[Expr], atoms: &mut Atoms) -> (u32, u32) {
        // What is quickly asked is asked first.
        let mut sorted: Vec<&Expr> = items.iter().collect();
        sorted.sort_by_cached_key(|item| item.size());
        let made: Vec<u32> = sorted.into_iter().map(|item| self.add(item, atoms)).collect();
        let start = self.children.len() as u32;
        self.children.extend(&made);
        (start, made.len() as u32)
    }

    pub fn node(&self, index: u32) -> Option<Node> {
        self.nodes.get(index as usize).copied()
    }

    pub fn children(&self, start: u32, count: u32) -> &[u32] {
        self.children.get(start as usize..(start + count) as usize).unwrap_or_default()
    }

    /// Whether the condition holds, asking `atom` as rarely as it can.
    pub fn eval(&self, root: u32, atom: &mut impl FnMut(u32) -> bool) -> bool {
        match self.node(root) {
            Some(Node::Atom(number)) => atom(number),
            Some(Node::Not(inner)) => !self.eval(inner, atom),
            Some(Node::All(start, count)) => self.children(start, count).iter().all(|child| self.eval(*child, atom)),
            Some(Node::Any(start, count)) => self.children(start, count).iter().any(|child| self.eval(*child, atom)),
            None => false,
        }
    }
}

/// Numbers atoms; equal ones share a number.
#[derive(Debug, Default)]
pub(crate) struct Atoms {
    pub list: Vec<Arc<Atom>>,
    /// How many conditions name it: a hint that it is common.
    pub uses: Vec<u32>,
    numbers: FxHashMap<Arc<Atom>, u32>,
}

impl Atoms {
    pub fn number(&mut self, atom: &Arc<Atom>) -> u32 {
        if let Some(number) = self.numbers.get(atom) {
            if let Some(uses) = self.uses.get_mut(*number as usize) {
                *uses += 1;
            }
            return *number;
        }
        let number = self.list.len() as u32;
        self.list.push(Arc::clone(atom));
        self.uses.push(1);
        self.numbers.insert(Arc::clone(atom), number);
        number
    }
}
