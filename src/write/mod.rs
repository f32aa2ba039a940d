//! The endpoint that accepts writes: who asks, may they, is it valid, is it kept. It serves no reads.
//!
//! The same router runs in the dev server and as a function behind a CDN; what differs between them comes as values.

#![allow(clippy::disallowed_methods, reason = "an I/O edge")]

mod accept;
mod answer;
pub mod auth;
mod body;
mod budgets;
mod detached;
mod flow;
#[cfg(feature = "lambda")]
pub mod function;
mod origins;
mod request;
mod rights;
mod wake;

pub use budgets::Budgets;
pub use detached::answered;
pub use flow::{Desk, router};
pub use wake::{Secret, Waker};

use crate::content::Rules;
use crate::model::{Settings, WriteDecl};
use auth::Gate;
use std::sync::{Arc, PoisonError, RwLock};

/// What the site says of writing, ready to be asked.
pub struct Book {
    pub settings: Settings,
    /// For each of the settings' `writes.collections`; `None` where its schema has faults.
    pub rules: Vec<Option<Rules>>,
    pub gate: Gate,
    pub waker: Waker,
}

impl Book {
    /// What may be written of the collection of this name.
    fn of(&self, collection: &str) -> Option<(&WriteDecl, Option<&Rules>)> {
        let settings = &self.settings;
        let of = |decl: &WriteDecl| settings.collections[decl.collection].name == collection;
        let at = settings.writes.collections.iter().position(of)?;
        Some((&settings.writes.collections[at], self.rules.get(at).and_then(Option::as_ref)))
    }
}

/// The book that holds now: the site's settings may change while the endpoint answers.
#[derive(Default)]
pub struct Shelf(RwLock<Option<Arc<Book>>>);

impl Shelf {
    pub fn put(&self, book: Book) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(book));
    }

    fn book(&self) -> Option<Arc<Book>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
