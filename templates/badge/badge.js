// The badge of a shop: keeps an arriving `ref` for the cart, and lets a salesperson share the page it stands on.
((settings) => {
  "use strict";
  if (window.referrals) return;
  const { words } = settings;
  const home = document.currentScript?.src.replace(/\.js(\?.*)?$/, "") || settings.base;

  // What this shop's own storage keeps; some browsers forbid it, and then nothing is kept.
  const kept = (name) => {
    try { return localStorage.getItem(name) || ""; } catch { return ""; }
  };
  const keep = (name, value) => {
    try {
      if (value) localStorage.setItem(name, value);
      else localStorage.removeItem(name);
    } catch { /* not kept */ }
  };
  const cookie = (name) => document.cookie.match(`(?:^|; )${name}=([^;]*)`)?.[1] || "";

  // --- The click that brought a buyer here goes with the order ---
  const arriving = new URLSearchParams(location.search).get("ref") || "";
  if (/^[0-9]{1,19}$/.test(arriving)) {
    keep("referrals.ref", arriving);
    const secure = location.protocol === "https:" ? ";secure" : "";
    document.cookie = `referrals_ref=${arriving};path=/;max-age=31536000;samesite=lax${secure}`;
  }
  const ref = () => kept("referrals.ref") || cookie("referrals_ref");
  const CART = "form[data-referrals-cart]";

  function fillCarts() {
    if (!ref()) return;
    for (const field of document.querySelectorAll(`${CART} input[name="ref"]`)) field.value = ref();
    tellShopify();
  }
  // Forms that appear later, or lack the field, carry it too.
  document.addEventListener("formdata", (event) => {
    if (event.target.matches(CART) && ref()) event.formData.set("ref", ref());
  });
  function tellShopify() {
    const told = `${ref()} ${cookie("cart")}`;
    if (!window.Shopify || kept("referrals.told") === told) return;
    fetch(`${window.Shopify.routes?.root || "/"}cart/update.js`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ attributes: { ref: ref() } }),
    }).then((answer) => answer.ok && keep("referrals.told", `${ref()} ${cookie("cart")}`), () => {});
  }
  window.referrals = { get ref() { return ref(); }, fillCarts };

  // --- A salesperson who visits the shop shares whatever page they look at ---
  const brought = location.hash.match(/^#seller=([\w.~-]+)$/);
  if (brought) {
    keep("referrals.seller", brought[1]);
    history.replaceState(history.state, "", location.pathname + location.search);
  }

  async function ask(path, body) {
    const answer = await fetch(`${home}/${path}`, {
      method: body ? "POST" : "GET",
      headers: { Authorization: `Bearer ${kept("referrals.seller")}`, ...(body && { "Content-Type": "application/json" }) },
      body: body && JSON.stringify(body),
      credentials: "omit",
      referrerPolicy: "no-referrer",
    });
    if (answer.status === 401) forget();
    const told = await answer.json().catch(() => ({}));
    if (!answer.ok) throw new Error(told.problem || words.failed);
    return told;
  }

  function forget() {
    keep("referrals.seller", "");
    document.getElementById("referrals-badge")?.remove();
  }

  function make(name, properties = {}, ...children) {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(properties)) {
      if (key in made) made[key] = value;
      else made.setAttribute(key, value);
    }
    made.append(...children);
    return made;
  }

  function picture({ size, path }) {
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    const dark = document.createElementNS("http://www.w3.org/2000/svg", "path");
    svg.setAttribute("viewBox", `-2 -2 ${size + 4} ${size + 4}`);
    svg.setAttribute("role", "img");
    svg.setAttribute("aria-label", words.qr);
    dark.setAttribute("d", path);
    svg.append(dark);
    return svg;
  }

  // One link for each page and kind, made when it is asked for.
  const made = new Map();
  function linkTo(kind) {
    const page = new URL(location.href);
    page.hash = "";
    page.searchParams.delete("ref");
    const key = `${kind} ${page}`;
    if (!made.has(key)) {
      made.set(key, ask("links", { target: page.href, kind, title: document.title.slice(0, 200) }));
      made.get(key).catch(() => made.delete(key));
    }
    return made.get(key);
  }

  function show(me) {
    const told = make("p", { className: "told", role: "status" });
    const field = make("input", { readOnly: true, ariaLabel: words.link });
    const code = make("div", { className: "code", hidden: true });
    const trying = (work) => async () => {
      told.textContent = "";
      try { await work(); } catch (error) { told.textContent = error.message; }
    };
    const shareIt = make("button", { type: "button", className: "main", textContent: words.share });
    const copyIt = make("button", { type: "button", textContent: words.copy });
    const showCode = make("button", { type: "button", textContent: words.qr });
    const leave = make("button", { type: "button", className: "quiet", textContent: words.forget });
    shareIt.hidden = !navigator.share;
    shareIt.addEventListener("click", () => navigator.share({ title: document.title, url: field.value }).catch(() => {}));
    copyIt.addEventListener("click", trying(async () => {
      field.select();
      if (navigator.clipboard) await navigator.clipboard.writeText(field.value);
      else document.execCommand("copy");
      told.textContent = words.copied;
    }));
    showCode.addEventListener("click", trying(async () => {
      code.replaceChildren(picture((await linkTo("qr")).qr));
      code.hidden = false;
    }));
    leave.addEventListener("click", forget);
    const panel = make("section", { hidden: true, ariaLabel: words.title },
      make("strong", { textContent: words.title }), make("p", { textContent: me.note }));
    if (me.active) panel.append(field, make("div", { className: "row" }, shareIt, copyIt, showCode), code);
    panel.append(told, leave);
    const open = make("button", { type: "button", className: "open", textContent: words.open, ariaExpanded: "false" });
    const toggle = trying(async () => {
      panel.hidden = !panel.hidden;
      open.ariaExpanded = String(!panel.hidden);
      code.hidden = true;
      if (panel.hidden || !me.active) return;
      field.value = "…";
      field.value = (await linkTo("link")).url;
      field.select();
    });
    open.addEventListener("click", toggle);
    const host = make("div", { id: "referrals-badge" });
    const root = host.attachShadow({ mode: "open" });
    const look = new CSSStyleSheet();
    look.replaceSync(settings.look);
    root.adoptedStyleSheets = [look];
    root.append(panel, open);
    root.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && !panel.hidden) toggle().then(() => open.focus());
    });
    document.body.append(host);
  }

  function start() {
    fillCarts();
    if (kept("referrals.seller")) ask("me").then(show, () => {});
  }
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
  else start();
})({{ settings|tojson }});
