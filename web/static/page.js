// Pages work without this. It copies permalinks, moves between edits with j and k,
// and says when something new is there.
const edits = document.getElementsByClassName("edit");
let at = -1;
const typing = (e) => /^(input|select|textarea|button)$/i.test(e.target.tagName) || e.ctrlKey || e.metaKey || e.altKey;
document.addEventListener("keydown", (e) => {
  if (typing(e)) return;
  const step = { j: 1, k: -1 }[e.key];
  if (e.key === "/") {
    const find = document.getElementById("f-q");
    if (find) { e.preventDefault(); find.focus(); }
  }
  if (!step || !edits.length) return;
  at = Math.min(Math.max(at + step, 0), edits.length - 1);
  edits[at].tabIndex = -1;
  edits[at].focus({ preventScroll: true });
  edits[at].scrollIntoView({ block: "start" });
});
const say = document.createElement("p");
say.className = "toast";
say.setAttribute("role", "status");
document.body.append(say);
let hush;
const tell = (text) => {
  say.textContent = text;
  clearTimeout(hush);
  hush = setTimeout(() => { say.textContent = ""; }, 4000);
};
document.addEventListener("click", (e) => {
  const link = e.target.closest("a.anchor");
  if (!link || !navigator.clipboard) return;
  navigator.clipboard.writeText(link.href).then(() => tell("Link copied"), () => {});
});
const live = document.querySelector("[data-events]");
if (live && "EventSource" in window) {
  const source = new EventSource(live.dataset.events);
  source.addEventListener("change", () => {
    const again = document.createElement("a");
    again.href = location.href;
    again.textContent = "Something changed. Show it";
    clearTimeout(hush);
    say.replaceChildren(again);
  });
  addEventListener("pagehide", () => source.close());
}
