// Traces over time, failures marked; drag to choose a span of time. data: {bars: [[from_ms, ok, failed]], step_ms, height}
export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".root");
  const bars = data.bars;
  const plot = el("div", "plot");
  plot.style.height = `${data.height || 64}px`;
  const top = Math.max(1, ...bars.map((bar) => bar[1] + bar[2]));
  const tip = el("div", "tip");
  tip.hidden = true;
  const ends = bars.length ? [bars[0][0], bars[bars.length - 1][0] + data.step_ms] : [0, 0];
  const oneDay = clock(ends[0])[0] === clock(ends[1])[0];
  const label = (ms, apart) => {
    const [day, time] = clock(ms);
    if (apart >= 86400000) return day;
    return `${oneDay ? "" : `${day.slice(5)} `}${apart < 120000 ? time : time.slice(0, 5)}`;
  };
  bars.forEach((bar, index) => {
    const column = el("div", "column");
    const good = el("div", "good");
    const bad = el("div", "bad");
    good.style.height = `${(bar[1] / top) * 100}%`;
    bad.style.height = `${(bar[2] / top) * 100}%`;
    if (bar[1]) good.style.minHeight = "2px";
    if (bar[2]) bad.style.minHeight = "3px";
    column.append(bad, good);
    column.addEventListener("pointerenter", () => {
      tip.replaceChildren(el("b", "", `${(bar[1] + bar[2]).toLocaleString("en")} ${bar[1] + bar[2] === 1 ? "trace" : "traces"}`),
        bar[2] ? el("span", "t-red tone", ` ${bar[2].toLocaleString("en")} failed`) : "", el("div", "soft", label(bar[0], data.step_ms)));
      tip.hidden = false;
      const share = (index + 0.5) / bars.length;
      tip.style.left = `${share * 100}%`;
      tip.style.transform = `translateX(${share > 0.8 ? -100 : share < 0.2 ? 0 : -50}%)`;
    });
    plot.append(column);
  });
  plot.addEventListener("pointerleave", () => { tip.hidden = true; });
  const brush = el("div", "brush");
  brush.hidden = true;
  plot.append(brush, tip);
  const at = (event) => {
    const box = plot.getBoundingClientRect();
    return Math.max(0, Math.min(1, (event.clientX - box.left) / box.width));
  };
  let from = null;
  plot.addEventListener("pointerdown", (event) => {
    if (!bars.length) return;
    from = at(event);
    plot.setPointerCapture(event.pointerId);
  });
  plot.addEventListener("pointermove", (event) => {
    if (from === null) return;
    const now = at(event);
    brush.hidden = false;
    brush.style.left = `${Math.min(from, now) * 100}%`;
    brush.style.width = `${Math.abs(now - from) * 100}%`;
  });
  plot.addEventListener("pointerup", (event) => {
    if (from === null) return;
    const ends = [from, at(event)].sort((a, b) => a - b);
    from = null;
    brush.hidden = true;
    const first = Math.floor(ends[0] * bars.length);
    const last = Math.min(bars.length, Math.max(first + 1, Math.ceil(ends[1] * bars.length)));
    setTriggerValue("range", [bars[first][0], bars[last - 1][0] + data.step_ms]);
  });
  const axis = el("div", "axis");
  if (bars.length) {
    const marks = 6;
    for (let index = 0; index <= marks; index += 1) {
      const bar = Math.min(bars.length - 1, Math.round((index / marks) * bars.length));
      const at = index === marks ? bars[bar][0] + data.step_ms : bars[bar][0];
      axis.append(el("span", "", label(at, (ends[1] - ends[0]) / marks)));
    }
  }
  root.replaceChildren(el("div", "chart", plot, axis));
}
