// Charts are drawn from the tables beside them, so that both say the same. Colours come from the style sheet.

const probe = document.createElement("i");
probe.hidden = true;
document.body.append(probe);

function colour(name) {
  probe.style.color = `var(--${name})`;
  return getComputedStyle(probe).color;
}

function hours(value) {
  const minutes = Math.round(value * 60);
  return `${Math.floor(minutes / 60).toLocaleString("en")}:${String(minutes % 60).padStart(2, "0")} h`;
}

function rows(chart) {
  return [...document.getElementById(chart.dataset.table).tBodies[0].rows];
}

function common(chart, labels) {
  const text = { color: colour("muted"), fontFamily: getComputedStyle(document.body).fontFamily, fontSize: 12 };
  return {
    animation: false,
    aria: { enabled: true },
    textStyle: text,
    grid: { left: 4, right: 8, top: chart.clientWidth < 560 ? 64 : 40, bottom: 4, containLabel: true },
    legend: { top: 0, left: 0, itemWidth: 12, itemHeight: 12, itemGap: 16, textStyle: text, icon: "roundRect" },
    tooltip: {
      trigger: "axis", renderMode: "richText", axisPointer: { type: "shadow" }, backgroundColor: colour("card"),
      borderColor: colour("line"), textStyle: { color: colour("ink"), fontSize: 12 },
    },
    xAxis: {
      type: "category", data: labels, axisTick: { show: false }, axisLabel: { ...text, hideOverlap: true },
      axisLine: { lineStyle: { color: colour("line") } },
    },
  };
}

function yAxis(format) {
  const label = { color: colour("muted"), fontSize: 12, formatter: format };
  return { type: "value", axisLabel: label, splitLine: { lineStyle: { color: colour("line") } }, splitNumber: 4 };
}

function labels(chart) {
  return rows(chart).map((row) => row.dataset.label.replace(/^\d{4}-\d\d-0?/, ""));
}

function stripes() {
  return { symbol: "rect", color: colour("f-line"), dashArrayX: [1, 0], dashArrayY: [2, 5], rotation: -Math.PI / 4 };
}

function hoursOption(chart) {
  const heads = document.getElementById(chart.dataset.table).tHead.querySelectorAll("[data-part]");
  const series = [...heads].map((head) => ({
    name: head.textContent, type: "bar", stack: "hours", barMaxWidth: 56,
    itemStyle: {
      color: colour(`f-${head.dataset.part}`), borderColor: colour("card"), borderWidth: 0.5,
      decal: head.dataset.part === "leak" ? stripes() : { symbol: "none" },
    },
    data: rows(chart).map((row) => row.querySelector(`[data-part=${head.dataset.part}]`).dataset.seconds / 3600),
  })).filter((one) => one.data.some((value) => value));
  const option = { ...common(chart, labels(chart)), yAxis: yAxis((value) => `${value.toLocaleString("en")} h`), series };
  option.tooltip.valueFormatter = hours;
  return option;
}

function figures(chart, place) {
  return rows(chart).map((row) => {
    const parts = row.querySelectorAll("[data-money]")[place].dataset.money.split(";");
    const mine = parts.find((part) => part.startsWith(`${chart.dataset.currency} `));
    return mine ? Number(mine.split(" ")[1]) : 0;
  });
}

function moneyOption(chart) {
  const series = [["Billed", 0, "billed"], ["Recovered", 1, "recovered"], ["At risk", 2, "leak"]].map(
    ([name, place, tint]) => ({
      name, type: "bar", barMaxWidth: 28, barGap: "10%", data: figures(chart, place),
      itemStyle: { color: colour(`f-${tint}`), decal: tint === "leak" ? stripes() : { symbol: "none" } },
    }),
  );
  const short = (value) => (Math.abs(value) >= 1000 ? `${(value / 1000).toLocaleString("en")}k` : String(value));
  const option = { ...common(chart, labels(chart)), yAxis: yAxis(short), series };
  option.tooltip.valueFormatter = (value) =>
    `${value.toLocaleString("en", { maximumFractionDigits: 4 })} ${chart.dataset.currency}`;
  return option;
}

const drawn = [...document.querySelectorAll(".chart")].map((chart) => {
  const instance = echarts.init(chart);
  const draw = () => {
    const option = chart.dataset.chart === "hours" ? hoursOption(chart) : moneyOption(chart);
    instance.setOption(option, true);
  };
  draw();
  new ResizeObserver(() => instance.resize()).observe(chart);
  return draw;
});

matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => drawn.forEach((draw) => draw()));
