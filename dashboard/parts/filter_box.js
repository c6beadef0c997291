// A filter as it is typed, with names, operators and values that complete it.
// data: {text, names: [[name, kind, values]], placeholder, wrong}
const PIECES = /'(?:[^']|'')*'?|"(?:[^"]|"")*"?|[A-Za-z_][\w.]*(?:`[^`]*`?)?|!=|<>|<=|>=|[=<>(),]|\S/g;
const OPERATORS = {
  number: ["=", "!=", ">", ">=", "<", "<=", "IN (", "IS NULL"],
  list: ["=", "!=", "IN (", "LIKE", "IS NULL"],
  text: ["=", "!=", "LIKE", "ILIKE", "IN (", "IS NULL"],
  any: ["=", "!=", ">", "<", "LIKE", "ILIKE", "IN (", "IS NULL"],
};
const MOST = 12;

// What may stand after these pieces: a name, an operator of a field, a value of it, or AND and OR.
function expected(pieces) {
  let state = "name";
  let field = "";
  let within = "";
  for (const piece of pieces) {
    const word = piece.toUpperCase();
    if (state === "name") {
      if (word === "CONTAINS") within = "contains";
      else if (word !== "NOT" && word !== "(") { field = piece; state = within === "contains" ? "comma" : "operator"; }
    } else if (state === "comma") state = "value";
    else if (state === "operator") {
      if (word === "IN") within = "list";
      if (word === "IS") state = "null"; else if (word !== "NOT") state = "value";
    } else if (state === "null") { if (word !== "NOT") state = "joint"; }
    else if (state === "value") {
      if (word === ")") { state = "joint"; within = ""; }
      else if (word !== "(" && word !== "," && within !== "list") state = "joint";
    } else if (word === ")") within = "";
    else if (word === "AND" || word === "OR") { state = "name"; within = ""; }
  }
  return { state, field, within };
}

function quoted(text) { return `'${text.replaceAll("'", "''")}'`; }

// Pieces before the caret, the half-typed one apart, and what could stand in its place.
function completions(before, names) {
  const pieces = before.match(PIECES) || [];
  const last = pieces[pieces.length - 1] || "";
  const open = /^['"]/.test(last) && (last.length < 2 || last.at(-1) !== last[0]);
  const half = last && (open || (!/\s$/.test(before) && !/^[=<>!(),]+$/.test(last))) ? last : "";
  const { state, field, within } = expected(half ? pieces.slice(0, -1) : pieces);
  const known = names.find(([name]) => name === field);
  const kind = known ? known[1] : "any";
  let options = [];
  if (state === "name") options = [...names.map(([name, type]) => [name, type]), ["contains(", "inputs or outputs"], ["NOT", ""]];
  else if (state === "operator") options = OPERATORS[kind].map((sign) => [sign, ""]);
  else if (state === "value" && known) {
    const text = (value) => (kind === "number" ? value : quoted(value));
    options = known[2].map((value) => [text(value), ""]);
  } else if (state === "joint") options = within === "contains" ? [[")", ""]] : [["AND", ""], ["OR", ""]];
  const plain = half.replace(/^['"]/, "").toLowerCase();
  const matching = options.filter(([text]) => text.toLowerCase().includes(plain) && text !== half);
  const begins = ([text]) => (text.toLowerCase().replace(/^'/, "").startsWith(plain) ? 0 : 1);
  matching.sort((a, b) => begins(a) - begins(b));
  return { half, options: matching.slice(0, MOST) };
}

function build(root) {
  const input = el("input", "mono");
  input.type = "text";
  input.spellcheck = false;
  input.autocomplete = "off";
  input.setAttribute("aria-label", "Filter");
  input.setAttribute("role", "combobox");
  input.maxLength = 10000;
  const list = el("div", "list");
  list.setAttribute("role", "listbox");
  list.popover = "manual";
  const clear = el("button", "clear", "×");
  clear.setAttribute("aria-label", "Clear the filter");
  const state = { input, clear, names: [], shown: null, at: -1, options: [], half: "", send: () => {} };
  const close = () => { list.hidePopover(); input.setAttribute("aria-expanded", "false"); state.at = -1; };
  const paint = () => [...list.children].forEach((node, index) => {
    node.classList.toggle("at", index === state.at);
    node.setAttribute("aria-selected", String(index === state.at));
    if (index === state.at) node.scrollIntoView({ block: "nearest" });
  });
  const suggest = () => {
    clear.hidden = !input.value;
    const found = completions(input.value.slice(0, input.selectionStart), state.names);
    state.half = found.half;
    state.options = found.options;
    state.at = -1;
    if (!found.options.length) { close(); return; }
    list.replaceChildren(...found.options.map(([text, hint], index) => {
      const node = el("div", "option", el("span", "mono", text), el("span", "soft", hint));
      node.setAttribute("role", "option");
      node.addEventListener("pointerdown", (event) => { event.preventDefault(); take(index); });
      return node;
    }));
    const box = input.getBoundingClientRect();
    list.style.left = `${box.left}px`;
    list.style.top = `${box.bottom + 4}px`;
    list.style.minWidth = `${Math.min(box.width, 260)}px`;
    list.showPopover();
    input.setAttribute("aria-expanded", "true");
  };
  const take = (index) => {
    const caret = input.selectionStart;
    const start = caret - state.half.length;
    const [text] = state.options[index];
    const gap = /[(]$/.test(text) ? "" : " ";
    const rest = input.value.slice(caret).replace(/^\s+/, "");
    input.value = input.value.slice(0, start) + text + gap + rest;
    input.setSelectionRange(start + text.length + gap.length, start + text.length + gap.length);
    suggest();
  };
  const apply = () => {
    close();
    if (input.value.trim() !== state.shown) state.send(input.value.trim());
  };
  input.addEventListener("input", suggest);
  input.addEventListener("focus", suggest);
  input.addEventListener("click", suggest);
  input.addEventListener("blur", close);
  input.addEventListener("keydown", (event) => {
    event.stopPropagation();
    const n = list.matches(":popover-open") ? state.options.length : 0;
    if (event.key === "ArrowDown" && n) state.at = (state.at + 1) % n;
    else if (event.key === "ArrowUp" && n) state.at = (state.at + n - (state.at < 0 ? 0 : 1)) % n;
    else if ((event.key === "Enter" || event.key === "Tab") && n && state.at >= 0) take(state.at);
    else if (event.key === "Tab" && n && state.half) take(0);
    else if (event.key === "Enter") apply();
    else if (event.key === "Escape" && n) close();
    else return;
    event.preventDefault();
    paint();
  });
  clear.addEventListener("click", () => { input.value = ""; apply(); input.focus(); });
  root.replaceChildren(el("div", "box", input, clear), list);
  return state;
}

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".root");
  const state = root.filterBox || (root.filterBox = build(root));
  state.names = data.names;
  state.send = (text) => setTriggerValue("apply", text);
  state.input.placeholder = data.placeholder;
  if (state.shown !== data.text) state.input.value = data.text;
  state.shown = data.text;
  state.clear.hidden = !state.input.value;
  state.input.setAttribute("aria-invalid", String(data.wrong));
}
