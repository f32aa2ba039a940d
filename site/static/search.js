// Finds journeyers among all of them, who are fetched when somebody begins to type.
(() => {
  const form = document.querySelector("form.search");
  const input = form.elements.q;
  const said = document.getElementById("found");
  const results = document.getElementById("results");
  const listed = document.getElementById("listed");
  let everyone = null;
  let failed = false;

  // "Óscar" is found by "oscar".
  const plain = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();

  const members = () => {
    everyone ??= fetch(form.dataset.source)
      .then((answer) => (answer.ok ? answer.json() : Promise.reject(new Error(answer.statusText))))
      .then((json) => (Array.isArray(json) ? json : json.data).map((member) => {
        const words = [member.name, member.githubProfile, member.location, member.status, ...(member.tracks ?? [])];
        return { member, words: plain(words.filter(Boolean).join(" ")) };
      }));
    return everyone;
  };

  const element = (name, className, ...children) => {
    const made = document.createElement(name);
    if (className) made.className = className;
    made.append(...children);
    return made;
  };

  const row = ({ name, githubProfile, location, status, daysCompleted }) => {
    const written = element("bdi", "", name);
    written.dir = "auto";
    const link = element("a", "", written);
    link.href = form.dataset.member + encodeURIComponent(githubProfile.toLowerCase());
    const about = [location, status.toLowerCase(), `day ${daysCompleted}`].filter(Boolean).join(" · ");
    return element("li", "", element("h2", "", link), element("p", "meta", about));
  };

  const find = async () => {
    const asked = input.value;
    const terms = plain(asked).split(/\s+/).filter(Boolean);
    if (!terms.length) {
      results.hidden = true;
      listed.hidden = false;
      said.textContent = "";
      return;
    }
    let all;
    try {
      all = await members();
    } catch {
      everyone = null;
      failed = true;
      said.textContent = "The list could not be fetched. Press Find for everyone on one page.";
      return;
    }
    // Somebody went on typing.
    if (asked !== input.value) return;
    const found = all.filter(({ words }) => terms.every((term) => words.includes(term)));
    results.replaceChildren(...found.map(({ member }) => row(member)));
    results.hidden = !found.length;
    listed.hidden = true;
    said.textContent = found.length ? `${found.length} of ${all.length}` : "Nobody is found by that.";
  };

  input.addEventListener("input", find);
  // Where the list cannot be fetched, the form leads to the page with everyone.
  form.addEventListener("submit", (event) => {
    if (failed) return;
    event.preventDefault();
    find();
  });
  const asked = new URLSearchParams(location.search).get("q");
  if (asked) {
    input.value = asked;
    find();
  }
})();
