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
  if (!dialog || !dialog.contains(event.detail.target)) return;
  if (!dialog.open) dialog.showModal();
  markOpenRow();
  const heading = dialog.querySelector("h1");
  if (heading && event.detail.requestConfig.verb === "get") {
    heading.tabIndex = -1;
    heading.focus({ preventScroll: true });
  }
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
  markOpenRow();
  if (location.pathname.startsWith("/leads/")) history.back();
}, true);

// Answers that could not be shown in place are told in a toast.
function toast() {
  const told = document.getElementById("failed-toast")?.content.cloneNode(true);
  const place = document.getElementById("toasts");
  if (!told || !place) return;
  place.replaceChildren(told);
  setTimeout(() => place.replaceChildren(), 6000);
}
document.addEventListener("htmx:responseError", toast);
document.addEventListener("htmx:sendError", toast);

// A row is as clickable as the link in it.
document.addEventListener("click", (event) => {
  const row = event.target.closest("tr[data-lead]");
  if (row && !event.target.closest("a, button, input, label") && !String(getSelection())) {
    row.querySelector("a")?.click();
  }
});
