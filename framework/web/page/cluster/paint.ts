/** Draws the part of the map that is seen on a canvas. */
import { count } from '../../model/format.js';
import { type Cell, HIGH_SHARE, type MapLayout, shownKinds, usedShare } from '../../model/map-layout.js';
import type { AgentRow } from '../../model/rows.js';
import { type Colours, colours } from '../theme.js';

export interface Look {
  layout: MapLayout;
  /** Of the map, at the canvas' upper edge. */
  topPx: number;
  chosen: string | null;
  /** What a search has found; null: there is none. */
  found: ReadonlySet<string> | null;
  tasksAt: (agentId: string) => number;
  /** As it is now; the layout may be of earlier. */
  agentOf: (agentId: string) => AgentRow | undefined;
}

const letters = 'system-ui, "DejaVu Sans", sans-serif';

export function paint(canvas: HTMLCanvasElement, look: Look): void {
  const { width, height } = fitted(canvas);
  const pen = canvas.getContext('2d') as CanvasRenderingContext2D;
  const tones = colours();
  pen.setTransform(devicePixelRatio, 0, 0, devicePixelRatio, 0, 0);
  pen.clearRect(0, 0, width, height);
  pen.translate(0, -look.topPx);
  const isSeen = (y: number, tall: number) => y + tall >= look.topPx && y <= look.topPx + height;
  for (const rack of look.layout.racks) {
    if (!isSeen(rack.y, rack.height)) continue;
    pen.strokeStyle = tones.line;
    pen.strokeRect(rack.x + 0.5, rack.y + 0.5, rack.width - 1, rack.height - 1);
  }
  for (const label of look.layout.labels) {
    if (!isSeen(label.y, 30)) continue;
    pen.fillStyle = label.kind === 'rack' ? tones.muted : tones.ink;
    pen.font = `${label.kind === 'rack' ? '' : '600 '}${{ region: 16, zone: 13, rack: 11 }[label.kind]}px ${letters}`;
    pen.textBaseline = 'top';
    pen.fillText(label.text, label.x, label.y + 3, label.width);
  }
  for (const cell of look.layout.cells) if (isSeen(cell.y, cell.height)) paintCell(pen, cell, look, tones);
}

/** The canvas has as many pixels as the screen has for it. */
function fitted(canvas: HTMLCanvasElement): { width: number; height: number } {
  const { clientWidth: width, clientHeight: height } = canvas;
  const [across, down] = [Math.round(width * devicePixelRatio), Math.round(height * devicePixelRatio)];
  if (canvas.width !== across) canvas.width = across;
  if (canvas.height !== down) canvas.height = down;
  return { width, height };
}

function paintCell(pen: CanvasRenderingContext2D, cell: Cell, look: Look, colours: Colours): void {
  const { x, y, width, height } = cell;
  const agent = look.agentOf(cell.agent.id) ?? cell.agent;
  pen.globalAlpha = look.found === null || look.found.has(agent.id) ? 1 : 0.25;
  pen.fillStyle = colours.surface;
  pen.fillRect(x, y, width, height);
  const isChosen = look.chosen === agent.id;
  pen.strokeStyle = isChosen ? colours.accent : agent.draining ? colours.busy : colours.line;
  pen.lineWidth = isChosen ? 2.5 : 1;
  pen.setLineDash(agent.total === null || agent.draining ? [3, 2] : []);
  pen.strokeRect(x + 0.5, y + 0.5, width - 1, height - 1);
  pen.setLineDash([]);
  pen.lineWidth = 1;
  if (look.layout.isLarge) paintNames(pen, { ...cell, agent }, look.tasksAt(agent.id), colours);
  paintBars(pen, { ...cell, agent }, look.layout.isLarge, colours);
  pen.globalAlpha = 1;
}

function paintNames(
  pen: CanvasRenderingContext2D,
  { agent, x, y, width }: Cell,
  tasks: number,
  colours: Colours,
): void {
  pen.font = `12px ${letters}`;
  pen.textBaseline = 'top';
  pen.fillStyle = colours.ink;
  pen.fillText(agent.hostname, x + 6, y + 5, width - 62);
  pen.fillStyle = colours.muted;
  pen.textAlign = 'right';
  pen.fillText(agent.draining ? 'draining' : count(tasks, 'task'), x + width - 6, y + 5, 52);
  pen.textAlign = 'left';
}

/** What is used of cpus, memory and disk; a line in the middle where that is not known. */
function paintBars(pen: CanvasRenderingContext2D, cell: Cell, isLarge: boolean, colours: Colours): void {
  const left = cell.x + (isLarge ? 40 : 4);
  const room = cell.width - (isLarge ? 46 : 8);
  const [top, step, thick] = isLarge ? [25, 13, 8] : [4, 6, 4];
  shownKinds.forEach((kind, index) => {
    const y = cell.y + top + index * step;
    if (isLarge) {
      pen.fillStyle = colours.muted;
      pen.font = `10px ${letters}`;
      pen.fillText(kind, cell.x + 6, y - 1, 32);
    }
    const share = usedShare(cell.agent, kind);
    pen.fillStyle = colours.line;
    if (share === null) {
      pen.fillRect(left, y + thick / 2, room, 1);
      return;
    }
    pen.fillRect(left, y, room, thick);
    pen.fillStyle = share > HIGH_SHARE ? colours.busy : colours.used;
    pen.fillRect(left, y, room * share, thick);
  });
}
