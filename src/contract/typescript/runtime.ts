/** What a request gave: look at `ok` first, then at `kind`. Nothing is thrown. */
export type Result<T> = Answer<T> | Refusal | Failure;

export interface Answer<T> {
  ok: true;
  data: T;
  /** Names these bytes; the next request for them is conditional. */
  etag: string | null;
  /** Whether the server said that the answer from before still holds. */
  revalidated: boolean;
}

/** The server said no, and why. */
export interface Refusal {
  ok: false;
  kind: "problem";
  status: number;
  problem: Problem;
}

/** There was no answer, or one that is none of this API's. */
export interface Failure {
  ok: false;
  kind: "network" | "unexpected";
  status: number | null;
  error: unknown;
}

export interface ClientOptions {
  /** Where the API is, without a slash at its end; the published site by default. */
  baseUrl?: string;
  /** `"query"` asks for `?limit=5`; `"files"` for `/limit/5.json`, which any host of plain files answers. */
  style?: "query" | "files";
  /** Used instead of the global `fetch`. */
  fetch?: typeof globalThis.fetch;
  /** How many answers are kept to be asked for again by their ETag. */
  remembered?: number;
}

export interface RequestOptions {
  signal?: AbortSignal;
}

/** A path's segments as they stand in the URL; null for a value that can stand in none. */
type Segments = readonly (string | null)[];

/** The URL form of a value: letter case, white space and slashes do not tell two of them apart. */
function slug(value: string | number): string | null {
  const text = String(value).normalize("NFC").replace(/[A-Z]/g, (letter) => letter.toLowerCase());
  if (text === "" || text.startsWith(".") || /[\ud800-\udfff]/u.test(text)) return null;
  return encodeURIComponent(text.replace(/[\t-\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000/\\]+/g, "-"));
}

function isProblem(body: unknown): body is Problem {
  return typeof body === "object" && body !== null && "type" in body && "title" in body && "status" in body;
}

function connect(options: ClientOptions) {
  const base = options.baseUrl ?? BASE_URL;
  const files = options.style === "files";
  const bound = options.remembered ?? 200;
  // Texts rather than values: what a caller does to an answer is not seen in the next one.
  const memory = new Map<string, { etag: string; text: string }>();

  async function get<T>(url: string | null, request: RequestOptions): Promise<Result<T>> {
    if (url === null) {
      const error = new RangeError("a value of the path is empty, starts with a dot or is no text");
      return { ok: false, kind: "unexpected", status: null, error };
    }
    const known = memory.get(url);
    const headers: Record<string, string> = known ? { "If-None-Match": known.etag } : {};
    const init: RequestInit = request.signal ? { headers, signal: request.signal } : { headers };
    let response: Response;
    let text: string;
    try {
      response = await (options.fetch ?? globalThis.fetch)(url, init);
      text = await response.text();
    } catch (error) {
      return { ok: false, kind: "network", status: null, error };
    }
    const status = response.status;
    if (status === 304 && known) {
      return { ok: true, data: JSON.parse(known.text) as T, etag: known.etag, revalidated: true };
    }
    let body: unknown;
    try {
      body = JSON.parse(text);
    } catch (error) {
      return { ok: false, kind: "unexpected", status, error };
    }
    if (response.ok) {
      const etag = response.headers.get("ETag");
      memory.delete(url);
      if (etag !== null && bound > 0) {
        memory.set(url, { etag, text });
        for (const oldest of memory.keys()) {
          if (memory.size <= bound) break;
          memory.delete(oldest);
        }
      }
      return { ok: true, data: body as T, etag, revalidated: false };
    }
    if (isProblem(body)) return { ok: false, kind: "problem", status, problem: body };
    return { ok: false, kind: "unexpected", status, error: body };
  }

  function path(prefix: string, segments: Segments, rest: string): string | null {
    return segments.includes(null) ? null : base + prefix + "/" + segments.join("/") + rest;
  }

  return {
    document<T>(prefix: string, segments: Segments, request: RequestOptions): Promise<Result<T>> {
      return get<T>(path(prefix, segments, files ? ".json" : ""), request);
    },
    list<T>(prefix: string, segments: Segments, limit: number | "all" | undefined, request: RequestOptions): Promise<Result<T>> {
      const rest = files ? (limit === undefined ? "" : "/limit/" + limit) + ".json" : limit === undefined ? "" : "?limit=" + limit;
      return get<T>(path(prefix, segments, rest), request);
    },
    page<T>(prefix: string, segments: Segments, page: number, request: RequestOptions): Promise<Result<T>> {
      return get<T>(path(prefix, segments, "/page/" + page + (files ? ".json" : "")), request);
    },
    file<T>(path: string, request: RequestOptions): Promise<Result<T>> {
      return get<T>(base + path, request);
    },
  };
}

/** Page after page, to the last; a page that fails is the last that is given. */
async function* walk<T>(
  first: number,
  page: (number: number) => Promise<Result<T>>,
  last: (data: T, number: number) => boolean,
): AsyncGenerator<Result<T>, void, undefined> {
  for (let number = first; ; number++) {
    const result = await page(number);
    // A list whose last page is full is followed by a page that is not there.
    if (!result.ok && number > first && result.status === 404) return;
    yield result;
    if (!result.ok || last(result.data, number)) return;
  }
}
