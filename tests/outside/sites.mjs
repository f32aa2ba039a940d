// Sites that no person would write. `node sites.mjs bare|tags DIR` makes one.
import fs from 'node:fs';
import path from 'node:path';

// No base_url, no [openapi], no [surfaces]: what a beginner's first site has.
const BARE = `[site]
name = "Bare"

[collections.notes]
sources = ["data/notes.json"]
key = "id"

[[views]]
path = "notes"
from = "notes"

[[views]]
path = "notes/{id}"
from = "notes"
each = true
`;

// A path in base_url, so that everything stands below it. Lists stand beside fields whose values are `limit`, `page` and 5.
const TAGS = `[site]
name = "Tags of every alphabet"
base_url = "https://example.org/club"

[collections.tags]
sources = ["data/tags.json"]
key = "name"

[collections.articles]
sources = ["data/articles.json"]
key = "id"

[surfaces.api]
prefix = "/api"
shape = "bare"

[surfaces.v1]
prefix = "/v1"
shape = "envelope"

[[views]]
path = "articles"
from = "articles"
page = { size = 100 }

[[views]]
path = "articles/{tags}"
from = "articles"
group = "tags"
limit = { max = 5 }

[[views]]
path = "tags"
from = "articles"
count = "tags"
as = "tag"
sort = ["-count", "tag"]
limit = { default = 10, max = 20 }
page = { size = 50 }

[[views]]
path = "words"
from = "tags"
limit = { max = 10 }

[[views]]
path = "words/{name}"
from = "tags"
each = true

[[views]]
path = "words/{name}/articles"
from = "articles"
group = "name"
limit = { max = 2 }
`;

// Values that some rule or other could take for something else.
const ODD = [
  'C++', 'C#', 'F#', 'CI/CD', 'a\\b', '100%', '50% off', '%41', '%2e', '%', 'a?b', '?', 'x.json', 'y.JSON.json', 'node.js', 'data.tar.gz',
  'a.', 'limit', 'page', 'recent', 'all', '5', '0', '1.0', '-1', '__proto__', 'constructor', 'toString', 'hasOwnProperty', 'null',
  'undefined', 'true', '-', '--', '~', '_', '*', '!', "it's", '"quoted"', '«quoted»', '(round)', '[square]', '{curly}', '<b>', "'()*!",
  ';', 'a;b=c', '&', '&amp;', 'a&b', '=', 'a=b', '+', 'a+b', ':', 'a:b', '@', '@home', ',', 'a,b', '$', '$&', '|', '^', '`', '#',
  'a#b', 'two words', 'three  spaced   words', '　ideographic　space　', 'tab\tbed', 'no-break\u00a0space', ' thin ',
  'zero\u200bwidth', 'bom\ufeffinside', 'soft\u00adhyphen', 'rtl\u202emark', 'index', 'index.html', 'manifest.json', 'errors', 'schemas',
  'Upper', 'ÄÖÜ', 'İstanbul', 'ıIi', 'ẞß', 'ﬁ', 'Å', '½', '²', '∞', '→', '…', '—', '€5', '0x1F', 'NaN', 'con', 'aux.txt', 'nul',
  'x'.repeat(80), 'длинный-'.repeat(10), '長'.repeat(80), '👩‍💻', '👨‍👩‍👧‍👦', '🏳️‍🌈', '🇵🇹', '🎉', '1️⃣', '👍🏽', '𝕏', '𠮷野家', '\u{10ffff}',
];

// Words to make the rest of; Latin in both normal forms, for a slug is the composed one.
const WORDS = [
  ['café', 'naïve', 'Ærø', 'Łódź', 'São Tomé', 'Việt Nam', 'čeština', 'ñandú', 'crème brûlée'],
  ['re\u0301sume\u0301', 'u\u0308ber', 'An\u0303o', 'c\u0327a', 'a\u030angstro\u0308m', 'Vie\u0323\u0302t'],
  ['Ελλάδα', 'νέφος', 'ασφάλεια', 'Ἀθῆναι', 'δίκτυο'],
  ['облако', 'Сеть', 'ёлка', 'Қазақстан', 'Україна', 'данные'],
  ['سحابة', 'شبكة', 'أمان', 'بيانات', 'فارسی‌زبان'],
  ['ענן', 'רשת', 'אבטחה', 'נתונים', 'שָׁלוֹם'],
  ['बादल', 'सुरक्षा', 'हिन्दी', 'नेटवर्क', 'क्षेत्र'],
  ['เมฆ', 'เครือข่าย', 'ข้อมูล', 'น้ำ', 'ความปลอดภัย'],
  ['雲', '网络', '安全', 'データ', 'クラウド', 'ネットワーク', 'が', 'か\u3099く'],
  ['클라우드', '네트워크', '보안', '\u1112\u1161\u11ab\u1100\u1173\u11af', '데이터'],
  ['ღრუბელი', 'ქსელი', 'მონაცემი', 'ᲗᲑᲘᲚᲘᲡᲘ', 'უსაფრთხოება'],
  ['ամպ', 'ցանց', 'ድመት', 'መረጃ', 'ᏣᎳᎩ', 'мэдээ', 'ខ្មែរ', 'বাংলা', 'தமிழ்', 'తెలుగు'],
];

// The slug rule of the manual, written again.
const slug = (text) => text.normalize('NFC').replace(/[A-Z]/g, (c) => c.toLowerCase()).replace(/[\p{White_Space}/\\]+/gu, '-');

export function tags() {
  const all = new Map();
  const add = (text) => all.has(slug(text)) || all.set(slug(text), text);
  ODD.forEach((text) => {
    if (all.has(slug(text))) throw new Error(`two values have the slug ${slug(text)}`);
    add(text);
  });
  WORDS.flat().forEach(add);
  // Then pairs, of one alphabet and across two.
  for (let step = 1; all.size < 300; step++) {
    WORDS.forEach((words, at) => {
      const others = WORDS[(at + step) % WORDS.length];
      if (all.size < 300) add(`${words[step % words.length]} ${words[(step + 1) % words.length]}`);
      if (all.size < 300) add(`${words[step % words.length]}/${others[step % others.length]}`);
    });
  }
  return [...all.values()];
}

export function site(kind, to) {
  const write = (name, text) => {
    fs.mkdirSync(path.dirname(path.join(to, name)), { recursive: true });
    fs.writeFileSync(path.join(to, name), typeof text === 'string' ? text : JSON.stringify(text, null, 1));
  };
  if (kind === 'bare') {
    write('site/site.toml', BARE);
    write('data/notes.json', [{ id: 'a', text: 'one' }, { id: 'b', text: 'two', stars: 1.5 }, { id: 'c', text: 'three', seen: true }]);
    return;
  }
  const names = tags();
  const other = (text) => text.replace(/[A-Za-z]/g, (c) => (c === c.toLowerCase() ? c.toUpperCase() : c.toLowerCase()));
  write('site/site.toml', TAGS);
  write('data/tags.json', names.map((name, at) => ({ name, at })));
  // Each tag is on one article and on another in the other letter case, which is the same tag.
  write('data/articles.json', names.flatMap((name, at) => [
    { id: `a${at}`, name, tags: [name, names[(at + 7) % names.length]] },
    { id: `b${at}`, name, tags: [other(name)] },
  ]));
}

if (process.argv[1] === import.meta.filename) site(process.argv[2], process.argv[3]);
