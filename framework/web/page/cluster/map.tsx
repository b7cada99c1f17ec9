/** The map: a canvas as large as what is seen, in a box that scrolls as far as the map is high. */
import type { ComponentChildren } from 'preact';
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { areSamePlaces, regionsOf } from '../../model/domains.js';
import { cellUnder, layOut, type MapLayout, neighbour, type Step } from '../../model/map-layout.js';
import type { AgentRow } from '../../model/rows.js';
import { whenColoursChange } from '../theme.js';
import { type Look, paint } from './paint.js';

interface MapProps {
  agents: readonly AgentRow[];
  tasksAt: (agentId: string) => number;
  found: ReadonlySet<string> | null;
  chosen: string | null;
  onChoose: (agentId: string) => void;
}

const steps: Record<string, Step> = { ArrowLeft: 'left', ArrowRight: 'right', ArrowUp: 'up', ArrowDown: 'down' };

export function ClusterMap({ agents, tasksAt, found, chosen, onChoose }: MapProps) {
  const box = useRef<HTMLFieldSetElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const [width, setWidth] = useState(0);
  const layout = useLayout(agents, width);
  const byId = useMemo(() => new Map(agents.map((agent) => [agent.id, agent])), [agents]);
  useWidth(box, setWidth);
  usePainting(box, canvas, { layout, found, chosen, tasksAt, agentOf: (id) => byId.get(id) });
  const choose = (event: MouseEvent) => {
    const { left, top } = (event.currentTarget as HTMLElement).getBoundingClientRect();
    const y = event.clientY - top + (box.current?.scrollTop ?? 0);
    const cell = cellUnder(layout, event.clientX - left, y);
    if (cell !== null) onChoose(cell.agent.id);
  };
  const move = (event: KeyboardEvent) => {
    const step = steps[event.key];
    const from = layout.cells.find(({ agent }) => agent.id === chosen) ?? layout.cells[0];
    if (step === undefined || from === undefined) return;
    event.preventDefault();
    const next = chosen === null ? from : neighbour(layout, from, step);
    onChoose(next.agent.id);
    keepInView(box.current as HTMLElement, next.y, next.height);
  };
  return (
    <fieldset
      ref={box}
      class="map"
      // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, and arrow keys choose an agent in it
      tabIndex={0}
      aria-label="Map of the agents. Arrow keys choose one; the table below has the same in words."
      onKeyDown={move}
    >
      <Spacer layout={layout}>
        <canvas ref={canvas} onClick={choose} />
      </Spacer>
    </fieldset>
  );
}

function Spacer({ layout, children }: { layout: MapLayout; children: ComponentChildren }) {
  return <div style={{ height: `${layout.height}px` }}>{children}</div>;
}

const nothing: MapLayout = layOut([], 0);

/** Made anew only when agents come, go or are elsewhere, which is seldom: what is free there changes all the time. */
function useLayout(agents: readonly AgentRow[], width: number): MapLayout {
  const known = useRef<{ agents: readonly AgentRow[]; width: number; layout: MapLayout } | null>(null);
  const { current } = known;
  if (current !== null && current.width === width && areSamePlaces(current.agents, agents)) return current.layout;
  const layout = width === 0 ? nothing : layOut(regionsOf(agents), width);
  known.current = { agents, width, layout };
  return layout;
}

/** Of the content. It is known after the first frame, so that the table below comes first: a large map takes a while. */
function useWidth(box: { current: HTMLElement | null }, onWidth: (px: number) => void): void {
  useEffect(() => {
    let timer = 0;
    const observer = new ResizeObserver(([entry]) => {
      clearTimeout(timer);
      timer = window.setTimeout(() => onWidth(Math.floor(entry?.contentRect.width ?? 0)));
    });
    observer.observe(box.current as HTMLElement);
    return () => {
      clearTimeout(timer);
      observer.disconnect();
    };
  }, []);
}

/** Once a frame at most. */
function usePainting(
  box: { current: HTMLElement | null },
  canvas: { current: HTMLCanvasElement | null },
  look: Omit<Look, 'topPx'>,
): void {
  useEffect(() => {
    const element = box.current as HTMLElement;
    let frame = 0;
    const draw = () => {
      frame = 0;
      if (canvas.current === null) return;
      canvas.current.style.height = `${Math.min(element.clientHeight, look.layout.height)}px`;
      paint(canvas.current, { ...look, topPx: element.scrollTop });
    };
    const redraw = () => {
      if (frame === 0) frame = requestAnimationFrame(draw);
    };
    redraw();
    element.addEventListener('scroll', redraw, { passive: true });
    const forget = whenColoursChange(redraw);
    return () => {
      cancelAnimationFrame(frame);
      element.removeEventListener('scroll', redraw);
      forget();
    };
  });
}

function keepInView(box: HTMLElement, y: number, height: number): void {
  if (y < box.scrollTop) box.scrollTop = y;
  else if (y + height > box.scrollTop + box.clientHeight) box.scrollTop = y + height - box.clientHeight;
}
