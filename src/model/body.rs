//! Bodies of artifacts. A row is serialised once; every list that holds it refers to the same bytes.

use std::ops::Range;
use std::sync::Arc;

/// Serialised rows of one projection of one collection, in blocks so that they can be made in parallel.
#[derive(Debug, Default)]
pub struct Rendered {
    blocks: Vec<RenderedBlock>,
}

#[derive(Debug, Default)]
struct RenderedBlock {
    bytes: Vec<u8>,
    rows: Vec<RenderedRow>,
}

/// Where a row stands in its block: `start..end` is the whole object, `start..cut` the part that lists show, without
/// the closing brace.
#[derive(Clone, Copy, Debug)]
pub struct RenderedRow {
    pub start: u32,
    pub cut: u32,
    pub end: u32,
}

/// The rows of one list, in order.
#[derive(Debug)]
pub struct Rows {
    pub rendered: Arc<Rendered>,
    /// Indices into `rendered`.
    pub order: Vec<u32>,
    /// What stands behind each row's own members, such as `,"rank":1`; empty where there is nothing.
    pub suffixes: Vec<Box<str>>,
}

#[derive(Clone, Debug)]
pub enum Body {
    Bytes(Arc<[u8]>),
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
    pub fn from_blocks(blocks: Vec<(Vec<u8>, Vec<RenderedRow>)>) -> Self {
        let block = |(mut bytes, rows): (Vec<u8>, Vec<RenderedRow>)| {
            bytes.shrink_to_fit();
            RenderedBlock { bytes, rows }
        };
        Self { blocks: blocks.into_iter().map(block).collect() }
    }

    fn locate(&self, index: u32) -> (&[u8], RenderedRow) {
        let index = index as usize;
        let block = &self.blocks[index / Self::BLOCK];
        (&block.bytes, block.rows[index % Self::BLOCK])
    }

    /// The whole object.
    pub fn document(&self, index: u32) -> &[u8] {
        let (bytes, row) = self.locate(index);
        &bytes[row.start as usize..row.end as usize]
    }

    /// The part that lists show, without the closing brace.
    pub fn open_row(&self, index: u32) -> &[u8] {
        let (bytes, row) = self.locate(index);
        &bytes[row.start as usize..row.cut as usize]
    }
}

impl Rows {
    pub fn len(&self) -> usize {
        self.order.len()
    }

    pub fn is_empty(&self) -> bool {
        self.order.is_empty()
    }
}

impl Body {
    /// Hands the body to `sink`, piece by piece.
    pub fn each_piece(&self, mut sink: impl FnMut(&[u8])) {
        match self {
            Self::Bytes(bytes) => sink(bytes),
            Self::Document { head, rendered, row, tail } => {
                sink(head.as_bytes());
                sink(rendered.document(*row));
                sink(tail.as_bytes());
            }
            Self::List { head, rows, range, tail } => {
                sink(head.as_bytes());
                for position in range.clone() {
                    if position > range.start {
                        sink(b",");
                    }
                    sink(rows.rendered.open_row(rows.order[position as usize]));
                    if let Some(suffix) = rows.suffixes.get(position as usize) {
                        sink(suffix.as_bytes());
                    }
                    sink(b"}");
                }
                sink(tail.as_bytes());
            }
        }
    }

    pub fn to_vec(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        self.each_piece(|piece| bytes.extend_from_slice(piece));
        bytes
    }
}
