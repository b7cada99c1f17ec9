/** One plot over time, drawn by uPlot, with its newest numbers in words for who does not see it. */
import { useEffect, useRef } from 'preact/hooks';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { timeOfDay } from '../../model/format.js';
import { colours, whenColoursChange } from '../theme.js';

export interface Line {
  name: string;
  colour: 'accent' | 'busy' | 'good';
  values: (number | null)[];
}

interface PlotProps {
  title: string;
  /** Seconds since 1970. */
  at: number[];
  lines: Line[];
  words: (value: number | null) => string;
  logarithmic?: boolean;
}

const HEIGHT_PX = 220;

export function Plot({ title, at, lines, words, logarithmic = false }: PlotProps) {
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  useEffect(() => {
    const element = place.current as HTMLDivElement;
    const draw = () => {
      plot.current?.destroy();
      const options = optionsOf(element.clientWidth, lines, words, logarithmic);
      plot.current = new uPlot(options, dataOf(at, lines, logarithmic), element);
    };
    draw();
    const forget = whenColoursChange(draw);
    const observer = new ResizeObserver(() => plot.current?.setSize({ width: element.clientWidth, height: HEIGHT_PX }));
    observer.observe(element);
    return () => {
      forget();
      observer.disconnect();
      plot.current?.destroy();
    };
  }, [logarithmic, lines.length]);
  useEffect(() => plot.current?.setData(dataOf(at, lines, logarithmic)), [at]);
  return (
    <figure class="panel">
      <figcaption>
        <strong>{title}</strong>{' '}
        {lines.map(({ name, values, colour: tone }) => (
          <span key={name} class={`newest ${tone}`}>
            {name} {words(values.at(-1) ?? null)}
          </span>
        ))}
      </figcaption>
      <div ref={place} aria-hidden="true" />
    </figure>
  );
}

/** A logarithm knows no 0. */
function dataOf(at: number[], lines: Line[], logarithmic: boolean): uPlot.AlignedData {
  const shown = ({ values }: Line) => (logarithmic ? values.map((value) => (value === 0 ? null : value)) : values);
  return [at, ...lines.map(shown)];
}

function optionsOf(width: number, lines: Line[], words: PlotProps['words'], logarithmic: boolean): uPlot.Options {
  const tones = colours();
  const axis = { stroke: tones.muted, grid: { stroke: tones.line, width: 1 }, ticks: { show: false } };
  return {
    width,
    height: HEIGHT_PX,
    legend: { show: false },
    cursor: { drag: { x: false, y: false } },
    scales: { y: logarithmic ? { distr: 3 } : { range: (_plot, _min, max) => [0, Math.max(1, max * 1.1)] } },
    axes: [
      { ...axis, space: 90, values: (_plot, seconds) => seconds.map((second) => timeOfDay(second * 1000)) },
      { ...axis, size: 70, values: (_plot, ticks) => ticks.map((tick) => (tick === null ? '' : words(tick))) },
    ],
    series: [
      {},
      ...lines.map((line) => ({
        label: line.name,
        stroke: tones[line.colour],
        width: 1.5,
        points: { show: false },
        spanGaps: false,
      })),
    ],
  };
}
