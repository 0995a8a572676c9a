import { useEffect, useRef, useState } from "react";
import uPlot from "uplot";
import { MINUTES, type Bar } from "../stream/tally.ts";
import { useTheme } from "../theme/theme.ts";
import { useMedia } from "../ui/useMedia.ts";
import css from "./HalfHour.module.css";

const HEIGHT = 80;
const GAP = 2;
/** Where nothing was read there is no bar, nor is it empty. */
const UNREAD = "--line";
/** In the order of SEVERITIES. */
const COLOURS = ["--bar-debug", "--bar", "--notice", "--warning", "--error", "--critical"] as const;

/** A canvas knows no custom properties: let the browser work the colour out. */
function colour(name: string, near: HTMLElement): string {
  const probe = document.createElement("span");
  probe.style.color = `var(${name})`;
  near.append(probe);
  const value = getComputedStyle(probe).color;
  probe.remove();
  return value;
}

const totals = (bars: readonly Bar[]): uPlot.AlignedData => [bars.map((_, i) => i), bars.map((bar) => bar.total)];

/** Stacked in whole pixels, the gravest on top. uPlot's own bars would lie over one another and blend at their edges. */
function draw(chart: uPlot, bars: readonly Bar[], colours: readonly string[], unread: string): void {
  const { ctx, bbox } = chart;
  const most = chart.scales.y?.max ?? 1;
  const gap = Math.round(GAP * devicePixelRatio);
  bars.forEach((bar, i) => {
    const left = Math.round(bbox.left + (i * bbox.width) / MINUTES);
    const right = Math.round(bbox.left + ((i + 1) * bbox.width) / MINUTES) - gap;
    if (bar.counted !== "all") {
      ctx.fillStyle = unread;
      ctx.fillRect(left, bbox.top, right - left + (bar.counted === "none" ? gap : 0), bbox.height);
    }
    let below = 0;
    bar.severities.forEach((n, rank) => {
      if (n === 0) return;
      const bottom = Math.round((bbox.height * below) / most);
      below += n;
      // One error among thousands is still one pixel.
      const height = Math.max(1, Math.round((bbox.height * below) / most) - bottom);
      ctx.fillStyle = colours[rank] ?? "";
      ctx.fillRect(left, bbox.top + Math.max(0, bbox.height - bottom - height), right - left, height);
    });
  });
}

interface Props {
  readonly bars: readonly Bar[];
  /** Which minute is pointed at. */
  readonly onHover: (at: number | null) => void;
}

/** The picture only; HalfHour says the same in words and as a table. */
export function MinutesChart({ bars, onHover }: Props) {
  const host = useRef<HTMLDivElement>(null);
  const [chart, setChart] = useState<uPlot | null>(null);
  const [theme] = useTheme();
  const dark = useMedia("(prefers-color-scheme: dark)");
  const latest = useRef(bars);
  latest.current = bars;

  useEffect(() => {
    const element = host.current;
    if (!element) return undefined;
    const colours = COLOURS.map((name) => colour(name, element));
    const unread = colour(UNREAD, element);
    const made = new uPlot(
      {
        width: element.clientWidth,
        height: HEIGHT,
        padding: [0, 0, 0, 0],
        legend: { show: false },
        cursor: { y: false, points: { show: false }, drag: { x: false, y: false, setScale: false } },
        scales: { x: { time: false, range: [-0.5, MINUTES - 0.5] }, y: { range: (_, _min, max) => [0, Math.max(1, max)] } },
        axes: [{ show: false }, { show: false }],
        series: [{}, { paths: () => null, points: { show: false } }],
        hooks: { draw: [(self) => draw(self, latest.current, colours, unread)], setCursor: [(self) => onHover(self.cursor.idx ?? null)] },
      },
      totals(latest.current),
      element,
    );
    setChart(made);
    const observer = new ResizeObserver(() => made.setSize({ width: element.clientWidth, height: HEIGHT }));
    observer.observe(element);
    return () => {
      observer.disconnect();
      made.destroy();
      setChart(null);
    };
  }, [theme, dark, onHover]);

  useEffect(() => {
    chart?.setData(totals(bars));
  }, [chart, bars]);

  return <div ref={host} className={css.chart} aria-hidden="true" />;
}
