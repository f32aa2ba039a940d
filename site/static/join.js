// The forms of the page on joining: they send what is written to the endpoint for writes, and tell what becomes of it.
{
  const byId = (id) => document.getElementById(id);
  const section = byId("by-form");
  const { write, records, pages } = section.dataset;
  const title = document.title;
  // How often a receipt is looked for, and for how long, in milliseconds.
  const [FIRST, SLOWEST, LONG] = [2_000, 30_000, 15 * 60_000];
  // The longest that an answer is waited for.
  const PATIENCE = 30_000;
  section.hidden = false;

  // What outlives a reload, and goes with the tab.
  const kept = (name) => {
    try {
      return JSON.parse(sessionStorage.getItem(`join-${name}`));
    } catch {
      return null;
    }
  };
  const keep = (name, value) => {
    try {
      if (value === null) sessionStorage.removeItem(`join-${name}`);
      else sessionStorage.setItem(`join-${name}`, JSON.stringify(value));
    } catch {
      // Nothing may be kept here: it holds until the page is left.
    }
  };

  const slug = (key) => key.normalize("NFC").replace(/[A-Z]/g, (c) => c.toLowerCase()).replace(/[\s/\\]+/g, "-");
  const versions = kept("versions") ?? {};
  const setVersion = (key, version) => {
    versions[slug(key)] = version;
    keep("versions", versions);
  };

  const element = (name, text, className = "") => {
    const made = document.createElement(name);
    made.textContent = text;
    made.className = className;
    return made;
  };
  // Words in which names stand between backticks.
  const rich = (text) => text.split("`").map((part, at) => (at % 2 ? element("code", part) : part));
  const sentence = (...parts) => {
    const said = parts.filter(Boolean).map((part) => part[0].toUpperCase() + part.slice(1).replace(/(?<![.?!])$/, "."));
    return said.join(" ");
  };
  // However far it is, without a journey past everything between.
  const lead = (to) => {
    to.scrollIntoView({ behavior: "instant" });
    to.focus({ preventScroll: true });
  };
  const later = (answer) => {
    const seconds = Number(answer.headers.get("retry-after"));
    return seconds === 1 ? "in a second" : seconds ? `in ${seconds} seconds` : "a little later";
  };

  /** What an answer that is no acceptance says: faults with the field they stand at, and the version that is in the way. */
  const refusal = (answer, told) => {
    const { title, detail, errors, version } = told;
    switch (answer.status) {
      case 401:
        return { faults: [["key", "This key is not good: it may be mistyped, or too old. Ask for a new link; all that you wrote stays here."]] };
      case 403:
        if (!title) break;
        return { faults: [["", sentence("This key may not do that", detail)]] };
      case 409:
      case 412: {
        const when = answer.status === 409 ? "before" : "since you sent yours";
        const what = `Something was written to this account ${when}: it is at version ${version}. Was it you, in another place? Sending yours replaces it.`;
        return { faults: [["githubProfile", what]], version };
      }
      case 422:
        if (errors) return { faults: faultsOf(errors) };
        break;
      case 429:
        return { faults: [["", `That was a lot at once. Nothing is lost: send it again ${later(answer)}.`]] };
      case 503:
        if (answer.headers.has("retry-after")) {
          return { faults: [["", `Nothing can be kept for the moment. Nothing is lost: send it again ${later(answer)}.`]] };
        }
    }
    if (!title || answer.status === 404 || answer.status === 405) {
      return { faults: [["", `Nothing can be written here: the server answers with ${answer.status}. A pull request leads to the same page.`]] };
    }
    return { faults: [["", sentence(title, detail)]] };
  };

  /** Faults of the endpoint (`detail`) or of a receipt (`message`), by the member that their JSON Pointer begins with. */
  const faultsOf = (faults) =>
    faults.map(({ pointer, detail, message, help }) => {
      const member = pointer.split("/")[1] ?? "";
      return [member.replaceAll("~1", "/").replaceAll("~0", "~"), sentence(detail ?? message, help)];
    });

  const manage = (form, asked) => {
    const at = (name) => byId(`${form.id}-${name}`);
    const [summary, receipt] = [at("summary"), at("receipt")];
    const [list, over] = [summary.querySelector("ul"), summary.querySelector("button")];
    const [heading, words, again] = [receipt.querySelector("h3"), receipt.querySelector("p"), receipt.querySelector("button")];
    const [button, said] = [form.querySelector("[type=submit]"), form.querySelector(".send [role=status]")];
    const nameOf = (control) => control.name || control.id.slice(form.id.length + 1);
    const named = (name) => [...form.elements].filter((control) => control.type !== "fieldset" && nameOf(control) === name);
    let busy = false;
    // What is being looked for.
    let current = null;

    const clear = () => {
      document.title = title;
      summary.hidden = over.hidden = true;
      list.replaceChildren();
      for (const fault of form.querySelectorAll(".fault")) {
        fault.hidden = true;
        fault.replaceChildren();
      }
      for (const control of form.querySelectorAll("[aria-invalid]")) control.removeAttribute("aria-invalid");
    };

    const beside = (name, text) => {
      const [control, fault] = [at(name), at(`${name}-fault`)];
      if (!control || !fault) return element("li", "");
      fault.append(element("span", fault.hidden ? "Error: " : " ", "unseen"), ...rich(text));
      fault.hidden = false;
      // Of choices of which one holds, the group is what is wrong.
      for (const one of named(name)) (one.closest("[role=radiogroup]") ?? one).setAttribute("aria-invalid", "true");
      const link = element("a", "");
      link.href = `#${control.id}`;
      link.addEventListener("click", (event) => {
        event.preventDefault();
        // The words above it are to be seen, too.
        control.closest(".field").scrollIntoView({ behavior: "instant" });
        control.focus({ preventScroll: true });
      });
      const item = element("li", "");
      item.append(link);
      return item;
    };

    const refuse = (faults, isAsked = true) => {
      clear();
      for (const [name, text] of faults) {
        const item = beside(name, text);
        (item.firstChild ?? item).append(...rich(text));
        list.append(item);
      }
      document.title = `Error: ${title}`;
      summary.hidden = false;
      if (isAsked) lead(summary);
    };

    const unfit = () => {
      const found = new Map();
      for (const control of form.elements) {
        if (/text|password/.test(control.type)) control.value = control.value.trim();
        const { missing, wrong } = control.dataset;
        if (control.validity.valid || found.has(nameOf(control))) continue;
        found.set(nameOf(control), (control.validity.valueMissing && missing) || wrong || control.validationMessage);
      }
      return [...found];
    };

    const tell = (heads, ...text) => {
      heading.textContent = heads;
      words.replaceChildren(...text);
      receipt.querySelector("code").textContent = current.id;
      again.hidden = true;
      receipt.hidden = false;
    };

    const wait = () => {
      const [whom, what] = current.waits
        ? ["an editor", "Somebody reads it first."]
        : ["the next build", "That usually takes a few minutes."];
      tell(`Accepted, waiting for ${whom}`, `${what} This page looks for it by itself. You may close it: nothing is lost by that.`);
    };

    const settle = ({ status, faults, reason }) => {
      if (status === "published") {
        if (current.method === "DELETE") return tell("You have left", "You are on no page and in no list any more. Go well.");
        if (current.unseen) return tell("Published", "You are on no page and in no list, as you asked.");
        const link = element("a", "Your page");
        link.href = pages + encodeURIComponent(slug(current.key));
        return tell("You are on the board", link, " is there. The first day counts when it is written.");
      }
      const why = reason ? `An editor did not take it: ${reason}` : "The site cannot be built with it.";
      tell("Not published", why, faults?.length ? " What is wrong stands in the form. Mend it, and send it again." : "");
      if (faults?.length) refuse(faultsOf(faults), false);
    };

    const follow = async () => {
      const followed = current;
      const end = Date.now() + LONG;
      wait();
      for (let pause = FIRST; Date.now() < end; pause = Math.min(pause * 1.5, SLOWEST)) {
        let told = null;
        try {
          const answer = await fetch(followed.receipt, { cache: "no-store", signal: AbortSignal.timeout(PATIENCE) });
          if (answer.ok) told = await answer.json();
        } catch {
          // Whoever is offline for a while is told later.
        }
        if (followed !== current) return;
        if (told) return settle(told);
        await new Promise((resolve) => { setTimeout(resolve, pause); });
        if (followed !== current) return;
      }
      tell("Accepted, and not built yet", "It takes longer than usual. What you sent is kept, under the number below, and nothing is to be sent again.");
      again.hidden = false;
    };

    const send = async () => {
      if (busy) return;
      clear();
      const wrong = unfit();
      if (wrong.length) return refuse(wrong);
      busy = true;
      button.setAttribute("aria-disabled", "true");
      said.textContent = "Sending …";
      const { method, key, account, body } = asked();
      const headers = { authorization: `Bearer ${key}` };
      if (body) headers["content-type"] = "application/json";
      // What changes a page says which version of what was written it knows: none, where nothing was.
      if (body && (method === "PATCH" || slug(account) in versions)) headers["if-match"] = `"${versions[slug(account)] ?? 0}"`;
      let answer = null;
      let told = {};
      try {
        const signal = AbortSignal.timeout(PATIENCE);
        answer = await fetch(write + encodeURIComponent(account), { method, headers, body: body && JSON.stringify(body), signal });
        told = await answer.json();
      } catch {
        // There is no answer, or it is not the endpoint's.
      }
      busy = false;
      button.removeAttribute("aria-disabled");
      said.textContent = "";
      if (answer?.ok && told.receipt) {
        setVersion(account, told.version);
        const { id, receipt: url, key: name, status } = told;
        current = { form: form.id, method, id, receipt: url, key: name, waits: status === "waiting", unseen: body?.listed === false };
        keep("receipt", current);
        // Of whoever leaves, nothing stays here either.
        if (method === "DELETE") keep("draft", null);
        follow();
        lead(receipt);
      } else if (answer && !answer.ok) {
        const { faults, version } = refusal(answer, told);
        refuse(faults);
        over.hidden = version === undefined;
        over.onclick = () => {
          setVersion(account, version);
          send();
        };
      } else {
        refuse([["", "No answer came. Nothing is lost: all that you wrote is still here, and sending it again is safe. If it did arrive, it is kept once."]]);
      }
    };

    form.addEventListener("submit", (event) => {
      event.preventDefault();
      send();
    });
    again.addEventListener("click", () => {
      follow();
      lead(receipt);
    });
    const last = kept("receipt");
    if (last?.form === form.id) {
      current = last;
      follow();
    }
  };

  addEventListener("DOMContentLoaded", () => {
    const [join, leaving] = [byId("join"), byId("leaving")];
    const { githubProfile: account, timeZone, dateJoined } = join.elements;
    const keys = [byId("join-key"), byId("leaving-key")];
    byId("leave").hidden = false;

    const setKey = (key) => {
      for (const input of keys) if (input.value !== key) input.value = key;
      keep("key", key || null);
    };
    const fromAddress = () => {
      const token = new URLSearchParams(location.hash.slice(1)).get("token");
      if (!token) return;
      // Neither the history nor whoever looks over a shoulder needs it.
      history.replaceState(history.state, "", location.pathname + location.search);
      setKey(token.trim());
    };
    setKey(kept("key") ?? "");
    fromAddress();
    addEventListener("hashchange", fromAddress);
    for (const input of keys) input.addEventListener("input", () => setKey(input.value));
    const eye = join.querySelector("[aria-controls]");
    eye.addEventListener("click", () => {
      const isShown = keys[0].type === "password";
      keys[0].type = isShown ? "text" : "password";
      eye.setAttribute("aria-pressed", String(isShown));
    });

    const own = Intl.DateTimeFormat().resolvedOptions().timeZone;
    const zones = new Set([...(Intl.supportedValuesOf?.("timeZone") ?? []), own, "UTC"].filter(Boolean));
    timeZone.append(...[...zones].sort().map((zone) => new Option(zone)));
    timeZone.value = own ?? "";
    const now = new Date();
    dateJoined.value = new Date(now - now.getTimezoneOffset() * 60_000).toISOString().slice(0, 10);

    // Values by the names of their fields, each a list.
    const values = () => {
      const found = {};
      for (const [name, value] of new FormData(join)) (found[name] ??= []).push(value);
      return found;
    };
    const fill = (given) => {
      for (const control of join.elements) {
        const chosen = given[control.name] ?? [];
        if (!control.name) continue;
        else if (control.type === "radio" || control.type === "checkbox") control.checked = chosen.includes(control.value);
        else control.value = chosen[0] ?? "";
      }
    };
    const noted = () => {
      keep("draft", values());
      leaving.elements.githubProfile.value = account.value;
    };
    const draft = kept("draft");
    if (draft) fill(draft);
    leaving.elements.githubProfile.value = account.value;
    join.addEventListener("input", noted);

    // Whoever has a page already need not write it all again.
    const [whose, take] = join.querySelector(".known").children;
    const ask = (words) => {
      whose.textContent = words;
      take.hidden = !words;
    };
    account.addEventListener("change", async () => {
      ask("");
      const asked = account.value.trim();
      if (!asked || !account.validity.valid) return;
      const answer = await fetch(`${records}${encodeURIComponent(slug(asked))}.json`).catch(() => null);
      const record = answer?.ok ? (await answer.json().catch(() => null))?.data : null;
      if (!record || account.value.trim() !== asked) return;
      ask(`There is a page of ${record.name}. Is it yours?`);
      take.onclick = () => {
        fill(Object.fromEntries(Object.entries(record).map(([name, value]) => [name, [value].flat()])));
        keep("known", { account: slug(asked), names: Object.keys(record).filter((name) => join.elements[name]) });
        noted();
        ask("");
        join.elements.name.focus();
      };
    });

    manage(join, () => {
      const { tracks = [], listed, ...others } = values();
      const body = Object.fromEntries(Object.entries(others).flatMap(([name, [value]]) => (value ? [[name, value]] : [])));
      body.tracks = tracks;
      // Whoever does not ask for it leaves it as it is.
      if (listed) body.listed = false;
      const known = kept("known");
      if (known?.account !== slug(body.githubProfile)) return { method: "PUT", key: keys[0].value, account: body.githubProfile, body };
      // What a page says goes only where that is asked for, wherever it was written.
      for (const name of known.names) body[name] ??= null;
      return { method: "PATCH", key: keys[0].value, account: body.githubProfile, body };
    });
    manage(leaving, () => ({ method: "DELETE", key: keys[1].value, account: leaving.elements.githubProfile.value }));
  });
}
