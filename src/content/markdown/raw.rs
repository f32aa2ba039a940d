//! Raw HTML, read as far as to know what stands in its tags and comments.

/// Where a place in raw HTML is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Within {
    #[default]
    Text,
    Tag,
    /// The value of an attribute, up to this quotation mark.
    Value(char),
    Comment,
}

impl Within {
    /// Where the end of a piece is that begins here.
    pub fn after(self, piece: &str) -> Self {
        let (mut at, mut rest) = (self, piece);
        while let Some((next, behind)) = at.left(rest) {
            (at, rest) = (next, behind);
        }
        at
    }

    /// What begins where this ends, and the piece from there on; `None` where the piece ends before.
    fn left(self, piece: &str) -> Option<(Self, &str)> {
        match self {
            Self::Text => {
                let (_, after) = piece.split_once('<')?;
                let begins = |sign: char| sign.is_ascii_alphabetic() || matches!(sign, '/' | '!' | '?');
                Some(match after.strip_prefix('!') {
                    // `<!-->` is a whole comment.
                    Some(comment) if comment.starts_with("--") => (Self::Comment, comment),
                    _ if after.starts_with(begins) => (Self::Tag, after),
                    _ => (Self::Text, after),
                })
            }
            Self::Tag => {
                let (sign, after) = piece[piece.find(['>', '='])?..].split_at(1);
                let value = after.trim_start();
                Some(match value.chars().next() {
                    _ if sign == ">" => (Self::Text, after),
                    Some(quote @ ('"' | '\'')) => (Self::Value(quote), &value[1..]),
                    _ => (Self::Tag, after),
                })
            }
            Self::Value(quote) => piece.split_once(quote).map(|(_, after)| (Self::Tag, after)),
            Self::Comment => piece.split_once("-->").map(|(_, after)| (Self::Text, after)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Within;

    #[test]
    fn tags_and_comments_are_known_from_text() {
        let cases = [
            ("a < b <3 c", Within::Text),
            ("<p>a</p>", Within::Text),
            ("<a title=\"x > y\"", Within::Tag),
            ("<a title=\"x > y\">", Within::Text),
            ("<a title = 'x \" > ", Within::Value('\'')),
            ("<p it's>", Within::Text),
            ("</", Within::Tag),
            ("<!doctype", Within::Tag),
            ("<!-- a > b -- >", Within::Comment),
            ("<!-- <p --><", Within::Text),
            ("<!-->", Within::Text),
        ];
        for (html, expected) in cases {
            assert_eq!(Within::Text.after(html), expected, "{html}");
        }
        assert_eq!(Within::Comment.after("a\n").after("--><p "), Within::Tag);
    }
}
