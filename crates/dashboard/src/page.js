"use strict";
// Times in the reader's zone, with UTC on hover; filters without a button; and a page that renews itself without a jump.
const localise = (root) => {
  const format = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
  for (const time of root.querySelectorAll("time[datetime]")) {
    const moment = new Date(time.dateTime);
    if (!Number.isNaN(moment.getTime())) time.textContent = format.format(moment);
  }
  for (const zone of root.querySelectorAll(".utc")) zone.textContent = "";
};

const openTarget = () => {
  const target = location.hash.length > 1 && document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (target && target.tagName === "DETAILS") target.open = true;
};

const parts = (root) => [...root.querySelectorAll("main > section, nav, #staleness")];
const key = (part) => part.id || part.tagName;
const shown = new Map(parts(document).map((part) => [key(part), part.outerHTML]));

// Replaces what changed. What is open stays open, and who stands on a link or a field stays there.
const renew = (next) => {
  const opened = new Set([...document.querySelectorAll("details[open][id]")].map((it) => it.id));
  const focused = document.activeElement;
  for (const part of parts(next)) {
    const html = part.outerHTML;
    const old = parts(document).find((it) => key(it) === key(part));
    if (!old || shown.get(key(part)) === html) continue;
    shown.set(key(part), html);
    const place = focused && old.contains(focused) ? [...old.querySelectorAll("a, summary, [tabindex]")].indexOf(focused) : -1;
    const left = [...old.querySelectorAll(".scroll")].map((it) => it.scrollLeft);
    const fresh = document.importNode(part, true);
    for (const details of fresh.querySelectorAll("details[id]")) details.open = opened.has(details.id);
    localise(fresh);
    old.replaceWith(fresh);
    fresh.querySelectorAll(".scroll").forEach((it, n) => { it.scrollLeft = left[n] || 0; });
    if (place >= 0) fresh.querySelectorAll("a, summary, [tabindex]")[place]?.focus({ preventScroll: true });
  }
};

const say = (text) => {
  const status = document.getElementById("renewal");
  if (status && status.textContent !== text) status.textContent = text;
};

const seconds = Number(document.body.dataset.renew);
if (seconds > 0) {
  const look = async () => {
    if (document.hidden) return;
    try {
      const answer = await fetch(location.pathname + location.search, { headers: { accept: "text/html" } });
      if (!answer.ok) throw new Error(answer.status);
      renew(new DOMParser().parseFromString(await answer.text(), "text/html"));
      say("");
    } catch {
      say("The page could not be renewed; what you see is older.");
    }
  };
  setInterval(look, seconds * 1000);
}

const form = document.getElementById("filter");
if (form) {
  form.classList.add("scripted");
  form.addEventListener("change", () => form.requestSubmit());
}
localise(document);
openTarget();
addEventListener("hashchange", openTarget);
