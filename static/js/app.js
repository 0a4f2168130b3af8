// What pages do beyond htmx: the drawer, the time zone, empty parameters, failures.
"use strict";

const drawer = () => document.getElementById("drawer");

// The browser tells its time zone, so that times read as people here say them.
const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
if (zone && !document.cookie.includes(`tz=${encodeURIComponent(zone)}`)) {
  document.cookie = `tz=${encodeURIComponent(zone)};path=/;max-age=31536000;samesite=lax`;
}

// URLs of lists carry what was chosen, and nothing else.
document.addEventListener("htmx:configRequest", (event) => {
  if (event.detail.verb !== "get") return;
  for (const [name, value] of [...event.detail.formData]) {
    if (value === "") event.detail.formData.delete(name);
  }
});

// A lead that was loaded into the drawer opens it; the focus goes to its heading.
document.addEventListener("htmx:afterSwap", (event) => {
  const dialog = drawer();
  const { path = "", verb } = event.detail.requestConfig ?? {}; // absent where history brings a page back
  if (!dialog?.querySelector("#lead") || !path.startsWith("/leads/")) return;
  if (!dialog.open) dialog.showModal();
  markOpenRow();
  if (verb !== "get" && dialog.contains(document.activeElement) && document.activeElement !== dialog) return;
  const sent = verb !== "get" && path.endsWith("/messages") && dialog.querySelector("#message-text");
  const place = dialog.querySelector("[aria-invalid=true]") || sent || dialog.querySelector("h1");
  if (place.matches("h1")) place.tabIndex = -1;
  place.focus({ preventScroll: verb === "get" });
  if (sent) dialog.querySelector(".message:last-of-type")?.scrollIntoView({ block: "nearest" });
});

function markOpenRow() {
  const open = drawer()?.open ? drawer().querySelector("[data-ref]")?.dataset.ref : null;
  for (const row of document.querySelectorAll("tr[data-lead]")) {
    row.toggleAttribute("data-open", row.dataset.lead === open);
  }
}

// Closing goes back to the address of the table, whose page then shows what changed.
document.addEventListener("click", (event) => {
  const dialog = drawer();
  if (!dialog || !dialog.open) return;
  if (event.target.closest("[data-close]") || event.target === dialog) {
    event.preventDefault();
    dialog.close();
  }
});
document.addEventListener("close", (event) => {
  if (event.target !== drawer()) return;
  closed = drawer().querySelector("[data-ref]")?.dataset.ref;
  document.body.append(document.getElementById("toasts"));
  markOpenRow();
  focusClosed();
  if (location.pathname.startsWith("/leads/")) history.back();
}, true);

// Whoever closes a lead goes on at its row, also when the table was fetched anew.
let closed = null;
const focusClosed = () => document.querySelector(`tr[data-lead="${closed}"] a`)?.focus({ preventScroll: true });
document.addEventListener("htmx:historyRestore", () => {
  if (closed) setTimeout(focusClosed);
});

// What was done, and what could not be shown in place, is told in a toast.
function toast(id, text) {
  const told = document.getElementById(id)?.content.cloneNode(true);
  const place = document.getElementById("toasts");
  if (!told || !place) return;
  if (text) told.querySelector("span").textContent = text;
  // An open drawer lies above everything that is not in it.
  (drawer()?.open ? drawer() : document.body).append(place);
  place.replaceChildren(told);
  fade();
}
const fade = () => setTimeout(() => document.getElementById("toasts")?.replaceChildren(), 6000);
document.addEventListener("toast", (event) => toast("good-toast", event.detail.value));
document.addEventListener("htmx:responseError", () => toast("failed-toast"));
document.addEventListener("htmx:sendError", () => toast("failed-toast"));
document.addEventListener("DOMContentLoaded", fade);

// A row is as clickable as the link in it.
document.addEventListener("click", (event) => {
  const row = event.target.closest("tr[data-lead]");
  if (row && !event.target.closest("a, button, input, label") && !String(getSelection())) {
    row.querySelector("a")?.click();
  }
});

// Sharing, copying and printing: their buttons are shown where the browser can.
for (const button of document.querySelectorAll("button[data-share], button[data-copy], button[data-print]")) {
  button.hidden = "share" in button.dataset && !navigator.share;
}
document.addEventListener("click", (event) => {
  const { share, title, copy, told, print } = event.target.closest("[data-share], [data-copy], [data-print]")?.dataset ?? {};
  if (share && navigator.share) {
    event.preventDefault();
    navigator.share({ title, url: share }).catch(() => {}); // closed without a choice
  }
  if (copy) copyFrom(document.querySelector(copy)).then(() => toast("good-toast", told));
  if (print !== undefined) window.print();
});
async function copyFrom(source) {
  if (navigator.clipboard) return navigator.clipboard.writeText(source.value ?? source.innerText);
  if (source.select) source.select();
  else getSelection().selectAllChildren(source);
  document.execCommand("copy"); // pages without https have nothing else
}
