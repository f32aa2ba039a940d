// Calls of a client, in Node and in a browser alike. What they give is plain data, to be compared elsewhere.

/** A result without what cannot leave the browser. */
function plain(result) {
  return "error" in result ? { ...result, error: result.error?.name ?? typeof result.error } : result;
}

/** Each call and the same once more: `[name, parameters]` to the two results. */
export async function callTwice(createClient, options, calls) {
  const client = createClient(options);
  const results = [];
  for (const [name, parameters] of calls) {
    const call = () => (parameters === null ? client[name]() : client[name](parameters));
    results.push({ name, parameters, first: plain(await call()), second: plain(await call()) });
  }
  return results;
}

/** What each of the iterators gives, to its end. */
export async function walkAll(createClient, options, names, parameters) {
  const client = createClient(options);
  const walks = {};
  for (const name of names) {
    walks[name] = [];
    for await (const result of client[name](parameters)) walks[name].push(plain(result));
  }
  return walks;
}

/** Calls that their caller gives up: before the request, during it, while its answer is read, and between two pages. */
export async function abort(createClient, options) {
  const before = new AbortController();
  before.abort();
  const during = new AbortController();
  const reading = new AbortController();
  const between = new AbortController();
  const client = createClient(options);
  const whileAsking = createClient({
    ...options,
    fetch: (...request) => {
      const answer = fetch(...request);
      during.abort();
      return answer;
    },
  });
  const whileReading = createClient({
    ...options,
    fetch: async (...request) => {
      const answer = await fetch(...request);
      reading.abort();
      return answer;
    },
  });
  const pages = [];
  for await (const page of client.apiUsersPages({}, { signal: between.signal })) {
    pages.push(plain(page));
    between.abort();
  }
  return {
    before: plain(await client.apiUsers({}, { signal: before.signal })),
    during: plain(await whileAsking.apiUsers({}, { signal: during.signal })),
    reading: plain(await whileReading.apiUsers({}, { signal: reading.signal })),
    pages,
    // A signal that nobody used leaves the client as it was.
    afterwards: (await client.apiUsers({}, { signal: new AbortController().signal })).ok,
  };
}

export function names(createClient) {
  return Object.keys(createClient());
}
