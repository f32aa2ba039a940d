//! Bodies of artifacts. A row is serialised once; every list that holds it refers to the same bytes.

use super::standing::Standing;
use std::ops::Range;
use std::sync::Arc;

/// Serialised rows of one projection of one collection, in blocks so that they can be made in parallel.
#[derive(Debug, Default)]
pub struct Rendered {
    blocks: Vec<RenderedBlock>,
}

#[derive(Debug, Default)]
pub struct RenderedBlock {
    pub bytes: Vec<u8>,
    pub rows: Vec<RenderedRow>,
    /// The `html` of each row.
    pub html: Vec<Option<Arc<str>>>,
}

/// Where a row stands in its block: `start..end` is the whole object, `start..cut` the part that lists show, without
/// the closing brace. A document's `html` stands at the cut, and is kept apart: it is long, and written once.
#[derive(Clone, Copy, Debug)]
pub struct RenderedRow {
    pub start: u32,
    pub cut: u32,
    pub end: u32,
}

/// The rows of one list, in order.
#[derive(Debug, Default)]
pub struct Rows {
    pub rendered: Arc<Rendered>,
    /// Indices into `rendered`.
    pub order: Vec<u32>,
    /// What stands behind each row's own members, such as `,"rank":1`; empty where there is nothing.
    pub suffixes: Vec<Box<str>>,
    /// The record of each row, whatever the row shows of it: an index into its collection. Empty where rows are counts.
    pub records: Vec<u32>,
    /// Where the record of each row stands; empty where the list does not rank.
    pub standings: Vec<Standing>,
}

#[derive(Clone, Debug)]
pub enum Body {
    Bytes(Arc<Vec<u8>>),
    /// `head`, one whole row, `tail`.
    Document {
        head: &'static str,
        rendered: Arc<Rendered>,
        row: u32,
        tail: Box<str>,
    },
    /// `head`, the rows of the range with commas between them, `tail`.
    List {
        head: &'static str,
        rows: Arc<Rows>,
        range: Range<u32>,
        tail: Box<str>,
    },
}

impl Rendered {
    /// How many rows a block holds.
    pub const BLOCK: usize = 1024;

    /// Takes blocks of [`Self::BLOCK`] rows each (the last may hold fewer).
    pub fn from_blocks(mut blocks: Vec<RenderedBlock>) -> Self {
        for block in &mut blocks {
            block.bytes.shrink_to_fit();
            if block.html.iter().all(Option::is_none) {
                block.html = Vec::new();
            }
        }
        Self { blocks }
    }

    fn locate(&self, index: u32) -> (&RenderedBlock, RenderedRow, usize) {
        let index = index as usize;
        let block = &self.blocks[index / Self::BLOCK];
        (block, block.rows[index % Self::BLOCK], index % Self::BLOCK)
    }

    /// Hands the whole object to `sink`, piece by piece.
    pub fn document(&self, index: u32, sink: &mut impl FnMut(&[u8])) {
        let (block, row, at) = self.locate(index);
        sink(&block.bytes[row.start as usize..row.cut as usize]);
        if let Some(Some(html)) = block.html.get(at) {
            sink(b",\"html\":");
            sink(html.as_bytes());
        }
        sink(&block.bytes[row.cut as usize..row.end as usize]);
    }

    /// The part that lists show, without the closing brace.
    pub fn open_row(&self, index: u32) -> &[u8] {
        let (block, row, _) = self.locate(index);
        &block.bytes[row.start as usize..row.cut as usize]
    }
}

impl Rows {
    pub fn len(&self) -> usize {
        self.order.len()
    }

    pub fn is_empty(&self) -> bool {
        self.order.is_empty()
    }

    /// Hands the rows of `range` to `sink`, with a comma before each but the row `first`, which opens the list.
    pub fn each_piece(&self, range: Range<u32>, first: u32, sink: &mut impl FnMut(&[u8])) {
        for position in range {
            if position > first {
                sink(b",");
            }
            sink(self.rendered.open_row(self.order[position as usize]));
            if let Some(suffix) = self.suffixes.get(position as usize) {
                sink(suffix.as_bytes());
            }
            sink(b"}");
        }
    }
}

impl Default for Body {
    fn default() -> Self {
        Self::Bytes(Arc::default())
    }
}

impl Body {
    /// Hands the body to `sink`, piece by piece.
    pub fn each_piece(&self, mut sink: impl FnMut(&[u8])) {
        match self {
            Self::Bytes(bytes) => sink(bytes),
            Self::Document { head, rendered, row, tail } => {
                sink(head.as_bytes());
                rendered.document(*row, &mut sink);
                sink(tail.as_bytes());
            }
            Self::List { head, rows, range, tail } => {
                sink(head.as_bytes());
                rows.each_piece(range.clone(), range.start, &mut sink);
                sink(tail.as_bytes());
            }
        }
    }

    /// Whether two bodies are made of the same pieces, and so have the same bytes. Equal bodies made apart are not seen.
    pub fn is_shared_with(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Bytes(a), Self::Bytes(b)) => Arc::ptr_eq(a, b),
            (
                Self::Document { head, rendered, row, tail },
                Self::Document { head: head2, rendered: rendered2, row: row2, tail: tail2 },
            ) => Arc::ptr_eq(rendered, rendered2) && (head, row, tail) == (head2, row2, tail2),
            (
                Self::List { head, rows, range, tail },
                Self::List { head: head2, rows: rows2, range: range2, tail: tail2 },
            ) => Arc::ptr_eq(rows, rows2) && (head, range, tail) == (head2, range2, tail2),
            _ => false,
        }
    }

    pub fn to_vec(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        self.each_piece(|piece| bytes.extend_from_slice(piece));
        bytes
    }
}
