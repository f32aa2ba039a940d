//! The words that the corpus is made of.

/// From the most to the least popular; some with spaces, some with slashes.
pub const TAGS: &[&str] = &[
    "AWS",
    "Google Cloud",
    "CI/CD",
    "Kubernetes",
    "Docker",
    "Azure",
    "Terraform",
    "Linux",
    "Python",
    "JavaScript",
    "TypeScript",
    "Rust",
    "Go",
    "Serverless",
    "Machine Learning",
    "Data Engineering",
    "Security",
    "Networking",
    "TCP/IP",
    "DevOps",
    "Site Reliability",
    "Observability",
    "Databases",
    "PostgreSQL",
    "Redis",
    "GraphQL",
    "REST",
    "Web Performance",
    "Accessibility",
    "UI/UX",
    "A/B Testing",
    "Open Source",
    "Career",
    "Community",
    "Public Speaking",
    "Technical Writing",
    "Git",
    "Monitoring",
    "Event Driven",
    "Message Queues",
    "I/O",
    "Caching",
    "Edge Computing",
    "Mobile",
    "Testing",
    "Static Sites",
    "Content Delivery",
    "Identity",
    "Client/Server",
    "Learning in Public",
];

/// Most members are active.
pub const STATUSES: &[&str] = &["active", "active", "active", "paused", "completed"];

/// First parts of handles.
pub const ADJECTIVES: &[&str] = &[
    "amber", "brave", "calm", "clever", "bold", "bright", "crisp", "dusty", "eager", "early", "fancy", "fleet",
    "fresh", "gentle", "giant", "glad", "golden", "grand", "green", "happy", "humble", "icy", "jolly", "keen", "kind",
    "late", "light", "lively", "lone", "loud", "lucky", "lunar", "mellow", "merry", "mighty", "misty", "modest",
    "neat", "noble", "olive", "pale", "plain", "proud", "quick", "quiet", "rapid", "rare", "royal", "rustic", "sandy",
    "sharp", "shy", "silent", "silver", "sleek", "smart", "snowy", "solar", "steady", "stormy", "sunny", "swift",
    "tidy", "vivid", "warm", "wild", "wise", "witty", "young", "zesty",
];

/// Second parts of handles.
pub const NOUNS: &[&str] = &[
    "falcon", "otter", "badger", "beaver", "bison", "cedar", "cobra", "comet", "condor", "cougar", "coyote", "crane",
    "cricket", "dingo", "dolphin", "eagle", "ember", "ferret", "finch", "forest", "fox", "gecko", "glacier", "hare",
    "harbor", "hawk", "heron", "ibex", "jackal", "jaguar", "kestrel", "koala", "lark", "lemur", "lynx", "magpie",
    "maple", "marten", "meadow", "meteor", "moose", "newt", "ocelot", "orca", "osprey", "owl", "panda", "panther",
    "pelican", "pine", "puffin", "quail", "rabbit", "raven", "river", "robin", "salmon", "seal", "shark", "sparrow",
    "spruce", "stork", "summit", "swan", "tiger", "toucan", "turtle", "walrus", "weasel", "willow", "wolf", "wren",
    "yak", "zebra",
];

/// First names.
pub const FIRST_NAMES: &[&str] = &[
    "Ada", "Alan", "Amara", "Anders", "Anika", "Aria", "Ben", "Bianca", "Boris", "Carla", "Chen", "Clara", "Daniel",
    "Deepa", "Diego", "Dora", "Edgar", "Elena", "Emil", "Esther", "Farid", "Fiona", "Frank", "Grace", "Greta", "Hana",
    "Hugo", "Ines", "Ivan", "Jamal", "Jana", "Jonas", "Julia", "Kai", "Karim", "Lara", "Leo", "Lin", "Luca", "Maya",
    "Mei", "Milan", "Nadia", "Nina", "Noah", "Olga", "Omar", "Paula", "Petra", "Priya", "Rafael", "Rosa", "Ruth",
    "Sam", "Sara", "Sofia", "Tara", "Theo", "Uma", "Vera", "Victor", "Wanda", "Yara", "Yusuf", "Zoe",
];

/// Last names.
pub const LAST_NAMES: &[&str] = &[
    "Abbott", "Almeida", "Anand", "Baker", "Barros", "Becker", "Bianchi", "Brandt", "Castillo", "Chandra", "Cohen",
    "Costa", "Cruz", "Dahl", "Diaz", "Dubois", "Engel", "Farah", "Fischer", "Fontaine", "Garcia", "Gupta", "Haddad",
    "Hansen", "Hoffman", "Ito", "Ivanov", "Jensen", "Kaur", "Keller", "Khan", "Kim", "Klein", "Kowalski", "Larsen",
    "Lopez", "Martin", "Mehta", "Mendes", "Meyer", "Moreau", "Murphy", "Nakamura", "Novak", "Okafor", "Olsen", "Osei",
    "Park", "Patel", "Petrov", "Quinn", "Ramos", "Rossi", "Sato", "Schmidt", "Silva", "Singh", "Smith", "Suzuki",
    "Tanaka", "Torres", "Varga", "Walker", "Wang", "Weber", "Wong", "Yilmaz", "Zhang",
];

/// What sentences, headings, slugs and links are made of.
pub const VOCABULARY: &[&str] = &[
    "about", "above", "access", "account", "across", "action", "adapter", "address", "after", "again", "agent",
    "album", "alert", "allow", "almost", "along", "already", "also", "always", "among", "amount", "animal", "annual",
    "answer", "anyone", "apart", "apply", "archive", "area", "argue", "around", "array", "arrive", "aside", "asset",
    "attach", "author", "autumn", "average", "avoid", "awake", "aware", "back", "badge", "balance", "banner", "basic",
    "basket", "batch", "beacon", "become", "before", "begin", "behind", "below", "beside", "better", "between",
    "beyond", "binary", "bitter", "blank", "block", "board", "border", "borrow", "bottle", "bottom", "boundary",
    "branch", "bread", "bridge", "brief", "bring", "broad", "broken", "browser", "bucket", "budget", "buffer", "build",
    "bundle", "button", "cable", "cache", "calendar", "candle", "canvas", "capture", "carbon", "careful", "carry",
    "castle", "catalog", "center", "central", "chain", "chance", "change", "channel", "chapter", "charge", "check",
    "choice", "circle", "clear", "client", "climate", "clock", "close", "cloud", "cluster", "coast", "collect",
    "column", "combine", "command", "common", "compact", "compare", "compile", "complete", "compute", "concept",
    "concern", "connect", "consider", "contain", "context", "control", "convert", "copper", "corner", "correct",
    "counter", "country", "couple", "course", "cover", "craft", "create", "credit", "current", "custom", "cycle",
    "daily", "damage", "data", "debate", "decide", "deep", "default", "define", "degree", "delay", "deliver", "demand",
    "deploy", "depth", "design", "desk", "detail", "device", "digital", "direct", "discover", "display", "distance",
    "divide", "doctor", "domain", "double", "draft", "dream", "drive", "during", "early", "earth", "edge", "editor",
    "effect", "effort", "either", "element", "empty", "enable", "endless", "engine", "enough", "ensure", "enter",
    "entire", "equal", "error", "escape", "event", "every", "evidence", "exact", "example", "except", "exchange",
    "expand", "expect", "explain", "export", "extend", "extra", "factor", "fair", "family", "famous", "farmer",
    "feature", "fetch", "field", "figure", "file", "filter", "final", "find", "finish", "first", "fixed", "flag",
    "flow", "focus", "folder", "follow", "forget", "format", "forward", "frame", "free", "frequent", "friend", "front",
    "function", "further", "future", "gather", "general", "gentle", "global", "graph", "great", "ground", "group",
    "grow", "guard", "guide", "handle", "happen", "hardly", "header", "health", "heavy", "hidden", "history", "hold",
    "hollow", "honest", "however", "hundred", "image", "import", "improve", "include", "increase", "index", "inner",
    "input", "inside", "instead", "into", "island", "issue", "item", "join", "journal", "journey", "judge", "keep",
    "kernel", "kitchen", "know", "label", "ladder", "language", "large", "later", "launch", "layer", "leader", "learn",
    "leave", "ledger", "length", "less", "letter", "level", "library", "light", "limit", "line", "link", "listen",
    "little", "local", "logic", "longer", "lower", "machine", "main", "manage", "many", "market", "matter", "maybe",
    "measure", "member", "memory", "merge", "message", "method", "middle", "minute", "mirror", "mobile", "model",
    "modern", "module", "moment", "monitor", "month", "more", "morning", "mostly", "motion", "mountain", "move",
    "must", "narrow", "nature", "nearly", "need", "network", "never", "next", "night", "normal", "notice", "number",
    "object", "observe", "often", "only", "open", "option", "order", "other", "outer", "output", "over", "packet",
    "page", "panel", "paper", "parent", "parse", "part", "past", "path", "pattern", "people", "perhaps", "phase",
    "place", "plain", "plan", "point", "policy", "portal", "power", "prefer", "present", "press", "prevent", "primary",
    "print", "problem", "process", "produce", "profile", "program", "project", "promise", "proper", "protect", "proud",
];

/// Code blocks; ONE and TWO become words, NUM a number.
pub const CODE: &[&str] = &[
    r"```rust
fn ONE(limit: usize) -> Option<usize> {
    let TWO = (0..limit).filter(|n| n % NUM == 0).sum::<usize>();
    if TWO > 0 && limit < 10_000 {
        return Some(TWO);
    }
    None
}
```",
    r#"```javascript
export function ONE(rows) {
  const TWO = rows.filter((row) => row.count > NUM && row.open);
  return TWO.map((row) => ({ ...row, name: "ONE" }));
}
```"#,
    r#"```python
def ONE(rows, limit=NUM):
    TWO = [row for row in rows if row["count"] < limit]
    print("ONE", len(TWO))
    return sorted(TWO, key=lambda row: row["name"])
```"#,
    r"```go
func ONE(rows []string) (TWO int, err error) {
	for i := 0; i < len(rows) && i < NUM; i++ {
		TWO += len(rows[i])
	}
	return TWO, nil
}
```",
    r#"```sh
for name in ONE TWO; do
  curl --fail --silent "https://example.com/$name?limit=NUM" > "$name.json" && echo "done: $name"
done
```"#,
    r#"```toml
[ONE]
name = "TWO"
retries = NUM
hosts = ["a.example.com", "b.example.com"]
```"#,
];
