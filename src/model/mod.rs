//! The values that everything else speaks in. No I/O, no clock, no knowledge of any other module.

mod activity;
mod artifact;
mod body;
mod checks;
mod codes;
mod diagnostic;
mod entry;
mod environment;
mod inputs;
mod json;
mod lasting;
mod location;
mod markup;
mod media;
mod overlay;
mod page;
mod path;
mod receipt;
mod record;
mod release;
mod removed;
mod route;
mod scoring;
mod settings;
mod slug;
mod standing;
mod template_value;
mod text;
mod value;
mod writes;

pub use activity::{Activity, Days, Run, days_between};
pub use artifact::{Artifact, ArtifactOrigin, CacheClass};
pub use body::{Body, Rendered, RenderedBlock, RenderedRow, Rows};
pub use checks::{Check, Checks, Missing, Search};
pub use codes::{CODES, code};
pub use diagnostic::{Code, Diagnostic, Severity, nearest};
pub use entry::{Change, Entry, Members, canonical};
pub use environment::{Environment, Keep, Layout, Protect};
pub use inputs::{InputFile, Inputs};
pub use json::{write_member, write_text, write_value};
pub use lasting::{LONGEST as LONGEST_LASTING, lasting};
pub use location::Location;
pub use markup::{escape, is_xml};
pub use media::media_type;
pub use overlay::{Laid, Overlay, Overlays, Unreadable};
pub use page::{Badge, BadgeStyle, Feed, Page, PageOf, page_key, page_url};
pub use path::{PathTemplate, Segment};
pub use receipt::{MemberFault, Outcome, Receipt};
pub use record::{Collection, Field, FieldOrigin, Hidden, HiddenReason, Locate, Origin, Past, Record, SourceFile};
pub use release::{Release, Sealed, hex};
pub use removed::Removed;
pub use route::{Route, RouteKind};
pub use scoring::{GithubMode, Into, Period, Score, Source, SourceKind, Window, path_fields};
pub use settings::{
    About, CollectionDecl, Count, Derived, Group, Limit, Manner, OpenApi, Placed, RANK_MEMBERS, Rank, RankMethod,
    Settings, Shape, SiteInfo, Sort, Surface, View,
};
pub use slug::{BadSlug, LONGEST as LONGEST_SLUG, decode, encode, encode_path, fold, slug};
pub use standing::{Before, Standing};
pub use text::{Excerpt, Place, SourceText, Span, word_in};
pub use value::{Name, Names, Number, Value};
pub use writes::{Allow, Auth, AuthMode, Endpoint, Owner, Role, RoleRule, TOMBSTONES, Wake, WriteDecl, Writes};
