//! What was found at a path, as text or as a fault.

use super::formats::Fault;
use crate::model::{Diagnostic, InputFile, Place, SourceText, code};
use std::sync::Arc;

/// The fault of a file whose bytes are not there to be read.
pub fn unreadable(path: &str, file: &InputFile) -> Option<Diagnostic> {
    let at = Place::file(path);
    match file {
        InputFile::Bytes(_) => None,
        InputFile::TooLarge(size) => Some(
            Diagnostic::error(
                code::FILE_TOO_LARGE,
                at,
                format!("this file has {size} bytes, more than the site allows"),
            )
            .help("raise `max_file_bytes` under `[site]` in site/site.toml, or split the file"),
        ),
        InputFile::Outside(target) => Some(
            Diagnostic::error(
                code::LINK_OUTSIDE,
                at,
                format!("this symbolic link leaves the site: it leads to `{target}`"),
            )
            .help("copy the file into the site"),
        ),
        InputFile::BrokenLink(target) => Some(
            Diagnostic::error(code::LINK_BROKEN, at, format!("this symbolic link leads nowhere: `{target}`"))
                .help("mend it or delete it"),
        ),
    }
}

/// The text of an input, or why there is none.
pub fn text<'a>(path: &str, file: &'a InputFile) -> Result<&'a str, Diagnostic> {
    if let Some(fault) = unreadable(path, file) {
        return Err(fault);
    }
    let InputFile::Bytes(bytes) = file else { return Ok("") };
    std::str::from_utf8(bytes).map_err(|error| {
        let good = String::from_utf8_lossy(&bytes[..error.valid_up_to()]);
        let end = good.len();
        let place = SourceText::new(Arc::from(path), good).place(&(end..end));
        let message =
            format!("the byte 0x{:02X} is not UTF-8", bytes.get(error.valid_up_to()).copied().unwrap_or_default());
        Diagnostic::error(code::INVALID_UTF8, place, message).help("save the file as UTF-8")
    })
}

/// A fault of one file, with its line and column.
pub fn placed(source: &SourceText<'_>, fault: Fault) -> Diagnostic {
    let Fault { severity, code, span, message, help } = fault;
    Diagnostic { place: source.place(&span), severity, code, message, help, about: Vec::new() }
}
