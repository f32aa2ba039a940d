//! Every code a diagnostic can carry. `docs/diagnostics.md` explains each; a test holds the two together.

use super::diagnostic::Code;

macro_rules! codes {
    ($($name:ident = $text:literal;)*) => {
        /// The codes, by name.
        pub mod code {
            use super::Code;
            $(pub const $name: Code = Code($text);)*
        }
        /// All codes, in the order in which the manual explains them.
        pub const CODES: &[Code] = &[$(code::$name,)*];
    };
}

codes! {
    MISSING_SITE = "missing-site";
    MISSING_SOURCE = "missing-source";
    FILE_TOO_LARGE = "file-too-large";
    LINK_OUTSIDE = "link-outside";
    LINK_BROKEN = "link-broken";
    INVALID_UTF8 = "invalid-utf8";
    EMPTY_FILE = "empty-file";
    SYNTAX = "syntax";
    DUPLICATE_MEMBER = "duplicate-member";
    AMBIGUOUS_NUMBER = "ambiguous-number";
    UNSUPPORTED_YAML = "unsupported-yaml";
    UNEQUAL_COLUMNS = "unequal-columns";
    NOT_RECORDS = "not-records";
    NO_FRONT_MATTER = "no-front-matter";
    UNCLOSED_FRONT_MATTER = "unclosed-front-matter";
    RESERVED_MEMBER = "reserved-member";
    MISSING_KEY = "missing-key";
    BAD_KEY = "bad-key";
    DUPLICATE_KEY = "duplicate-key";
    SLUG_COLLISION = "slug-collision";
    BAD_SCHEMA = "bad-schema";
    WRONG_TYPE = "wrong-type";
    UNKNOWN_MEMBER = "unknown-member";
    MISSING_MEMBER = "missing-member";
    NOT_ALLOWED = "not-allowed";
    BAD_FORMAT = "bad-format";
    BAD_DATE = "bad-date";
    DANGLING_REFERENCE = "dangling-reference";
    HIDDEN_REFERENCE = "hidden-reference";
    UNKNOWN_OPTION = "unknown-option";
    MISSING_OPTION = "missing-option";
    BAD_OPTION = "bad-option";
    UNKNOWN_COLLECTION = "unknown-collection";
    UNKNOWN_SURFACE = "unknown-surface";
    UNKNOWN_FIELD = "unknown-field";
    PRIVATE_FIELD = "private-field";
    BAD_PATH = "bad-path";
    PATH_FIELD = "path-field";
    DUPLICATE_PATH = "duplicate-path";
    BAD_EXPRESSION = "bad-expression";
    EXPRESSION_FAILED = "expression-failed";
    BAD_ACTIVITY = "bad-activity";
    MISSING_TEMPLATE = "missing-template";
    BAD_TEMPLATE = "bad-template";
    TEMPLATE_FAILED = "template-failed";
    BROKEN_LINK = "broken-link";
    MISSING_IMAGE = "missing-image";
    MISSING_ALT = "missing-alt";
    UNCLOSED_HTML = "unclosed-html";
    UNKNOWN_SHORTCODE = "unknown-shortcode";
    BAD_SHORTCODE = "bad-shortcode";
    NO_SEARCH = "no-search";
    OUTSIDE_VALUES = "outside-values";
    KEY_COLLISION = "key-collision";
    UNREACHABLE = "unreachable";
    BREAKING_CHANGE = "breaking-change";
    SCHEMA_MISMATCH = "schema-mismatch";
    TOO_MANY_ARTIFACTS = "too-many-artifacts";
    BAD_INBOX_ENTRY = "bad-inbox-entry";
    NOT_YOURS = "not-yours";
}
