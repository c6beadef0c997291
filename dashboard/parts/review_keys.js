// Answers with one key each. data: {item, choices, chosen, why, refused}. Keys: 1 to 5 answer, J and K
// (or the arrows) go on and back, S puts the item aside. Events: answer {choice, why}, go "next" | "back" | "skip".
function typing(event) {
  const at = event.composedPath()[0];
  return event.metaKey || event.ctrlKey || event.altKey || at.isContentEditable
    || ["INPUT", "TEXTAREA", "SELECT"].includes(at.tagName);
}

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".root");
  const why = el("textarea", "why");
  why.placeholder = "Why (optional)";
  why.rows = 2;
  why.maxLength = 4000;
  why.value = data.why || "";
  why.setAttribute("aria-label", "Why");
  let sent = false;  // a key held down answers one item, not those that follow
  const answer = (place) => {
    if (sent) return;
    sent = true;
    buttons[place].classList.add("on");
    setTriggerValue("answer", { item: data.item, choice: place, why: why.value });
  };
  const go = (where) => {
    if (sent) return;
    sent = true;
    setTriggerValue("go", where);
  };
  const buttons = data.choices.map((label, place) => {
    const button = el("button", `choice${place === data.chosen ? " on" : ""}`, el("span", "key", String(place + 1)),
      el("span", "clip", label));
    button.title = label;
    button.addEventListener("click", () => answer(place));
    return button;
  });
  const step = (label, key, where) => {
    const button = el("button", "step", label, el("span", "key", key));
    button.addEventListener("click", () => go(where));
    return button;
  };
  const keys = { j: "next", ArrowDown: "next", k: "back", ArrowUp: "back", s: "skip" };
  const pressed = (event) => {
    if (typing(event) || event.repeat) return;
    const place = Number(event.key) - 1;
    if (place >= 0 && place < buttons.length) { event.preventDefault(); answer(place); }
    else if (Object.hasOwn(keys, event.key)) { event.preventDefault(); go(keys[event.key]); }
  };
  why.addEventListener("keydown", (event) => { if (event.key === "Escape") why.blur(); });
  document.addEventListener("keydown", pressed);
  root.dataset.item = data.item;  // what the keys answer now
  root.replaceChildren(el("div", "choices", ...buttons), why,
    el("div", "steps", step("Back", "K", "back"), step("Next", "J", "next"), step("Skip", "S", "skip")));
  return () => document.removeEventListener("keydown", pressed);
}
